/* test_payment_core.c - what POST /pay does to an order, as a table: what is there, what is asked,
 * what comes out. */
#include "unit/payment_asked.h"

#define PAYMENTS_MAX 3

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

START_TEST(an_order_is_paid_as_the_contract_says)
{
	struct payment_view view = {0};

	for (int64_t i = 0; i < PAYMENTS_MAX && cases[_i].have[i].amount_minor > 0; i++)
		asked_add(&view, &cases[_i].have[i], i);
	asked_check(cases[_i].rule, &view, &cases[_i].pay, cases[_i].want, cases[_i].effect,
	            cases[_i].rests_on_open);
}
END_TEST

START_TEST(the_order_of_the_rows_does_not_matter)
{
	struct payment_view view = {0};

	for (int64_t i = PAYMENTS_MAX - 1; i >= 0; i--)
		if (cases[_i].have[i].amount_minor > 0)
			asked_add(&view, &cases[_i].have[i], i);
	asked_check(cases[_i].rule, &view, &cases[_i].pay, cases[_i].want, cases[_i].effect,
	            cases[_i].rests_on_open);
}
END_TEST

static Suite *payment_core_suite(void)
{
	Suite *suite = suite_create("payment_core");
	TCase *tests = tcase_create("payment_core");

	tcase_add_loop_test(tests, an_order_is_paid_as_the_contract_says, 0, ARRAY_LEN(cases));
	tcase_add_loop_test(tests, the_order_of_the_rows_does_not_matter, 0, ARRAY_LEN(cases));
	suite_add_tcase(suite, tests);
	return suite;
}

TEST_MAIN(payment_core_suite)
