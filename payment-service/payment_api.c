/* payment_api.c - the payment service's rows of the endpoint table, and what fields alone cannot
 * say about them. */
#include "payment_api.h"

#include "payment_commands.h"
#include "payment_fields.h"
#include "payment_store.h"
#include "processor.h"
#include "web/idempotency_keys.h"
#include "web/list.h"

/* ---- POST /pay ---- */

#define I struct pay_command

static const struct field pay_fields[] = {
	FIELD_ORDER_ID("order_id", I, order_id, FIELD_REQUIRED,
                       "The order that is paid, as the client names it."),
	FIELD_MONEY("amount", I, amount_minor, FIELD_REQUIRED, 1,
                    "In the currency's major unit: 10.99."),
	FIELD_CURRENCY("currency", I, currency, FIELD_OPTIONAL,
                       "ISO 4217; left out: the service's default."),
	FIELD_TEXT("payment_method", I, payment_method, FIELD_NO_CARD, 1, PAYMENT_METHOD_MAX,
                   "What the processor is to charge; left out: its default."),
	FIELD_ENUM("capture", I, capture, FIELD_OPTIONAL, capture_names,
                   "When the money is taken."),
	FIELD_TEXT("description", I, description, FIELD_NO_CARD, 0, 500,
                   "For people; shown in answers only."),
	FIELD_METADATA("metadata", I, metadata, FIELD_OPTIONAL,
                       "At most 32 texts by name; shown in answers only."),
	FIELD_END,
};

static bool rejects_unknown_orders;

void payment_reject_unknown_orders(bool rejects)
{
	rejects_unknown_orders = rejects;
}

static enum error pay_prepare(struct request *request, struct field_errors *errors)
{
	struct pay_command *command = request->input;

	if (!processor_decide_pay(command)) {
		field_error_add(errors, "#/payment_method", false, processor_get()->methods);
		return ERR_NONE;
	}
	command->has_key = request->job.key.key.ptr != NULL;
	command->rejects_unheard = rejects_unknown_orders;
	command->order_hash =
		hash_keyed(api_settings(request->api)->sip_key, text_of(command->order_id));
	request->job.kind = &pay_kind;
	request->job.command = command;
	return ERR_NONE;
}

/* ---- GET /payments/{payment_id} ---- */

bool is_payment_id(struct text id)
{
	return id_is_valid("pay_", id);
}

static void render_row(void *arg, const struct db_row *row)
{
	struct request *request = arg;
	struct payment payment;

	if (!payment_from_row(row, &payment))
		return; /* only a damaged row is not whole: the audit names it */
	field_render(payment_fields, &payment, &request->job.answer.body);
	request->job.answer.status = 200;
}

static enum error payment_run(struct request *request, struct db *db)
{
	payment_send_by_id(db, text_of(request->path_id), render_row, request);
	if (db_flush(db) != DB_OK)
		return ERR_STORAGE_UNAVAILABLE;
	return request->job.answer.status == 200 ? ERR_NONE : ERR_NOT_FOUND;
}

/* ---- GET /payments ---- */

struct payments_input {
	int64_t limit;
	struct text after;
	char order_id[ORDER_ID_MAX + 1];
	int status;
	const struct currency *currency;
	int64_t created_after_us, created_before_us;
};

#undef I
#define I struct payments_input
#define FILTERS (&payments_query[2])

static const struct field payments_query[] = {
	FIELD_INTEGER("limit", I, limit, FIELD_OPTIONAL, 1, LIST_LIMIT_MAX, LIST_LIMIT_DEFAULT,
                      "Payments a page."),
	FIELD_CURSOR("after", I, after, "The value of next of the page before."),
	FIELD_ORDER_ID("order_id", I, order_id, FIELD_OPTIONAL, "Of this order only."),
	FIELD_ENUM("payment_status", I, status, FIELD_OPTIONAL, payment_status_names,
                   "In this state only."),
	FIELD_CURRENCY("currency", I, currency, FIELD_OPTIONAL, "In this currency only."),
	FIELD_TIME("created_after", I, created_after_us, FIELD_OPTIONAL,
                   "Later than this RFC 3339 time."),
	FIELD_TIME("created_before", I, created_before_us, FIELD_OPTIONAL,
                   "Earlier than this RFC 3339 time."),
	FIELD_END,
};

static void payments_send(const struct list *list, struct db *db, int64_t count)
{
	const struct payments_input *input = list->filters;
	struct text order_id = text_of(input->order_id), position = text_of(list->position);
	const uint8_t *sip_key = api_settings(list->request->api)->sip_key;

	if (order_id.len > 0)
		payment_send_of_order(db, hash_keyed(sip_key, order_id), order_id, position, count,
		                      list_row, (void *)(uintptr_t)list);
	else
		payment_send_page(db, position, count, list_row, (void *)(uintptr_t)list);
}

static enum list_verdict payments_row(const struct list *list, const struct db_row *row,
                                      char position[LIST_POSITION_SIZE], struct buf *out)
{
	const struct payments_input *input = list->filters;
	struct payment payment;

	bool is_whole = payment_from_row(row, &payment);

	text_copy(text_of(payment.payment_id), position, LIST_POSITION_SIZE);
	if (!is_whole)
		return LIST_SKIP;
	if (input->created_after_us != INT64_MIN && payment.created_us <= input->created_after_us)
		return LIST_END; /* ids sort by time of creation */
	if ((input->created_before_us != INT64_MIN &&
	     payment.created_us >= input->created_before_us) ||
	    (input->status >= 0 && payment.status != input->status) ||
	    (input->currency != NULL && payment.currency != input->currency))
		return LIST_SKIP;
	field_render(payment_fields, &payment, out);
	return LIST_SHOW;
}

/* '~' sorts behind every character of an id. */
static const struct list_kind payments_list = {
	.newest = "pay_~", .send = payments_send, .row = payments_row};

static enum error payments_run(struct request *request, struct db *db)
{
	const struct payments_input *input = request->input;

	return list_run(&payments_list, request, db, FILTERS, input->limit, input->after);
}

const struct endpoint payment_endpoints[] = {
	{.method = "POST",
         .path = "/pay",
         .scope = "payments:write",
         .summary = "Pays an order.",
         .kind = ENDPOINT_COMMAND,
         .body = pay_fields,
         .body_is_required = true,
         .may_stay_open = true,
         .moves_money = true,
         .answer = payment_fields,
         .input_size = sizeof(struct pay_command),
         .prepare = pay_prepare,
         .errors = {ERR_MALFORMED_JSON, ERR_PAYMENT_DECLINED, ERR_NOT_FOUND, ERR_ORDER_ALREADY_PAID,
                    ERR_ORDER_CANCELLED, ERR_INVALID_REQUEST, ERR_OVERLOADED}},
	{.method = "GET",
         .path = "/payments/{payment_id}",
         .scope = "payments:read",
         .summary = "One payment.",
         .kind = ENDPOINT_READ,
         .answer = payment_fields,
         .path_id_is_valid = is_payment_id,
         .run = payment_run,
         .errors = {ERR_NOT_FOUND}},
	{.method = "GET",
         .path = "/payments",
         .scope = "payments:read",
         .summary = "Payments, newest first.",
         .kind = ENDPOINT_SCAN,
         .query = payments_query,
         .answer = payment_fields,
         .answer_is_list = true,
         .input_size = sizeof(struct payments_input),
         .run = payments_run,
         .errors = {ERR_INVALID_CURSOR}},
	{.method = "GET",
         .path = "/idempotency-keys/{key}",
         .scope = "payments:read",
         .summary = "What became of an Idempotency-Key of the caller's own.",
         .kind = ENDPOINT_READ,
         .answer = idempotency_key_fields,
         .path_id_is_valid = idempotency_key_is_valid,
         .run = idempotency_key_run,
         .errors = {ERR_NOT_FOUND}},
	{0},
};
