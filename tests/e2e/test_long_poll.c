/* test_long_poll.c - GET /events with wait: who waits is answered by a commit, by the end of the
 * wait or by the end of the service; who is one too many does not wait. */
#include "e2e/answers.h"
#include "e2e/harness.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define POLLERS 32 /* as many may wait of one address */
#define POLL_MS 10
#define ANSWER_BYTES_MAX 65536

static struct service service;
static struct client client;

static void set_up(void)
{
	service_init(&service, "payment-service");
	service_start(&service, NULL);
	client_open(&client, service.port);
}

static void tear_down(void)
{
	client_close(&client);
	service_release(&service);
}

static void pay_order(void)
{
	post(&client, "/pay", NULL, "{'order_id':'o-1','amount':1}", 200);
}

static int pollers[POLLERS];

/* Waits, by asking, until so many requests are held. */
static void await_waiting(int count)
{
	char sample[64];

	(void)snprintf(sample, sizeof(sample), "\nhttp_requests_waiting %d\n", count);
	do {
		(void)poll(NULL, 0, POLL_MS);
		get(&client, "/metrics", NULL, 200);
	} while (strstr(buf_str(&client.body), sample) == NULL);
}

static void start_pollers(void)
{
	static const char request[] = "GET /events?wait=60 HTTP/1.1\r\nHost: 127.0.0.1\r\n"
				      "Connection: close\r\n\r\n";

	for (int i = 0; i < POLLERS; i++) {
		pollers[i] = raw_connect(service.port);
		ck_assert_int_eq(send(pollers[i], request, strlen(request), 0), strlen(request));
	}
	await_waiting(POLLERS);
}

static void check_pollers(const char *text)
{
	struct buf answer AUTO_BUF;

	buf_init(&answer, ANSWER_BYTES_MAX);
	for (int i = 0; i < POLLERS; i++) {
		buf_reset(&answer);
		raw_read_to_end(pollers[i], &answer);
		(void)close(pollers[i]);
		ck_assert_int_eq(strncmp(buf_str(&answer), "HTTP/1.1 200 ", 13), 0);
		ck_assert_ptr_nonnull(strstr(buf_str(&answer), text));
	}
}

START_TEST(a_commit_answers_those_who_wait_and_one_too_many_never_waits)
{
	start_pollers();
	get(&client, "/events?wait=60", NULL, 200);
	ck_assert_int_eq(answer_int(&client, "head"), 0);
	await_waiting(POLLERS); /* none of them was answered meanwhile */
	pay_order();
	check_pollers("\"subject\":\"o-1\"");
	await_waiting(0);
}
END_TEST

START_TEST(sigterm_answers_those_who_wait)
{
	start_pollers();
	service_signal(&service, SIGTERM);
	check_pollers("{\"events\":[],\"next\":0,\"head\":0}");
	ck_assert_int_eq(service_wait(&service), 0);
}
END_TEST

START_TEST(a_wait_ends_without_an_event)
{
	pay_order();
	get(&client, "/events?after=1&wait=1", NULL, 200);
	check_holds(&client, "{'events':[],'next':1,'head':1}");
	get(&client, "/events?after=1&wait=1", "Accept: application/x-ndjson", 200);
	ck_assert_str_eq(buf_str(&client.body), "");
	ck_assert_str_eq(client_header(&client, "Events-Next"), "1");
	ck_assert_str_eq(client_header(&client, "Events-Head"), "1");
}
END_TEST

static Suite *long_poll_suite(void)
{
	Suite *suite = suite_create("long poll");
	TCase *tcase = tcase_create("wait");

	tcase_set_timeout(tcase, 120);
	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, a_commit_answers_those_who_wait_and_one_too_many_never_waits);
	tcase_add_test(tcase, sigterm_answers_those_who_wait);
	tcase_add_test(tcase, a_wait_ends_without_an_event);
	suite_add_tcase(suite, tcase);
	return suite;
}

TEST_MAIN(long_poll_suite)
