/* store.h - opens a service's store: checks the place, takes the directory's lock, migrates, reads
 * what was made with the store (journal id, secret of the keyed hash). */
#ifndef STORAGE_STORE_H
#define STORAGE_STORE_H

#include "base/hash.h"
#include "base/id.h"
#include "storage/db.h"
#include "storage/journal.h"

#define STORE_SOURCE_SIZE JOURNAL_SOURCE_SIZE
#define STORE_RANDOM_BYTES (SIP_KEY_BYTES + ULID_RANDOM_BYTES)

/* One numbered file of schema/, embedded: number 1, 2, 3, ... without gaps. */
struct migration {
	int number;
	const char *name;
	const char *sql;
};

/* Those of common/storage/schema. */
extern const struct migration storage_migrations[];
extern const size_t storage_migrations_count;

struct store {
	struct db *db;                  /* the writer */
	int lock_fd;                    /* flock on the directory while open; -1: none */
	uint8_t sip_key[SIP_KEY_BYTES]; /* secret, made with the store */
	char source[STORE_SOURCE_SIZE]; /* CloudEvents source, "/payment-service/JOURNAL_ID" */
	/* Of the migrations of common/storage/schema and of the service's, how many had run before
	 * store_open; it ran the rest. */
	size_t common_schema_before, service_schema_before;
};

/* Opens for serving: creates the directory (0700) and the file (0600) where missing, refuses a
 * network file system, a directory that others may write or that another process holds, and a
 * schema newer than the migrations, and runs the missing migrations (those of common/storage/schema
 * first, then the service's), each in one transaction. service is "payment-service" or
 * "order-service". random (STORE_RANDOM_BYTES) gives the secret and the journal id of a new store;
 * NULL: a file that holds no store is refused. On failure why is one clear sentence and nothing
 * stays open. */
must_use bool store_open(const char *url, const char *service, const struct migration *migrations,
                         size_t count, const uint8_t *random, int64_t now_us,
                         struct store *ret_store, struct buf *why);
/* Opens beside the daemon, read-only, without the lock; refuses another schema version than the
 * migrations'. */
must_use bool store_open_reader(const char *url, const char *service,
                                const struct migration *migrations, size_t count,
                                struct store *ret_store, struct buf *why);
void store_close(struct store *store);

#endif
