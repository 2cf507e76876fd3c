/* order_api.c - the order service's rows of the endpoint table, and what fields alone cannot say
 * about them. */
#include "order_api.h"

#include "order_commands.h"
#include "order_fields.h"
#include "order_store.h"
#include "web/keys.h"
#include "web/list.h"

#include <stdio.h>
#include <string.h>

/* ---- POST /order ---- */

struct order_input {
	struct order_command command;
	char order_id[ORDER_ID_MAX + 1];
	int64_t amount_minor;
	const struct currency *currency;
	struct order_item items[ORDER_ITEMS_MAX];
	size_t items_count;
	struct text customer, description, metadata;
	int64_t expires_in_s;
};

static const struct field item_fields[] = {
	FIELD_TEXT("sku", struct order_item, sku, FIELD_REQUIRED, 1, 64, "What is bought."),
	FIELD_TEXT("name", struct order_item, name, FIELD_OPTIONAL, 1, 200, "For people."),
	FIELD_INTEGER("quantity", struct order_item, quantity, FIELD_REQUIRED, 1, 1000000, 0,
                      "How many."),
	FIELD_MONEY("unit_price", struct order_item, unit_price_minor, FIELD_REQUIRED, 0,
                    "Of one."),
	FIELD_END,
};

#define I struct order_input
#define ITEMS_FIELD (&order_input_fields[3])

static const struct field order_input_fields[] = {
	FIELD_ORDER_ID("order_id", I, order_id, FIELD_OPTIONAL,
                       "The client's id; left out: one is made."),
	FIELD_MONEY("amount", I, amount_minor, FIELD_OPTIONAL, 1,
                    "The total; left out: the items' total, or open."),
	FIELD_CURRENCY("currency", I, currency, FIELD_OPTIONAL,
                       "ISO 4217; left out: the service's default."),
	FIELD_LIST("items", I, items, items_count, FIELD_OPTIONAL, item_fields, struct order_item,
                   ORDER_ITEMS_MAX, "Their total must be the amount."),
	FIELD_TEXT("customer", I, customer, FIELD_NO_CARD, 1, 255,
                   "Who orders; shown in answers only."),
	FIELD_TEXT("description", I, description, FIELD_NO_CARD, 0, 500,
                   "For people; shown in answers only."),
	FIELD_METADATA("metadata", I, metadata, FIELD_OPTIONAL,
                       "At most 32 texts by name; shown in answers only."),
	FIELD_INTEGER("expires_in", I, expires_in_s, FIELD_OPTIONAL, 1, 31536000, 0,
                      "Seconds until it lapses if nothing was paid; left out: never."),
	FIELD_END,
};

/* The items' total must be possible, and the amount where one is given. */
static void settle_amount(const struct order_input *input, struct order_command *command,
                          struct field_errors *errors)
{
	command->amount_minor = input->amount_minor;
	if (input->items_count == 0)
		return;
	switch (order_total(input->items, input->items_count, input->currency,
	                    &command->amount_minor)) {
	case ORDER_TOTAL_TOO_LARGE:
		field_error_add(errors, "#/items", true,
		                "must have a total of at most 999999999999 and 15 digits");
		return;
	case ORDER_TOTAL_ZERO:
		field_error_add(errors, "#/items", true, "must have a total above 0");
		return;
	case ORDER_TOTAL_OK: break;
	}
	if (input->amount_minor != MONEY_NONE && input->amount_minor != command->amount_minor)
		field_error_add(
			errors, "#/amount", true,
			"must be the total of items: correct one of them, or leave out amount");
}

static void choose_id(struct request *request, const struct order_input *input,
                      struct order_command *command)
{
	const struct env *env = api_settings(request->api)->env;
	uint8_t random[ULID_RANDOM_BYTES];

	if (input->order_id[0] != '\0') {
		memcpy(command->order_id, input->order_id, sizeof(command->order_id));
		return;
	}
	env_random(env, random, sizeof(random));
	id_make("ord_", env_now_us(env), random, command->order_id);
}

/* False: no memory. */
static bool hash_content(const struct order_input *input, struct hash *ret_hash)
{
	struct buf text AUTO_BUF;

	buf_init(&text, ANSWER_BYTES_MAX);
	field_render(order_input_fields, input, &text);
	hash_sha256(buf_str(&text), text.len, ret_hash);
	return !text.full;
}

static enum error order_prepare(struct request *request, struct field_errors *errors)
{
	struct order_input *input = request->input;
	struct order_command *command = &input->command;

	settle_amount(input, command, errors);
	if (errors->count > 0)
		return ERR_NONE;
	if (input->items_count > 0) {
		field_render_list(ITEMS_FIELD, input->currency, input, &request->made);
		if (request->made.full)
			return ERR_OVERLOADED;
		command->items = buf_text(&request->made);
	}
	choose_id(request, input, command);
	command->order_hash =
		hash_keyed(api_settings(request->api)->sip_key, text_of(command->order_id));
	command->currency = input->currency;
	command->customer = input->customer;
	command->description = input->description;
	command->metadata = input->metadata;
	command->expires_in_s = input->expires_in_s;
	if (!hash_content(input, &command->content_hash))
		return ERR_OVERLOADED;
	request->job.kind = &order_create_kind;
	request->job.command = command;
	return ERR_NONE;
}

/* ---- POST /orders/{order_id}/redact ---- */

static enum error redact_prepare(struct request *request, struct field_errors *errors)
{
	struct order_redact_command *command = request->input;
	struct text id = text_of(request->path_id);

	(void)errors;
	text_copy(id, command->order_id, sizeof(command->order_id));
	command->order_hash = hash_keyed(api_settings(request->api)->sip_key, id);
	request->job.kind = &order_redact_kind;
	request->job.command = command;
	return ERR_NONE;
}

/* ---- GET /orders/{order_id} ---- */

static void render_row(void *arg, const struct db_row *row)
{
	struct request *request = arg;
	struct order order;

	order_from_row(row, &order);
	field_render(order_fields, &order, &request->job.answer.body);
	request->job.answer.status = 200;
}

static enum error order_run(struct request *request, struct db *db)
{
	struct text id = text_of(request->path_id);

	order_send_by_id(db, hash_keyed(api_settings(request->api)->sip_key, id), id, render_row,
	                 request);
	if (db_flush(db) != DB_OK)
		return ERR_STORAGE_UNAVAILABLE;
	return request->job.answer.status == 200 ? ERR_NONE : ERR_NOT_FOUND;
}

/* ---- GET /orders ---- */

struct orders_input {
	int64_t limit;
	struct text after;
	int state;
	struct text customer;
	int64_t created_after_us, created_before_us;
};

#undef I
#define I struct orders_input
#define FILTERS (&orders_query[2])

static const struct field orders_query[] = {
	FIELD_INTEGER("limit", I, limit, FIELD_OPTIONAL, 1, LIST_LIMIT_MAX, LIST_LIMIT_DEFAULT,
                      "Orders a page."),
	FIELD_CURSOR("after", I, after, "The value of next of the page before."),
	FIELD_ENUM("state", I, state, FIELD_OPTIONAL, order_state_names, "In this state only."),
	FIELD_TEXT("customer", I, customer, FIELD_OPTIONAL, 1, 255,
                   "Of exactly this customer only."),
	FIELD_TIME("created_after", I, created_after_us, FIELD_OPTIONAL,
                   "Later than this RFC 3339 time."),
	FIELD_TIME("created_before", I, created_before_us, FIELD_OPTIONAL,
                   "Earlier than this RFC 3339 time."),
	FIELD_END,
};

static void orders_send(const struct list *list, struct db *db, int64_t count)
{
	int64_t before_seq;
	bool is_number = text_to_int(text_of(list->position), INT64_MAX, &before_seq);

	ensure(is_number); /* ours: a cursor's hash was checked */
	order_send_page(db, before_seq, count, list_row, (void *)(uintptr_t)list);
}

static enum list_verdict orders_row(const struct list *list, const struct db_row *row,
                                    char position[LIST_POSITION_SIZE], struct buf *out)
{
	const struct orders_input *input = list->filters;
	struct order order;

	order_from_row(row, &order);
	(void)snprintf(position, LIST_POSITION_SIZE, "%lld", (long long)order.order_seq);
	if (input->created_after_us != INT64_MIN && order.created_us <= input->created_after_us)
		return LIST_END; /* order_seq and created_us grow together */
	if ((input->created_before_us != INT64_MIN &&
	     order.created_us >= input->created_before_us) ||
	    (input->state >= 0 && order.state != input->state) ||
	    (input->customer.ptr != NULL && !text_equal(order.customer, input->customer)))
		return LIST_SKIP;
	field_render(order_fields, &order, out);
	return LIST_SHOW;
}

static const struct list_kind orders_list = {
	.newest = "9223372036854775807", .send = orders_send, .row = orders_row};

static enum error orders_run(struct request *request, struct db *db)
{
	const struct orders_input *input = request->input;

	return list_run(&orders_list, request, db, FILTERS, input->limit, input->after);
}

const struct endpoint order_endpoints[] = {
	{.method = "POST",
         .path = "/order",
         .scope = "orders:write",
         .summary = "Accepts an order.",
         .kind = ENDPOINT_COMMAND,
         .body = order_input_fields,
         .body_is_required = true,
         .answer = order_fields,
         .input_size = sizeof(struct order_input),
         .prepare = order_prepare,
         .errors = {ERR_MALFORMED_JSON, ERR_ORDER_EXISTS, ERR_INVALID_REQUEST, ERR_OVERLOADED}},
	{.method = "GET",
         .path = "/orders/{order_id}",
         .scope = "orders:read",
         .summary = "One order.",
         .kind = ENDPOINT_READ,
         .answer = order_fields,
         .path_id_is_valid = text_is_order_id,
         .run = order_run,
         .errors = {ERR_NOT_FOUND}},
	{.method = "GET",
         .path = "/orders",
         .scope = "orders:read",
         .summary = "Orders, newest first.",
         .kind = ENDPOINT_SCAN,
         .query = orders_query,
         .answer = order_fields,
         .answer_is_list = true,
         .input_size = sizeof(struct orders_input),
         .run = orders_run,
         .errors = {ERR_INVALID_CURSOR}},
	{.method = "POST",
         .path = "/orders/{order_id}/redact",
         .scope = "admin",
         .summary = "Empties customer, description, metadata and the names of items, also in "
                    "stored answers.",
         .kind = ENDPOINT_COMMAND,
         .answer = order_fields,
         .input_size = sizeof(struct order_redact_command),
         .path_id_is_valid = text_is_order_id,
         .prepare = redact_prepare,
         .errors = {ERR_NOT_FOUND, ERR_OVERLOADED}},
	{.method = "GET",
         .path = "/idempotency-keys/{key}",
         .scope = "orders:read",
         .summary = "What became of an Idempotency-Key of the caller's own.",
         .kind = ENDPOINT_READ,
         .answer = key_fields,
         .path_id_is_valid = key_is_valid,
         .run = key_run,
         .errors = {ERR_NOT_FOUND}},
	{0},
};
