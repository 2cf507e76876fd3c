/* test_linked_pay.c - what the payment service makes of orders that it hears of from the order
 * service, and what the order service makes of payments. */
#include "e2e/agree.h"

#include <stdio.h>
#include <string.h>

#define SPLIT_ORDERS 200
#define LAPSING_ORDERS 200
#define LAPSING_CONNECTIONS 8

static const char *const rejecting[] = {"UNKNOWN_ORDERS=reject", NULL};

static void start_rejecting(void)
{
	linked_start();
	service_stop(&payment_service);
	linked_run(&payment_service, rejecting);
}

/* The second payment would be refused, were the order's total not waited for. */
START_TEST(parts_paid_at_once_make_a_new_order_paid)
{
	char order_id[32];

	for (uint64_t i = 0; i < scaled(SPLIT_ORDERS); i++) {
		(void)snprintf(order_id, sizeof(order_id), "split-%d-%d", _i, (int)i);
		linked_order(order_id, "100");
		linked_pay(order_id, "60", "", 200);
		linked_pay(order_id, "40", "", 200);
		linked_pay(order_id, "0.01", "", 409);
		check_problem(&pay, "order-already-paid");
	}
	linked_wait_order(order_id, "'state':'paid'");
	check_agree();
}
END_TEST

static const struct {
	const char *name, *amount, *members;
	int status;
	const char *problem;
} refusals[] = {
	{"above the total", "10.01", "", 422, "amount-exceeds-due"},
	{"in another currency", "10", "'currency':'EUR'", 422, "currency-mismatch"},
};

START_TEST(what_does_not_fit_the_order_is_refused)
{
	char order_id[32];

	(void)snprintf(order_id, sizeof(order_id), "unfit-%d", _i);
	linked_order(order_id, "10");
	linked_wait_heard();
	linked_pay(order_id, refusals[_i].amount, refusals[_i].members, refusals[_i].status);
	check_problem(&pay, refusals[_i].problem);
	linked_pay(order_id, "10", "", 200);
	check_agree();
}
END_TEST

START_TEST(an_order_nobody_heard_of_is_refused_where_it_must_be_known)
{
	linked_pay("nobody", "10", "", 404);
	check_problem(&pay, "not-found");
	/* At once after its creation it is known. */
	linked_order("somebody", "10");
	linked_pay("somebody", "10", "", 200);
	linked_wait_order("somebody", "'state':'paid'");
	check_agree();
}
END_TEST

START_TEST(a_cancelled_order_takes_no_payment)
{
	linked_order("cancelled", "10");
	post(&order, "/orders/cancelled/cancel", NULL, "{}", 200);
	linked_wait_heard();
	linked_pay("cancelled", "10", "", 409);
	check_problem(&pay, "order-cancelled");
	check_agree();
}
END_TEST

static const struct {
	const char *name, *members, *shown;
} early[] = {
	{"captured", "", "'state':'paid'"},
	{"authorized", "'capture':'manual'", "'amount_authorized':10.00"},
};

START_TEST(a_payment_before_its_order_counts_when_the_order_comes)
{
	char order_id[32];

	(void)snprintf(order_id, sizeof(order_id), "early-%d", _i);
	linked_pay(order_id, "10", early[_i].members, 200);
	linked_order("between", "5");
	linked_pay("between", "5", "", 200);
	linked_wait_order("between", "'state':'paid'"); /* so the order service heard of both */
	linked_order(order_id, "10");
	check_holds(&order, early[_i].shown);
	check_agree();
}
END_TEST

START_TEST(what_was_paid_above_a_total_is_shown_and_counted)
{
	int64_t before = get_metric(&order, "orders_overpaid");

	linked_pay("excess", "10", "", 200);
	linked_order("excess", "8");
	linked_wait_order("excess", "'amount_overpaid':2.00");
	linked_wait_heard();
	ck_assert_int_eq(get_metric(&order, "orders_overpaid"), before + 1);
	linked_pay("excess", "1", "", 409);
	check_agree();
	get(&pay, "/payments?order_id=excess", NULL, 200);
	char path[128];
	(void)snprintf(path, sizeof(path), "/payments/%s/refunds",
	               cJSON_GetObjectItemCaseSensitive(cJSON_GetArrayItem(answer_data(&pay), 0),
	                                                "payment_id")
	                       ->valuestring);
	post(&pay, path, "Idempotency-Key: excess-2", "{'amount':2}", 200);
	linked_wait_order("excess", "'amount_overpaid':0.00");
	ck_assert_int_eq(get_metric(&order, "orders_overpaid"), before);
	check_agree();
}
END_TEST

/* ---- expiry against pay ---- */

static void make_payment(void *arg, uint64_t number, struct buf *out)
{
	char body[128];

	(void)arg;
	(void)snprintf(body, sizeof(body), "{\"order_id\":\"lapse-%d\",\"amount\":10}",
	               (int)number);
	load_post(out, "/pay", "", body);
}

static void check_payment(void *arg, uint64_t number, int status, struct text body)
{
	(void)arg;
	ck_assert_msg(status == 200 || status == 409, "lapse-%d: %d %.*s", (int)number, status,
	              (int)body.len, body.ptr);
}

/* They begin to lapse before the last is paid: whatever comes first, no order is both paid and
 * lapsed. */
START_TEST(orders_that_lapse_while_they_are_paid_keep_no_money)
{
	const struct load_plan plan = {.port = payment_service.port,
	                               .connections = LAPSING_CONNECTIONS,
	                               .requests = scaled(LAPSING_ORDERS),
	                               .make = make_payment,
	                               .answered = check_payment};
	struct load_result result;
	char body[128];

	for (uint64_t i = 0; i < plan.requests; i++) {
		(void)snprintf(body, sizeof(body),
		               "{'order_id':'lapse-%d','amount':10,'expires_in':1}", (int)i);
		post(&order, "/order", NULL, body, 200);
	}
	get(&order, "/events?types=order.expired&wait=60", NULL, 200);
	load_run(&plan, &result);
	ck_assert_uint_eq(result.answered, plan.requests);
	check_agree();
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("linked pay");
	TCase *accepting = tcase_create("accepting"), *known = tcase_create("known");

	tcase_set_timeout(accepting, 300);
	tcase_add_checked_fixture(accepting, linked_start, linked_stop);
	tcase_add_test(accepting, parts_paid_at_once_make_a_new_order_paid);
	tcase_add_loop_test(accepting, what_does_not_fit_the_order_is_refused, 0,
	                    ARRAY_LEN(refusals));
	tcase_add_test(accepting, a_cancelled_order_takes_no_payment);
	tcase_add_loop_test(accepting, a_payment_before_its_order_counts_when_the_order_comes, 0,
	                    ARRAY_LEN(early));
	tcase_add_test(accepting, what_was_paid_above_a_total_is_shown_and_counted);
	tcase_add_test(accepting, orders_that_lapse_while_they_are_paid_keep_no_money);
	suite_add_tcase(suite, accepting);
	tcase_set_timeout(known, 300);
	tcase_add_checked_fixture(known, start_rejecting, linked_stop);
	tcase_add_test(known, parts_paid_at_once_make_a_new_order_paid);
	tcase_add_test(known, an_order_nobody_heard_of_is_refused_where_it_must_be_known);
	suite_add_tcase(suite, known);
	return suite;
}

TEST_MAIN(make_suite)
