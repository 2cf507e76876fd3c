/* test_cases.c - the controls are accepted and the bad inputs refused, by both daemons fresh and
 * with keys (tests/cases). */
#include "e2e/harness.h"
#include "e2e/keys.h"

#include <stdio.h>

/* As tests/cases/README.md wants them. */
static const struct test_key keys[] = {
	{"full", "admin", "test-token-full", NULL},
	{"reader", "payments:read,orders:read,events:read,ledger:read", "test-token-readonly",
         NULL},
	{"other", "admin", "test-token-other", NULL},
	{NULL},
};

START_TEST(controls_are_accepted_and_bad_inputs_are_refused)
{
	struct service payment, order;
	char pay_address[32], order_address[32];
	const char *arguments[] = {"tests/cases/run.sh", pay_address, order_address, NULL};

	service_init(&payment, "payment-service");
	service_init(&order, "order-service");
	keys_write(&payment, keys);
	keys_write(&order, keys);
	service_start(&payment, keys_settings);
	service_start(&order, keys_settings);
	(void)snprintf(pay_address, sizeof(pay_address), "127.0.0.1:%d", payment.port);
	(void)snprintf(order_address, sizeof(order_address), "127.0.0.1:%d", order.port);
	ck_assert_int_eq(program_run(arguments), 0);
	service_release(&payment);
	service_release(&order);
}
END_TEST

static Suite *cases_suite(void)
{
	Suite *suite = suite_create("cases");
	TCase *tcase = tcase_create("cases");

	tcase_set_timeout(tcase, 600);
	tcase_add_test(tcase, controls_are_accepted_and_bad_inputs_are_refused);
	suite_add_tcase(suite, tcase);
	return suite;
}

TEST_MAIN(cases_suite)
