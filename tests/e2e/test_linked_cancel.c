/* test_linked_cancel.c - a cancelled order's money goes back once: captured or held, also when
 * cancel and pay race, and when a service dies between. */
#include "e2e/agree.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define RACING_ORDERS 2000
#define RACING_CONNECTIONS 16

static const struct {
	const char *name, *members, *shown, *event, *other_event;
} money[] = {
	{"captured", "", "'amount_refunded':10.00", "refund.succeeded", "payment.voided"},
	{"held", "'capture':'manual'", "'amount_authorized':0.00", "payment.voided",
         "refund.succeeded"},
};

/* Nothing goes back a second time when all is told again: both start anew. */
START_TEST(money_of_a_cancelled_order_goes_back_once)
{
	linked_order("back", "10");
	linked_pay("back", "10", money[_i].members, 200);
	linked_wait_order("back", _i == 0 ? "'state':'paid'" : "'amount_authorized':10.00");
	post(&order, "/orders/back/cancel", NULL, "{}", 200);
	linked_wait_order("back", money[_i].shown);
	check_agree();
	service_stop(&payment_service);
	service_stop(&order_service);
	linked_run(&payment_service, NULL);
	linked_run(&order_service, NULL);
	linked_order("later", "10");
	linked_pay("later", "10", "", 200);
	linked_wait_order("later", "'state':'paid'");
	linked_wait_heard();
	check_agree();
	ck_assert_int_eq(linked_count_events(&pay, money[_i].event), 1);
	ck_assert_int_eq(linked_count_events(&pay, money[_i].other_event), 0);
}
END_TEST

/* A call of the client and one of the service for the same money: one gives it back. */
START_TEST(a_client_and_the_service_give_back_together_what_came_in)
{
	char path[128];

	linked_order("shared", "10");
	linked_pay("shared", "10", "", 200);
	(void)snprintf(path, sizeof(path), "/payments/%s/refunds",
	               client_string(&pay, "payment_id"));
	post(&pay, path, "Idempotency-Key: part", "{'amount':4}", 200);
	post(&order, "/orders/shared/cancel", NULL, "{}", 200);
	linked_wait_order("shared", "'amount_refunded':10.00");
	check_agree();
	ck_assert_int_eq(linked_count_events(&pay, "refund.succeeded"), 2);
}
END_TEST

/* ---- many orders, both at once ---- */

static struct linked_load race = {.prefix = "race", .held_each = 3};

/* Whatever comes of the race, and of a service that dies. */
static void check_answer(void *arg, uint64_t number, int status, struct text body)
{
	(void)arg;
	ck_assert_msg(status == 0 || status == 200 || status == 409 || status == 503,
	              "race-%" PRIu64 ": %d %.*s", number, status, (int)body.len, body.ptr);
}

static struct load_plan make_plan(const struct service *service,
                                  void (*make)(void *arg, uint64_t number, struct buf *out))
{
	return (struct load_plan){.port = service->port,
	                          .connections = RACING_CONNECTIONS,
	                          .requests = scaled(RACING_ORDERS),
	                          .make = make,
	                          .answered = check_answer,
	                          .arg = &race};
}

static void run_all(const struct load_plan *plan)
{
	struct load_result result;

	load_run(plan, &result);
	ck_assert_uint_eq(result.answered, plan->requests);
}

static struct service *const killed[] = {NULL, &payment_service, &order_service};

START_TEST(cancel_and_pay_race_and_no_cancelled_order_keeps_money)
{
	const struct load_plan orders = make_plan(&order_service, linked_make_order);
	struct load_plan payments, cancels;
	struct chance chance;

	chance_init(&chance);
	run_all(&orders);
	payments = make_plan(&payment_service, linked_make_payment);
	cancels = make_plan(&order_service, linked_make_cancel);
	pid_t paying = linked_send(&payments), cancelling = linked_send(&cancels);
	if (killed[_i] != NULL) {
		linked_kill_after(killed[_i], 1 + chance_below(&chance, orders.requests / 2));
		linked_run(killed[_i], NULL);
	}
	linked_join(paying);
	linked_join(cancelling);
	check_agree();
	/* All are cancelled, and paid where that is possible still. */
	payments.port = payment_service.port;
	cancels.port = order_service.port;
	run_all(&cancels);
	run_all(&payments);
	check_agree();
	ck_assert_int_eq(linked_count_events(&order, "order.cancelled"), orders.requests);
	ck_assert_int_eq(linked_count_events(&pay, "payment.captured"),
	                 linked_count_events(&pay, "refund.succeeded"));
	ck_assert_int_eq(linked_count_events(&pay, "payment.authorized"),
	                 linked_count_events(&pay, "payment.voided"));
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("linked cancel");
	TCase *tcase = tcase_create("cancel");

	tcase_set_timeout(tcase, 300);
	tcase_add_checked_fixture(tcase, linked_start, linked_stop);
	tcase_add_loop_test(tcase, money_of_a_cancelled_order_goes_back_once, 0, ARRAY_LEN(money));
	tcase_add_test(tcase, a_client_and_the_service_give_back_together_what_came_in);
	tcase_add_loop_test(tcase, cancel_and_pay_race_and_no_cancelled_order_keeps_money, 0,
	                    ARRAY_LEN(killed));
	suite_add_tcase(suite, tcase);
	return suite;
}

TEST_MAIN(make_suite)
