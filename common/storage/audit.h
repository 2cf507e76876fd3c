/* audit.h - what an audit is made of: findings, and the checks that hold for any service (storage
 * integrity, the journal's chain). Read-only, in pages, so that it can run beside the daemon. A
 * service adds its own checks in SERVICE_audit.c. */
#ifndef STORAGE_AUDIT_H
#define STORAGE_AUDIT_H

#include "base/currency.h"
#include "base/json.h"
#include "storage/db.h"
#include "storage/journal.h"
#include "storage/store.h"

#define AUDIT_PAGE_ROWS 1000
#define AUDIT_FINDINGS_MAX 100 /* further ones are counted, not kept */

#define FINDING_WHERE_SIZE 96
#define FINDING_DETAIL_SIZE 256

/* Texts are printable ASCII, whatever the damaged row held; longer ones are cut. */
struct finding {
	const char *check; /* static */
	char where[FINDING_WHERE_SIZE];
	char detail[FINDING_DETAIL_SIZE];
	int64_t amount_minor;            /* as the row says, so of any size */
	const struct currency *currency; /* NULL: the finding has no amount */
};

struct audit {
	struct finding *findings; /* owned; the first AUDIT_FINDINGS_MAX, NULL before the first */
	int64_t findings_count;
	struct finding *stuck; /* owned; likewise: what waits for a person and is no damage */
	int64_t stuck_count;
	int64_t events_checked;
	int64_t rows_checked;
	struct journal_head head; /* as read at the start; later events are not looked at */
};

void audit_init(struct audit *audit);
void audit_release(struct audit *audit);
/* check is a short static name ("journal-chain"), where names row and column ("journal seq 12"). */
void audit_finding(struct audit *audit, const char *check, const char *where, const char *format,
                   ...) printf_like(4, 5);
/* The same with the amount that it is about; currency NULL: it has none. */
void audit_finding_amount(struct audit *audit, const char *check, const char *where,
                          int64_t amount_minor, const struct currency *currency, const char *format,
                          ...) printf_like(6, 7);
/* What waits for a person: told beside the findings, and none of them. */
void audit_stuck(struct audit *audit, const char *where, int64_t amount_minor,
                 const struct currency *currency, const char *format, ...) printf_like(5, 6);
/* How many of that are kept. */
size_t audit_findings_kept(const struct audit *audit);
size_t audit_stuck_kept(const struct audit *audit);
/* A string of an event, borrowed from it; TEXT_NONE where the member is missing or no string. */
struct text audit_member(const cJSON *event, const char *name);

/* A function that is shown each event of the journal in order. */
typedef void audit_event_fn(void *arg, struct audit *audit, int64_t seq, struct text line,
                            const cJSON *event);

/* PRAGMA integrity_check and the like: "storage". */
must_use enum db_result audit_storage(struct audit *audit, struct db *db);
/* Each idempotency key has the hash that finds it, and its entry in the index: "seen-hash",
 * "hash-index". */
must_use enum db_result audit_seen(struct audit *audit, const struct store *store);
/* Every line parses, seq has no gap, seq inside the line is the row's, prev_hash is the hash of the
 * line before, the head is the last line, times never go back: "journal-chain". Calls each (may be
 * NULL) for each good event of the service, not for those that both services have
 * (journal_type_is_common). */
must_use enum db_result audit_journal(struct audit *audit, struct db *db, const char *source,
                                      audit_event_fn *each, void *arg);
/* The same for the newest `events` events alone. */
must_use enum db_result audit_journal_tail(struct audit *audit, struct db *db, const char *source,
                                           int64_t events);

#endif
