/* test_db_disk.c - what the database does when the disk under it fails. */
#include "storage/db.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unit/store_fixture.h"
#include "unit/unit.h"

#define FILE_NAME "test.db"
#define PAGE_BYTES 8192

static const struct statement insert_value = {.sql = "INSERT INTO t (id, v) VALUES ($1, $2)"};
static const struct statement insert_pages = {
	.sql = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $1) "
	       "INSERT INTO big (page) SELECT zeroblob(8000) FROM n",
};
static const struct statement count_values = {.sql = "SELECT count(*) FROM t"};

static struct db *db; /* the test's writer */

static void setup(void)
{
	db = fixture_db(FILE_NAME, DB_WRITER);
	ck_assert_int_eq(db_script(db, "CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT);"
	                               "CREATE TABLE big (page BLOB);"),
	                 DB_OK);
}

static void teardown(void)
{
	db_close(db);
}

static void note_int(void *arg, const struct db_row *row)
{
	*(int64_t *)arg = db_int(row, 0);
}

static int64_t values_seen_by(struct db *reader)
{
	int64_t count = -1;

	DB_SEND0(reader, &count_values, note_int, &count);
	ck_assert_int_eq(db_flush(reader), DB_OK);
	return count;
}

static enum db_result insert(int64_t id, const char *value)
{
	enum db_result result = db_begin(db);

	if (result != DB_OK)
		return result;
	DB_SEND(db, &insert_value, NULL, NULL, V_INT(id), v_str(value));
	return db_commit(db);
}

/* Each file ends at `bytes` from now on: writes beyond fail as they would on a broken disk. */
static void limit_file_bytes(rlim_t bytes)
{
	struct rlimit limit;

	ck_assert_ptr_ne(signal(SIGXFSZ, SIG_IGN), SIG_ERR);
	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = bytes;
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static int64_t file_bytes(const char *name)
{
	struct stat info;

	ck_assert_int_eq(stat(fixture_path(name), &info), 0);
	return info.st_size;
}

START_TEST(a_commit_that_fails_is_unknown_and_stops_all_writing_until_recovery)
{
	ck_assert_int_eq(insert(1, "before"), DB_OK);
	limit_file_bytes((rlim_t)file_bytes(FILE_NAME "-wal"));
	ck_assert_int_eq(insert(2, "during"), DB_UNKNOWN);
	limit_file_bytes(RLIM_INFINITY);

	ck_assert_int_eq(db_begin(db), DB_FAILED);
	ck_assert_ptr_nonnull(strstr(db_why(db), "I/O"));
	ck_assert_int_eq(values_seen_by(db), 1);

	ck_assert_int_eq(db_recover(db), DB_OK);
	ck_assert_int_eq(file_bytes(FILE_NAME "-wal"), 0);
	ck_assert_int_eq(insert(3, "after"), DB_OK);
	ck_assert_int_eq(values_seen_by(db), 2);
}
END_TEST

START_TEST(recovery_that_fails_can_be_repeated)
{
	ck_assert_int_eq(insert(1, "before"), DB_OK);
	limit_file_bytes((rlim_t)file_bytes(FILE_NAME "-wal"));
	ck_assert_int_eq(insert(2, "during"), DB_UNKNOWN);
	limit_file_bytes(PAGE_BYTES); /* the checkpoint cannot copy its pages */
	ck_assert_int_eq(db_recover(db), DB_FAILED);
	ck_assert_int_eq(db_begin(db), DB_FAILED);
	limit_file_bytes(RLIM_INFINITY);
	ck_assert_int_eq(db_recover(db), DB_OK);
	ck_assert_int_eq(insert(3, "after"), DB_OK);
	ck_assert_int_eq(values_seen_by(db), 2);
}
END_TEST

START_TEST(a_database_that_cannot_be_opened_again_fails_without_harm)
{
	const char *path = fixture_path(FILE_NAME), *away = fixture_path("away");

	ck_assert_int_eq(insert(1, "before"), DB_OK);
	ck_assert_int_eq(rename(path, away), 0);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	ck_assert_int_eq(db_recover(db), DB_FAILED);
	ck_assert_ptr_nonnull(strstr(db_why(db), "is a directory"));
	ck_assert_int_eq(db_begin(db), DB_FAILED);
	DB_SEND0(db, &count_values, NULL, NULL);
	ck_assert_int_eq(db_flush(db), DB_FAILED);
	ck_assert_int_eq(db_script(db, "SELECT 1"), DB_FAILED);
	ck_assert_ptr_nonnull(strstr(db_why(db), "opened again"));
	db_rollback(db);

	ck_assert_int_eq(rmdir(path), 0);
	ck_assert_int_eq(rename(away, path), 0);
	ck_assert_int_eq(db_recover(db), DB_OK);
	ck_assert_int_eq(values_seen_by(db), 1);
}
END_TEST

START_TEST(recovery_waits_for_readers_to_leave)
{
	struct db *reader = fixture_db(FILE_NAME, DB_READER);

	ck_assert_int_eq(insert(1, "a"), DB_OK);
	ck_assert_int_eq(db_begin(reader), DB_OK);
	ck_assert_int_eq(values_seen_by(reader), 1);
	ck_assert_int_eq(db_recover(db), DB_RETRY);
	ck_assert_int_eq(db_begin(db), DB_FAILED);
	ck_assert_int_eq(db_commit(reader), DB_OK);
	ck_assert_int_eq(db_recover(db), DB_OK);
	ck_assert_int_eq(insert(2, "b"), DB_OK);
	ck_assert_int_eq(values_seen_by(reader), 2);
	db_close(reader);
}
END_TEST

static enum db_result add_pages(int64_t count)
{
	ck_assert_int_eq(db_begin(db), DB_OK);
	DB_SEND(db, &insert_pages, NULL, NULL, V_INT(count));

	enum db_result result = db_commit(db);
	db_tend(db);
	return result;
}

START_TEST(a_checkpoint_that_fails_stops_the_next_transaction)
{
	/* Both batches are long enough for a checkpoint. In the second one the WAL begins anew and
	 * stays below the limit, but the database must grow past it. */
	ck_assert_int_eq(add_pages(3000), DB_OK);
	ck_assert_int_gt(file_bytes(FILE_NAME), INT64_C(3000) * PAGE_BYTES);
	limit_file_bytes((rlim_t)3500 * PAGE_BYTES);
	ck_assert_int_eq(add_pages(2250), DB_OK);
	ck_assert_int_eq(db_begin(db), DB_FAILED);
	ck_assert_ptr_nonnull(strstr(db_why(db), "I/O"));
	limit_file_bytes(RLIM_INFINITY);
	ck_assert_int_eq(db_recover(db), DB_OK);
	ck_assert_int_eq(fixture_number(FILE_NAME, "SELECT count(*) FROM big"), 5250);
	ck_assert_int_eq(insert(1, "after"), DB_OK);
}
END_TEST

static Suite *db_disk_suite(void)
{
	Suite *suite = suite_create("db_disk");
	TCase *cases = tcase_create("broken disks");

	fixture_add(cases);
	tcase_add_checked_fixture(cases, setup, teardown);
	suite_add_tcase(suite, cases);
	tcase_add_test(cases, a_commit_that_fails_is_unknown_and_stops_all_writing_until_recovery);
	tcase_add_test(cases, recovery_that_fails_can_be_repeated);
	tcase_add_test(cases, a_database_that_cannot_be_opened_again_fails_without_harm);
	tcase_add_test(cases, recovery_waits_for_readers_to_leave);
	tcase_add_test(cases, a_checkpoint_that_fails_stops_the_next_transaction);
	return suite;
}

TEST_MAIN(db_disk_suite)
