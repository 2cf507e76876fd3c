/* test_audit.c - the command audit is silent on a sound store: beside the daemon, after a kill,
 * after a stop. What it tells of others is in test_tamper.c. */
#include "e2e/pair.h"
#include "e2e/run.h"

#include <string.h>

static const char *const audit_command[] = {"audit", NULL};

/* Taken by both services; the second is declined by one and refused by the other. */
static const char *const bodies[] = {
	"{'order_id':'a-1','amount':10.99}",
	"{'order_id':'a-2','amount':10.99,'payment_method':'pm_declined'}",
	"{'order_id':'a-2','amount':10.99}",
	"{'order_id':'a-3','amount':1,'currency':'JPY','metadata':{'a':'b'}}",
};

static void check_sound(const struct service *service, const char *summary)
{
	struct run run;

	run_service(service, NULL, audit_command, &run);
	ck_assert_msg(run.status == 0, "%s%s", buf_str(&run.out), buf_str(&run.err));
	ck_assert_str_eq(buf_str(&run.out), summary);
	ck_assert_str_eq(buf_str(&run.err), "");
	run_release(&run);
}

static void check_both_sound(void)
{
	check_sound(&payment_service, "4 events and 4 rows checked, head 4: 0 findings\n");
	check_sound(&order_service, "3 events and 3 rows checked, head 3: 0 findings\n");
}

START_TEST(a_sound_store_has_no_finding_at_any_time)
{
	pair_start();
	for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
		post(&pay, "/pay", NULL, bodies[i], i == 1 ? 402 : 200);
		post(&order, "/order", NULL, bodies[i], i == 1 ? 422 : 200);
	}
	check_both_sound();
	service_signal(&payment_service, SIGKILL);
	service_signal(&order_service, SIGKILL);
	(void)service_wait(&payment_service);
	(void)service_wait(&order_service);
	check_both_sound();
	service_start(&payment_service, NULL);
	service_start(&order_service, NULL);
	check_both_sound();
	service_stop(&payment_service);
	service_stop(&order_service);
	check_both_sound();
	pair_stop();
}
END_TEST

START_TEST(where_there_is_no_store_it_says_so)
{
	struct service service;
	struct run run;

	service_init(&service, "payment-service");
	run_service(&service, NULL, audit_command, &run);
	ck_assert_int_eq(run.status, 2);
	ck_assert_ptr_nonnull(strstr(buf_str(&run.err), "payment.db does not exist"));
	run_release(&run);
	service_release(&service);
}
END_TEST

static Suite *audit_suite(void)
{
	Suite *suite = suite_create("audit");
	TCase *tcase = tcase_create("sound");

	tcase_set_timeout(tcase, 120);
	tcase_add_test(tcase, a_sound_store_has_no_finding_at_any_time);
	tcase_add_test(tcase, where_there_is_no_store_it_says_so);
	suite_add_tcase(suite, tcase);
	return suite;
}

TEST_MAIN(audit_suite)
