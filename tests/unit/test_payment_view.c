/* test_payment_view.c - POST /pay beside what is known of an order: its total, what is open, how
 * many payments it has, what was made again after a restore; and what a new payment holds. */
#include <string.h>

#include "unit/payment_asked.h"

static const uint8_t random_bytes[ULID_RANDOM_BYTES] = "0123456789";

/* Where the total is above what is claimed. */
static const struct {
	const char *rule;
	struct asked pay;
	enum error want;
	int effect;
	const char *detail;
} part_payments[] = {
	{"less than is due", PAY(599, KEY), ERR_NONE, NEW, ""},
	{"all that is due", PAY(600, KEY), ERR_NONE, NEW, ""},
	{"more than is due", PAY(601, KEY), ERR_AMOUNT_EXCEEDS_DUE, NOTHING, ""},
	{"more than is due, declined", PAY(601, KEY, DECLINED), ERR_AMOUNT_EXCEEDS_DUE, NOTHING,
         ""},
	{"another currency", PAY(1, KEY, .currency = "EUR"), ERR_CURRENCY_MISMATCH, NOTHING,
         "The order is in USD: pay it in that currency."},
	{"all that is due, without a key", PAY(600), ERR_ORDER_ALREADY_PAID, NOTHING, ""},
	{"a decline", PAY(600, KEY, DECLINED), ERR_PAYMENT_DECLINED, NEW, ""},
};

START_TEST(a_part_payment_keeps_to_what_is_due)
{
	struct payment_view view = {
		.heard = {.total_minor = 1000, .currency = asked_currency("USD")},
		.attempts_count = 1,
		.payments_count = 1,
		.claimed_minor = 400,
	};
	struct payment_outcome outcome;
	char detail[PAYMENT_DETAIL_SIZE];

	asked_check(part_payments[_i].rule, &view, &part_payments[_i].pay, part_payments[_i].want,
	            part_payments[_i].effect, false);
	(void)asked_decide(&view, &part_payments[_i].pay, &outcome, detail);
	ck_assert_str_eq(detail, part_payments[_i].detail);
}
END_TEST

/* Of an order of 2000 that has a payment of 1000 which was made again after a restore, so long ago.
 */
static const struct {
	const char *rule;
	int status;
	int64_t age_us;
	struct asked pay;
	enum error want;
	int effect;
} made_again[] = {
	{"without a key it is the same", PAYMENT_SUCCESS, 0, PAY(1000), ERR_NONE, REPLAY},
	{"whatever its method was", PAYMENT_SUCCESS, 0, PAY(1000, .method = "pm_slow"), ERR_NONE,
         REPLAY},
	{"another amount without a key is a second one", PAYMENT_SUCCESS, 0, PAY(999),
         ERR_ORDER_ALREADY_PAID, NOTHING},
	{"with a key it may be the same", PAYMENT_SUCCESS, 0, PAY(1000, KEY),
         ERR_ORDER_ALREADY_PAID, NOTHING},
	{"or the same that was voided", PAYMENT_VOIDED, 0, PAY(1000, KEY), ERR_ORDER_ALREADY_PAID,
         NOTHING},
	{"what failed is tried again", PAYMENT_FAILED, 0, PAY(1000, KEY), ERR_NONE, NEW},
	{"another amount is another payment", PAYMENT_SUCCESS, 0, PAY(999, KEY), ERR_NONE, NEW},
	{"so is another way to take it", PAYMENT_SUCCESS, 0,
         PAY(1000, KEY, .capture = CAPTURE_MANUAL), ERR_NONE, NEW},
	{"a key is not kept for ever", PAYMENT_SUCCESS, 72 * 3600 * US_PER_S, PAY(1000, KEY),
         ERR_NONE, NEW},
};

START_TEST(what_was_made_again_is_not_charged_twice)
{
	const struct pay_command asked = asked_command(&made_again[_i].pay);
	struct payment_view view = {
		.heard = {.currency = asked_currency("USD"), .total_minor = 2000}, .asked = &asked};
	struct payment payment = {.payment_key = PAYMENT_KEYS_PER_ORDER,
	                          .currency = asked_currency("USD"),
	                          .amount_minor = 1000,
	                          .status = made_again[_i].status,
	                          .pending_operation = OPERATION_NONE,
	                          .key_is_unknown = true,
	                          .created_us = NOW_US - made_again[_i].age_us};

	payment.captured_minor = payment.status == PAYMENT_SUCCESS ? 1000 : 0;
	(void)payment_view_add(&view, &payment);
	asked_check(made_again[_i].rule, &view, &made_again[_i].pay, made_again[_i].want,
	            made_again[_i].effect, false);
}
END_TEST

START_TEST(of_two_that_were_made_again_one_is_the_natural)
{
	struct payment_view view = {0};
	const struct payment payment = {.currency = asked_currency("USD"),
	                                .amount_minor = 1000,
	                                .captured_minor = 1000,
	                                .status = PAYMENT_SUCCESS,
	                                .pending_operation = OPERATION_NONE,
	                                .key_is_unknown = true};

	ck_assert(payment_view_add(&view, &payment));
	ck_assert(!payment_view_add(&view, &payment)); /* its texts are kept once */
}
END_TEST

/* Of 1000, 400 are captured and 500 more are open. */
static const struct {
	const char *rule;
	struct asked pay;
	enum error want;
	int effect;
	bool rests_on_open;
} beside_open[] = {
	{"what is due", PAY(100, KEY), ERR_NONE, NEW},
	{"what would be due if that failed", PAY(101, KEY), ERR_AMOUNT_EXCEEDS_DUE, NOTHING, true},
	{"the most of it", PAY(600, KEY), ERR_AMOUNT_EXCEEDS_DUE, NOTHING, true},
	{"what would be too much in any case", PAY(601, KEY), ERR_AMOUNT_EXCEEDS_DUE, NOTHING},
	{"the wrong currency in any case", PAY(1, KEY, .currency = "EUR"), ERR_CURRENCY_MISMATCH,
         NOTHING},
};

START_TEST(a_refusal_that_an_open_outcome_may_lift_is_for_now)
{
	struct payment_view view = {
		.heard = {.total_minor = 1000, .currency = asked_currency("USD")},
		.attempts_count = 2,
		.payments_count = 2,
		.claimed_minor = 900,
		.open_minor = 500,
	};

	asked_check(beside_open[_i].rule, &view, &beside_open[_i].pay, beside_open[_i].want,
	            beside_open[_i].effect, beside_open[_i].rests_on_open);
}
END_TEST

START_TEST(the_total_is_what_the_first_live_payment_claims)
{
	static const struct given payments[] = {FAILED(1, KEY), PAID(1000, KEY, .currency = "EUR"),
	                                        PAID(400, KEY)};
	struct payment_view view = {0};

	for (size_t i = 0; i < ARRAY_LEN(payments); i++) {
		size_t number =
			_i == 0 ? i : ARRAY_LEN(payments) - 1 - i; /* rows come in any order */
		asked_add(&view, &payments[number], (int64_t)number);
	}
	ck_assert_int_eq(view.payments_count, 3);
	ck_assert_int_eq(payment_view_total(&view).minor, 1000);
	ck_assert_int_eq(view.claimed_minor, 1400);
	ck_assert_ptr_eq(payment_view_total(&view).currency, asked_currency("EUR"));
	ck_assert(!view.has_natural);
}
END_TEST

START_TEST(an_order_takes_at_most_100_payments)
{
	static const struct asked pay = PAY(1099);
	struct payment_view view = {0};

	for (int64_t i = 0; i < PAYMENTS_PER_ORDER_MAX; i++) {
		asked_check("one more attempt", &view, &pay, ERR_NONE, NEW, false);
		asked_add(&view, &(struct given)FAILED(1099), i);
	}
	asked_check("one too many", &view, &pay, ERR_INVALID_REQUEST, NOTHING, false);
}
END_TEST

/* An outage must not use up an order. */
START_TEST(what_never_reached_the_processor_is_no_payment_of_the_100)
{
	static const struct asked pay = PAY(1099);
	struct payment_view view = {0};

	for (int64_t i = 0; i < ATTEMPTS_PER_ORDER_MAX; i++) {
		asked_check("one more attempt", &view, &pay, ERR_NONE, NEW, false);
		const struct payment payment = {.status = PAYMENT_FAILED,
		                                .decline_code = text_of(code_unreachable)};
		ck_assert(!payment_view_add(&view, &payment));
	}
	asked_check("one too many", &view, &pay, ERR_INVALID_REQUEST, NOTHING, false);
}
END_TEST

START_TEST(a_replay_passes_the_limit_of_payments)
{
	static const struct asked pay = PAY(1099);
	struct payment_view view = {0};

	for (int64_t i = 1; i < PAYMENTS_PER_ORDER_MAX; i++)
		asked_add(&view, &(struct given)FAILED(1099), i);
	asked_add(&view, &(struct given)PAID(1099), 0);
	asked_check("the same again", &view, &pay, ERR_NONE, REPLAY, false);
}
END_TEST

static void check_asked(const struct payment *payment)
{
	ck_assert_str_eq(payment->order_id, "o-1");
	ck_assert(id_is_valid("pay_", text_of(payment->payment_id)));
	ck_assert_int_eq(payment->amount_minor, 1099);
	ck_assert_int_eq(payment->refunded_minor, 0);
	ck_assert_int_eq(payment->refund_pending_minor, 0);
	ck_assert_int_eq(payment->pending_operation, OPERATION_NONE);
	ck_assert(payment->has_key);
	ck_assert(text_is(payment->processor, "sandbox"));
	ck_assert(text_is(payment->description, "a book"));
	ck_assert(text_is(payment->metadata, "{}"));
	ck_assert_int_eq(payment->created_us, NOW_US);
	ck_assert_int_eq(payment->updated_us, NOW_US);
}

START_TEST(a_new_payment_holds_what_was_asked_and_answered)
{
	static const struct asked pay = PAY(1099, KEY);
	const struct payment_moment moment = {.now_us = NOW_US, .random = random_bytes};
	const struct payment_view view = {0};
	struct payment_outcome outcome = {0};
	struct pay_command command = asked_command(&pay);
	char detail[PAYMENT_DETAIL_SIZE] = "";

	command.capture = _i == 0 ? CAPTURE_AUTOMATIC : CAPTURE_MANUAL;
	ck_assert_int_eq(payment_decide_pay(&view, &command, &moment, &outcome, detail), ERR_NONE);
	check_asked(&outcome.payment);
	ck_assert_int_eq(outcome.payment.status, _i == 0 ? PAYMENT_SUCCESS : PAYMENT_AUTHORIZED);
	ck_assert_int_eq(outcome.payment.capture, command.capture);
	ck_assert_str_eq(outcome.payment.processor_reference, "sbx_1");
}
END_TEST

static Suite *payment_view_suite(void)
{
	Suite *suite = suite_create("payment_view");
	TCase *tests = tcase_create("payment_view");

	tcase_add_loop_test(tests, a_part_payment_keeps_to_what_is_due, 0,
	                    ARRAY_LEN(part_payments));
	tcase_add_loop_test(tests, the_total_is_what_the_first_live_payment_claims, 0, 2);
	tcase_add_test(tests, an_order_takes_at_most_100_payments);
	tcase_add_test(tests, what_never_reached_the_processor_is_no_payment_of_the_100);
	tcase_add_test(tests, a_replay_passes_the_limit_of_payments);
	tcase_add_loop_test(tests, a_new_payment_holds_what_was_asked_and_answered, 0, 2);
	tcase_add_loop_test(tests, a_refusal_that_an_open_outcome_may_lift_is_for_now, 0,
	                    ARRAY_LEN(beside_open));
	tcase_add_loop_test(tests, what_was_made_again_is_not_charged_twice, 0,
	                    ARRAY_LEN(made_again));
	tcase_add_test(tests, of_two_that_were_made_again_one_is_the_natural);
	suite_add_tcase(suite, tests);
	return suite;
}

TEST_MAIN(payment_view_suite)
