/* test_http.c - requests and answers over real sockets: what is sent reaches the application,
 * answers come in order, limits hold. */
#include "unit/http_fixture.h"
#include "unit/unit.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define FRAMING_FAULTS 4

/* ---- requests and answers ---- */

START_TEST(a_request_reaches_the_application_as_it_was_sent)
{
	server_start_default();
	ck_assert_int_eq(ask("PATCH /a%2Fb/%00?c=%20&d HTTP/1.1\r\nHost: x\r\n"
	                     "A: \t b c \t\r\nContent-Length: 4\r\n\r\nbody"),
	                 200);
	ck_assert_ptr_nonnull(strstr(answer, "\r\n\r\nbody"));
	ck_assert_ptr_nonnull(strstr(answer, "\r\nContent-Type: text/plain\r\n"));
	ck_assert_ptr_nonnull(strstr(answer, "\r\nDate: "));
	server_stop();
	ck_assert_str_eq(app.seen_method, "PATCH");
	ck_assert_str_eq(app.seen_target, "/a%2Fb/%00?c=%20&d");
	ck_assert_str_eq(app.seen_header, "b c");
	check_seen_address("127.0.0.1");
}
END_TEST

START_TEST(a_chunked_body_is_put_together)
{
	server_start_default();
	ck_assert_int_eq(
		ask(POST("/echo", "Transfer-Encoding: chunked\r\n") "3\r\nabc\r\n2;x="
	                                                            "y\r\nde\r\n0\r\nA: b\r\n\r\n"),
		200);
	ck_assert_ptr_nonnull(strstr(answer, "\r\n\r\nabcde"));
	server_stop();
}
END_TEST

START_TEST(requests_on_one_connection_are_answered_in_their_order)
{
	static const int statuses[] = {200, 404, 200, 200, 200};
	int fd;

	server_start_default();
	fd = connect_here();
	client_send_str(fd, GET("/hello") GET("/refuse") GET("/wait") GET("/wait"));
	client_send_str(fd, GET("/echo"));
	for (size_t i = 0; i < ARRAY_LEN(statuses); i++)
		ck_assert_int_eq(client_receive(fd, NULL), statuses[i]);
	(void)close(fd);
	server_stop();
}
END_TEST

START_TEST(head_has_the_headers_of_get_and_no_body)
{
	int fd;

	server_start_default();
	fd = connect_here();
	client_send_str(fd, "HEAD /hello HTTP/1.1\r\nHost: x\r\n\r\n" GET("/refuse"));
	ck_assert_int_eq(client_receive_header(fd, answer), 200);
	ck_assert_ptr_nonnull(strstr(answer, "\r\nContent-Length: 5\r\n"));
	ck_assert_int_eq(client_receive(fd, NULL), 404);
	(void)close(fd);
	server_stop();
}
END_TEST

START_TEST(a_framing_error_closes_the_connection_and_nothing_behind_it_is_read)
{
	int fd;

	server_start_default();
	fd = connect_here();
	client_send_str(
		fd,
		POST("/echo",
	             "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n") "0\r\n\r\n" GET("/hell"
	                                                                                    "o"));
	ck_assert_int_eq(client_receive(fd, answer), 400);
	ck_assert_ptr_nonnull(strstr(answer, "\r\nConnection: close\r\n"));
	ck_assert(client_is_closed(fd));
	(void)close(fd);
	server_stop();
	ck_assert_int_eq(app.heads, 0);
	ck_assert_int_eq(app.problems, 1);
}
END_TEST

START_TEST(framing_is_checked_on_each_request_of_a_connection)
{
	static const struct text requests[FRAMING_FAULTS] = {
		TEXT_LITERAL(GET("/hello") "GET /hello HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n"),
		TEXT_LITERAL(GET("/hello") "GET /hello HTTP/1.1\r\nHost: x\r\nA: b\0c\r\n\r\n"),
		TEXT_LITERAL(GET("/hello") "GET /hello\0 HTTP/1.1\r\nHost: x\r\n\r\n"),
		TEXT_LITERAL(GET("/hello") "GET /hello HTTP/1.1\nHost: x\n\n"),
	};
	int fd;

	server_start_default();
	fd = connect_here();
	client_send(fd, requests[_i]);
	ck_assert_int_eq(client_receive(fd, NULL), 200);
	ck_assert_int_eq(client_receive(fd, NULL), 400);
	ck_assert(client_is_closed(fd));
	(void)close(fd);
	server_stop();
}
END_TEST

/* ---- limits ---- */

/* Sends a header of exactly so many bytes in so many fields. */
static int ask_header(size_t bytes, int fields)
{
	static char request[2 * HTTP_HEADER_BYTES_MAX];
	size_t len =
		(size_t)snprintf(request, sizeof(request), "GET /hello HTTP/1.1\r\nHost: x\r\n");

	for (int i = 2; i < fields; i++)
		len += (size_t)snprintf(request + len, sizeof(request) - len, "X%d:\r\n", i);
	len += (size_t)snprintf(request + len, sizeof(request) - len, "Y: ");
	ck_assert_uint_lt(len, bytes - 4);
	memset(request + len, 'y', bytes - 4 - len);
	(void)snprintf(request + bytes - 4, sizeof(request) - bytes + 4, "\r\n\r\n");
	return ask(request);
}

START_TEST(the_header_has_at_most_16_kib_and_100_fields)
{
	server_start_default();
	ck_assert_int_eq(ask_header(HTTP_HEADER_BYTES_MAX, HTTP_HEADERS_MAX), 200);
	ck_assert_int_eq(ask_header(HTTP_HEADER_BYTES_MAX + 1, HTTP_HEADERS_MAX), 431);
	ck_assert_int_eq(ask_header(HTTP_HEADER_BYTES_MAX, HTTP_HEADERS_MAX + 1), 431);
	ck_assert_int_eq(ask_header(2 * HTTP_HEADER_BYTES_MAX - 10, 2), 431);
	server_stop();
	ck_assert_int_eq(app.heads, 1);
}
END_TEST

START_TEST(a_query_that_would_exhaust_the_memory_of_its_connection_is_refused)
{
	char request[10000];
	int fd;

	(void)snprintf(request, sizeof(request), "GET /?%07000d HTTP/1.1\r\n", 0);
	for (char *at = strchr(request, '0'); at != NULL; at = strchr(at, '0'))
		*at = '&';
	server_start_default();
	fd = connect_here();
	client_send_str(fd, request); /* the header does not end: nothing but the query decides */
	ck_assert_int_eq(client_receive(fd, NULL), 400);
	ck_assert(client_is_closed(fd));
	(void)close(fd);
	server_stop();
}
END_TEST

static const struct {
	const char *rule, *header;
	size_t body_bytes;
	const char *tail;
	int status;
	bool is_kept;
} bodies[] = {
	{"64 KiB are taken", POST("/take", "Content-Length: 65536\r\n"), 65536, "", 200, true},
	{"64 KiB in a chunk are taken", POST("/take", "Transfer-Encoding: chunked\r\n") "10000\r\n",
         65536, "\r\n0\r\n\r\n", 200, true},
	{"a byte more in a chunk is too large",
         POST("/take", "Transfer-Encoding: chunked\r\n") "10001\r\n", 65537, "\r\n0\r\n\r\n", 413,
         true},
	{"a chunk without end is cut",
         POST("/take", "Transfer-Encoding: chunked\r\n") "10000000\r\n", 2 << 20, "", 413, false},
	{"a refused body is read", POST("/refuse", "Content-Length: 70000\r\n"), 70000, "", 404,
         true},
	{"a refused chunked body is read",
         POST("/refuse", "Transfer-Encoding: chunked\r\n") "3\r\n", 3, "\r\n0\r\n\r\n", 404, true},
	{"a huge refused body is not", POST("/refuse", "Content-Length: 2000000\r\n"), 0, "", 404,
         false},
	{"nor one that nobody has sent yet",
         POST("/refuse", "Content-Length: 3\r\nExpect: 100-continue\r\n"), 0, "", 404, false},
};

START_TEST(a_body_is_taken_thrown_away_or_left)
{
	int fd;

	server_start_default();
	fd = connect_here();
	client_send_str(fd, bodies[_i].header);
	client_send_zeros(fd, bodies[_i].body_bytes);
	client_send_str(fd, bodies[_i].tail);
	int status = client_receive_header(fd, answer);
	ck_assert_msg(status == bodies[_i].status, "%s: %d", bodies[_i].rule, status);
	bool is_kept = strstr(answer, "Connection: close") == NULL;
	ck_assert_msg(is_kept == bodies[_i].is_kept, "%s", bodies[_i].rule);
	(void)close(fd);
	server_stop();
}
END_TEST

START_TEST(a_client_is_told_to_continue)
{
	int fd;

	server_start_default();
	fd = connect_here();
	client_send_str(fd, POST("/echo", "Content-Length: 3\r\nExpect: 100-continue\r\n"));
	ck_assert_int_eq(client_receive_header(fd, NULL), 100);
	client_send_str(fd, "abc" GET("/hello"));
	ck_assert_int_eq(client_receive(fd, NULL), 200);
	ck_assert_int_eq(client_receive(fd, NULL), 200);
	(void)close(fd);
	server_stop();
}
END_TEST

START_TEST(connections_beyond_the_limit_are_served_when_others_close)
{
	struct http_options options = options_default();
	int first, second;

	options.connections_max = 1;
	server_start(&options);
	first = connect_here();
	client_send_str(first, GET("/hello"));
	ck_assert_int_eq(client_receive(first, NULL), 200);
	second = connect_here();
	client_send_str(second, GET("/hello"));
	(void)close(first);
	ck_assert_int_eq(client_receive(second, NULL), 200);
	(void)close(second);
	server_stop();
}
END_TEST

START_TEST(half_of_the_connections_are_one_address_s_at_most)
{
	struct http_options options = options_default();
	int first;

	options.connections_max = 2;
	options.connections_per_address_max = 0;
	server_start(&options);
	ck_assert_int_eq(http_stats(app.http)->connections_per_address_max, 1);
	first = connect_here();
	client_send_str(first, GET("/hello"));
	ck_assert_int_eq(client_receive(first, NULL), 200);
	ck_assert(client_is_closed(connect_here()));
	ck_assert_int_eq(http_stats(app.http)->connections_refused_total, 1);
	(void)close(first);
	server_stop();
}
END_TEST

START_TEST(connections_of_one_address_are_limited)
{
	struct http_options options = options_default();
	int first, second;

	options.connections_per_address_max = 1;
	server_start(&options);
	first = connect_here();
	client_send_str(first, GET("/hello"));
	ck_assert_int_eq(client_receive(first, NULL), 200);
	second = connect_here();
	ck_assert(client_is_closed(second));
	client_send_str(first, GET("/hello"));
	ck_assert_int_eq(client_receive(first, NULL), 200);
	(void)close(first);
	(void)close(second);
	server_stop();
}
END_TEST

static Suite *http_suite(void)
{
	Suite *suite = suite_create("http");
	TCase *tcase = tcase_create("http");

	tcase_set_timeout(tcase, 3 * CLIENT_WAIT_S);
	tcase_add_test(tcase, a_request_reaches_the_application_as_it_was_sent);
	tcase_add_test(tcase, a_chunked_body_is_put_together);
	tcase_add_test(tcase, requests_on_one_connection_are_answered_in_their_order);
	tcase_add_test(tcase, head_has_the_headers_of_get_and_no_body);
	tcase_add_test(tcase, a_framing_error_closes_the_connection_and_nothing_behind_it_is_read);
	tcase_add_loop_test(tcase, framing_is_checked_on_each_request_of_a_connection, 0,
	                    FRAMING_FAULTS);
	tcase_add_test(tcase, the_header_has_at_most_16_kib_and_100_fields);
	tcase_add_test(tcase, a_query_that_would_exhaust_the_memory_of_its_connection_is_refused);
	tcase_add_loop_test(tcase, a_body_is_taken_thrown_away_or_left, 0, (int)ARRAY_LEN(bodies));
	tcase_add_test(tcase, a_client_is_told_to_continue);
	tcase_add_test(tcase, connections_beyond_the_limit_are_served_when_others_close);
	tcase_add_test(tcase, connections_of_one_address_are_limited);
	tcase_add_test(tcase, half_of_the_connections_are_one_address_s_at_most);
	suite_add_tcase(suite, tcase);
	return suite;
}

TEST_MAIN(http_suite)
