/* test_known_order_core.c - what the order service's word on an order does to its payments: which
 * new ones it bounds or ends, as tables, and which of those that are there go back. */
#include "payment-service/known_order.h"

#include <string.h>

#include "unit/unit.h"

#define NOW_US INT64_C(1795408200123000)
#define PAYMENTS_MAX 3

static const uint8_t random_bytes[ULID_RANDOM_BYTES] = "0123456789";

static const struct currency *currency_of(bool is_eur)
{
	return currency_find(is_eur ? TEXT_LITERAL("EUR") : TEXT_LITERAL("USD"));
}

/* A payment that is there. */
struct given {
	int64_t amount_minor; /* 0: the end of the list */
	int status;
	bool is_eur, is_natural;
	int64_t refunded_minor;
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
		.amount_minor = amount, .status = PAYMENT_AUTHORIZED, __VA_ARGS__ \
	}
#define VOIDED(amount, ...) \
	{ \
		.amount_minor = amount, .status = PAYMENT_VOIDED, __VA_ARGS__ \
	}
#define FAILED(amount) \
	{ \
		.amount_minor = amount, .status = PAYMENT_FAILED \
	}

static struct payment payment_of(const struct given *given, int64_t number)
{
	return (struct payment){
		.payment_key = PAYMENT_KEYS_PER_ORDER + number,
		.currency = currency_of(given->is_eur),
		.amount_minor = given->amount_minor,
		.captured_minor = given->status == PAYMENT_SUCCESS ? given->amount_minor : 0,
		.refunded_minor = given->refunded_minor,
		.pending_operation = OPERATION_NONE,
		.status = given->status,
		.has_key = !given->is_natural,
	};
}

/* ---- POST /pay ---- */

/* What was heard. */
struct heard {
	enum { NOTHING, CREATED } what;
	int64_t total_minor; /* 0: open */
	bool is_eur;
	int64_t expires_us;
	int end;
};

struct asked {
	int64_t amount_minor;
	bool is_eur, is_natural, is_declined, rejects_unheard;
};

enum { REFUSED, NEW, REPLAY };

#define OF(total, ...) \
	{ \
		.what = CREATED, .total_minor = total, __VA_ARGS__ \
	}
#define PAY(amount, ...) \
	{ \
		.amount_minor = amount, __VA_ARGS__ \
	}
#define EUR .is_eur = true
#define KEYLESS .is_natural = true
#define REJECT .rejects_unheard = true
#define UNHEARD .rests_on_unheard = true

static const struct {
	const char *rule;
	struct heard heard;
	struct given have[PAYMENTS_MAX];
	struct asked pay;
	enum error want;
	int effect;
	bool rests_on_unheard, rests_on_open;
} cases[] = {
	/* Known total: payable = total - claimed. */
	{"all of it", OF(1000), {{0}}, PAY(1000), ERR_NONE, NEW},
	{"a part of it", OF(1000), {{0}}, PAY(1), ERR_NONE, NEW},
	{"the first without a key", OF(1000), {{0}}, PAY(600, KEYLESS), ERR_NONE, NEW},
	{"too much", OF(1000), {{0}}, PAY(1001), ERR_AMOUNT_EXCEEDS_DUE},
	{"too much without a key", OF(1000), {{0}}, PAY(1001, KEYLESS), ERR_AMOUNT_EXCEEDS_DUE},
	{"the rest", OF(1000), {PAID(600)}, PAY(400), ERR_NONE, NEW},
	{"the rest, declined",
         OF(1000),
         {PAID(600)},
         PAY(400, .is_declined = true),
         ERR_PAYMENT_DECLINED,
         NEW},
	{"more than the rest", OF(1000), {PAID(600)}, PAY(401), ERR_AMOUNT_EXCEEDS_DUE},
	{"the rest needs a key", OF(1000), {PAID(600)}, PAY(400, KEYLESS), ERR_ORDER_ALREADY_PAID},
	{"also after one without",
         OF(1000),
         {PAID(600, KEYLESS)},
         PAY(400, KEYLESS),
         ERR_ORDER_ALREADY_PAID},
	{"the same without a key is a replay",
         OF(1000),
         {PAID(600, KEYLESS)},
         PAY(600, KEYLESS),
         ERR_NONE,
         REPLAY},
	{"nothing is due", OF(1000), {PAID(600), PAID(400)}, PAY(1), ERR_ORDER_ALREADY_PAID},
	{"what is held is claimed", OF(1000), {HELD(600)}, PAY(401), ERR_AMOUNT_EXCEEDS_DUE},
	{"what is open is claimed, for now",
         OF(1000),
         {OPEN(600)},
         PAY(401),
         ERR_AMOUNT_EXCEEDS_DUE,
         .rests_on_open = true},
	{"what would be too much in any case",
         OF(1000),
         {OPEN(600)},
         PAY(1001),
         ERR_AMOUNT_EXCEEDS_DUE},
	{"what failed or was voided is not claimed",
         OF(1000),
         {FAILED(600), VOIDED(600)},
         PAY(1000),
         ERR_NONE,
         NEW},
	{"a refund does not reopen it",
         OF(1000),
         {PAID(1000, .refunded_minor = 1000)},
         PAY(1),
         ERR_ORDER_ALREADY_PAID},
	{"claimed above the total: nothing is due",
         OF(1000),
         {PAID(1500)},
         PAY(1),
         ERR_ORDER_ALREADY_PAID},

	/* Its currency. */
	{"another currency", OF(1000), {{0}}, PAY(1, EUR), ERR_CURRENCY_MISMATCH},
	{"its currency is not the default", OF(1000, EUR), {{0}}, PAY(1000, EUR), ERR_NONE, NEW},
	{"one in another currency is not claimed",
         OF(1000, EUR),
         {PAID(600)},
         PAY(1000, EUR),
         ERR_NONE,
         NEW},
	{"nor is it the natural one",
         OF(1000, EUR),
         {PAID(600, KEYLESS)},
         PAY(1000, EUR, KEYLESS),
         ERR_NONE,
         NEW},
	{"nor is it repeated",
         OF(1000, EUR),
         {PAID(600, KEYLESS)},
         PAY(600, KEYLESS),
         ERR_CURRENCY_MISMATCH},
	{"nothing is due, before the currency is looked at",
         OF(600),
         {PAID(600)},
         PAY(1, EUR),
         ERR_ORDER_ALREADY_PAID},

	/* An open amount: the first live payment's claim, and its currency. */
	{"open: any amount", OF(0), {{0}}, PAY(MONEY_MINOR_MAX), ERR_NONE, NEW},
	{"open: any currency", OF(0), {{0}}, PAY(1, EUR), ERR_NONE, NEW},
	{"open: paid", OF(0), {PAID(600)}, PAY(1), ERR_ORDER_ALREADY_PAID},
	{"open: paid in another currency", OF(0), {PAID(600, EUR)}, PAY(1), ERR_ORDER_ALREADY_PAID},
	{"open: anew after a void", OF(0), {VOIDED(600)}, PAY(700), ERR_NONE, NEW},
	{"open: for now",
         OF(0),
         {OPEN(600)},
         PAY(1),
         ERR_ORDER_ALREADY_PAID,
         .rests_on_open = true},
	{"open, but heard of", OF(0), {{0}}, PAY(1, REJECT), ERR_NONE, NEW},

	/* Not heard of. */
	{"unheard: any amount", {NOTHING}, {{0}}, PAY(1), ERR_NONE, NEW},
	{"unheard: the first one's claim stands for the total",
         {NOTHING},
         {PAID(600)},
         PAY(400),
         ERR_ORDER_ALREADY_PAID,
         UNHEARD},
	{"unheard: also in another currency",
         {NOTHING},
         {PAID(600, EUR)},
         PAY(400),
         ERR_ORDER_ALREADY_PAID,
         UNHEARD},
	{"unheard: a second one without a key is none in any case",
         {NOTHING},
         {PAID(600)},
         PAY(400, KEYLESS),
         ERR_ORDER_ALREADY_PAID},
	{"unheard: nor after one without",
         {NOTHING},
         {PAID(600, KEYLESS)},
         PAY(400, KEYLESS),
         ERR_ORDER_ALREADY_PAID},
	{"unheard: unless the first is in a wrong currency",
         {NOTHING},
         {PAID(600, KEYLESS)},
         PAY(400, KEYLESS, EUR),
         ERR_ORDER_ALREADY_PAID,
         UNHEARD},
	{"unheard: a replay rests on nothing",
         {NOTHING},
         {PAID(600, KEYLESS)},
         PAY(600, KEYLESS),
         ERR_NONE,
         REPLAY},
	{"unheard, reject", {NOTHING}, {{0}}, PAY(1, REJECT), ERR_NOT_FOUND, UNHEARD},
	{"unheard, reject: what was made before is repeated",
         {NOTHING},
         {PAID(600, KEYLESS)},
         PAY(600, KEYLESS, REJECT),
         ERR_NONE,
         REPLAY},
	{"heard, reject: payable", OF(1000), {{0}}, PAY(1000, REJECT), ERR_NONE, NEW},

	/* Ended. */
	{"cancelled", OF(1000, .end = ORDER_CANCELLED), {{0}}, PAY(1000), ERR_ORDER_CANCELLED},
	{"expired", OF(1000, .end = ORDER_EXPIRED), {{0}}, PAY(1000), ERR_ORDER_CANCELLED},
	{"cancelled, without its creation",
         {.end = ORDER_CANCELLED},
         {{0}},
         PAY(1000, REJECT),
         ERR_ORDER_CANCELLED},
	{"cancelled: nothing is repeated",
         OF(1000, .end = ORDER_CANCELLED),
         {PAID(600, KEYLESS)},
         PAY(600, KEYLESS),
         ERR_ORDER_CANCELLED},
	{"cancelled: before what is due is looked at",
         OF(1000, .end = ORDER_CANCELLED),
         {PAID(1000)},
         PAY(1),
         ERR_ORDER_CANCELLED},
	{"past its time",
         OF(1000, .expires_us = NOW_US - 1),
         {{0}},
         PAY(1000),
         ERR_ORDER_CANCELLED},
	{"up to its time", OF(1000, .expires_us = NOW_US), {{0}}, PAY(1000), ERR_NONE, NEW},
	{"past its time, open", OF(0, .expires_us = 1), {{0}}, PAY(1000), ERR_ORDER_CANCELLED},
	{"past its time, nothing is live",
         OF(1000, .expires_us = 1),
         {FAILED(600)},
         PAY(1000),
         ERR_ORDER_CANCELLED},
	{"past its time, which was put off",
         OF(1000, .expires_us = 1),
         {PAID(600)},
         PAY(400),
         ERR_NONE,
         NEW},
	{"past its time, a replay",
         OF(1000, .expires_us = 1),
         {PAID(600, KEYLESS)},
         PAY(600, KEYLESS),
         ERR_NONE,
         REPLAY},
};

static struct order_heard heard_of(const struct heard *heard)
{
	return (struct order_heard){.currency = heard->what == NOTHING ? NULL
	                                                               : currency_of(heard->is_eur),
	                            .total_minor = heard->total_minor,
	                            .expires_us = heard->expires_us,
	                            .end = heard->end};
}

START_TEST(a_payment_keeps_to_what_was_heard_of_its_order)
{
	const struct asked *asked = &cases[_i].pay;
	const struct pay_command command = {
		.order_id = "o-1",
		.currency = currency_of(asked->is_eur),
		.amount_minor = asked->amount_minor,
		.decision = {.verdict = asked->is_declined ? VERDICT_DECLINED : VERDICT_APPROVED,
	                     .reference = "sbx_1"},
		.has_key = !asked->is_natural,
		.rejects_unheard = asked->rejects_unheard,
	};
	const struct payment_moment moment = {.now_us = NOW_US, .random = random_bytes};
	struct payment_view view = {.heard = heard_of(&cases[_i].heard)};
	struct payment_outcome outcome = {0};
	char detail[PAYMENT_DETAIL_SIZE] = "";
	enum error error;

	for (int64_t i = 0; i < PAYMENTS_MAX && cases[_i].have[i].amount_minor > 0; i++) {
		const struct payment payment = payment_of(&cases[_i].have[i], i);

		(void)payment_view_add(&view, &payment);
	}
	error = payment_decide_pay(&view, &command, &moment, &outcome, detail);
	ck_assert_msg(error == cases[_i].want, "%s: error %d", cases[_i].rule, error);
	ck_assert_msg(outcome.is_new == (cases[_i].effect == NEW), "%s", cases[_i].rule);
	ck_assert_msg(outcome.replays == (cases[_i].effect == REPLAY), "%s", cases[_i].rule);
	ck_assert_msg(outcome.rests_on_unheard == cases[_i].rests_on_unheard, "%s", cases[_i].rule);
	ck_assert_msg(outcome.rests_on_open == cases[_i].rests_on_open, "%s", cases[_i].rule);
}
END_TEST

/* ---- what is told of the order ---- */

static const struct {
	const char *rule;
	struct heard before, told;
	struct given have[PAYMENTS_MAX];
	enum error want;
	bool is_changed;
	const char *returns; /* a letter for each payment: r goes back */
	int64_t excess_minor;
	int end;
} told[] = {
	{"it is created", {NOTHING}, OF(1000), {{0}}, ERR_NONE, true, ""},
	{"with an open amount", {NOTHING}, OF(0), {{0}}, ERR_NONE, true, ""},
	{"again", OF(1000), OF(1000), {PAID(1500)}, ERR_NONE, false, "-"},
	{"with another total", OF(1000), OF(1001), {{0}}, ERR_ORDER_EXISTS, false, ""},
	{"in another currency", OF(1000), OF(1000, EUR), {{0}}, ERR_ORDER_EXISTS, false, ""},
	{"with another time",
         OF(1000),
         OF(1000, .expires_us = 1),
         {{0}},
         ERR_ORDER_EXISTS,
         false,
         ""},
	{"after it was paid", {NOTHING}, OF(1000), {PAID(600)}, ERR_NONE, true, "-"},
	{"overpaid: nothing goes back by itself",
         {NOTHING},
         OF(1000),
         {PAID(1500)},
         ERR_NONE,
         true,
         "-",
         500},
	{"overpaid, some of it failed",
         {NOTHING},
         OF(1000),
         {FAILED(600), HELD(1001)},
         ERR_NONE,
         true,
         "--",
         1},
	{"open: what was paid in another currency stays",
         {NOTHING},
         OF(0, EUR),
         {PAID(600)},
         ERR_NONE,
         true,
         "-"},
	{"paid in another currency goes back, and is no excess",
         {NOTHING},
         OF(1000, EUR),
         {PAID(1500), FAILED(1), OPEN(7)},
         ERR_NONE,
         true,
         "r-r"},
	{"of both currencies one",
         {NOTHING},
         OF(1000, EUR),
         {VOIDED(1), PAID(600, EUR), HELD(9)},
         ERR_NONE,
         true,
         "--r"},
	{"cancelled without payments",
         OF(1000),
         {.end = ORDER_CANCELLED},
         {{0}},
         ERR_NONE,
         true,
         "",
         0,
         ORDER_CANCELLED},
	{"cancelled: all that is kept goes back",
         OF(1000),
         {.end = ORDER_CANCELLED},
         {PAID(600), HELD(300), OPEN(100)},
         ERR_NONE,
         true,
         "rrr",
         0,
         ORDER_CANCELLED},
	{"what ended without money stays",
         OF(1000),
         {.end = ORDER_CANCELLED},
         {FAILED(600), VOIDED(300), PAID(100, .refunded_minor = 100)},
         ERR_NONE,
         true,
         "---",
         0,
         ORDER_CANCELLED},
	{"refunded in part: goes back",
         OF(1000),
         {.end = ORDER_EXPIRED},
         {PAID(600, .refunded_minor = 599)},
         ERR_NONE,
         true,
         "r",
         0,
         ORDER_EXPIRED},
	{"cancelled again",
         OF(1000, .end = ORDER_CANCELLED),
         {.end = ORDER_EXPIRED},
         {PAID(1)},
         ERR_NONE,
         false,
         "r",
         0,
         ORDER_CANCELLED},
	{"cancelled, not heard of",
         {NOTHING},
         {.end = ORDER_CANCELLED},
         {PAID(600)},
         ERR_NONE,
         true,
         "r",
         0,
         ORDER_CANCELLED},
	{"created after that",
         {.end = ORDER_CANCELLED},
         OF(1000),
         {PAID(600)},
         ERR_NONE,
         true,
         "r",
         0,
         ORDER_CANCELLED},
};

START_TEST(the_word_on_an_order_decides_which_payments_go_back)
{
	const struct order_heard before = heard_of(&told[_i].before);
	const struct known_order_command command = {.order_id = "o-1",
	                                            .heard = heard_of(&told[_i].told)};
	struct known_order_view view = {0};
	struct known_order_outcome outcome = {0};
	char detail[PAYMENT_DETAIL_SIZE] = "", returns[PAYMENTS_MAX + 1] = "";
	enum error error;

	known_order_view_begin(&view, &before, &command);
	for (int64_t i = 0; i < PAYMENTS_MAX && told[_i].have[i].amount_minor > 0; i++) {
		const struct payment payment = payment_of(&told[_i].have[i], i);

		known_order_view_add(&view, &payment);
		returns[i] = view.returns[i] ? 'r' : '-';
	}
	error = known_order_decide(&view, &command, &outcome, detail);
	ck_assert_msg(error == told[_i].want, "%s: error %d", told[_i].rule, error);
	ck_assert_msg((error == ERR_NONE) == (detail[0] == '\0'), "%s: %s", told[_i].rule, detail);
	ck_assert_msg(outcome.is_changed == told[_i].is_changed, "%s", told[_i].rule);
	ck_assert_msg(outcome.excess_minor == told[_i].excess_minor, "%s", told[_i].rule);
	if (error != ERR_NONE)
		return;
	ck_assert_msg(strcmp(returns, told[_i].returns) == 0, "%s: %s", told[_i].rule, returns);
	ck_assert_msg(outcome.heard.end == told[_i].end, "%s", told[_i].rule);
	ck_assert_msg((outcome.heard.currency != NULL) ==
	                      (told[_i].before.what == CREATED || told[_i].told.what == CREATED),
	              "%s", told[_i].rule);
}
END_TEST

static Suite *known_order_core_suite(void)
{
	Suite *suite = suite_create("known_order_core");
	TCase *tests = tcase_create("known_order_core");

	tcase_add_loop_test(tests, a_payment_keeps_to_what_was_heard_of_its_order, 0,
	                    ARRAY_LEN(cases));
	tcase_add_loop_test(tests, the_word_on_an_order_decides_which_payments_go_back, 0,
	                    ARRAY_LEN(told));
	suite_add_tcase(suite, tests);
	return suite;
}

TEST_MAIN(known_order_core_suite)
