/* seen.c - the table of idempotency keys that were used. What a stored answer means is the engine's
 * business.
 * Invariant: rows are added in the order of time, so the oldest have the lowest seq, those apart
 * whose outcome became known later: they only delay the expiry of what is behind them. */
#include "storage/seen.h"

#include <string.h>

struct hash_index seen_by_key_hash =
	HASH_INDEX("seen_by_key_hash", "seen", "key_hash", "seq", .rows_expire = true);

#define SEEN_COLUMNS "s.fingerprint, s.status, s.body, s.awaits, s.resource_id, s.created_us"
#define SEEN_IS_IT "s.caller = $2 AND s.key = $3 AND (s.created_us > $4 OR s.awaits IS NOT NULL)"

/* The hash is only the way to the row: caller and key decide. The newest row counts, as an expired
 * one of the same key may still be there. */
static const struct statement find_by_hash = {
	.sql = "SELECT " SEEN_COLUMNS " FROM seen_by_key_hash i JOIN seen s ON s.seq = i.seq "
	       "WHERE i.key_hash = $1 AND " SEEN_IS_IT " ORDER BY i.seq DESC LIMIT 1",
};
static const struct statement find_by_seq = {
	.sql = "SELECT " SEEN_COLUMNS " FROM seen s WHERE s.seq = $1 AND " SEEN_IS_IT,
};
static const struct statement seen_add = {
	.sql = "INSERT INTO seen "
	       "(seq, key_hash, caller, key, fingerprint, resource_id, status, body, created_us, "
	       "awaits) "
	       "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
};
/* Kept from now on: who repeats the call when it ends at last finds that, and does not begin anew.
 */
static const struct statement seen_set = {
	.sql = "UPDATE seen SET status = $2, body = $3, created_us = $4, awaits = NULL "
	       "WHERE awaits = $1",
};
static const struct statement seen_free = {
	.sql = "DELETE FROM seen WHERE awaits = $1",
};
/* The second condition is that of the index. */
static const struct statement seen_empty = {
	.sql = SEEN_REDACT "= $1",
};
/* Looks at the first $2 rows only, so it needs no index by time. Those that are open are stepped
 * over: in front stand only the few that stayed open for a whole time to live. */
static const struct statement seen_delete = {
	.sql = "DELETE FROM seen WHERE seq IN ("
	       "SELECT seq FROM (SELECT seq, created_us FROM seen WHERE awaits IS NULL "
	       "ORDER BY seq LIMIT $2) AS oldest "
	       "WHERE created_us <= $1)",
};

static void note_answer(void *arg, const struct db_row *row)
{
	struct seen_answer *answer = arg;
	struct text fingerprint = db_text(row, 0);

	ensure(fingerprint.len == HASH_BYTES); /* as the table's CHECK says */
	memcpy(answer->fingerprint.bytes, fingerprint.ptr, HASH_BYTES);
	answer->status = (int)db_int(row, 1);
	buf_reset(&answer->body);
	buf_add_text(&answer->body, db_text(row, 2));
	answer->is_open = !db_is_null(row, 3);
	text_copy(db_text(row, 4), answer->resource_id, sizeof(answer->resource_id));
	answer->created_us = db_int(row, 5);
	answer->found = true;
}

/* The same 64 bits, as SQL knows only signed numbers. */
static struct db_value hash_value(uint64_t key_hash)
{
	return V_INT((int64_t)key_hash);
}

void seen_load(struct db *db, const struct seen_key *key, int64_t expired_us,
               struct seen_answer *ret)
{
	int64_t newest_seq = hash_index_find(&seen_by_key_hash, key->key_hash);

	ret->found = false;
	DB_SEND(db, &find_by_hash, note_answer, ret, hash_value(key->key_hash), v_text(key->caller),
	        v_text(key->key), V_INT(expired_us));
	if (newest_seq != 0) /* after the older ones, so that it is the one that counts */
		DB_SEND(db, &find_by_seq, note_answer, ret, V_INT(newest_seq), v_text(key->caller),
		        v_text(key->key), V_INT(expired_us));
}

void seen_write(struct db *db, const struct seen_key *key, struct text resource_id, int status,
                struct text body, int64_t now_us, int64_t awaits)
{
	int64_t seq = hash_index_next_key(&seen_by_key_hash);

	ensure(key->key.ptr != NULL && resource_id.len <= SEEN_RESOURCE_MAX);
	hash_index_add(&seen_by_key_hash, key->key_hash, seq);
	DB_SEND(db, &seen_add, NULL, NULL, V_INT(seq), hash_value(key->key_hash),
	        v_text(key->caller), v_text(key->key), V_BLOB(key->fingerprint.bytes, HASH_BYTES),
	        v_text(resource_id), V_INT(status), v_text(body), V_INT(now_us),
	        awaits == 0 ? V_NULL : V_INT(awaits));
}

void seen_settle(struct db *db, int64_t awaits, int status, struct text body, int64_t now_us)
{
	DB_SEND(db, &seen_set, NULL, NULL, V_INT(awaits), V_INT(status), v_text(body),
	        V_INT(now_us));
}

void seen_forget(struct db *db, int64_t awaits)
{
	DB_SEND(db, &seen_free, NULL, NULL, V_INT(awaits));
}

void seen_redact(struct db *db, struct text resource_id)
{
	DB_SEND(db, &seen_empty, NULL, NULL, v_text(resource_id));
}

void seen_expire(struct db *db, int64_t expired_us, int64_t limit)
{
	DB_SEND(db, &seen_delete, NULL, NULL, V_INT(expired_us), V_INT(limit));
}
