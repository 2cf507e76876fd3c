/* test_refund_race.c - refunds that arrive at the same moment never give back more than was
 * captured, also while some of them are on their way. */
#include "e2e/load.h"
#include "e2e/payments.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define REFUNDS 20
#define ROUNDS 10

/* Each asks for 1.00, or for 3.00, of a payment of 10.00. */
static const struct {
	const char *name, *method, *amount;
	size_t successes;
	int status; /* of a success */
	const char *refunded;
} races[] = {
	{"in the process", "pm_success", "1", 10, 200, "'amount_refunded':10.00"},
	{"in the process, not in whole parts", "pm_success", "3", 3, 200, "'amount_refunded':9.00"},
	{"outside, never answered", "pm_refund_timeout", "1", 10, 202,
         "'amount_refund_pending':10.00"},
};

struct race {
	const char *path, *amount;
	int status;
	size_t successes;
};

static void make_refund(void *arg, uint64_t number, struct buf *out)
{
	const struct race *race = arg;
	char path[PAYMENT_PATH_SIZE + 16], key[128], body[64];

	(void)snprintf(path, sizeof(path), "%s/refunds", race->path);
	(void)snprintf(key, sizeof(key), "Idempotency-Key: %s-%" PRIu64 "\r\n", race->path, number);
	(void)snprintf(body, sizeof(body), "{\"amount\":%s}", race->amount);
	load_post(out, path, key, body);
}

static void check_refund(void *arg, uint64_t number, int status, struct text body)
{
	struct race *race = arg;

	(void)number;
	if (status == race->status) {
		race->successes++;
		return;
	}
	ck_assert_msg(status == 422, "%d %.*s", status, (int)body.len, body.ptr);
	ck_assert_ptr_nonnull(memmem(body.ptr, body.len, "amount-exceeds-refundable", 25));
}

START_TEST(twenty_parallel_refunds_give_back_at_most_what_was_captured)
{
	const char *const end[] = {races[_i].refunded, NULL};
	char path[PAYMENT_PATH_SIZE], order_id[64], members[64];

	(void)snprintf(members, sizeof(members), "'payment_method':'%s'", races[_i].method);
	for (size_t round = 0; round < ROUNDS; round++) {
		struct race race = {path, races[_i].amount, races[_i].status, 0};
		const struct load_plan plan = {.port = payment_service.port,
		                               .connections = REFUNDS,
		                               .requests = REFUNDS,
		                               .make = make_refund,
		                               .answered = check_refund,
		                               .arg = &race};
		struct load_result result;

		(void)snprintf(order_id, sizeof(order_id), "race-%d-%zu", _i, round);
		pay_new(order_id, members, 200, path);
		load_run(&plan, &result);
		ck_assert_uint_eq(result.answered, REFUNDS);
		ck_assert_uint_eq(race.successes, races[_i].successes);
		pay_check(path, end);
	}
}
END_TEST

static void start(void)
{
	static const char *const settings[] = {"PROCESSOR_TIMEOUT=50ms", NULL};

	service_init(&payment_service, "payment-service");
	service_start(&payment_service, settings);
	client_open(&pay, payment_service.port);
}

static void stop(void)
{
	client_close(&pay);
	service_release(&payment_service);
}

static Suite *refund_race_suite(void)
{
	Suite *suite = suite_create("refund race");
	TCase *tcase = tcase_create("refund race");

	tcase_set_timeout(tcase, 120);
	tcase_add_unchecked_fixture(tcase, start, stop);
	tcase_add_loop_test(tcase, twenty_parallel_refunds_give_back_at_most_what_was_captured, 0,
	                    ARRAY_LEN(races));
	suite_add_tcase(suite, tcase);
	return suite;
}

TEST_MAIN(refund_race_suite)
