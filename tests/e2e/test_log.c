/* test_log.c - the log of a daemon that was sent good, bad and hostile requests: each line one JSON
 * object, each request told, nothing told that must stay unsaid. */
#include "e2e/answers.h"
#include "e2e/harness.h"
#include "e2e/run.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BYTES_MAX (16 * 1024 * 1024)
#define TRACE_ID "4bf92f3577b34da6a3ce929d0e0e4736"
#define TRACE "00-" TRACE_ID "-00f067aa0ba902b7-01"
#define TRACEPARENT "traceparent: " TRACE

static struct service service;
static struct client client;
static struct buf log_text;

static void set_up(void)
{
	service_init(&service, "payment-service");
	service_start(&service, NULL);
	client_open(&client, service.port);
	buf_init(&log_text, BYTES_MAX);
}

static void tear_down(void)
{
	client_close(&client);
	service_release(&service);
	buf_release(&log_text);
}

static void stop_and_read(void)
{
	service_stop(&service);
	read_file(service.log_path, &log_text);
}

static const cJSON *member(const cJSON *line, const char *name)
{
	const cJSON *found = cJSON_GetObjectItemCaseSensitive(line, name);

	ck_assert_msg(found != NULL, "no %s in a line", name);
	return found;
}

static const char *text_member(const cJSON *line, const char *name)
{
	const char *text = cJSON_GetStringValue(member(line, name));

	ck_assert_msg(text != NULL, "%s is no text", name);
	return text;
}

/* Calls each for every line, which must be one JSON object that says when, how grave, who and what.
 */
static size_t each_line(void (*each)(const cJSON *line))
{
	size_t count = 0;

	for (const char *at = buf_str(&log_text), *end; *at != '\0'; at = end + 1) {
		end = strchr(at, '\n');
		ck_assert_ptr_nonnull(end);
		for (const char *byte = at; byte < end; byte++)
			ck_assert_msg((unsigned char)*byte >= ' ' && *byte != 0x7f,
			              "a control byte in %.*s", (int)(end - at), at);
		const char *parsed_end;
		cJSON *line = cJSON_ParseWithLengthOpts(at, (size_t)(end - at), &parsed_end, false);
		ck_assert_msg(cJSON_IsObject(line) && parsed_end == end, "no object: %.*s",
		              (int)(end - at), at);
		ck_assert_int_eq(strlen(text_member(line, "time")),
		                 strlen("2026-11-23T04:30:00.123Z"));
		ck_assert_str_eq(text_member(line, "service"), "payment-service");
		ck_assert_ptr_nonnull(strstr("debug info warn error", text_member(line, "level")));
		(void)text_member(line, "event");
		each(line);
		cJSON_Delete(line);
		count++;
	}
	return count;
}

static void ignore(const cJSON *line)
{
	(void)line;
}

/* ---- request lines ---- */

static const struct {
	const char *method, *path, *body;
	int status;
	const char *route; /* the pattern, so that it can be counted; "": none */
} requests[] = {
	{"POST", "/pay", "{\"order_id\":\"l-1\",\"amount\":1}", 200, "/pay"},
	{"POST", "/pay", "{\"order_id\":\"l-1\",\"amount\":2}", 409, "/pay"},
	{"POST", "/pay", "{", 400, "/pay"},
	{"GET", "/payments?order_id=l-1", NULL, 200, "/payments"},
	{"GET", "/payments/pay_01M83MMR0KFTJGR0N1C71Q74K9", NULL, 404, "/payments/{payment_id}"},
	{"HEAD", "/healthz", NULL, 200, "/healthz"},
	{"DELETE", "/pay", NULL, 405, ""},
	{"GET", "/nowhere?secret=1", NULL, 404, ""},
};

static size_t requests_seen;

static void check_request(const cJSON *line)
{
	if (strcmp(text_member(line, "event"), "request") != 0)
		return;
	ck_assert_uint_lt(requests_seen, ARRAY_LEN(requests));
	char id[16];
	(void)snprintf(id, sizeof(id), "id-%zu", requests_seen);
	ck_assert_str_eq(text_member(line, "request_id"), id);
	ck_assert_str_eq(text_member(line, "traceparent"), TRACE);
	ck_assert_str_eq(text_member(line, "trace_id"), TRACE_ID);
	ck_assert_str_eq(text_member(line, "method"), requests[requests_seen].method);
	ck_assert_str_eq(text_member(line, "route"), requests[requests_seen].route);
	ck_assert_int_eq(member(line, "status")->valueint, requests[requests_seen].status);
	ck_assert_int_gt(member(line, "duration_us")->valueint, 0);
	ck_assert_int_gt(member(line, "bytes")->valueint, 0);
	ck_assert_str_eq(text_member(line, "address"), "127.0.0.1");
	requests_seen++;
}

START_TEST(each_request_is_told_in_one_line)
{
	for (size_t i = 0; i < ARRAY_LEN(requests); i++) {
		char id[32];
		const char *headers[] = {id, TRACEPARENT, NULL};

		(void)snprintf(id, sizeof(id), "X-Request-Id: id-%zu", i);
		ck_assert_int_eq(client_send(&client, requests[i].method, requests[i].path, headers,
		                             requests[i].body),
		                 requests[i].status);
	}
	stop_and_read();
	/* no_authentication, listening, the requests, stopping, stopped */
	ck_assert_uint_eq(each_line(check_request), ARRAY_LEN(requests) + 4);
	ck_assert_uint_eq(requests_seen, ARRAY_LEN(requests));
}
END_TEST

static const char *const bad_traceparents[] = {
	"traceparent: 00-" TRACE_ID "-00f067aa0ba902b7",
	"traceparent: ff-" TRACE_ID "-00f067aa0ba902b7-01",
	"traceparent: 00-00000000000000000000000000000000-00f067aa0ba902b7-01",
	"traceparent: 00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
	"traceparent: nonsense",
};

START_TEST(a_malformed_traceparent_is_ignored)
{
	for (size_t i = 0; i < ARRAY_LEN(bad_traceparents); i++)
		get(&client, "/healthz", bad_traceparents[i], 200);
	stop_and_read();
	(void)each_line(ignore);
	ck_assert_ptr_null(strstr(buf_str(&log_text), TRACE_ID));
	ck_assert_ptr_null(strstr(buf_str(&log_text), "nonsense"));
	ck_assert_ptr_nonnull(strstr(buf_str(&log_text), "\"traceparent\":null,\"trace_id\":null"));
}
END_TEST

/* ---- what stays unsaid ---- */

START_TEST(no_body_key_query_or_card_number_is_told)
{
	static const char *const unsaid[] = {"l-secret",  "the-key",   "the description",
	                                     "the value", "the-query", "4111111111111111",
	                                     "the-token", "77.25"};
	static const char *const headers[] = {"Idempotency-Key: the-key",
	                                      "Authorization: Bearer the-token", NULL};
	static const char body[] =
		"{\"order_id\":\"l-secret\",\"amount\":77.25,"
		"\"description\":\"the description\",\"metadata\":{\"k\":\"the value\"}}";

	ck_assert_int_eq(client_send(&client, "POST", "/pay", headers, body), 200);
	ck_assert_int_eq(client_send(&client, "POST", "/pay", headers, body), 200);
	ck_assert_int_eq(client_send(&client, "POST", "/pay", headers, body + 1), 400);
	post(&client, "/pay", headers[0],
	     "{'order_id':'l-secret','amount':1,'payment_method':'4111111111111111'}", 422);
	get(&client, "/payments?order_id=l-secret", NULL, 200);
	get(&client, "/payments?after=the-query", NULL, 400);
	get(&client, "/4111111111111111?card=4111111111111111", NULL, 404);
	get(&client, "/payments/4111111111111111", NULL, 404);
	stop_and_read();
	(void)each_line(ignore);
	for (size_t i = 0; i < ARRAY_LEN(unsaid); i++)
		ck_assert_msg(strstr(buf_str(&log_text), unsaid[i]) == NULL, "%s is in the log",
		              unsaid[i]);
}
END_TEST

/* ---- hostile bytes ---- */

static const char *const hostile[] = {
	"GET /\x01\x1b[2J HTTP/1.1\r\nHost: x\r\n",
	"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Request-Id: a\x1b[2Jb\r\n",
	"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Request-Id: \"},{\"event\":\"forged\r\n",
	"GET /healthz HTTP/1.1\r\nHost: x\r\ntraceparent: \x7f\"\\\r\n",
	"GE\x1bT /healthz HTTP/1.1\r\nHost: x\r\n",
	"{\"event\":\"forged\"} / HTTP/1.1\r\nHost: x\r\n",
	"BREW\"}\\ /healthz HTTP/1.1\r\nHost: x\r\n",
	"GET /\xff\xfe%0a%0d HTTP/1.1\r\nHost: x\r\n",
	"GET /healthz HTTP/1.1\r\nHost: \xc3\x28\r\n",
};

START_TEST(hostile_bytes_do_not_break_a_line)
{
	struct buf answer AUTO_BUF;

	buf_init(&answer, BYTES_MAX);
	for (size_t i = 0; i < ARRAY_LEN(hostile); i++) {
		static const char rest[] = "Connection: close\r\n\r\n";
		int fd = raw_connect(service.port);
		(void)send(fd, hostile[i], strlen(hostile[i]), MSG_NOSIGNAL);
		(void)send(fd, rest, strlen(rest), MSG_NOSIGNAL);
		raw_read_to_end(fd, &answer);
		(void)close(fd);
	}
	stop_and_read();
	ck_assert_uint_ge(each_line(ignore), 4);
	ck_assert_ptr_null(strstr(buf_str(&log_text), "\"event\":\"forged\""));
}
END_TEST

static Suite *log_suite(void)
{
	Suite *suite = suite_create("log");
	TCase *tcase = tcase_create("log");

	tcase_set_timeout(tcase, 60);
	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, each_request_is_told_in_one_line);
	tcase_add_test(tcase, a_malformed_traceparent_is_ignored);
	tcase_add_test(tcase, no_body_key_query_or_card_number_is_told);
	tcase_add_test(tcase, hostile_bytes_do_not_break_a_line);
	suite_add_tcase(suite, tcase);
	return suite;
}

TEST_MAIN(log_suite)
