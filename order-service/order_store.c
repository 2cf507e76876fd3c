/* order_store.c - the order service's statements and rows. Rules stay in order_core.c. */
#include "order_store.h"

#include <string.h>

const char *const order_status_names[] = {"success", NULL};
const char *const order_state_names[] = {[ORDER_PENDING] = "pending",
                                         [ORDER_PAID] = "paid",
                                         [ORDER_FULFILLED] = "fulfilled",
                                         [ORDER_CANCELLED] = "cancelled",
                                         NULL};

struct hash_index order_index = HASH_INDEX("orders_by_hash", "orders", "order_hash", "order_seq");

#define ORDER_COLUMNS \
	"o.order_seq, o.order_id, o.content_hash, o.state, o.amount_minor, o.was_open, " \
	"o.currency, o.paid_minor, o.authorized_minor, o.refunded_minor, o.items, o.customer, " \
	"o.description, o.metadata, o.cancel_reason, o.expires_us, o.created_us, o.updated_us, " \
	"o.last_event_seq"

enum {
	ORDER_SEQ,
	ORDER_ID,
	CONTENT_HASH,
	STATE,
	AMOUNT,
	WAS_OPEN,
	CURRENCY,
	PAID,
	AUTHORIZED,
	REFUNDED,
	ITEMS,
	CUSTOMER,
	DESCRIPTION,
	METADATA,
	CANCEL_REASON,
	EXPIRES,
	CREATED,
	UPDATED,
	LAST_EVENT,
	COLUMNS
};
static_assert((int)COLUMNS == (int)ORDER_HASH_COLUMN, "an audit's columns follow");

static const struct statement order_by_hash = {
	"SELECT " ORDER_COLUMNS " FROM orders_by_hash i JOIN orders o ON o.order_seq = i.order_seq "
	"WHERE i.order_hash = $1 AND i.order_seq <> $3 AND o.order_id = $2",
	NULL};
static const struct statement order_by_seq = {
	"SELECT " ORDER_COLUMNS " FROM orders o WHERE o.order_seq = $1 AND o.order_id = $2", NULL};
static const struct statement orders_page = {
	"SELECT " ORDER_COLUMNS
	" FROM orders o WHERE order_seq < $1 ORDER BY order_seq DESC LIMIT $2",
	NULL};
static const struct statement orders_due = {
	"SELECT order_hash, order_id FROM orders WHERE state = 'pending' AND "
	"expires_us IS NOT NULL AND expires_us <= $1 ORDER BY expires_us LIMIT $2",
	NULL};
static const struct statement next_end = {
	"SELECT min(expires_us) FROM orders WHERE state = 'pending' AND "
	"expires_us IS NOT NULL AND expires_us > $1",
	NULL};

/* Back from an event; whatever is stored, seq falls, so the walk ends. */
static const struct statement lines_to_event = {
	"WITH RECURSIVE chain (seq) AS (SELECT CAST($1 AS BIGINT) UNION ALL "
	"SELECT j.order_prev_seq FROM chain c JOIN journal j ON j.seq = c.seq "
	"WHERE j.order_prev_seq > 0 AND j.order_prev_seq < c.seq) "
	"SELECT j.line FROM chain c JOIN journal j ON j.seq = c.seq ORDER BY c.seq",
	NULL};
/* Of an order's payments. */
#define OF_PAYMENTS "FROM payments p WHERE p.order_seq = o.order_seq"
#define THAT_COUNT " AND p.currency = o.currency"
#define PAYMENTS_SUMS \
	"(SELECT coalesce(sum(p.captured_minor), 0) " OF_PAYMENTS THAT_COUNT "), " \
	"(SELECT coalesce(sum(p.amount_minor), 0) " OF_PAYMENTS THAT_COUNT \
	" AND p.payment_status = 'authorized'), " \
	"(SELECT coalesce(sum(p.refunded_minor), 0) " OF_PAYMENTS THAT_COUNT "), " \
	"(SELECT count(*) " OF_PAYMENTS ")"
const struct statement orders_with_events = {
	"WITH RECURSIVE page (order_seq, seq) AS (SELECT order_seq, last_event_seq FROM orders "
	"WHERE order_seq > $1 ORDER BY order_seq LIMIT $2), "
	"chain (order_seq, seq) AS (SELECT order_seq, seq FROM page UNION ALL "
	"SELECT c.order_seq, j.order_prev_seq FROM chain c JOIN journal j ON j.seq = c.seq "
	"WHERE j.order_prev_seq > 0 AND j.order_prev_seq < c.seq) "
	"SELECT " ORDER_COLUMNS ", o.order_hash, c.seq, j.order_prev_seq, j.line, " PAYMENTS_SUMS
	" FROM chain c JOIN orders o ON o.order_seq = c.order_seq "
	"LEFT JOIN journal j ON j.seq = c.seq ORDER BY c.order_seq, c.seq",
	NULL};

static const struct statement order_insert = {
	"INSERT INTO orders (order_seq, order_hash, order_id, content_hash, state, amount_minor, "
	"was_open, currency, paid_minor, authorized_minor, refunded_minor, items, customer, "
	"description, metadata, expires_us, created_us, updated_us, last_event_seq) "
	"VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, "
	"$19)",
	NULL};
static const struct statement order_update = {
	"UPDATE orders SET state = $2, amount_minor = $3, currency = $4, paid_minor = $5, "
	"authorized_minor = $6, refunded_minor = $7, cancel_reason = $8, expires_us = $9, "
	"updated_us = $10, last_event_seq = $11 WHERE order_seq = $1",
	NULL};
static const struct statement order_redact = {
	"UPDATE orders SET items = $2, customer = NULL, description = NULL, metadata = '{}', "
	"cancel_reason = NULL, updated_us = $3, last_event_seq = $4 WHERE order_seq = $1",
	NULL};
static const struct statement count_add = {
	"UPDATE order_counts SET orders = orders + $2 WHERE name = $1", NULL};
static const struct statement counts = {"SELECT name, orders FROM order_counts", NULL};
static const struct statement count_check = {
	"WITH found (name, orders) AS (SELECT state, count(*) FROM orders GROUP BY state UNION ALL "
	"SELECT 'overpaid', count(*) FROM orders WHERE state <> 'cancelled' AND "
	"paid_minor - refunded_minor > amount_minor) "
	"SELECT c.name, c.orders, coalesce(f.orders, 0) FROM order_counts c "
	"LEFT JOIN found f ON f.name = c.name ORDER BY c.name",
	NULL};

/* ORDER_STATES where there is no such state. */
static int state_of(struct text name)
{
	int state = 0;

	while (state < ORDER_STATES && !text_is(name, order_state_names[state]))
		state++;
	return state;
}

bool order_from_row(const struct db_row *row, struct order *ret_order)
{
	struct order *order = ret_order;
	struct text hash = db_text(row, CONTENT_HASH), id = db_text(row, ORDER_ID);

	*order = (struct order){.order_seq = db_int(row, ORDER_SEQ),
	                        .last_event_seq = db_int(row, LAST_EVENT)};
	text_copy(id.len > ORDER_ID_MAX ? (struct text){id.ptr, ORDER_ID_MAX} : id, order->order_id,
	          sizeof(order->order_id));
	order->state = state_of(db_text(row, STATE));
	order->currency = currency_find(db_text(row, CURRENCY));
	if (hash.len != HASH_BYTES || order->state == ORDER_STATES || order->currency == NULL)
		return false;
	memcpy(order->content_hash.bytes, hash.ptr, HASH_BYTES);
	order->amount_minor = db_money(row, AMOUNT);
	order->was_open = db_int(row, WAS_OPEN) != 0;
	order->paid_minor = db_int(row, PAID);
	order->authorized_minor = db_int(row, AUTHORIZED);
	order->refunded_minor = db_int(row, REFUNDED);
	order->items = db_text(row, ITEMS);
	order->customer = db_text(row, CUSTOMER);
	order->description = db_text(row, DESCRIPTION);
	order->metadata = db_text(row, METADATA);
	order->cancel_reason = db_text(row, CANCEL_REASON);
	order->expires_us = db_is_null(row, EXPIRES) ? INT64_MIN : db_int(row, EXPIRES);
	order->created_us = db_int(row, CREATED);
	order->updated_us = db_int(row, UPDATED);
	if (order->amount_minor < MONEY_NONE || order->refunded_minor < 0 ||
	    order->authorized_minor < 0 || order->paid_minor < order->refunded_minor)
		return false;
	order_derive(order);
	return true;
}

void order_keep(struct order *order, struct buf *kept)
{
	struct text *const texts[] = {&order->items, &order->customer, &order->description,
	                              &order->metadata, &order->cancel_reason};
	size_t at = 0;

	ensure(kept->len == 0);
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		buf_add_text(kept, *texts[i]);
	/* Only now the bytes have their place. */
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		if (texts[i]->ptr == NULL)
			continue;
		*texts[i] =
			kept->full ? TEXT_NONE : (struct text){buf_str(kept) + at, texts[i]->len};
		at += texts[i]->len;
	}
}

void order_send_by_id(struct db *db, uint64_t order_hash, struct text order_id, db_row_fn *row,
                      void *arg)
{
	int64_t recent_seq = hash_index_find(&order_index, order_hash);

	if (recent_seq != 0)
		DB_SEND(db, &order_by_seq, row, arg, V_INT(recent_seq), v_text(order_id));
	DB_SEND(db, &order_by_hash, row, arg, V_INT((int64_t)order_hash), v_text(order_id),
	        V_INT(recent_seq));
}

void order_send_page(struct db *db, int64_t before_seq, int64_t count, db_row_fn *row, void *arg)
{
	DB_SEND(db, &orders_page, row, arg, V_INT(before_seq), V_INT(count));
}

void order_send_lines(struct db *db, int64_t last_event_seq, db_row_fn *row, void *arg)
{
	DB_SEND(db, &lines_to_event, row, arg, V_INT(last_event_seq));
}

void order_send_due(struct db *db, int64_t now_us, int64_t count, db_row_fn *row, void *arg)
{
	DB_SEND(db, &orders_due, row, arg, V_INT(now_us), V_INT(count));
}

void order_send_next_end(struct db *db, int64_t now_us, db_row_fn *row, void *arg)
{
	DB_SEND(db, &next_end, row, arg, V_INT(now_us));
}

static struct db_value v_time(int64_t us)
{
	return us == INT64_MIN ? V_NULL : V_INT(us);
}

void order_write_new(struct db *db, const struct order *order, uint64_t order_hash)
{
	ensure(order->order_seq > 0 && order->last_event_seq >= order->order_seq);
	hash_index_add(&order_index, order_hash, order->order_seq);
	DB_SEND(db, &order_insert, NULL, NULL, V_INT(order->order_seq), V_INT((int64_t)order_hash),
	        v_str(order->order_id), V_BLOB(order->content_hash.bytes, HASH_BYTES),
	        v_str(order_state_names[order->state]), v_money(order->amount_minor),
	        V_INT(order->was_open), v_str(order->currency->code), V_INT(order->paid_minor),
	        V_INT(order->authorized_minor), V_INT(order->refunded_minor), v_text(order->items),
	        v_text(order->customer), v_text(order->description), v_text(order->metadata),
	        v_time(order->expires_us), V_INT(order->created_us), V_INT(order->updated_us),
	        V_INT(order->last_event_seq));
}

void order_write_changed(struct db *db, const struct order *order)
{
	DB_SEND(db, &order_update, NULL, NULL, V_INT(order->order_seq),
	        v_str(order_state_names[order->state]), v_money(order->amount_minor),
	        v_str(order->currency->code), V_INT(order->paid_minor),
	        V_INT(order->authorized_minor), V_INT(order->refunded_minor),
	        v_text(order->cancel_reason), v_time(order->expires_us), V_INT(order->updated_us),
	        V_INT(order->last_event_seq));
}

void order_write_redacted(struct db *db, const struct order *order)
{
	ensure(order->last_event_seq > order->order_seq);
	DB_SEND(db, &order_redact, NULL, NULL, V_INT(order->order_seq), v_text(order->items),
	        V_INT(order->updated_us), V_INT(order->last_event_seq));
}

static void add_count(struct db *db, const char *name, int64_t orders)
{
	if (orders != 0)
		DB_SEND(db, &count_add, NULL, NULL, v_str(name), V_INT(orders));
}

void order_write_totals(struct db *db, const void *totals)
{
	const struct order_totals *all = totals;

	for (size_t i = 0; i < ORDER_STATES; i++)
		add_count(db, order_state_names[i], all->states[i]);
	add_count(db, "overpaid", all->overpaid);
}

void order_send_counts(struct db *db, db_row_fn *row, void *arg)
{
	DB_SEND0(db, &counts, row, arg);
}

void order_send_count_check(struct db *db, db_row_fn *row, void *arg)
{
	DB_SEND0(db, &count_check, row, arg);
}
