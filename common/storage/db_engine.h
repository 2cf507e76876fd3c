/* db_engine.h - what a database engine provides behind db.h: one table of functions. For db.c and
 * the engines only. db.c keeps the errors that stick; an engine runs what it is given and says what
 * came of it. */
#ifndef STORAGE_DB_ENGINE_H
#define STORAGE_DB_ENGINE_H

#include "storage/db.h"

#define DB_WHY_SIZE 256

/* Lives on the engine's stack while the row function runs. */
struct db_row {
	const struct db_engine *engine;
	void *handle; /* the engine's */
};

/* The functions do what their namesakes in db.h say. Each failure leaves a sentence in db->why. */
struct db_engine {
	enum db_result (*run)(struct db *db, const struct statement *statement,
	                      const struct db_value *values, size_t count, db_row_fn *row,
	                      void *arg);
	enum db_result (*begin)(struct db *db);
	enum db_result (*commit)(struct db *db);
	void (*rollback)(struct db *db);
	enum db_result (*recover)(struct db *db);
	void (*tend)(struct db *db);
	enum db_result (*snapshot)(struct db *db, const char *path);
	void (*interrupt)(struct db *db);
	enum db_result (*script)(struct db *db, const char *sql);
	void (*close)(struct db *db);
	int64_t (*column_int)(const struct db_row *row, int column);
	struct text (*column_text)(const struct db_row *row, int column);
	bool (*column_is_null)(const struct db_row *row, int column);
};

/* The first member of each engine's own struct. */
struct db {
	const struct db_engine *engine;
	enum db_result stuck; /* the first failure, until it is told or the transaction ends */
	bool in_transaction;
	char why[DB_WHY_SIZE];
};

must_use enum db_result db_sqlite_open(const char *path, enum db_mode mode, struct db **ret_db,
                                       struct buf *why);

#endif
