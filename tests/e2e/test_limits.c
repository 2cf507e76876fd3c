/* test_limits.c - nobody has everything: requests a second, connections, long polls and commands
 * under way of one address, while another address (127.0.0.2) is served as if nothing were. */
#include "e2e/answers.h"
#include "e2e/harness.h"
#include "e2e/keys.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define OTHER "127.0.0.2"
#define POLL_MS 10
#define ASKED_MAX 1000
#define ANSWER_BYTES_MAX 65536

static struct service service;
static struct client client, other;

static void set_up(void)
{
	service_init(&service, "payment-service");
}

static void start(const char *const *settings)
{
	service_start(&service, settings);
	client_open(&client, service.port);
	client_open(&other, service.port);
	other.from = OTHER;
}

static void tear_down(void)
{
	client_close(&client);
	client_close(&other);
	service_release(&service);
}

/* ---- requests a second ---- */

static const char *const keyed[] = {"RATE_LIMIT=1", "RATE_BURST=3", "AUTH=keys",
                                    "API_KEYS_FILE=keys", NULL};
static const char *const one_a_second[] = {"RATE_LIMIT=1", "RATE_BURST=3", NULL};

/* Asks until the answer is 429: how often it was not, which was this status then. */
static int exhaust(const char *path, const char *header, int status)
{
	const char *const headers[] = {header, NULL};
	int passed = 0;

	while (client_send(&client, "GET", path, headers, NULL) == status)
		ck_assert_int_lt(++passed, ASKED_MAX);
	ck_assert_int_eq(client.status, 429);
	return passed;
}

static void check_header(const char *name, const char *value)
{
	ck_assert_pstr_eq(client_header(&client, name), value);
}

START_TEST(who_is_too_fast_is_told_when_to_come_again)
{
	start(one_a_second);
	get(&client, "/version", NULL, 200);
	check_header("RateLimit-Policy", "\"default\";q=3;w=3");
	check_header("RateLimit", "\"default\";r=2;t=1");
	ck_assert_int_ge(exhaust("/version", NULL, 200), 2);
	check_problem(&client, "rate-limited");
	check_header("Retry-After", "1");
	check_header("RateLimit-Policy", "\"default\";q=3;w=3");
	check_header("RateLimit", "\"default\";r=0;t=1");
	(void)poll(NULL, 0, 1000); /* as told */
	get(&client, "/version", NULL, 200);
}
END_TEST

START_TEST(a_request_that_was_refused_had_no_effect)
{
	char body[64];
	int passed = -1;

	start(one_a_second);
	do {
		ck_assert_int_lt(++passed, ASKED_MAX);
		(void)snprintf(body, sizeof(body), "{\"order_id\":\"o-%d\",\"amount\":1}", passed);
	} while (client_send(&client, "POST", "/pay", NULL, body) == 200);
	ck_assert_int_eq(client.status, 429);
	ck_assert_int_eq(get_metric(&other, "journal_head_seq"), passed);
}
END_TEST

START_TEST(another_address_notices_nothing)
{
	start(one_a_second);
	(void)exhaust("/version", NULL, 200);
	get(&other, "/version", NULL, 200);
	ck_assert_int_eq(get_metric(&other, "rate_limited_total{by=\"address\"}"), 1);
	ck_assert_int_eq(get_metric(&other, "rate_limited_total{by=\"key\"}"), 0);
}
END_TEST

static int64_t monotonic_ms(void)
{
	struct timespec now;

	ck_assert_int_eq(clock_gettime(CLOCK_MONOTONIC, &now), 0);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* So that a client that asks again at once makes no flood. */
START_TEST(a_refusal_takes_half_a_second)
{
	int64_t began_ms;

	start(one_a_second);
	do {
		began_ms = monotonic_ms();
	} while (client_send(&client, "GET", "/version", NULL, NULL) == 200);
	ck_assert_int_eq(client.status, 429);
	ck_assert_int_ge(monotonic_ms() - began_ms, 500);
}
END_TEST

START_TEST(health_is_never_limited)
{
	start(one_a_second);
	(void)exhaust("/version", NULL, 200);
	for (int i = 0; i < 20; i++) {
		get(&client, i % 2 == 0 ? "/healthz" : "/readyz", NULL, 200);
		check_header("RateLimit", NULL);
	}
}
END_TEST

START_TEST(the_rate_is_judged_after_the_route_and_before_the_rest)
{
	start(one_a_second);
	for (int i = 0; i < 20; i++) {
		get(&client, "/nowhere", NULL, 404);
		get(&client, "/pay", NULL, 405);
	}
	ck_assert_int_ge(exhaust("/version", "Accept: image/png", 406), 3);
	(void)exhaust("/version", "Expect: nothing", 417);
}
END_TEST

START_TEST(without_a_rate_nothing_is_counted)
{
	static const char *const defaults[] = {NULL};

	start(defaults);
	for (int i = 0; i < 100; i++)
		get(&client, "/version", NULL, 200);
	check_header("RateLimit", NULL);
	check_header("RateLimit-Policy", NULL);
}
END_TEST

START_TEST(the_burst_is_a_second_s_requests_where_none_is_set)
{
	static const char *const settings[] = {"RATE_LIMIT=1000000", NULL};

	start(settings);
	get(&client, "/version", NULL, 200);
	check_header("RateLimit-Policy", "\"default\";q=1000000;w=1");
}
END_TEST

static void check_operations(const cJSON *path)
{
	bool is_health =
		strcmp(path->string, "/healthz") == 0 || strcmp(path->string, "/readyz") == 0;
	const cJSON *operation;

	cJSON_ArrayForEach (operation, path) {
		const cJSON *responses = cJSON_GetObjectItemCaseSensitive(operation, "responses");

		ck_assert_msg(cJSON_HasObjectItem(responses, "429") == !is_health, "%s %s",
		              operation->string, path->string);
	}
}

START_TEST(openapi_tells_of_it_wherever_it_holds)
{
	const cJSON *path;

	start(NULL);
	get(&client, "/openapi.json", NULL, 200);
	cJSON_ArrayForEach (path, answer_member(&client, "paths"))
		check_operations(path);
	check_holds(&client, "'rate_limited':{'description'");
}
END_TEST

/* ---- keys ---- */

static const struct test_key keys[] = {
	{"first", "orders:read,metrics:read", "first", NULL},
	{"second", "orders:read,metrics:read", "second", NULL},
	{NULL},
};
#define FIRST BEARER "first"
#define SECOND BEARER "second"
#define WRONG BEARER "third"

START_TEST(each_key_has_a_rate_of_its_own_from_wherever_it_comes)
{
	keys_write(&service, keys);
	start(keyed);
	ck_assert_int_ge(exhaust("/metrics", FIRST, 200), 3);
	get(&client, "/metrics", SECOND, 200);
	check_holds(&client, "\nrate_limited_total{by='key'} 1\n");
	check_holds(&client, "\nrate_limited_total{by='address'} 0\n");
}
END_TEST

START_TEST(calls_beyond_a_key_s_scopes_count_for_the_key)
{
	keys_write(&service, keys);
	start(keyed);
	ck_assert_int_ge(exhaust("/events", FIRST, 403), 3);
	get(&client, "/events", SECOND, 403);
}
END_TEST

START_TEST(who_guesses_keys_is_slowed_down_and_keeps_no_key_out)
{
	keys_write(&service, keys);
	start(keyed);
	ck_assert_int_ge(exhaust("/metrics", WRONG, 401), 3);
	check_problem(&client, "rate-limited");
	(void)exhaust("/version", NULL, 200); /* all that has no key from there */
	get(&client, "/metrics", FIRST, 200);
	check_holds(&client, "\nrate_limited_total{by='key'} 0\n");
	get(&other, "/metrics", WRONG, 401);
}
END_TEST

/* ---- shares ---- */

static void check_closed(int fd)
{
	struct buf answer AUTO_BUF;

	buf_init(&answer, ANSWER_BYTES_MAX);
	raw_read_to_end(fd, &answer);
	ck_assert_uint_eq(answer.len, 0);
	(void)close(fd);
}

START_TEST(half_of_the_connections_are_one_address_s_at_most)
{
	static const char *const settings[] = {"CONNECTIONS_MAX=8", NULL};
	int fds[4];

	start(settings);
	for (size_t i = 0; i < ARRAY_LEN(fds); i++)
		fds[i] = raw_connect(service.port);
	check_closed(raw_connect(service.port));
	ck_assert_int_eq(get_metric(&other, "http_connections_refused_total"), 1);
	ck_assert_int_eq(get_metric(&other, "http_connections"), ARRAY_LEN(fds) + 1);
	ck_assert_int_eq(get_metric(&other, "http_connections_max"), 8);
	ck_assert_int_eq(get_metric(&other, "http_connections_per_address_max"), 4);
	for (size_t i = 0; i < ARRAY_LEN(fds); i++)
		(void)close(fds[i]);
	while (get_metric(&other, "http_connections") > 1)
		(void)poll(NULL, 0, POLL_MS);
	get(&client, "/version", NULL, 200);
}
END_TEST

static int send_from(const char *from, const char *request)
{
	int fd = raw_connect_from(from, service.port);

	ck_assert_int_eq(send(fd, request, strlen(request), 0), strlen(request));
	return fd;
}

static void await_waiting(int64_t count)
{
	while (get_metric(&other, "http_requests_waiting") != count)
		(void)poll(NULL, 0, POLL_MS);
}

START_TEST(half_of_the_long_polls_are_one_address_s_at_most)
{
	static const char wait[] = "GET /events?wait=60 HTTP/1.1\r\nHost: a\r\n\r\n";
	int fds[33];

	start(NULL);
	for (size_t i = 0; i < 32; i++)
		fds[i] = send_from("127.0.0.1", wait);
	await_waiting(32);
	get(&client, "/events?wait=60", NULL, 200); /* at once */
	fds[32] = send_from(OTHER, wait);
	await_waiting(33);
	for (size_t i = 0; i < ARRAY_LEN(fds); i++)
		(void)close(fds[i]);
}
END_TEST

/* Three places: one for each address's command, and one for the worker's, which calls the
 * processor. */
START_TEST(half_of_the_queue_is_one_address_s_at_most)
{
	static const char *const settings[] = {"QUEUE_MAX=3", "PROCESSOR_TIMEOUT=60s", NULL};
	static const char slow[] =
		"POST /pay HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
		"Content-Length: 61\r\n\r\n"
		"{\"order_id\":\"o-1\",\"amount\":1,\"payment_method\":\"pm_timeout\"}  ";

	start(settings);
	int fd = send_from("127.0.0.1", slow);
	await_waiting(1);
	post(&client, "/pay", NULL, "{'order_id':'o-2','amount':1}", 503);
	check_problem(&client, "overloaded");
	ck_assert_pstr_eq(client_header(&client, "Retry-After"), "1");
	post(&other, "/pay", NULL, "{'order_id':'o-3','amount':1}", 200);
	ck_assert_int_eq(get_metric(&other, "queue_share_full_total"), 1);
	ck_assert_int_eq(get_metric(&other, "queue_max_commands"), 3);
	ck_assert_int_eq(get_metric(&other, "queue_full_total"), 0);
	(void)close(fd);
}
END_TEST

START_TEST(who_is_refused_when_the_service_stops_is_answered)
{
	struct buf answer AUTO_BUF;
	int fds[8];

	buf_init(&answer, ANSWER_BYTES_MAX);
	start(one_a_second);
	for (size_t i = 0; i < ARRAY_LEN(fds); i++)
		fds[i] = send_from("127.0.0.1", "GET /version HTTP/1.1\r\nHost: a\r\n\r\n");
	service_wait_log(&service, "\"status\":200");
	service_stop(&service);
	for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
		buf_reset(&answer);
		raw_read_to_end(fds[i], &answer);
		ck_assert_int_eq(strncmp(buf_str(&answer), "HTTP/1.1 ", 9), 0);
		(void)close(fds[i]);
	}
}
END_TEST

static Suite *limits_suite(void)
{
	Suite *suite = suite_create("limits");
	TCase *tcase = tcase_create("limits");

	tcase_set_timeout(tcase, 120);
	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, who_is_too_fast_is_told_when_to_come_again);
	tcase_add_test(tcase, a_request_that_was_refused_had_no_effect);
	tcase_add_test(tcase, another_address_notices_nothing);
	tcase_add_test(tcase, a_refusal_takes_half_a_second);
	tcase_add_test(tcase, health_is_never_limited);
	tcase_add_test(tcase, the_rate_is_judged_after_the_route_and_before_the_rest);
	tcase_add_test(tcase, without_a_rate_nothing_is_counted);
	tcase_add_test(tcase, the_burst_is_a_second_s_requests_where_none_is_set);
	tcase_add_test(tcase, openapi_tells_of_it_wherever_it_holds);
	tcase_add_test(tcase, each_key_has_a_rate_of_its_own_from_wherever_it_comes);
	tcase_add_test(tcase, calls_beyond_a_key_s_scopes_count_for_the_key);
	tcase_add_test(tcase, who_guesses_keys_is_slowed_down_and_keeps_no_key_out);
	tcase_add_test(tcase, half_of_the_connections_are_one_address_s_at_most);
	tcase_add_test(tcase, half_of_the_long_polls_are_one_address_s_at_most);
	tcase_add_test(tcase, half_of_the_queue_is_one_address_s_at_most);
	tcase_add_test(tcase, who_is_refused_when_the_service_stops_is_answered);
	suite_add_tcase(suite, tcase);
	return suite;
}

TEST_MAIN(limits_suite)
