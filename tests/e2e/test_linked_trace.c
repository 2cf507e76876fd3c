/* test_linked_trace.c - a traceparent goes with what it caused: into the events, into what the
 * other service logs for them, and into the events that follow there. */
#include "e2e/linked.h"

#include <stdio.h>
#include <string.h>

#define TRACE(digit) "00-4bf92f3577b34da6a3ce929d0e0e473" digit "-00f067aa0ba902b" digit "-01"
#define ORDERED TRACE("1")
#define PAID TRACE("2")
#define CANCELLED TRACE("3")
#define HEADER "traceparent: "

static const cJSON *find_event(const cJSON *answer, const char *type)
{
	const cJSON *found = NULL, *event;

	cJSON_ArrayForEach (event, cJSON_GetObjectItemCaseSensitive(answer, "events")) {
		const cJSON *its = cJSON_GetObjectItemCaseSensitive(event, "type");

		if (strcmp(cJSON_GetStringValue(its), type) == 0)
			found = event;
	}
	return found;
}

/* Its traceparent, or NULL; the last of that type counts. */
static void check_event(struct client *client, const char *type, const char *traceparent)
{
	get(client, "/events?limit=1000", NULL, 200);
	cJSON *answer = cJSON_Parse(buf_str(&client->body));
	const cJSON *event = find_event(answer, type);
	ck_assert_msg(event != NULL, "no %s", type);
	const char *its =
		cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(event, "traceparent"));
	ck_assert_msg((its == NULL) == (traceparent == NULL), "%s: %s", type, its);
	if (its != NULL)
		ck_assert_str_eq(its, traceparent);
	cJSON_Delete(answer);
}

static void wait_applied(struct service *service, const char *order_id, const char *traceparent)
{
	char text[256];

	(void)snprintf(text, sizeof(text), "\"order_id\":\"%s\",\"traceparent\":\"%s\"", order_id,
	               traceparent);
	service_wait_log(service, text);
	service_wait_log(service, "\"event\":\"peer_event_applied\"");
}

static const struct {
	const char *method; /* of the payment */
	const char *given_back;
} ways[] = {
	{"pm_success", "refund.succeeded"},
	{"pm_lost_answer", "refund.succeeded"}, /* by way of an intent */
};

START_TEST(a_trace_goes_through_both_services)
{
	char body[128];

	post(&order, "/order", HEADER ORDERED, "{'order_id':'traced','amount':10}", 200);
	(void)snprintf(body, sizeof(body),
	               "{'order_id':'traced','amount':10,'payment_method':'%s'}", ways[_i].method);
	post(&pay, "/pay", HEADER PAID, body, _i == 0 ? 200 : 202);
	if (_i == 1) {
		char path[128];

		(void)snprintf(path, sizeof(path), "/payments/%s/sync",
		               client_string(&pay, "payment_id"));
		post(&pay, path, NULL, "{}", 200);
	}
	linked_wait_order("traced", "'state':'paid'");
	post(&order, "/orders/traced/cancel", HEADER CANCELLED, "{}", 200);
	linked_wait_order("traced", "'amount_refunded':10.00");
	check_event(&order, "order.created", ORDERED);
	check_event(&pay, "payment.captured", PAID);
	check_event(&order, "order.paid", PAID);
	check_event(&order, "order.cancelled", CANCELLED);
	check_event(&pay, ways[_i].given_back, CANCELLED);
	wait_applied(&payment_service, "traced", ORDERED);
	wait_applied(&order_service, "traced", PAID);
	wait_applied(&payment_service, "traced", CANCELLED);
	wait_applied(&order_service, "traced", CANCELLED);
}
END_TEST

START_TEST(an_event_has_no_traceparent_where_the_client_gave_none)
{
	linked_order("plain", "10");
	linked_pay("plain", "10", "", 200);
	linked_wait_order("plain", "'state':'paid'");
	check_event(&order, "order.created", NULL);
	check_event(&pay, "payment.captured", NULL);
	check_event(&order, "order.paid", NULL);
}
END_TEST

static Suite *linked_trace_suite(void)
{
	Suite *suite = suite_create("linked_trace");
	TCase *tcase = tcase_create("linked_trace");

	tcase_set_timeout(tcase, 120);
	tcase_add_checked_fixture(tcase, linked_start, linked_stop);
	tcase_add_loop_test(tcase, a_trace_goes_through_both_services, 0, ARRAY_LEN(ways));
	tcase_add_test(tcase, an_event_has_no_traceparent_where_the_client_gave_none);
	suite_add_tcase(suite, tcase);
	return suite;
}

TEST_MAIN(linked_trace_suite)
