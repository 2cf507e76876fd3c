/* payment_store.c - the statements and rows of payments. Rules stay in the cores; orders are in
 * known_order_store.c, refunds in refund_store.c. */
#include "payment_store.h"

#include "columns.h"
#include "storage/seen.h"

const char *const payment_status_names[] = {"processing", "authorized", "success",
                                            "failed",     "voided",     NULL};
const char *const capture_names[] = {"automatic", "manual", NULL};

#define SELECT_PAYMENTS "SELECT " PAYMENT_COLUMNS ", " ORDER_COLUMNS " FROM "
#define PAYMENTS_OF_ORDER "p.payment_key BETWEEN o.order_seq * 1024 AND o.order_seq * 1024 + 1023 "
#define PAYMENTS_WITH_ORDER "payments p JOIN orders o ON o.order_seq = p.payment_key / 1024 "

/* An order through its index, but for the one with the number $3; and that one, $1. */
#define ORDER_BY_HASH "orders_by_hash i JOIN orders o ON o.order_seq = i.order_seq "
#define IS_BY_HASH "WHERE i.order_hash = $1 AND i.order_seq <> $3 AND o.order_id = $2 "
#define IS_BY_SEQ "WHERE o.order_seq = $1 AND o.order_id = $2 "

static const struct statement order_by_hash = {
	SELECT_PAYMENTS ORDER_BY_HASH "LEFT JOIN payments p ON " PAYMENTS_OF_ORDER IS_BY_HASH,
	NULL};
static const struct statement order_by_seq = {
	SELECT_PAYMENTS "orders o LEFT JOIN payments p ON " PAYMENTS_OF_ORDER IS_BY_SEQ, NULL};
static const struct statement payment_by_id = {
	SELECT_PAYMENTS PAYMENTS_WITH_ORDER "WHERE p.payment_id = $1", NULL};
static const struct statement payments_page = {
	SELECT_PAYMENTS PAYMENTS_WITH_ORDER
	"WHERE p.payment_id < $1 ORDER BY p.payment_id DESC LIMIT $2",
	NULL};
static const struct statement payments_by_hash = {
	SELECT_PAYMENTS ORDER_BY_HASH "JOIN payments p ON " PAYMENTS_OF_ORDER IS_BY_HASH
				      "AND p.payment_id < $4 ORDER BY p.payment_id DESC LIMIT $5",
	NULL};
static const struct statement payments_by_seq = {
	SELECT_PAYMENTS "orders o JOIN payments p ON " PAYMENTS_OF_ORDER IS_BY_SEQ
			"AND p.payment_id < $3 ORDER BY p.payment_id DESC LIMIT $4",
	NULL};
/* What only a later event can change is 0 or NULL. */
static const struct statement payment_insert = {
	"INSERT INTO payments (payment_key, payment_id, amount_minor, currency, payment_status, "
	"captured_minor, refunded_minor, refund_pending_minor, refunds_count, capture, "
	"pending_minor, intent_key, is_reversed, has_key, payment_method, processor, "
	"processor_reference, decline_code, description, metadata, created_us, updated_us, "
	"last_event_seq) VALUES ($1, $2, $3, $4, $5, $6, 0, 0, 0, $7, 0, $8, 0, $9, $10, $11, "
	"$12, $13, $14, $15, $16, $17, $18)",
	NULL};
static const struct statement payment_update = {
	"UPDATE payments SET payment_status = $1, captured_minor = $2, refunded_minor = $3, "
	"refund_pending_minor = $4, refunds_count = $5, pending_operation = $6, "
	"pending_minor = $7, intent_key = $8, is_reversed = $9, processor_reference = $10, "
	"decline_code = $11, resolve_reason = $12, updated_us = $13, last_event_seq = $14 "
	"WHERE payment_key = $15",
	NULL};
static const struct statement payment_redact = {
	"UPDATE payments SET description = NULL, metadata = '{}', resolve_reason = NULL "
	"WHERE payment_key = $1",
	NULL};
static const struct statement refund_answers_redact = {
	SEEN_REDACT "IN (SELECT refund_id FROM refunds "
		    "WHERE refund_key BETWEEN $1 * 128 AND $1 * 128 + 127)",
	NULL};
static const struct statement refunds_redact = {
	"UPDATE refunds SET reason = NULL WHERE refund_key BETWEEN $1 * 128 AND $1 * 128 + 127",
	NULL};

/* What is left follows from the rest. */
static bool read_refundable(struct payment *payment)
{
	payment->refundable_minor =
		payment->captured_minor - payment->refunded_minor - payment->refund_pending_minor;
	return payment->captured_minor <= payment->amount_minor && payment->refundable_minor >= 0;
}

bool payment_from_row(const struct db_row *row, struct payment *ret_payment)
{
	struct columns columns = {.row = row};
	struct payment *payment = ret_payment;

	*payment = (struct payment){.payment_key = columns_int(&columns)};
	columns_str(&columns, payment->payment_id, sizeof(payment->payment_id));
	columns_str(&columns, payment->order_id, sizeof(payment->order_id));
	payment->amount_minor = columns_money(&columns);
	payment->currency = columns_currency(&columns);
	payment->status = columns_name(&columns, payment_status_names);
	payment->captured_minor = columns_money(&columns);
	payment->refunded_minor = columns_money(&columns);
	payment->refund_pending_minor = columns_money(&columns);
	payment->refunds_count = columns_int(&columns);
	payment->capture = columns_name(&columns, capture_names);
	payment->pending_operation = columns_name_or(&columns, operation_names, OPERATION_NONE);
	payment->pending_minor = columns_money(&columns);
	payment->intent_key = columns_int(&columns);
	payment->is_reversed = columns_int(&columns) != 0;
	payment->key_is_unknown = db_is_null(row, columns.next);
	payment->has_key = columns_int(&columns) != 0;
	payment->payment_method = columns_text(&columns);
	payment->processor = columns_text(&columns);
	columns_str(&columns, payment->processor_reference, sizeof(payment->processor_reference));
	payment->decline_code = columns_text(&columns);
	payment->description = columns_text(&columns);
	payment->metadata = columns_text(&columns);
	payment->resolve_reason = columns_text(&columns);
	payment->created_us = columns_int(&columns);
	payment->updated_us = columns_int(&columns);
	payment->last_event_seq = columns_int(&columns);
	ensure(columns.next == PAYMENT_COLUMNS_COUNT);
	return read_refundable(payment) && !columns.are_wrong;
}

void payment_place_from_row(const struct db_row *row, struct order_place *ret_place)
{
	bool is_whole = known_order_from_row(row, PAYMENT_COLUMNS_COUNT, ret_place);

	ensure(is_whole);
}

void payment_keep(struct payment *payment, struct buf *kept)
{
	struct text *const texts[] = {&payment->payment_method, &payment->processor,
	                              &payment->decline_code,   &payment->description,
	                              &payment->metadata,       &payment->resolve_reason};

	columns_keep(texts, ARRAY_LEN(texts), kept);
}

bool payment_row_is_empty(const struct db_row *row)
{
	return db_is_null(row, 0);
}

void payment_send_order(struct db *db, uint64_t order_hash, struct text order_id, db_row_fn *row,
                        void *arg)
{
	int64_t recent_seq = hash_index_find(&paid_order_index, order_hash);

	if (recent_seq != 0)
		DB_SEND(db, &order_by_seq, row, arg, V_INT(recent_seq), v_text(order_id));
	DB_SEND(db, &order_by_hash, row, arg, V_INT((int64_t)order_hash), v_text(order_id),
	        V_INT(recent_seq));
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
	int64_t recent_seq = hash_index_find(&paid_order_index, order_hash);

	if (recent_seq != 0)
		DB_SEND(db, &payments_by_seq, row, arg, V_INT(recent_seq), v_text(order_id),
		        v_text(before_id), V_INT(count));
	DB_SEND(db, &payments_by_hash, row, arg, V_INT((int64_t)order_hash), v_text(order_id),
	        V_INT(recent_seq), v_text(before_id), V_INT(count));
}

/* The schema's invariants once more, where what broke them can still be told. */
static void check(const struct payment *payment)
{
	bool is_pending = payment->pending_operation != OPERATION_NONE;

	ensure(payment->payment_key % PAYMENT_KEYS_PER_ORDER < ATTEMPTS_PER_ORDER_MAX);
	ensure(payment->amount_minor > 0 && payment->amount_minor <= MONEY_MINOR_MAX);
	ensure(payment->captured_minor >= 0 && payment->captured_minor <= payment->amount_minor);
	ensure(payment->refunded_minor >= 0 && payment->refund_pending_minor >= 0);
	ensure(payment->refunded_minor <= payment->captured_minor - payment->refund_pending_minor);
	ensure(payment->refunds_count <= REFUNDS_PER_PAYMENT_MAX);
	ensure((payment->status == PAYMENT_SUCCESS) == (payment->captured_minor > 0));
	ensure((payment->status == PAYMENT_FAILED) == (payment->decline_code.ptr != NULL));
	ensure(payment->status != PAYMENT_PROCESSING || payment->intent_key > 0);
	ensure(is_pending == (payment->pending_minor > 0));
	ensure(!is_pending || (payment->status == PAYMENT_AUTHORIZED && payment->intent_key > 0));
	ensure((payment->status != PAYMENT_SUCCESS && payment->status != PAYMENT_VOIDED) ||
	       payment->intent_key == 0);
	ensure(!payment->is_reversed || payment->status == PAYMENT_FAILED);
}

static struct db_value pending_value(const struct payment *payment)
{
	return payment->pending_operation == OPERATION_NONE
	               ? V_NULL
	               : v_str(operation_names[payment->pending_operation]);
}

void payment_write_new(struct db *db, const struct payment *payment)
{
	check(payment);
	ensure(payment->refunded_minor == 0 && payment->refund_pending_minor == 0);
	ensure(payment->refunds_count == 0 && payment->pending_operation == OPERATION_NONE);
	ensure(!payment->is_reversed && payment->resolve_reason.ptr == NULL);
	DB_SEND(db, &payment_insert, NULL, NULL, V_INT(payment->payment_key),
	        v_str(payment->payment_id), v_money(payment->amount_minor),
	        v_str(payment->currency->code), v_str(payment_status_names[payment->status]),
	        v_money(payment->captured_minor), v_str(capture_names[payment->capture]),
	        V_INT(payment->intent_key),
	        payment->key_is_unknown ? V_NULL : V_INT(payment->has_key),
	        v_text(payment->payment_method), v_text(payment->processor),
	        v_str(payment->processor_reference), v_text(payment->decline_code),
	        v_text(payment->description), v_text(payment->metadata), V_INT(payment->created_us),
	        V_INT(payment->updated_us), V_INT(payment->last_event_seq));
}

void payment_write_change(struct db *db, const struct payment *payment)
{
	check(payment);
	DB_SEND(db, &payment_update, NULL, NULL, v_str(payment_status_names[payment->status]),
	        v_money(payment->captured_minor), v_money(payment->refunded_minor),
	        v_money(payment->refund_pending_minor), V_INT(payment->refunds_count),
	        pending_value(payment), v_money(payment->pending_minor), V_INT(payment->intent_key),
	        V_INT(payment->is_reversed), v_str(payment->processor_reference),
	        v_text(payment->decline_code), v_text(payment->resolve_reason),
	        V_INT(payment->updated_us), V_INT(payment->last_event_seq),
	        V_INT(payment->payment_key));
}

void payment_write_redacted(struct db *db, int64_t payment_key)
{
	DB_SEND(db, &payment_redact, NULL, NULL, V_INT(payment_key));
	DB_SEND(db, &refunds_redact, NULL, NULL, V_INT(payment_key));
	DB_SEND(db, &refund_answers_redact, NULL, NULL, V_INT(payment_key));
}
