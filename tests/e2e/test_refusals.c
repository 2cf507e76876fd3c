/* test_refusals.c - a request that is refused before all of it was read is answered, logged and
 * counted like any other. */
#include "e2e/client.h"
#include "e2e/harness.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BODY_BYTES (2 * 1024 * 1024)
#define REQUEST_BYTES_MAX (BODY_BYTES + 4096)
#define FIVE "&a&a&a&a&a"

static const struct {
	const char *name, *header;
	size_t body_bytes;
	int status;
	const char *request_id; /* NULL: the client's own was not read yet */
	const char *counted;
} rows[] = {
	{"parameters without end", "GET /payments?a" FIVE FIVE FIVE FIVE FIVE FIVE FIVE, 0, 400,
         NULL, "http_requests_total{method=\"\",route=\"\",status=\"400\"} 1\n"},
	{"a chunk without end",
         "POST /pay HTTP/1.1\r\nHost: x\r\nX-Request-Id: given-1\r\nTransfer-Encoding: chunked\r\n"
         "Content-Type: application/json\r\n\r\n10000000\r\n",
         BODY_BYTES, 413, "given-1",
         "http_requests_total{method=\"POST\",route=\"/pay\",status=\"413\"} 1\n"},
	{"an unwanted chunk without end",
         "POST /nowhere HTTP/1.1\r\nHost: x\r\nX-Request-Id: given-2\r\n"
         "Transfer-Encoding: chunked\r\n\r\n10000000\r\n",
         BODY_BYTES, 413, "given-2",
         "http_requests_total{method=\"\",route=\"\",status=\"413\"} 1\n"},
};

/* Sends as much of the request as is taken; the answer. */
static void send_row(int port, int row, struct buf *answer)
{
	struct buf request AUTO_BUF;
	size_t sent = 0;
	ssize_t count = 1;
	int fd = raw_connect(port);

	buf_init(&request, REQUEST_BYTES_MAX);
	buf_add_str(&request, rows[row].header);
	if (rows[row].body_bytes == 0)
		buf_add_str(&request, " HTTP/1.1\r\n");
	for (size_t i = 0; i < rows[row].body_bytes; i++)
		buf_add_char(&request, ' ');
	for (; sent < request.len && count > 0; sent += (size_t)count)
		count = send(fd, request.data + sent, request.len - sent, MSG_NOSIGNAL);
	raw_read_to_end(fd, answer);
	(void)close(fd);
}

/* The id in header and body of the answer. */
static void check_answer(int row, const struct buf *answer, char id[128])
{
	char first[32];

	const char *header = strstr(buf_str(answer), "\r\nX-Request-Id: ");
	ck_assert_msg(header != NULL, "%s: %s", rows[row].name, buf_str(answer));
	(void)snprintf(first, sizeof(first), "HTTP/1.1 %d ", rows[row].status);
	ck_assert_int_eq(strncmp(buf_str(answer), first, strlen(first)), 0);
	ck_assert_int_eq(sscanf(header, "\r\nX-Request-Id: %127[!-~]", id), 1);
	if (rows[row].request_id != NULL)
		ck_assert_str_eq(id, rows[row].request_id);
	cJSON *json = cJSON_Parse(strstr(buf_str(answer), "\r\n\r\n") + 4);
	const cJSON *member = cJSON_GetObjectItemCaseSensitive(json, "request_id");
	ck_assert_str_eq(cJSON_GetStringValue(member), id);
	cJSON_Delete(json);
}

START_TEST(what_is_refused_in_the_middle_is_answered_logged_and_counted)
{
	struct service service;
	struct client client;
	char id[128], logged[256];
	struct buf answer AUTO_BUF;

	buf_init(&answer, 16384);
	service_init(&service, "payment-service");
	service_start(&service, NULL);
	send_row(service.port, _i, &answer);
	check_answer(_i, &answer, id);
	(void)snprintf(logged, sizeof(logged), "\"request_id\":\"%s\"", id);
	service_wait_log(&service, logged);
	client_open(&client, service.port);
	ck_assert_int_eq(client_send(&client, "GET", "/metrics", NULL, NULL), 200);
	ck_assert_msg(strstr(buf_str(&client.body), rows[_i].counted) != NULL, "%s: not counted",
	              rows[_i].name);
	client_close(&client);
	service_release(&service);
}
END_TEST

static Suite *refusals_suite(void)
{
	Suite *suite = suite_create("refusals");
	TCase *tcase = tcase_create("middle");

	tcase_set_timeout(tcase, 120);
	tcase_add_loop_test(tcase, what_is_refused_in_the_middle_is_answered_logged_and_counted, 0,
	                    (int)ARRAY_LEN(rows));
	suite_add_tcase(suite, tcase);
	return suite;
}

TEST_MAIN(refusals_suite)
