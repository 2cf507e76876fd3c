/* inquiry.c - the statements and rows of inquiries, and how an event tells of one. */
#include "inquiry.h"

#include <string.h>

#include "columns.h"
#include "payment_store.h"

#define I struct inquiry

const struct field inquiry_fields[] = {
	FIELD_STR("payment_id", I, payment_id, "The payment."),
	FIELD_MONEY("amount", I, amount_minor, FIELD_REQUIRED, 1, "Its amount."),
	FIELD_CURRENCY("currency", I, currency, FIELD_REQUIRED, "ISO 4217."),
	FIELD_ENUM("payment_status", I, status, FIELD_REQUIRED, payment_status_names,
                   "As the order service was told."),
	FIELD_MONEY("amount_captured", I, captured_minor, FIELD_REQUIRED, 0, "Likewise."),
	FIELD_STR("refund_id", I, refund_id, "The refund."),
	FIELD_MONEY("refund_amount", I, refund_minor, FIELD_OPTIONAL, 1, "Its amount."),
	FIELD_END,
};

static const struct statement inquiry_told = {
	"INSERT INTO inquiries (cause_source, cause_seq, cause_hash, order_hash, order_id, "
	"payment_id, refund_id, reference, currency, payment_status, capture, amount_minor, "
	"captured_minor, refund_minor, told_us, next_us) "
	"VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) "
	"ON CONFLICT (payment_id, refund_id) DO UPDATE SET cause_source = $1, cause_seq = $2, "
	"cause_hash = $3, reference = coalesce($8, reference), payment_status = $10, "
	"captured_minor = $13, told_us = $15, next_us = $16",
	NULL};
static const struct statement inquiry_next = {
	"UPDATE inquiries SET next_us = $1 WHERE inquiry_key = $2 AND cause_hash = $3", NULL};
static const struct statement inquiry_delete = {
	"DELETE FROM inquiries WHERE inquiry_key = $1 AND cause_hash = $2", NULL};
static const struct statement inquiry_due = {
	"SELECT " INQUIRY_COLUMNS " FROM inquiries i WHERE i.next_us <= $1 AND NOT EXISTS "
	"(SELECT 1 FROM inquiries o WHERE o.payment_id = i.payment_id "
	"AND o.inquiry_key < i.inquiry_key AND o.next_us IS NOT NULL) ORDER BY i.next_us, "
	"i.inquiry_key LIMIT 1",
	NULL};
const struct statement inquiries_state = {
	"SELECT count(next_us), min(next_us), count(*) - count(next_us) FROM inquiries", NULL};
const struct statement inquiries_accepted = {"DELETE FROM inquiries WHERE next_us IS NULL", NULL};

void inquiry_write_told(struct db *db, const struct inquiry *inquiry, int64_t next_us)
{
	const struct cause *cause = &inquiry->cause;

	DB_SEND(db, &inquiry_told, NULL, NULL, v_str(cause->source), V_INT(cause->seq),
	        V_BLOB(cause->hash.bytes, HASH_BYTES), V_INT((int64_t)inquiry->order_hash),
	        v_str(inquiry->order_id), v_str(inquiry->payment_id), v_str(inquiry->refund_id),
	        inquiry->reference[0] == '\0' ? V_NULL : v_str(inquiry->reference),
	        v_str(inquiry->currency->code), v_str(payment_status_names[inquiry->status]),
	        v_str(capture_names[inquiry->capture]), v_money(inquiry->amount_minor),
	        v_money(inquiry->captured_minor), v_money(inquiry->refund_minor),
	        V_INT(inquiry->told_us), V_INT(next_us));
}

void inquiry_write_next(struct db *db, const struct inquiry *inquiry, int64_t next_us)
{
	DB_SEND(db, &inquiry_next, NULL, NULL, next_us == INT64_MAX ? V_NULL : V_INT(next_us),
	        V_INT(inquiry->inquiry_key), V_BLOB(inquiry->cause.hash.bytes, HASH_BYTES));
}

void inquiry_write_end(struct db *db, const struct inquiry *inquiry)
{
	DB_SEND(db, &inquiry_delete, NULL, NULL, V_INT(inquiry->inquiry_key),
	        V_BLOB(inquiry->cause.hash.bytes, HASH_BYTES));
}

bool inquiry_from_row(const struct db_row *row, struct inquiry *ret_inquiry)
{
	struct columns columns = {.row = row};
	struct inquiry *inquiry = ret_inquiry;
	struct text hash;

	*inquiry = (struct inquiry){.inquiry_key = columns_int(&columns)};
	columns_str(&columns, inquiry->cause.source, sizeof(inquiry->cause.source));
	inquiry->cause.seq = columns_int(&columns);
	hash = columns_text(&columns);
	columns.are_wrong |= hash.len != HASH_BYTES;
	if (!columns.are_wrong)
		memcpy(inquiry->cause.hash.bytes, hash.ptr, HASH_BYTES);
	inquiry->order_hash = (uint64_t)columns_int(&columns);
	columns_str(&columns, inquiry->order_id, sizeof(inquiry->order_id));
	columns_str(&columns, inquiry->payment_id, sizeof(inquiry->payment_id));
	columns_str(&columns, inquiry->refund_id, sizeof(inquiry->refund_id));
	text_copy(columns_text(&columns), inquiry->reference, sizeof(inquiry->reference));
	inquiry->currency = columns_currency(&columns);
	inquiry->status = columns_name(&columns, payment_status_names);
	inquiry->capture = columns_name(&columns, capture_names);
	inquiry->amount_minor = columns_money(&columns);
	inquiry->captured_minor = columns_money(&columns);
	inquiry->refund_minor = db_money(row, columns.next++);
	inquiry->told_us = columns_int(&columns);
	ensure(columns.next == INQUIRY_COLUMNS_COUNT);
	return !columns.are_wrong;
}

void inquiry_send_due(struct db *db, int64_t now_us, db_row_fn *row, void *arg)
{
	DB_SEND(db, &inquiry_due, row, arg, V_INT(now_us));
}
