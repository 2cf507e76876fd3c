/* test_key_reload.c - the key file is read again on SIGHUP, without a restart and without a request
 * that notices; and the command that makes its lines. */
#include "e2e/answers.h"
#include "e2e/harness.h"
#include "e2e/keys.h"
#include "e2e/run.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define TEXT_SIZE 512
#define ANSWER_BYTES_MAX 65536

static const struct test_key only_old[] = {{"shop", "admin", "old-secret", NULL}, {NULL}};
static const struct test_key both[] = {{"shop", "admin", "old-secret", "2099-01-01"},
                                       {"shop", "admin", "new-secret", NULL},
                                       {NULL}};
static const struct test_key only_new[] = {{"shop", "admin", "new-secret", NULL}, {NULL}};

#define OLD BEARER "old-secret"
#define NEW BEARER "new-secret"

static struct service service;
static struct client client;

static void set_up(void)
{
	service_init(&service, "payment-service");
	keys_write(&service, only_old);
	service_start(&service, keys_settings);
	client_open(&client, service.port);
}

static void tear_down(void)
{
	client_close(&client);
	service_release(&service);
}

static int status_with(const char *bearer)
{
	const char *headers[] = {bearer, NULL};

	return client_send(&client, "GET", "/payments", headers, NULL);
}

/* Puts keys in place, and asks until one is taken, or no more; the one that stays always is. No
 * event tells when the signal has arrived; asking is bounded by the test's own time. */
static void replace(const struct test_key *keys, const char *changing, int status,
                    const char *staying)
{
	keys_write(&service, keys);
	service_signal(&service, SIGHUP);
	do
		ck_assert_int_eq(status_with(staying), 200);
	while (status_with(changing) != status);
}

/* ---- rotation ---- */

START_TEST(a_secret_takes_the_place_of_another_without_a_refusal)
{
	ck_assert_int_eq(status_with(NEW), 401);
	replace(both, NEW, 200, OLD);
	ck_assert_int_eq(status_with(OLD), 200);
	replace(only_new, OLD, 401, NEW);
}
END_TEST

START_TEST(a_request_under_way_keeps_what_it_was_let_in_by)
{
	static const char request[] =
		"GET /events?wait=60 HTTP/1.1\r\nHost: h\r\n" OLD "\r\nConnection: close\r\n\r\n";
	struct buf answer AUTO_BUF;

	buf_init(&answer, ANSWER_BYTES_MAX);
	int fd = raw_connect(service.port);
	ck_assert_int_eq(send(fd, request, strlen(request), 0), (ssize_t)strlen(request));
	do
		get(&client, "/metrics", OLD, 200);
	while (strstr(buf_str(&client.body), "\nhttp_requests_waiting 1\n") == NULL);
	replace(both, NEW, 200, OLD);
	replace(only_new, OLD, 401, NEW);
	post(&client, "/pay", NEW, "{'order_id':'o-1','amount':1}", 200);
	raw_read_to_end(fd, &answer);
	(void)close(fd);
	ck_assert_int_eq(strncmp(buf_str(&answer), "HTTP/1.1 200 ", 13), 0);
	ck_assert_ptr_nonnull(strstr(buf_str(&answer), "\"subject\":\"o-1\""));
}
END_TEST

/* ---- what is wrong with a file ---- */

static void check_metric(const char *bearer, const char *value)
{
	char sample[TEXT_SIZE];

	(void)snprintf(sample, sizeof(sample), "\nconfig_last_reload_successful %s\n", value);
	get(&client, "/metrics", bearer, 200);
	check_holds(&client, sample);
}

START_TEST(a_faulty_file_is_told_of_and_changes_nothing)
{
	struct buf log AUTO_BUF;

	buf_init(&log, 1 << 20);
	check_metric(OLD, "1");
	keys_write_text(&service, "# the line of a key\nshop admin new-secret\n");
	service_signal(&service, SIGHUP);
	service_wait_log(&service, "\"event\":\"reload_failed\"");
	service_wait_log(&service, "API_KEYS_FILE: cannot use keys: line 2: after its scopes");
	ck_assert_int_eq(status_with(OLD), 200);
	check_metric(OLD, "0");
	keys_write(&service, only_new);
	service_signal(&service, SIGHUP);
	service_wait_log(&service, "\"event\":\"reloaded\"");
	check_metric(NEW, "1");
	read_file(service.log_path, &log);
	ck_assert_ptr_null(strstr(buf_str(&log), "new-secret"));
}
END_TEST

/* ---- at other times ---- */

START_TEST(sighup_while_it_drains_ends_nothing)
{
	static const char *const settings[] = {"AUTH=keys", "API_KEYS_FILE=keys", "DRAIN_DELAY=10m",
	                                       NULL};

	service_stop(&service);
	service_start(&service, settings);
	client.port = service.port;
	service_signal(&service, SIGTERM);
	service_wait_log(&service, "\"event\":\"stopping\"");
	service_signal(&service, SIGHUP);
	get(&client, "/healthz", NULL, 200);
	ck_assert_int_eq(status_with(OLD), 200);
	service_signal(&service, SIGTERM);
	ck_assert_int_eq(service_wait(&service), 1);
}
END_TEST

START_TEST(sighup_with_nothing_to_read_ends_nothing)
{
	service_stop(&service);
	service_start(&service, NULL);
	client.port = service.port;
	service_signal(&service, SIGHUP);
	service_wait_log(&service, "\"event\":\"reloaded\"");
	check_metric(NULL, "1");
}
END_TEST

/* ---- the command ---- */

/* Cuts a line of what was printed off the front. */
static void take_line(const char **text, char out[TEXT_SIZE])
{
	size_t len = strcspn(*text, "\n");

	ck_assert_uint_lt(len, TEXT_SIZE - 1);
	ck_assert_int_eq((*text)[len], '\n');
	(void)snprintf(out, TEXT_SIZE, "%.*s", (int)len, *text);
	*text += len + 1;
}

START_TEST(the_command_key_makes_a_secret_and_its_line)
{
	static const char *const words[] = {"key", "shop", "payments:read,events:read", NULL};
	char secrets[2][TEXT_SIZE], line[TEXT_SIZE], bearer[3 * TEXT_SIZE];
	struct buf lines AUTO_BUF;

	buf_init(&lines, 4096);
	for (size_t i = 0; i < 2; i++) {
		struct run run;

		run_service(&service, NULL, words, &run);
		ck_assert_int_eq(run.status, 0);
		const char *rest = buf_str(&run.out);
		take_line(&rest, secrets[i]);
		take_line(&rest, line);
		ck_assert_str_eq(rest, "");
		ck_assert_ptr_null(strstr(buf_str(&run.err), secrets[i]));
		ck_assert_int_eq(strncmp(secrets[i], "fk_", 3), 0);
		ck_assert_uint_eq(strlen(secrets[i]), 3 + 43); /* 256 bits in base64 */
		buf_addf(&lines, "%s\n", line);
		run_release(&run);
	}
	ck_assert_str_ne(secrets[0], secrets[1]);
	keys_write_text(&service, buf_str(&lines));
	service_signal(&service, SIGHUP);
	service_wait_log(&service, "\"event\":\"reloaded\"");
	for (size_t i = 0; i < 2; i++) {
		(void)snprintf(bearer, sizeof(bearer), BEARER "%s", secrets[i]);
		get(&client, "/payments", bearer, 200);
		get(&client, "/metrics", bearer, 403);
	}
}
END_TEST

static const struct {
	const char *words[6];
	const char *text;
} wrong_words[] = {
	{{"key"}, "key needs a NAME: payment-service key NAME SCOPE,SCOPE\n"},
	{{"key", "shop"}, "key needs a SCOPE,SCOPE: payment-service key NAME SCOPE,SCOPE\n"},
	{{"key", "--auth", "keys"}, "key needs a NAME"},
	{{"key", "the shop", "admin"}, "a key's name has 1 to 64 of the characters"},
	{{"key", "shop", "payments"}, "a key's scopes are some of payments:write, "},
	{{"key", "shop", "payments:read,"}, "a key's scopes are some of"},
	{{"key", "shop", "payments:read", "events:read"}, "key takes no further arguments"},
};

START_TEST(the_command_key_makes_nothing_of_wrong_words)
{
	struct run run;

	run_service(&service, NULL, wrong_words[_i].words, &run);
	ck_assert_int_eq(run.status, 2);
	ck_assert_str_eq(buf_str(&run.out), "");
	const char *line = buf_str(&run.err), *end = strchr(line, '\n');
	ck_assert_msg(strstr(line, wrong_words[_i].text) != NULL, "%s", line);
	ck_assert(end != NULL && end[1] == '\0');
	run_release(&run);
}
END_TEST

START_TEST(a_key_that_cannot_be_printed_is_none)
{
	static const char *const arguments[] = {
		"sh", "-c",
		"exec \"${BUILD:-build}/payment-service\" key shop admin >/dev/full 2>/dev/null",
		NULL};

	ck_assert_int_eq(program_run(arguments), 2);
}
END_TEST

static Suite *key_reload_suite(void)
{
	Suite *suite = suite_create("key_reload");
	TCase *tcase = tcase_create("key_reload");

	tcase_set_timeout(tcase, 120);
	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, a_secret_takes_the_place_of_another_without_a_refusal);
	tcase_add_test(tcase, a_request_under_way_keeps_what_it_was_let_in_by);
	tcase_add_test(tcase, a_faulty_file_is_told_of_and_changes_nothing);
	tcase_add_test(tcase, sighup_while_it_drains_ends_nothing);
	tcase_add_test(tcase, sighup_with_nothing_to_read_ends_nothing);
	tcase_add_test(tcase, the_command_key_makes_a_secret_and_its_line);
	tcase_add_test(tcase, a_key_that_cannot_be_printed_is_none);
	tcase_add_loop_test(tcase, the_command_key_makes_nothing_of_wrong_words, 0,
	                    ARRAY_LEN(wrong_words));
	suite_add_tcase(suite, tcase);
	return suite;
}

TEST_MAIN(key_reload_suite)
