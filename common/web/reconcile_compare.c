/* reconcile_compare.c - the rules of what is a difference. None are: an open amount, part payments,
 * authorized payments, overpaid orders, and orders that ended whose money went back or is on its
 * way. Invariant: what one side has not heard of yet is a difference, so the caller looks again. */
#include "web/reconcile_compare.h"

const char *const reconciled_state_names[] = {[STATE_PENDING] = "pending",
                                              [STATE_PAID] = "paid",
                                              [STATE_FULFILLED] = "fulfilled",
                                              [STATE_CANCELLED] = "cancelled",
                                              NULL};
const char *const reconciled_status_names[] = {
	[STATUS_PROCESSING] = "processing", [STATUS_AUTHORIZED] = "authorized",
	[STATUS_SUCCESS] = "success",       [STATUS_FAILED] = "failed",
	[STATUS_VOIDED] = "voided",         NULL};

/* A row for each rule: its kind, and what either side's amount is. */
static const struct rule {
	const char *kind, *order_figure, *payment_figure;
} rule_no_order = {"paid_without_order", "order", "kept"},
  rule_no_payment = {"order_paid_without_payment", "amount_paid", "amount_captured"},
  rule_captured = {"amount_mismatch", "amount_paid", "amount_captured"},
  rule_authorized = {"amount_mismatch", "amount_authorized", "authorized"},
  rule_currency = {"amount_mismatch", "amount_paid", "kept"},
  rule_processing = {"stuck_processing", "amount_paid", "processing"},
  rule_refunded = {"refund_mismatch", "amount_refunded", "amount_refunded"},
  rule_ended = {"refund_mismatch", "owed by a cancelled order", "kept"};

static void tell(const struct comparison *comparison, const struct rule *rule,
                 const struct reconciled_payment *payment, int64_t order_minor,
                 int64_t payment_minor)
{
	const struct reconciled_order *order = comparison->order;
	const struct difference difference = {
		.kind = rule->kind,
		.order_id = payment == NULL ? order->order_id : payment->order_id,
		.payment_id = payment == NULL ? "" : payment->payment_id,
		.currency = payment == NULL ? order->currency : payment->currency,
		.order_figure = rule->order_figure,
		.payment_figure = rule->payment_figure,
		.order_minor = order_minor,
		.payment_minor = payment_minor,
	};

	comparison->take(comparison->arg, &difference);
}

void compare_begin(struct comparison *comparison, const struct reconciled_order *order,
                   int64_t now_us, difference_fn *take, void *arg)
{
	*comparison =
		(struct comparison){.order = order, .now_us = now_us, .take = take, .arg = arg};
}

/* Captured, and neither gone back nor on its way. */
static int64_t kept(const struct reconciled_payment *payment)
{
	return payment->captured_minor - payment->refunded_minor - payment->refund_pending_minor;
}

static int64_t authorized(const struct reconciled_payment *payment)
{
	return payment->status == STATUS_AUTHORIZED ? payment->amount_minor : 0;
}

/* What the processor has not answered yet. */
static int64_t processing(const struct reconciled_payment *payment)
{
	if (payment->status == STATUS_PROCESSING || payment->has_pending_operation)
		return payment->amount_minor;
	return payment->refund_pending_minor;
}

static void compare_kept(const struct comparison *comparison,
                         const struct reconciled_payment *payment)
{
	const struct reconciled_order *order = comparison->order;
	int64_t held_minor = payment->has_pending_operation ? 0 : authorized(payment);

	if (order == NULL) {
		if (kept(payment) > 0)
			tell(comparison, &rule_no_order, payment, MONEY_NONE, kept(payment));
	} else if (order->state == STATE_CANCELLED) {
		if (kept(payment) + held_minor > 0)
			tell(comparison, &rule_ended, payment, 0, kept(payment) + held_minor);
	} else if (payment->currency != order->currency && kept(payment) > 0) {
		tell(comparison, &rule_currency, payment, MONEY_NONE, kept(payment));
	}
}

void compare_payment(struct comparison *comparison, const struct reconciled_payment *payment)
{
	const struct reconciled_order *order = comparison->order;
	bool is_counted = order != NULL && payment->currency == order->currency;

	static_assert(COMPARED_PAYMENTS_MAX <= INT64_MAX / MONEY_MINOR_MAX, "sums fit");
	if (processing(payment) > 0 && payment->updated_us < comparison->now_us - STUCK_AFTER_US)
		tell(comparison, &rule_processing, payment,
		     is_counted ? order->paid_minor : MONEY_NONE, processing(payment));
	compare_kept(comparison, payment);
	if (!is_counted)
		return;
	comparison->captured_minor += payment->captured_minor;
	comparison->authorized_minor += authorized(payment);
	comparison->refunded_minor += payment->refunded_minor;
}

void compare_end(const struct comparison *comparison)
{
	const struct reconciled_order *order = comparison->order;

	if (order == NULL)
		return;
	if (order->paid_minor != comparison->captured_minor)
		tell(comparison,
		     comparison->captured_minor == 0 ? &rule_no_payment : &rule_captured, NULL,
		     order->paid_minor, comparison->captured_minor);
	if (order->authorized_minor != comparison->authorized_minor)
		tell(comparison, &rule_authorized, NULL, order->authorized_minor,
		     comparison->authorized_minor);
	if (order->refunded_minor != comparison->refunded_minor)
		tell(comparison, &rule_refunded, NULL, order->refunded_minor,
		     comparison->refunded_minor);
}
