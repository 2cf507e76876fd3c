/* seen.h - the seen table: caller + idempotency key -> fingerprint and the stored answer. Found by
 * a 64-bit keyed hash of both, then compared in full. Kept for a time to live, and as long as the
 * outcome that the answer is about is open; then deleted oldest first. */
#ifndef STORAGE_SEEN_H
#define STORAGE_SEEN_H

#include "base/hash.h"
#include "storage/hash_index.h"

/* For a service's statement that redacts the answers of many resources: add "= $1" or "IN (...)".
 */
#define SEEN_REDACT \
	"UPDATE seen SET body = '{\"redacted\":true,\"resource\":\"' || resource_id || '\"}' " \
	"WHERE (status < 300 OR status = 402) AND resource_id "

#define SEEN_CALLER_MAX 64
#define SEEN_KEY_MAX 255
#define SEEN_RESOURCE_MAX 64

struct seen_key {
	struct text caller; /* "" is the anonymous caller; borrowed */
	struct text key;    /* absent: the request has no key; borrowed */
	uint64_t key_hash;  /* of caller and key */
	struct hash fingerprint;
};

struct seen_answer {
	bool found;
	struct hash fingerprint;
	int status;
	bool is_open; /* the outcome is not known yet: the answer will be another */
	char resource_id[SEEN_RESOURCE_MAX + 1];
	int64_t created_us;
	struct buf body; /* owned; release */
};

/* Loaded before anything here is called. */
extern struct hash_index seen_by_key_hash;

/* Sends the look-up; ret is filled by db_flush. Rows created at or before `expired_us` count as
 * absent, unless their outcome is open. ret->body must be initialised. */
void seen_load(struct db *db, const struct seen_key *key, int64_t expired_us,
               struct seen_answer *ret);
/* Sends the row of a first use; awaits is the number of the outcome that is open, or 0. body is
 * borrowed until db_flush. */
void seen_write(struct db *db, const struct seen_key *key, struct text resource_id, int status,
                struct text body, int64_t now_us, int64_t awaits);
/* Send what becomes of the answers that await this number: another, which is kept for a time to
 * live from now on, or none, so that their keys are free. body is borrowed until db_flush. */
void seen_settle(struct db *db, int64_t awaits, int status, struct text body, int64_t now_us);
void seen_forget(struct db *db, int64_t awaits);
/* Sends another body, which says so, for all answers that show the resource. */
void seen_redact(struct db *db, struct text resource_id);
/* Sends the deletion of at most `limit` of the oldest rows created at or before expired_us whose
 * outcome is known. */
void seen_expire(struct db *db, int64_t expired_us, int64_t limit);

#endif
