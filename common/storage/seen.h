/* seen.h - the seen table: caller + idempotency key -> fingerprint and the stored answer. Found by
 * a 64-bit keyed hash of both, then compared in full. Kept for a time to live, then deleted oldest
 * first. */
#ifndef STORAGE_SEEN_H
#define STORAGE_SEEN_H

#include "base/hash.h"
#include "storage/db.h"

#define SEEN_CALLER_MAX 64
#define SEEN_KEY_MAX 255

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
	struct buf body; /* owned; release */
};

/* Sends the look-up; ret is filled by db_flush. Rows created at or before `expired_us` count as
 * absent. ret->body must be initialised. */
void seen_load(struct db *db, const struct seen_key *key, int64_t expired_us,
               struct seen_answer *ret);
/* Sends the row of a first use. body is borrowed until db_flush. */
void seen_write(struct db *db, const struct seen_key *key, struct text resource_id, int status,
                struct text body, int64_t now_us);
/* Sends the deletion of at most `limit` of the oldest rows created at or before expired_us. */
void seen_expire(struct db *db, int64_t expired_us, int64_t limit);

#endif
