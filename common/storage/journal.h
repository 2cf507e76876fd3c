/* journal.h - the append-only journal: gapless seq, each event one stored line of JSON that holds
 * the hash of the line before it. Written only by the writer, inside the batch's transaction; read
 * by anyone with a reader connection. */
#ifndef STORAGE_JOURNAL_H
#define STORAGE_JOURNAL_H

#include "base/hash.h"
#include "base/id.h"
#include "storage/db.h"

#define JOURNAL_SOURCE_SIZE 64
#define JOURNAL_LINE_MAX 16384
#define JOURNAL_DATA_MAX 8192         /* leaves more than half a line for the rest of it */
#define JOURNAL_BATCH_EVENTS_MAX 4096 /* between two journal_load */

/* The events that are the same in every service, and of which no row of it tells: the journal goes
 * on from a backup, an operator accepted the peer's journal; an event of the peer cannot apply, or
 * did, and no other event bears witness of it. */
#define JOURNAL_RESTORED "journal.restored"
/* What an operator did to an endpoint of webhooks. */
#define JOURNAL_WEBHOOK_PREFIX "webhook."
#define JOURNAL_PEER_ACCEPTED "peer.accepted"
#define JOURNAL_PEER_REJECTED "peer_event.rejected"
#define JOURNAL_PEER_APPLIED "peer_event.applied"
/* The peer knows of it, and this service's store, which was put back, cannot have it again. */
#define JOURNAL_REFERENCE_LOST "reference.lost"

/* The last member of an event's data that names what of the peer it came of (struct cause). */
#define JOURNAL_CAUSE "cause"

struct journal_head {
	int64_t seq;      /* 0: empty */
	struct hash hash; /* of the last line; zeros while empty */
	int64_t time_us;  /* of the last event */
};

/* An event of the peer's journal, as a witness: what one of ours came of. */
struct cause {
	char source[JOURNAL_SOURCE_SIZE];
	int64_t seq;
	struct hash hash; /* of its line */
};

/* An event to be recorded. All borrowed. */
struct event {
	const char *type;    /* "payment.captured" */
	struct text subject; /* the order id */
	struct text data; /* a JSON object: ids, amounts, states after the change; no free text */
	struct text traceparent; /* of the request that caused it (CloudEvents distributed tracing),
	                            or TEXT_NONE */
	int64_t order_prev_seq;  /* the previous event of the same order, 0: none */
	const struct cause *cause; /* becomes the last member of data; NULL: none */
};

struct journal;

/* source is borrowed for the journal's life. NULL: no memory. */
struct journal *journal_new(const char *source);
void journal_free(struct journal *journal);

/* Reads the head inside the batch's transaction, before anything is added: sends one statement,
 * valid after db_flush. */
void journal_load(struct journal *journal, struct db *db);
/* An empty buffer that holds JOURNAL_DATA_MAX bytes without allocating: for the data of the next
 * event, until journal_add. */
struct buf *journal_data(struct journal *journal);
/* Numbers and hashes an event; now_us is never before the head's time (the engine sees to it).
 * Returns its seq. */
int64_t journal_add(struct journal *journal, const struct event *event, int64_t now_us,
                    const uint8_t random[ULID_RANDOM_BYTES]);
/* Sends the lines that were added and the new head. A head that moved meanwhile makes the statement
 * conflict. */
void journal_write(struct journal *journal, struct db *db);
/* Forgets what was added (rollback) */
void journal_forget(struct journal *journal);
/* The head as of journal_load and the events added since. */
const struct journal_head *journal_head(const struct journal *journal);

/* Reads the stored head with any connection. */
must_use enum db_result journal_read_head(struct db *db, struct journal_head *ret_head);
/* Whether the last stored line is the head's, by number and hash: after a failed write, and at the
 * start. */
must_use enum db_result journal_check_tail(struct db *db, bool *ret_is_intact);
/* What tells an event of the journal from any other. */
struct journal_line {
	int64_t seq; /* 0: the journal ends before it */
	struct hash hash;
};
/* Reads the event `seq`. */
must_use enum db_result journal_read_line(struct db *db, int64_t seq,
                                          struct journal_line *ret_line);
/* Calls row with columns (seq, line) for the events after `after`, at most `limit`. */
must_use enum db_result journal_read(struct db *db, int64_t after, int64_t limit, db_row_fn *row,
                                     void *arg);

/* Whether it is one of the types above. */
bool journal_type_is_common(struct text type);
/* Of a stored line: a member that is a string without escapes, borrowed; the first of that name, so
 * the event's own before those of its data. TEXT_NONE: there is none. */
struct text journal_line_member(struct text line, const char *name);
/* Prints the stored line with its hash as one more member. */
void journal_line_render(struct text line, struct buf *out);

#endif
