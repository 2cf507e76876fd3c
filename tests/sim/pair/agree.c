/* agree.c - what must hold between the two services. At any time: no order claims more than its
 * total, nobody is ahead of whom it follows, and what was acknowledged is there. At rest: both have
 * the same payments with the same amounts, a cancelled order keeps no money, an order is paid if
 * and only if what was captured covers it, and the processor's books say the same. */
#include "sim/pair/pair.h"

#include "sim/bank.h"

#include <inttypes.h>
#include <string.h>

static void same(struct pair *pair, int64_t order, const char *id, const char *what,
                 int64_t at_payments, int64_t at_orders)
{
	if (at_payments != at_orders)
		world_fail(&pair->world, order,
		           "%s of %s is %" PRId64 " at the payment service, %" PRId64
		           " at the order service",
		           what, id, at_payments, at_orders);
}

static void holds(struct pair *pair, int64_t order, const char *id, const char *rule, bool is_so)
{
	if (!is_so)
		world_fail(&pair->world, order, "%s: not so that %s", id, rule);
}

static const struct seen_payment *find(const struct seen_order *order, const char *payment_id)
{
	for (size_t i = 0; i < order->count; i++)
		if (strcmp(order->payments[i].payment_id, payment_id) == 0)
			return &order->payments[i];
	return NULL;
}

/* ---- at any time ---- */

static int64_t claim(const struct seen_payment *payment)
{
	switch ((enum seen_status)payment->status) {
	case SEEN_PROCESSING:
	case SEEN_AUTHORIZED: return payment->amount_minor;
	case SEEN_SUCCESS: return payment->captured_minor;
	case SEEN_FAILED:
	case SEEN_VOIDED: break;
	}
	return 0;
}

/* In the order's currency: what is in another one goes back. */
static void check_claims(struct pair *pair, int64_t number, const struct seen_order *order)
{
	int64_t claimed_minor = 0;

	if (order->total_minor == 0)
		return;
	for (size_t i = 0; i < order->count; i++)
		if (order->payments[i].currency == order->currency)
			claimed_minor += claim(&order->payments[i]);
	holds(pair, number, pair->orders[number].id, "no more is claimed than the total",
	      claimed_minor <= order->total_minor + order->excess_minor);
}

/* Captured and refunded money only grow, and the order service hears of them later. */
static void check_not_ahead(struct pair *pair, int64_t number, const struct seen_order *at_payments,
                            const struct seen_order *at_orders)
{
	for (size_t i = 0; i < at_orders->count; i++) {
		const struct seen_payment *heard = &at_orders->payments[i];
		const struct seen_payment *payment = find(at_payments, heard->payment_id);

		holds(pair, number, heard->payment_id, "the payment that was heard of is there",
		      payment != NULL && payment->captured_minor >= heard->captured_minor &&
		              payment->refunded_minor >= heard->refunded_minor);
	}
	holds(pair, number, pair->orders[number].id, "the order that was heard of is there",
	      at_orders->is_known || !at_payments->is_known);
	holds(pair, number, pair->orders[number].id, "the end that was heard of has come",
	      at_orders->is_ended || !at_payments->is_ended);
}

static void check_acknowledged(struct pair *pair, int64_t number, const struct seen_order *order)
{
	const struct pair_order *told = &pair->orders[number];
	int64_t amount_minor = told->amount_minor == MONEY_NONE ? 0 : told->amount_minor;

	if (!told->is_created)
		return;
	holds(pair, number, told->id, "an order that was accepted is there", order->is_known);
	holds(pair, number, told->id, "its content is as it was accepted",
	      order->was_open == (amount_minor == 0) &&
	              (order->was_open ||
	               (order->total_minor == amount_minor && order->currency == told->currency)));
	holds(pair, number, told->id, "what was cancelled stays so",
	      !told->is_cancelled || order->state == SEEN_CANCELLED);
	holds(pair, number, told->id, "what was fulfilled stays so",
	      !told->is_fulfilled || order->state == SEEN_FULFILLED);
}

static void see_both(const struct pair *pair, int64_t number, struct seen_order *at_payments,
                     struct seen_order *at_orders)
{
	payment_side_see(&pair->nodes[SIDE_PAYMENT], pair->orders[number].id, at_payments);
	order_side_see(&pair->nodes[SIDE_ORDER], pair->orders[number].id, at_orders);
}

void agree_always(struct pair *pair, int64_t order)
{
	static struct seen_order at_payments, at_orders;

	see_both(pair, order, &at_payments, &at_orders);
	check_claims(pair, order, &at_payments);
	check_not_ahead(pair, order, &at_payments, &at_orders);
	check_acknowledged(pair, order, &at_orders);
}

/* ---- at rest ---- */

static void check_payment(struct pair *pair, int64_t order, const struct seen_payment *payment,
                          const struct seen_payment *heard)
{
	const char *id = payment->payment_id;

	holds(pair, order, id, "both know the payment", heard != NULL);
	same(pair, order, id, "the amount", payment->amount_minor, heard->amount_minor);
	same(pair, order, id, "the captured amount", payment->captured_minor,
	     heard->captured_minor);
	same(pair, order, id, "the refunded amount", payment->refunded_minor,
	     heard->refunded_minor);
	same(pair, order, id, "the status", payment->status, heard->status);
	holds(pair, order, id, "it has the same currency", payment->currency == heard->currency);
	holds(pair, order, id, "nothing is open any more",
	      !payment->is_open && payment->pending_minor == 0);
}

static void check_sums(struct pair *pair, int64_t number, const struct seen_order *at_payments,
                       const struct seen_order *order)
{
	const char *id = pair->orders[number].id;
	int64_t paid_minor = 0, authorized_minor = 0, refunded_minor = 0;
	bool is_covered;

	for (size_t i = 0; i < at_payments->count; i++) {
		const struct seen_payment *payment = &at_payments->payments[i];

		if (payment->currency != order->currency)
			continue;
		paid_minor += payment->captured_minor;
		refunded_minor += payment->refunded_minor;
		authorized_minor += payment->status == SEEN_AUTHORIZED ? payment->amount_minor : 0;
	}
	same(pair, number, id, "what was paid", paid_minor, order->paid_minor);
	same(pair, number, id, "what is authorized", authorized_minor, order->authorized_minor);
	same(pair, number, id, "what was refunded", refunded_minor, order->refunded_minor);
	is_covered = order->total_minor > 0 && paid_minor >= order->total_minor;
	if (!order->is_ended)
		same(pair, number, id, "paid or not", is_covered,
		     order->state == SEEN_PAID || order->state == SEEN_FULFILLED);
}

/* An order that ended keeps no money, and none is kept that is not in the order's currency. */
static void check_kept(struct pair *pair, int64_t number, const struct seen_order *order)
{
	for (size_t i = 0; i < order->count; i++) {
		const struct seen_payment *payment = &order->payments[i];
		bool goes_back = order->is_ended ||
		                 (order->total_minor > 0 && payment->currency != order->currency);

		holds(pair, number, payment->payment_id, "what must go back has gone back",
		      !goes_back || (claim(payment) == payment->refunded_minor));
	}
}

static void check_told(struct pair *pair)
{
	static struct seen_order order;

	for (int64_t i = 0; i < pair->payments_count; i++) {
		const struct pair_payment *told = &pair->payments[i];
		const struct seen_payment *payment;

		if (told->order < pair->first_order)
			continue;
		payment_side_see(&pair->nodes[SIDE_PAYMENT], pair->orders[told->order].id, &order);
		payment = find(&order, told->id);
		holds(pair, told->order, told->id, "a payment that was told of is there",
		      payment != NULL && (told->status < 0 || payment->status == told->status));
	}
}

static void check_books(struct pair *pair, int64_t order, const struct seen_payment *payment)
{
	struct bank_account account = bank_account_of(payment->payment_id);
	bool is_held = payment->status == SEEN_AUTHORIZED;

	if (!payment->is_remote)
		return;
	holds(pair, order, payment->payment_id, "the processor's books say the same",
	      account.captured_minor == payment->captured_minor &&
	              account.refunded_minor == payment->refunded_minor &&
	              account.held_minor == (is_held ? payment->amount_minor : 0));
}

static void check_order(struct pair *pair, int64_t number)
{
	static struct seen_order at_payments, at_orders;
	const char *id = pair->orders[number].id;

	agree_always(pair, number);
	see_both(pair, number, &at_payments, &at_orders);
	for (size_t i = 0; i < at_payments.count; i++) {
		const struct seen_payment *payment = &at_payments.payments[i];

		check_payment(pair, number, payment, find(&at_orders, payment->payment_id));
		check_books(pair, number, payment);
	}
	if (!at_orders.is_known)
		return;
	holds(pair, number, id, "both know the order", at_payments.is_known);
	same(pair, number, id, "ended or not", at_payments.is_ended, at_orders.is_ended);
	same(pair, number, id, "open or not", at_payments.was_open, at_orders.was_open);
	if (!at_orders.was_open)
		same(pair, number, id, "the total", at_payments.total_minor, at_orders.total_minor);
	check_sums(pair, number, &at_payments, &at_orders);
	check_kept(pair, number, &at_payments);
}

void agree_at_rest(struct pair *pair)
{
	for (int64_t i = pair->first_order; i < pair->orders_count; i++)
		check_order(pair, i);
	check_told(pair);
	agree_audits(pair);
}

/* ---- after the payment service was put back ---- */

static void check_recovered(struct pair *pair, int64_t number)
{
	static struct seen_order at_payments, at_orders;

	see_both(pair, number, &at_payments, &at_orders);
	for (size_t i = 0; i < at_orders.count; i++) {
		const char *id = at_orders.payments[i].payment_id;
		const struct seen_payment *payment = find(&at_payments, id);
		struct bank_account account = bank_account_of(id);

		/* Else nobody but the store that was lost has decided it, it was taken back, or a
		 * person is told that it could not be made again. */
		if (bank_knows(OPERATION_AUTHORIZE, id) != VERDICT_APPROVED ||
		    at_orders.payments[i].status == SEEN_FAILED ||
		    payment_side_told_lost(&pair->nodes[SIDE_PAYMENT], id))
			continue;
		holds(pair, number, id, "it is there again", payment != NULL);
		same(pair, number, id, "captured (processor's on the right)",
		     payment->captured_minor, account.captured_minor);
		same(pair, number, id, "refunded (processor's on the right)",
		     payment->refunded_minor, account.refunded_minor);
	}
}

void agree_recovered(struct pair *pair)
{
	for (int64_t i = 0; i < pair->orders_count; i++)
		check_recovered(pair, i);
}

/* ---- audits ---- */

void agree_audits(struct pair *pair)
{
	for (size_t i = 0; i < SIDES; i++) {
		struct node *node = &pair->nodes[i];
		struct audit audit;

		if (!node->is_up)
			continue;
		audit_init(&audit);
		if (node->service->audit(&audit, &node->reader) != DB_OK)
			world_fail(&pair->world, WORLD_NO_ORDER, "the audit of %s fails: %s",
			           node->service->name, db_why(node->reader.db));
		if (audit.findings_count > 0)
			world_fail(&pair->world, WORLD_NO_ORDER, "the audit of %s: %s: %s: %s",
			           node->service->name, audit.findings[0].check,
			           audit.findings[0].where, audit.findings[0].detail);
		audit_release(&audit);
	}
}
