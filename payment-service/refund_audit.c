/* refund_audit.c - the refunds of one order: that each is of a payment that is there, and says what
 * its events say. */
#include "audit_order.h"

#include "payment_store.h"

#include <stdio.h>

const struct statement audit_refunds = {
	"SELECT " REFUND_COLUMNS ", i.intent_key FROM refunds r "
	"LEFT JOIN payments p ON p.payment_key = r.refund_key / 128 "
	"LEFT JOIN orders o ON o.order_seq = r.refund_key / 131072 "
	"LEFT JOIN intents i ON i.intent_key = r.intent_key AND i.refund_key = r.refund_key "
	"WHERE r.refund_key BETWEEN $1 AND $2 ORDER BY r.refund_key",
	NULL};
static_assert(REFUND_KEYS_PER_ORDER == 131072, "as it says");

static void refund_finding(const struct audit_order *order, const struct audit_refund *refund,
                           const char *check, const char *what)
{
	char where[AUDIT_WHERE_SIZE];

	(void)snprintf(where, sizeof(where), "refunds refund_id %s", refund->row.refund_id);
	audit_finding_amount(order->audit, check, where, refund->row.amount_minor,
	                     refund->row.currency, "%s", what);
}

static struct audit_payment *payment_by_key(struct audit_order *order, int64_t payment_key)
{
	for (size_t i = 0; i < order->payments_count; i++)
		if (order->payments[i].row.payment_key == payment_key)
			return &order->payments[i];
	return NULL;
}

void audit_take_refund(void *arg, const struct db_row *row)
{
	struct audit_order *order = arg;
	struct audit_refund *refund = &order->refunds[order->refunds_count]; /* one place more */
	struct audit_payment *payment;

	order->audit->rows_checked++;
	*refund = (struct audit_refund){.has_intent = !db_is_null(row, REFUND_COLUMNS_COUNT)};
	refund->is_whole = refund_from_row(row, &refund->row);
	refund->row.reason = refund->row.decline_code = TEXT_NONE;
	payment = payment_by_key(order, refund->row.refund_key / REFUND_KEYS_PER_PAYMENT);
	if (payment == NULL) {
		refund_finding(order, refund, "refund-payment", "its payment is not there");
		return;
	}
	if (order->refunds_count == AUDIT_REFUNDS_MAX) {
		refund_finding(order, refund, "refund-payment", "its order has too many refunds");
		return;
	}
	order->refunds_count++;
	payment->refunds_count++;
	if (!refund->is_whole)
		refund_finding(order, refund, "refund-row",
		               "it holds what no service writes: an unknown status or amount");
	else if (refund->row.status == REFUND_SUCCESS)
		payment->refunded_minor += refund->row.amount_minor;
	else if (refund->row.status == REFUND_PROCESSING)
		payment->refund_pending_minor += refund->row.amount_minor;
}

static void check_refund(const struct audit_order *order, const struct audit_refund *refund)
{
	const struct refund *row = &refund->row;
	const struct refund_fold *fold = &refund->fold;
	const char *fault = audit_span_fault(&fold->span, row->last_event_seq, row->created_us,
	                                     row->updated_us);

	if (fault == NULL &&
	    (row->status != fold->status || row->amount_minor != fold->amount_minor))
		fault = "its status and amount are not what its last event says";
	if (fault != NULL)
		refund_finding(order, refund, "refund-state", fault);
	if (row->status != REFUND_PROCESSING) {
		if (row->intent_key != 0)
			refund_finding(order, refund, "refund-intent",
			               "it is not open, but it has an intent_key");
	} else if (row->intent_key != fold->span.asked_seq || !refund->has_intent) {
		refund_finding(order, refund, "refund-intent",
		               "it waits for the processor, but nothing asks it: its intent is "
		               "not there");
	}
}

static void check_refund_key(const struct audit_order *order, size_t i)
{
	const struct audit_refund *refund = &order->refunds[i];
	int64_t number = refund->row.refund_key % REFUND_KEYS_PER_PAYMENT;

	if (number == 0 || refund->fold.span.first_seq == 0)
		return;
	if (i == 0 || refund[-1].row.refund_key != refund->row.refund_key - 1 ||
	    refund->fold.span.first_seq <= refund[-1].fold.span.first_seq)
		refund_finding(order, refund, "refund-key",
		               "refund_key is not its number among the payment's refunds");
}

void audit_refunds_end(const struct audit_order *order)
{
	for (size_t i = 0; i < order->refunds_count; i++) {
		check_refund_key(order, i);
		if (order->refunds[i].is_whole)
			check_refund(order, &order->refunds[i]);
	}
}
