/* audit_state.h - states against events, for any service: a row is right when its last event tells
 * exactly what the row says, and an event is right when its row is there. */
#ifndef STORAGE_AUDIT_STATE_H
#define STORAGE_AUDIT_STATE_H

#include "storage/audit.h"

/* Compares a row with its last event. line is the stored event (TEXT_NONE: there is none), subject
 * and data are what the row says its event must hold. check and where name the finding. Counts the
 * row. */
void audit_row(struct audit *audit, const char *check, const char *where, struct text line,
               struct text subject, struct text data);

/* Walks a table in pages: sends rows ($1: the last key, $2: how many) to `row` with `arg` until a
 * page is empty; row sets *key, which begins at 0, to each row's. */
must_use enum db_result audit_pages(struct db *db, const struct statement *rows, db_row_fn *row,
                                    void *arg, const int64_t *key);

/* A finding that says `what` for each seq that the statement gives ($1: after which seq, $2: up to
 * which); pages go up to the journal's head. */
must_use enum db_result audit_seqs(struct audit *audit, struct db *db, const char *check,
                                   const char *what, const struct statement *seqs);

/* Each event's order_prev_seq, which no hash covers, names an event of the same order:
 * "journal-links". */
must_use enum db_result audit_links(struct audit *audit, struct db *db);

#endif
