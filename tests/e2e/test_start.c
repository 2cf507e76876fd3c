/* test_start.c - a start that cannot be right ends at once: exit status 2, one line on standard
 * error that says what is wrong, nothing on standard output, nothing changed. */
#include "e2e/keys.h"
#include "e2e/pair.h"
#include "e2e/run.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TEXT_SIZE 128
#define PATH_SIZE (PATH_MAX + 64)
#define STORE "payment.db"
#define STORE_SETTING "DATABASE_URL=sqlite:" STORE

static struct service service;

static void set_up(void)
{
	service_init(&service, "payment-service");
}

static void tear_down(void)
{
	service_release(&service);
}

static void path_of(const char *name, char out[PATH_SIZE])
{
	(void)snprintf(out, PATH_SIZE, "%s/%s", service.directory, name);
}

/* The one line must hold the text. */
static void check_refused(const char *const *settings, const char *const *arguments,
                          const char *text)
{
	struct run run;

	run_service(&service, settings, arguments, &run);
	const char *line = buf_str(&run.err), *end = strchr(line, '\n');
	ck_assert_msg(run.status == 2, "exit %d: %s", run.status, line);
	ck_assert_str_eq(buf_str(&run.out), "");
	ck_assert_int_eq(strncmp(line, "payment-service: ", 17), 0);
	ck_assert_msg(end != NULL && end[1] == '\0', "not one line: %s", line);
	ck_assert_msg(strstr(line, text) != NULL, "no \"%s\" in %s", text, line);
	run_release(&run);
}

/* ---- options ---- */

static const struct {
	const char *setting, *text;
} wrong_settings[] = {
	{"PORT=65536", "PORT: \"65536\" is not right: give a whole number from 0 to 65535"},
	{"PORT=http", "PORT: "},
	{"PORT=-1", "PORT: "},
	{"QUEUE_MAX=0", "QUEUE_MAX: "},
	{"QUEUE_MAX=1e3", "QUEUE_MAX: "},
	{"CONNECTIONS_MAX=100001", "CONNECTIONS_MAX: "},
	{"IDLE_TIMEOUT=10",
         "IDLE_TIMEOUT: \"10\" is not right: give a number with ms, s, m, h or d"},
	{"IDEMPOTENCY_TTL=0s", "IDEMPOTENCY_TTL: "},
	{"DRAIN_DELAY=-1s", "DRAIN_DELAY: "},
	{"CURRENCY=usd", "CURRENCY: "},
	{"CURRENCY=XAU", "CURRENCY: "},
	{"LOG_LEVEL=loud", "LOG_LEVEL: \"loud\" is not right: give debug, info, warn or error"},
	{"AUTH=key", "AUTH: \"key\" is not right: give none or keys"},
	{"AUTH=keys", "API_KEYS_FILE: AUTH=keys needs a file with keys: name one."},
	{"ALLOW_ANONYMOUS=yes", "ALLOW_ANONYMOUS: "},
	{"LISTEN=0.0.0.0", "with AUTH=none listen on 127.0.0.1 or ::1"},
	{"LISTEN=::", "with AUTH=none listen on 127.0.0.1 or ::1"},
	{"LISTEN=192.0.2.1", "with AUTH=none listen on 127.0.0.1 or ::1"},
	{"LISTEN=localhost", "LISTEN"},
	{"DATABASE_URL=mysql://h/d", "DATABASE_URL"},
	{"DATABASE_URL=sqlite:", "DATABASE_URL"},
};

START_TEST(a_wrong_option_is_named)
{
	const char *settings[] = {wrong_settings[_i].setting, NULL};

	check_refused(settings, NULL, wrong_settings[_i].text);
}
END_TEST

static const struct {
	const char *arguments[5];
	const char *text;
} wrong_arguments[] = {
	{{"--no-such-flag", "1"}, "\"--no-such-flag\" is not an option; --help lists them"},
	{{"serve", "--no-such-flag=1"}, "\"--no-such-flag\" is not an option"},
	{{"frobnicate"}, "\"frobnicate\" is not a command; see --help"},
	{{"serve", "extra"}, "\"extra\" is not an option"},
	{{"--queue-max"}, "QUEUE_MAX: --queue-max has no value"},
	{{"--queue-max", "1", "--queue-max", "2"}, "QUEUE_MAX: --queue-max is there twice"},
	{{"serve", "--queue-max=many"}, "(from --queue-max)"},
	{{"audit", "--currency", "dollars"}, "CURRENCY: "},
};

START_TEST(a_wrong_argument_is_named)
{
	check_refused(NULL, wrong_arguments[_i].arguments, wrong_arguments[_i].text);
}
END_TEST

static const struct {
	const char *text;
	mode_t mode;
	const char *why;
} key_files[] = {
	{"shop admin\n", 0644, "API_KEYS_FILE: cannot use keys: everyone has access to it"},
	{"# shop\nshop admin fk_secret\n", 0400,
         "API_KEYS_FILE: cannot use keys: line 2: after its scopes there is not sha256:"},
	{"# shop\n", 0400, "API_KEYS_FILE: cannot use keys: there is no key in it."},
};

START_TEST(a_faulty_key_file_is_named)
{
	static const char *const settings[] = {"AUTH=keys", "API_KEYS_FILE=keys", NULL};
	char path[PATH_SIZE];

	path_of("keys", path);
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	ck_assert_int_eq(write(fd, key_files[_i].text, strlen(key_files[_i].text)),
	                 (ssize_t)strlen(key_files[_i].text));
	ck_assert_int_eq(fchmod(fd, key_files[_i].mode), 0);
	(void)close(fd);
	check_refused(settings, NULL, key_files[_i].why);
}
END_TEST

START_TEST(an_address_of_another_machine_is_named)
{
	static const char *const settings[] = {"LISTEN=192.0.2.1", "ALLOW_ANONYMOUS=1", NULL};

	check_refused(settings, NULL, "192.0.2.1");
}
END_TEST

START_TEST(a_port_in_use_is_named)
{
	static const char *const elsewhere[] = {"DATABASE_URL=sqlite:elsewhere/payment.db", NULL};
	char port[TEXT_SIZE];
	const char *settings[] = {port, elsewhere[0], NULL};

	service_start(&service, NULL);
	(void)snprintf(port, sizeof(port), "PORT=%d", service.port);
	check_refused(settings, NULL, "in use");
}
END_TEST

/* ---- stores ---- */

START_TEST(a_second_process_on_the_same_directory_is_kept_out)
{
	service_start(&service, NULL);
	check_refused(NULL, NULL, "another process holds ");
	service_stop(&service);
	service_start(&service, NULL); /* and the first one's end lets the next one in */
}
END_TEST

/* Makes a store, then changes it. */
static void make_store(const char *sql)
{
	static const char *const settings[] = {STORE_SETTING, NULL};
	char path[PATH_SIZE];
	sqlite3 *db;

	service_start(&service, settings);
	service_stop(&service);
	path_of(STORE, path);
	ck_assert_int_eq(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
	ck_assert_int_eq(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
}

static const struct {
	const char *name, *sql, *text;
} stores[] = {
	{"a newer schema",
         "INSERT INTO schema_migrations VALUES ('common', 9999, 'from the future', 1)",
         "newer than this program's"},
	{"a newer schema of the service",
         "INSERT INTO schema_migrations VALUES ('payment-service', 9999, 'from the future', 1)",
         "newer than this program's"},
	{"another service's store",
         "UPDATE schema_migrations SET part = 'order-service' WHERE part = 'payment-service'",
         "belongs to order-service"},
	{"a journal that lost its end", "UPDATE journal_head SET seq = 7",
         "its journal does not end at its head; run audit"},
};

START_TEST(a_store_that_does_not_fit_is_refused)
{
	static const char *const settings[] = {STORE_SETTING, NULL};

	make_store(stores[_i].sql);
	check_refused(settings, NULL, stores[_i].text);
}
END_TEST

START_TEST(a_file_that_is_no_database_is_refused_and_kept)
{
	static const char *const settings[] = {STORE_SETTING, NULL};
	static const char text[] = "a letter to someone, which must not be overwritten";
	char path[PATH_SIZE];
	struct buf kept AUTO_BUF;

	path_of(STORE, path);
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	ck_assert_int_eq(write(fd, text, strlen(text)), strlen(text));
	(void)close(fd);
	check_refused(settings, NULL, "is not an SQLite database");
	buf_init(&kept, sizeof(text));
	read_file(path, &kept);
	ck_assert_str_eq(buf_str(&kept), text);
}
END_TEST

START_TEST(a_directory_in_the_place_of_the_file_is_refused)
{
	static const char *const settings[] = {STORE_SETTING, NULL};
	char path[PATH_SIZE];

	path_of(STORE, path);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	check_refused(settings, NULL, "is a directory: DATABASE_URL must name a file");
}
END_TEST

START_TEST(a_file_in_the_place_of_a_directory_is_refused)
{
	static const char *const settings[] = {"DATABASE_URL=sqlite:file/payment.db", NULL};
	char path[PATH_SIZE];

	path_of("file", path);
	(void)close(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	check_refused(settings, NULL, "file cannot be");
}
END_TEST

static const struct {
	mode_t mode;
	const char *text; /* NULL: it does */
} modes[] = {
	{0755, NULL},
	{0700, NULL},
	{0770, "directory shared may be written by its group (mode 0770); chmod go-w it"},
	{0720, "by its group (mode 0720)"},
	{0777, "by everyone (mode 0777)"},
	{01777, "by everyone (mode 1777)"},
	{0702, "by everyone (mode 0702)"},
};

START_TEST(a_directory_that_others_may_write_is_refused)
{
	static const char *const settings[] = {"DATABASE_URL=sqlite:shared/payment.db", NULL};
	char path[PATH_SIZE];

	path_of("shared", path);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	ck_assert_int_eq(chmod(path, modes[_i].mode), 0);
	if (modes[_i].text == NULL)
		service_start(&service, settings);
	else
		check_refused(settings, NULL, modes[_i].text);
}
END_TEST

/* ---- starts that are right ---- */

START_TEST(a_clock_behind_the_journal_is_told)
{
	static const char *const settings[] = {STORE_SETTING, NULL};

	make_store("UPDATE journal_head SET time_us = 4102444800000000"); /* the year 2100 */
	service_start(&service, settings);
	service_wait_log(&service, "\"event\":\"clock_behind_journal\"");
}
END_TEST

START_TEST(an_open_address_is_for_those_who_mean_it)
{
	static const char *const settings[] = {"LISTEN=0.0.0.0", "ALLOW_ANONYMOUS=1", NULL};

	service_start(&service, settings);
	service_wait_log(&service, "\"event\":\"no_authentication\"");
}
END_TEST

START_TEST(with_keys_any_address_is_right)
{
	static const struct test_key keys[] = {{"shop", "admin", "secret", NULL}, {NULL}};
	static const char *const settings[] = {"LISTEN=0.0.0.0", "AUTH=keys", "API_KEYS_FILE=keys",
	                                       NULL};

	keys_write(&service, keys);
	service_start(&service, settings);
}
END_TEST

static Suite *start_suite(void)
{
	Suite *suite = suite_create("start");
	TCase *tcase = tcase_create("start");

	tcase_set_timeout(tcase, 60);
	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_loop_test(tcase, a_wrong_option_is_named, 0, ARRAY_LEN(wrong_settings));
	tcase_add_loop_test(tcase, a_wrong_argument_is_named, 0, ARRAY_LEN(wrong_arguments));
	tcase_add_loop_test(tcase, a_faulty_key_file_is_named, 0, ARRAY_LEN(key_files));
	tcase_add_test(tcase, with_keys_any_address_is_right);
	tcase_add_test(tcase, an_address_of_another_machine_is_named);
	tcase_add_test(tcase, a_port_in_use_is_named);
	tcase_add_test(tcase, a_second_process_on_the_same_directory_is_kept_out);
	tcase_add_loop_test(tcase, a_store_that_does_not_fit_is_refused, 0, ARRAY_LEN(stores));
	tcase_add_test(tcase, a_file_that_is_no_database_is_refused_and_kept);
	tcase_add_test(tcase, a_directory_in_the_place_of_the_file_is_refused);
	tcase_add_test(tcase, a_file_in_the_place_of_a_directory_is_refused);
	tcase_add_loop_test(tcase, a_directory_that_others_may_write_is_refused, 0,
	                    ARRAY_LEN(modes));
	tcase_add_test(tcase, a_clock_behind_the_journal_is_told);
	tcase_add_test(tcase, an_open_address_is_for_those_who_mean_it);
	suite_add_tcase(suite, tcase);
	return suite;
}

TEST_MAIN(start_suite)
