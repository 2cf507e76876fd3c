/* operation_core.c - decides what a caller's command does to a payment that is there. Pure: no I/O,
 * clock, threads or allocation. Rules only: how a payment changes is settle_core.c's, what an
 * answer of the processor does is answer_core.c's. Invariants: (1) at most one operation of a
 * payment is pending; (2) a refund never takes more than was captured and neither refunded nor on
 * its way back. */
#include "operation.h"

#include <stdio.h>

#include "reference.h"
#include "settle.h"

/* For sentences: "The payment is ...". */
static const char *const states[] = {
	[PAYMENT_PROCESSING] = "still processing: ask for its outcome with POST sync, then repeat",
	[PAYMENT_AUTHORIZED] = "authorized and not captured yet: capture it first, or void it",
	[PAYMENT_SUCCESS] = "captured already: money that came in goes back by a refund",
	[PAYMENT_FAILED] = "failed, so no money came in: pay the order anew",
	[PAYMENT_VOIDED] = "voided, its authorization was released: pay the order anew",
};

/* Where the processor has not answered, the refusal is for now only. */
static enum error refuse_state(const struct payment *payment, struct payment_outcome *outcome,
                               char *detail)
{
	outcome->rests_on_open = payment->status == PAYMENT_PROCESSING ||
	                         payment->pending_operation != OPERATION_NONE;
	if (payment->pending_operation == OPERATION_NONE) {
		(void)snprintf(detail, PAYMENT_DETAIL_SIZE, "The payment is %s.",
		               states[payment->status]);
		return ERR_INVALID_STATE;
	}
	(void)snprintf(detail, PAYMENT_DETAIL_SIZE,
	               "The payment is authorized, and the processor has not answered its %s yet: "
	               "ask for its outcome with POST sync, then repeat.",
	               payment->pending_operation == OPERATION_VOID ? "void" : "capture");
	return ERR_REQUEST_IN_PROGRESS;
}

static enum error replay(struct payment_outcome *outcome)
{
	outcome->replays = true;
	return ERR_NONE;
}

/* An amount in the payment's currency, or all of `rest_minor` where none is given. */
static enum error read_amount(const struct operation_command *command,
                              const struct payment *payment, int64_t rest_minor, int64_t *ret_minor,
                              char *detail)
{
	if (command->amount.digits < 0) {
		*ret_minor = rest_minor;
		return ERR_NONE;
	}
	if (decimal_to_minor(command->amount, payment->currency, ret_minor) == MONEY_OK)
		return ERR_NONE;
	(void)snprintf(detail, PAYMENT_DETAIL_SIZE,
	               "The payment is in %s: an amount has at most %d decimals and 15 digits.",
	               payment->currency->code, payment->currency->decimals);
	return ERR_INVALID_AMOUNT;
}

enum error operation_decide_capture(const struct operation_view *view,
                                    const struct operation_command *command,
                                    const struct payment_moment *moment,
                                    struct payment_outcome *ret_outcome, char *detail)
{
	const struct payment *payment = &view->payment;
	int64_t amount_minor;
	enum error error;

	ret_outcome->payment = *payment;
	/* No amount: all there is; of a captured payment that is what was captured. */
	error = read_amount(command, payment,
	                    payment->status == PAYMENT_SUCCESS ? payment->captured_minor
	                                                       : payment->amount_minor,
	                    &amount_minor, detail);
	if (error != ERR_NONE)
		return error;
	if (payment->status == PAYMENT_SUCCESS && amount_minor == payment->captured_minor)
		return replay(ret_outcome);
	if (payment->status != PAYMENT_AUTHORIZED || payment->pending_operation != OPERATION_NONE)
		return refuse_state(payment, ret_outcome, detail);
	if (amount_minor > payment->amount_minor)
		return ERR_AMOUNT_EXCEEDS_AUTHORIZED;
	ret_outcome->payment.updated_us = moment->now_us;
	ensure(view->decision.verdict != VERDICT_UNREACHABLE);
	return settle_capture(ret_outcome, amount_minor, &view->decision);
}

enum error operation_decide_void(const struct operation_view *view,
                                 const struct operation_command *command,
                                 const struct payment_moment *moment,
                                 struct payment_outcome *ret_outcome, char *detail)
{
	const struct payment *payment = &view->payment;

	(void)command;
	ret_outcome->payment = *payment;
	if (payment->status == PAYMENT_VOIDED)
		return replay(ret_outcome);
	if (payment->status != PAYMENT_AUTHORIZED || payment->pending_operation != OPERATION_NONE)
		return refuse_state(payment, ret_outcome, detail);
	ret_outcome->payment.updated_us = moment->now_us;
	ensure(view->decision.verdict != VERDICT_UNREACHABLE);
	return settle_void(ret_outcome, &view->decision);
}

/* amount_minor 0: all that is left, where nothing is. */
static enum error refuse_amount(const struct payment *payment, int64_t amount_minor,
                                struct payment_outcome *outcome, char *detail)
{
	const char *sentence = NULL;

	outcome->rests_on_open = payment->refund_pending_minor > 0 &&
	                         amount_minor <= payment->captured_minor - payment->refunded_minor;
	if (outcome->rests_on_open)
		sentence = "Refunds of the payment that are still processing count as refunded: "
			   "read its refunds, and repeat this if one of them fails.";
	else if (payment->refunded_minor == payment->captured_minor)
		sentence = "All that was captured was refunded already: read the payment's "
			   "refunds.";
	if (sentence != NULL)
		(void)snprintf(detail, PAYMENT_DETAIL_SIZE, "%s", sentence);
	return ERR_AMOUNT_EXCEEDS_REFUNDABLE;
}

static enum error check_refund(const struct payment *payment, int64_t amount_minor, bool has_key,
                               struct payment_outcome *outcome, char *detail)
{
	if (amount_minor > payment->refundable_minor || amount_minor == 0)
		return refuse_amount(payment, amount_minor, outcome, detail);
	if (!has_key && amount_minor < payment->refundable_minor) {
		(void)snprintf(detail, PAYMENT_DETAIL_SIZE,
		               "A refund of a part needs an Idempotency-Key, as another one of the "
		               "same amount may be meant.");
		return ERR_IDEMPOTENCY_KEY_REQUIRED;
	}
	if (payment->refunds_count >= REFUNDS_PER_PAYMENT_MAX) {
		(void)snprintf(detail, PAYMENT_DETAIL_SIZE,
		               "A payment takes at most %d refunds, those that failed included.",
		               REFUNDS_PER_PAYMENT_MAX);
		return ERR_INVALID_REQUEST;
	}
	return ERR_NONE;
}

/* It must not go back twice, and nobody can tell; a caller can, who looks. */
static enum error check_made_again(const struct operation_view *view, int64_t now_us, char *detail)
{
	if (view->maybe_asked_us == 0 || now_us - view->maybe_asked_us >= KEY_DOUBT_US)
		return ERR_NONE;
	(void)snprintf(detail, PAYMENT_DETAIL_SIZE,
	               "A refund of this amount was recovered after a restore without its key, and "
	               "may be this one: look at GET /payments/{payment_id}/refunds.");
	return ERR_INVALID_STATE;
}

static void new_refund(const struct operation_view *view, const struct operation_command *command,
                       const struct payment_moment *moment, int64_t amount_minor,
                       struct refund *refund)
{
	const struct payment *payment = &view->payment;

	*refund = (struct refund){.refund_key = payment->payment_key * REFUND_KEYS_PER_PAYMENT +
	                                        payment->refunds_count,
	                          .currency = payment->currency,
	                          .amount_minor = amount_minor,
	                          .status = REFUND_PROCESSING,
	                          .reason = command->reason,
	                          .created_us = moment->now_us,
	                          .updated_us = moment->now_us};
	if (view->cause == NULL)
		id_make("ref_", moment->now_us, moment->random, refund->refund_id);
	else
		reference_of_return(payment, view->cause, amount_minor, refund->refund_id);
	text_copy(text_of(payment->payment_id), refund->payment_id, ID_SIZE);
	text_copy(text_of(payment->order_id), refund->order_id, sizeof(refund->order_id));
}

enum error operation_decide_refund(const struct operation_view *view,
                                   const struct operation_command *command,
                                   const struct payment_moment *moment,
                                   struct payment_outcome *ret_outcome, char *detail)
{
	const struct payment *payment = &view->payment;
	int64_t amount_minor;
	enum error error =
		read_amount(command, payment, payment->refundable_minor, &amount_minor, detail);

	ret_outcome->payment = *payment;
	if (error != ERR_NONE)
		return error;
	if (payment->status != PAYMENT_SUCCESS)
		return refuse_state(payment, ret_outcome, detail);
	error = check_refund(payment, amount_minor, command->has_key, ret_outcome, detail);
	if (error == ERR_NONE)
		error = check_made_again(view, moment->now_us, detail);
	if (error != ERR_NONE)
		return error;
	new_refund(view, command, moment, amount_minor, &ret_outcome->refund);
	ret_outcome->refund_is_new = true;
	ret_outcome->payment.refunds_count++;
	ret_outcome->payment.updated_us = moment->now_us;
	ensure(view->decision.verdict != VERDICT_UNREACHABLE);
	return settle_refund(ret_outcome, &view->decision);
}

enum error operation_decide_sync(const struct operation_view *view,
                                 const struct operation_command *command,
                                 const struct payment_moment *moment,
                                 struct payment_outcome *ret_outcome, char *detail)
{
	(void)command;
	(void)moment;
	(void)detail;
	ret_outcome->payment = view->payment;
	return ERR_NONE;
}

enum error operation_decide_redact(const struct operation_view *view,
                                   const struct operation_command *command,
                                   const struct payment_moment *moment,
                                   struct payment_outcome *ret_outcome, char *detail)
{
	struct payment *payment = &ret_outcome->payment;

	(void)command;
	(void)detail;
	*payment = view->payment;
	payment->description = payment->resolve_reason = TEXT_NONE;
	payment->metadata = TEXT_LITERAL("{}");
	payment->updated_us = moment->now_us;
	ret_outcome->is_changed = ret_outcome->is_redacted = true;
	ret_outcome->event_type = "payment.redacted";
	return ERR_NONE;
}
