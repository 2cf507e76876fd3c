/* order_payments.c - payments of orders: from events, and their rows. Rules stay in settle_core.c.
 */
#include "order_payments.h"

#include <string.h>

#include "order_store.h"
#include "storage/journal.h"

const char *const paid_status_names[] = {
	[PAID_PROCESSING] = "processing", [PAID_AUTHORIZED] = "authorized",
	[PAID_SUCCESS] = "success",       [PAID_FAILED] = "failed",
	[PAID_VOIDED] = "voided",         NULL};
const char *const paid_capture_names[] = {"automatic", "manual", NULL};

/* ---- events ---- */

/* Each tells the whole state of a payment. */
static const char *const event_types[] = {
	"payment.processing", "payment.authorized", "payment.captured", "payment.failed",
	"payment.voided",     "refund.processing",  "refund.succeeded", "refund.failed"};

static bool is_about_a_payment(struct text type)
{
	for (size_t i = 0; i < ARRAY_LEN(event_types); i++)
		if (text_is(type, event_types[i]))
			return true;
	return false;
}

static struct text read_text(const cJSON *object, const char *name)
{
	const cJSON *member = json_member(object, name);

	return cJSON_IsString(member) ? text_of(member->valuestring) : TEXT_NONE;
}

/* -1: there is no such name. */
static int number_of(struct text name, const char *const *names)
{
	for (int i = 0; names[i] != NULL; i++)
		if (text_is(name, names[i]))
			return i;
	return -1;
}

static bool read_amount(const struct json_doc *doc, const cJSON *data, const char *name,
                        const struct currency *currency, int64_t *ret_minor)
{
	const cJSON *member = json_member(data, name);
	struct decimal decimal;

	return cJSON_IsNumber(member) &&
	       decimal_parse(json_number_text(doc, member), &decimal) == MONEY_OK &&
	       decimal_to_minor(decimal, currency, ret_minor) == MONEY_OK;
}

static bool read_seq(const struct json_doc *doc, int64_t *ret_seq)
{
	const cJSON *member = json_member(doc->root, "seq");

	return cJSON_IsNumber(member) &&
	       text_to_int(json_number_text(doc, member), INT64_MAX, ret_seq) && *ret_seq > 0;
}

/* What is wrong with the payment that the event tells of, or NULL. */
static const char *read_payment(const struct json_doc *doc, struct order_payment *payment)
{
	const cJSON *data = json_member(doc->root, "data");
	struct text id = read_text(data, "payment_id");

	if (!read_seq(doc, &payment->seq))
		return "the event's seq is no number";
	if (id.ptr == NULL || !id_is_valid("pay_", id))
		return "the payment_id is malformed";
	text_copy(id, payment->payment_id, sizeof(payment->payment_id));
	payment->currency = currency_find(read_text(data, "currency"));
	if (payment->currency == NULL)
		return "the currency is unknown";
	payment->status = number_of(read_text(data, "payment_status"), paid_status_names);
	if (payment->status < 0)
		return "the payment_status is unknown";
	if (!read_amount(doc, data, "amount", payment->currency, &payment->amount_minor) ||
	    !read_amount(doc, data, "amount_captured", payment->currency,
	                 &payment->captured_minor) ||
	    !read_amount(doc, data, "amount_refunded", payment->currency, &payment->refunded_minor))
		return "an amount is malformed";
	if (payment->amount_minor == 0 || payment->captured_minor > payment->amount_minor ||
	    payment->refunded_minor > payment->captured_minor ||
	    (payment->captured_minor > 0) != (payment->status == PAID_SUCCESS))
		return "the amounts are those of no payment";
	return NULL;
}

/* What is wrong with what it tells of references, or NULL. */
static const char *read_references(const struct json_doc *doc,
                                   struct order_payment_command *command)
{
	const cJSON *data = json_member(doc->root, "data");
	struct text id = read_text(data, "refund_id"), reference = read_text(data, "reference");

	command->capture = number_of(read_text(data, "capture"), paid_capture_names);
	if (reference.ptr != NULL && id_is_valid("evt_", reference))
		text_copy(reference, command->reference, sizeof(command->reference));
	command->refund_minor = MONEY_NONE;
	if (id.ptr == NULL)
		return NULL;
	if (!id_is_valid("ref_", id))
		return "the refund_id is malformed";
	text_copy(id, command->refund_id, sizeof(command->refund_id));
	return read_amount(doc, data, "refund_amount", command->payment.currency,
	                   &command->refund_minor)
	               ? NULL
	               : "the refund_amount is malformed";
}

enum paid_event_fault order_payment_from_event(struct text line, const struct json_doc *doc,
                                               const uint8_t *sip_key,
                                               struct order_payment_command *ret_command,
                                               const char **ret_why)
{
	struct order_payment_command command = {.line = line};
	struct text order_id = read_text(doc->root, "subject");

	if (!is_about_a_payment(read_text(doc->root, "type")))
		return PAID_EVENT_OTHER;
	*ret_why = read_payment(doc, &command.payment);
	if (*ret_why == NULL)
		*ret_why = read_references(doc, &command);
	if (line.len > JOURNAL_LINE_MAX)
		*ret_why = "the event is too long";
	else if (order_id.ptr == NULL || !text_is_order_id(order_id))
		*ret_why = "the subject is no order_id";
	if (*ret_why != NULL)
		return PAID_EVENT_MALFORMED;
	text_copy(order_id, command.order_id, sizeof(command.order_id));
	command.order_hash = hash_keyed(sip_key, order_id);
	*ret_command = command;
	return PAID_EVENT_OK;
}

/* ---- rows ---- */

#define PAYMENT_COLUMNS \
	"p.payment_key, p.payment_id, p.currency, p.payment_status, p.amount_minor, " \
	"p.captured_minor, p.refunded_minor, p.captured_seq, p.seq"

enum {
	PAYMENT_KEY,
	PAYMENT_ID,
	CURRENCY,
	STATUS,
	AMOUNT,
	CAPTURED,
	REFUNDED,
	CAPTURED_SEQ,
	SEQ,
	COLUMNS
};
static_assert((int)COLUMNS == (int)ORDER_PAYMENT_HASH_COLUMN, "an audit's columns follow");

/* As orders are found (order_store.c), and those whose order did not come yet. */
static const struct statement payments_by_seq = {
	"SELECT " PAYMENT_COLUMNS " FROM payments p WHERE p.order_seq = $1 AND p.order_id = $2 "
	"ORDER BY p.payment_key",
	NULL};
static const struct statement payments_by_hash = {
	"SELECT " PAYMENT_COLUMNS " FROM orders_by_hash i JOIN payments p "
	"ON p.order_seq = i.order_seq WHERE i.order_hash = $1 AND i.order_seq <> $3 "
	"AND p.order_id = $2 ORDER BY p.payment_key",
	NULL};
static const struct statement payments_early = {
	"SELECT " PAYMENT_COLUMNS " FROM payments p WHERE p.order_seq IS NULL "
	"AND p.order_hash = $1 AND p.order_id = $2 ORDER BY p.payment_key",
	NULL};
static const struct statement payments_tie = {
	"UPDATE payments SET order_seq = $1 WHERE order_seq IS NULL AND order_hash = $2 "
	"AND order_id = $3",
	NULL};
const struct statement order_payments_with_lines = {
	"SELECT " PAYMENT_COLUMNS ", p.order_hash, p.order_id, CASE WHEN p.order_seq IS NULL "
	"THEN NOT EXISTS (SELECT 1 FROM orders o JOIN orders_by_hash i "
	"ON o.order_seq = i.order_seq WHERE i.order_hash = p.order_hash "
	"AND o.order_id = p.order_id) ELSE EXISTS (SELECT 1 FROM orders o "
	"WHERE o.order_seq = p.order_seq AND o.order_id = p.order_id) END, e.line "
	"FROM payments p LEFT JOIN payment_events e ON e.event_key = p.last_event_key "
	"WHERE p.payment_key > $1 ORDER BY p.payment_key LIMIT $2",
	NULL};
/* Back from each payment's newest event; whatever is stored, the key falls, so the walk ends. */
static const struct statement lines_of_order = {
	"WITH RECURSIVE chain (event_key) AS (SELECT p.last_event_key FROM payments p "
	"WHERE p.order_seq = $1 UNION ALL "
	"SELECT e.prev_event_key FROM chain c JOIN payment_events e ON e.event_key = c.event_key "
	"WHERE e.prev_event_key > 0 AND e.prev_event_key < c.event_key) "
	"SELECT e.line FROM chain c JOIN payment_events e ON e.event_key = c.event_key "
	"ORDER BY e.event_key",
	NULL};
static const struct statement line_insert = {
	"INSERT INTO payment_events (prev_event_key, line) VALUES "
	"(coalesce((SELECT last_event_key FROM payments WHERE payment_key = $1), 0), $2)",
	NULL};
#define NEWEST_LINE "(SELECT max(event_key) FROM payment_events)"
static const struct statement payment_insert = {
	"INSERT INTO payments (payment_id, order_seq, order_hash, order_id, currency, "
	"payment_status, "
	"amount_minor, captured_minor, refunded_minor, captured_seq, seq, last_event_key) "
	"VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, " NEWEST_LINE ")",
	NULL};
static const struct statement payment_update = {
	"UPDATE payments SET payment_status = $2, amount_minor = $3, captured_minor = $4, "
	"refunded_minor = $5, captured_seq = $6, seq = $7, last_event_key = " NEWEST_LINE
	" WHERE payment_key = $1",
	NULL};

bool order_payment_from_row(const struct db_row *row, struct order_payment *ret_payment)
{
	struct order_payment *payment = ret_payment;
	struct text id = db_text(row, PAYMENT_ID);

	*payment = (struct order_payment){.payment_key = db_int(row, PAYMENT_KEY)};
	payment->currency = currency_find(db_text(row, CURRENCY));
	payment->status = number_of(db_text(row, STATUS), paid_status_names);
	payment->amount_minor = db_money(row, AMOUNT);
	payment->captured_minor = db_money(row, CAPTURED);
	payment->refunded_minor = db_money(row, REFUNDED);
	payment->captured_seq = db_int(row, CAPTURED_SEQ);
	payment->seq = db_int(row, SEQ);
	if (id.len != ID_SIZE - 1 || payment->currency == NULL || payment->status < 0)
		return false;
	text_copy(id, payment->payment_id, sizeof(payment->payment_id));
	return true;
}

void order_payments_send(struct db *db, uint64_t order_hash, struct text order_id, db_row_fn *row,
                         void *arg)
{
	int64_t recent_seq = hash_index_find(&order_index, order_hash);

	if (recent_seq != 0)
		DB_SEND(db, &payments_by_seq, row, arg, V_INT(recent_seq), v_text(order_id));
	DB_SEND(db, &payments_by_hash, row, arg, V_INT((int64_t)order_hash), v_text(order_id),
	        V_INT(recent_seq));
	DB_SEND(db, &payments_early, row, arg, V_INT((int64_t)order_hash), v_text(order_id));
}

void order_take_payment(void *arg, const struct db_row *row)
{
	struct order_payments *payments = arg;
	struct order_payment payment;
	bool is_whole = order_payment_from_row(row, &payment);

	ensure(is_whole);
	payments->stored_count++;
	if (payment.status == PAID_FAILED &&
	    (payments->told_id == NULL || strcmp(payment.payment_id, payments->told_id) != 0))
		return;
	ensure(payments->count < ARRAY_LEN(payments->rows));
	payments->rows[payments->count++] = payment;
}

void order_payments_send_lines(struct db *db, int64_t order_seq, db_row_fn *row, void *arg)
{
	DB_SEND(db, &lines_of_order, row, arg, V_INT(order_seq));
}

void order_payments_write_order(struct db *db, int64_t order_seq, uint64_t order_hash,
                                struct text order_id)
{
	DB_SEND(db, &payments_tie, NULL, NULL, V_INT(order_seq), V_INT((int64_t)order_hash),
	        v_text(order_id));
}

void order_payment_write(struct db *db, const struct order_payment *payment, int64_t order_seq,
                         const struct order_payment_command *command)
{
	DB_SEND(db, &line_insert, NULL, NULL, V_INT(payment->payment_key), v_text(command->line));
	if (payment->payment_key != 0)
		DB_SEND(db, &payment_update, NULL, NULL, V_INT(payment->payment_key),
		        v_str(paid_status_names[payment->status]), v_money(payment->amount_minor),
		        v_money(payment->captured_minor), v_money(payment->refunded_minor),
		        V_INT(payment->captured_seq), V_INT(payment->seq));
	else
		DB_SEND(db, &payment_insert, NULL, NULL, v_str(payment->payment_id),
		        order_seq == 0 ? V_NULL : V_INT(order_seq),
		        V_INT((int64_t)command->order_hash), v_str(command->order_id),
		        v_str(payment->currency->code), v_str(paid_status_names[payment->status]),
		        v_money(payment->amount_minor), v_money(payment->captured_minor),
		        v_money(payment->refunded_minor), V_INT(payment->captured_seq),
		        V_INT(payment->seq));
}
