/* test_peer.c - two services that follow each other: readiness, and what an operator accepts. */
#include "e2e/pair.h"

#include <stdio.h>
#include <string.h>

static char peer_url[64];
static const char *const settings[] = {peer_url, NULL};

static void follow(const struct service *peer)
{
	(void)snprintf(peer_url, sizeof(peer_url), "PEER_URL=http://127.0.0.1:%d", peer->port);
}

START_TEST(a_peer_that_is_away_degrades_and_does_not_hold_up)
{
	pair_start();
	service_stop(&payment_service);
	follow(&order_service);
	service_stop(&order_service);
	service_start(&payment_service, settings);
	service_wait_log(&payment_service, "peer_away");
	pay.port = payment_service.port;
	ck_assert_int_eq(client_send(&pay, "GET", "/readyz", NULL, NULL), 200);
	ck_assert_str_eq(buf_str(&pay.body), "{\"status\":\"degraded\",\"check\":\"peer-away\"}");
	service_start(&order_service, NULL);
	pair_stop();
}
END_TEST

START_TEST(no_event_of_a_peer_that_never_told_is_accepted)
{
	pair_start();
	ck_assert_int_eq(client_send(&pay, "POST", "/peer/accept", NULL, "{\"seq\":1}"), 503);
	ck_assert_ptr_nonnull(strstr(buf_str(&pay.body), "/problems/peer-lagging"));
	ck_assert_int_eq(client_send(&pay, "POST", "/peer/accept", NULL, "{}"), 200);
	pair_stop();
}
END_TEST

START_TEST(what_an_operator_accepted_is_in_a_journal_that_audits)
{
	pair_start();
	service_stop(&payment_service);
	follow(&order_service);
	service_start(&payment_service, settings);
	service_wait_log(&payment_service, "peer_caught_up");
	pay.port = payment_service.port;
	ck_assert_int_eq(client_send(&pay, "POST", "/peer/accept", NULL, "{\"seq\":0}"), 200);
	ck_assert_str_eq(buf_str(&pay.body), "{\"seq\":0}");
	ck_assert_int_eq(client_send(&pay, "GET", "/events", NULL, NULL), 200);
	ck_assert_ptr_nonnull(strstr(buf_str(&pay.body), "\"peer.accepted\""));
	service_stop(&payment_service);
	ck_assert_int_eq(service_command(&payment_service, "audit"), 0);
	service_start(&payment_service, NULL);
	pair_stop();
}
END_TEST

static Suite *peer_suite(void)
{
	Suite *suite = suite_create("peer");
	TCase *cases = tcase_create("all");

	tcase_set_timeout(cases, 60);
	tcase_add_test(cases, a_peer_that_is_away_degrades_and_does_not_hold_up);
	tcase_add_test(cases, no_event_of_a_peer_that_never_told_is_accepted);
	tcase_add_test(cases, what_an_operator_accepted_is_in_a_journal_that_audits);
	suite_add_tcase(suite, cases);
	return suite;
}

TEST_MAIN(peer_suite)
