/* test_inquiry_core.c - what becomes of a payment or refund that only the order service's journal
 * tells of, by what is there and what the processor says. */
#include "unit/unit.h"

#include "payment-service/inquiry.h"

#include <string.h>

#define PAYMENT_ID "pay_01M83AP0DV0000000000000000"
#define REFUND_ID "ref_01M83AP0DV0000000000000000"
#define NOTHING (-1)

struct row {
	const char *what;
	int told, capture, captured; /* of 1000 */
	int refund;                  /* 0: it is about none */
	int stored;                  /* status of the payment that is there, or NOTHING */
	enum verdict says;
	enum inquiry_end end;
	int status; /* afterwards, where it is made */
	bool refund_is_known, is_other_order;
	int refund_pending; /* of what is there */
};

static const struct row rows[] = {
	{"a capture is made again", PAYMENT_SUCCESS, CAPTURE_AUTOMATIC, 1000, 0, NOTHING,
         VERDICT_APPROVED, INQUIRY_MADE, PAYMENT_SUCCESS},
	{"a decline is made again", PAYMENT_FAILED, CAPTURE_AUTOMATIC, 0, 0, NOTHING,
         VERDICT_DECLINED, INQUIRY_MADE, PAYMENT_FAILED},
	{"what was approved after it had failed is told", PAYMENT_FAILED, CAPTURE_AUTOMATIC, 0, 0,
         NOTHING, VERDICT_APPROVED, INQUIRY_LOST},
	{"what was open is what the processor says", PAYMENT_PROCESSING, CAPTURE_AUTOMATIC, 0, 0,
         NOTHING, VERDICT_APPROVED, INQUIRY_MADE, PAYMENT_SUCCESS},
	{"without an answer it waits", PAYMENT_SUCCESS, CAPTURE_AUTOMATIC, 1000, 0, NOTHING,
         VERDICT_OPEN, INQUIRY_POSTPONED},
	{"what the processor does not know is told", PAYMENT_SUCCESS, CAPTURE_AUTOMATIC, 1000, 0,
         NOTHING, VERDICT_UNREACHABLE, INQUIRY_LOST},
	{"a manual capture begins with its authorization", PAYMENT_SUCCESS, CAPTURE_MANUAL, 700, 0,
         NOTHING, VERDICT_APPROVED, INQUIRY_BEGUN, PAYMENT_AUTHORIZED},
	{"and goes on", PAYMENT_SUCCESS, CAPTURE_MANUAL, 700, 0, PAYMENT_AUTHORIZED,
         VERDICT_APPROVED, INQUIRY_MADE, PAYMENT_SUCCESS},
	{"what was captured and is declined now is told", PAYMENT_SUCCESS, CAPTURE_MANUAL, 700, 0,
         NOTHING, VERDICT_DECLINED, INQUIRY_LOST},
	{"a capture waits for the authorization that is open there", PAYMENT_SUCCESS,
         CAPTURE_MANUAL, 700, 0, PAYMENT_PROCESSING, VERDICT_OPEN, INQUIRY_POSTPONED},
	{"so does a void", PAYMENT_VOIDED, CAPTURE_MANUAL, 0, 0, PAYMENT_PROCESSING, VERDICT_OPEN,
         INQUIRY_POSTPONED},
	{"a refund waits for what is open there", PAYMENT_SUCCESS, CAPTURE_AUTOMATIC, 1000, 400,
         PAYMENT_PROCESSING, VERDICT_OPEN, INQUIRY_POSTPONED},
	{"a void is made again", PAYMENT_VOIDED, CAPTURE_MANUAL, 0, 0, PAYMENT_AUTHORIZED,
         VERDICT_APPROVED, INQUIRY_MADE, PAYMENT_VOIDED},
	{"what is there stays", PAYMENT_SUCCESS, CAPTURE_AUTOMATIC, 1000, 0, PAYMENT_SUCCESS,
         VERDICT_OPEN, INQUIRY_KNOWN},
	{"what is open there is asked for as ever", PAYMENT_SUCCESS, CAPTURE_AUTOMATIC, 1000, 0,
         PAYMENT_PROCESSING, VERDICT_OPEN, INQUIRY_KNOWN},
	{"what contradicts is told", PAYMENT_SUCCESS, CAPTURE_MANUAL, 1000, 0, PAYMENT_VOIDED,
         VERDICT_APPROVED, INQUIRY_LOST},
	{"a refund is made again", PAYMENT_SUCCESS, CAPTURE_AUTOMATIC, 1000, 400, PAYMENT_SUCCESS,
         VERDICT_APPROVED, INQUIRY_MADE, PAYMENT_SUCCESS},
	{"one that is there stays", PAYMENT_SUCCESS, CAPTURE_AUTOMATIC, 1000, 400, PAYMENT_SUCCESS,
         VERDICT_APPROVED, INQUIRY_KNOWN, .refund_is_known = true},
	{"a refund of more than is left is told", PAYMENT_SUCCESS, CAPTURE_AUTOMATIC, 1000, 901,
         PAYMENT_SUCCESS, VERDICT_APPROVED, INQUIRY_LOST},
	{"but what another, open one may leave is waited for", PAYMENT_SUCCESS, CAPTURE_AUTOMATIC,
         1000, 400, PAYMENT_SUCCESS, VERDICT_OPEN, INQUIRY_POSTPONED, .refund_pending = 900},
	{"a refund of no payment is told", PAYMENT_SUCCESS, CAPTURE_AUTOMATIC, 1000, 400, NOTHING,
         VERDICT_APPROVED, INQUIRY_LOST},
	{"a payment of another order is told", PAYMENT_SUCCESS, CAPTURE_AUTOMATIC, 1000, 0,
         PAYMENT_SUCCESS, VERDICT_APPROVED, INQUIRY_LOST, .is_other_order = true},
};

static void fill_view(const struct row *row, struct inquiry_view *view)
{
	struct payment *payment = &view->payment;

	*view = (struct inquiry_view){.payment_found = row->stored != NOTHING,
	                              .refund_found = row->refund_is_known};
	if (!view->payment_found)
		return;
	payment->currency = currency_find(TEXT_LITERAL("USD"));
	payment->amount_minor = 1000;
	payment->status = row->stored;
	payment->pending_operation = OPERATION_NONE;
	payment->last_event_seq = 3;
	text_copy(TEXT_LITERAL(PAYMENT_ID), payment->payment_id, ID_SIZE);
	text_copy(row->is_other_order ? TEXT_LITERAL("o-2") : TEXT_LITERAL("o-1"),
	          payment->order_id, sizeof(payment->order_id));
	if (row->stored != PAYMENT_SUCCESS)
		return;
	payment->captured_minor = 1000; /* 100 of it went back */
	payment->refunded_minor = 100;
	payment->refund_pending_minor = row->refund_pending;
	payment->refundable_minor = 900 - row->refund_pending;
	payment->refunds_count = 1;
}

static void fill_inquiry(const struct row *row, struct inquiry *inquiry)
{
	*inquiry = (struct inquiry){.order_id = "o-1",
	                            .payment_id = PAYMENT_ID,
	                            .currency = currency_find(TEXT_LITERAL("USD")),
	                            .status = row->told,
	                            .capture = row->capture,
	                            .amount_minor = 1000,
	                            .captured_minor = row->captured,
	                            .refund_minor = row->refund == 0 ? MONEY_NONE : row->refund};
	if (row->refund != 0)
		text_copy(TEXT_LITERAL(REFUND_ID), inquiry->refund_id, ID_SIZE);
}

START_TEST(the_processor_decides_what_is_made_again)
{
	static const uint8_t random[ULID_RANDOM_BYTES];
	const struct row *row = &rows[_i];
	const struct payment_moment moment = {1000000, random};
	const struct decision decision = {.verdict = row->says};
	struct payment_outcome outcome = {0};
	struct inquiry_view view;
	struct inquiry inquiry;

	fill_view(row, &view);
	fill_inquiry(row, &inquiry);
	ck_assert_msg(inquiry_decide(&inquiry, &view, &decision, "sandbox", &moment, &outcome) ==
	                      row->end,
	              "%s", row->what);
	if (row->end != INQUIRY_MADE && row->end != INQUIRY_BEGUN) {
		ck_assert_msg(outcome.event_type == NULL, "%s", row->what);
		return;
	}
	ck_assert_msg(outcome.payment.status == row->status, "%s", row->what);
	ck_assert_str_eq(outcome.payment.payment_id, PAYMENT_ID);
	if (row->end == INQUIRY_MADE && row->status == PAYMENT_SUCCESS && row->captured > 0)
		ck_assert_int_eq(outcome.payment.captured_minor, row->captured);
	if (row->refund != 0) {
		ck_assert_str_eq(outcome.refund.refund_id, REFUND_ID);
		ck_assert_int_eq(outcome.payment.refunded_minor, 100 + row->refund);
	}
}
END_TEST

START_TEST(the_reference_that_was_told_is_asked_about)
{
	const struct row *row = &rows[7];
	char reference[ID_SIZE], derived[ID_SIZE];
	struct inquiry_view view;
	struct inquiry inquiry;

	fill_view(row, &view);
	fill_inquiry(row, &inquiry);
	inquiry_reference(&inquiry, &view, OPERATION_CAPTURE, derived);
	ck_assert(id_is_valid("evt_", text_of(derived)));
	text_copy(TEXT_LITERAL("evt_01M83AP0DV0000000000000007"), inquiry.reference, ID_SIZE);
	inquiry_reference(&inquiry, &view, OPERATION_CAPTURE, reference);
	ck_assert_str_eq(reference, inquiry.reference);
	inquiry_reference(&inquiry, &view, OPERATION_AUTHORIZE, reference);
	ck_assert_str_eq(reference, PAYMENT_ID);
}
END_TEST

static Suite *inquiry_core_suite(void)
{
	Suite *s = suite_create("inquiry_core");
	TCase *cases = tcase_create("all");

	suite_add_tcase(s, cases);
	tcase_add_loop_test(cases, the_processor_decides_what_is_made_again, 0, ARRAY_LEN(rows));
	tcase_add_test(cases, the_reference_that_was_told_is_asked_about);
	return s;
}

TEST_MAIN(inquiry_core_suite)
