/* audit_seen.c - idempotency keys against the hashes that find them. A key whose hash is wrong is
 * as if it had never been used: its request would be carried out again. */
#include "storage/audit_state.h"
#include "storage/seen.h"

#include <inttypes.h>
#include <stdio.h>

static const struct statement seen_rows = {
	.sql = "SELECT seq, key_hash, caller, key FROM seen WHERE seq > $1 ORDER BY seq LIMIT $2",
};

static void check_key(struct audit *audit, const struct store *store, const struct db_row *row)
{
	char where[40];

	if ((uint64_t)db_int(row, 1) ==
	    hash_keyed_pair(store->sip_key, db_text(row, 2), db_text(row, 3)))
		return;
	(void)snprintf(where, sizeof(where), "seen seq %" PRId64, db_int(row, 0));
	audit_finding(audit, "seen-hash", where, "key_hash is not that of its caller and key");
}

enum db_result audit_seen(struct audit *audit, const struct store *store)
{
	enum db_result result = audit_pages(audit, store, &seen_rows, check_key);

	return result == DB_OK ? audit_hash_index(audit, store, &seen_by_key_hash) : result;
}
