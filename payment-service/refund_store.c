/* refund_store.c - the statements and rows of refunds. Rules stay in the cores. */
#include "columns.h"
#include "payment_store.h"

const char *const refund_status_names[] = {"processing", "success", "failed", NULL};

#define SELECT_REFUNDS \
	"SELECT " REFUND_COLUMNS " FROM refunds r " \
	"JOIN payments p ON p.payment_key = r.refund_key / 128 " \
	"JOIN orders o ON o.order_seq = p.payment_key / 1024 "

static const struct statement refund_by_id = {SELECT_REFUNDS "WHERE r.refund_id = $1", NULL};
static const struct statement refunds_of_payment = {
	SELECT_REFUNDS "WHERE r.refund_key BETWEEN $1 * 128 AND $1 * 128 + 127 "
		       "AND r.refund_key < $2 ORDER BY r.refund_key DESC LIMIT $3",
	NULL};
static const struct statement refund_insert = {
	"INSERT INTO refunds (refund_key, refund_id, amount_minor, refund_status, is_made_again, "
	"intent_key, reason, processor_reference, decline_code, created_us, updated_us, "
	"last_event_seq) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
	NULL};
static const struct statement refunds_made_again = {
	"SELECT p.currency, r.amount_minor, r.created_us FROM payments p "
	"JOIN refunds r ON r.refund_key BETWEEN p.payment_key * 128 AND p.payment_key * 128 + 127 "
	"WHERE p.payment_id = $1 AND r.is_made_again = 1 AND r.refund_status <> 'failed'",
	NULL};
static const struct statement refund_update = {
	"UPDATE refunds SET refund_status = $1, intent_key = $2, processor_reference = $3, "
	"decline_code = $4, updated_us = $5, last_event_seq = $6 WHERE refund_key = $7",
	NULL};

bool refund_from_row(const struct db_row *row, struct refund *ret_refund)
{
	struct columns columns = {.row = row};
	struct refund *refund = ret_refund;

	*refund = (struct refund){.refund_key = columns_int(&columns)};
	columns_str(&columns, refund->refund_id, sizeof(refund->refund_id));
	columns_str(&columns, refund->payment_id, sizeof(refund->payment_id));
	columns_str(&columns, refund->order_id, sizeof(refund->order_id));
	refund->currency = columns_currency(&columns);
	refund->amount_minor = columns_money(&columns);
	refund->status = columns_name(&columns, refund_status_names);
	refund->reason = columns_text(&columns);
	refund->decline_code = columns_text(&columns);
	columns_str(&columns, refund->processor_reference, sizeof(refund->processor_reference));
	refund->created_us = columns_int(&columns);
	refund->updated_us = columns_int(&columns);
	refund->last_event_seq = columns_int(&columns);
	refund->intent_key = columns_int(&columns);
	ensure(columns.next == REFUND_COLUMNS_COUNT);
	return !columns.are_wrong;
}

void refund_send_by_id(struct db *db, struct text refund_id, db_row_fn *row, void *arg)
{
	DB_SEND(db, &refund_by_id, row, arg, v_text(refund_id));
}

void refund_send_of_payment(struct db *db, int64_t payment_key, int64_t before_key, int64_t count,
                            db_row_fn *row, void *arg)
{
	DB_SEND(db, &refunds_of_payment, row, arg, V_INT(payment_key), V_INT(before_key),
	        V_INT(count));
}

void refund_send_made_again(struct db *db, struct text payment_id, db_row_fn *row, void *arg)
{
	DB_SEND(db, &refunds_made_again, row, arg, v_text(payment_id));
}

static void check(const struct refund *refund)
{
	ensure(refund->refund_key % REFUND_KEYS_PER_PAYMENT < REFUNDS_PER_PAYMENT_MAX);
	ensure(refund->amount_minor > 0 && refund->amount_minor <= MONEY_MINOR_MAX);
	ensure((refund->status == REFUND_PROCESSING) == (refund->intent_key > 0));
	ensure((refund->status == REFUND_FAILED) == (refund->decline_code.ptr != NULL));
}

void refund_write_new(struct db *db, const struct refund *refund)
{
	check(refund);
	DB_SEND(db, &refund_insert, NULL, NULL, V_INT(refund->refund_key), v_str(refund->refund_id),
	        v_money(refund->amount_minor), v_str(refund_status_names[refund->status]),
	        V_INT(refund->is_made_again), V_INT(refund->intent_key), v_text(refund->reason),
	        v_str(refund->processor_reference), v_text(refund->decline_code),
	        V_INT(refund->created_us), V_INT(refund->updated_us),
	        V_INT(refund->last_event_seq));
}

void refund_write_change(struct db *db, const struct refund *refund)
{
	check(refund);
	DB_SEND(db, &refund_update, NULL, NULL, v_str(refund_status_names[refund->status]),
	        V_INT(refund->intent_key), v_str(refund->processor_reference),
	        v_text(refund->decline_code), V_INT(refund->updated_us),
	        V_INT(refund->last_event_seq), V_INT(refund->refund_key));
}
