/* test_stress.c - under many connections no request is forgotten: each suspended connection is
 * resumed and answered. */
#include "e2e/harness.h"
#include "e2e/load.h"

#include <inttypes.h>
#include <stdio.h>

/* libmicrohttpd's own epoll loop, which takes 128 events at a time, stalls at 128, 256 and 384. */
static const struct {
	const char *service, *path;
	size_t connections;
	uint64_t requests;
} rounds[] = {
	{"payment-service", "/pay", 300, 100000}, {"order-service", "/order", 300, 100000},
	{"payment-service", "/pay", 128, 10000},  {"order-service", "/order", 128, 10000},
	{"payment-service", "/pay", 256, 10000},  {"order-service", "/order", 256, 10000},
	{"payment-service", "/pay", 384, 10000},  {"order-service", "/order", 384, 10000},
};

static void make_call(void *arg, uint64_t number, struct buf *out)
{
	char body[128];

	(void)snprintf(body, sizeof(body), "{\"order_id\":\"stress-%" PRIu64 "\",\"amount\":10.99}",
	               number);
	load_post(out, arg, "", body);
}

static void check_answer(void *arg, uint64_t number, int status, struct text body)
{
	(void)arg;
	ck_assert_msg(status == 200, "request %" PRIu64 ": status %d %.*s", number, status,
	              (int)body.len, body.ptr);
}

START_TEST(every_request_is_answered)
{
	struct service service;
	struct load_result result;
	struct load_plan plan = {
		.connections = rounds[_i].connections,
		.requests = scaled(rounds[_i].requests),
		.make = make_call,
		.answered = check_answer,
		.arg = (void *)(uintptr_t)rounds[_i].path,
	};

	service_init(&service, rounds[_i].service);
	service_start(&service, NULL);
	plan.port = service.port;
	load_run(&plan, &result);
	ck_assert_uint_eq(result.answered, plan.requests);
	service_release(&service);
}
END_TEST

static Suite *stress_suite(void)
{
	Suite *suite = suite_create("stress");
	TCase *tcase = tcase_create("answers");

	tcase_set_timeout(tcase, 600);
	tcase_add_loop_test(tcase, every_request_is_answered, 0, (int)ARRAY_LEN(rounds));
	suite_add_tcase(suite, tcase);
	return suite;
}

TEST_MAIN(stress_suite)
