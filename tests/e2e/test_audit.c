/* test_audit.c - the command audit is silent on a sound store: beside the daemon, idle or busy,
 * after a kill, after a stop. What it tells of others is in test_tamper.c. */
#include "e2e/load.h"
#include "e2e/pair.h"
#include "e2e/run.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define LOAD_CONNECTIONS 32
#define LOAD_REQUESTS 20000

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
	check_sound(&payment_service, "4 events and 14 rows checked, head 4: 0 findings\n");
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

/* Three requests for each order, of which the first is declined as a payment; with and without
 * keys. */
static void make_request(void *arg, uint64_t number, struct buf *out)
{
	bool is_payment = arg == &payment_service, is_declined = is_payment && number % 3 == 0;
	char key[64], body[128];

	(void)snprintf(key, sizeof(key), "Idempotency-Key: k-%" PRIu64 "\r\n", number);
	(void)snprintf(body, sizeof(body), "{\"order_id\":\"l-%" PRIu64 "\",\"amount\":10.99%s}",
	               number / 3, is_declined ? ",\"payment_method\":\"pm_declined\"" : "");
	load_post(out, is_payment ? "/pay" : "/order", number % 2 == 0 ? key : "", body);
}

static void check_answer(void *arg, uint64_t number, int status, struct text body)
{
	(void)arg;
	ck_assert_msg(status == 200 || status == 402 || status == 409,
	              "request %" PRIu64 ": status %d %.*s", number, status, (int)body.len,
	              body.ptr);
}

/* The load is a process of its own, as the audits are. */
static pid_t start_load(struct service *service)
{
	struct load_plan plan = {
		.port = service->port,
		.connections = LOAD_CONNECTIONS,
		.requests = scaled(LOAD_REQUESTS),
		.make = make_request,
		.answered = check_answer,
		.arg = service,
	};
	struct load_result result;
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid > 0)
		return pid;
	load_run(&plan, &result);
	_exit(result.answered == plan.requests ? 0 : 1);
}

START_TEST(a_busy_store_has_no_finding)
{
	struct service *service = _i == 0 ? &payment_service : &order_service;
	struct run run;
	pid_t ended = 0;
	int status;

	pair_start();
	pid_t load = start_load(service);
	while (ended == 0) {
		run_service(service, NULL, audit_command, &run);
		ck_assert_msg(run.status == 0, "%s%s", buf_str(&run.out), buf_str(&run.err));
		run_release(&run);
		ended = waitpid(load, &status, WNOHANG);
	}
	ck_assert(ended == load && status == 0);
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
	tcase_add_loop_test(tcase, a_busy_store_has_no_finding, 0, 2);
	tcase_add_test(tcase, where_there_is_no_store_it_says_so);
	suite_add_tcase(suite, tcase);
	return suite;
}

TEST_MAIN(audit_suite)
