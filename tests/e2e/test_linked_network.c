/* test_linked_network.c - a network between the two that fails in every way, or a service that is
 * away: each keeps serving, and when it is mended both agree. */
#include "e2e/agree.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define ORDERS 40
#define AWAY_ORDERS 10000
#define CONNECTIONS 32
#define HITS 3

static const struct {
	const char *name;
	enum fault fault;
	size_t bytes, times;
	bool passes; /* all comes through in spite of it */
} faults[] = {
	{"refused", FAULT_REFUSE, 0, PROXY_TIMES_ALWAYS, false},
	{"silent", FAULT_SILENT, 0, PROXY_TIMES_ALWAYS, false},
	{"late", FAULT_DELAY, 0, PROXY_TIMES_ALWAYS, true},
	{"repeated", FAULT_REPEAT, 0, PROXY_TIMES_ALWAYS, true}, /* each is answered twice */
	{"cut before an answer", FAULT_CUT, 0, HITS, true},
	{"cut in the first line", FAULT_CUT, 1, HITS, true},
	{"cut in the header", FAULT_CUT, 150, HITS, true},
	{"cut in a line of the journal", FAULT_CUT, 600, HITS, true},
	{"cut in a later line", FAULT_CUT, 3000, HITS, true},
	{"always cut", FAULT_CUT, 1000, PROXY_TIMES_ALWAYS, false},
};

/* Each third is cancelled, each fifth is only held. */
static void order_and_pay(const char *prefix)
{
	char order_id[32], path[64];

	for (int i = 0; i < ORDERS; i++) {
		(void)snprintf(order_id, sizeof(order_id), "%s-%d", prefix, i);
		linked_order(order_id, "10");
		linked_pay(order_id, "10", i % 5 == 0 ? "'capture':'manual'" : "", 200);
		(void)snprintf(path, sizeof(path), "/orders/%s/cancel", order_id);
		if (i % 3 == 0)
			post(&order, path, NULL, "{}", 200);
	}
}

START_TEST(both_serve_while_the_network_fails_and_agree_when_it_is_mended)
{
	struct proxy *const ways[] = {&to_payments, &to_orders};

	order_and_pay("before");
	for (size_t i = 0; i < ARRAY_LEN(ways); i++)
		proxy_fault(ways[i], faults[_i].fault, faults[_i].bytes, faults[_i].times);
	order_and_pay("during");
	for (size_t i = 0; i < ARRAY_LEN(ways); i++)
		proxy_wait_hits(ways[i], faults[_i].fault == FAULT_SILENT ? 1 : HITS);
	get(&pay, "/readyz", NULL, 200);
	get(&order, "/readyz", NULL, 200);
	if (faults[_i].passes)
		check_agree();
	for (size_t i = 0; i < ARRAY_LEN(ways); i++)
		proxy_mend(ways[i]);
	order_and_pay("after");
	check_agree();
}
END_TEST

/* One way alone: nothing of one side comes to the other, while the other way works. */
START_TEST(one_way_alone_fails_and_the_other_goes_on)
{
	struct proxy *way = _i == 0 ? &to_payments : &to_orders;
	struct client *follower = _i == 0 ? &order : &pay;

	proxy_fault(way, FAULT_REFUSE, 0, PROXY_TIMES_ALWAYS);
	order_and_pay("one-way");
	proxy_wait_hits(way, HITS);
	get(follower, "/readyz", NULL, 200);
	check_holds(follower, "'status':'degraded','check':'peer-away'");
	ck_assert_int_gt(get_metric(follower, "peer_reconnects_total"), 0);
	proxy_mend(way);
	check_agree();
	get(follower, "/readyz", NULL, 200);
	check_holds(follower, "'status':'ready'");
}
END_TEST

/* ---- away ---- */

static struct linked_load away = {.prefix = "a"};

static void check_answer(void *arg, uint64_t number, int status, struct text body)
{
	(void)arg;
	ck_assert_msg(status == 200, "a-%" PRIu64 ": %d %.*s", number, status, (int)body.len,
	              body.ptr);
}

static void run_all(const struct service *service,
                    void (*make)(void *arg, uint64_t number, struct buf *out))
{
	const struct load_plan plan = {.port = service->port,
	                               .connections = CONNECTIONS,
	                               .requests = scaled(AWAY_ORDERS),
	                               .make = make,
	                               .answered = check_answer,
	                               .arg = &away};
	struct load_result result;

	load_run(&plan, &result);
	ck_assert_uint_eq(result.answered, plan.requests);
}

START_TEST(what_happened_while_one_was_away_reaches_it_later)
{
	int64_t count = (int64_t)scaled(AWAY_ORDERS);

	run_all(&order_service, linked_make_order);
	service_stop(&order_service);
	run_all(&payment_service, linked_make_payment);
	linked_run(&order_service, NULL);
	check_agree();
	ck_assert_int_eq(linked_count_events(&order, "order.paid"), count);
	service_stop(&payment_service);
	run_all(&order_service, linked_make_cancel);
	linked_run(&payment_service, NULL);
	check_agree();
	ck_assert_int_eq(linked_count_events(&pay, "refund.succeeded"), count);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("linked network");
	TCase *tcase = tcase_create("network");

	tcase_set_timeout(tcase, 600);
	tcase_add_checked_fixture(tcase, linked_start, linked_stop);
	tcase_add_loop_test(tcase, both_serve_while_the_network_fails_and_agree_when_it_is_mended,
	                    0, ARRAY_LEN(faults));
	tcase_add_loop_test(tcase, one_way_alone_fails_and_the_other_goes_on, 0, 2);
	tcase_add_test(tcase, what_happened_while_one_was_away_reaches_it_later);
	suite_add_tcase(suite, tcase);
	return suite;
}

TEST_MAIN(make_suite)
