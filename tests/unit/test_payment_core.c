/* test_payment_core.c - what POST /pay does to an order, as a table: what is there, what is asked,
 * what comes out. */
#include <stdio.h>
#include <string.h>

#include "payment-service/payment.h"
#include "unit/unit.h"

#define NOW_US INT64_C(1795408200123456)
#define PAYMENTS_MAX 3

static const uint8_t random_bytes[ULID_RANDOM_BYTES] = "0123456789";

/* A payment that is there. */
struct given {
	int64_t amount_minor; /* 0: the end of the list */
	int status;
	bool has_key;
	const char *currency, *method; /* NULL: USD, none */
	int64_t refunded_minor, refund_pending_minor;
	int capture;
	enum operation pending;
	int64_t pending_minor; /* 0: nothing is pending */
};

#define PAID(amount, ...) \
	{ \
		.amount_minor = amount, .status = PAYMENT_SUCCESS, __VA_ARGS__ \
	}
#define OPEN(amount, ...) \
	{ \
		.amount_minor = amount, .status = PAYMENT_PROCESSING, __VA_ARGS__ \
	}
#define HELD(amount, ...) \
	{ \
		.amount_minor = amount, .status = PAYMENT_AUTHORIZED, .capture = CAPTURE_MANUAL, \
		__VA_ARGS__ \
	}
#define VOIDED(amount, ...) \
	{ \
		.amount_minor = amount, .status = PAYMENT_VOIDED, __VA_ARGS__ \
	}
#define FAILED(amount, ...) \
	{ \
		.amount_minor = amount, .status = PAYMENT_FAILED, __VA_ARGS__ \
	}
#define KEY .has_key = true

/* What is asked. */
struct asked {
	int64_t amount_minor;
	bool has_key, is_declined;
	const char *currency, *method; /* NULL: USD, none */
	int capture;
};

#define PAY(amount, ...) \
	{ \
		.amount_minor = amount, __VA_ARGS__ \
	}
#define DECLINED .is_declined = true
#define MANUAL .capture = CAPTURE_MANUAL

enum { NOTHING, NEW, REPLAY };

static const struct {
	const char *rule;
	struct given have[PAYMENTS_MAX];
	struct asked pay;
	enum error want;
	int effect;
	bool rests_on_open;
} cases[] = {
	{"the first payment", {{0}}, PAY(1099), ERR_NONE, NEW},
	{"the first payment, with a key", {{0}}, PAY(1099, KEY), ERR_NONE, NEW},
	{"the least", {{0}}, PAY(1), ERR_NONE, NEW},
	{"the most", {{0}}, PAY(MONEY_MINOR_MAX), ERR_NONE, NEW},
	{"a decline is stored", {{0}}, PAY(1099, DECLINED), ERR_PAYMENT_DECLINED, NEW},

	/* Without a key the order id is the key. */
	{"the same again is the same payment", {PAID(1099)}, PAY(1099), ERR_NONE, REPLAY},
	{"also where the processor would decline now",
         {PAID(1099)},
         PAY(1099, DECLINED),
         ERR_NONE,
         REPLAY},
	{"the same method again",
         {PAID(1099, .method = "pm_success")},
         PAY(1099, .method = "pm_success"),
         ERR_NONE,
         REPLAY},
	{"less", {PAID(1099)}, PAY(1098), ERR_ORDER_ALREADY_PAID, NOTHING},
	{"more", {PAID(1099)}, PAY(1100), ERR_ORDER_ALREADY_PAID, NOTHING},
	{"another currency",
         {PAID(1099)},
         PAY(1099, .currency = "EUR"),
         ERR_ORDER_ALREADY_PAID,
         NOTHING},
	{"another method",
         {PAID(1099, .method = "pm_success")},
         PAY(1099, .method = "pm_declined"),
         ERR_ORDER_ALREADY_PAID,
         NOTHING},
	{"a method where none was",
         {PAID(1099)},
         PAY(1099, .method = "pm_success"),
         ERR_ORDER_ALREADY_PAID,
         NOTHING},
	{"no method where one was",
         {PAID(1099, .method = "pm_success")},
         PAY(1099),
         ERR_ORDER_ALREADY_PAID,
         NOTHING},
	{"the same after a refund",
         {PAID(1099, .refunded_minor = 1)},
         PAY(1099),
         ERR_ORDER_ALREADY_PAID,
         NOTHING},

	/* A key asks for a payment of its own. */
	{"the same with a key", {PAID(1099)}, PAY(1099, KEY), ERR_ORDER_ALREADY_PAID, NOTHING},
	{"without a key after one with",
         {PAID(1099, KEY)},
         PAY(1099),
         ERR_ORDER_ALREADY_PAID,
         NOTHING},
	{"with another key", {PAID(1099, KEY)}, PAY(1, KEY), ERR_ORDER_ALREADY_PAID, NOTHING},
	{"nothing is due, before the currency is looked at",
         {PAID(1099, KEY)},
         PAY(1, KEY, .currency = "EUR"),
         ERR_ORDER_ALREADY_PAID,
         NOTHING},
	{"a refund does not reopen the order",
         {PAID(1099, KEY, .refunded_minor = 1099)},
         PAY(1099, KEY),
         ERR_ORDER_ALREADY_PAID,
         NOTHING},

	/* A failed payment claims nothing. */
	{"a new attempt after a decline", {FAILED(1099)}, PAY(1099), ERR_NONE, NEW},
	{"with another amount and currency",
         {FAILED(1099)},
         PAY(5, .currency = "KWD"),
         ERR_NONE,
         NEW},
	{"declined again", {FAILED(1099)}, PAY(1099, DECLINED), ERR_PAYMENT_DECLINED, NEW},
	{"the one that succeeded is the natural one",
         {FAILED(7), PAID(1099), FAILED(8)},
         PAY(1099),
         ERR_NONE,
         REPLAY},
	{"not the one that failed",
         {FAILED(7), PAID(1099)},
         PAY(7),
         ERR_ORDER_ALREADY_PAID,
         NOTHING},
	{"nor does a voided one", {VOIDED(1099)}, PAY(5, KEY), ERR_NONE, NEW},
	{"the same after it was voided", {VOIDED(1099)}, PAY(1099), ERR_NONE, NEW},

	/* Never a second charge while one is unknown; but that refusal is for now only. */
	{"the same while it is processing", {OPEN(1099)}, PAY(1099), ERR_NONE, REPLAY},
	{"another amount then", {OPEN(1099)}, PAY(1), ERR_ORDER_ALREADY_PAID, NOTHING, true},
	{"another one with a key",
         {OPEN(1099)},
         PAY(1099, KEY),
         ERR_ORDER_ALREADY_PAID,
         NOTHING,
         true},
	{"a small one in another currency",
         {OPEN(1099)},
         PAY(1, KEY, .currency = "EUR"),
         ERR_ORDER_ALREADY_PAID,
         NOTHING,
         true},
	{"none without a key after one with",
         {OPEN(1099, KEY)},
         PAY(1099),
         ERR_ORDER_ALREADY_PAID,
         NOTHING,
         true},
	{"one that is authorized is live", {HELD(1099)}, PAY(1099, MANUAL), ERR_NONE, REPLAY},
	{"another way to capture", {HELD(1099)}, PAY(1099), ERR_ORDER_ALREADY_PAID, NOTHING},
	{"and claims all of it", {HELD(1099)}, PAY(1, KEY), ERR_ORDER_ALREADY_PAID, NOTHING},
	{"until its void is answered",
         {HELD(1099, .pending = OPERATION_VOID, .pending_minor = 1099)},
         PAY(1099, KEY),
         ERR_ORDER_ALREADY_PAID,
         NOTHING,
         true},
	{"also without a key",
         {HELD(1099, .pending = OPERATION_VOID, .pending_minor = 1099)},
         PAY(1099),
         ERR_ORDER_ALREADY_PAID,
         NOTHING,
         true},
	{"a capture of all takes nothing away",
         {HELD(1099, .pending = OPERATION_CAPTURE, .pending_minor = 1099)},
         PAY(1, KEY),
         ERR_ORDER_ALREADY_PAID,
         NOTHING},
	{"a capture of a part may",
         {HELD(1099, .pending = OPERATION_CAPTURE, .pending_minor = 99)},
         PAY(1, KEY),
         ERR_ORDER_ALREADY_PAID,
         NOTHING,
         true},
	{"the same while a refund is processing",
         {PAID(1099, .refund_pending_minor = 1)},
         PAY(1099),
         ERR_ORDER_ALREADY_PAID,
         NOTHING},
};

static const struct currency *currency_of(const char *code)
{
	return currency_find(text_of(code == NULL ? "USD" : code));
}

static struct text method_of(const char *method)
{
	return method == NULL ? TEXT_NONE : text_of(method);
}

static void add(struct payment_view *view, const struct given *given, int64_t number)
{
	const struct payment payment = {
		.payment_key = PAYMENT_KEYS_PER_ORDER + number,
		.currency = currency_of(given->currency),
		.amount_minor = given->amount_minor,
		.captured_minor = given->status == PAYMENT_SUCCESS ? given->amount_minor : 0,
		.refunded_minor = given->refunded_minor,
		.refund_pending_minor = given->refund_pending_minor,
		.capture = given->capture,
		.pending_operation =
			given->pending_minor == 0 ? OPERATION_NONE : (int)given->pending,
		.pending_minor = given->pending_minor,
		.status = given->status,
		.has_key = given->has_key,
		.payment_method = method_of(given->method),
	};
	bool is_natural = payment_view_add(view, &payment);

	ck_assert_int_eq(is_natural, given->status != PAYMENT_FAILED &&
	                                     given->status != PAYMENT_VOIDED && !given->has_key);
}

static struct pay_command command_of(const struct asked *asked)
{
	return (struct pay_command){
		.order_id = "o-1",
		.currency = currency_of(asked->currency),
		.amount_minor = asked->amount_minor,
		.payment_method = method_of(asked->method),
		.description = TEXT_LITERAL("a book"),
		.metadata = TEXT_LITERAL("{}"),
		.capture = asked->capture,
		.processor = TEXT_LITERAL("sandbox"),
		.decision = {.verdict = asked->is_declined ? VERDICT_DECLINED : VERDICT_APPROVED,
	                     .decline_code =
	                             asked->is_declined ? TEXT_LITERAL("expired_card") : TEXT_NONE,
	                     .reference = "sbx_1"},
		.has_key = asked->has_key,
	};
}

static enum error decide(const struct payment_view *view, const struct asked *asked,
                         struct payment_outcome *ret_outcome, char *detail)
{
	const struct pay_command command = command_of(asked);
	const struct payment_moment moment = {.now_us = NOW_US, .random = random_bytes};

	memset(ret_outcome, 0, sizeof(*ret_outcome));
	detail[0] = '\0';
	return payment_decide_pay(view, &command, &moment, ret_outcome, detail);
}

static void check(const char *rule, const struct payment_view *view, const struct asked *asked,
                  enum error want, int effect, bool rests_on_open)
{
	struct payment_outcome outcome;
	char detail[PAYMENT_DETAIL_SIZE];
	enum error error = decide(view, asked, &outcome, detail);

	ck_assert_msg(error == want, "%s: error %d", rule, error);
	ck_assert_msg(outcome.is_new == (effect == NEW), "%s: is new", rule);
	ck_assert_msg(outcome.replays == (effect == REPLAY), "%s: replays", rule);
	ck_assert_msg(outcome.rests_on_open == rests_on_open, "%s: rests on what is open", rule);
	ck_assert_msg(!rests_on_open || strstr(detail, "sync") != NULL, "%s: %s", rule, detail);
	if (effect == NEW)
		return;
	ck_assert_msg(outcome.event_type == NULL && outcome.transfers_count == 0 && !outcome.asks,
	              "%s: has an effect", rule);
}

START_TEST(an_order_is_paid_as_the_contract_says)
{
	struct payment_view view = {0};

	for (int64_t i = 0; i < PAYMENTS_MAX && cases[_i].have[i].amount_minor > 0; i++)
		add(&view, &cases[_i].have[i], i);
	check(cases[_i].rule, &view, &cases[_i].pay, cases[_i].want, cases[_i].effect,
	      cases[_i].rests_on_open);
}
END_TEST

START_TEST(the_order_of_the_rows_does_not_matter)
{
	struct payment_view view = {0};

	for (int64_t i = PAYMENTS_MAX - 1; i >= 0; i--)
		if (cases[_i].have[i].amount_minor > 0)
			add(&view, &cases[_i].have[i], i);
	check(cases[_i].rule, &view, &cases[_i].pay, cases[_i].want, cases[_i].effect,
	      cases[_i].rests_on_open);
}
END_TEST

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
		.heard = {.total_minor = 1000, .currency = currency_of("USD")},
		.attempts_count = 1,
		.payments_count = 1,
		.claimed_minor = 400,
	};
	struct payment_outcome outcome;
	char detail[PAYMENT_DETAIL_SIZE];

	check(part_payments[_i].rule, &view, &part_payments[_i].pay, part_payments[_i].want,
	      part_payments[_i].effect, false);
	(void)decide(&view, &part_payments[_i].pay, &outcome, detail);
	ck_assert_str_eq(detail, part_payments[_i].detail);
}
END_TEST

/* Of 1000, 400 are captured and 500 more are open. */
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
	const struct pay_command asked = command_of(&made_again[_i].pay);
	struct payment_view view = {.heard = {.currency = currency_of("USD"), .total_minor = 2000},
	                            .asked = &asked};
	struct payment payment = {.payment_key = PAYMENT_KEYS_PER_ORDER,
	                          .currency = currency_of("USD"),
	                          .amount_minor = 1000,
	                          .status = made_again[_i].status,
	                          .pending_operation = OPERATION_NONE,
	                          .key_is_unknown = true,
	                          .created_us = NOW_US - made_again[_i].age_us};

	payment.captured_minor = payment.status == PAYMENT_SUCCESS ? 1000 : 0;
	(void)payment_view_add(&view, &payment);
	check(made_again[_i].rule, &view, &made_again[_i].pay, made_again[_i].want,
	      made_again[_i].effect, false);
}
END_TEST

START_TEST(of_two_that_were_made_again_one_is_the_natural)
{
	struct payment_view view = {0};
	const struct payment payment = {.currency = currency_of("USD"),
	                                .amount_minor = 1000,
	                                .captured_minor = 1000,
	                                .status = PAYMENT_SUCCESS,
	                                .pending_operation = OPERATION_NONE,
	                                .key_is_unknown = true};

	ck_assert(payment_view_add(&view, &payment));
	ck_assert(!payment_view_add(&view, &payment)); /* its texts are kept once */
}
END_TEST

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
		.heard = {.total_minor = 1000, .currency = currency_of("USD")},
		.attempts_count = 2,
		.payments_count = 2,
		.claimed_minor = 900,
		.open_minor = 500,
	};

	check(beside_open[_i].rule, &view, &beside_open[_i].pay, beside_open[_i].want,
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
		add(&view, &payments[number], (int64_t)number);
	}
	ck_assert_int_eq(view.payments_count, 3);
	ck_assert_int_eq(payment_view_total(&view).minor, 1000);
	ck_assert_int_eq(view.claimed_minor, 1400);
	ck_assert_ptr_eq(payment_view_total(&view).currency, currency_of("EUR"));
	ck_assert(!view.has_natural);
}
END_TEST

START_TEST(an_order_takes_at_most_100_payments)
{
	static const struct asked pay = PAY(1099);
	struct payment_view view = {0};

	for (int64_t i = 0; i < PAYMENTS_PER_ORDER_MAX; i++) {
		check("one more attempt", &view, &pay, ERR_NONE, NEW, false);
		add(&view, &(struct given)FAILED(1099), i);
	}
	check("one too many", &view, &pay, ERR_INVALID_REQUEST, NOTHING, false);
}
END_TEST

/* An outage must not use up an order. */
START_TEST(what_never_reached_the_processor_is_no_payment_of_the_100)
{
	static const struct asked pay = PAY(1099);
	struct payment_view view = {0};

	for (int64_t i = 0; i < ATTEMPTS_PER_ORDER_MAX; i++) {
		check("one more attempt", &view, &pay, ERR_NONE, NEW, false);
		const struct payment payment = {.status = PAYMENT_FAILED,
		                                .decline_code = text_of(code_unreachable)};
		ck_assert(!payment_view_add(&view, &payment));
	}
	check("one too many", &view, &pay, ERR_INVALID_REQUEST, NOTHING, false);
}
END_TEST

START_TEST(a_replay_passes_the_limit_of_payments)
{
	static const struct asked pay = PAY(1099);
	struct payment_view view = {0};

	for (int64_t i = 1; i < PAYMENTS_PER_ORDER_MAX; i++)
		add(&view, &(struct given)FAILED(1099), i);
	add(&view, &(struct given)PAID(1099), 0);
	check("the same again", &view, &pay, ERR_NONE, REPLAY, false);
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
	struct pay_command command = command_of(&pay);
	char detail[PAYMENT_DETAIL_SIZE] = "";

	command.capture = _i == 0 ? CAPTURE_AUTOMATIC : CAPTURE_MANUAL;
	ck_assert_int_eq(payment_decide_pay(&view, &command, &moment, &outcome, detail), ERR_NONE);
	check_asked(&outcome.payment);
	ck_assert_int_eq(outcome.payment.status, _i == 0 ? PAYMENT_SUCCESS : PAYMENT_AUTHORIZED);
	ck_assert_int_eq(outcome.payment.capture, command.capture);
	ck_assert_str_eq(outcome.payment.processor_reference, "sbx_1");
}
END_TEST

static Suite *payment_core_suite(void)
{
	Suite *suite = suite_create("payment_core");
	TCase *tests = tcase_create("payment_core");

	tcase_add_loop_test(tests, an_order_is_paid_as_the_contract_says, 0, ARRAY_LEN(cases));
	tcase_add_loop_test(tests, the_order_of_the_rows_does_not_matter, 0, ARRAY_LEN(cases));
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

TEST_MAIN(payment_core_suite)
