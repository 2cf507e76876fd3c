/* db.h - the database as the stores see it: statements sent in groups, rows handed to a function,
 * one transaction a batch. Behind it stand SQLite now and PostgreSQL later, so a caller may look at
 * the effect of db_send only after db_flush: SQLite runs a statement at once, PostgreSQL a whole
 * group in one round trip. One thread uses a struct db at a time. Errors stick: after the first one
 * db_send does nothing, and db_flush tells. Statements that write run only inside a transaction; a
 * row function sends nothing. */
#ifndef STORAGE_DB_H
#define STORAGE_DB_H

#include "base/buf.h"
#include "base/text.h"

struct db;
struct db_row; /* valid inside the row function only, with all texts read from it */

enum db_result {
	DB_OK,
	DB_CONFLICT, /* a constraint refused: a duplicate, a CHECK, a foreign key */
	DB_RETRY,    /* serialization failure, deadlock, busy, lost connection: the same batch again
	                may succeed */
	DB_UNKNOWN,  /* a COMMIT whose result is not known */
	DB_FAILED,   /* disk, corruption, no memory, no space: nothing was committed */
};

enum db_mode {
	DB_WRITER, /* the one connection that writes and checkpoints */
	DB_READER, /* read-only; never checkpoints */
};

/* One SQL statement; its address is its identity, so it must be static. Parameters are $1..$n, each
 * used. */
struct statement {
	const char *sql;
	const char *postgres; /* where the text differs, else NULL */
};

enum db_kind { DB_NULL, DB_INT, DB_TEXT, DB_BLOB };

struct db_value {
	enum db_kind kind;
	int64_t integer;
	const void *bytes; /* borrowed until db_flush */
	size_t len;
};

#define V_NULL ((struct db_value){.kind = DB_NULL})
#define V_INT(value) ((struct db_value){.kind = DB_INT, .integer = (value)})
#define V_BLOB(bytes_, len_) ((struct db_value){.kind = DB_BLOB, .bytes = (bytes_), .len = (len_)})
struct db_value v_text(struct text text); /* TEXT_NONE is NULL */
struct db_value v_str(const char *string);
struct db_value v_money(int64_t minor); /* MONEY_NONE is NULL */

typedef void db_row_fn(void *arg, const struct db_row *row);

/* Columns count from 0. NULL reads as 0, as TEXT_NONE, as MONEY_NONE. */
int64_t db_int(const struct db_row *row, int column);
int64_t db_money(const struct db_row *row, int column);
struct text db_text(const struct db_row *row, int column); /* also for blobs */
bool db_is_null(const struct db_row *row, int column);

/* PATH of "sqlite:PATH", inside url; NULL for any other url. */
const char *db_file_path(const char *url);
/* Opens what url names ("sqlite:PATH"). The file exists already for DB_READER. On failure why says
 * in one sentence what is wrong and what to do. The caller closes. */
must_use enum db_result db_open(const char *url, enum db_mode mode, struct db **ret_db,
                                struct buf *why);
void db_close(struct db *db); /* a writer checkpoints first; NULL is fine */

/* Queues a statement; row (NULL where no row can come) is called for each row, in the order of the
 * sends. */
void db_send(struct db *db, const struct statement *statement, const struct db_value *values,
             size_t count, db_row_fn *row, void *arg);
#define DB_SEND(db, statement, row, arg, ...) \
	db_send(db, statement, (const struct db_value[]){__VA_ARGS__}, \
	        sizeof((const struct db_value[]){__VA_ARGS__}) / sizeof(struct db_value), row, \
	        arg)
#define DB_SEND0(db, statement, row, arg) db_send(db, statement, NULL, 0, row, arg)
/* Everything sent has run when this returns. Clears the error that stuck; inside a transaction only
 * its end does. */
must_use enum db_result db_flush(struct db *db);

/* BEGIN IMMEDIATE: a writer takes the write lock at once; a reader gets one snapshot for all that
 * follows. */
must_use enum db_result db_begin(struct db *db);
/* Flushes, then commits. DB_OK: it is on disk. On any other result the transaction is over as well;
 * one in which a statement failed is rolled back. After DB_UNKNOWN db_begin fails until db_recover
 * has succeeded. */
must_use enum db_result db_commit(struct db *db);
/* Nothing to roll back is fine: some errors end the transaction by themselves. */
void db_rollback(struct db *db);
/* After a failed write: closes, opens again, checkpoints with a successful fsync. The caller then
 * audits the tail. On another result (DB_RETRY: a reader is in the way) nothing can be written yet,
 * and it may be called again. */
must_use enum db_result db_recover(struct db *db);

/* Housekeeping of a writer that no answer waits for (a checkpoint, where one is due): call it after
 * each commit, once the answers were told. What fails shows in the next db_begin, as DB_FAILED. */
void db_tend(struct db *db);

/* Writes the store as of now into a new file, or an empty one: consistent beside a running writer,
 * whose log grows meanwhile. Outside of a transaction. The caller syncs the file. */
must_use enum db_result db_snapshot(struct db *db, const char *path);
/* Ends what this connection runs, and whatever it is given from now on, with DB_FAILED. Any thread,
 * until db_close. */
void db_interrupt(struct db *db);

/* Runs a script of several statements (a migration); no parameters, no rows. */
must_use enum db_result db_script(struct db *db, const char *sql);
/* What the last failure was, for the log; never holds values. Borrowed until the next call. */
const char *db_why(const struct db *db);
/* Of SQLite, as it runs. */
const char *db_library_version(void);

#endif
