/* payment_audit.c - walks along the orders, each with all its rows and events. A page of orders is
 * one transaction, so one moment: what the daemon writes meanwhile is seen whole or not at all, and
 * its checkpoints are held up no longer than that. One order at a time is in memory. */
#include "payment_audit.h"

#include "audit_order.h"
#include "payment_store.h"
#include "storage/audit_state.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK_TWICE "order-twice"
#define TWICE "another row has the same order_id"
/* Orders that begin later have no right number: no payment or refund has a key for them. */
#define ORDER_SEQ_MAX (INT64_MAX / REFUND_KEYS_PER_ORDER - 1)

/* Each order with how many others have its id, as far as they are in the index's table. */
static const struct statement orders = {
	"SELECT " ORDER_COLUMNS ", o.order_id, "
	"(SELECT count(*) FROM orders_by_hash i JOIN orders s ON s.order_seq = i.order_seq "
	"WHERE i.order_hash = o.order_hash AND s.order_seq <> o.order_seq "
	"AND s.order_id = o.order_id) "
	"FROM orders o WHERE o.order_seq > $1 ORDER BY o.order_seq LIMIT $2",
	NULL};
enum { ORDER_HASH = 1, ORDER_ID = ORDER_COLUMNS_COUNT, OTHERS_COUNT };
/* Of the orders that may not be there yet, few enough for one statement, those stored twice. */
static const struct statement recent_twice = {
	"SELECT max(order_seq) FROM orders WHERE order_seq > "
	"(SELECT place FROM index_places WHERE name = 'orders_by_hash') "
	"GROUP BY order_id HAVING count(*) > 1",
	NULL};
/* Events that are in no order's chain, found by their payment. Run only where some are missing
 * there: it walks along the chain for each event. json_extract is SQLite's. */
static const struct statement unlinked = {
	"SELECT j.seq FROM journal j WHERE j.seq > $1 AND j.seq <= $2 AND json_valid(j.line) AND "
	"json_extract(j.line, '$.data.payment_id') IS NOT NULL AND NOT EXISTS ("
	"WITH RECURSIVE chain (seq) AS (SELECT o.last_event_seq FROM payments p "
	"JOIN orders o ON o.order_seq = p.payment_key / 1024 "
	"WHERE p.payment_id = json_extract(j.line, '$.data.payment_id') UNION ALL "
	"SELECT k.order_prev_seq FROM chain c JOIN journal k ON k.seq = c.seq "
	"WHERE c.seq > j.seq AND k.order_prev_seq < c.seq) "
	"SELECT 1 FROM chain WHERE chain.seq = j.seq)",
	NULL};

struct order_row {
	struct order_place place;
	bool is_whole;
	char order_id[ORDER_ID_MAX + 1];
};

struct walk {
	struct audit *audit;
	const struct store *store;
	int64_t next_order_seq; /* payments and refunds are looked at up to its first */
	int64_t after;          /* the last order of the page before */
	int64_t events_count;   /* in the chains of the orders */
	size_t count;
	struct order_row page[AUDIT_PAGE_ROWS];
	struct audit_order order;
};

static void check_order(struct walk *walk, const struct db_row *row, const char *where)
{
	if ((uint64_t)db_int(row, ORDER_HASH) !=
	    hash_keyed(walk->store->sip_key, db_text(row, ORDER_ID)))
		audit_finding(walk->audit, "order-hash", where,
		              "order_hash is not that of its order_id: its payments are not found");
	if (db_int(row, OTHERS_COUNT) != 0)
		audit_finding(walk->audit, CHECK_TWICE, where, TWICE);
}

static void note_twice(void *arg, const struct db_row *row)
{
	char where[AUDIT_WHERE_SIZE];

	(void)snprintf(where, sizeof(where), "orders order_seq %" PRId64, db_int(row, 0));
	audit_finding(arg, CHECK_TWICE, where, TWICE);
}

static enum db_result audit_index(struct audit *audit, const struct store *store)
{
	enum db_result result;

	DB_SEND0(store->db, &recent_twice, note_twice, audit);
	result = db_flush(store->db);
	return result == DB_OK ? audit_hash_index(audit, store, &paid_order_index) : result;
}

static void note_order(void *arg, const struct db_row *row)
{
	struct walk *walk = arg;
	struct order_row *order = &walk->page[walk->count];
	struct text order_id = db_text(row, ORDER_ID);
	char where[AUDIT_WHERE_SIZE];

	walk->audit->rows_checked++;
	order->is_whole = known_order_from_row(row, 0, &order->place);
	walk->after = order->place.order_seq;
	(void)snprintf(where, sizeof(where), "orders order_seq %" PRId64, order->place.order_seq);
	if (order->place.order_seq < 1 || order->place.order_seq > ORDER_SEQ_MAX ||
	    order_id.ptr == NULL || order_id.len > ORDER_ID_MAX) {
		audit_finding(walk->audit, "order-event", where,
		              "it holds what no service writes: its number or order_id");
		return;
	}
	if (!order->is_whole)
		audit_finding(walk->audit, "order-row", where,
		              "it holds what no service writes: a currency, total, end or cause");
	text_copy(order_id, order->order_id, sizeof(order->order_id));
	check_order(walk, row, where);
	walk->count++;
}

/* All rows from the order before on up to the end of this one: what is in between has no order. */
static void send_rows(struct walk *walk, int64_t end_order_seq)
{
	struct audit_order *order = &walk->order;
	struct db *db = walk->store->db;
	int64_t first = walk->next_order_seq, end = end_order_seq;
	bool is_first = first == 0, is_last = end == INT64_MAX;

	DB_SEND(db, &audit_payments, audit_take_payment, order,
	        V_INT(is_first ? INT64_MIN : first * PAYMENT_KEYS_PER_ORDER),
	        V_INT(is_last ? INT64_MAX : end * PAYMENT_KEYS_PER_ORDER - 1));
	DB_SEND(db, &audit_refunds, audit_take_refund, order,
	        V_INT(is_first ? INT64_MIN : first * REFUND_KEYS_PER_ORDER),
	        V_INT(is_last ? INT64_MAX : end * REFUND_KEYS_PER_ORDER - 1));
	walk->next_order_seq = end;
}

static void begin_order(struct walk *walk, const struct order_row *row)
{
	struct audit_order *order = &walk->order;

	order->audit = walk->audit;
	order->place = row->place;
	order->is_whole = row->is_whole;
	memcpy(order->order_id, row->order_id, sizeof(order->order_id));
	(void)snprintf(order->where, sizeof(order->where), "orders order_seq %" PRId64,
	               row->place.order_seq);
	order->payments_count = order->refunds_count = 0;
	order->events_count = 0;
	order->event = (struct audit_event){0};
	order->lost[0] = '\0';
	order->has_foreign_event = false;
	buf_reset(&order->told);
}

static enum db_result audit_order(struct walk *walk, const struct order_row *row)
{
	enum db_result result;

	begin_order(walk, row);
	send_rows(walk, row->place.order_seq + 1);
	if (row->place.last_event_seq != 0)
		DB_SEND(walk->store->db, &audit_events, audit_take_event, &walk->order,
		        V_INT(row->place.last_event_seq));
	result = db_flush(walk->store->db);
	if (result != DB_OK)
		return result;
	audit_events_end(&walk->order);
	audit_rows_end(&walk->order);
	audit_refunds_end(&walk->order);
	audit_order_end(&walk->order);
	walk->events_count += walk->order.events_count;
	return DB_OK;
}

/* One page, inside its transaction. What is behind the last order belongs to the last page. */
static enum db_result audit_page(struct walk *walk, bool *ret_is_last)
{
	static const struct order_row none;
	enum db_result result;
	int64_t after = walk->after;

	walk->count = 0;
	DB_SEND(walk->store->db, &orders, note_order, walk, V_INT(after), V_INT(AUDIT_PAGE_ROWS));
	result = db_flush(walk->store->db);
	for (size_t i = 0; i < walk->count && result == DB_OK; i++)
		result = audit_order(walk, &walk->page[i]);
	*ret_is_last = walk->after == after;
	if (result != DB_OK || !*ret_is_last)
		return result;
	begin_order(walk, &none);
	send_rows(walk, INT64_MAX);
	return db_flush(walk->store->db);
}

static enum db_result audit_orders(struct walk *walk)
{
	enum db_result result = DB_OK;
	bool is_last = false;

	while (result == DB_OK && !is_last) {
		result = db_begin(walk->store->db);
		if (result != DB_OK)
			return result;
		result = audit_page(walk, &is_last);
		if (result == DB_OK)
			result = db_commit(walk->store->db);
		else
			db_rollback(walk->store->db);
	}
	return result;
}

/* A payment's event: each must be in the chain of an order. */
static void count_event(void *arg, struct audit *audit, int64_t seq, struct text line,
                        const cJSON *event)
{
	int64_t *count = arg;

	(void)audit;
	(void)seq;
	(void)line;
	if (audit_member(json_member(event, "data"), "payment_id").ptr != NULL)
		++*count;
}

/* events: how many the journal holds. */
static enum db_result audit_state(struct audit *audit, const struct store *store, int64_t events)
{
	struct walk *walk = malloc(sizeof(*walk));
	enum db_result result;

	if (walk == NULL)
		return DB_FAILED;
	walk->audit = audit;
	walk->store = store;
	walk->next_order_seq = 0;
	walk->after = INT64_MIN;
	walk->events_count = 0;
	buf_init(&walk->order.told, (size_t)PAYMENT_KEYS_PER_ORDER * JOURNAL_DATA_MAX);
	result = audit_orders(walk);
	if (result == DB_OK && walk->events_count != events)
		result = audit_seqs(audit, store->db, "journal-links",
		                    "no later event of its order leads back to it", &unlinked);
	buf_release(&walk->order.told);
	free(walk);
	return result;
}

enum db_result payment_audit(struct audit *audit, const struct store *store)
{
	int64_t events = 0;
	enum db_result result =
		audit_journal(audit, store->db, store->source, count_event, &events);

	if (result == DB_OK)
		result = audit_state(audit, store, events);
	if (result == DB_OK)
		result = audit_index(audit, store);
	if (result == DB_OK)
		result = ledger_audit(audit, store);
	if (result == DB_OK)
		result = return_audit(audit, store);
	if (result == DB_OK)
		result = inquiry_audit(audit, store);
	return result == DB_OK ? intent_audit(audit, store) : result;
}
