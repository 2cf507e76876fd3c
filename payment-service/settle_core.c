/* settle_core.c - what the word of the processor does to a payment or a refund. Pure: no I/O,
 * clock, threads or allocation. Invariants: (1) refunded + pending <= captured <= amount; (2) a
 * final status never changes; (3) what was transferred for an authorization is transferred back, in
 * parts or whole, when it ends.
 *
 *   new ---------------> SUCCESS (captured)        new: also by way of PROCESSING,
 *    | `--manual--> AUTHORIZED --capture--> SUCCESS     while the processor has not answered
 *    |                    `------void-----> VOIDED
 *    `--declined-> FAILED                                                                     */
#include "settle.h"

const struct transfer_accounts transfer_accounts[TRANSFER_KIND_COUNT] = {
	[TRANSFER_AUTHORIZE] = {ACCOUNT_AUTHORIZED_AT_PROCESSOR, ACCOUNT_HELD_FOR_MERCHANT},
	[TRANSFER_AUTHORIZATION_CAPTURED] = {ACCOUNT_HELD_FOR_MERCHANT,
                                             ACCOUNT_AUTHORIZED_AT_PROCESSOR},
	[TRANSFER_AUTHORIZATION_RELEASED] = {ACCOUNT_HELD_FOR_MERCHANT,
                                             ACCOUNT_AUTHORIZED_AT_PROCESSOR},
	[TRANSFER_AUTHORIZATION_VOIDED] = {ACCOUNT_HELD_FOR_MERCHANT,
                                           ACCOUNT_AUTHORIZED_AT_PROCESSOR},
	[TRANSFER_CAPTURE] = {ACCOUNT_PROCESSOR, ACCOUNT_MERCHANT},
	[TRANSFER_REFUND] = {ACCOUNT_MERCHANT, ACCOUNT_PROCESSOR},
};

static void transfer(struct payment_outcome *outcome, enum transfer_kind kind, int64_t amount_minor)
{
	ensure(amount_minor > 0 && amount_minor <= MONEY_MINOR_MAX);
	ensure(outcome->transfers_count < TRANSFER_KEYS_PER_EVENT);
	outcome->transfers[outcome->transfers_count++] = (struct transfer){kind, amount_minor};
}

static void check(const struct payment *payment)
{
	ensure(payment->captured_minor >= 0);
	ensure(payment->captured_minor <= payment->amount_minor);
	ensure(payment->refunded_minor >= 0 && payment->refund_pending_minor >= 0);
	ensure(payment->refunded_minor <= payment->captured_minor - payment->refund_pending_minor);
	ensure(payment->refundable_minor ==
	       payment->captured_minor - payment->refunded_minor - payment->refund_pending_minor);
	ensure((payment->status == PAYMENT_SUCCESS) == (payment->captured_minor > 0));
}

static enum error refusal(const struct decision *decision)
{
	return decision->verdict == VERDICT_UNREACHABLE ? ERR_PROCESSOR_UNREACHABLE
	                                                : ERR_PAYMENT_DECLINED;
}

/* Whatever failed has a code, also where the processor (or an operator) gave none. */
static struct text decline_code_of(const struct decision *decision)
{
	if (decision->verdict == VERDICT_UNREACHABLE)
		return text_of(code_unreachable);
	return decision->decline_code.ptr == NULL ? TEXT_LITERAL("declined")
	                                          : decision->decline_code;
}

static void ask(struct payment_outcome *outcome, enum operation operation, const char *event_type)
{
	outcome->asks = true;
	outcome->operation = operation;
	outcome->event_type = event_type;
}

/* What was asked is answered. */
static void answered(struct payment_outcome *outcome)
{
	outcome->ends_intent = outcome->payment.intent_key;
	outcome->payment.intent_key = 0;
	outcome->payment.pending_operation = OPERATION_NONE;
	outcome->payment.pending_minor = 0;
}

/* Of the processor, or, of one in the process, its prefix and the rest of our own id. */
static void take_reference(const struct decision *decision, const char own_id[ID_SIZE],
                           char ret_reference[ID_SIZE])
{
	text_copy(text_of(decision->reference), ret_reference, ID_SIZE);
	if (text_of(ret_reference).len == ID_PREFIX_CHARS)
		text_copy(text_of(own_id + ID_PREFIX_CHARS), ret_reference + ID_PREFIX_CHARS,
		          ID_SIZE - ID_PREFIX_CHARS);
}

static void captured(struct payment_outcome *outcome, int64_t amount_minor)
{
	struct payment *payment = &outcome->payment;

	payment->status = PAYMENT_SUCCESS;
	payment->captured_minor = payment->refundable_minor = amount_minor;
	outcome->event_type = "payment.captured";
	transfer(outcome, TRANSFER_CAPTURE, amount_minor);
	check(payment);
}

static enum error authorize_refused(struct payment_outcome *outcome,
                                    const struct decision *decision)
{
	outcome->payment.status = PAYMENT_FAILED;
	outcome->payment.decline_code = decline_code_of(decision);
	outcome->event_type = "payment.failed";
	return refusal(decision);
}

enum error settle_authorize(struct payment_outcome *outcome, const struct decision *decision)
{
	struct payment *payment = &outcome->payment;

	ensure(payment->status == PAYMENT_PROCESSING);
	if (decision->verdict == VERDICT_OPEN) {
		ask(outcome, OPERATION_AUTHORIZE, "payment.processing");
		return ERR_NONE;
	}
	answered(outcome);
	take_reference(decision, payment->payment_id, payment->processor_reference);
	if (decision->verdict != VERDICT_APPROVED)
		return authorize_refused(outcome, decision);
	if (payment->capture == CAPTURE_AUTOMATIC) {
		captured(outcome, payment->amount_minor);
		return ERR_NONE;
	}
	payment->status = PAYMENT_AUTHORIZED;
	outcome->event_type = "payment.authorized";
	transfer(outcome, TRANSFER_AUTHORIZE, payment->amount_minor);
	return ERR_NONE;
}

/* The authorization stands as it was. */
static enum error operation_refused(struct payment_outcome *outcome,
                                    const struct decision *decision)
{
	outcome->event_type = "payment.authorized";
	return refusal(decision);
}

static void pend(struct payment_outcome *outcome, enum operation operation, int64_t amount_minor)
{
	outcome->payment.pending_operation = (int)operation;
	outcome->payment.pending_minor = amount_minor;
	ask(outcome, operation, "payment.processing");
}

enum error settle_capture(struct payment_outcome *outcome, int64_t amount_minor,
                          const struct decision *decision)
{
	struct payment *payment = &outcome->payment;

	ensure(payment->status == PAYMENT_AUTHORIZED);
	ensure(amount_minor > 0 && amount_minor <= payment->amount_minor);
	outcome->is_changed = true;
	if (decision->verdict == VERDICT_OPEN) {
		pend(outcome, OPERATION_CAPTURE, amount_minor);
		return ERR_NONE;
	}
	answered(outcome);
	if (decision->verdict != VERDICT_APPROVED)
		return operation_refused(outcome, decision);
	transfer(outcome, TRANSFER_AUTHORIZATION_CAPTURED, amount_minor);
	if (amount_minor < payment->amount_minor)
		transfer(outcome, TRANSFER_AUTHORIZATION_RELEASED,
		         payment->amount_minor - amount_minor);
	captured(outcome, amount_minor);
	return ERR_NONE;
}

enum error settle_void(struct payment_outcome *outcome, const struct decision *decision)
{
	struct payment *payment = &outcome->payment;

	ensure(payment->status == PAYMENT_AUTHORIZED);
	outcome->is_changed = true;
	if (decision->verdict == VERDICT_OPEN) {
		pend(outcome, OPERATION_VOID, payment->amount_minor);
		return ERR_NONE;
	}
	answered(outcome);
	if (decision->verdict != VERDICT_APPROVED)
		return operation_refused(outcome, decision);
	payment->status = PAYMENT_VOIDED;
	outcome->event_type = "payment.voided";
	transfer(outcome, TRANSFER_AUTHORIZATION_VOIDED, payment->amount_minor);
	return ERR_NONE;
}

/* What can still be refunded follows from the rest. */
static void refund_counted(struct payment *payment)
{
	payment->refundable_minor =
		payment->captured_minor - payment->refunded_minor - payment->refund_pending_minor;
	check(payment);
}

enum error settle_refund(struct payment_outcome *outcome, const struct decision *decision)
{
	struct payment *payment = &outcome->payment;
	struct refund *refund = &outcome->refund;

	ensure(payment->status == PAYMENT_SUCCESS && refund->status == REFUND_PROCESSING);
	ensure(refund->amount_minor > 0);
	ensure(refund->amount_minor <=
	       payment->captured_minor - payment->refunded_minor - payment->refund_pending_minor);
	outcome->is_changed = outcome->has_refund = true;
	if (decision->verdict == VERDICT_OPEN) {
		payment->refund_pending_minor += refund->amount_minor;
		refund_counted(payment);
		ask(outcome, OPERATION_REFUND, "refund.processing");
		return ERR_NONE;
	}
	outcome->ends_intent = refund->intent_key;
	refund->intent_key = 0;
	take_reference(decision, refund->refund_id, refund->processor_reference);
	if (decision->verdict != VERDICT_APPROVED) {
		refund->status = REFUND_FAILED;
		refund->decline_code = decline_code_of(decision);
		refund_counted(payment);
		outcome->event_type = "refund.failed";
		return refusal(decision);
	}
	refund->status = REFUND_SUCCESS;
	payment->refunded_minor += refund->amount_minor;
	refund_counted(payment);
	outcome->event_type = "refund.succeeded";
	transfer(outcome, TRANSFER_REFUND, refund->amount_minor);
	return ERR_NONE;
}
