/* test_db_open.c - how a database is opened, and why it is not. */
#include "storage/db.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unit/store_fixture.h"
#include "unit/unit.h"

#define FILE_NAME "test.db"

static struct db *db; /* the test's writer */

static void setup(void)
{
	db = fixture_db(FILE_NAME, DB_WRITER);
}

static void teardown(void)
{
	db_close(db);
}

static const struct {
	struct statement pragma;
	const char *want;
} setting_rows[] = {
	{{.sql = "PRAGMA synchronous"}, "2"},    {{.sql = "PRAGMA foreign_keys"}, "1"},
	{{.sql = "PRAGMA trusted_schema"}, "0"}, {{.sql = "PRAGMA temp_store"}, "2"},
	{{.sql = "PRAGMA secure_delete"}, "2"},  {{.sql = "PRAGMA cache_size"}, "-32768"},
};

static void check_setting(void *arg, const struct db_row *row)
{
	int i = *(int *)arg;

	ck_assert_msg(text_is(db_text(row, 0), setting_rows[i].want), "%s",
	              setting_rows[i].pragma.sql);
}

START_TEST(the_writer_is_durable_and_strict)
{
	DB_SEND0(db, &setting_rows[_i].pragma, check_setting, &_i);
	ck_assert_int_eq(db_flush(db), DB_OK);
}
END_TEST

START_TEST(the_schema_cannot_be_edited_behind_the_parser)
{
	ck_assert_int_eq(db_script(db, "PRAGMA writable_schema = ON;"
	                               "UPDATE sqlite_schema SET sql = 'x'"),
	                 DB_FAILED);
}
END_TEST

START_TEST(only_the_owner_may_read_the_files)
{
	static const char *const names[] = {FILE_NAME, FILE_NAME "-wal", FILE_NAME "-shm"};
	struct stat info;

	ck_assert_int_eq(db_script(db, "CREATE TABLE t (id INTEGER)"), DB_OK);
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		ck_assert_int_eq(stat(fixture_path(names[i]), &info), 0);
		ck_assert_int_eq(info.st_mode & 07777, 0600);
	}
}
END_TEST

static const struct {
	const char *what;
	const char *url; /* NULL: name is used */
	const char *name;
	enum db_mode mode;
	const char *want;
} refused_rows[] = {
	{"another scheme", "postgresql://host/db", NULL, DB_WRITER, "must be sqlite:PATH"},
	{"no path", "sqlite:", NULL, DB_WRITER, "must be sqlite:PATH"},
	{"a directory", NULL, "dir", DB_WRITER, "is a directory"},
	{"a directory that is not there", NULL, "none/x.db", DB_WRITER, "does not exist"},
	{"a path through a file", NULL, "text/x.db", DB_WRITER, "path needs a directory"},
	{"another kind of file", NULL, "text", DB_WRITER, "is not an SQLite database"},
	{"the same, reading", NULL, "text", DB_READER, "is not an SQLite database"},
	{"nothing to read", NULL, "none.db", DB_READER, "does not exist"},
	{"a pipe", NULL, "pipe", DB_WRITER, "is not a regular file"},
};

START_TEST(what_cannot_be_opened_is_refused_with_the_reason)
{
	struct db *opened = NULL;
	struct buf AUTO_BUF why;
	FILE *text = fopen(fixture_path("text"), "w");

	buf_init(&why, 1024);
	ck_assert_int_gt(fprintf(text, "%0200d", 0), 0);
	ck_assert_int_eq(fclose(text), 0);
	ck_assert_int_eq(mkdir(fixture_path("dir"), 0700), 0);
	ck_assert_int_eq(mkfifo(fixture_path("pipe"), 0600), 0);

	const char *url = refused_rows[_i].url;
	if (url == NULL)
		url = fixture_url(refused_rows[_i].name);
	ck_assert_int_eq(db_open(url, refused_rows[_i].mode, &opened, &why), DB_FAILED);
	ck_assert_ptr_null(opened);
	ck_assert_msg(strstr(buf_str(&why), refused_rows[_i].want) != NULL, "%s: %s",
	              refused_rows[_i].what, buf_str(&why));
}
END_TEST

START_TEST(a_file_without_permission_is_refused_with_the_reason)
{
	struct db *opened = NULL;
	struct buf AUTO_BUF why;

	buf_init(&why, 1024);
	ck_assert_int_eq(chmod(fixture_path(FILE_NAME), 0), 0);
	if (geteuid() == 0) /* root may do anything: be somebody else */
		ck_assert_int_eq(setuid(65534), 0);
	ck_assert_int_eq(db_open(fixture_url(FILE_NAME), DB_READER, &opened, &why), DB_FAILED);
	ck_assert_ptr_nonnull(strstr(buf_str(&why), "give this user access"));
}
END_TEST

START_TEST(a_name_that_sqlite_would_read_otherwise_is_a_file)
{
	static const char *const names[] = {"sqlite::memory:", "sqlite:file:x?mode=memory"};
	struct buf AUTO_BUF why;

	buf_init(&why, 1024);
	ck_assert_int_eq(chdir(fixture_path(".")), 0);
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		struct db *opened;

		ck_assert_int_eq(db_open(names[i], DB_WRITER, &opened, &why), DB_OK);
		db_close(opened);
		ck_assert_int_eq(access(db_file_path(names[i]), F_OK), 0);
	}
}
END_TEST

static Suite *db_open_suite(void)
{
	Suite *suite = suite_create("db_open");
	TCase *cases = tcase_create("opening");

	fixture_add(cases);
	tcase_add_checked_fixture(cases, setup, teardown);
	suite_add_tcase(suite, cases);
	tcase_add_loop_test(cases, the_writer_is_durable_and_strict, 0, ARRAY_LEN(setting_rows));
	tcase_add_test(cases, the_schema_cannot_be_edited_behind_the_parser);
	tcase_add_test(cases, only_the_owner_may_read_the_files);
	tcase_add_loop_test(cases, what_cannot_be_opened_is_refused_with_the_reason, 0,
	                    ARRAY_LEN(refused_rows));
	tcase_add_test(cases, a_file_without_permission_is_refused_with_the_reason);
	tcase_add_test(cases, a_name_that_sqlite_would_read_otherwise_is_a_file);
	return suite;
}

TEST_MAIN(db_open_suite)
