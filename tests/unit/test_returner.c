/* test_returner.c - when what is to be given back is tried, and tried again. */
#include "payment-service/returner.h"

#include "runtime/peer_commands.h"
#include "unit/shop_fixture.h"
#include "unit/unit.h"

#define HOUR_US (3600 * US_PER_S)

START_TEST(what_is_approved_after_the_end_goes_back_at_once)
{
	int64_t start_us = world.now_us;

	(void)shop_pay("o-1", 1000, "pm_slow", CAPTURE_MANUAL);
	ck_assert_int_eq(shop_cancel("o-1"), ERR_NONE);
	(void)shop_turn(); /* it is called, and to be given back */
	shop_commit();
	ck_assert_int_eq(shop_turn(), start_us + US_PER_S);
	world.now_us = start_us + US_PER_S;
	(void)shop_turn(); /* it is approved */
	shop_commit();
	ck_assert_int_eq(shop_count("o-1", "payment_status = 'authorized'"), 1);
	(void)shop_turn();
	shop_commit();
	ck_assert_int_eq(shop_count("o-1", "pending_operation = 'void'"), 1);
	shop_rest();
	ck_assert_int_eq(shop_count("o-1", "payment_status = 'voided'"), 1);
}
END_TEST

START_TEST(nothing_of_an_order_that_lives_is_given_back)
{
	struct return_command command = {.operation = {.amount = {.digits = -1}, .has_key = true},
	                                 .payment_key = PAYMENT_KEYS_PER_ORDER,
	                                 .since_us = world.now_us};

	ck_assert_int_eq(shop_create("o-1", 1000, "USD"), ERR_NONE);
	ck_assert_int_eq(shop_pay("o-1", 1000, "pm_success", CAPTURE_AUTOMATIC), ERR_NONE);
	text_copy(text_of(shop.payment_id), command.operation.payment_id, ID_SIZE);
	ck_assert_int_eq(shop_run(&return_kind, &command, NULL, NULL), ERR_NONE);
	ck_assert_int_eq(shop_count("o-1", "refunds_count = 0"), 1);
	shop_check_audit(0);
}
END_TEST

/* Of a refund that is refused each time. */
static const int64_t ages_us[] = {
	0,       10 * US_PER_S, 30 * US_PER_S, 120 * US_PER_S, 600 * US_PER_S,
	HOUR_US, 6 * HOUR_US,   24 * HOUR_US,
};

START_TEST(what_is_refused_is_tried_at_each_age_and_then_stuck)
{
	int64_t start_us;

	ck_assert_int_eq(shop_pay("o-1", 1000, "pm_refund_fails", CAPTURE_AUTOMATIC), ERR_NONE);
	shop_rest();
	start_us = world.now_us;
	ck_assert_int_eq(shop_cancel("o-1"), ERR_NONE);
	for (size_t i = 0; i < ARRAY_LEN(ages_us); i++) {
		bool is_last = i + 1 == ARRAY_LEN(ages_us);

		world.now_us = start_us + ages_us[i];
		(void)shop_turn();
		shop_commit(); /* the refund is asked for */
		(void)shop_turn();
		shop_commit(); /* and refused */
		ck_assert_int_eq(shop_turn(), is_last ? INT64_MAX : start_us + ages_us[i + 1]);
		ck_assert_int_eq(rig_number(&shop.rig, "SELECT count(*) FROM refunds "
		                                       "WHERE refund_status = 'failed'"),
		                 (int64_t)i + 1);
		if (i % 2 == 1)
			shop_crash();
	}
	ck_assert(shop_metrics_say("\nreturns_stuck 1\n"));
	shop_check_audit(1);
	world.now_us += HOUR_US;
	ck_assert_int_eq(shop_turn(), INT64_MAX);
	ck_assert_uint_eq(shop.count, 0);
}
END_TEST

START_TEST(what_cannot_be_submitted_now_is_submitted_later_and_once)
{
	ck_assert_int_eq(shop_pay("o-1", 1000, "pm_success", CAPTURE_AUTOMATIC), ERR_NONE);
	ck_assert_int_eq(shop_cancel("o-1"), ERR_NONE);
	shop.refusal = ERR_OVERLOADED;
	ck_assert_int_eq(returner_turn(shop.returner, world.now_us), world.now_us + US_PER_S);
	ck_assert_uint_eq(shop.count, 0);
	shop.refusal = ERR_NONE;
	ck_assert_int_eq(returner_turn(shop.returner, world.now_us), world.now_us + US_PER_S);
	ck_assert_uint_eq(shop.count, 0);
	world.now_us += US_PER_S;
	ck_assert_int_eq(returner_turn(shop.returner, world.now_us), INT64_MAX);
	ck_assert_int_eq(returner_turn(shop.returner, world.now_us), INT64_MAX);
	ck_assert_uint_eq(shop.count, 1);
	shop_commit();
	shop_rest();
	ck_assert_int_eq(rig_number(&shop.rig, "SELECT count(*) FROM refunds"), 1);
	shop_check_audit(0);
}
END_TEST

static void tell_rollback(enum peer_rollback rollback)
{
	const struct peer_command command = {.place.rollback = rollback};

	ck_assert_int_eq(shop_run(&peer_rollback_kind, &command, NULL, NULL), ERR_NONE);
}

START_TEST(nothing_is_given_back_by_a_service_that_was_rolled_back)
{
	ck_assert_int_eq(shop_pay("o-1", 1000, "pm_success", CAPTURE_AUTOMATIC), ERR_NONE);
	ck_assert_int_eq(shop_cancel("o-1"), ERR_NONE);
	tell_rollback(_i);
	(void)shop_turn();
	ck_assert_uint_eq(shop.count, 0);
	tell_rollback(PEER_INTACT);
	shop_rest();
	ck_assert_int_eq(rig_number(&shop.rig, "SELECT count(*) FROM refunds"), 1);
	shop_check_audit(0);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("returner");
	TCase *all = tcase_create("all");

	fixture_add(all);
	tcase_add_checked_fixture(all, shop_setup, shop_teardown);
	tcase_set_timeout(all, 120);
	tcase_add_test(all, what_is_approved_after_the_end_goes_back_at_once);
	tcase_add_test(all, nothing_of_an_order_that_lives_is_given_back);
	tcase_add_test(all, what_is_refused_is_tried_at_each_age_and_then_stuck);
	tcase_add_test(all, what_cannot_be_submitted_now_is_submitted_later_and_once);
	tcase_add_loop_test(all, nothing_is_given_back_by_a_service_that_was_rolled_back,
	                    PEER_ROLLED_BACK, PEER_RESTORED + 1);
	suite_add_tcase(suite, all);
	return suite;
}

TEST_MAIN(make_suite)
