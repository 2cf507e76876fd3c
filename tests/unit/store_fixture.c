/* store_fixture.c - a store on a real disk in a directory of its own. */
#include "unit/store_fixture.h"

#include <ftw.h>
#include <limits.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATHS_MAX 64 /* of one test */

const uint8_t fixture_random[FIXTURE_RANDOM_BYTES] = "0123456789abcdefABCDEFGHIJ";

static char parent[PATH_MAX / 2]; /* of the case; the test runner's */
static char directory[PATH_MAX];  /* of the test, below it */
static char *paths[PATHS_MAX];
static size_t paths_count;

static void make_parent(void)
{
	const char *place = getenv("TMPDIR");

	(void)snprintf(parent, sizeof(parent), "%s/farthing-XXXXXX",
	               place != NULL ? place : P_tmpdir);
	ck_assert_ptr_nonnull(mkdtemp(parent));
	ck_assert_int_eq(chmod(parent, 0711), 0);
}

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *place)
{
	(void)info;
	(void)type;
	(void)place;
	return remove(path);
}

static void remove_parent(void)
{
	(void)nftw(parent, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void make_directory(void)
{
	(void)snprintf(directory, sizeof(directory), "%s/XXXXXX", parent);
	ck_assert_ptr_nonnull(mkdtemp(directory));
}

static void free_paths(void)
{
	while (paths_count > 0)
		free(paths[--paths_count]);
}

void fixture_add(TCase *cases)
{
	tcase_add_unchecked_fixture(cases, make_parent, remove_parent);
	tcase_add_checked_fixture(cases, make_directory, free_paths);
}

static const char *keep(char *path)
{
	ck_assert_uint_lt(paths_count, PATHS_MAX);
	paths[paths_count++] = path;
	return path;
}

const char *fixture_path(const char *name)
{
	char *path;

	ck_assert_int_gt(asprintf(&path, "%s/%s", directory, name), 0);
	return keep(path);
}

const char *fixture_url(const char *name)
{
	char *url;

	ck_assert_int_gt(asprintf(&url, "sqlite:%s/%s", directory, name), 0);
	return keep(url);
}

struct store fixture_store(void)
{
	struct store store;
	struct buf AUTO_BUF why;

	buf_init(&why, 1024);
	bool is_open = store_open(fixture_url("store.db"), FIXTURE_SERVICE, NULL, 0, fixture_random,
	                          FIXTURE_NOW_US, &store, &why);
	ck_assert_msg(is_open, "%s", buf_str(&why));
	return store;
}

struct store fixture_store_reader(void)
{
	struct store store;
	struct buf AUTO_BUF why;

	buf_init(&why, 1024);
	bool is_open =
		store_open_reader(fixture_url("store.db"), FIXTURE_SERVICE, NULL, 0, &store, &why);
	ck_assert_msg(is_open, "%s", buf_str(&why));
	return store;
}

struct db *fixture_db(const char *name, enum db_mode mode)
{
	struct db *db = NULL;
	struct buf AUTO_BUF why;

	buf_init(&why, 1024);
	enum db_result result = db_open(fixture_url(name), mode, &db, &why);
	ck_assert_msg(result == DB_OK, "%s", buf_str(&why));
	return db;
}

static sqlite3 *raw_open(const char *name)
{
	sqlite3 *handle;

	ck_assert_int_eq(sqlite3_open(fixture_path(name), &handle), SQLITE_OK);
	(void)sqlite3_db_config(handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	(void)sqlite3_busy_timeout(handle, 1000);
	return handle;
}

void fixture_tamper(const char *name, const char *sql)
{
	sqlite3 *handle = raw_open(name);
	char *error = NULL;

	int code = sqlite3_exec(handle, sql, NULL, NULL, &error);
	ck_assert_msg(code == SQLITE_OK, "%s: %s", sql, error);
	ck_assert_int_eq(sqlite3_close(handle), SQLITE_OK);
}

int64_t fixture_number(const char *name, const char *sql)
{
	sqlite3 *handle = raw_open(name);
	sqlite3_stmt *statement;

	ck_assert_int_eq(sqlite3_prepare_v2(handle, sql, -1, &statement, NULL), SQLITE_OK);
	ck_assert_int_eq(sqlite3_step(statement), SQLITE_ROW);
	int64_t number = sqlite3_column_int64(statement, 0);
	ck_assert_int_eq(sqlite3_finalize(statement), SQLITE_OK);
	ck_assert_int_eq(sqlite3_close(handle), SQLITE_OK);
	return number;
}

/* The name of an operation of SQLite's program is in the second column. */
static void check_insert(sqlite3 *handle, const char *table)
{
	char sql[128];
	sqlite3_stmt *program;
	int code;

	(void)snprintf(sql, sizeof(sql), "EXPLAIN INSERT INTO %s DEFAULT VALUES", table);
	ck_assert_int_eq(sqlite3_prepare_v2(handle, sql, -1, &program, NULL), SQLITE_OK);
	while ((code = sqlite3_step(program)) == SQLITE_ROW)
		ck_assert_msg(
			strcmp((const char *)sqlite3_column_text(program, 1), "OpenEphemeral") != 0,
			"%s", table);
	ck_assert_int_eq(code, SQLITE_DONE);
	ck_assert_int_eq(sqlite3_finalize(program), SQLITE_OK);
}

void fixture_check_no_tables(const char *name)
{
	sqlite3 *handle = raw_open(name);
	sqlite3_stmt *tables;
	int count = 0;

	ck_assert_int_eq(sqlite3_prepare_v2(handle,
	                                    "SELECT name FROM sqlite_schema WHERE type = 'table'",
	                                    -1, &tables, NULL),
	                 SQLITE_OK);
	for (; sqlite3_step(tables) == SQLITE_ROW; count++)
		check_insert(handle, (const char *)sqlite3_column_text(tables, 0));
	ck_assert_int_gt(count, 0);
	ck_assert_int_eq(sqlite3_finalize(tables), SQLITE_OK);
	ck_assert_int_eq(sqlite3_close(handle), SQLITE_OK);
}

void fixture_events(struct store *store, struct journal *journal, int64_t count)
{
	char subject[32];

	ck_assert_int_eq(db_begin(store->db), DB_OK);
	journal_load(journal, store->db);
	ck_assert_int_eq(db_flush(store->db), DB_OK);
	for (int64_t i = 0; i < count; i++) {
		int64_t seq = journal_head(journal)->seq + 1;

		(void)snprintf(subject, sizeof(subject), "o-%lld", (long long)seq);
		const struct event event = {
			.type = "payment.captured",
			.subject = text_of(subject),
			.data = TEXT_LITERAL("{\"amount\":10.99}"),
		};
		int64_t added = journal_add(journal, &event, FIXTURE_NOW_US + seq * US_PER_S,
		                            fixture_random);
		ck_assert_int_eq(added, seq);
	}
	journal_write(journal, store->db);
	ck_assert_int_eq(db_commit(store->db), DB_OK);
}

const char *fixture_findings(const struct audit *audit)
{
	static struct buf text;

	buf_release(&text);
	buf_init(&text, AUDIT_REPORT_BYTES_MAX);
	audit_print(audit, &text);
	return buf_str(&text);
}
