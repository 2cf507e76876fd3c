/* answer_core.c - decides what an answer of the processor, or of an operator in its place, does to
 * a payment that is there: operation_decide_answer and operation_decide_resolve of operation.h.
 * Pure: no I/O, clock, threads or allocation. How a payment changes is settle_core.c's. Invariants:
 * (1) an answer takes effect once; (2) nothing is undone by a later one: what was approved after
 * the payment had failed is taken back at the processor, once. */
#include "operation.h"

#include <stdio.h>
#include <string.h>

#include "settle.h"

/* What of the payment is open, refunds apart. */
static int open_operation(const struct payment *payment)
{
	if (payment->intent_key == 0)
		return OPERATION_NONE;
	if (payment->status == PAYMENT_PROCESSING)
		return OPERATION_AUTHORIZE;
	return payment->status == PAYMENT_FAILED ? OPERATION_REVERSE : payment->pending_operation;
}

/* Nothing is undone by an answer that contradicts the first: it is told, counted, and what was
 * approved too late is taken back. */
static void contradict(struct payment_outcome *outcome, bool reverses,
                       const struct payment_moment *moment)
{
	outcome->payment.updated_us = moment->now_us;
	outcome->is_changed = outcome->contradicts = true;
	outcome->event_type = "payment.contradicted";
	if (!reverses)
		return;
	outcome->payment.is_reversed = true;
	outcome->asks = true;
	outcome->operation = OPERATION_REVERSE;
}

static void answer_authorize(struct payment_outcome *outcome, const struct decision *decision,
                             const struct payment_moment *moment)
{
	const struct payment *payment = &outcome->payment;
	bool is_approved = decision->verdict == VERDICT_APPROVED;

	if (payment->status == PAYMENT_PROCESSING) {
		outcome->payment.updated_us = moment->now_us;
		outcome->is_changed = true;
		outcome->settled = settle_authorize(outcome, decision);
	} else if (payment->status == PAYMENT_FAILED) {
		if (is_approved && !payment->is_reversed)
			contradict(outcome, true, moment);
	} else if (!is_approved) {
		contradict(outcome, false, moment);
	}
}

/* Capture and void: `done` is the state in which it was approved before. is_current: it may answer
 * what is pending, and not one before it. */
static void answer_pending(struct payment_outcome *outcome, enum operation operation,
                           enum payment_status done, bool is_current,
                           const struct decision *decision, const struct payment_moment *moment)
{
	const struct payment *payment = &outcome->payment;
	bool is_approved = decision->verdict == VERDICT_APPROVED;

	if (payment->pending_operation == (int)operation && is_current) {
		outcome->payment.updated_us = moment->now_us;
		outcome->settled =
			operation == OPERATION_VOID
				? settle_void(outcome, decision)
				: settle_capture(outcome, payment->pending_minor, decision);
	} else if (is_approved != (payment->status == (int)done)) {
		contradict(outcome, false, moment);
	}
}

static void answer_refund(struct payment_outcome *outcome, const struct decision *decision,
                          const struct payment_moment *moment)
{
	struct refund *refund = &outcome->refund;
	bool is_approved = decision->verdict == VERDICT_APPROVED;

	if (refund->status == REFUND_PROCESSING) {
		outcome->payment.updated_us = refund->updated_us = moment->now_us;
		outcome->payment.refund_pending_minor -= refund->amount_minor;
		outcome->settled = settle_refund(outcome, decision);
	} else if (is_approved != (refund->status == REFUND_SUCCESS)) {
		contradict(outcome, false, moment);
	}
}

/* A refused reversal stays open: it is asked for again, and in the end raised for a person, who can
 * end it either way. */
static void answer_reverse(struct payment_outcome *outcome, const struct decision *decision,
                           const struct payment_moment *moment)
{
	struct payment *payment = &outcome->payment;
	bool is_approved = decision->verdict == VERDICT_APPROVED;

	if (open_operation(payment) != OPERATION_REVERSE || (!is_approved && !outcome->by_operator))
		return;
	outcome->ends_intent = payment->intent_key;
	payment->intent_key = 0;
	payment->updated_us = moment->now_us;
	outcome->is_changed = true;
	outcome->event_type = is_approved ? "payment.reversed" : "payment.contradicted";
}

static void answer(struct payment_outcome *outcome, enum operation operation, int64_t intent_key,
                   const struct decision *decision, const struct payment_moment *moment)
{
	bool is_current = intent_key == 0 || intent_key == outcome->payment.intent_key;

	ensure(decision->verdict != VERDICT_OPEN);
	ensure(operation < OPERATION_COUNT);
	switch (operation) {
	case OPERATION_AUTHORIZE: answer_authorize(outcome, decision, moment); return;
	case OPERATION_CAPTURE:
		answer_pending(outcome, operation, PAYMENT_SUCCESS, is_current, decision, moment);
		return;
	case OPERATION_VOID:
		answer_pending(outcome, operation, PAYMENT_VOIDED, is_current, decision, moment);
		return;
	case OPERATION_REFUND: answer_refund(outcome, decision, moment); return;
	case OPERATION_REVERSE: answer_reverse(outcome, decision, moment); return;
	case OPERATION_COUNT: break;
	}
}

enum error operation_decide_answer(const struct operation_view *view,
                                   const struct operation_command *command,
                                   const struct payment_moment *moment,
                                   struct payment_outcome *ret_outcome, char *detail)
{
	(void)detail;
	ret_outcome->payment = view->payment;
	ret_outcome->refund = view->refund;
	ensure(view->refund_found || command->operation != OPERATION_REFUND);
	answer(ret_outcome, command->operation, command->intent_key, &command->decision, moment);
	return ERR_NONE;
}

enum error operation_decide_resolve(const struct operation_view *view,
                                    const struct operation_command *command,
                                    const struct payment_moment *moment,
                                    struct payment_outcome *ret_outcome, char *detail)
{
	const struct payment *payment = &view->payment;
	bool names_refund = command->refund_id[0] != '\0';
	int operation = open_operation(payment);

	ret_outcome->payment = *payment;
	ret_outcome->refund = view->refund;
	if (names_refund &&
	    (!view->refund_found || strcmp(view->refund.payment_id, payment->payment_id) != 0)) {
		(void)snprintf(detail, PAYMENT_DETAIL_SIZE,
		               "The payment has no such refund: read its refunds for their ids.");
		return ERR_NOT_FOUND;
	}
	if (names_refund)
		operation = view->refund.status == REFUND_PROCESSING ? OPERATION_REFUND
		                                                     : OPERATION_NONE;
	if (operation == OPERATION_NONE) {
		(void)snprintf(detail, PAYMENT_DETAIL_SIZE, "%s",
		               !names_refund && payment->refund_pending_minor > 0
		                       ? "Only refunds of this payment are open: name one in "
		                         "refund_id."
		                       : "Nothing of it is open, so there is nothing to resolve.");
		return ERR_INVALID_STATE;
	}
	ret_outcome->by_operator = true;
	ret_outcome->payment.resolve_reason = command->reason;
	answer(ret_outcome, (enum operation)operation, 0, &command->decision, moment);
	return ERR_NONE;
}
