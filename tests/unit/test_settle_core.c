/* test_settle_core.c - what each word of the processor does to a payment or a refund, as a table:
 * what it says, and the state, amounts, event and transfers that come of it. */
#include <string.h>

#include "payment-service/settle.h"
#include "unit/unit.h"

#define AMOUNT 1000
#define INTENT 77
#define TRANSFERS_MAX 3

enum { AUTHORIZE, AUTHORIZE_MANUAL, CAPTURE, VOID, REFUND };

static const struct {
	const char *rule;
	int what;
	enum verdict verdict;
	int64_t amount_minor; /* of capture, refund */
	enum error want;
	int status, refund_status;
	int64_t captured_minor, refunded_minor, refund_pending_minor;
	const char *event_type;
	struct transfer transfers[TRANSFERS_MAX];
} cases[] = {
	{"an automatic payment is the captured transfer alone",
         AUTHORIZE,
         VERDICT_APPROVED,
         0,
         ERR_NONE,
         PAYMENT_SUCCESS,
         0,
         AMOUNT,
         0,
         0,
         "payment.captured",
         {{TRANSFER_CAPTURE, AMOUNT}}},
	{"a manual one is held",
         AUTHORIZE_MANUAL,
         VERDICT_APPROVED,
         0,
         ERR_NONE,
         PAYMENT_AUTHORIZED,
         0,
         0,
         0,
         0,
         "payment.authorized",
         {{TRANSFER_AUTHORIZE, AMOUNT}}},
	{"a decline", AUTHORIZE, VERDICT_DECLINED, 0, ERR_PAYMENT_DECLINED, PAYMENT_FAILED, 0, 0, 0,
         0, "payment.failed"},
	{"a decline of a manual one", AUTHORIZE_MANUAL, VERDICT_DECLINED, 0, ERR_PAYMENT_DECLINED,
         PAYMENT_FAILED, 0, 0, 0, 0, "payment.failed"},
	{"never sent", AUTHORIZE, VERDICT_UNREACHABLE, 0, ERR_PROCESSOR_UNREACHABLE, PAYMENT_FAILED,
         0, 0, 0, 0, "payment.failed"},
	{"no answer yet", AUTHORIZE, VERDICT_OPEN, 0, ERR_NONE, PAYMENT_PROCESSING, 0, 0, 0, 0,
         "payment.processing"},

	{"a capture of all",
         CAPTURE,
         VERDICT_APPROVED,
         AMOUNT,
         ERR_NONE,
         PAYMENT_SUCCESS,
         0,
         AMOUNT,
         0,
         0,
         "payment.captured",
         {{TRANSFER_AUTHORIZATION_CAPTURED, AMOUNT}, {TRANSFER_CAPTURE, AMOUNT}}},
	{"a capture of a part releases the rest",
         CAPTURE,
         VERDICT_APPROVED,
         1,
         ERR_NONE,
         PAYMENT_SUCCESS,
         0,
         1,
         0,
         0,
         "payment.captured",
         {{TRANSFER_AUTHORIZATION_CAPTURED, 1},
          {TRANSFER_AUTHORIZATION_RELEASED, AMOUNT - 1},
          {TRANSFER_CAPTURE, 1}}},
	{"a refused capture changes nothing", CAPTURE, VERDICT_DECLINED, AMOUNT,
         ERR_PAYMENT_DECLINED, PAYMENT_AUTHORIZED, 0, 0, 0, 0, "payment.authorized"},
	{"nor one never sent", CAPTURE, VERDICT_UNREACHABLE, AMOUNT, ERR_PROCESSOR_UNREACHABLE,
         PAYMENT_AUTHORIZED, 0, 0, 0, 0, "payment.authorized"},
	{"a capture not answered yet", CAPTURE, VERDICT_OPEN, 400, ERR_NONE, PAYMENT_AUTHORIZED, 0,
         0, 0, 0, "payment.processing"},

	{"a void",
         VOID,
         VERDICT_APPROVED,
         0,
         ERR_NONE,
         PAYMENT_VOIDED,
         0,
         0,
         0,
         0,
         "payment.voided",
         {{TRANSFER_AUTHORIZATION_VOIDED, AMOUNT}}},
	{"a refused void changes nothing", VOID, VERDICT_DECLINED, 0, ERR_PAYMENT_DECLINED,
         PAYMENT_AUTHORIZED, 0, 0, 0, 0, "payment.authorized"},
	{"nor one never sent", VOID, VERDICT_UNREACHABLE, 0, ERR_PROCESSOR_UNREACHABLE,
         PAYMENT_AUTHORIZED, 0, 0, 0, 0, "payment.authorized"},
	{"a void not answered yet", VOID, VERDICT_OPEN, 0, ERR_NONE, PAYMENT_AUTHORIZED, 0, 0, 0, 0,
         "payment.processing"},

	{"a refund of a part",
         REFUND,
         VERDICT_APPROVED,
         300,
         ERR_NONE,
         PAYMENT_SUCCESS,
         REFUND_SUCCESS,
         AMOUNT,
         500,
         100,
         "refund.succeeded",
         {{TRANSFER_REFUND, 300}}},
	{"a refund of all that is left",
         REFUND,
         VERDICT_APPROVED,
         700,
         ERR_NONE,
         PAYMENT_SUCCESS,
         REFUND_SUCCESS,
         AMOUNT,
         900,
         100,
         "refund.succeeded",
         {{TRANSFER_REFUND, 700}}},
	{"a failed refund counts nowhere", REFUND, VERDICT_DECLINED, 300, ERR_PAYMENT_DECLINED,
         PAYMENT_SUCCESS, REFUND_FAILED, AMOUNT, 200, 100, "refund.failed"},
	{"nor one never sent", REFUND, VERDICT_UNREACHABLE, 300, ERR_PROCESSOR_UNREACHABLE,
         PAYMENT_SUCCESS, REFUND_FAILED, AMOUNT, 200, 100, "refund.failed"},
	{"a refund not answered yet is on its way", REFUND, VERDICT_OPEN, 300, ERR_NONE,
         PAYMENT_SUCCESS, REFUND_PROCESSING, AMOUNT, 200, 400, "refund.processing"},
};

static enum error authorize(struct payment_outcome *outcome, const struct decision *decision,
                            int capture)
{
	outcome->payment.status = PAYMENT_PROCESSING;
	outcome->payment.capture = capture;
	return settle_authorize(outcome, decision);
}

static enum error refund(struct payment_outcome *outcome, const struct decision *decision,
                         int64_t amount_minor)
{
	outcome->payment.status = PAYMENT_SUCCESS;
	outcome->payment.intent_key = 0;
	outcome->payment.captured_minor = AMOUNT;
	outcome->payment.refunded_minor = 200;
	outcome->payment.refund_pending_minor = 100;
	outcome->refund = (struct refund){
		.amount_minor = amount_minor, .status = REFUND_PROCESSING, .intent_key = INTENT};
	return settle_refund(outcome, decision);
}

static enum error settle(int what, int64_t amount_minor, const struct decision *decision,
                         struct payment_outcome *outcome)
{
	outcome->payment = (struct payment){.amount_minor = AMOUNT,
	                                    .status = PAYMENT_AUTHORIZED,
	                                    .capture = CAPTURE_MANUAL,
	                                    .pending_operation = OPERATION_NONE,
	                                    .intent_key = INTENT};
	switch (what) {
	case AUTHORIZE: return authorize(outcome, decision, CAPTURE_AUTOMATIC);
	case AUTHORIZE_MANUAL: return authorize(outcome, decision, CAPTURE_MANUAL);
	case CAPTURE: return settle_capture(outcome, amount_minor, decision);
	case VOID: return settle_void(outcome, decision);
	default: return refund(outcome, decision, amount_minor);
	}
}

static void check_transfers(const struct payment_outcome *outcome, int i)
{
	size_t count = 0;

	while (count < TRANSFERS_MAX && cases[i].transfers[count].amount_minor > 0)
		count++;
	ck_assert_uint_eq(outcome->transfers_count, count);
	for (size_t t = 0; t < count; t++) {
		ck_assert_int_eq(outcome->transfers[t].kind, cases[i].transfers[t].kind);
		ck_assert_int_eq(outcome->transfers[t].amount_minor,
		                 cases[i].transfers[t].amount_minor);
	}
}

/* What is answered is not open any more; what is not answered is asked. */
static void check_open(const struct payment_outcome *outcome, int i)
{
	static const enum operation operations[] = {OPERATION_AUTHORIZE, OPERATION_AUTHORIZE,
	                                            OPERATION_CAPTURE, OPERATION_VOID,
	                                            OPERATION_REFUND};
	const struct payment *payment = &outcome->payment;
	bool is_open = cases[i].verdict == VERDICT_OPEN;
	bool pends = is_open && (cases[i].what == CAPTURE || cases[i].what == VOID);

	ck_assert_int_eq(outcome->asks, is_open);
	ck_assert(!is_open || outcome->operation == operations[cases[i].what]);
	ck_assert_int_eq(outcome->ends_intent, is_open ? 0 : INTENT);
	ck_assert(is_open || (payment->intent_key == 0 && outcome->refund.intent_key == 0));
	ck_assert_int_eq(payment->pending_operation,
	                 pends ? (int)operations[cases[i].what] : OPERATION_NONE);
	ck_assert_int_eq(payment->pending_minor, !pends                     ? 0
	                                         : cases[i].what == CAPTURE ? cases[i].amount_minor
	                                                                    : AMOUNT);
}

START_TEST(each_word_of_the_processor_has_its_effect)
{
	const struct decision decision = {.verdict = cases[_i].verdict,
	                                  .decline_code = TEXT_LITERAL("expired_card"),
	                                  .reference = "sbx_1"};
	struct payment_outcome outcome = {0};
	const struct payment *payment = &outcome.payment;

	ck_assert_msg(settle(cases[_i].what, cases[_i].amount_minor, &decision, &outcome) ==
	                      cases[_i].want,
	              "%s", cases[_i].rule);
	ck_assert_int_eq(payment->status, cases[_i].status);
	ck_assert_int_eq(outcome.refund.status, cases[_i].refund_status);
	ck_assert_int_eq(payment->captured_minor, cases[_i].captured_minor);
	ck_assert_int_eq(payment->refunded_minor, cases[_i].refunded_minor);
	ck_assert_int_eq(payment->refund_pending_minor, cases[_i].refund_pending_minor);
	ck_assert_int_eq(payment->refundable_minor, cases[_i].captured_minor -
	                                                    cases[_i].refunded_minor -
	                                                    cases[_i].refund_pending_minor);
	ck_assert_str_eq(outcome.event_type, cases[_i].event_type);
	ck_assert_int_eq(outcome.has_refund, cases[_i].what == REFUND);
	check_transfers(&outcome, _i);
	check_open(&outcome, _i);
}
END_TEST

static const struct {
	int what;
	enum verdict verdict;
	const char *given, *want; /* NULL: none */
} codes[] = {
	{AUTHORIZE, VERDICT_DECLINED, "expired_card", "expired_card"},
	{AUTHORIZE, VERDICT_DECLINED, NULL, "declined"},
	{AUTHORIZE, VERDICT_UNREACHABLE, NULL, "processor_unreachable"},
	{AUTHORIZE, VERDICT_APPROVED, NULL, NULL},
	{REFUND, VERDICT_DECLINED, "account_closed", "account_closed"},
	{REFUND, VERDICT_DECLINED, NULL, "declined"},
	{REFUND, VERDICT_UNREACHABLE, NULL, "processor_unreachable"},
	{REFUND, VERDICT_APPROVED, NULL, NULL},
};

START_TEST(what_failed_has_a_decline_code_and_nothing_else_has)
{
	const struct decision decision = {
		.verdict = codes[_i].verdict,
		.decline_code = codes[_i].given == NULL ? TEXT_NONE : text_of(codes[_i].given),
		.reference = "sbx_1"};
	struct payment_outcome outcome = {0};
	bool is_refund = codes[_i].what == REFUND;
	struct text code;

	(void)settle(codes[_i].what, 1, &decision, &outcome);
	code = is_refund ? outcome.refund.decline_code : outcome.payment.decline_code;
	ck_assert(text_equal(code, codes[_i].want == NULL ? TEXT_NONE : text_of(codes[_i].want)));
	ck_assert_str_eq(is_refund ? outcome.refund.processor_reference
	                           : outcome.payment.processor_reference,
	                 "sbx_1");
}
END_TEST

START_TEST(a_reference_made_in_the_process_is_a_prefix_and_our_own_id)
{
	const struct decision decision = {.verdict = VERDICT_APPROVED, .reference = "sbx_"};
	struct payment_outcome outcome = {.payment = {.payment_id = "pay_1",
	                                              .amount_minor = AMOUNT,
	                                              .status = PAYMENT_PROCESSING}};

	ck_assert_int_eq(settle_authorize(&outcome, &decision), ERR_NONE);
	ck_assert_str_eq(outcome.payment.processor_reference, "sbx_1");
}
END_TEST

/* Balance of an account in the order of enum account, after one transfer of 1. */
static const int balances[TRANSFER_KIND_COUNT][ACCOUNT_COUNT] = {
	[TRANSFER_AUTHORIZE] = {1, -1, 0, 0},
	[TRANSFER_AUTHORIZATION_CAPTURED] = {-1, 1, 0, 0},
	[TRANSFER_AUTHORIZATION_RELEASED] = {-1, 1, 0, 0},
	[TRANSFER_AUTHORIZATION_VOIDED] = {-1, 1, 0, 0},
	[TRANSFER_CAPTURE] = {0, 0, 1, -1},
	[TRANSFER_REFUND] = {0, 0, -1, 1},
};

START_TEST(each_transfer_debits_and_credits_as_the_contract_says)
{
	int moved[ACCOUNT_COUNT] = {0};

	moved[transfer_accounts[_i].debit]++;
	moved[transfer_accounts[_i].credit]--;
	ck_assert_mem_eq(moved, balances[_i], sizeof(moved));
}
END_TEST

static Suite *settle_core_suite(void)
{
	Suite *suite = suite_create("settle_core");
	TCase *tests = tcase_create("settle_core");

	tcase_add_loop_test(tests, each_word_of_the_processor_has_its_effect, 0, ARRAY_LEN(cases));
	tcase_add_loop_test(tests, what_failed_has_a_decline_code_and_nothing_else_has, 0,
	                    ARRAY_LEN(codes));
	tcase_add_test(tests, a_reference_made_in_the_process_is_a_prefix_and_our_own_id);
	tcase_add_loop_test(tests, each_transfer_debits_and_credits_as_the_contract_says, 0,
	                    TRANSFER_KIND_COUNT);
	suite_add_tcase(suite, tests);
	return suite;
}

TEST_MAIN(settle_core_suite)
