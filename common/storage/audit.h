/* audit.h - what an audit is made of: findings, and the checks that hold for any service (storage
 * integrity, the journal's chain). Read-only, in pages, so that it can run beside the daemon. A
 * service adds its own checks in SERVICE_audit.c. */
#ifndef STORAGE_AUDIT_H
#define STORAGE_AUDIT_H

#include "base/buf.h"
#include "base/json.h"
#include "storage/db.h"
#include "storage/journal.h"
#include "storage/store.h"

#define AUDIT_PAGE_ROWS 1000
#define AUDIT_FINDINGS_MAX 100 /* further ones are counted, not kept */

struct audit {
	struct buf findings; /* one line each: "CHECK: WHERE: what is wrong" */
	int64_t findings_count;
	int64_t events_checked;
	int64_t rows_checked;
	struct journal_head head; /* as read at the start; later events are not looked at */
};

void audit_init(struct audit *audit);
void audit_release(struct audit *audit);
/* check is a short name ("journal-chain"), where names row and column ("journal seq 12"). */
void audit_finding(struct audit *audit, const char *check, const char *where, const char *format,
                   ...) printf_like(4, 5);
/* A string of an event, borrowed from it; TEXT_NONE where the member is missing or no string. */
struct text audit_member(const cJSON *event, const char *name);

/* A function that is shown each event of the journal in order. */
typedef void audit_event_fn(void *arg, struct audit *audit, int64_t seq, struct text line,
                            const cJSON *event);

/* PRAGMA integrity_check and the like: "storage". */
must_use enum db_result audit_storage(struct audit *audit, struct db *db);
/* Each idempotency key has the hash that finds it: "seen-hash". */
must_use enum db_result audit_seen(struct audit *audit, const struct store *store);
/* Every line parses, seq has no gap, seq inside the line is the row's, prev_hash is the hash of the
 * line before, the head is the last line, times never go back: "journal-chain". Calls each (may be
 * NULL) for each good event. */
must_use enum db_result audit_journal(struct audit *audit, struct db *db, const char *source,
                                      audit_event_fn *each, void *arg);
/* The same for the newest `events` events alone. */
must_use enum db_result audit_journal_tail(struct audit *audit, struct db *db, const char *source,
                                           int64_t events);

#endif
