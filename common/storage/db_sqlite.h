/* db_sqlite.h - a SQLite connection, between its two files: db_sqlite.c runs statements and
 * transactions, db_sqlite_connect.c opens and closes. For nobody else. */
#ifndef STORAGE_DB_SQLITE_H
#define STORAGE_DB_SQLITE_H

#include <sqlite3.h>

#include "storage/db_engine.h"

#define PARAMETERS_MAX 48
#define STATEMENTS_MAX 192 /* of one connection; all stores together have fewer */
#define SLOTS_BITS 8
#define SLOTS (1U << SLOTS_BITS)
static_assert(STATEMENTS_MAX < SLOTS, "a search of the slots always ends at a free one");

struct prepared {
	const struct statement *statement; /* NULL: a free slot */
	sqlite3_stmt *handle;
	int count;
	uint8_t index[PARAMETERS_MAX]; /* SQLite's index of $1, $2, ... */
};

struct sqlite_db {
	struct db base;
	sqlite3 *handle; /* NULL: closed by a db_recover that could not open again */
	enum db_mode mode;
	char *path; /* owned; never "file:..." or ":...": SQLite reads more than a path in those */
	bool must_recover;           /* db_sqlite.c, invariant 2 */
	bool is_checkpoint_due;      /* the WAL is long enough: db_tend */
	_Atomic bool is_interrupted; /* for ever */
	bool running;                /* a statement runs: its row function must not start another */
	size_t prepared_count;
	struct prepared slots[SLOTS]; /* hashed by the statement's address */
};

/* Opens and configures db->handle. On failure why is a sentence that lacks its subject ("is a
 * directory: ...") and the caller disconnects. */
must_use enum db_result db_sqlite_connect(struct sqlite_db *db);
/* Finalizes all statements and closes; rolls back what is open, checkpoints nothing. */
void db_sqlite_disconnect(struct sqlite_db *db);
/* Asked by SQLite while a statement runs: whether it is to end. */
int db_sqlite_is_interrupted(void *arg);
/* A hook that runs after each commit of the writer; arg is its struct sqlite_db. */
int db_sqlite_note_wal(void *arg, sqlite3 *handle, const char *name, int wal_pages);

#endif
