/* store.c - opens a service's store. Knows the tables store and schema_migrations only.
 * Invariants: nothing is migrated before the directory's lock is held and the schema is known to be
 * this service's and not newer than this program; a migration and its row commit together. */
#include "storage/store.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "storage/journal.h"
#include "storage/place.h"

#define COMMON_PART "common"
#define PART_NAME_SIZE 64
#define PROBLEM_SIZE 512

/* The one table that no migration makes. The text is right for every engine. */
#define MIGRATIONS_TABLE \
	"CREATE TABLE IF NOT EXISTS schema_migrations (" \
	"part TEXT NOT NULL, number BIGINT NOT NULL, name TEXT NOT NULL, " \
	"applied_us BIGINT NOT NULL, PRIMARY KEY (part, number))"

static const struct statement migrations_applied = {
	.sql = "SELECT part, max(number) FROM schema_migrations GROUP BY part",
};
static const struct statement migration_add = {
	.sql = "INSERT INTO schema_migrations (part, number, name, applied_us) "
	       "VALUES ($1, $2, $3, $4)",
};
static const struct statement store_get = {
	.sql = "SELECT source, sip_key FROM store WHERE id = 1",
};
static const struct statement store_add = {
	.sql = "INSERT INTO store (id, source, sip_key, created_us) VALUES (1, $1, $2, $3)",
};

/* A numbered sequence of migrations: what this program has, and how far the database is. */
struct part {
	const char *name;
	const struct migration *migrations;
	size_t count;
	int64_t applied;
};

struct schema {
	struct part parts[2];
	char stranger[PART_NAME_SIZE]; /* another service's part; "": none */
};

static void schema_init(struct schema *schema, const char *service,
                        const struct migration *migrations, size_t count)
{
	*schema = (struct schema){
		.parts = {{COMMON_PART, storage_migrations, storage_migrations_count, 0},
	                  {service, migrations, count, 0}},
	};
	for (size_t i = 0; i < ARRAY_LEN(schema->parts); i++)
		for (size_t k = 0; k < schema->parts[i].count; k++)
			ensure(schema->parts[i].migrations[k].number == (int)k + 1);
}

printf_like(3, 4) static bool refuse(struct buf *why, const char *url, const char *problem, ...)
{
	char text[PROBLEM_SIZE];
	va_list values;

	va_start(values, problem);
	(void)vsnprintf(text, sizeof(text), problem, values);
	va_end(values);
	buf_addf(why, "database %s %s", db_file_path(url), text);
	return false;
}

static bool refuse_storage(struct buf *why, const char *url, const struct db *db)
{
	return refuse(why, url, "cannot be read or written: %s", db_why(db));
}

static void note_applied(void *arg, const struct db_row *row)
{
	struct schema *schema = arg;
	struct text name = db_text(row, 0);

	for (size_t i = 0; i < ARRAY_LEN(schema->parts); i++) {
		if (text_is(name, schema->parts[i].name)) {
			schema->parts[i].applied = db_int(row, 1);
			return;
		}
	}
	if (name.len >= PART_NAME_SIZE)
		name.len = PART_NAME_SIZE - 1;
	text_copy(name, schema->stranger, sizeof(schema->stranger));
}

static bool schema_load(struct db *db, const char *url, struct schema *schema, struct buf *why)
{
	DB_SEND0(db, &migrations_applied, note_applied, schema);
	if (db_flush(db) != DB_OK)
		return refuse(why, url, "holds no store yet (%s); start the service once",
		              db_why(db));
	if (schema->stranger[0] != '\0')
		return refuse(why, url, "belongs to %s; give each service a DATABASE_URL",
		              schema->stranger);
	for (size_t i = 0; i < ARRAY_LEN(schema->parts); i++) {
		const struct part *part = &schema->parts[i];

		if (part->applied > (int64_t)part->count)
			return refuse(why, url,
			              "has %s schema %" PRId64 ", newer than this program's %zu; "
			              "run the newer program",
			              part->name, part->applied, part->count);
	}
	return true;
}

static bool schema_is_current(const struct schema *schema, const char *url, struct buf *why)
{
	for (size_t i = 0; i < ARRAY_LEN(schema->parts); i++) {
		const struct part *part = &schema->parts[i];

		if (part->applied < (int64_t)part->count)
			return refuse(why, url,
			              "has %s schema %" PRId64 ", older than this program's %zu; "
			              "start the service once to migrate it",
			              part->name, part->applied, part->count);
	}
	return true;
}

static enum db_result migration_apply(struct db *db, const char *part,
                                      const struct migration *migration, int64_t now_us)
{
	enum db_result result = db_begin(db);

	if (result != DB_OK)
		return result;
	if (db_script(db, migration->sql) == DB_OK)
		DB_SEND(db, &migration_add, NULL, NULL, v_str(part), V_INT(migration->number),
		        v_str(migration->name), V_INT(now_us));
	return db_commit(db); /* rolls back what failed, and says so */
}

static bool migrate(struct db *db, const char *url, const struct schema *schema, int64_t now_us,
                    struct buf *why)
{
	for (size_t i = 0; i < ARRAY_LEN(schema->parts); i++) {
		const struct part *part = &schema->parts[i];

		for (size_t k = (size_t)part->applied; k < part->count; k++) {
			const struct migration *migration = &part->migrations[k];

			if (migration_apply(db, part->name, migration, now_us) != DB_OK)
				return refuse(why, url, "cannot be migrated to %s of %s: %s",
				              migration->name, part->name, db_why(db));
		}
	}
	return true;
}

static void note_identity(void *arg, const struct db_row *row)
{
	struct store *store = arg;
	struct text sip_key = db_text(row, 1);

	ensure(sip_key.len == sizeof(store->sip_key)); /* as the table's CHECK says */
	memcpy(store->sip_key, sip_key.ptr, sizeof(store->sip_key));
	text_copy(db_text(row, 0), store->source, sizeof(store->source));
}

/* Leaves source empty where the store has none yet. */
static enum db_result identity_load(struct store *store)
{
	DB_SEND0(store->db, &store_get, note_identity, store);
	return db_flush(store->db);
}

static enum db_result identity_make(struct store *store, const char *service, const uint8_t *random,
                                    int64_t now_us)
{
	char id[ID_SIZE];
	int len;
	enum db_result result = db_begin(store->db);

	if (result != DB_OK)
		return result;
	id_make("jrn_", now_us, random + SIP_KEY_BYTES, id);
	memcpy(store->sip_key, random, SIP_KEY_BYTES);
	len = snprintf(store->source, sizeof(store->source), "/%s/%s", service, id);
	ensure(len > 0 && (size_t)len < sizeof(store->source));
	DB_SEND(store->db, &store_add, NULL, NULL, v_str(store->source),
	        V_BLOB(store->sip_key, sizeof(store->sip_key)), V_INT(now_us));
	return db_commit(store->db);
}

static bool check_journal(struct db *db, const char *url, struct buf *why)
{
	bool is_intact;

	if (journal_check_tail(db, &is_intact) != DB_OK)
		return refuse_storage(why, url, db);
	if (!is_intact)
		return refuse(why, url,
		              "is damaged, its journal does not end at its head; run audit");
	return true;
}

static bool prepare_store(struct store *store, const char *url, struct schema *schema,
                          const uint8_t *random, int64_t now_us, struct buf *why)
{
	enum db_result result;

	if (db_script(store->db, MIGRATIONS_TABLE) != DB_OK)
		return refuse_storage(why, url, store->db);
	if (!schema_load(store->db, url, schema, why) ||
	    !migrate(store->db, url, schema, now_us, why))
		return false;
	store->common_schema_before = (size_t)schema->parts[0].applied;
	store->service_schema_before = (size_t)schema->parts[1].applied;
	result = identity_load(store);
	if (result == DB_OK && store->source[0] == '\0' && random == NULL)
		return refuse(why, url, "holds no store");
	if (result == DB_OK && store->source[0] == '\0')
		result = identity_make(store, schema->parts[1].name, random, now_us);
	if (result != DB_OK)
		return refuse_storage(why, url, store->db);
	if (fsync(store->lock_fd) != 0) /* the file's name is on disk with the directory only */
		return refuse(why, url, "cannot be synced: %s", strerror(errno));
	return check_journal(store->db, url, why);
}

bool store_open(const char *url, const char *service, const struct migration *migrations,
                size_t count, const uint8_t *random, int64_t now_us, struct store *ret_store,
                struct buf *why)
{
	struct store store = {.lock_fd = -1};
	struct schema schema;
	const char *path = db_file_path(url);

	schema_init(&schema, service, migrations, count);
	if ((path == NULL || place_open(path, &store.lock_fd, why)) &&
	    db_open(url, DB_WRITER, &store.db, why) == DB_OK &&
	    prepare_store(&store, url, &schema, random, now_us, why)) {
		*ret_store = store;
		return true;
	}
	store_close(&store);
	return false;
}

bool store_open_reader(const char *url, const char *service, const struct migration *migrations,
                       size_t count, struct store *ret_store, struct buf *why)
{
	struct store store = {.lock_fd = -1};
	struct schema schema;

	schema_init(&schema, service, migrations, count);
	if (db_open(url, DB_READER, &store.db, why) == DB_OK &&
	    schema_load(store.db, url, &schema, why) && schema_is_current(&schema, url, why)) {
		if (identity_load(&store) == DB_OK && store.source[0] != '\0') {
			*ret_store = store;
			return true;
		}
		(void)refuse(why, url, "holds no store yet; start the service once");
	}
	store_close(&store);
	return false;
}

void store_close(struct store *store)
{
	db_close(store->db);
	if (store->lock_fd >= 0)
		(void)close(store->lock_fd);
	*store = (struct store){.lock_fd = -1};
}
