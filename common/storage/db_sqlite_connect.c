/* db_sqlite_connect.c - opens a SQLite database safely, and says in a sentence why it does not
 * open. Runs no statement of a store.
 *
 * Invariants: every connection is defensive and checkpoints
 * nothing at its close; the writer's is WAL with FULL sync; a file made here is readable by its
 * owner only. */
#include "storage/db_sqlite.h"

#include "storage/db_sqlite_wal.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MODE 0600 /* SQLite gives the -wal and -shm files the mode of the database */

/* For db_recover while a reader has a snapshot open, and for the moment in which another process
 * (audit) reads the WAL's index anew. */
#define BUSY_TIMEOUT_MS 1000

/* Of SQLite's machine, between two looks at db_interrupt: well below a millisecond. */
#define PROGRESS_STEPS 10000

/* A new store's pages are of 8 KiB instead of 4; one that exists keeps its own. A batch's rows then
 * take fewer pages, each of which costs the same in SQLite, in the system's cache and at a
 * checkpoint. */
static const char wal_pragmas[] = "PRAGMA page_size = 8192;"
				  "PRAGMA journal_mode = WAL;";

/* The writer's cache is 32 MiB (in KiB), taken as it is needed, so an idle service stays small. The
 * random index of 1.3 million rows fits, at 24 bytes an entry (16, in pages two thirds full); the
 * rest of a large store is in the system's cache. A larger one is slower: each commit that has
 * split a page of an index walks all of it, and until it is full each new page is memory to ask
 * for. secure_delete, on in Debian, would rewrite pages that are free anyway; FAST only empties
 * what is deleted from pages that are written anyhow, so that what was redacted is gone. */
static const char writer_pragmas[] = "PRAGMA cache_size = -32768;"
				     "PRAGMA synchronous = FULL;"
				     "PRAGMA secure_delete = FAST;"
				     "PRAGMA temp_store = MEMORY;";

/* A reader looks up a few rows. The last line reads the file: what is no database is refused here.
 */
static const char reader_pragmas[] = "PRAGMA cache_size = -2048;"
				     "PRAGMA temp_store = MEMORY;"
				     "PRAGMA schema_version;";

static const struct {
	int option;
	int value;
} connection_options[] = {
	{SQLITE_DBCONFIG_DEFENSIVE, 1},   {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
	{SQLITE_DBCONFIG_ENABLE_FKEY, 1}, {SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1},
	{SQLITE_DBCONFIG_DQS_DML, 0},     {SQLITE_DBCONFIG_DQS_DDL, 0},
};

/* What is wrong with a database that does not open, after the words "database PATH". */
struct sentence {
	int code;
	const char *text;
};

#define DISK_FULL "cannot be written, the disk is full: free some space"
#define NO_PERMISSION "cannot be opened: give this user access to it and its directory"

static const struct sentence errno_sentences[] = {
	{ENOENT, "does not exist: start the service once, or correct DATABASE_URL"},
	{ENOTDIR, "has a file where its path needs a directory: correct DATABASE_URL"},
	{EISDIR, "is a directory: DATABASE_URL must name a file"},
	{EACCES, NO_PERMISSION},
	{EPERM, NO_PERMISSION},
	{EROFS, "is on a read-only file system: point DATABASE_URL elsewhere"},
	{ENOSPC, DISK_FULL},
	{EDQUOT, "cannot be written, the disk quota is used up: free some space"},
	{0, NULL},
};

static const struct sentence sqlite_sentences[] = {
	{SQLITE_NOTADB, "is not an SQLite database: DATABASE_URL must name one, or a new file"},
	{SQLITE_CORRUPT, "is damaged: restore a backup"},
	{SQLITE_FULL, DISK_FULL},
	{SQLITE_READONLY, NO_PERMISSION},
	{SQLITE_BUSY, "is locked by another program: stop that first"},
	{0, NULL},
};

static const char *sentence_find(const struct sentence *sentences, int code)
{
	for (; sentences->text != NULL; sentences++)
		if (sentences->code == code)
			return sentences->text;
	return NULL;
}

static enum db_result fail_sentence(struct sqlite_db *db, const char *sentence)
{
	(void)snprintf(db->base.why, sizeof(db->base.why), "%s", sentence);
	return DB_FAILED;
}

static enum db_result fail_errno(struct sqlite_db *db, int number)
{
	const char *sentence = sentence_find(errno_sentences, number);

	if (sentence != NULL)
		return fail_sentence(db, sentence);
	(void)snprintf(db->base.why, sizeof(db->base.why), "cannot be opened: %s",
	               strerror(number));
	return DB_FAILED;
}

static enum db_result fail_connect(struct sqlite_db *db, int code)
{
	const char *sentence = sentence_find(sqlite_sentences, code & 0xff);

	if (sentence == NULL)
		sentence = sentence_find(errno_sentences, sqlite3_system_errno(db->handle));
	if (sentence != NULL)
		return fail_sentence(db, sentence);
	(void)snprintf(db->base.why, sizeof(db->base.why), "cannot be opened: %s",
	               sqlite3_errmsg(db->handle));
	return DB_FAILED;
}

/* SQLite would make the file readable for all. A file that exists is not opened here: closing it
 * would drop the locks that this process holds on it through other connections (POSIX locks). */
static enum db_result make_file(struct sqlite_db *db)
{
	int fd = open(db->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, FILE_MODE);

	if (fd < 0)
		return errno == EEXIST ? DB_OK : fail_errno(db, errno);
	(void)close(fd);
	return DB_OK;
}

static enum db_result check_file(struct sqlite_db *db)
{
	struct stat info;

	if (stat(db->path, &info) != 0)
		return fail_errno(db, errno);
	if (S_ISDIR(info.st_mode))
		return fail_errno(db, EISDIR);
	if (!S_ISREG(info.st_mode))
		return fail_sentence(db, "is not a regular file: DATABASE_URL must name one");
	if (access(db->path, db->mode == DB_WRITER ? R_OK | W_OK : R_OK) != 0)
		return fail_errno(db, errno);
	return DB_OK;
}

static int note_wal(void *arg, int count, char **values, char **names)
{
	(void)names;
	*(bool *)arg = count == 1 && values[0] != NULL && strcmp(values[0], "wal") == 0;
	return 0;
}

static enum db_result configure_writer(struct sqlite_db *db)
{
	bool is_wal = false;
	int code = sqlite3_exec(db->handle, wal_pragmas, note_wal, &is_wal, NULL);

	if (code == SQLITE_OK)
		code = sqlite3_exec(db->handle, writer_pragmas, NULL, NULL, NULL);
	if (code != SQLITE_OK)
		return fail_connect(db, code);
	if (!is_wal)
		return fail_sentence(db,
		                     "cannot use a write-ahead log here: use a local file system");
	(void)sqlite3_wal_hook(db->handle, db_sqlite_note_wal, db);
	return DB_OK;
}

static enum db_result configure(struct sqlite_db *db)
{
	for (size_t i = 0; i < ARRAY_LEN(connection_options); i++) {
		int code = sqlite3_db_config(db->handle, connection_options[i].option,
		                             connection_options[i].value, NULL);
		ensure(code == SQLITE_OK); /* refuses only options it does not know */
	}
	(void)sqlite3_busy_timeout(db->handle, BUSY_TIMEOUT_MS); /* cannot fail */
	sqlite3_progress_handler(db->handle, PROGRESS_STEPS, db_sqlite_is_interrupted, db);
	if (db->mode == DB_WRITER)
		return configure_writer(db);

	int code = sqlite3_exec(db->handle, reader_pragmas, NULL, NULL, NULL);
	return code == SQLITE_OK ? DB_OK : fail_connect(db, code);
}

/* SQLite counts what it allocates, under one mutex for all connections; nobody asks. Where it was
 * in use before it refuses, and goes on counting. */
static void configure_library(void)
{
	(void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

enum db_result db_sqlite_connect(struct sqlite_db *db)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	ensure(pthread_once(&once, configure_library) == 0);
	int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
	enum db_result result = db->mode == DB_WRITER ? make_file(db) : DB_OK;

	if (result == DB_OK)
		result = check_file(db);
	if (result != DB_OK)
		return result;
	flags |= db->mode == DB_WRITER ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY;
	const char *vfs = db->mode == DB_WRITER ? db_sqlite_wal_vfs() : NULL;
	int code = sqlite3_open_v2(db->path, &db->handle, flags, vfs);
	return code == SQLITE_OK ? configure(db) : fail_connect(db, code);
}

void db_sqlite_disconnect(struct sqlite_db *db)
{
	for (size_t slot = 0; slot < SLOTS; slot++)
		(void)sqlite3_finalize(db->slots[slot].handle); /* repeats an old error */
	memset(db->slots, 0, sizeof(db->slots));
	db->prepared_count = 0;

	int code = sqlite3_close(db->handle);
	ensure(code == SQLITE_OK); /* refuses only while statements are left */
	db->handle = NULL;
}
