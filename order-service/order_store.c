/* order_store.c - the order service's statements and rows. Rules stay in order_core.c. */
#include "order_store.h"

#include <string.h>

const char *const order_status_names[] = {"success", NULL};
const char *const order_state_names[] = {"pending", NULL};

struct hash_index order_index = HASH_INDEX("orders_by_hash", "orders", "order_hash", "order_seq");

#define ORDER_COLUMNS \
	"o.order_seq, o.order_id, o.content_hash, o.state, o.amount_minor, o.currency, o.items, " \
	"o.customer, o.description, " \
	"o.metadata, o.expires_us, o.created_us, o.updated_us, o.last_event_seq"

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
const struct statement orders_with_events = {"SELECT " ORDER_COLUMNS
                                             ", j.line, j.order_prev_seq, o.order_hash, f.line "
                                             "FROM orders o "
                                             "LEFT JOIN journal j ON j.seq = o.last_event_seq "
                                             "LEFT JOIN journal f ON f.seq = o.order_seq "
                                             "WHERE o.order_seq > $1 ORDER BY o.order_seq LIMIT $2",
                                             NULL};
static const struct statement order_insert = {
	"INSERT INTO orders (order_seq, order_hash, order_id, content_hash, state, amount_minor, "
	"currency, items, customer, "
	"description, metadata, expires_us, created_us, updated_us, last_event_seq) "
	"VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $1)",
	NULL};

static const struct statement order_redact = {
	"UPDATE orders SET items = $2, customer = NULL, description = NULL, metadata = '{}', "
	"updated_us = $3, last_event_seq = $4 WHERE order_seq = $1",
	NULL};

void order_from_row(const struct db_row *row, struct order *ret_order)
{
	struct order *order = ret_order;
	struct text hash = db_text(row, 2);

	*order = (struct order){.order_seq = db_int(row, 0)};
	text_copy(db_text(row, 1), order->order_id, sizeof(order->order_id));
	ensure(hash.len == HASH_BYTES);
	memcpy(order->content_hash.bytes, hash.ptr, HASH_BYTES);
	while (!text_is(db_text(row, 3), order_state_names[order->state]))
		ensure(order_state_names[++order->state] != NULL);
	order->amount_minor = db_money(row, 4);
	order->currency = currency_find(db_text(row, 5));
	order->due_minor = order_due(order->amount_minor, order->paid_minor);
	order->items = db_text(row, 6);
	order->customer = db_text(row, 7);
	order->description = db_text(row, 8);
	order->metadata = db_text(row, 9);
	order->expires_us = db_is_null(row, 10) ? INT64_MIN : db_int(row, 10);
	order->created_us = db_int(row, 11);
	order->updated_us = db_int(row, 12);
	order->last_event_seq = db_int(row, 13);
	ensure(order->currency != NULL);
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

void order_write_new(struct db *db, const struct order *order, uint64_t order_hash)
{
	ensure(order->order_seq > 0 && order->last_event_seq == order->order_seq);
	hash_index_add(&order_index, order_hash, order->order_seq);
	DB_SEND(db, &order_insert, NULL, NULL, V_INT(order->order_seq), V_INT((int64_t)order_hash),
	        v_str(order->order_id), V_BLOB(order->content_hash.bytes, HASH_BYTES),
	        v_str(order_state_names[order->state]), v_money(order->amount_minor),
	        v_str(order->currency->code), v_text(order->items), v_text(order->customer),
	        v_text(order->description), v_text(order->metadata),
	        order->expires_us == INT64_MIN ? V_NULL : V_INT(order->expires_us),
	        V_INT(order->created_us), V_INT(order->updated_us));
}

void order_write_redacted(struct db *db, const struct order *order)
{
	ensure(order->last_event_seq > order->order_seq);
	DB_SEND(db, &order_redact, NULL, NULL, V_INT(order->order_seq), v_text(order->items),
	        V_INT(order->updated_us), V_INT(order->last_event_seq));
}
