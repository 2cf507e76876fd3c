/* db_sqlite.c - SQLite behind db.h: one connection a struct db, persistent prepared statements, and
 * transactions. Knows no table.
 * Invariants:
 * 1. One writer connection does every commit and every checkpoint: SQLite before 3.51.3 can corrupt
 *    a WAL database when two connections do at the same moment. Readers are read-only, and no close
 *    checkpoints by itself.
 * 2. After a COMMIT or a checkpoint that failed nothing is begun until db_recover has checkpointed
 *    with success, every fsync included:
 *
 *      READY --commit or checkpoint fails--> must_recover --db_recover()--> READY */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "storage/db_sqlite.h"

/* A checkpoint every 2000 pages of 8 KiB: a longer WAL saves writes (a page that changed often is
 * copied once), a shorter one shortens the writer's pause. Of the 4 KiB of an older store it is as
 * many. */
#define CHECKPOINT_PAGES 2000

static const struct statement begin_writer = {"BEGIN IMMEDIATE", NULL};
static const struct statement begin_reader = {"BEGIN", NULL};
static const struct statement commit_it = {"COMMIT", NULL};
static const struct statement rollback_it = {"ROLLBACK", NULL};

static struct sqlite_db *sqlite_of(struct db *db)
{
	return (struct sqlite_db *)(void *)db;
}

static enum db_result result_of(int code)
{
	switch (code & 0xff) {
	case SQLITE_OK: return DB_OK;
	case SQLITE_CONSTRAINT: return DB_CONFLICT;
	case SQLITE_BUSY:
	case SQLITE_LOCKED: return DB_RETRY;
	default: return DB_FAILED;
	}
}

/* SQLite's messages name tables and columns, never values. */
static enum db_result fail(struct sqlite_db *db, int code)
{
	(void)snprintf(db->base.why, sizeof(db->base.why), "%s (SQLite error %d)",
	               sqlite3_errmsg(db->handle), sqlite3_extended_errcode(db->handle));
	return result_of(code);
}

static enum db_result fail_closed(struct sqlite_db *db)
{
	(void)snprintf(db->base.why, sizeof(db->base.why),
	               "the database could not be opened again");
	return DB_FAILED;
}

static enum db_result fail_interrupted(struct sqlite_db *db)
{
	(void)snprintf(db->base.why, sizeof(db->base.why), "interrupted");
	return DB_FAILED;
}

/* SQLite numbers $N by its first appearance in the text, not by N: ask it by name. */
static void resolve_parameters(struct prepared *prepared)
{
	char name[sizeof("$4294967295")];

	prepared->count = sqlite3_bind_parameter_count(prepared->handle);
	ensure(prepared->count <= PARAMETERS_MAX);
	for (int i = 0; i < prepared->count; i++) {
		(void)snprintf(name, sizeof(name), "$%d", i + 1);
		int index = sqlite3_bind_parameter_index(prepared->handle, name);
		ensure(index >= 1 && index <= prepared->count); /* $1..$n, each used */
		prepared->index[i] = (uint8_t)index;
	}
}

static struct prepared *slot_find(struct sqlite_db *db, const struct statement *statement)
{
	/* 2^64 divided by the golden ratio spreads neighbouring addresses. */
	uint64_t product = (uint64_t)(uintptr_t)statement * UINT64_C(0x9E3779B97F4A7C15);
	size_t slot = (size_t)(product >> (64 - SLOTS_BITS));

	while (db->slots[slot].statement != NULL && db->slots[slot].statement != statement)
		slot = (slot + 1) % SLOTS;
	return &db->slots[slot];
}

static int prepare(struct sqlite_db *db, const struct statement *statement,
                   struct prepared *prepared)
{
	int code = sqlite3_prepare_v3(db->handle, statement->sql, -1, SQLITE_PREPARE_PERSISTENT,
	                              &prepared->handle, NULL);

	if (code != SQLITE_OK)
		return code;
	ensure(db->prepared_count < STATEMENTS_MAX);
	db->prepared_count++;
	prepared->statement = statement;
	resolve_parameters(prepared);
	return SQLITE_OK;
}

/* The bytes stay the caller's: the statement has run before they may change. */
static int bind_value(sqlite3_stmt *handle, int index, const struct db_value *value)
{
	const void *bytes = value->bytes != NULL ? value->bytes : "";

	switch (value->kind) {
	case DB_INT: return sqlite3_bind_int64(handle, index, value->integer);
	case DB_TEXT:
		return sqlite3_bind_text64(handle, index, bytes, value->len, SQLITE_STATIC,
		                           SQLITE_UTF8);
	case DB_BLOB: return sqlite3_bind_blob64(handle, index, bytes, value->len, SQLITE_STATIC);
	case DB_NULL: break;
	}
	return sqlite3_bind_null(handle, index);
}

static int bind_all(const struct prepared *prepared, const struct db_value *values, size_t count)
{
	int code = SQLITE_OK;

	ensure((size_t)prepared->count == count);
	for (size_t i = 0; i < count && code == SQLITE_OK; i++)
		code = bind_value(prepared->handle, prepared->index[i], &values[i]);
	return code;
}

static int64_t column_int(const struct db_row *row, int column)
{
	return sqlite3_column_int64(row->handle, column);
}

static bool column_is_null(const struct db_row *row, int column)
{
	return sqlite3_column_type(row->handle, column) == SQLITE_NULL;
}

static struct text column_text(const struct db_row *row, int column)
{
	if (column_is_null(row, column))
		return TEXT_NONE;

	const char *bytes = sqlite3_column_blob(row->handle, column); /* NULL: none */
	return (struct text){bytes != NULL ? bytes : "",
	                     (size_t)sqlite3_column_bytes(row->handle, column)};
}

static const struct db_engine sqlite_engine;

static int step_all(sqlite3_stmt *handle, db_row_fn *row, void *arg)
{
	const struct db_row current = {&sqlite_engine, handle};
	int code = sqlite3_step(handle);

	while (code == SQLITE_ROW) {
		ensure(row != NULL);
		row(arg, &current);
		code = sqlite3_step(handle);
	}
	return code == SQLITE_DONE ? SQLITE_OK : code;
}

static enum db_result run(struct sqlite_db *db, const struct statement *statement,
                          const struct db_value *values, size_t count, db_row_fn *row, void *arg)
{
	struct prepared *prepared = slot_find(db, statement);
	enum db_result result;
	int code = SQLITE_OK;

	ensure(!db->running);
	if (db->handle == NULL)
		return fail_closed(db);
	if (atomic_load(&db->is_interrupted))
		return fail_interrupted(db);
	if (prepared->statement == NULL)
		code = prepare(db, statement, prepared);
	if (code != SQLITE_OK)
		return fail(db, code);
	ensure(db->base.in_transaction || statement == &begin_writer ||
	       sqlite3_stmt_readonly(prepared->handle));
	code = bind_all(prepared, values, count);
	db->running = true;
	if (code == SQLITE_OK)
		code = step_all(prepared->handle, row, arg);
	db->running = false;
	result = code == SQLITE_OK ? DB_OK : fail(db, code);
	(void)sqlite3_reset(prepared->handle); /* repeats the code of the last step */
	return result;
}

static enum db_result sqlite_run(struct db *base, const struct statement *statement,
                                 const struct db_value *values, size_t count, db_row_fn *row,
                                 void *arg)
{
	return run(sqlite_of(base), statement, values, count, row, arg);
}

static enum db_result sqlite_script(struct db *base, const char *sql)
{
	struct sqlite_db *db = sqlite_of(base);

	if (db->handle == NULL)
		return fail_closed(db);

	int code = sqlite3_exec(db->handle, sql, NULL, NULL, NULL);
	return code == SQLITE_OK ? DB_OK : fail(db, code);
}

static enum db_result sqlite_begin(struct db *base)
{
	struct sqlite_db *db = sqlite_of(base);

	if (db->must_recover)
		return DB_FAILED; /* why is still what made it so */
	ensure(sqlite3_get_autocommit(db->handle) != 0);
	return run(db, db->mode == DB_WRITER ? &begin_writer : &begin_reader, NULL, 0, NULL, NULL);
}

static enum db_result sqlite_commit(struct db *base)
{
	struct sqlite_db *db = sqlite_of(base);
	bool may_have_written = sqlite3_txn_state(db->handle, "main") == SQLITE_TXN_WRITE;
	enum db_result result = run(db, &commit_it, NULL, 0, NULL, NULL);

	/* A constraint (deferred foreign keys) is checked before anything reaches the disk. */
	if (result == DB_OK || result == DB_CONFLICT || !may_have_written)
		return result;
	db->must_recover = true;
	return DB_UNKNOWN;
}

static void sqlite_rollback(struct db *base)
{
	struct sqlite_db *db = sqlite_of(base);

	if (db->handle == NULL || sqlite3_get_autocommit(db->handle) != 0)
		return; /* SQLite has rolled back by itself */
	if (run(db, &rollback_it, NULL, 0, NULL, NULL) != DB_OK)
		db->must_recover = true;
}

/* Called by SQLite after each commit. Its own automatic checkpoint would hide a failure, and every
 * answer of the commit would wait for it. */
int db_sqlite_note_wal(void *arg, sqlite3 *handle, const char *name, int wal_pages)
{
	struct sqlite_db *db = arg;

	(void)handle;
	(void)name;
	db->is_checkpoint_due = wal_pages >= CHECKPOINT_PAGES;
	return SQLITE_OK;
}

static void sqlite_tend(struct db *base)
{
	struct sqlite_db *db = sqlite_of(base);

	if (!db->is_checkpoint_due || db->must_recover)
		return;
	db->is_checkpoint_due = false;

	int code = sqlite3_wal_checkpoint_v2(db->handle, "main", SQLITE_CHECKPOINT_PASSIVE, NULL,
	                                     NULL);
	if (code != SQLITE_OK && result_of(code) != DB_RETRY) {
		(void)fail(db, code);
		db->must_recover = true;
	}
}

static enum db_result sqlite_snapshot(struct db *base, const char *path)
{
	static const char vacuum_into[] = "VACUUM INTO ?1";
	struct sqlite_db *db = sqlite_of(base);
	sqlite3_stmt *handle;

	if (atomic_load(&db->is_interrupted))
		return fail_interrupted(db);

	int code = sqlite3_prepare_v2(db->handle, vacuum_into, -1, &handle, NULL);
	if (code == SQLITE_OK)
		code = sqlite3_bind_text(handle, 1, path, -1, SQLITE_STATIC);
	if (code == SQLITE_OK)
		code = step_all(handle, NULL, NULL);
	enum db_result result = code == SQLITE_OK ? DB_OK : fail(db, code);
	(void)sqlite3_finalize(handle); /* repeats the code of the last step */
	return result;
}

int db_sqlite_is_interrupted(void *arg)
{
	struct sqlite_db *db = arg;

	return atomic_load(&db->is_interrupted) ? 1 : 0;
}

/* The flag ends each statement, those that are to come as well; sqlite3_interrupt also an integrity
 * check, which is one long step of SQLite's machine. */
static void sqlite_interrupt(struct db *base)
{
	struct sqlite_db *db = sqlite_of(base);

	atomic_store(&db->is_interrupted, true);
	sqlite3_interrupt(db->handle);
}

static enum db_result checkpoint_all(struct sqlite_db *db)
{
	/* SQLITE_OK only if every page was copied, synced and the WAL cut to zero bytes. */
	int code = sqlite3_wal_checkpoint_v2(db->handle, "main", SQLITE_CHECKPOINT_TRUNCATE, NULL,
	                                     NULL);

	return code == SQLITE_OK ? DB_OK : fail(db, code);
}

static void sqlite_close(struct db *base)
{
	struct sqlite_db *db = sqlite_of(base);

	/* Only saves the next start some work: what a failed checkpoint leaves is in the WAL. */
	if (db->handle != NULL && db->mode == DB_WRITER && !db->must_recover)
		(void)checkpoint_all(db);
	db_sqlite_disconnect(db);
	free(db->path);
	free(db);
}

static enum db_result sqlite_recover(struct db *base)
{
	struct sqlite_db *db = sqlite_of(base);
	enum db_result result;

	ensure(db->mode == DB_WRITER);
	db->must_recover = true;
	db_sqlite_disconnect(db);
	result = db_sqlite_connect(db);
	if (result != DB_OK) {
		db_sqlite_disconnect(db);
		return result;
	}
	result = checkpoint_all(db);
	db->must_recover = result != DB_OK;
	return result;
}

static const struct db_engine sqlite_engine = {
	.run = sqlite_run,
	.begin = sqlite_begin,
	.commit = sqlite_commit,
	.rollback = sqlite_rollback,
	.recover = sqlite_recover,
	.tend = sqlite_tend,
	.snapshot = sqlite_snapshot,
	.interrupt = sqlite_interrupt,
	.script = sqlite_script,
	.close = sqlite_close,
	.column_int = column_int,
	.column_text = column_text,
	.column_is_null = column_is_null,
};

static struct sqlite_db *sqlite_new(const char *path, enum db_mode mode)
{
	struct sqlite_db *db = calloc(1, sizeof(*db));

	if (db == NULL)
		return NULL;
	db->base.engine = &sqlite_engine;
	db->mode = mode;
	if (asprintf(&db->path, "%s%s", path[0] == '/' ? "" : "./", path) < 0) {
		free(db);
		return NULL;
	}
	return db;
}

enum db_result db_sqlite_open(const char *path, enum db_mode mode, struct db **ret_db,
                              struct buf *why)
{
	struct sqlite_db *db;
	enum db_result result;

	db = sqlite_new(path, mode);
	if (db == NULL) {
		buf_add_str(why, "there is no memory left to open the database");
		return DB_FAILED;
	}
	result = db_sqlite_connect(db);
	if (result != DB_OK) {
		buf_addf(why, "database %s %s", path, db->base.why);
		db->must_recover = true; /* do not checkpoint what does not open */
		sqlite_close(&db->base);
		return result;
	}
	*ret_db = &db->base;
	return DB_OK;
}

const char *db_library_version(void)
{
	return sqlite3_libversion();
}
