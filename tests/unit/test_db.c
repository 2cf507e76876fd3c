/* test_db.c - the database interface on a real file: what comes back, what is refused, what is left
 * after a refusal, who sees what. Broken disks are in test_db_disk.c. */
#include "storage/db.h"

#include <signal.h>
#include <string.h>
#include <sys/stat.h>

#include "base/money.h"
#include "unit/store_fixture.h"
#include "unit/unit.h"

#define FILE_NAME "test.db"

static const struct statement insert_value = {.sql = "INSERT INTO t (id, v) VALUES ($1, $2)"};
static const struct statement insert_child = {.sql = "INSERT INTO child (id) VALUES ($1)"};
static const struct statement insert_late = {.sql = "INSERT INTO late (id) VALUES ($1)"};
static const struct statement insert_pages = {
	.sql = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $1) "
	       "INSERT INTO big (page) SELECT zeroblob(4000) FROM n",
};
static const struct statement count_values = {.sql = "SELECT count(*) FROM t"};

static struct db *db; /* the test's writer */

static void setup(void)
{
	db = fixture_db(FILE_NAME, DB_WRITER);
	ck_assert_int_eq(
		db_script(db, "CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT CHECK (v <> 'bad'));"
	                      "CREATE TABLE child (id INTEGER NOT NULL REFERENCES t);"
	                      "CREATE TABLE late (id INTEGER REFERENCES t DEFERRABLE INITIALLY "
	                      "DEFERRED);"
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

static int64_t file_bytes(const char *name)
{
	struct stat info;

	ck_assert_int_eq(stat(fixture_path(name), &info), 0);
	return info.st_size;
}

/* ---- values ---- */

static const struct {
	struct statement statement;
	size_t count;
	const char *want;
} parameter_rows[] = {
	{{.sql = "SELECT $1 || $2 || $3"}, 3, "abc"},
	{{.sql = "SELECT $3 || $2 || $1"}, 3, "cba"},
	{{.sql = "SELECT $2 || $2 || $1 || $2"}, 2, "bbab"},
	{{.sql = "SELECT $11||$10||$9||$8||$7||$6||$5||$4||$3||$2||$1"}, 11, "kjihgfedcba"},
};

static void check_letters(void *arg, const struct db_row *row)
{
	ck_assert(text_is(db_text(row, 0), parameter_rows[*(int *)arg].want));
}

START_TEST(a_parameter_is_bound_by_its_number_not_by_its_place)
{
	static const char letters[] = "abcdefghijk";
	struct db_value values[sizeof(letters)];

	for (size_t i = 0; i < strlen(letters); i++)
		values[i] = v_text((struct text){letters + i, 1});
	db_send(db, &parameter_rows[_i].statement, values, parameter_rows[_i].count, check_letters,
	        &_i);
	ck_assert_int_eq(db_flush(db), DB_OK);
}
END_TEST

START_TEST(a_missing_parameter_is_a_bug)
{
	DB_SEND(db, &parameter_rows[0].statement, check_letters, NULL, v_str("a"), v_str("b"));
}
END_TEST

static const struct statement echo = {.sql = "SELECT $1"};

static const struct {
	struct db_value value;
	int64_t integer, money;
	struct text text;
	bool is_null;
} value_rows[] = {
	{V_NULL, 0, MONEY_NONE, {NULL, 0}, true},
	{V_INT(INT64_MIN), INT64_MIN, INT64_MIN, {"-9223372036854775808", 20}, false},
	{V_INT(INT64_MAX), INT64_MAX, INT64_MAX, {"9223372036854775807", 19}, false},
	{{.kind = DB_TEXT, .bytes = "", .len = 0}, 0, 0, {"", 0}, false},
	{{.kind = DB_TEXT, .bytes = "f\xc3\xbcr", .len = 4}, 0, 0, {"f\xc3\xbcr", 4}, false},
	{V_BLOB(NULL, 0), 0, 0, {"", 0}, false},
	{V_BLOB("a\0b\xff", 4), 0, 0, {"a\0b\xff", 4}, false},
};

static void check_value(void *arg, const struct db_row *row)
{
	int i = *(int *)arg;

	ck_assert_int_eq(db_is_null(row, 0), value_rows[i].is_null);
	ck_assert_int_eq(db_int(row, 0), value_rows[i].integer);
	ck_assert_int_eq(db_money(row, 0), value_rows[i].money);
	ck_assert(text_equal(db_text(row, 0), value_rows[i].text));
}

START_TEST(a_value_comes_back_as_it_was_bound)
{
	DB_SEND(db, &echo, check_value, &_i, value_rows[_i].value);
	ck_assert_int_eq(db_flush(db), DB_OK);
}
END_TEST

START_TEST(absent_texts_and_amounts_are_null)
{
	ck_assert_int_eq(v_text(TEXT_NONE).kind, DB_NULL);
	ck_assert_int_eq(v_text(text_of("")).kind, DB_TEXT);
	ck_assert_int_eq(v_money(MONEY_NONE).kind, DB_NULL);
	ck_assert_int_eq(v_money(0).kind, DB_INT);
}
END_TEST

static void send_again(void *arg, const struct db_row *row)
{
	(void)row;
	DB_SEND(arg, &echo, NULL, NULL, V_NULL);
}

START_TEST(sending_from_a_row_function_is_a_bug)
{
	DB_SEND(db, &echo, send_again, db, V_NULL);
}
END_TEST

START_TEST(writing_outside_of_a_transaction_is_a_bug)
{
	DB_SEND(db, &insert_value, NULL, NULL, V_INT(1), v_str("a"));
}
END_TEST

/* ---- results ---- */

static const struct statement no_table = {.sql = "INSERT INTO nowhere (id) VALUES (1)"};

static const struct {
	const char *what;
	const struct statement *statement;
	struct db_value values[2];
	size_t count;
	enum db_result at_flush, at_commit;
} result_rows[] = {
	{"a duplicate", &insert_value, {V_INT(1), V_NULL}, 2, DB_CONFLICT, DB_CONFLICT},
	{"a CHECK", &insert_value, {V_INT(2), {DB_TEXT, 0, "bad", 3}}, 2, DB_CONFLICT, DB_CONFLICT},
	{"NOT NULL", &insert_child, {V_NULL}, 1, DB_CONFLICT, DB_CONFLICT},
	{"a foreign key", &insert_child, {V_INT(9)}, 1, DB_CONFLICT, DB_CONFLICT},
	{"a deferred foreign key", &insert_late, {V_INT(9)}, 1, DB_OK, DB_CONFLICT},
	{"a table that is not there", &no_table, {V_NULL}, 0, DB_FAILED, DB_FAILED},
	{"nothing wrong", &insert_late, {V_INT(1)}, 1, DB_OK, DB_OK},
};

START_TEST(a_failure_is_told_as_what_it_is_and_leaves_nothing)
{
	ck_assert_int_eq(insert(1, "first"), DB_OK);
	ck_assert_int_eq(db_begin(db), DB_OK);
	DB_SEND(db, &insert_value, NULL, NULL, V_INT(7), v_str("beside it"));
	db_send(db, result_rows[_i].statement, result_rows[_i].values, result_rows[_i].count, NULL,
	        NULL);
	ck_assert_msg(db_flush(db) == result_rows[_i].at_flush, "%s", result_rows[_i].what);
	ck_assert_msg(db_commit(db) == result_rows[_i].at_commit, "%s", result_rows[_i].what);
	ck_assert_int_eq(values_seen_by(db), result_rows[_i].at_commit == DB_OK ? 2 : 1);
	ck_assert_int_eq(insert(3, "afterwards"), DB_OK);
}
END_TEST

START_TEST(an_error_sticks_until_flush_tells_it)
{
	int64_t count = -1;

	DB_SEND0(db, &no_table, NULL, NULL);
	DB_SEND0(db, &count_values, note_int, &count);
	ck_assert_int_eq(count, -1);
	ck_assert_int_eq(db_flush(db), DB_FAILED);
	ck_assert_ptr_nonnull(strstr(db_why(db), "nowhere"));
	ck_assert_int_eq(db_flush(db), DB_OK);
	ck_assert_int_eq(values_seen_by(db), 0);
}
END_TEST

START_TEST(an_error_sticks_until_the_transaction_ends)
{
	ck_assert_int_eq(db_begin(db), DB_OK);
	DB_SEND0(db, &no_table, NULL, NULL);
	ck_assert_int_eq(db_flush(db), DB_FAILED);
	DB_SEND(db, &insert_value, NULL, NULL, V_INT(1), v_str("not run"));
	ck_assert_int_eq(db_flush(db), DB_FAILED);
	ck_assert_int_eq(db_commit(db), DB_FAILED);
	ck_assert_int_eq(db_flush(db), DB_OK);
	ck_assert_int_eq(values_seen_by(db), 0);
}
END_TEST

START_TEST(a_second_writer_is_told_to_retry)
{
	struct db *other = fixture_db(FILE_NAME, DB_WRITER);

	ck_assert_int_eq(db_begin(other), DB_OK);
	ck_assert_int_eq(db_begin(db), DB_RETRY);
	ck_assert_int_eq(db_commit(other), DB_OK);
	ck_assert_int_eq(db_begin(db), DB_OK);
	db_rollback(db);
	db_close(other);
}
END_TEST

START_TEST(rollback_undoes_everything_and_may_be_repeated)
{
	ck_assert_int_eq(db_begin(db), DB_OK);
	DB_SEND(db, &insert_value, NULL, NULL, V_INT(1), v_str("a"));
	db_rollback(db);
	db_rollback(db);
	ck_assert_int_eq(values_seen_by(db), 0);
}
END_TEST

START_TEST(a_failed_script_spoils_its_transaction)
{
	ck_assert_int_eq(db_begin(db), DB_OK);
	ck_assert_int_eq(db_script(db, "INSERT INTO t VALUES (1, 'a'); SELECT nonsense"),
	                 DB_FAILED);
	ck_assert_int_eq(db_commit(db), DB_FAILED);
	ck_assert_int_eq(values_seen_by(db), 0);
}
END_TEST

START_TEST(no_space_fails_the_transaction_and_only_that)
{
	ck_assert_int_eq(insert(1, "before"), DB_OK);
	ck_assert_int_eq(db_script(db, "PRAGMA max_page_count = 20"), DB_OK);
	ck_assert_int_eq(db_begin(db), DB_OK);
	DB_SEND(db, &insert_pages, NULL, NULL, V_INT(100));
	ck_assert_int_eq(db_flush(db), DB_FAILED);
	ck_assert_ptr_nonnull(strstr(db_why(db), "full"));
	db_rollback(db);
	ck_assert_int_eq(insert(2, "after"), DB_OK);
	ck_assert_int_eq(values_seen_by(db), 2);
}
END_TEST

/* ---- readers ---- */

START_TEST(a_reader_keeps_its_snapshot_until_it_ends)
{
	struct db *reader = fixture_db(FILE_NAME, DB_READER);

	ck_assert_int_eq(db_begin(reader), DB_OK);
	ck_assert_int_eq(values_seen_by(reader), 0);
	ck_assert_int_eq(insert(1, "a"), DB_OK);
	ck_assert_int_eq(values_seen_by(reader), 0);
	ck_assert_int_eq(db_commit(reader), DB_OK);
	ck_assert_int_eq(values_seen_by(reader), 1);
	db_close(reader);
}
END_TEST

START_TEST(a_reader_cannot_write)
{
	struct db *reader = fixture_db(FILE_NAME, DB_READER);

	ck_assert_int_eq(db_begin(reader), DB_OK);
	DB_SEND(reader, &insert_value, NULL, NULL, V_INT(1), v_str("a"));
	ck_assert_int_eq(db_commit(reader), DB_FAILED);
	db_close(reader);
	ck_assert_int_eq(values_seen_by(db), 0);
}
END_TEST

START_TEST(only_the_writer_checkpoints)
{
	struct db *reader = fixture_db(FILE_NAME, DB_READER);

	ck_assert_int_eq(insert(1, "a"), DB_OK);
	int64_t database_bytes = file_bytes(FILE_NAME), wal_bytes = file_bytes(FILE_NAME "-wal");
	ck_assert_int_eq(values_seen_by(reader), 1);
	db_close(reader);
	ck_assert_int_eq(file_bytes(FILE_NAME), database_bytes);
	ck_assert_int_eq(file_bytes(FILE_NAME "-wal"), wal_bytes);
	ck_assert_int_gt(wal_bytes, 0);
	db_close(db);
	ck_assert_int_eq(file_bytes(FILE_NAME "-wal"), 0);
	db = fixture_db(FILE_NAME, DB_WRITER);
}
END_TEST

static Suite *db_suite(void)
{
	Suite *suite = suite_create("db");
	TCase *values = tcase_create("values");
	TCase *results = tcase_create("results");
	TCase *readers = tcase_create("readers");
	TCase *cases[] = {values, results, readers};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		fixture_add(cases[i]);
		tcase_add_checked_fixture(cases[i], setup, teardown);
		suite_add_tcase(suite, cases[i]);
	}
	tcase_add_loop_test(values, a_parameter_is_bound_by_its_number_not_by_its_place, 0,
	                    ARRAY_LEN(parameter_rows));
	tcase_add_test_raise_signal(values, a_missing_parameter_is_a_bug, SIGABRT);
	tcase_add_loop_test(values, a_value_comes_back_as_it_was_bound, 0, ARRAY_LEN(value_rows));
	tcase_add_test(values, absent_texts_and_amounts_are_null);
	tcase_add_test_raise_signal(values, sending_from_a_row_function_is_a_bug, SIGABRT);
	tcase_add_test_raise_signal(values, writing_outside_of_a_transaction_is_a_bug, SIGABRT);

	tcase_add_loop_test(results, a_failure_is_told_as_what_it_is_and_leaves_nothing, 0,
	                    ARRAY_LEN(result_rows));
	tcase_add_test(results, an_error_sticks_until_flush_tells_it);
	tcase_add_test(results, an_error_sticks_until_the_transaction_ends);
	tcase_add_test(results, a_second_writer_is_told_to_retry);
	tcase_add_test(results, rollback_undoes_everything_and_may_be_repeated);
	tcase_add_test(results, a_failed_script_spoils_its_transaction);
	tcase_add_test(results, no_space_fails_the_transaction_and_only_that);

	tcase_add_test(readers, a_reader_keeps_its_snapshot_until_it_ends);
	tcase_add_test(readers, a_reader_cannot_write);
	tcase_add_test(readers, only_the_writer_checkpoints);
	return suite;
}

TEST_MAIN(db_suite)
