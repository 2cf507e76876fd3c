/* test_errors.c - how requests are refused: the form of every problem, the order of the checks, the
 * pages that explain them, and the headers of every answer. */
#include "base/error.h"
#include "e2e/pair.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#define REQUEST_SIZE (128 * 1024)
#define PATH_SIZE 256

/* ---- raw requests ---- */

#define JSON_TYPE "Content-Type: application/json\r\n"
#define PAY "POST /pay HTTP/1.1\r\nHost: x\r\n"
#define BODY_2 "Content-Length: 2\r\n\r\n{}"

/* Most would fail a later check as well: the first that fails answers. */
static const struct {
	const char *name, *request; /* "Connection: close" is put behind its first line */
	int status;
	const char *slug;
} refused[] = {
	{"two lengths", PAY "Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}", 400,
         "malformed-request"},
	{"no host", "GET /healthz HTTP/1.1\r\n\r\n", 400, "malformed-request"},
	{"an unknown coding", PAY "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501,
         "not-implemented"},
	{"HTTP/1.2", "GET /healthz HTTP/1.2\r\nHost: x\r\n\r\n", 505, "http-version-not-supported"},
	{"no route, before Accept", "GET /nowhere HTTP/1.1\r\nHost: x\r\nAccept: text/html\r\n\r\n",
         404, "not-found"},
	{"no method, before Accept", "GET /pay HTTP/1.1\r\nHost: x\r\nAccept: text/html\r\n\r\n",
         405, "method-not-allowed"},
	{"Accept, before Expect", PAY "Accept: text/html\r\nExpect: magic\r\n\r\n", 406,
         "not-acceptable"},
	{"Expect, before a length", PAY "Expect: magic\r\n\r\n", 417, "expectation-failed"},
	{"no length, before a type", PAY "Content-Type: text/plain\r\n\r\n", 411,
         "length-required"},
	{"too long, before a type",
         PAY "Content-Type: text/plain\r\nContent-Length: 2000000\r\n\r\n", 413,
         "content-too-large"},
	{"a type, before a key", PAY "Content-Type: text/plain\r\nIdempotency-Key: \"\r\n" BODY_2,
         415, "unsupported-media-type"},
	{"no type", PAY BODY_2, 415, "unsupported-media-type"},
	{"a key, before JSON", PAY JSON_TYPE "Idempotency-Key: \"\r\nContent-Length: 1\r\n\r\n{",
         400, "invalid-idempotency-key"},
	{"JSON, before its fields",
         PAY JSON_TYPE "Content-Length: 18\r\n\r\n{\"amount\":0,\"x\":1,", 400, "malformed-json"},
	{"an empty body", PAY JSON_TYPE "Content-Length: 0\r\n\r\n", 400, "malformed-json"},
	{"no object", PAY JSON_TYPE "Content-Length: 2\r\n\r\n[]", 422, "invalid-request"},
	{"fields", PAY JSON_TYPE BODY_2, 422, "invalid-request"},
};

/* Sends a request on a connection of its own; the body of the answer as JSON. */
static cJSON *send_raw(const struct service *service, const char *request, size_t count,
                       int *ret_status, struct buf *answer)
{
	int fd = raw_connect(service->port);

	/* The answer may come, and the connection be closed, before all is sent. */
	for (ssize_t sent; count > 0; request += sent, count -= (size_t)sent)
		if ((sent = send(fd, request, count, MSG_NOSIGNAL)) <= 0)
			break;
	raw_read_to_end(fd, answer);
	(void)close(fd);
	const char *body = strstr(buf_str(answer), "\r\n\r\n");
	ck_assert_msg(body != NULL, "no answer");
	ck_assert_int_eq(strncmp(buf_str(answer), "HTTP/1.1 ", 9), 0);
	*ret_status = (int)strtol(buf_str(answer) + 9, NULL, 10);
	return cJSON_Parse(body + 4);
}

static void check_refused(const char *name, const char *request, size_t count, int status,
                          const char *slug)
{
	static const char *const headers[] = {
		"Content-Type: application/problem+json\r\n", "Cache-Control: no-store\r\n",
		"X-Content-Type-Options: nosniff\r\n", "X-Request-Id: req_"};
	struct buf answer AUTO_BUF;
	int found;

	buf_init(&answer, REQUEST_SIZE);
	cJSON *json = send_raw(&payment_service, request, count, &found, &answer);
	ck_assert_msg(found == status, "%s: %s", name, buf_str(&answer));
	check_problem_form(json, status, slug);
	cJSON_Delete(json);
	for (size_t i = 0; i < ARRAY_LEN(headers); i++)
		ck_assert_msg(strstr(buf_str(&answer), headers[i]) != NULL, "%s: no %s", name,
		              headers[i]);
}

START_TEST(the_first_check_that_fails_answers_with_a_problem)
{
	const char *rest = strstr(refused[_i].request, "\r\n") + 2;
	static char request[REQUEST_SIZE];

	(void)snprintf(request, sizeof(request), "%.*sConnection: close\r\n%s",
	               (int)(rest - refused[_i].request), refused[_i].request, rest);
	check_refused(refused[_i].name, request, strlen(request), refused[_i].status,
	              refused[_i].slug);
}
END_TEST

START_TEST(what_is_too_long_is_refused)
{
	static char request[REQUEST_SIZE];
	int count =
		snprintf(request, sizeof(request), "GET /%08000d HTTP/1.1\r\nHost: x\r\n\r\n", 0);

	check_refused("a target", request, (size_t)count, 414, "uri-too-long");
	count = snprintf(request, sizeof(request),
	                 "GET /healthz HTTP/1.1\r\nHost: x\r\nX: %016384d\r\n\r\n", 0);
	check_refused("a header", request, (size_t)count, 431, "header-too-large");
	count = snprintf(request, sizeof(request),
	                 PAY JSON_TYPE "Connection: close\r\nContent-Length: 65537\r\n\r\n%065537d",
	                 0);
	check_refused("a body", request, (size_t)count, 413, "content-too-large");
	count = snprintf(request, sizeof(request),
	                 PAY JSON_TYPE "Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
	                               "10001\r\n%065537d\r\n0\r\n\r\n",
	                 0);
	check_refused("a chunked body", request, (size_t)count, 413, "content-too-large");
}
END_TEST

/* ---- routes ---- */

static const struct {
	const char *method, *path;
	int status;
	const char *allow; /* of 405 */
} routes[] = {
	{"GET", "/", 404, NULL},
	{"GET", "//payments", 404, NULL},
	{"GET", "/payments/", 404, NULL},
	{"GET", "/PAYMENTS", 404, NULL},
	{"GET", "/payments/pay_1", 404, NULL},
	{"GET", "/payments/pay_01M83MMR0KFTJGR0N1C71Q74K9", 404, NULL},
	{"GET", "/payments/pay_01M83MMR0KFTJGR0N1C71Q74K9/more", 404, NULL},
	{"GET", "/problems/no-such-problem", 404, NULL},
	{"GET", "/orders", 404, NULL}, /* the other service's */
	{"GET", "/pay", 405, "POST"},
	{"HEAD", "/pay", 405, "POST"},
	{"PUT", "/pay", 405, "POST"},
	{"DELETE", "/payments", 405, "GET, HEAD"},
	{"PATCH", "/payments/pay_01M83MMR0KFTJGR0N1C71Q74K9", 405, "GET, HEAD"},
	{"OPTIONS", "/events", 405, "GET, HEAD"},
};

START_TEST(what_is_not_in_the_table_is_404_or_405)
{
	int status = client_send(&pay, routes[_i].method, routes[_i].path, NULL, NULL);

	ck_assert_msg(status == routes[_i].status, "%d", status);
	if (routes[_i].allow != NULL)
		ck_assert_str_eq(client_header(&pay, "Allow"), routes[_i].allow);
	if (strcmp(routes[_i].method, "HEAD") != 0)
		check_problem(&pay, status == 404 ? "not-found" : "method-not-allowed");
}
END_TEST

static const struct {
	const char *path;
	int status;
} ids[] = {
	{"/orders/a.b:c_d-e", 200},   {"/orders/a%2Eb%3ac%5Fd%2de", 200},
	{"/orders/%61.b:c_d-e", 200}, {"/orders/.", 404},
	{"/orders/..", 404},          {"/orders/%2E%2E", 404},
	{"/orders/a%2Fb", 404},       {"/orders/a%00", 404},
	{"/orders/a%20b", 404},       {"/orders/%25%36%31", 404},
	{"/orders/a%C3%A9", 404},     {"/orders/", 404},
	{"/orders/a%", 400},          {"/orders/a%2", 400},
	{"/orders/a%zz", 400},
};

START_TEST(an_id_in_a_path_may_be_percent_encoded)
{
	char request[PATH_SIZE];
	struct buf answer AUTO_BUF;
	int status;

	buf_init(&answer, REQUEST_SIZE);
	post(&order, "/order", NULL, "{'order_id':'a.b:c_d-e'}", 200);
	/* Not by libcurl, which tidies up dots. */
	(void)snprintf(request, sizeof(request),
	               "GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", ids[_i].path);
	cJSON *json = send_raw(&order_service, request, strlen(request), &status, &answer);
	ck_assert_msg(status == ids[_i].status, "%s: %s", ids[_i].path, buf_str(&answer));
	cJSON_Delete(json);
}
END_TEST

/* ---- pages ---- */

START_TEST(every_problem_has_a_page)
{
	const struct error_row *row = error_row((enum error)_i);
	char path[PATH_SIZE];

	(void)snprintf(path, sizeof(path), "/problems/%s", row->slug);
	get(&pay, path, NULL, 200);
	ck_assert_str_eq(client_header(&pay, "Content-Type"), "text/html; charset=utf-8");
	check_holds(&pay, "<!doctype html>");
	ck_assert_ptr_nonnull(strstr(buf_str(&pay.body), row->title));
	ck_assert_ptr_nonnull(strstr(buf_str(&pay.body), row->detail));
	ck_assert_ptr_nonnull(strstr(buf_str(&pay.body), path));
	get(&order, path, "Accept: text/html", 200);
}
END_TEST

static const char *const heads[] = {
	"/healthz",  "/readyz",           "/version",        "/openapi.json", "/problems/not-found",
	"/payments", "/payments?limit=0", "/payments/pay_1", "/events",       "/nowhere",
};

START_TEST(head_is_get_without_its_body)
{
	static const char *const names[] = {"Content-Type", "Content-Length", "Cache-Control"};
	char of_get[ARRAY_LEN(names)][64];

	int status = client_send(&pay, "GET", heads[_i], NULL, NULL);
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		(void)snprintf(of_get[i], sizeof(of_get[i]), "%s", client_header(&pay, names[i]));
	ck_assert_int_eq(client_send(&pay, "HEAD", heads[_i], NULL, NULL), status);
	ck_assert_str_eq(buf_str(&pay.body), "");
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		ck_assert_str_eq(client_header(&pay, names[i]), of_get[i]);
}
END_TEST

/* ---- X-Request-Id ---- */

static const struct {
	const char *value;
	bool is_taken;
} request_ids[] = {
	{"a", true},
	{"8e03978e-40d5-43e8-bc93-6894a57f9324", true},
	{"A.b_c:d/e+f=g@h-1", true},
	{"two ids", false},
	{"<script>", false},
	{"caf\xC3\xA9", false},
	{"a\"b", false},
	{"a,b", false},
};

START_TEST(a_request_id_is_echoed_or_made)
{
	char header[PATH_SIZE];

	(void)snprintf(header, sizeof(header), "X-Request-Id: %s", request_ids[_i].value);
	get(&pay, "/nowhere", header, 404);
	check_problem(&pay, "not-found"); /* its request_id is the header's */
	if (request_ids[_i].is_taken)
		ck_assert_str_eq(client_header(&pay, "X-Request-Id"), request_ids[_i].value);
	else
		ck_assert_int_eq(strncmp(client_header(&pay, "X-Request-Id"), "req_", 4), 0);
}
END_TEST

START_TEST(a_request_id_has_at_most_128_characters)
{
	char header[PATH_SIZE];

	(void)snprintf(header, sizeof(header), "X-Request-Id: %0128d", 0);
	get(&pay, "/healthz", header, 200);
	ck_assert_uint_eq(strlen(client_header(&pay, "X-Request-Id")), 128);
	(void)snprintf(header, sizeof(header), "X-Request-Id: %0129d", 0);
	get(&pay, "/healthz", header, 200);
	ck_assert_int_eq(strncmp(client_header(&pay, "X-Request-Id"), "req_", 4), 0);
}
END_TEST

static Suite *errors_suite(void)
{
	Suite *suite = suite_create("errors");
	TCase *tcase = tcase_create("errors");

	tcase_set_timeout(tcase, 120);
	tcase_add_unchecked_fixture(tcase, pair_start, pair_stop);
	tcase_add_loop_test(tcase, the_first_check_that_fails_answers_with_a_problem, 0,
	                    ARRAY_LEN(refused));
	tcase_add_test(tcase, what_is_too_long_is_refused);
	tcase_add_loop_test(tcase, what_is_not_in_the_table_is_404_or_405, 0, ARRAY_LEN(routes));
	tcase_add_loop_test(tcase, an_id_in_a_path_may_be_percent_encoded, 0, ARRAY_LEN(ids));
	tcase_add_loop_test(tcase, every_problem_has_a_page, ERR_NONE + 1, ERROR_COUNT);
	tcase_add_loop_test(tcase, head_is_get_without_its_body, 0, ARRAY_LEN(heads));
	tcase_add_loop_test(tcase, a_request_id_is_echoed_or_made, 0, ARRAY_LEN(request_ids));
	tcase_add_test(tcase, a_request_id_has_at_most_128_characters);
	suite_add_tcase(suite, tcase);
	return suite;
}

TEST_MAIN(errors_suite)
