/* settle_core.c - what its payments make of an order. Pure. Invariants: (1) an order's sums are
 * those of its payments in its currency, from what the newest event of each says, so that an event
 * applied again changes nothing; (2) captured and refunded money only grow, so an order that was
 * paid stays covered; (3) no payment changes what is fulfilled or cancelled but for the sums. */
#include "order.h"

#include <string.h>

void order_derive(struct order *order)
{
	int64_t kept_minor = order->paid_minor - order->refunded_minor;

	order->due_minor = order->overpaid_minor = 0;
	if (order->state == ORDER_CANCELLED)
		return;
	if (order->amount_minor == MONEY_NONE) {
		order->due_minor = MONEY_NONE;
		return;
	}
	if (order->amount_minor > order->paid_minor)
		order->due_minor = order->amount_minor - order->paid_minor;
	if (kept_minor > order->amount_minor)
		order->overpaid_minor = kept_minor - order->amount_minor;
}

/* NULL: no money was captured yet. */
static const struct order_payment *first_captured(const struct order_payments *payments)
{
	const struct order_payment *first = NULL;

	for (size_t i = 0; i < payments->count; i++) {
		const struct order_payment *payment = &payments->rows[i];

		if (payment->captured_seq > 0 &&
		    (first == NULL || payment->captured_seq < first->captured_seq))
			first = payment;
	}
	return first;
}

static int64_t authorized(const struct order_payment *payment)
{
	return payment->status == PAID_AUTHORIZED ? payment->amount_minor : 0;
}

static void add_up(const struct order_payments *payments, struct order *order)
{
	static_assert(ORDER_PAYMENTS_MAX < INT64_MAX / MONEY_MINOR_MAX, "sums fit");
	order->paid_minor = order->authorized_minor = order->refunded_minor = 0;
	for (size_t i = 0; i < payments->count; i++) {
		const struct order_payment *payment = &payments->rows[i];

		if (payment->currency != order->currency)
			continue;
		order->paid_minor += payment->captured_minor;
		order->refunded_minor += payment->refunded_minor;
		order->authorized_minor += authorized(payment);
	}
}

enum order_event order_settle(struct order *order, const struct order_payments *payments)
{
	const struct order_payment *first = first_captured(payments);
	enum order_event event = ORDER_EVENT_NONE;

	if (order->state == ORDER_PENDING && order->amount_minor == MONEY_NONE && first != NULL) {
		ensure(order->was_open);
		order->amount_minor = first->captured_minor;
		order->currency = first->currency;
	}
	add_up(payments, order);
	if (order->state == ORDER_PENDING && order->amount_minor != MONEY_NONE &&
	    order->paid_minor >= order->amount_minor) {
		order->state = ORDER_PAID;
		event = ORDER_EVENT_PAID;
	}
	order_derive(order);
	return event;
}

/* ---- an event of a payment ---- */

/* What the event says that cannot follow what was known, or NULL. */
static const char *contradiction(const struct order_payment *known,
                                 const struct order_payment *told)
{
	if (told->currency != known->currency)
		return "the payment had another currency";
	if (told->captured_minor < known->captured_minor)
		return "more of the payment was captured already";
	if (told->refunded_minor < known->refunded_minor)
		return "more of the payment was refunded already";
	return NULL;
}

/* How far a payment has come. */
static int progress(const struct order_payment *payment)
{
	if (payment->status == PAID_PROCESSING)
		return 0;
	return payment->status == PAID_AUTHORIZED ? 1 : 2;
}

/* An event that is not newer was heard before, unless it tells of more money than the newest, or of
 * a later state: then the journal went back and was accepted, and this is new. */
static bool was_heard(const struct order_payment *known, const struct order_payment *told)
{
	return told->seq <= known->seq && told->captured_minor <= known->captured_minor &&
	       told->refunded_minor <= known->refunded_minor && progress(told) <= progress(known);
}

static struct order_payment *find(struct order_payments *payments, const char *payment_id)
{
	for (size_t i = 0; i < payments->count; i++)
		if (strcmp(payments->rows[i].payment_id, payment_id) == 0)
			return &payments->rows[i];
	return NULL;
}

static void take(struct order_payment *payment, const struct order_payment *told)
{
	int64_t payment_key = payment->payment_key, captured_seq = payment->captured_seq;

	*payment = *told;
	payment->payment_key = payment_key;
	payment->captured_seq = captured_seq;
	if (captured_seq == 0 && told->captured_minor > 0)
		payment->captured_seq = told->seq;
}

static bool holds_money(const struct order_payment *payment)
{
	return authorized(payment) > 0 || payment->captured_minor > payment->refunded_minor;
}

static void settle(const struct order_view *view, const struct order_payments *payments,
                   int64_t now_us, struct order_outcome *outcome)
{
	const struct order *before = &view->order;
	struct order *order = &outcome->order;

	outcome->event = order_settle(order, payments);
	outcome->is_changed = outcome->event != ORDER_EVENT_NONE ||
	                      order->paid_minor != before->paid_minor ||
	                      order->authorized_minor != before->authorized_minor ||
	                      order->refunded_minor != before->refunded_minor;
	if (outcome->is_changed)
		order->updated_us = now_us;
	if (order->amount_minor != MONEY_NONE && outcome->payment.currency != order->currency &&
	    holds_money(&outcome->payment))
		outcome->rejected = "the payment's currency is not the order's";
}

void order_decide_payment(const struct order_view *view,
                          const struct order_payment_command *command, int64_t now_us,
                          struct order_outcome *ret_outcome)
{
	struct order_payments payments = view->payments;
	struct order_payment *payment = find(&payments, command->payment.payment_id);
	size_t others_count = payments.count;

	ret_outcome->order = view->order;
	ret_outcome->state_before = view->order.state;
	ret_outcome->was_overpaid = view->order.overpaid_minor > 0;
	if (payment == NULL) {
		ensure(payments.count <= ORDER_PAYMENTS_MAX);
		payment = &payments.rows[payments.count++];
	} else if (was_heard(payment, &command->payment)) {
		ret_outcome->replays = true;
		return;
	} else {
		ret_outcome->rejected = contradiction(payment, &command->payment);
		others_count--;
	}
	if (others_count == ORDER_PAYMENTS_MAX && command->payment.status != PAID_FAILED)
		ret_outcome->rejected = "the order has as many payments as it can";
	if (ret_outcome->rejected != NULL)
		return;
	take(payment, &command->payment);
	ret_outcome->payment = *payment;
	ret_outcome->payment_is_changed = true;
	if (view->order_known)
		settle(view, &payments, now_us, ret_outcome);
}
