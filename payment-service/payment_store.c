/* payment_store.c - the payment service's statements and rows. Rules stay in payment_core.c. */
#include "payment_store.h"

const char *const payment_status_names[] = {"success", "failed", NULL};
const char *const capture_names[] = {"automatic", NULL};

#define PAYMENT_COLUMNS \
	"p.payment_key, p.payment_id, o.order_id, p.amount_minor, p.currency, p.payment_status, " \
	"p.amount_captured_minor, p.capture, p.has_key, p.payment_method, p.processor, " \
	"p.processor_reference, " \
	"p.decline_code, p.description, p.metadata, p.created_us, p.updated_us, p.last_event_seq"
#define ORDER_SEQ_COLUMN 18
#define ORDER_EVENT_COLUMN 19

static const struct statement order_with_payments = {
	"SELECT " PAYMENT_COLUMNS
	", o.order_seq, o.last_event_seq FROM orders o LEFT JOIN payments p "
	"ON p.payment_key BETWEEN o.order_seq * 128 AND o.order_seq * 128 + 127 "
	"WHERE o.order_hash = $1 AND o.order_id = $2",
	NULL};
static const struct statement payment_by_id = {
	"SELECT " PAYMENT_COLUMNS
	" FROM payments p JOIN orders o ON o.order_seq = p.payment_key / 128 "
	"WHERE p.payment_id = $1",
	NULL};
static const struct statement payments_page = {
	"SELECT " PAYMENT_COLUMNS
	" FROM payments p JOIN orders o ON o.order_seq = p.payment_key / 128 "
	"WHERE p.payment_id < $1 ORDER BY p.payment_id DESC LIMIT $2",
	NULL};
static const struct statement payments_of_order = {
	"SELECT " PAYMENT_COLUMNS " FROM orders o JOIN payments p "
	"ON p.payment_key BETWEEN o.order_seq * 128 AND o.order_seq * 128 + 127 "
	"WHERE o.order_hash = $1 AND o.order_id = $2 AND p.payment_id < $3 ORDER BY p.payment_id "
	"DESC LIMIT $4",
	NULL};
const struct statement payments_with_events = {
	"SELECT " PAYMENT_COLUMNS ", j.line, j.order_prev_seq, b.last_event_seq FROM payments p "
	"LEFT JOIN orders o ON o.order_seq = p.payment_key / 128 "
	"LEFT JOIN journal j ON j.seq = p.last_event_seq "
	"LEFT JOIN payments b ON b.payment_key = p.payment_key - 1 "
	"WHERE p.payment_key > $1 ORDER BY p.payment_key LIMIT $2",
	NULL};
static const struct statement order_insert = {"INSERT INTO orders (order_seq, order_hash, "
                                              "order_id, last_event_seq) VALUES ($1, $2, $3, $1)",
                                              NULL};
static const struct statement order_event = {
	"UPDATE orders SET last_event_seq = $1 WHERE order_seq = $2", NULL};
static const struct statement payment_insert = {
	"INSERT INTO payments (payment_key, payment_id, amount_minor, currency, payment_status, "
	"amount_captured_minor, "
	"capture, has_key, payment_method, processor, processor_reference, decline_code, "
	"description, metadata, created_us, "
	"updated_us, last_event_seq) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, "
	"$13, $14, $15, $16, $17)",
	NULL};

/* The place of a name that a CHECK of the schema admits. */
static int name_index(const char *const *names, struct text name)
{
	int index = 0;

	while (names[index] != NULL && !text_is(name, names[index]))
		index++;
	ensure(names[index] != NULL);
	return index;
}

void payment_from_row(const struct db_row *row, struct payment *ret_payment)
{
	struct payment *payment = ret_payment;

	*payment = (struct payment){.payment_key = db_int(row, 0), .pending_operation = -1};
	text_copy(db_text(row, 1), payment->payment_id, sizeof(payment->payment_id));
	text_copy(db_text(row, 2), payment->order_id, sizeof(payment->order_id));
	payment->amount_minor = db_money(row, 3);
	payment->currency = currency_find(db_text(row, 4));
	payment->status = name_index(payment_status_names, db_text(row, 5));
	payment->captured_minor = db_money(row, 6);
	payment->refundable_minor = payment->captured_minor;
	payment->capture = name_index(capture_names, db_text(row, 7));
	payment->has_key = db_int(row, 8) != 0;
	payment->payment_method = db_text(row, 9);
	payment->processor = db_text(row, 10);
	text_copy(db_text(row, 11), payment->processor_reference,
	          sizeof(payment->processor_reference));
	payment->decline_code = db_text(row, 12);
	payment->description = db_text(row, 13);
	payment->metadata = db_text(row, 14);
	payment->created_us = db_int(row, 15);
	payment->updated_us = db_int(row, 16);
	payment->last_event_seq = db_int(row, 17);
	ensure(payment->currency != NULL);
}

bool payment_from_order_row(const struct db_row *row, int64_t *ret_order_seq,
                            int64_t *ret_last_event_seq, struct payment *ret_payment)
{
	*ret_order_seq = db_int(row, ORDER_SEQ_COLUMN);
	*ret_last_event_seq = db_int(row, ORDER_EVENT_COLUMN);
	if (db_is_null(row, 0))
		return false;
	payment_from_row(row, ret_payment);
	return true;
}

void payment_send_order(struct db *db, uint64_t order_hash, struct text order_id, db_row_fn *row,
                        void *arg)
{
	DB_SEND(db, &order_with_payments, row, arg, V_INT((int64_t)order_hash), v_text(order_id));
}

void payment_send_by_id(struct db *db, struct text payment_id, db_row_fn *row, void *arg)
{
	DB_SEND(db, &payment_by_id, row, arg, v_text(payment_id));
}

void payment_send_page(struct db *db, struct text before_id, int64_t count, db_row_fn *row,
                       void *arg)
{
	DB_SEND(db, &payments_page, row, arg, v_text(before_id), V_INT(count));
}

void payment_send_of_order(struct db *db, uint64_t order_hash, struct text order_id,
                           struct text before_id, int64_t count, db_row_fn *row, void *arg)
{
	DB_SEND(db, &payments_of_order, row, arg, V_INT((int64_t)order_hash), v_text(order_id),
	        v_text(before_id), V_INT(count));
}

void payment_write_order_new(struct db *db, int64_t order_seq, uint64_t order_hash,
                             struct text order_id)
{
	DB_SEND(db, &order_insert, NULL, NULL, V_INT(order_seq), V_INT((int64_t)order_hash),
	        v_text(order_id));
}

void payment_write_order_event(struct db *db, int64_t order_seq, int64_t last_event_seq)
{
	DB_SEND(db, &order_event, NULL, NULL, V_INT(last_event_seq), V_INT(order_seq));
}

void payment_write_new(struct db *db, const struct payment *payment)
{
	ensure(payment->payment_key % PAYMENT_KEYS_PER_ORDER < PAYMENTS_PER_ORDER_MAX);
	ensure(payment->captured_minor >= 0 && payment->captured_minor <= payment->amount_minor);
	DB_SEND(db, &payment_insert, NULL, NULL, V_INT(payment->payment_key),
	        v_str(payment->payment_id), v_money(payment->amount_minor),
	        v_str(payment->currency->code), v_str(payment_status_names[payment->status]),
	        v_money(payment->captured_minor), v_str(capture_names[payment->capture]),
	        V_INT(payment->has_key ? 1 : 0), v_text(payment->payment_method),
	        v_text(payment->processor), v_str(payment->processor_reference),
	        v_text(payment->decline_code), v_text(payment->description),
	        v_text(payment->metadata), V_INT(payment->created_us), V_INT(payment->updated_us),
	        V_INT(payment->last_event_seq));
}
