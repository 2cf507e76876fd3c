/* test_kill9.c - what was acknowledged survives kill -9, what was not can be sent again, either way
 * it takes effect exactly once, and the store that is left is sound. */
#include "e2e/orders.h"

#include <stdio.h>

#define ROUNDS 3
#define ORDERS_A_ROUND 20000
#define CONNECTIONS 64

START_TEST(every_call_survives_a_kill_exactly_once)
{
	const struct order_call *call = &order_calls[_i];
	struct orders orders[ROUNDS * 5];
	size_t rounds = scaled(ROUNDS);
	struct service service;
	struct chance chance;
	struct load_result result;

	ck_assert_uint_le(rounds, ARRAY_LEN(orders));
	chance_init(&chance);
	service_init(&service, call->service);
	for (size_t i = 0; i < rounds; i++) {
		char prefix[16];
		(void)snprintf(prefix, sizeof(prefix), "round%zu", i);
		orders_init(&orders[i], call, prefix, ORDERS_A_ROUND);
		service_start(&service, NULL);
		orders_send(&orders[i], &service, CONNECTIONS,
		            1 + chance_below(&chance, ORDERS_A_ROUND / 2), SIGKILL, &result);
		ck_assert_int_eq(service_wait(&service), 128 + SIGKILL);
		ck_assert_int_eq(service_command(&service, "audit"), 0);
	}
	service_start(&service, NULL);
	for (size_t i = 0; i < rounds; i++) {
		orders_repeat(&orders[i], service.port);
		orders_check(&orders[i], service.port);
		orders_release(&orders[i]);
	}
	service_stop(&service);
	ck_assert_int_eq(service_command(&service, "audit"), 0);
	service_release(&service);
}
END_TEST

static Suite *kill9_suite(void)
{
	Suite *suite = suite_create("kill9");
	TCase *tcase = tcase_create("kill");

	tcase_set_timeout(tcase, 600);
	tcase_add_loop_test(tcase, every_call_survives_a_kill_exactly_once, 0, ORDER_CALLS);
	suite_add_tcase(suite, tcase);
	return suite;
}

TEST_MAIN(kill9_suite)
