/* events_audit.c - the events of one order, from the first to the last: that they are linked, that
 * each may follow what came before it, that its payment is there, and that its transfers are
 * exactly those it implies. */
#include "audit_order.h"

#include "base/time_text.h"
#include "ledger.h"
#include "storage/audit_state.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Back from the order's last event; whatever is stored, seq falls, so the walk ends. An event's
 * line comes once for each of its transfers. */
const struct statement audit_events = {
	"WITH RECURSIVE chain (seq) AS (SELECT CAST($1 AS BIGINT) UNION ALL "
	"SELECT j.order_prev_seq FROM chain c JOIN journal j ON j.seq = c.seq "
	"WHERE j.order_prev_seq > 0 AND j.order_prev_seq < c.seq) "
	"SELECT c.seq, j.order_prev_seq, j.line, t.transfer_key, t.payment_key, t.kind, "
	"t.currency, t.amount_minor, t.created_us FROM chain c "
	"LEFT JOIN journal j ON j.seq = c.seq "
	"LEFT JOIN transfers t ON t.transfer_key BETWEEN c.seq * 4 AND c.seq * 4 + 3 "
	"ORDER BY c.seq, t.transfer_key",
	NULL};

enum { SEQ, PREV_SEQ, LINE, TRANSFER_KEY, TRANSFER_PAYMENT, KIND, CURRENCY, AMOUNT, CREATED };

/* ---- transfers ---- */

static bool is_transfer(const struct db_row *row, const struct audit_event *event,
                        const struct transfer *expected)
{
	int64_t key = db_int(row, TRANSFER_KEY);

	return key / TRANSFER_KEYS_PER_EVENT == event->seq &&
	       key % TRANSFER_KEYS_PER_EVENT == (int64_t)event->transfers_seen &&
	       db_int(row, TRANSFER_PAYMENT) == event->payment->row.payment_key &&
	       text_is(db_text(row, KIND), transfer_kind_names[expected->kind]) &&
	       text_is(db_text(row, CURRENCY), event->payment->fold.currency->code) &&
	       db_int(row, AMOUNT) == expected->amount_minor &&
	       db_int(row, CREATED) / US_PER_MS == event->time_us / US_PER_MS;
}

/* One finding an event. */
static void transfers_wrong(struct audit_order *order, const struct transfer *expected)
{
	struct audit_event *event = &order->event;
	char what[AUDIT_WHERE_SIZE];

	if (event->is_wrong)
		return;
	event->is_wrong = true;
	if (expected == NULL) {
		audit_finding(order->audit, "event-transfers", event->where,
		              "it has a transfer that it does not imply");
		return;
	}
	(void)snprintf(what, sizeof(what), "its %s is not there, or is another one",
	               transfer_kind_names[expected->kind]);
	audit_finding_amount(order->audit, "event-transfers", event->where, expected->amount_minor,
	                     event->payment->fold.currency, "%s", what);
}

static void take_transfer(struct audit_order *order, const struct db_row *row)
{
	struct audit_event *event = &order->event;
	const struct transfer *expected = NULL;

	if (event->payment == NULL || db_is_null(row, TRANSFER_KEY))
		return;
	if (event->transfers_seen < event->transfers.count)
		expected = &event->transfers.rows[event->transfers_seen];
	if (expected == NULL || !is_transfer(row, event, expected))
		transfers_wrong(order, expected);
	event->transfers_seen++;
}

static void end_event(struct audit_order *order)
{
	struct audit_event *event = &order->event;

	if (event->payment != NULL && event->transfers_seen < event->transfers.count)
		transfers_wrong(order, &event->transfers.rows[event->transfers_seen]);
}

/* ---- events ---- */

/* One finding for each id that is lost, while its events stand together. */
static void lost(struct audit_order *order, const char *check, struct text id,
                 const struct payment_event *event, int64_t amount_minor, const char *what)
{
	if (text_is(id, order->lost))
		return;
	order->lost_refund = (struct refund_fold){0};
	order->lost[0] = '\0';
	if (id.ptr != NULL && id.len < ID_SIZE)
		text_copy(id, order->lost, ID_SIZE);
	audit_finding_amount(order->audit, check, order->event.where, amount_minor, event->currency,
	                     "%s", what);
}

static struct refund_fold *refund_of(struct audit_order *order, const struct audit_payment *payment,
                                     const struct payment_event *event)
{
	int64_t first_key = payment->row.payment_key * REFUND_KEYS_PER_PAYMENT;

	if (event->refund_id.ptr == NULL)
		return NULL;
	for (size_t i = 0; i < order->refunds_count; i++) {
		struct audit_refund *refund = &order->refunds[i];

		if (refund->row.refund_key >= first_key &&
		    refund->row.refund_key < first_key + REFUND_KEYS_PER_PAYMENT &&
		    text_is(event->refund_id, refund->row.refund_id))
			return &refund->fold;
	}
	lost(order, "refund-missing", event->refund_id, event, event->refund_amount_minor,
	     "its refund is not there");
	return &order->lost_refund;
}

/* `...,"data":{...,MEMBERS}}`: what stands before the payment's own members tells of the command
 * or the refund. */
static bool tells(struct text line, const struct buf *told, const struct audit_payment *payment)
{
	struct text start = audit_line_told(line);
	size_t tail = payment->told_len;

	return tail > 0 && start.len > tail &&
	       memcmp(start.ptr + start.len - tail, told->data + payment->told_at, tail) == 0 &&
	       (start.ptr[start.len - tail - 1] == '{' || start.ptr[start.len - tail - 1] == ',');
}

static void fold(struct audit_order *order, struct text line, const struct payment_event *event)
{
	struct audit_payment *payment = audit_payment_by_id(order, event->payment_id);
	const char *fault;

	if (payment == NULL) {
		lost(order, "payment-missing", event->payment_id, event, event->amount_minor,
		     "its payment is not there");
		return;
	}
	fault = payment_fold_add(&payment->fold, refund_of(order, payment, event), event,
	                         &order->event.transfers);
	if (fault != NULL)
		audit_finding_amount(order->audit, "payment-event", order->event.where,
		                     event->amount_minor, event->currency, "%s", fault);
	else
		order->event.payment = payment;
	if (event->seq == payment->row.last_event_seq)
		payment->is_told = tells(line, &order->told, payment);
}

static void read_event(struct audit_order *order, int64_t seq, struct text line)
{
	struct json_doc AUTO_JSON doc = {0};
	struct payment_event event = {.seq = seq};
	const char *fault, *detail;
	size_t offset;

	if (!json_parse(line, &doc, &detail, &offset) ||
	    !time_parse(audit_member(doc.root, "time"), &event.time_us))
		return; /* told with the journal's chain */
	if (!text_is(audit_member(doc.root, "subject"), order->order_id)) {
		if (!order->has_foreign_event)
			audit_finding(order->audit, "journal-links", order->event.where,
			              "it is tied to the events of order %s, but is about another",
			              order->order_id);
		order->has_foreign_event = true;
		return;
	}
	if (seq <= order->audit->head.seq)
		order->events_count++;
	order->event.time_us = event.time_us;
	fault = payment_event_read(&doc, &event);
	if (fault == NULL)
		fold(order, line, &event);
	else
		audit_finding(order->audit, "payment-event", order->event.where, "%s", fault);
}

/* The chain gives its events by rising seq, each after the one that its order_prev_seq names. */
static void check_first(struct audit_order *order, const struct db_row *row)
{
	int64_t prev_seq = db_int(row, PREV_SEQ);

	if (prev_seq != 0)
		audit_finding(order->audit, "journal-links", order->event.where,
		              "the events of order_seq %" PRId64 " begin here, after event %" PRId64
		              " (order_prev_seq)",
		              order->place.order_seq, prev_seq);
}

void audit_take_event(void *arg, const struct db_row *row)
{
	struct audit_order *order = arg;
	struct audit_event *event = &order->event;
	int64_t seq = db_int(row, SEQ);
	bool is_first = event->seq == 0;

	if (is_first || seq != event->seq) {
		end_event(order);
		*event = (struct audit_event){.seq = seq};
		(void)snprintf(event->where, sizeof(event->where), "journal seq %" PRId64, seq);
		if (is_first)
			check_first(order, row);
		if (!db_is_null(row, LINE)) /* else told with the journal's chain */
			read_event(order, seq, db_text(row, LINE));
	}
	take_transfer(order, row);
}

void audit_events_end(struct audit_order *order)
{
	end_event(order);
	order->event = (struct audit_event){0};
}
