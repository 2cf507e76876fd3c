/* known_order_store.c - the statements and rows of orders, and of payments that are to be given
 * back. Rules stay in known_order_core.c. */
#include "known_order_store.h"

#include <string.h>

#include "columns.h"

struct hash_index paid_order_index =
	HASH_INDEX("orders_by_hash", "orders", "order_hash", "order_seq");

const char *const order_end_names[] = {
	[ORDER_LIVES] = "", [ORDER_CANCELLED] = "cancelled", [ORDER_EXPIRED] = "expired", NULL};

static const struct statement order_insert = {
	"INSERT INTO orders (order_seq, order_hash, order_id, last_event_seq, excess_minor) "
	"VALUES ($1, $2, $3, $4, 0)",
	NULL};
static const struct statement order_event = {
	"UPDATE orders SET last_event_seq = $1 WHERE order_seq = $2", NULL};
static const struct statement order_heard = {
	"UPDATE orders SET currency = $1, total_minor = $2, expires_us = $3, ended = $4, "
	"excess_minor = $5, cause_source = $6, cause_seq = $7, cause_hash = $8 "
	"WHERE order_seq = $9",
	NULL};
static const struct statement return_insert = {
	"INSERT INTO returns (payment_key, since_us, next_us, traceparent) VALUES ($1, $2, $2, $3) "
	"ON CONFLICT (payment_key) DO NOTHING",
	NULL};
static const struct statement return_due = {
	"UPDATE returns SET since_us = $1, next_us = $1 WHERE payment_key = $2", NULL};
static const struct statement return_tried = {
	"UPDATE returns SET next_us = $1 WHERE payment_key = $2", NULL};
static const struct statement return_delete = {"DELETE FROM returns WHERE payment_key = $1", NULL};
/* None while this service's own journal may lack what was given back already (storage/peer.h,
 * inquiry.h). */
static const struct statement returns_due = {
	"SELECT r.payment_key, p.payment_id, r.since_us, r.traceparent FROM returns r "
	"JOIN payments p ON p.payment_key = r.payment_key "
	"WHERE r.next_us <= $1 AND (SELECT rollback FROM peer WHERE id = 1) = 0 "
	"AND NOT EXISTS (SELECT 1 FROM inquiries i WHERE i.payment_id = p.payment_id "
	"AND i.next_us IS NOT NULL) "
	"ORDER BY r.next_us, r.payment_key LIMIT $2",
	NULL};
static const struct statement returns_state = {
	"SELECT (SELECT min(next_us) FROM returns), "
	"(SELECT count(*) FROM returns WHERE next_us IS NULL)",
	NULL};

static const struct currency *read_currency(struct columns *columns)
{
	if (!db_is_null(columns->row, columns->next))
		return columns_currency(columns);
	columns->next++;
	return NULL;
}

static void read_cause(struct columns *columns, struct cause *ret_cause)
{
	struct text source = columns_text(columns), hash;

	*ret_cause = (struct cause){.seq = columns_int(columns)};
	hash = columns_text(columns);
	if (source.ptr == NULL)
		return;
	if (source.len >= sizeof(ret_cause->source) || hash.len != HASH_BYTES) {
		columns->are_wrong = true;
		return;
	}
	text_copy(source, ret_cause->source, sizeof(ret_cause->source));
	memcpy(ret_cause->hash.bytes, hash.ptr, HASH_BYTES);
}

bool known_order_from_row(const struct db_row *row, int column, struct order_place *ret_place)
{
	struct columns columns = {.row = row, .next = column};
	struct order_place *place = ret_place;

	*place = (struct order_place){.order_seq = columns_int(&columns)};
	place->order_hash = (uint64_t)columns_int(&columns);
	place->last_event_seq = columns_int(&columns);
	place->heard.currency = read_currency(&columns);
	place->heard.total_minor = columns_money(&columns);
	place->heard.expires_us = columns_int(&columns);
	place->heard.end = columns_name_or(&columns, order_end_names, ORDER_LIVES);
	place->excess_minor = columns_int(&columns);
	read_cause(&columns, &place->cause);
	ensure(columns.next == column + ORDER_COLUMNS_COUNT);
	return !columns.are_wrong;
}

void known_order_write_new(struct db *db, struct order_place *place, struct text order_id,
                           int64_t last_event_seq)
{
	place->order_seq = hash_index_next_key(&paid_order_index);
	hash_index_add(&paid_order_index, place->order_hash, place->order_seq);
	DB_SEND(db, &order_insert, NULL, NULL, V_INT(place->order_seq),
	        V_INT((int64_t)place->order_hash), v_text(order_id), V_INT(last_event_seq));
}

void known_order_write_event(struct db *db, int64_t order_seq, int64_t last_event_seq)
{
	ensure(last_event_seq > 0);
	DB_SEND(db, &order_event, NULL, NULL, V_INT(last_event_seq), V_INT(order_seq));
}

static struct db_value value_unless_0(int64_t value)
{
	return value == 0 ? V_NULL : V_INT(value);
}

void known_order_write_heard(struct db *db, const struct order_place *place)
{
	const struct order_heard *heard = &place->heard;
	const struct cause *cause = &place->cause;
	bool has_cause = cause->seq != 0;

	ensure(heard->total_minor == 0 || heard->currency != NULL);
	ensure(heard->end == ORDER_LIVES || has_cause);
	DB_SEND(db, &order_heard, NULL, NULL,
	        heard->currency == NULL ? V_NULL : v_str(heard->currency->code),
	        value_unless_0(heard->total_minor), value_unless_0(heard->expires_us),
	        heard->end == ORDER_LIVES ? V_NULL : v_str(order_end_names[heard->end]),
	        V_INT(place->excess_minor), has_cause ? v_str(cause->source) : V_NULL,
	        value_unless_0(cause->seq),
	        has_cause ? V_BLOB(cause->hash.bytes, HASH_BYTES) : V_NULL,
	        V_INT(place->order_seq));
}

void return_write_new(struct db *db, int64_t payment_key, int64_t now_us, struct text traceparent)
{
	ensure(payment_key > 0);
	DB_SEND(db, &return_insert, NULL, NULL, V_INT(payment_key), V_INT(now_us),
	        v_text(traceparent));
}

void return_write_due(struct db *db, int64_t payment_key, int64_t now_us)
{
	DB_SEND(db, &return_due, NULL, NULL, V_INT(now_us), V_INT(payment_key));
}

void return_write_tried(struct db *db, int64_t payment_key, int64_t next_us)
{
	DB_SEND(db, &return_tried, NULL, NULL, next_us == INT64_MAX ? V_NULL : V_INT(next_us),
	        V_INT(payment_key));
}

void return_write_end(struct db *db, int64_t payment_key)
{
	DB_SEND(db, &return_delete, NULL, NULL, V_INT(payment_key));
}

void return_send_due(struct db *db, int64_t now_us, int64_t count, db_row_fn *row, void *arg)
{
	DB_SEND(db, &returns_due, row, arg, V_INT(now_us), V_INT(count));
}

void return_send_state(struct db *db, db_row_fn *row, void *arg)
{
	DB_SEND0(db, &returns_state, row, arg);
}
