/* test_migrate.c - the command migrate: what a start would apply is applied and told, once, and
 * never beside a daemon. How migrations run: tests/unit/test_store.c. */
#include "e2e/run.h"

#include <string.h>

static const char *const names[] = {"payment-service", "order-service"};
static struct service service;

static void set_up(void)
{
	service_init(&service, names[0]);
}

static void tear_down(void)
{
	service_release(&service);
}

static void migrate(int status, struct run *ret_run)
{
	static const char *const arguments[] = {"migrate", NULL};

	run_service(&service, NULL, arguments, ret_run);
	ck_assert_msg(ret_run->status == status, "exit %d: %s%s", ret_run->status,
	              buf_str(&ret_run->out), buf_str(&ret_run->err));
}

START_TEST(what_is_applied_is_told_once)
{
	static const char *const first_lines[] = {
		"applied 0001-journal of common\napplied 0001-payments of payment-service\n"
		"database data/payment/payment.db has the schema of this program\n",
		"applied 0001-journal of common\napplied 0001-orders of order-service\n"
		"database data/order/order.db has the schema of this program\n"};
	struct run run;

	service.name = names[_i];
	for (int i = 0; i < 2; i++) {
		migrate(0, &run);
		const char *want = i == 0 ? first_lines[_i] : strstr(first_lines[_i], "database");
		ck_assert_str_eq(buf_str(&run.out), want);
		ck_assert_str_eq(buf_str(&run.err), "");
		run_release(&run);
	}
	service_start(&service, NULL); /* on what migrate made */
}
END_TEST

START_TEST(it_is_refused_beside_a_daemon)
{
	struct run run;

	service_start(&service, NULL);
	migrate(2, &run);
	ck_assert_str_eq(buf_str(&run.out), "");
	ck_assert_str_eq(buf_str(&run.err),
	                 "payment-service: another process holds data/payment; stop it first, or "
	                 "point DATABASE_URL elsewhere\n");
	run_release(&run);
}
END_TEST

static Suite *migrate_suite(void)
{
	Suite *suite = suite_create("migrate");
	TCase *tcase = tcase_create("migrate");

	tcase_set_timeout(tcase, 60);
	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_loop_test(tcase, what_is_applied_is_told_once, 0, ARRAY_LEN(names));
	tcase_add_test(tcase, it_is_refused_beside_a_daemon);
	suite_add_tcase(suite, tcase);
	return suite;
}

TEST_MAIN(migrate_suite)
