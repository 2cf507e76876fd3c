/* test_sigterm.c - SIGTERM ends a daemon in order: what is under way is answered or refused,
 * nothing answered is lost. */
#include "e2e/client.h"
#include "e2e/orders.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ROUNDS 3
#define ORDERS_A_ROUND 20000
#define CONNECTIONS 64

static struct service service;

static void set_up(void)
{
	service_init(&service, "payment-service");
}

static void tear_down(void)
{
	service_release(&service);
}

START_TEST(every_payment_answered_under_load_is_stored)
{
	struct orders orders;
	struct chance chance;
	struct load_result result;
	const char prefix[] = {'t', 'e', 'r', 'm', (char)('0' + _i), '\0'};

	chance_init(&chance);
	orders_init(&orders, prefix, ORDERS_A_ROUND);
	service_start(&service, NULL);
	orders_pay(&orders, &service, CONNECTIONS, 1 + chance_below(&chance, ORDERS_A_ROUND / 2),
	           SIGTERM, &result);
	/* No connection was left hanging. */
	ck_assert_uint_eq(result.answered + result.lost, result.sent);
	ck_assert_uint_lt(result.sent, ORDERS_A_ROUND);
	ck_assert_int_eq(service_wait(&service), 0);
	service_start(&service, NULL);
	orders_check(&orders, service.port);
	orders_release(&orders);
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

START_TEST(the_second_one_ends_it_at_once)
{
	/* Longer than any wait of the harness: only the second signal can end it in time. */
	static const char *const settings[] = {"DRAIN_DELAY=10m", NULL};
	struct client client;

	service_start(&service, settings);
	service_signal(&service, SIGTERM);
	client_open(&client, service.port);
	/* Nothing tells a client that the signal has arrived; the test's own time is the bound. */
	while (client_send(&client, "GET", "/readyz", NULL, NULL) == 200)
		;
	ck_assert_int_eq(client.status, 503);
	ck_assert_int_eq(client_send(&client, "GET", "/healthz", NULL, NULL), 200);
	client_close(&client);
	service_signal(&service, SIGTERM);
	(void)service_wait(&service);
}
END_TEST

static Suite *sigterm_suite(void)
{
	Suite *suite = suite_create("sigterm");
	TCase *tcase = tcase_create("end");

	tcase_set_timeout(tcase, 300);
	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_loop_test(tcase, every_payment_answered_under_load_is_stored, 0, ROUNDS);
	tcase_add_test(tcase, an_idle_connection_is_closed);
	tcase_add_test(tcase, the_second_one_ends_it_at_once);
	suite_add_tcase(suite, tcase);
	return suite;
}

TEST_MAIN(sigterm_suite)
