/* known_order_audit.c - an order against its payments: what they claim of its total, and that
 * nothing is kept of one that has ended or is in another currency, unless it is being given back.
 */
#include "audit_order.h"

#include "known_order.h"
#include "payment_audit.h"
#include "storage/audit_state.h"

#include <inttypes.h>
#include <stdio.h>

static const struct statement returns = {
	"SELECT x.payment_key, x.next_us, p.payment_id, p.currency, "
	"CASE p.payment_status WHEN 'success' THEN p.captured_minor - p.refunded_minor "
	"ELSE p.amount_minor END FROM returns x "
	"LEFT JOIN payments p ON p.payment_key = x.payment_key "
	"WHERE x.payment_key > $1 ORDER BY x.payment_key LIMIT $2",
	NULL};
enum { PAYMENT_KEY, NEXT, PAYMENT_ID, CURRENCY, AMOUNT };

static void check_last_event(const struct audit_order *order)
{
	const struct order_heard *heard = &order->place.heard;
	int64_t last_seq = 0;

	for (size_t i = 0; i < order->payments_count; i++)
		if (order->payments[i].row.last_event_seq > last_seq)
			last_seq = order->payments[i].row.last_event_seq;
	if (order->place.last_event_seq != last_seq)
		audit_finding(order->audit, "order-event", order->where,
		              "last_event_seq is not the last event of its payments");
	else if (last_seq == 0 && heard->currency == NULL && heard->end == ORDER_LIVES)
		audit_finding(order->audit, "order-event", order->where,
		              "it has no payment, and was not heard of");
}

/* What was claimed above the total when that became known is told until it was given back. */
static void check_total(const struct audit_order *order, const struct payment_view *view,
                        int64_t refunded_minor)
{
	struct order_total total = payment_view_total(view);
	int64_t over_minor = view->claimed_minor - total.minor;

	if (over_minor > order->place.excess_minor)
		audit_finding_amount(order->audit, "order-claims", order->where,
		                     over_minor - order->place.excess_minor, total.currency,
		                     "its live payments claim more than its total: too much by");
	else if (over_minor > refunded_minor)
		audit_stuck(order->audit, order->where, over_minor - refunded_minor, total.currency,
		            "it was paid before its total was known, which is smaller: refund "
		            "what is too much");
}

static void check_claims(const struct audit_order *order)
{
	struct payment_view view = {.heard = order->place.heard};
	int64_t refunded_minor = 0;

	for (size_t i = 0; i < order->payments_count; i++) {
		const struct audit_payment *payment = &order->payments[i];
		int64_t claimed_minor = view.claimed_minor;

		if (!payment->is_whole)
			continue;
		(void)payment_view_add(&view, &payment->row);
		if (view.claimed_minor == claimed_minor)
			continue;
		refunded_minor += payment->row.refunded_minor;
		if (payment->row.currency != payment_view_total(&view).currency)
			audit_payment_finding(
				order, payment, "order-currency",
				"the order's first live payment is in another currency");
	}
	check_total(order, &view, refunded_minor);
}

static void check_return(const struct audit_order *order, const struct audit_payment *payment)
{
	bool is_due = known_order_returns(&order->place.heard, &payment->row) &&
	              payment_keeps_money(&payment->row);

	if (is_due && !payment->has_return)
		audit_payment_finding(order, payment, "return-missing",
		                      "it is to be given back, as its order ended or is in another "
		                      "currency, but nothing does so");
	if (!is_due && payment->has_return)
		audit_payment_finding(order, payment, "return",
		                      "nothing of it is to be given back, but a row of returns "
		                      "says so");
}

void audit_order_end(const struct audit_order *order)
{
	check_last_event(order);
	if (!order->is_whole)
		return;
	check_claims(order);
	for (size_t i = 0; i < order->payments_count; i++)
		if (order->payments[i].is_whole)
			check_return(order, &order->payments[i]);
}

/* Their payments' side: check_return. */
static void note_return(struct audit *audit, const struct store *store, const struct db_row *row)
{
	struct text payment_id = db_text(row, PAYMENT_ID);
	char where[AUDIT_WHERE_SIZE];

	(void)store;
	if (payment_id.ptr == NULL) {
		(void)snprintf(where, sizeof(where), "returns payment_key %" PRId64,
		               db_int(row, PAYMENT_KEY));
		audit_finding(audit, "return", where, "its payment is not there");
		return;
	}
	if (!db_is_null(row, NEXT))
		return;
	(void)snprintf(where, sizeof(where), "payments payment_id %.*s", (int)payment_id.len,
	               payment_id.ptr);
	audit_stuck(audit, where, db_int(row, AMOUNT), currency_find(db_text(row, CURRENCY)),
	            "its order does not take it, and it could not be given back within a day: a "
	            "person must, with POST refunds or void");
}

enum db_result return_audit(struct audit *audit, const struct store *store)
{
	return audit_pages(audit, store, &returns, note_return);
}
