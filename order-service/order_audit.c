/* order_audit.c - walks along the orders, each with its events from the first to the last: that
 * they are linked, that each may follow what came before it, that the row says what the last one
 * says, and that its sums are those of its payments. Then the payments against the lines that were
 * received, and the counts. */
#include "order_audit.h"

#include "base/time_text.h"
#include "order_payments.h"
#include "order_store.h"
#include "storage/audit_state.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define WHERE_SIZE 80

/* ---- events ---- */

#define NO_ORDER ORDER_STATES
#define FROM(state) (1U << (state))
#define FROM_ANY (FROM(ORDER_STATES) - 1)
#define SAME_STATE (-1)

static const struct order_change {
	const char *type;
	unsigned from; /* the states that it may follow */
	int to;
} changes[] = {
	{"order.created", FROM(NO_ORDER), ORDER_PENDING},
	{"order.paid", FROM(ORDER_PENDING), ORDER_PAID},
	{"order.fulfilled", FROM(ORDER_PAID), ORDER_FULFILLED},
	{"order.cancelled", FROM(ORDER_PENDING) | FROM(ORDER_PAID), ORDER_CANCELLED},
	{"order.expired", FROM(ORDER_PENDING), ORDER_CANCELLED},
	{"order.redacted", FROM_ANY, SAME_STATE},
};

/* The order at hand, until the next one comes. */
struct walk {
	struct audit *audit;
	const struct store *store;
	int64_t order_seq; /* INT64_MIN: none yet */
	char where[WHERE_SIZE];
	struct order order; /* without texts */
	bool is_whole;
	int state; /* after the events so far, NO_ORDER before the first */
};

static void event_finding(const struct walk *walk, int64_t seq, const char *what)
{
	char where[WHERE_SIZE];

	(void)snprintf(where, sizeof(where), "journal seq %" PRId64, seq);
	audit_finding(walk->audit, "order-event", where, "%s", what);
}

static void fold(struct walk *walk, int64_t seq, const cJSON *event)
{
	struct text type = audit_member(event, "type");
	struct text told = audit_member(json_member(event, "data"), "state");
	const struct order_change *change = NULL;
	int before = walk->state;

	for (size_t i = 0; i < ARRAY_LEN(changes); i++)
		if (text_is(type, changes[i].type))
			change = &changes[i];
	if (change == NULL) {
		event_finding(walk, seq, "there is no such type of event");
		return;
	}
	if ((change->from & FROM(before)) == 0)
		event_finding(walk, seq, "it cannot follow the state that the order was in");
	walk->state = change->to != SAME_STATE ? change->to : before;
	if (walk->state == NO_ORDER || !text_is(told, order_state_names[walk->state]))
		event_finding(walk, seq, "it tells of another state than it leads to");
}

/* ---- an order's row against its last event ---- */

static void state_finding(const struct walk *walk, const char *what)
{
	const struct order *order = &walk->order;

	audit_finding_amount(walk->audit, "order-state", walk->where, order->amount_minor,
	                     order->amount_minor == MONEY_NONE ? NULL : order->currency, "%s",
	                     what);
}

/* MONEY_NONE for null; false: neither an amount nor null. */
static bool read_amount(const struct json_doc *doc, const cJSON *data, const char *name,
                        const struct currency *currency, int64_t *ret_minor)
{
	const cJSON *member = json_member(data, name);
	struct decimal decimal;

	*ret_minor = MONEY_NONE;
	if (cJSON_IsNull(member))
		return true;
	return cJSON_IsNumber(member) &&
	       decimal_parse(json_number_text(doc, member), &decimal) == MONEY_OK &&
	       decimal_to_minor(decimal, currency, ret_minor) == MONEY_OK;
}

/* An end moves by whole steps, of which no event tells. */
static bool is_end(const cJSON *data, int64_t expires_us)
{
	struct text told = audit_member(data, "expires_at");
	int64_t told_us;

	if (told.ptr == NULL || expires_us == INT64_MIN)
		return told.ptr == NULL && expires_us == INT64_MIN;
	return time_parse(told, &told_us) && expires_us >= told_us &&
	       (expires_us - told_us) % ORDER_EXPIRY_STEP_US < US_PER_MS;
}

/* Captured and refunded money may have grown since. */
static bool says_the_same(const struct order *order, const struct json_doc *doc, const cJSON *data)
{
	int64_t amount_minor, paid_minor, refunded_minor;

	return text_is(audit_member(data, "state"), order_state_names[order->state]) &&
	       text_is(audit_member(data, "currency"), order->currency->code) &&
	       read_amount(doc, data, "amount", order->currency, &amount_minor) &&
	       amount_minor == order->amount_minor &&
	       read_amount(doc, data, "amount_paid", order->currency, &paid_minor) &&
	       paid_minor <= order->paid_minor &&
	       read_amount(doc, data, "amount_refunded", order->currency, &refunded_minor) &&
	       refunded_minor <= order->refunded_minor && is_end(data, order->expires_us);
}

/* Payments and a moved end change a row, and no event tells of it. */
static bool may_be_newer(const struct walk *walk, const struct db_row *row)
{
	return db_int(row, ORDER_PAYMENTS_COLUMN) > 0 || walk->order.expires_us != INT64_MIN;
}

static void check_last(struct walk *walk, const struct db_row *row, const struct json_doc *doc)
{
	const struct order *order = &walk->order;
	int64_t time_us;

	if (!text_is(audit_member(doc->root, "subject"), order->order_id))
		state_finding(walk, "its last event is about another order");
	else if (!time_parse(audit_member(doc->root, "time"), &time_us) ||
	         order->updated_us / US_PER_MS < time_us / US_PER_MS ||
	         (order->updated_us / US_PER_MS > time_us / US_PER_MS && !may_be_newer(walk, row)))
		state_finding(walk, "updated_us is not the time of its last change");
	else if (!says_the_same(order, doc, json_member(doc->root, "data")))
		state_finding(walk, "the row says another state, amount, currency or end than its "
		                    "last event");
}

static void check_first(struct walk *walk, const struct db_row *row, const struct json_doc *doc)
{
	int64_t seq = db_int(row, ORDER_EVENT_COLUMN), link = db_int(row, ORDER_LINK_COLUMN);
	int64_t time_us;

	if (seq != walk->order_seq || seq <= 0 || link != 0)
		audit_finding(walk->audit, "journal-links", walk->where,
		              "its events begin with event %" PRId64 ", after event %" PRId64
		              " (order_prev_seq), and not with the order's first",
		              seq, link);
	else if (walk->is_whole && (!time_parse(audit_member(doc->root, "time"), &time_us) ||
	                            walk->order.created_us / US_PER_MS != time_us / US_PER_MS))
		state_finding(walk, "created_us is not the time of its first event");
}

/* ---- the walk ---- */

static void check_sums(const struct walk *walk, const struct db_row *row)
{
	const struct order *order = &walk->order;

	if (order->paid_minor != db_int(row, ORDER_PAID_COLUMN) ||
	    order->authorized_minor != db_int(row, ORDER_AUTHORIZED_COLUMN) ||
	    order->refunded_minor != db_int(row, ORDER_REFUNDED_COLUMN))
		audit_finding_amount(
			walk->audit, "order-sums", walk->where, order->paid_minor, order->currency,
			"what is paid, authorized or refunded is not the sum of its payments");
}

static void begin_order(struct walk *walk, const struct db_row *row)
{
	*walk = (struct walk){.audit = walk->audit,
	                      .store = walk->store,
	                      .order_seq = db_int(row, 0),
	                      .state = NO_ORDER};
	(void)snprintf(walk->where, sizeof(walk->where), "orders order_seq %" PRId64,
	               walk->order_seq);
	walk->audit->rows_checked++;
	walk->is_whole = order_from_row(row, &walk->order);
	if (!walk->is_whole) {
		audit_finding(walk->audit, "order-state", walk->where,
		              "the row holds what no service writes");
		return;
	}
	if ((uint64_t)db_int(row, ORDER_HASH_COLUMN) !=
	    hash_keyed(walk->store->sip_key, text_of(walk->order.order_id)))
		audit_finding(walk->audit, "order-hash", walk->where,
		              "order_hash is not that of its order_id: the order is not found");
	check_sums(walk, row);
}

static void take_event(void *arg, const struct db_row *row)
{
	struct walk *walk = arg;
	struct json_doc AUTO_JSON doc = {0};
	int64_t seq = db_int(row, ORDER_EVENT_COLUMN);
	bool is_first = db_int(row, 0) != walk->order_seq;
	bool is_read;
	const char *detail;
	size_t offset;

	if (is_first)
		begin_order(walk, row);
	is_read = !db_is_null(row, ORDER_LINE_COLUMN) &&
	          json_parse(db_text(row, ORDER_LINE_COLUMN), &doc, &detail, &offset);
	if (is_read && text_is(audit_member(doc.root, "subject"), walk->order.order_id))
		fold(walk, seq, doc.root);
	if (seq == walk->order.last_event_seq && walk->is_whole && is_read)
		check_last(walk, row, &doc);
	else if (seq == walk->order.last_event_seq && !is_read)
		state_finding(walk, "its last event is not in the journal, or not well-formed");
	if (is_first && is_read)
		check_first(walk, row, &doc);
}

static enum db_result check_orders(struct audit *audit, const struct store *store)
{
	struct walk walk = {.audit = audit, .store = store, .order_seq = INT64_MIN};
	enum db_result result;
	int64_t after;

	do {
		after = walk.order_seq;
		DB_SEND(store->db, &orders_with_events, take_event, &walk, V_INT(after),
		        V_INT(AUDIT_PAGE_ROWS));
		result = db_flush(store->db);
	} while (result == DB_OK && walk.order_seq > after);
	return result;
}

/* Events that are in no order's chain: an event's order is that of the first event before it. */
static const struct statement orphans = {
	"SELECT j.seq FROM journal j WHERE j.seq > $1 AND j.seq <= $2 AND NOT EXISTS ("
	"WITH RECURSIVE back (seq) AS (SELECT j.seq UNION ALL "
	"SELECT k.order_prev_seq FROM back b JOIN journal k ON k.seq = b.seq "
	"WHERE k.order_prev_seq > 0 AND k.order_prev_seq < b.seq), "
	"chain (seq) AS (SELECT o.last_event_seq FROM back b JOIN orders o ON o.order_seq = b.seq "
	"UNION ALL SELECT k.order_prev_seq FROM chain c JOIN journal k ON k.seq = c.seq "
	"WHERE c.seq > j.seq AND k.order_prev_seq < c.seq) "
	"SELECT 1 FROM chain WHERE chain.seq = j.seq)",
	NULL};

/* ---- payments ---- */

static bool is_told(const struct db_row *row, const struct order_payment *payment,
                    const struct store *store)
{
	struct text line = db_text(row, ORDER_PAYMENT_LINE_COLUMN);
	struct order_payment_command told;
	struct json_doc AUTO_JSON doc = {0};
	const char *why;
	size_t offset;

	return line.ptr != NULL && json_parse(line, &doc, &why, &offset) &&
	       order_payment_from_event(line, &doc, store->sip_key, &told, &why) == PAID_EVENT_OK &&
	       text_is(db_text(row, ORDER_PAYMENT_ORDER_COLUMN), told.order_id) &&
	       strcmp(payment->payment_id, told.payment.payment_id) == 0 &&
	       payment->currency == told.payment.currency &&
	       payment->status == told.payment.status &&
	       payment->amount_minor == told.payment.amount_minor &&
	       payment->captured_minor == told.payment.captured_minor &&
	       payment->refunded_minor == told.payment.refunded_minor &&
	       payment->seq == told.payment.seq;
}

static void check_payment(struct audit *audit, const struct store *store, const struct db_row *row)
{
	struct order_payment payment;
	bool is_whole = order_payment_from_row(row, &payment);
	char where[WHERE_SIZE];

	(void)snprintf(where, sizeof(where), "payments payment_key %" PRId64, payment.payment_key);
	if (!is_whole || !is_told(row, &payment, store))
		audit_finding_amount(audit, "payment-state", where, payment.captured_minor,
		                     payment.currency,
		                     "the row does not say what the payment's newest event says");
	if ((uint64_t)db_int(row, ORDER_PAYMENT_HASH_COLUMN) !=
	    hash_keyed(store->sip_key, db_text(row, ORDER_PAYMENT_ORDER_COLUMN)))
		audit_finding(audit, "order-hash", where,
		              "order_hash is not that of its order_id: the payment is not found");
	if (db_int(row, ORDER_PAYMENT_IS_TIED_COLUMN) == 0)
		audit_finding(audit, "payment-order", where,
		              "order_seq is not that of the order of this order_id");
}

/* ---- counts ---- */

static void check_count(void *arg, const struct db_row *row)
{
	char where[WHERE_SIZE];
	struct text name = db_text(row, 0);

	if (db_int(row, 1) == db_int(row, 2))
		return;
	(void)snprintf(where, sizeof(where), "order_counts %.*s",
	               (int)(name.len < 20 ? name.len : 20), name.ptr);
	audit_finding(arg, "order-counts", where, "it says %" PRId64 ", there are %" PRId64,
	              db_int(row, 1), db_int(row, 2));
}

enum db_result order_audit(struct audit *audit, const struct store *store)
{
	enum db_result result = audit_journal(audit, store->db, store->source, NULL, NULL);

	if (result == DB_OK)
		result = check_orders(audit, store);
	if (result == DB_OK)
		result = audit_hash_index(audit, store, &order_index);
	if (result == DB_OK)
		result = audit_seqs(audit, store->db, "order-missing", "its order is not there",
		                    &orphans);
	if (result == DB_OK)
		result = audit_pages(audit, store, &order_payments_with_lines, check_payment);
	if (result != DB_OK)
		return result;
	order_send_count_check(store->db, check_count, audit);
	return db_flush(store->db);
}
