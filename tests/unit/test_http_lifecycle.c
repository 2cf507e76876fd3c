/* test_http_lifecycle.c - over real sockets: deadlines end slow requests and nothing else, whatever
 * waits is resumed, and the server starts and stops without losing anyone. */
#include "unit/http_fixture.h"
#include "unit/unit.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SHORT_TIMEOUT_US (200 * US_PER_MS)

/* ---- deadlines ---- */

/* Ends when at least one deadline has passed since the call: a clock without sleeping. */
static void let_a_deadline_pass(void)
{
	ck_assert_int_eq(ask("GET /hello HTTP/1.1\r\n"), 408);
}

static void server_start_impatient(void)
{
	struct http_options options = options_default();

	options.request_timeout_us = SHORT_TIMEOUT_US;
	server_start(&options);
}

static const struct {
	const char *rule, *begin;
	bool dribbles;
	int status;
} slow[] = {
	{"a header that stops", "GET /hello HTTP/1.1\r\nHost: x\r\nA: ", false, 408},
	{"a header byte by byte", "GET /hello HTTP/1.1\r\nHost: x\r\nA: ", true, 408},
	{"a body that stops", POST("/echo", "Content-Length: 60000\r\n") "a", false, 408},
	{"a body byte by byte", POST("/echo", "Content-Length: 60000\r\n"), true, 408},
	{"an unwanted body byte by byte", POST("/refuse", "Content-Length: 60000\r\n"), true, 408},
	{"chunks byte by byte", POST("/echo", "Transfer-Encoding: chunked\r\n") "fffff\r\n", true,
         408},
	{"a request line byte by byte", "GET /", true, 0},
	{"the same after another request", GET("/hello") "GET /", true, 0},
};

START_TEST(a_slow_request_is_ended_by_its_deadline)
{
	int fd;

	server_start_impatient();
	fd = connect_here();
	client_send_str(fd, slow[_i].begin);
	if (strncmp(slow[_i].begin, GET("/hello"), strlen(GET("/hello"))) == 0)
		ck_assert_int_eq(client_receive(fd, NULL), 200);
	if (slow[_i].dribbles)
		client_dribble(fd);
	int status = client_receive(fd, answer);
	ck_assert_msg(status == slow[_i].status, "%s: %d", slow[_i].rule, status);
	ck_assert(status == 0 || strstr(answer, "\r\n\r\nproblem") != NULL);
	ck_assert_msg(client_is_closed(fd), "%s", slow[_i].rule);
	ck_assert_int_eq(atomic_load(&http_stats(app.http)->request_timeouts_total), 1);
	(void)close(fd);
	server_stop();
}
END_TEST

static const struct {
	const char *rule, *header;
	size_t body_bytes;
	const char *tail;
} early[] = {
	{"the body is read", POST("/refuse-early", "Content-Length: 70000\r\n"), 70000, ""},
	{"so are chunks", POST("/refuse-early", "Transfer-Encoding: chunked\r\n"), 0,
         "3\r\nabc\r\n0\r\n\r\n"},
	{"what does not come is not awaited for longer than a request",
         POST("/refuse-early", "Content-Length: 3\r\n"), 0, ""},
	{"nor what comes byte by byte", POST("/refuse-early", "Content-Length: 3\r\n"), 1, ""},
};

/* A reset instead of an end would lose the answer of a client that still sends. */
START_TEST(an_early_answer_comes_before_the_body_and_the_end_after_it)
{
	char byte;
	int fd;

	server_start_impatient();
	fd = connect_here();
	client_send_str(fd, early[_i].header);
	ck_assert_msg(client_receive(fd, answer) == 404, "%s", early[_i].rule);
	ck_assert_ptr_nonnull(strstr(answer, "Connection: close"));
	client_send_zeros(fd, early[_i].body_bytes);
	client_send_str(fd, early[_i].tail);
	while (atomic_load(&http_stats(app.http)->connections) > 0)
		(void)poll(NULL, 0, 1);
	ck_assert_msg(recv(fd, &byte, 1, 0) == 0, "%s", early[_i].rule);
	(void)close(fd);
	server_stop();
	ck_assert_int_eq(app.problems, 0);
	ck_assert_int_eq(app.bodies, 0);
}
END_TEST

START_TEST(an_early_answer_s_body_without_end_is_cut)
{
	int fd;

	server_start_default();
	fd = connect_here();
	client_send_str(fd, POST("/refuse-early", "Transfer-Encoding: chunked\r\n") "10000000\r\n");
	ck_assert_int_eq(client_receive(fd, NULL), 404);
	client_send_zeros(fd, 2 * HTTP_DISCARD_BYTES_MAX);
	while (atomic_load(&http_stats(app.http)->connections) > 0)
		(void)poll(NULL, 0, 1);
	(void)close(fd);
	server_stop();
	ck_assert_int_eq(app.problems, 0);
}
END_TEST

START_TEST(an_answer_that_nobody_takes_is_cut)
{
	struct http_options options = options_default();
	const struct http_stats *stats;
	int fd;

	options.request_timeout_us = SHORT_TIMEOUT_US; /* the looks follow one another faster */
	options.answer_timeout_us = SHORT_TIMEOUT_US;
	server_start(&options);
	stats = http_stats(app.http);
	fd = connect_here();
	client_send_str(fd, GET("/big"));
	while (atomic_load(&stats->answer_timeouts_total) == 0)
		ck_assert_int_eq(ask(GET("/hello")), 200);
	ck_assert_uint_lt(client_read_to_end(fd), BIG_BYTES);
	ck_assert_int_eq(atomic_load(&stats->request_timeouts_total), 0);
	(void)close(fd);
	server_stop();
}
END_TEST

START_TEST(no_deadline_holds_for_idle_connections_and_for_those_that_wait_for_us)
{
	int fresh, kept, waiting;

	server_start_impatient();
	fresh = connect_here();
	kept = connect_here();
	waiting = connect_here();
	client_send_str(kept, GET("/hello"));
	ck_assert_int_eq(client_receive(kept, NULL), 200);
	client_send_str(waiting, GET("/hold"));
	app_wait_until_held();
	let_a_deadline_pass();
	let_a_deadline_pass();
	app_release();
	ck_assert_int_eq(client_receive(waiting, NULL), 200);
	client_send_str(fresh, GET("/hello"));
	ck_assert_int_eq(client_receive(fresh, NULL), 200);
	client_send_str(kept, GET("/hello"));
	ck_assert_int_eq(client_receive(kept, NULL), 200);
	(void)close(fresh);
	(void)close(kept);
	(void)close(waiting);
	server_stop();
}
END_TEST

START_TEST(an_idle_connection_is_closed_in_the_end)
{
	struct http_options options = options_default();
	int fd;

	options.idle_timeout_us = US_PER_S;
	server_start(&options);
	fd = connect_here();
	client_send_str(fd, GET("/hello"));
	ck_assert_int_eq(client_receive(fd, NULL), 200);
	ck_assert(client_is_closed(fd));
	(void)close(fd);
	server_stop();
}
END_TEST

/* Unchecked, the loop would turn some ten thousand times until the deadline. */
START_TEST(a_chunk_line_that_fills_the_memory_does_not_keep_the_loop_busy)
{
	int fd;

	server_start_impatient();
	fd = connect_here();
	client_send_str(fd, POST("/echo", "Transfer-Encoding: chunked\r\n") "1;");
	client_send_zeros(fd, 65536);
	ck_assert_int_eq(client_receive(fd, NULL), 408);
	ck_assert_int_lt(atomic_load(&app.turns), 1000);
	(void)close(fd);
	server_stop();
}
END_TEST

/* ---- waiting ---- */

static const struct {
	size_t connections, batch;
} crowds[] = {{1, 1},     {128, 1},   {128, 128}, {256, 1},   {256, 256},
              {384, 128}, {384, 384}, {384, 192}, {127, 127}, {129, 129}};

START_TEST(every_waiting_request_is_answered)
{
	int fds[CONNECTIONS_MAX];
	size_t count = crowds[_i].connections;

	server_start_default();
	set_batch(crowds[_i].batch);
	for (size_t i = 0; i < count; i++)
		fds[i] = connect_here();
	for (int round = 0; round < 10; round++) {
		for (size_t i = 0; i < count; i++)
			client_send_str(fds[i], GET("/wait"));
		for (size_t i = 0; i < count; i++)
			ck_assert_int_eq(client_receive(fds[i], NULL), 200);
	}
	ck_assert_int_eq(atomic_load(&http_stats(app.http)->waiting), 0);
	ck_assert_int_eq(atomic_load(&http_stats(app.http)->connections), (int64_t)count);
	for (size_t i = 0; i < count; i++)
		(void)close(fds[i]);
	server_stop();
}
END_TEST

START_TEST(an_exchange_ends_once_though_its_client_left_while_it_waited)
{
	int fd;

	server_start_default();
	fd = connect_here();
	client_send_str(fd, GET("/hold"));
	app_wait_until_held();
	(void)close(fd);
	app_release();
	ck_assert_int_eq(ask(GET("/hello")), 200);
	server_stop();
	ck_assert_int_eq(app.heads, 2);
	ck_assert_int_eq(app.bodies, 3); /* the one that waited is called for its answer */
}
END_TEST

/* ---- start and stop ---- */

START_TEST(quiescing_refuses_new_connections_and_drains_the_open_ones)
{
	int waiting, kept;

	server_start_default();
	waiting = connect_here();
	kept = connect_here();
	client_send_str(kept, GET("/hello"));
	ck_assert_int_eq(client_receive(kept, NULL), 200);
	client_send_str(waiting, GET("/hold"));
	app_wait_until_held();
	http_quiesce(app.http);
	ck_assert(!http_drain(app.http, 0));
	while (client_can_connect(http_port(app.http)))
		continue; /* until the I/O thread has seen it */
	client_send_str(kept, GET("/hello"));
	ck_assert_int_eq(client_receive(kept, answer), 200);
	ck_assert_ptr_nonnull(strstr(answer, "\r\nConnection: close\r\n"));
	ck_assert(client_is_closed(kept));
	app_release();
	ck_assert_int_eq(client_receive(waiting, answer), 200);
	ck_assert_ptr_nonnull(strstr(answer, "\r\nConnection: close\r\n"));
	ck_assert(http_drain(app.http, CLIENT_WAIT_S * US_PER_S));
	(void)close(waiting);
	(void)close(kept);
	server_stop();
}
END_TEST

static void quiesce(void)
{
	http_quiesce(app.http);
	while (client_can_connect(http_port(app.http)))
		continue; /* until the I/O thread has seen it */
}

START_TEST(the_drain_lasts_until_an_answer_is_taken)
{
	int fd;

	server_start_default();
	fd = connect_here();
	client_send_str(fd, GET("/big"));
	ck_assert_int_eq(client_receive_header(fd, NULL), 200);
	quiesce();
	ck_assert(!http_drain(app.http, SHORT_TIMEOUT_US));
	ck_assert_uint_eq(client_read_to_end(fd), BIG_BYTES);
	ck_assert(http_drain(app.http, CLIENT_WAIT_S * US_PER_S));
	(void)close(fd);
	server_stop();
}
END_TEST

START_TEST(quiescing_gives_clients_little_time_but_not_those_that_wait_for_us)
{
	struct http_options options = options_default();
	int idle, sending, taking, waiting;

	options.quiesce_timeout_us = SHORT_TIMEOUT_US;
	server_start(&options);
	idle = connect_here();
	sending = connect_here();
	taking = connect_here();
	waiting = connect_here();
	client_send_str(sending, POST("/echo", "Content-Length: 2\r\n") "a");
	client_send_str(taking, GET("/big"));
	ck_assert_int_eq(client_receive_header(taking, NULL), 200);
	client_send_str(waiting, GET("/hold"));
	app_wait_until_held();
	quiesce();
	ck_assert(client_is_closed(idle));
	ck_assert_int_eq(client_receive(sending, NULL), 408);
	ck_assert(!http_drain(app.http, 0));
	app_release();
	ck_assert_int_eq(client_receive(waiting, NULL), 200);
	ck_assert(http_drain(app.http, CLIENT_WAIT_S * US_PER_S));
	ck_assert_uint_lt(client_read_to_end(taking), BIG_BYTES);
	(void)close(idle);
	(void)close(sending);
	(void)close(taking);
	(void)close(waiting);
	server_stop();
}
END_TEST

START_TEST(whoever_has_connected_before_quiescing_is_served)
{
	int fds[200];

	server_start_default();
	for (size_t i = 0; i < ARRAY_LEN(fds); i++)
		fds[i] = connect_here();
	http_quiesce(app.http);
	for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
		client_send_str(fds[i], GET("/hello"));
		ck_assert_int_eq(client_receive(fds[i], NULL), 200);
		(void)close(fds[i]);
	}
	ck_assert(http_drain(app.http, CLIENT_WAIT_S * US_PER_S));
	server_stop();
}
END_TEST

START_TEST(a_start_that_fails_says_what_to_do)
{
	struct http_options options = options_default();
	struct buf why;
	char in_use[100];

	server_start_default();
	buf_init(&why, 1000);
	options.port = http_port(app.http);
	(void)snprintf(in_use, sizeof(in_use),
	               "cannot listen on 127.0.0.1 port %d: the port is in use",
	               http_port(app.http));
	ck_assert_ptr_null(http_start(&options, &app.calls, &why));
	ck_assert_ptr_nonnull(strstr(buf_str(&why), in_use));

	buf_reset(&why);
	options.listen = "192.0.2.1"; /* RFC 5737: never anyone's */
	ck_assert_ptr_null(http_start(&options, &app.calls, &why));
	ck_assert_ptr_nonnull(strstr(buf_str(&why), "no such address"));

	buf_reset(&why);
	options.listen = "localhost";
	ck_assert_ptr_null(http_start(&options, &app.calls, &why));
	ck_assert_ptr_nonnull(
		strstr(buf_str(&why), "\"localhost\": set LISTEN to an IPv4 or IPv6 address"));
	buf_release(&why);
	server_stop();
}
END_TEST

/* Some containers have no IPv6 loopback; then this shows nothing. */
START_TEST(an_ipv6_socket_takes_ipv4_too_and_shows_each_as_it_is)
{
	struct http_options options = options_default();
	int fd;

	if (access("/proc/net/if_inet6", R_OK) != 0)
		return;
	options.listen = "::";
	server_start(&options);
	ck_assert_int_eq(ask(GET("/echo")), 200);
	check_seen_address("127.0.0.1");
	fd = client_connect("::1", http_port(app.http));
	client_send_str(fd, GET("/echo"));
	ck_assert_int_eq(client_receive(fd, NULL), 200);
	check_seen_address("::1");
	(void)close(fd);
	server_stop();
}
END_TEST

static Suite *http_lifecycle_suite(void)
{
	Suite *suite = suite_create("http_lifecycle");
	TCase *tcase = tcase_create("http_lifecycle");

	tcase_set_timeout(tcase, 3 * CLIENT_WAIT_S);
	tcase_add_loop_test(tcase, a_slow_request_is_ended_by_its_deadline, 0,
	                    (int)ARRAY_LEN(slow));
	tcase_add_loop_test(tcase, an_early_answer_comes_before_the_body_and_the_end_after_it, 0,
	                    (int)ARRAY_LEN(early));
	tcase_add_test(tcase, an_early_answer_s_body_without_end_is_cut);
	tcase_add_test(tcase, an_answer_that_nobody_takes_is_cut);
	tcase_add_test(tcase,
	               no_deadline_holds_for_idle_connections_and_for_those_that_wait_for_us);
	tcase_add_test(tcase, an_idle_connection_is_closed_in_the_end);
	tcase_add_test(tcase, a_chunk_line_that_fills_the_memory_does_not_keep_the_loop_busy);
	tcase_add_loop_test(tcase, every_waiting_request_is_answered, 0, (int)ARRAY_LEN(crowds));
	tcase_add_test(tcase, an_exchange_ends_once_though_its_client_left_while_it_waited);
	tcase_add_test(tcase, quiescing_refuses_new_connections_and_drains_the_open_ones);
	tcase_add_test(tcase, the_drain_lasts_until_an_answer_is_taken);
	tcase_add_test(tcase, quiescing_gives_clients_little_time_but_not_those_that_wait_for_us);
	tcase_add_test(tcase, whoever_has_connected_before_quiescing_is_served);
	tcase_add_test(tcase, a_start_that_fails_says_what_to_do);
	tcase_add_test(tcase, an_ipv6_socket_takes_ipv4_too_and_shows_each_as_it_is);
	suite_add_tcase(suite, tcase);
	return suite;
}

TEST_MAIN(http_lifecycle_suite)
