/* order_fields.c - the tables of an order's members, and its items without their names. */
#include "order_fields.h"

#include "order_payments.h"
#include "order_store.h"

#include <string.h>

#define O struct order

const struct field order_fields[] = {
	FIELD_STR("order_id", O, order_id, "The client's id, or ours."),
	FIELD_ENUM("order_status", O, status, FIELD_REQUIRED, order_status_names,
                   "The order is durably accepted."),
	FIELD_ENUM("state", O, state, FIELD_REQUIRED, order_state_names, "How far it is."),
	FIELD_MONEY("amount", O, amount_minor, FIELD_OPTIONAL, 1,
                    "The total; null while it is open."),
	FIELD_CURRENCY("currency", O, currency, FIELD_REQUIRED, "ISO 4217."),
	FIELD_MONEY("amount_paid", O, paid_minor, FIELD_REQUIRED, 0, "Captured by its payments."),
	FIELD_MONEY("amount_authorized", O, authorized_minor, FIELD_REQUIRED, 0,
                    "Held, not captured yet."),
	FIELD_MONEY("amount_refunded", O, refunded_minor, FIELD_REQUIRED, 0, "Gone back of that."),
	FIELD_MONEY("amount_due", O, due_minor, FIELD_OPTIONAL, 0,
                    "Still to be paid; null while the amount is open."),
	FIELD_MONEY("amount_overpaid", O, overpaid_minor, FIELD_REQUIRED, 0,
                    "Kept beyond the total: captured, and not gone back."),
	FIELD_RAW("items", O, items, "As given: sku, name, quantity, unit_price."),
	FIELD_TEXT("customer", O, customer, FIELD_OPTIONAL, 0, 255, "As given."),
	FIELD_TEXT("description", O, description, FIELD_OPTIONAL, 0, 500, "As given."),
	FIELD_METADATA("metadata", O, metadata, FIELD_REQUIRED, "As given."),
	FIELD_TEXT("cancel_reason", O, cancel_reason, FIELD_OPTIONAL, 0, 200, "As given."),
	FIELD_TIME("expires_at", O, expires_us, FIELD_OPTIONAL,
                   "When it lapses if nothing was paid; null: never."),
	FIELD_TIME("created_at", O, created_us, FIELD_REQUIRED, "When it was accepted."),
	FIELD_TIME("updated_at", O, updated_us, FIELD_REQUIRED, "When it last changed."),
	FIELD_END,
};

const struct field order_event_fields[] = {
	FIELD_ENUM("state", O, state, FIELD_REQUIRED, order_state_names, "After the change."),
	FIELD_MONEY("amount", O, amount_minor, FIELD_OPTIONAL, 1,
                    "The total; null while it is open."),
	FIELD_CURRENCY("currency", O, currency, FIELD_REQUIRED, "ISO 4217."),
	FIELD_MONEY("amount_paid", O, paid_minor, FIELD_REQUIRED, 0, "After the change."),
	FIELD_MONEY("amount_refunded", O, refunded_minor, FIELD_REQUIRED, 0, "After the change."),
	FIELD_TIME("expires_at", O, expires_us, FIELD_OPTIONAL, "When it lapses; null: never."),
	FIELD_END,
};

#define C struct order_payment_command

const struct field order_payment_event_fields[] = {
	FIELD_STR("payment_id", C, payment.payment_id, "The payment."),
	FIELD_MONEY("amount", C, payment.amount_minor, FIELD_REQUIRED, 1, "Its amount."),
	FIELD_CURRENCY("currency", C, payment.currency, FIELD_REQUIRED, "ISO 4217."),
	FIELD_ENUM("capture", C, capture, FIELD_OPTIONAL, paid_capture_names,
                   "When the money is taken."),
	FIELD_ENUM("payment_status", C, payment.status, FIELD_REQUIRED, paid_status_names,
                   "As it was told."),
	FIELD_MONEY("amount_captured", C, payment.captured_minor, FIELD_REQUIRED, 0,
                    "As it was told."),
	FIELD_MONEY("amount_refunded", C, payment.refunded_minor, FIELD_REQUIRED, 0,
                    "As it was told."),
	FIELD_STR("reference", C, reference, "Of the capture or void that it tells of."),
	FIELD_STR("refund_id", C, refund_id, "The refund that it was told for."),
	FIELD_MONEY("refund_amount", C, refund_minor, FIELD_OPTIONAL, 0, "Its amount."),
	FIELD_END,
};

/* Everything else keeps its own text: a price its decimals. */
static void add_item(const struct json_doc *doc, const cJSON *item, struct buf *out)
{
	json_open(out, '{');
	for (const cJSON *member = item->child; member != NULL; member = member->next) {
		json_key(out, member->string);
		if (cJSON_IsNumber(member))
			json_raw(out, json_number_text(doc, member));
		else if (cJSON_IsString(member) && strcmp(member->string, "name") != 0)
			json_string(out, text_of(member->valuestring));
		else
			json_string(out, TEXT_NONE);
	}
	json_close(out, '}');
}

void order_items_redact(struct text items, struct buf *out)
{
	struct json_doc AUTO_JSON doc = {0};
	const char *detail;
	size_t offset;

	if (!json_parse(items, &doc, &detail, &offset)) {
		out->full = true; /* they are our own JSON: it is memory that is short */
		return;
	}
	json_open(out, '[');
	for (const cJSON *item = doc.root->child; item != NULL; item = item->next)
		add_item(&doc, item, out);
	json_close(out, ']');
}
