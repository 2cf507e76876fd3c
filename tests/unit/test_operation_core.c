/* test_operation_core.c - every command and every answer of the processor does in every state of a
 * payment what operation_table.h says. An authorization of 10.00 USD everywhere. */
#include <string.h>

#include "unit/operation_table.h"
#include "unit/unit.h"

static const uint8_t random_bytes[ULID_RANDOM_BYTES] = "0123456789";

static const struct currency *usd(void)
{
	return currency_find(TEXT_LITERAL("USD"));
}

static struct operation_view view_of(int in, enum verdict verdict)
{
	struct operation_view view = {
		.found = true,
		.refund_found = states[in].refund_status >= 0,
		.decision = {.verdict = verdict, .reference = "sbx_2"},
	};

	view.payment = (struct payment){
		.payment_key = PAYMENT_KEYS_PER_ORDER,
		.payment_id = "pay_1",
		.currency = usd(),
		.amount_minor = AMOUNT,
		.captured_minor = states[in].captured_minor,
		.refunded_minor = states[in].refunded_minor,
		.refund_pending_minor = states[in].refund_pending_minor,
		.refundable_minor = states[in].captured_minor - states[in].refunded_minor -
	                            states[in].refund_pending_minor,
		.status = states[in].status,
		.capture = CAPTURE_MANUAL,
		.pending_operation = states[in].pending,
		.pending_minor = states[in].pending_minor,
		.refunds_count = view.refund_found ? 1 : 0,
		.description = TEXT_LITERAL("a book"),
		.metadata = TEXT_LITERAL("{\"a\":\"b\"}"),
		.resolve_reason = TEXT_LITERAL("before"),
		.processor_reference = "sbx_1",
		.updated_us = CREATED_US,
		.intent_key = states[in].is_open ? INTENT : 0,
		.is_reversed = states[in].is_reversed,
	};
	view.refund = (struct refund){
		.refund_id = "ref_1",
		.payment_id = "pay_1",
		.amount_minor = states[in].refund_minor,
		.status = view.refund_found ? states[in].refund_status : 0,
		.intent_key = states[in].refund_status == REFUND_PROCESSING ? INTENT : 0,
	};
	return view;
}

static enum error pay(const struct payment *there, bool has_key, struct payment_outcome *outcome,
                      char *detail)
{
	const struct payment_moment moment = {.now_us = NOW_US, .random = random_bytes};
	const struct pay_command command = {
		.order_id = "o-1",
		.currency = usd(),
		.amount_minor = AMOUNT,
		.capture = CAPTURE_MANUAL,
		.decision = {.verdict = VERDICT_APPROVED, .reference = "sbx_2"},
		.has_key = has_key,
	};
	struct payment_view view = {0};

	(void)payment_view_add(&view, there);
	return payment_decide_pay(&view, &command, &moment, outcome, detail);
}

static enum error decide(int what, const struct operation_view *view,
                         struct payment_outcome *outcome, char *detail)
{
	const struct payment_moment moment = {.now_us = NOW_US, .random = random_bytes};
	struct operation_command command = {
		.payment_id = "pay_1",
		.amount = commands[what].amount,
		.has_key = commands[what].flag,
		.operation = commands[what].operation,
		.reason = TEXT_LITERAL("the bank says so"),
		.decision = {.verdict = commands[what].verdict, .reference = "sbx_2"},
	};

	if (commands[what].decide == NULL)
		return pay(&view->payment, commands[what].flag, outcome, detail);
	if (commands[what].decide == operation_decide_resolve && commands[what].flag)
		text_copy(TEXT_LITERAL("ref_1"), command.refund_id, ID_SIZE);
	return commands[what].decide(view, &command, &moment, outcome, detail);
}

static int64_t amount_of(int64_t amount_minor, int in)
{
	switch (amount_minor) {
	case ALL: return view_of(in, A).payment.refundable_minor;
	case IT: return states[in].refund_minor;
	case NOT_IT: return -states[in].refund_minor;
	default: return amount_minor;
	}
}

static int flags_of(const struct payment_outcome *outcome)
{
	return (outcome->replays ? REPLAYS : 0) | (outcome->rests_on_open ? RESTS : 0) |
	       (outcome->is_new ? NEW : 0) | (outcome->is_changed ? CHANGED : 0) |
	       (outcome->has_refund ? WITH_REFUND : 0) | (outcome->refund_is_new ? NEW_REFUND : 0) |
	       (outcome->is_redacted ? REDACTED : 0) | (outcome->contradicts ? CONTRADICTS : 0) |
	       (outcome->asks ? ASKS : 0);
}

static void check_transfers(const struct payment_outcome *outcome, const struct want *want, int in)
{
	struct transfer transfers[TRANSFER_KEYS_PER_EVENT] = {0};
	size_t count = 0;

	while (count < ARRAY_LEN(want->transfers) && want->transfers[count].amount_minor > 0) {
		transfers[count] = want->transfers[count];
		count++;
	}
	if (want->refunded_add != 0)
		transfers[count++] =
			(struct transfer){TRANSFER_REFUND, amount_of(want->refunded_add, in)};
	ck_assert_uint_eq(outcome->transfers_count, count);
	for (size_t i = 0; i < count; i++) {
		ck_assert_int_eq(outcome->transfers[i].kind, transfers[i].kind);
		ck_assert_int_eq(outcome->transfers[i].amount_minor, transfers[i].amount_minor);
	}
}

static void check_payment(const struct payment_outcome *outcome, const struct want *want, int in)
{
	const struct payment *after = &outcome->payment;
	const struct payment before = view_of(in, A).payment;
	int64_t captured_minor =
		want->captured_minor > 0 ? want->captured_minor : before.captured_minor;
	int64_t refunded_minor = before.refunded_minor + amount_of(want->refunded_add, in);
	int64_t pending_minor = before.refund_pending_minor + amount_of(want->pending_add, in);
	bool is_written = (want->flags & (CHANGED | NEW)) != 0;

	ck_assert_int_eq(after->status, want->status == KEEP ? before.status : want->status);
	ck_assert_int_eq(after->amount_minor, AMOUNT);
	ck_assert_int_eq(after->captured_minor, captured_minor);
	ck_assert_int_eq(after->refunded_minor, refunded_minor);
	ck_assert_int_eq(after->refund_pending_minor, pending_minor);
	ck_assert_int_eq(after->refundable_minor, captured_minor - refunded_minor - pending_minor);
	ck_assert_int_eq(after->updated_us, is_written ? NOW_US : CREATED_US);
	if (want->flags & NEW)
		return;
	ck_assert_int_eq(after->is_reversed,
	                 before.is_reversed || want->operation == OPERATION_REVERSE);
	ck_assert_int_eq(after->refunds_count,
	                 before.refunds_count + (outcome->refund_is_new ? 1 : 0));
	ck_assert(text_is(after->description, "a book") != outcome->is_redacted);
	ck_assert(text_is(after->metadata, "{}") == outcome->is_redacted);
	ck_assert(text_equal(after->resolve_reason, outcome->is_redacted ? TEXT_NONE
	                                            : outcome->by_operator
	                                                    ? TEXT_LITERAL("the bank says so")
	                                                    : TEXT_LITERAL("before")));
}

/* What is open at the processor after it. */
static void check_open(const struct payment_outcome *outcome, const struct want *want, int in)
{
	const struct payment before = view_of(in, A).payment;
	bool was_open = states[in].is_open || states[in].refund_status == REFUND_PROCESSING;
	bool ends = (want->flags & ENDS) != 0;
	bool pends = outcome->asks &&
	             (want->operation == OPERATION_CAPTURE || want->operation == OPERATION_VOID);

	ck_assert_int_eq(outcome->ends_intent, ends && was_open ? INTENT : 0);
	ck_assert(!outcome->asks || (int)outcome->operation == want->operation);
	if (want->flags & NEW)
		return;
	ck_assert_int_eq(outcome->payment.intent_key, ends ? 0 : before.intent_key);
	ck_assert_int_eq(outcome->payment.pending_operation, pends  ? want->operation
	                                                     : ends ? OPERATION_NONE
	                                                            : before.pending_operation);
}

static void check_effects(const struct payment_outcome *outcome, const struct want *want, int in)
{
	ck_assert_int_eq(flags_of(outcome), want->flags & ~ENDS);
	ck_assert_pstr_eq(outcome->event_type, want->event_type);
	check_transfers(outcome, want, in);
	if (want->error != ERR_NONE && want->error != ERR_PAYMENT_DECLINED)
		return;
	check_payment(outcome, want, in);
	check_open(outcome, want, in);
}

/* Refusals that follow from the state say which it is, and each says what to do. */
static void check_detail(const struct want *want, int in, const char *detail)
{
	static const char *const words[STATE_COUNT] = {
		"still processing", "authorized", "capture",  "void",     "captured",
		"captured",         "captured",   "captured", "captured", "captured",
		"failed",           "failed",     "failed",   "voided"};

	ck_assert(detail[0] == '\0' || detail[strlen(detail) - 1] == '.');
	if (want->flags & RESTS)
		ck_assert(strstr(detail, "sync") != NULL || strstr(detail, "repeat") != NULL);
	if (want == &wants[stat] || want == &wants[hold] || want == &wants[busy])
		ck_assert_msg(strstr(detail, words[in]) != NULL ||
		                      strstr(detail, "resolve") != NULL ||
		                      strstr(detail, "refund_id") != NULL,
		              "%s", detail);
}

START_TEST(each_command_does_in_each_state_what_the_contract_says)
{
	int what = _i / STATE_COUNT, in = _i % STATE_COUNT;
	const struct want *want = &wants[commands[what].want[in]];
	const struct operation_view view = view_of(in, commands[what].verdict);
	bool answers = commands[what].decide == operation_decide_answer ||
	               commands[what].decide == operation_decide_resolve;
	/* What a caller waits for is told apart from the answer's own result. */
	bool tells = answers && want->error == ERR_PAYMENT_DECLINED;
	struct payment_outcome outcome = {0};
	char detail[PAYMENT_DETAIL_SIZE] = "";
	enum error error;

	if (commands[what].want[in] == nil)
		return;
	error = decide(what, &view, &outcome, detail);
	ck_assert_msg(error == (tells ? ERR_NONE : want->error), "%s, state %d: error %d",
	              commands[what].what, in, error);
	ck_assert_int_eq(outcome.settled, tells ? want->error : want->settled);
	ck_assert_int_eq(outcome.by_operator,
	                 commands[what].decide == operation_decide_resolve && error == ERR_NONE);
	check_effects(&outcome, want, in);
	check_detail(want, in, detail);
}
END_TEST

START_TEST(a_payment_takes_at_most_100_refunds)
{
	struct operation_view view = view_of(CAPTURED, A);
	const struct operation_command command = {.amount = USD(1, 0), .has_key = true};
	const struct payment_moment moment = {.now_us = NOW_US, .random = random_bytes};
	char detail[PAYMENT_DETAIL_SIZE] = "";

	for (int count = REFUNDS_PER_PAYMENT_MAX - 1; count <= REFUNDS_PER_PAYMENT_MAX; count++) {
		struct payment_outcome outcome = {0};

		view.payment.refunds_count = count;
		ck_assert_int_eq(
			operation_decide_refund(&view, &command, &moment, &outcome, detail),
			count < REFUNDS_PER_PAYMENT_MAX ? ERR_NONE : ERR_INVALID_REQUEST);
	}
	ck_assert_ptr_nonnull(strstr(detail, "100"));
}
END_TEST

START_TEST(a_new_refund_is_of_its_payment)
{
	struct operation_view view = view_of(CAPTURED, A);
	const struct operation_command command = {.amount = ANY, .reason = TEXT_LITERAL("late")};
	const struct payment_moment moment = {.now_us = NOW_US, .random = random_bytes};
	struct payment_outcome outcome = {0};
	const struct refund *refund = &outcome.refund;
	char detail[PAYMENT_DETAIL_SIZE] = "";

	text_copy(TEXT_LITERAL("o-1"), view.payment.order_id, sizeof(view.payment.order_id));
	(void)operation_decide_refund(&view, &command, &moment, &outcome, detail);
	ck_assert_int_eq(refund->refund_key, PAYMENT_KEYS_PER_ORDER * REFUND_KEYS_PER_PAYMENT + 1);
	ck_assert(id_is_valid("ref_", text_of(refund->refund_id)));
	ck_assert_str_eq(refund->payment_id, "pay_1");
	ck_assert_str_eq(refund->order_id, "o-1");
	ck_assert_int_eq(refund->amount_minor, AMOUNT);
	ck_assert_int_eq(refund->status, REFUND_SUCCESS);
	ck_assert_str_eq(refund->processor_reference, "sbx_2");
	ck_assert(text_is(refund->reason, "late"));
	ck_assert_int_eq(refund->created_us, NOW_US);
}
END_TEST

START_TEST(only_a_refund_of_the_payment_itself_is_resolved)
{
	struct operation_view view = view_of(REFUNDING, A);
	const struct operation_command command = {.refund_id = "ref_1",
	                                          .decision = {.verdict = VERDICT_APPROVED}};
	const struct payment_moment moment = {.now_us = NOW_US, .random = random_bytes};
	struct payment_outcome outcome = {0};
	char detail[PAYMENT_DETAIL_SIZE] = "";

	text_copy(TEXT_LITERAL("pay_2"), view.refund.payment_id, ID_SIZE);
	ck_assert_int_eq(operation_decide_resolve(&view, &command, &moment, &outcome, detail),
	                 ERR_NOT_FOUND);
	ck_assert_int_eq(flags_of(&outcome), 0);
}
END_TEST

static Suite *operation_core_suite(void)
{
	Suite *suite = suite_create("operation_core");
	TCase *tests = tcase_create("operation_core");

	tcase_add_loop_test(tests, each_command_does_in_each_state_what_the_contract_says, 0,
	                    (int)ARRAY_LEN(commands) * STATE_COUNT);
	tcase_add_test(tests, a_payment_takes_at_most_100_refunds);
	tcase_add_test(tests, a_new_refund_is_of_its_payment);
	tcase_add_test(tests, only_a_refund_of_the_payment_itself_is_resolved);
	suite_add_tcase(suite, tests);
	return suite;
}

TEST_MAIN(operation_core_suite)
