/* inquiry_core.c - what becomes of a payment or refund that only the order service's journal tells
 * of. Pure: no I/O, clock, threads or allocation. Invariants: (1) nothing is made that the
 * processor does not say it has decided; (2) what is there already is not touched, but for an
 * authorization that was captured or voided since. */
#include "inquiry.h"

#include <string.h>

#include "reference.h"
#include "settle.h"

/* An id stands for one payment, whatever the other journal says. */
static bool is_another(const struct inquiry *inquiry, const struct inquiry_view *view)
{
	const struct payment *payment = &view->payment;

	return view->payment_found && (payment->currency != inquiry->currency ||
	                               strcmp(payment->order_id, inquiry->order_id) != 0);
}

/* The steps of a payment that an authorization of its own begins. */
static bool is_later_step(const struct inquiry *inquiry)
{
	return inquiry->capture == CAPTURE_MANUAL &&
	       (inquiry->status == PAYMENT_SUCCESS || inquiry->status == PAYMENT_VOIDED);
}

static int refund_operation(const struct inquiry *inquiry, const struct inquiry_view *view)
{
	const struct payment *payment = &view->payment;
	bool is_possible = view->payment_found &&
	                   inquiry->refund_minor <= payment->refundable_minor &&
	                   payment->refunds_count < REFUNDS_PER_PAYMENT_MAX;

	return is_possible && !view->refund_found ? (int)OPERATION_REFUND : OPERATION_NONE;
}

int inquiry_operation(const struct inquiry *inquiry, const struct inquiry_view *view)
{
	const struct payment *payment = &view->payment;

	if (is_another(inquiry, view))
		return OPERATION_NONE;
	if (inquiry->refund_id[0] != '\0')
		return refund_operation(inquiry, view);
	if (!view->payment_found)
		return view->attempts_count < ATTEMPTS_PER_ORDER_MAX ? (int)OPERATION_AUTHORIZE
		                                                     : OPERATION_NONE;
	if (payment->status != PAYMENT_AUTHORIZED || payment->pending_operation != OPERATION_NONE)
		return OPERATION_NONE;
	if (inquiry->status == PAYMENT_VOIDED)
		return OPERATION_VOID;
	return inquiry->status == PAYMENT_SUCCESS &&
	                       inquiry->captured_minor <= payment->amount_minor
	               ? (int)OPERATION_CAPTURE
	               : OPERATION_NONE;
}

void inquiry_reference(const struct inquiry *inquiry, const struct inquiry_view *view,
                       enum operation operation, char ret_reference[ID_SIZE])
{
	int64_t amount_minor = operation == OPERATION_CAPTURE ? inquiry->captured_minor
	                                                      : view->payment.amount_minor;

	if (operation == OPERATION_AUTHORIZE)
		text_copy(text_of(inquiry->payment_id), ret_reference, ID_SIZE);
	else if (operation == OPERATION_REFUND)
		text_copy(text_of(inquiry->refund_id), ret_reference, ID_SIZE);
	else if (inquiry->reference[0] != '\0')
		text_copy(text_of(inquiry->reference), ret_reference, ID_SIZE);
	else
		reference_of_operation(&view->payment, operation, amount_minor, ret_reference);
}

/* Whether what is there says no less than what was told, or its own intent will tell. */
static bool is_known(const struct inquiry *inquiry, const struct inquiry_view *view)
{
	const struct payment *payment = &view->payment;

	if (!view->payment_found || is_another(inquiry, view))
		return false;
	if (inquiry->refund_id[0] != '\0')
		return view->refund_found;
	if (inquiry->status == PAYMENT_PROCESSING || inquiry->status == PAYMENT_AUTHORIZED ||
	    payment->status == PAYMENT_PROCESSING || payment->pending_operation != OPERATION_NONE)
		return true;
	return inquiry->status == payment->status &&
	       inquiry->captured_minor <= payment->captured_minor;
}

/* What is open there comes first: only then it shows whether there is more to be asked. A refund
 * that is under way may fail, and another take its place. */
static bool waits_for_intent(const struct inquiry *inquiry, const struct inquiry_view *view)
{
	const struct payment *payment = &view->payment;
	bool is_open = payment->status == PAYMENT_PROCESSING ||
	               payment->pending_operation != OPERATION_NONE;

	if (!view->payment_found || is_another(inquiry, view))
		return false;
	if (inquiry->refund_id[0] == '\0')
		return is_open && is_later_step(inquiry);
	return (is_open || payment->refund_pending_minor > 0) && !view->refund_found;
}

/* What it says now is not what it said when the order service was told. */
static bool contradicts(const struct inquiry *inquiry, enum verdict verdict)
{
	if (verdict == VERDICT_APPROVED)
		return inquiry->status == PAYMENT_FAILED;
	return verdict == VERDICT_DECLINED && inquiry->refund_id[0] == '\0' &&
	       inquiry->status != PAYMENT_FAILED && inquiry->status != PAYMENT_PROCESSING;
}

static void new_payment(const struct inquiry *inquiry, const struct inquiry_view *view,
                        const char *processor, const struct payment_moment *moment,
                        struct payment *payment)
{
	*payment = (struct payment){.payment_key = view->attempts_count,
	                            .currency = inquiry->currency,
	                            .amount_minor = inquiry->amount_minor,
	                            .status = PAYMENT_PROCESSING,
	                            .capture = inquiry->capture,
	                            .pending_operation = OPERATION_NONE,
	                            .key_is_unknown = true,
	                            .processor = text_of(processor),
	                            .metadata = TEXT_LITERAL("{}"),
	                            .created_us = moment->now_us,
	                            .updated_us = moment->now_us};
	text_copy(text_of(inquiry->payment_id), payment->payment_id, ID_SIZE);
	text_copy(text_of(inquiry->order_id), payment->order_id, sizeof(payment->order_id));
}

static void new_refund(const struct inquiry *inquiry, const struct payment *payment,
                       const struct payment_moment *moment, struct refund *refund)
{
	*refund = (struct refund){.refund_key = payment->payment_key * REFUND_KEYS_PER_PAYMENT +
	                                        payment->refunds_count,
	                          .currency = payment->currency,
	                          .amount_minor = inquiry->refund_minor,
	                          .status = REFUND_PROCESSING,
	                          .is_made_again = true,
	                          .created_us = moment->now_us,
	                          .updated_us = moment->now_us};
	text_copy(text_of(inquiry->refund_id), refund->refund_id, ID_SIZE);
	text_copy(text_of(payment->payment_id), refund->payment_id, ID_SIZE);
	text_copy(text_of(payment->order_id), refund->order_id, sizeof(refund->order_id));
}

static void make(const struct inquiry *inquiry, const struct inquiry_view *view,
                 enum operation operation, const struct decision *decision, const char *processor,
                 const struct payment_moment *moment, struct payment_outcome *outcome)
{
	struct payment *payment = &outcome->payment;

	payment->updated_us = moment->now_us;
	if (operation == OPERATION_AUTHORIZE) {
		new_payment(inquiry, view, processor, moment, payment);
		outcome->is_new = true;
		(void)settle_authorize(outcome, decision);
	} else if (operation == OPERATION_CAPTURE) {
		(void)settle_capture(outcome, inquiry->captured_minor, decision);
	} else if (operation == OPERATION_VOID) {
		(void)settle_void(outcome, decision);
	} else {
		new_refund(inquiry, payment, moment, &outcome->refund);
		outcome->refund_is_new = true;
		payment->refunds_count++;
		(void)settle_refund(outcome, decision);
	}
}

enum inquiry_end inquiry_decide(const struct inquiry *inquiry, const struct inquiry_view *view,
                                const struct decision *decision, const char *processor,
                                const struct payment_moment *moment,
                                struct payment_outcome *ret_outcome)
{
	int operation = inquiry_operation(inquiry, view);
	bool is_approved = decision->verdict == VERDICT_APPROVED;

	ret_outcome->payment = view->payment;
	if (operation == OPERATION_NONE && waits_for_intent(inquiry, view))
		return INQUIRY_POSTPONED;
	if (operation == OPERATION_NONE)
		return is_known(inquiry, view) ? INQUIRY_KNOWN : INQUIRY_LOST;
	if (decision->verdict == VERDICT_OPEN)
		return INQUIRY_POSTPONED;
	/* What was approved after it had failed is taken back, or was: nobody can tell here. */
	if (decision->verdict == VERDICT_UNREACHABLE || contradicts(inquiry, decision->verdict))
		return INQUIRY_LOST;
	make(inquiry, view, (enum operation)operation, decision, processor, moment, ret_outcome);
	return operation == OPERATION_AUTHORIZE && is_approved && is_later_step(inquiry)
	               ? INQUIRY_BEGUN
	               : INQUIRY_MADE;
}
