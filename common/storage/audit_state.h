/* audit_state.h - states against events, for any service: a row is right when its last event tells
 * exactly what the row says, and an event is right when its row is there. */
#ifndef STORAGE_AUDIT_STATE_H
#define STORAGE_AUDIT_STATE_H

#include "storage/audit.h"
#include "storage/hash_index.h"

/* What a row says, for its last event to confirm. All borrowed. */
struct audit_row {
	struct text line;               /* that event as stored; TEXT_NONE: there is none */
	struct text subject, data;      /* what it must hold */
	int64_t created_us, updated_us; /* of its first event, of that event */
	struct text first_line;         /* of its first event where that is another, or TEXT_NONE */
	int64_t amount_minor;           /* for the finding */
	const struct currency *currency; /* NULL: no amount */
};

/* The part of a stored line before the two last braces of `..."data":{...}}`, and before the cause
 * that may stand there: of that no row tells. */
struct text audit_line_told(struct text line);
/* True when the row's last event confirms it; else there is a finding. check and where name it. */
bool audit_row(struct audit *audit, const char *check, const char *where,
               const struct audit_row *row);

/* A function that is shown each row of a table in the order of its key, column 0. */
typedef void audit_row_fn(struct audit *audit, const struct store *store, const struct db_row *row);

/* Walks a whole table in pages ($1: the last key, $2: how many) and counts its rows. Also rows that
 * came after the head was read are shown: check them by what the same statement gives. */
must_use enum db_result audit_pages(struct audit *audit, const struct store *store,
                                    const struct statement *rows, audit_row_fn *each);

/* Each row up to the index's place has its entry, and, where rows do not
 * expire, each entry its row: "hash-index". Does not
 * need the index to be loaded, so it runs beside the daemon as well. */
must_use enum db_result audit_hash_index(struct audit *audit, const struct store *store,
                                         const struct hash_index *index);

/* A finding that says `what` for each seq that the statement gives ($1: after which seq, $2: up to
 * which) but for those that every service has; pages go up to the journal's head. */
must_use enum db_result audit_seqs(struct audit *audit, struct db *db, const char *check,
                                   const char *what, const struct statement *seqs);

#endif
