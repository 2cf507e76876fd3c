/* test_processor_sandbox.c - what the sandbox says, for each method and operation. */
#include "payment-service/processor.h"

#include <string.h>

#include "base/currency.h"
#include "unit/unit.h"

#define PAYMENT_ID "pay_01JDC4Z0V4ABCDEFGHJKMNPQRS"
#define REFUND_ID "ref_01JDC4Z0V4ABCDEFGHJKMNPQRT"
#define SBX_PAYMENT "sbx_01JDC4Z0V4ABCDEFGHJKMNPQRS"
#define SBX_REFUND "sbx_01JDC4Z0V4ABCDEFGHJKMNPQRT"

/* What a call gives, in its order, and a query: A approved, D declined, U unreachable; a small
 * letter comes later, '-' is nothing, '?' no such reference. */
struct expected {
	const char *call, *query;
};

#define APPROVES \
	{ \
		"A", "A" \
	}
#define SILENT \
	{ \
		"-", "A" \
	}
#define SLOW \
	{ \
		"a", "A" \
	}
#define TWICE \
	{ \
		"Aa", "A" \
	}
#define ALL(...) __VA_ARGS__, __VA_ARGS__, __VA_ARGS__

static const struct {
	const char *method; /* NULL: left out */
	bool in_process;
	const char *decline_code;
	struct expected authorize, capture, void_, refund;
} cases[] = {
	{NULL, true, NULL, APPROVES, ALL(APPROVES)},
	{"pm_success", true, NULL, APPROVES, ALL(APPROVES)},
	{"pm_declined", true, "declined", {"D", "D"}, ALL(APPROVES)},
	{"pm_insufficient_funds", true, "insufficient_funds", {"D", "D"}, ALL(APPROVES)},
	{"pm_expired_card", true, "expired_card", {"D", "D"}, ALL(APPROVES)},
	{"pm_timeout", false, NULL, SILENT, ALL(SILENT)},
	{"pm_timeout_declined", false, "declined", {"-", "D"}, ALL(APPROVES)},
	{"pm_lost_answer", false, NULL, SILENT, ALL(APPROVES)},
	{"pm_slow", false, NULL, SLOW, ALL(SLOW)},
	{"pm_duplicate_answer", false, NULL, TWICE, ALL(TWICE)},
	{"pm_late_approval", false, "declined", {"Da", "A"}, ALL(APPROVES)},
	{"pm_refund_fails", false, "refund_failed", APPROVES, APPROVES, APPROVES, {"D", "D"}},
	{"pm_refund_timeout", false, NULL, APPROVES, APPROVES, APPROVES, SILENT},
	{"pm_unreachable", false, NULL, {"U", "?"}, ALL(APPROVES)},
};

static struct processor_request request_of(size_t i, enum operation operation)
{
	return (struct processor_request){
		.operation = operation,
		.reference = operation == OPERATION_REFUND ? REFUND_ID : PAYMENT_ID,
		.payment_reference = PAYMENT_ID,
		.currency = currency_find(TEXT_LITERAL("USD")),
		.amount_minor = 1099,
		.payment_method = cases[i].method == NULL ? TEXT_NONE : text_of(cases[i].method),
	};
}

static void check_decision(size_t i, enum operation operation, const struct decision *decision,
                           char want)
{
	const char *reference = operation == OPERATION_REFUND ? SBX_REFUND : SBX_PAYMENT;

	switch (want) {
	case 'A':
		ck_assert_int_eq(decision->verdict, VERDICT_APPROVED);
		ck_assert_ptr_null(decision->decline_code.ptr);
		break;
	case 'D':
		ck_assert_int_eq(decision->verdict, VERDICT_DECLINED);
		ck_assert(text_is(decision->decline_code, cases[i].decline_code));
		break;
	default:
		ck_assert_int_eq(want, 'U');
		ck_assert_int_eq(decision->verdict, VERDICT_UNREACHABLE);
		reference = "";
	}
	ck_assert_str_eq(decision->reference, reference);
}

/* Later is soon enough for a caller who waits. */
static void check_answers(size_t i, enum operation operation,
                          const struct processor_answer *answers, size_t count, const char *want)
{
	if (strcmp(want, "-") == 0) {
		ck_assert_uint_eq(count, 0);
		return;
	}
	ck_assert_uint_eq(count, strlen(want));
	for (size_t at = 0; at < count; at++) {
		bool is_later = want[at] == 'a';
		char what = want[at];

		ck_assert_int_eq(answers[at].said == PROCESSOR_KNOWS_IT_NOT, want[at] == '?');
		ck_assert_int_eq(answers[at].after_us > 0, is_later);
		ck_assert_int_le(answers[at].after_us, 2 * US_PER_S);
		if (is_later)
			what = 'A';
		if (what != '?')
			check_decision(i, operation, &answers[at].decision, what);
	}
}

static void check(size_t i, enum operation operation, const struct expected *want)
{
	const struct processor *processor = &processor_sandbox;
	const struct processor_request request = request_of(i, operation);
	struct processor_answer answers[PROCESSOR_ANSWERS_MAX];
	struct decision decision;
	size_t count = 0;

	switch (operation) {
	case OPERATION_AUTHORIZE: count = processor->authorize(&request, answers); break;
	case OPERATION_CAPTURE: count = processor->capture(&request, answers); break;
	case OPERATION_VOID:
	case OPERATION_REVERSE: count = processor->void_(&request, answers); break;
	case OPERATION_REFUND: count = processor->refund(&request, answers); break;
	case OPERATION_COUNT: ck_abort();
	}
	check_answers(i, operation, answers, count, want->call);
	count = processor->query(&request, answers);
	check_answers(i, operation, answers, count, want->query);
	ck_assert_int_eq(processor->in_process(&request, &decision), cases[i].in_process);
	if (cases[i].in_process)
		check_decision(i, operation, &decision, want->query[0]);
}

START_TEST(each_method_says_what_the_contract_says)
{
	ck_assert(processor_sandbox.knows_method(request_of(_i, 0).payment_method));
	check(_i, OPERATION_AUTHORIZE, &cases[_i].authorize);
	check(_i, OPERATION_CAPTURE, &cases[_i].capture);
	check(_i, OPERATION_VOID, &cases[_i].void_);
	check(_i, OPERATION_REVERSE, &cases[_i].void_);
	check(_i, OPERATION_REFUND, &cases[_i].refund);
}
END_TEST

START_TEST(another_method_is_not_known_and_each_known_one_is_named)
{
	ck_assert(!processor_sandbox.knows_method(TEXT_LITERAL("pm_succes")));
	ck_assert(!processor_sandbox.knows_method(TEXT_LITERAL("pm_success ")));
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		ck_assert(cases[i].method == NULL ||
		          strstr(processor_sandbox.methods, cases[i].method) != NULL);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("processor_sandbox");
	TCase *all = tcase_create("all");

	tcase_add_loop_test(all, each_method_says_what_the_contract_says, 0, ARRAY_LEN(cases));
	tcase_add_test(all, another_method_is_not_known_and_each_known_one_is_named);
	suite_add_tcase(suite, all);
	return suite;
}

TEST_MAIN(make_suite)
