/* order_api.c - the rows of the endpoint table that change orders, and what fields alone cannot say
 * about them. */
#include "order_api.h"

#include "order_commands.h"
#include "order_fields.h"
#include "order_store.h"

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

/* ---- POST /orders/{order_id}/cancel, fulfill, redact ---- */

#undef I
#define I struct order_change_command

static const struct field cancel_fields[] = {
	FIELD_TEXT("reason", I, reason, FIELD_NO_CARD, 0, 200,
                   "For people; shown in answers only."),
	FIELD_END,
};

static enum error change_prepare(struct request *request, const struct command_kind *kind)
{
	struct order_change_command *command = request->input;
	struct text id = text_of(request->path_id);

	text_copy(id, command->order_id, sizeof(command->order_id));
	command->order_hash = hash_keyed(api_settings(request->api)->sip_key, id);
	request->job.kind = kind;
	request->job.command = command;
	return ERR_NONE;
}

static enum error cancel_prepare(struct request *request, struct field_errors *errors)
{
	(void)errors;
	return change_prepare(request, &order_cancel_kind);
}

static enum error fulfill_prepare(struct request *request, struct field_errors *errors)
{
	(void)errors;
	return change_prepare(request, &order_fulfill_kind);
}

static enum error redact_prepare(struct request *request, struct field_errors *errors)
{
	(void)errors;
	return change_prepare(request, &order_redact_kind);
}

#define CHANGE(path_, scope_, summary_, ...) \
	{ \
		.method = "POST", .path = "/orders/{order_id}/" path_, .scope = scope_, \
		.summary = summary_, .kind = ENDPOINT_COMMAND, .answer = order_fields, \
		.input_size = sizeof(struct order_change_command), \
		.path_id_is_valid = text_is_order_id, __VA_ARGS__ \
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
	CHANGE("cancel", "orders:write",
               "Cancels an order that is pending or paid; money that came in goes back.",
               .body = cancel_fields, .moves_money = true, .prepare = cancel_prepare,
               .errors = {ERR_NOT_FOUND, ERR_INVALID_STATE, ERR_OVERLOADED}),
	CHANGE("fulfill", "orders:write",
               "Marks an order as fulfilled, where its amount was captured and not refunded.",
               .prepare = fulfill_prepare,
               .errors = {ERR_NOT_FOUND, ERR_ORDER_CANCELLED, ERR_INVALID_STATE, ERR_OVERLOADED}),
	CHANGE("redact", "admin",
               "Empties customer, description, metadata, cancel_reason and the names of items, "
               "also in stored answers.",
               .prepare = redact_prepare, .errors = {ERR_NOT_FOUND, ERR_OVERLOADED}),
	{0},
};
