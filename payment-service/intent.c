/* intent.c - the statements and rows of what is open at the processor. When to ask again is the
 * resolver's business. */
#include "intent.h"

#include "columns.h"
#include "payment_store.h"

#define SELECT_INTENTS \
	"SELECT i.intent_key, i.payment_key, i.refund_key, i.operation, i.reference, " \
	"i.is_called, i.request_id, i.traceparent, i.created_us, p.payment_id, " \
	"r.refund_id, p.currency, p.amount_minor, p.pending_minor, r.amount_minor, p.capture, " \
	"p.payment_method FROM intents i JOIN payments p ON p.payment_key = i.payment_key " \
	"LEFT JOIN refunds r ON r.refund_key = i.refund_key "

static const struct statement intent_insert = {
	"INSERT INTO intents (intent_key, payment_key, refund_key, operation, reference, "
	"is_called, request_id, traceparent, created_us, next_us) "
	"VALUES ($1, $2, $3, $4, $5, 0, $6, $7, $8, $8)",
	NULL};
static const struct statement intent_delete = {"DELETE FROM intents WHERE intent_key = $1", NULL};
static const struct statement intent_asked = {
	"UPDATE intents SET is_called = 1, next_us = $1 WHERE intent_key = $2", NULL};
static const struct statement intents_due_at_once = {
	"UPDATE intents SET next_us = $1 WHERE payment_key = $2", NULL};
static const struct statement intents_due = {
	SELECT_INTENTS "WHERE i.next_us <= $1 ORDER BY i.next_us, i.intent_key LIMIT $2", NULL};
static const struct statement intent_open = {
	"SELECT max(intent_key) FROM intents "
	"WHERE payment_key = (SELECT payment_key FROM payments WHERE payment_id = $1)",
	NULL};
/* Of what is open about a payment at most one is not a refund. */
static const struct statement intents_state = {
	"SELECT (SELECT min(next_us) FROM intents), (SELECT count(*) FROM intents "
	"WHERE next_us IS NULL AND refund_key IS NULL), (SELECT count(*) FROM intents "
	"WHERE next_us IS NULL AND refund_key IS NOT NULL)",
	NULL};

static struct db_value next_value(int64_t next_us)
{
	return next_us == INT64_MAX ? V_NULL : V_INT(next_us);
}

void intent_write_new(struct db *db, int64_t intent_key, int64_t payment_key, int64_t refund_key,
                      enum operation operation, const char *reference, struct text request_id,
                      struct text traceparent, int64_t created_us)
{
	ensure(intent_key > 0 && payment_key > 0);
	ensure((operation == OPERATION_REFUND) == (refund_key > 0));
	ensure(request_id.len <= INTENT_REQUEST_ID_MAX);
	ensure(traceparent.len <= INTENT_TRACEPARENT_MAX);
	DB_SEND(db, &intent_insert, NULL, NULL, V_INT(intent_key), V_INT(payment_key),
	        refund_key == 0 ? V_NULL : V_INT(refund_key), v_str(operation_names[operation]),
	        v_str(reference), v_text(request_id), v_text(traceparent), V_INT(created_us));
}

void intent_write_end(struct db *db, int64_t intent_key)
{
	DB_SEND(db, &intent_delete, NULL, NULL, V_INT(intent_key));
}

void intent_write_asked(struct db *db, int64_t intent_key, int64_t next_us)
{
	DB_SEND(db, &intent_asked, NULL, NULL, next_value(next_us), V_INT(intent_key));
}

void intent_write_due(struct db *db, int64_t payment_key, int64_t now_us)
{
	DB_SEND(db, &intents_due_at_once, NULL, NULL, V_INT(now_us), V_INT(payment_key));
}

/* A text that may be NULL. */
static void read_str(struct columns *columns, char *out, size_t size)
{
	text_copy(columns_text(columns), out, size);
}

void intent_from_row(const struct db_row *row, struct intent *ret_intent)
{
	struct columns columns = {.row = row};
	struct intent *intent = ret_intent;
	int64_t amount_minor, pending_minor, refund_minor;

	*intent = (struct intent){.intent_key = columns_int(&columns)};
	intent->payment_key = columns_int(&columns);
	intent->refund_key = columns_int(&columns);
	intent->operation = (enum operation)columns_name(&columns, operation_names);
	read_str(&columns, intent->reference, sizeof(intent->reference));
	intent->is_called = columns_int(&columns) != 0;
	read_str(&columns, intent->request_id, sizeof(intent->request_id));
	read_str(&columns, intent->traceparent, sizeof(intent->traceparent));
	intent->created_us = columns_int(&columns);
	read_str(&columns, intent->payment_id, sizeof(intent->payment_id));
	read_str(&columns, intent->refund_id, sizeof(intent->refund_id));
	intent->currency = columns_currency(&columns);
	amount_minor = columns_money(&columns);
	pending_minor = columns_money(&columns);
	refund_minor = columns_money(&columns);
	intent->capture = columns_name(&columns, capture_names);
	read_str(&columns, intent->payment_method, sizeof(intent->payment_method));
	switch (intent->operation) {
	case OPERATION_CAPTURE: intent->amount_minor = pending_minor; break;
	case OPERATION_REFUND: intent->amount_minor = refund_minor; break;
	default: intent->amount_minor = amount_minor; break;
	}
	ensure(!columns.are_wrong && intent->amount_minor > 0);
}

void intent_send_due(struct db *db, int64_t now_us, int64_t count, db_row_fn *row, void *arg)
{
	DB_SEND(db, &intents_due, row, arg, V_INT(now_us), V_INT(count));
}

void intent_send_open(struct db *db, struct text payment_id, db_row_fn *row, void *arg)
{
	DB_SEND(db, &intent_open, row, arg, v_text(payment_id));
}

void intent_send_state(struct db *db, db_row_fn *row, void *arg)
{
	DB_SEND0(db, &intents_state, row, arg);
}
