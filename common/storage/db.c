/* db.c - the part of db.h that is the same for every engine: values, the choice of the engine, and
 * errors that stick. No SQL here.
 * Invariant: after a failure nothing runs until db_flush has told it, and inside a transaction
 * until that is over; so a transaction in which a statement failed never commits. */
#include "storage/db.h"

#include <string.h>

#include "base/money.h"
#include "storage/db_engine.h"

#define SQLITE_SCHEME "sqlite:"

static void end_transaction(struct db *db)
{
	db->in_transaction = false;
	db->stuck = DB_OK;
}

struct db_value v_text(struct text text)
{
	if (text.ptr == NULL)
		return V_NULL;
	return (struct db_value){.kind = DB_TEXT, .bytes = text.ptr, .len = text.len};
}

struct db_value v_str(const char *string)
{
	return v_text(text_of(string));
}

struct db_value v_money(int64_t minor)
{
	return minor == MONEY_NONE ? V_NULL : V_INT(minor);
}

int64_t db_int(const struct db_row *row, int column)
{
	return row->engine->column_int(row, column);
}

int64_t db_money(const struct db_row *row, int column)
{
	return db_is_null(row, column) ? MONEY_NONE : db_int(row, column);
}

struct text db_text(const struct db_row *row, int column)
{
	return row->engine->column_text(row, column);
}

bool db_is_null(const struct db_row *row, int column)
{
	return row->engine->column_is_null(row, column);
}

const char *db_file_path(const char *url)
{
	size_t scheme_len = strlen(SQLITE_SCHEME);

	return strncmp(url, SQLITE_SCHEME, scheme_len) == 0 ? url + scheme_len : NULL;
}

enum db_result db_open(const char *url, enum db_mode mode, struct db **ret_db, struct buf *why)
{
	const char *path = db_file_path(url);

	if (path == NULL || *path == '\0') {
		buf_add_str(why,
		            "DATABASE_URL must be sqlite:PATH, where PATH is the database file");
		return DB_FAILED;
	}
	return db_sqlite_open(path, mode, ret_db, why);
}

void db_close(struct db *db)
{
	if (db != NULL)
		db->engine->close(db);
}

void db_send(struct db *db, const struct statement *statement, const struct db_value *values,
             size_t count, db_row_fn *row, void *arg)
{
	if (db->stuck == DB_OK)
		db->stuck = db->engine->run(db, statement, values, count, row, arg);
}

enum db_result db_flush(struct db *db)
{
	enum db_result result = db->stuck;

	if (!db->in_transaction)
		db->stuck = DB_OK;
	return result;
}

enum db_result db_begin(struct db *db)
{
	enum db_result result;

	ensure(!db->in_transaction);
	ensure(db->stuck == DB_OK);
	result = db->engine->begin(db);
	db->in_transaction = result == DB_OK;
	return result;
}

enum db_result db_commit(struct db *db)
{
	enum db_result result = db_flush(db);

	ensure(db->in_transaction);
	if (result == DB_OK)
		result = db->engine->commit(db);
	if (result != DB_OK)
		db->engine->rollback(db);
	end_transaction(db);
	return result;
}

void db_rollback(struct db *db)
{
	db->engine->rollback(db);
	end_transaction(db);
}

enum db_result db_recover(struct db *db)
{
	end_transaction(db);
	return db->engine->recover(db);
}

void db_tend(struct db *db)
{
	ensure(!db->in_transaction);
	db->engine->tend(db);
}

enum db_result db_snapshot(struct db *db, const char *path)
{
	ensure(!db->in_transaction);
	return db->engine->snapshot(db, path);
}

void db_interrupt(struct db *db)
{
	db->engine->interrupt(db);
}

enum db_result db_script(struct db *db, const char *sql)
{
	if (db->stuck == DB_OK)
		db->stuck = db->engine->script(db, sql);
	return db_flush(db);
}

const char *db_why(const struct db *db)
{
	return db->why;
}
