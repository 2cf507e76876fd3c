/* test_sigterm.c - SIGTERM ends a daemon in order: what is under way is answered or refused, what
 * is not answered had no effect, and no client can prevent the end. */
#include "e2e/client.h"
#include "e2e/orders.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define ROUNDS 2
#define ORDERS_A_ROUND 20000
#define CONNECTIONS 64

#define STOPPING "\"event\":\"stopping\""
/* Far below the length of the answer, yet quickly emptied however busy the machine is. */
#define LARGE_RECEIVE_BYTES (256 * 1024)
#define LONG_PAYMENTS 100
#define LONG_ANSWER_BYTES_MAX (16 * 1024 * 1024)
#define METADATA_NAMES 32
#define METADATA_CHARS 500
#define METADATA_BYTES (METADATA_NAMES * METADATA_CHARS * strlen("€"))

static struct service service;

static void set_up(void)
{
	service_init(&service, "payment-service");
}

static void tear_down(void)
{
	service_release(&service);
}

/* ---- what is under way ---- */

START_TEST(what_took_effect_under_load_was_answered)
{
	const struct order_call *call = &order_calls[_i % ORDER_CALLS];
	struct service loaded;
	struct orders orders;
	struct chance chance;
	struct load_result result;

	chance_init(&chance);
	service_init(&loaded, call->service);
	orders_init(&orders, call, "term", ORDERS_A_ROUND);
	service_start(&loaded, NULL);
	orders_send(&orders, &loaded, CONNECTIONS, 1 + chance_below(&chance, ORDERS_A_ROUND / 2),
	            SIGTERM, &result);
	/* No connection was left hanging. */
	ck_assert_uint_eq(result.answered + result.lost, result.sent);
	ck_assert_uint_lt(result.sent, ORDERS_A_ROUND);
	ck_assert_int_eq(service_wait(&loaded), 0);
	service_start(&loaded, NULL);
	orders_check(&orders, loaded.port);
	orders_release(&orders);
	service_release(&loaded);
}
END_TEST

START_TEST(an_idle_connection_is_closed)
{
	static const char request[] = "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
	AUTO_BUF struct buf answer;
	char first;

	buf_init(&answer, 4096);
	service_start(&service, NULL);
	int fd = raw_connect(service.port);
	ck_assert_int_eq(send(fd, request, strlen(request), 0), strlen(request));
	ck_assert_int_eq(recv(fd, &first, 1, MSG_PEEK), 1);
	service_signal(&service, SIGTERM);
	raw_read_to_end(fd, &answer);
	ck_assert_int_eq(strncmp(buf_str(&answer), "HTTP/1.1 200 ", 13), 0);
	(void)close(fd);
	ck_assert_int_eq(service_wait(&service), 0);
}
END_TEST

/* ---- long answers ---- */

/* A payment with as much metadata as there may be. */
static void pay_long(struct client *client, int number)
{
	struct buf body AUTO_BUF;

	buf_init(&body, METADATA_BYTES + 1024);
	buf_addf(&body, "{\"order_id\":%d,\"amount\":1,\"metadata\":{", number);
	for (int name = 0; name < METADATA_NAMES; name++) {
		buf_addf(&body, "%s\"%d\":\"", name == 0 ? "" : ",", name);
		for (int i = 0; i < METADATA_CHARS; i++)
			buf_add_str(&body, "€");
		buf_add_str(&body, "\"");
	}
	buf_add_str(&body, "}}");
	ck_assert_int_eq(client_send(client, "POST", "/pay", NULL, buf_str(&body)), 200);
}

/* Starts the daemon and asks it for a list that is longer than the sockets' buffers; no byte of it
 * is taken yet. The client's buffer decides how fast it can be taken. */
static int start_long_answer(int receive_bytes)
{
	static const char request[] = "GET /payments?limit=100 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
	struct client client;
	char first;

	service_start(&service, NULL);
	client_open(&client, service.port);
	for (int i = 0; i < LONG_PAYMENTS; i++)
		pay_long(&client, i);
	client_close(&client);
	int fd = raw_connect(service.port);
	ck_assert_int_eq(
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_bytes, sizeof(receive_bytes)), 0);
	ck_assert_int_eq(send(fd, request, strlen(request), 0), strlen(request));
	ck_assert_int_eq(recv(fd, &first, 1, MSG_PEEK), 1);
	return fd;
}

/* Bytes of the write-ahead log: 0 after a checkpoint. */
static off_t wal_size(void)
{
	char path[PATH_MAX + 64];
	struct stat status;

	(void)snprintf(path, sizeof(path), "%s/data/payment/payment.db-wal", service.directory);
	ck_assert_int_eq(stat(path, &status), 0);
	return status.st_size;
}

START_TEST(a_client_that_takes_nothing_does_not_prevent_a_clean_end)
{
	int fd = start_long_answer(4096);
	ck_assert_int_gt(wal_size(), 0);
	service_signal(&service, SIGTERM);
	ck_assert_int_eq(service_wait(&service), 0);
	ck_assert_int_eq(wal_size(), 0);
	(void)close(fd);
}
END_TEST

START_TEST(an_answer_that_is_longer_than_the_buffers_is_sent_whole)
{
	static const char end[] = "\"next\":null}";
	AUTO_BUF struct buf answer;

	buf_init(&answer, LONG_ANSWER_BYTES_MAX);
	int fd = start_long_answer(LARGE_RECEIVE_BYTES);
	service_signal(&service, SIGTERM);
	service_wait_log(&service, STOPPING);
	raw_read_to_end(fd, &answer);
	ck_assert_uint_gt(answer.len, LONG_PAYMENTS * METADATA_BYTES);
	ck_assert_str_eq(buf_str(&answer) + answer.len - strlen(end), end);
	(void)close(fd);
	ck_assert_int_eq(service_wait(&service), 0);
}
END_TEST

/* ---- signals ---- */

START_TEST(the_second_one_ends_it_at_once)
{
	/* Longer than any wait of the harness: only the second signal can end it in time. */
	static const char *const settings[] = {"DRAIN_DELAY=10m", NULL};
	struct client client;

	service_start(&service, settings);
	service_signal(&service, SIGTERM);
	service_wait_log(&service, STOPPING);
	client_open(&client, service.port);
	ck_assert_int_eq(client_send(&client, "GET", "/readyz", NULL, NULL), 503);
	ck_assert_int_eq(client_send(&client, "GET", "/healthz", NULL, NULL), 200);
	client_close(&client);
	service_signal(&service, SIGTERM);
	ck_assert_int_eq(service_wait(&service), 1);
}
END_TEST

static Suite *sigterm_suite(void)
{
	Suite *suite = suite_create("sigterm");
	TCase *tcase = tcase_create("end");

	tcase_set_timeout(tcase, 300);
	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_loop_test(tcase, what_took_effect_under_load_was_answered, 0,
	                    ROUNDS * ORDER_CALLS);
	tcase_add_test(tcase, an_idle_connection_is_closed);
	tcase_add_test(tcase, an_answer_that_is_longer_than_the_buffers_is_sent_whole);
	tcase_add_test(tcase, a_client_that_takes_nothing_does_not_prevent_a_clean_end);
	tcase_add_test(tcase, the_second_one_ends_it_at_once);
	suite_add_tcase(suite, tcase);
	return suite;
}

TEST_MAIN(sigterm_suite)
