/* rows_audit.c - the payments of one order: what their rows hold, what they are to each other and
 * to their refunds, and that each says what its events say, the last one first of all. What a
 * payment captured and refunded is then also what its transfers come to, as each event has exactly
 * those that it implies. */
#include "audit_order.h"

#include "payment_fields.h"
#include "payment_store.h"

#include <inttypes.h>
#include <stdio.h>

#define RETURN_COLUMN (PAYMENT_COLUMNS_COUNT + 1)
#define SHOWN_MAX 200 /* of a row, in a finding */

const struct statement audit_payments = {
	"SELECT " PAYMENT_COLUMNS ", i.operation, x.payment_key FROM payments p "
	"LEFT JOIN orders o ON o.order_seq = p.payment_key / 1024 "
	"LEFT JOIN intents i ON i.intent_key = p.intent_key AND i.payment_key = p.payment_key "
	"AND i.refund_key IS NULL "
	"LEFT JOIN returns x ON x.payment_key = p.payment_key "
	"WHERE p.payment_key BETWEEN $1 AND $2 ORDER BY p.payment_key",
	NULL};
void audit_payment_finding(const struct audit_order *order, const struct audit_payment *payment,
                           const char *check, const char *what)
{
	char where[AUDIT_WHERE_SIZE];

	(void)snprintf(where, sizeof(where), "payments payment_id %s", payment->row.payment_id);
	audit_finding_amount(order->audit, check, where, payment->row.amount_minor,
	                     payment->row.currency, "%s", what);
}

/* ---- taking them ---- */

struct audit_payment *audit_payment_by_id(struct audit_order *order, struct text payment_id)
{
	for (size_t i = 0; i < order->payments_count; i++)
		if (text_is(payment_id, order->payments[i].row.payment_id))
			return &order->payments[i];
	return NULL;
}

static const char *limits_fault(const struct payment *row)
{
	if (row->captured_minor > row->amount_minor)
		return "more is captured than its amount";
	if (row->refunded_minor + row->refund_pending_minor > row->captured_minor)
		return "more is refunded, or on its way back, than was captured";
	if ((row->pending_operation == OPERATION_NONE) != (row->pending_minor == 0) ||
	    row->pending_minor > row->amount_minor)
		return "pending_minor is not an amount that its pending operation can have";
	return NULL;
}

static bool check_row(const struct audit_order *order, const struct audit_payment *payment,
                      bool is_whole)
{
	const char *fault = limits_fault(&payment->row);

	if (fault != NULL)
		audit_payment_finding(order, payment, "payment-limits", fault);
	else if (!is_whole)
		audit_payment_finding(
			order, payment, "payment-row",
			"it holds what no service writes: an unknown currency, status, "
			"name or amount");
	return fault == NULL && is_whole;
}

/* What its last event must tell, on a line of its own. */
static bool keep_told(struct audit_order *order, struct audit_payment *payment)
{
	if (order->told.len > 0)
		buf_add_char(&order->told, '\n');
	payment->told_at = order->told.len;
	field_render_members(payment_event_fields, &payment->row, &order->told);
	if (order->told.full) {
		audit_payment_finding(order, payment, "audit",
		                      "it could not be checked: memory is short");
		return false;
	}
	payment->told_len = order->told.len - payment->told_at;
	return true;
}

static int asked_of(const struct db_row *row)
{
	struct text name = db_text(row, PAYMENT_COLUMNS_COUNT);

	for (int i = 0; name.ptr != NULL && operation_names[i] != NULL; i++)
		if (text_is(name, operation_names[i]))
			return i;
	return OPERATION_NONE;
}

static void forget_texts(struct payment *row)
{
	row->payment_method = row->processor = row->decline_code = row->description =
		row->metadata = row->resolve_reason = TEXT_NONE;
}

void audit_take_payment(void *arg, const struct db_row *row)
{
	struct audit_order *order = arg;
	struct audit_payment *payment = &order->payments[order->payments_count];

	order->audit->rows_checked++;
	*payment = (struct audit_payment){.asked = asked_of(row),
	                                  .has_return = !db_is_null(row, RETURN_COLUMN)};
	payment->is_whole = payment_from_row(row, &payment->row);
	if (order->place.order_seq == 0 ||
	    payment->row.payment_key / PAYMENT_KEYS_PER_ORDER != order->place.order_seq) {
		audit_payment_finding(order, payment, "payment-order", "its order is not there");
		return;
	}
	payment->is_whole =
		check_row(order, payment, payment->is_whole) && keep_told(order, payment);
	forget_texts(&payment->row);
	order->payments_count++;
}

/* ---- against their events ---- */

/* Events tell milliseconds. */
static bool is_time(int64_t row_us, int64_t event_us)
{
	return row_us / US_PER_MS == event_us / US_PER_MS;
}

const char *audit_span_fault(const struct fold_span *span, int64_t last_event_seq,
                             int64_t created_us, int64_t updated_us)
{
	if (span->first_seq == 0)
		return "no event of its order tells of it";
	if (last_event_seq != span->last_seq)
		return "last_event_seq is not the last event about it";
	if (!is_time(created_us, span->first_us))
		return "created_us is not the time of its first event";
	if (!is_time(updated_us, span->last_us))
		return "updated_us is not the time of its last event";
	return NULL;
}

static void check_payment_state(const struct audit_order *order,
                                const struct audit_payment *payment)
{
	const struct payment *row = &payment->row;
	const char *fault = audit_span_fault(&payment->fold.span, row->last_event_seq,
	                                     row->created_us, row->updated_us);
	int shown = payment->told_len < SHOWN_MAX ? (int)payment->told_len : SHOWN_MAX;
	char where[AUDIT_WHERE_SIZE];

	if (fault == NULL && row->is_reversed != payment->fold.is_contradicted)
		fault = "is_reversed is not what its events say";
	if (fault != NULL) {
		audit_payment_finding(order, payment, "payment-state", fault);
		return;
	}
	if (payment->is_told)
		return;
	(void)snprintf(where, sizeof(where), "payments payment_id %s", row->payment_id);
	audit_finding(order->audit, "payment-state", where,
	              "the row says %.*s, its last event does not", shown,
	              order->told.data + payment->told_at);
}

/* What must be open at the processor in this state, refunds apart. */
static int expected_operation(const struct audit_payment *payment)
{
	switch (fold_state_of(payment->row.status, payment->row.pending_operation)) {
	case FOLD_PROCESSING: return OPERATION_AUTHORIZE;
	case FOLD_CAPTURING: return OPERATION_CAPTURE;
	case FOLD_VOIDING: return OPERATION_VOID;
	case FOLD_FAILED:
		return payment->fold.is_reversal_open ? OPERATION_REVERSE : OPERATION_NONE;
	default: return OPERATION_NONE;
	}
}

static void check_intent(const struct audit_order *order, const struct audit_payment *payment)
{
	int operation = expected_operation(payment);

	if (operation == OPERATION_NONE) {
		if (payment->row.intent_key != 0)
			audit_payment_finding(order, payment, "payment-intent",
			                      "nothing of it is open, but it has an intent_key");
	} else if (payment->row.intent_key != payment->fold.span.asked_seq) {
		audit_payment_finding(
			order, payment, "payment-intent",
			"intent_key is not the event by which the processor is asked");
	} else if (payment->asked != operation) {
		audit_payment_finding(
			order, payment, "payment-intent",
			"it waits for the processor, but nothing asks it: its intent is "
			"not there");
	}
}

static void check_sums(const struct audit_order *order, const struct audit_payment *payment)
{
	const struct payment *row = &payment->row;

	if (row->refunds_count != payment->refunds_count)
		audit_payment_finding(order, payment, "payment-refunds",
		                      "refunds_count is not the number of its refunds");
	if (row->refunded_minor != payment->refunded_minor ||
	    row->refund_pending_minor != payment->refund_pending_minor)
		audit_payment_finding(
			order, payment, "payment-refunds",
			"refunded_minor and refund_pending_minor are not the sums of its "
			"refunds");
}

/* Payments are numbered from 0 on in the order of their first events; so are refunds. */
static void check_payment_key(const struct audit_order *order, size_t i)
{
	const struct audit_payment *payment = &order->payments[i];

	if (payment->fold.span.first_seq == 0)
		return; /* which is told already */
	if (payment->row.payment_key !=
	            order->place.order_seq * PAYMENT_KEYS_PER_ORDER + (int64_t)i ||
	    (i > 0 && payment->fold.span.first_seq <= payment[-1].fold.span.first_seq))
		audit_payment_finding(order, payment, "payment-key",
		                      "payment_key is not its number among the order's payments");
}

void audit_rows_end(const struct audit_order *order)
{
	for (size_t i = 0; i < order->payments_count; i++) {
		const struct audit_payment *payment = &order->payments[i];

		check_payment_key(order, i);
		if (!payment->is_whole)
			continue;
		check_payment_state(order, payment);
		check_intent(order, payment);
		check_sums(order, payment);
	}
}
