/* test_payment_fold.c - what an audit takes for a possible history of a payment: which event may
 * follow which, what its amounts may be, and which transfers it implies. */
#include "payment-service/payment_fold.h"

#include <stdio.h>
#include <string.h>

#include "unit/unit.h"

#define EVENTS_MAX 5
#define AMOUNT 1000
#define LINE_SIZE 512

struct told {
	const char *type; /* NULL: the row has no more events */
	enum fold_state state;
	int64_t captured_minor, refunded_minor, refund_pending_minor;
	int64_t refund_minor; /* 0: it is about no refund */
	int refund_status;
};

#define PROCESSING \
	{ \
		"payment.processing", FOLD_PROCESSING \
	}
#define AUTHORIZED \
	{ \
		"payment.authorized", FOLD_AUTHORIZED \
	}
#define CAPTURING \
	{ \
		"payment.processing", FOLD_CAPTURING \
	}
#define VOIDING \
	{ \
		"payment.processing", FOLD_VOIDING \
	}
#define CAPTURED(minor) \
	{ \
		"payment.captured", FOLD_SUCCESS, minor \
	}
#define FAILED \
	{ \
		"payment.failed", FOLD_FAILED \
	}
#define VOIDED \
	{ \
		"payment.voided", FOLD_VOIDED \
	}
#define CONTRADICTED \
	{ \
		"payment.contradicted", FOLD_FAILED \
	}
#define REVERSED \
	{ \
		"payment.reversed", FOLD_FAILED \
	}
#define REFUND_ASKED(minor, pending) \
	{ \
		"refund.processing", FOLD_SUCCESS, AMOUNT, 0, pending, minor, REFUND_PROCESSING \
	}
#define REFUND_DONE(minor, refunded) \
	{ \
		"refund.succeeded", FOLD_SUCCESS, AMOUNT, refunded, 0, minor, REFUND_SUCCESS \
	}
#define REFUND_REFUSED(minor) \
	{ \
		"refund.failed", FOLD_SUCCESS, AMOUNT, 0, 0, minor, REFUND_FAILED \
	}

static const struct {
	const char *rule;
	struct told events[EVENTS_MAX];
	bool is_possible; /* the last event; those before it are */
	struct transfer
		transfers[TRANSFER_KEYS_PER_EVENT]; /* of the last event; amount 0: no more */
} histories[] = {
	{"an automatic payment", {CAPTURED(AMOUNT)}, true, {{TRANSFER_CAPTURE, AMOUNT}}},
	{"the same later", {PROCESSING, CAPTURED(AMOUNT)}, true, {{TRANSFER_CAPTURE, AMOUNT}}},
	{"an automatic payment takes all", {CAPTURED(AMOUNT - 1)}, false},
	{"an authorization", {AUTHORIZED}, true, {{TRANSFER_AUTHORIZE, AMOUNT}}},
	{"the same later", {PROCESSING, AUTHORIZED}, true, {{TRANSFER_AUTHORIZE, AMOUNT}}},
	{"a capture of all",
         {AUTHORIZED, CAPTURED(AMOUNT)},
         true,
         {{TRANSFER_AUTHORIZATION_CAPTURED, AMOUNT}, {TRANSFER_CAPTURE, AMOUNT}}},
	{"a capture of a part, later",
         {AUTHORIZED, CAPTURING, CAPTURED(400)},
         true,
         {{TRANSFER_AUTHORIZATION_CAPTURED, 400},
          {TRANSFER_AUTHORIZATION_RELEASED, 600},
          {TRANSFER_CAPTURE, 400}}},
	{"a capture of too much", {AUTHORIZED, CAPTURED(AMOUNT + 1)}, false},
	{"a capture of nothing", {AUTHORIZED, CAPTURED(0)}, false},
	{"a refused capture", {AUTHORIZED, CAPTURING, AUTHORIZED}, true},
	{"a capture while a void is asked for", {AUTHORIZED, VOIDING, CAPTURED(AMOUNT)}, false},
	{"a void", {AUTHORIZED, VOIDED}, true, {{TRANSFER_AUTHORIZATION_VOIDED, AMOUNT}}},
	{"a void while a capture is asked for", {AUTHORIZED, CAPTURING, VOIDED}, false},
	{"a void of nothing", {VOIDED}, false},
	{"a void of a capture", {CAPTURED(AMOUNT), VOIDED}, false},
	{"a decline", {FAILED}, true},
	{"a late decline", {PROCESSING, FAILED}, true},
	{"a decline of an authorization", {AUTHORIZED, FAILED}, false},
	{"a failed payment stays so", {FAILED, CAPTURED(AMOUNT)}, false},
	{"a captured payment stays so", {CAPTURED(AMOUNT), CAPTURED(AMOUNT)}, false},
	{"a voided payment stays so", {AUTHORIZED, VOIDED, AUTHORIZED}, false},
	{"a contradiction", {FAILED, CONTRADICTED}, true},
	{"a reversal", {FAILED, CONTRADICTED, REVERSED}, true},
	{"a reversal of nothing", {FAILED, REVERSED}, false},
	{"a reversal twice", {FAILED, CONTRADICTED, REVERSED, REVERSED}, false},
	{"a reversal given up", {FAILED, CONTRADICTED, CONTRADICTED, REVERSED}, false},
	{"a contradiction of nothing", {CONTRADICTED}, false},
	{"a refund", {CAPTURED(AMOUNT), REFUND_DONE(300, 300)}, true, {{TRANSFER_REFUND, 300}}},
	{"the same later",
         {CAPTURED(AMOUNT), REFUND_ASKED(300, 300), REFUND_DONE(300, 300)},
         true,
         {{TRANSFER_REFUND, 300}}},
	{"a refused refund", {CAPTURED(AMOUNT), REFUND_ASKED(300, 300), REFUND_REFUSED(300)}, true},
	{"a refund twice", {CAPTURED(AMOUNT), REFUND_DONE(300, 300), REFUND_DONE(300, 600)}, false},
	{"a refund after its refusal",
         {CAPTURED(AMOUNT), REFUND_REFUSED(300), REFUND_DONE(300, 300)},
         false},
	{"a refund of too much", {CAPTURED(AMOUNT), REFUND_DONE(1001, 1001)}, false},
	{"a refund of nothing", {CAPTURED(AMOUNT), REFUND_DONE(0, 0)}, false},
	{"a refund that is not counted", {CAPTURED(AMOUNT), REFUND_DONE(300, 0)}, false},
	{"a refund that becomes larger",
         {CAPTURED(AMOUNT), REFUND_ASKED(300, 300), REFUND_DONE(400, 400)},
         false},
	{"a refund of an authorization", {AUTHORIZED, REFUND_DONE(300, 300)}, false},
	{"an unknown type", {{"payment.lost", FOLD_PROCESSING}}, false},
};

static struct payment_event event_of(const struct told *told, int64_t seq)
{
	return (struct payment_event){
		.seq = seq,
		.time_us = seq,
		.type = text_of(told->type),
		.state = told->state,
		.currency = currency_find(TEXT_LITERAL("USD")),
		.amount_minor = AMOUNT,
		.captured_minor = told->captured_minor,
		.refunded_minor = told->refunded_minor,
		.refund_pending_minor = told->refund_pending_minor,
		.refund_amount_minor = told->refund_minor,
		.refund_status = told->refund_status,
	};
}

/* Only refunds are told with a type of their own. */
static bool is_refund(const struct told *told)
{
	return strncmp(told->type, "refund.", strlen("refund.")) == 0;
}

START_TEST(an_event_follows_from_those_before_it)
{
	struct payment_fold fold = {0};
	struct refund_fold refund = {0};
	struct fold_transfers transfers = {0};
	const char *fault = NULL;
	size_t i = 0;

	for (; i < EVENTS_MAX && histories[_i].events[i].type != NULL; i++) {
		const struct told *told = &histories[_i].events[i];
		struct payment_event event = event_of(told, (int64_t)i + 1);

		ck_assert_msg(fault == NULL, "%s: event %zu: %s", histories[_i].rule, i, fault);
		fault = payment_fold_add(&fold, is_refund(told) ? &refund : NULL, &event,
		                         &transfers);
	}
	ck_assert_msg((fault == NULL) == histories[_i].is_possible, "%s: %s", histories[_i].rule,
	              fault);
	ck_assert_int_eq(fold.span.first_seq, 1);
	ck_assert_int_eq(fold.span.last_seq, i);
	for (i = 0; histories[_i].is_possible && i < transfers.count; i++) {
		ck_assert_int_eq(transfers.rows[i].kind, histories[_i].transfers[i].kind);
		ck_assert_int_eq(transfers.rows[i].amount_minor,
		                 histories[_i].transfers[i].amount_minor);
	}
	ck_assert_int_eq(histories[_i].is_possible ? histories[_i].transfers[i].amount_minor : 0,
	                 0);
}
END_TEST

#define LINE(data) "{\"type\":\"payment.captured\",\"data\":{" data "}}"
#define MONEY(captured) \
	"\"payment_id\":\"p\",\"amount\":10.00,\"amount_captured\":" captured \
	",\"amount_refunded\":0.00,\"amount_refund_pending\":0.00"
#define SUCCESS ",\"payment_status\":\"success\",\"pending_operation\":null"

static const struct {
	const char *line;
	bool is_read;
} lines[] = {
	{LINE(MONEY("10.00") ",\"currency\":\"USD\"" SUCCESS), true},
	{LINE(MONEY("10.001") ",\"currency\":\"USD\"" SUCCESS), false},
	{LINE(MONEY("\"10.00\"") ",\"currency\":\"USD\"" SUCCESS), false},
	{LINE(MONEY("-1") ",\"currency\":\"USD\"" SUCCESS), false},
	{LINE(MONEY("1e400") ",\"currency\":\"USD\"" SUCCESS), false},
	{LINE(MONEY("10.00") ",\"currency\":\"XQX\"" SUCCESS), false},
	{LINE(MONEY("10.00") SUCCESS), false},
	{LINE(MONEY("10.00") ",\"currency\":\"USD\""), false},
	{LINE(MONEY("10.00") ",\"currency\":\"USD\",\"payment_status\":\"lost\""), false},
	{LINE(MONEY("10.00") ",\"currency\":\"USD\",\"payment_status\":\"success\","
                             "\"pending_operation\":\"void\""),
         false},
	{LINE(MONEY("10.00") ",\"currency\":\"USD\",\"refund_id\":\"r\"" SUCCESS), false},
	{LINE(MONEY("10.00") ",\"currency\":\"USD\",\"refund_id\":\"r\",\"refund_amount\":1.00,"
                             "\"refund_status\":\"failed\"" SUCCESS),
         true},
	{"{\"type\":\"payment.captured\"}", false},
	{"{\"data\":7}", false},
};

START_TEST(an_event_is_read_or_what_is_wrong_is_said)
{
	struct json_doc AUTO_JSON doc = {0};
	struct payment_event event = {0};
	const char *detail, *fault;
	size_t offset;

	ck_assert(json_parse(text_of(lines[_i].line), &doc, &detail, &offset));
	fault = payment_event_read(&doc, &event);
	ck_assert_msg((fault == NULL) == lines[_i].is_read, "%s: %s", lines[_i].line, fault);
	if (fault == NULL)
		ck_assert_int_eq(event.captured_minor, AMOUNT);
}
END_TEST

static Suite *payment_fold_suite(void)
{
	Suite *suite = suite_create("payment_fold");
	TCase *tests = tcase_create("payment_fold");

	tcase_add_loop_test(tests, an_event_follows_from_those_before_it, 0, ARRAY_LEN(histories));
	tcase_add_loop_test(tests, an_event_is_read_or_what_is_wrong_is_said, 0, ARRAY_LEN(lines));
	suite_add_tcase(suite, tests);
	return suite;
}

TEST_MAIN(payment_fold_suite)
