/* sample_fields.h - a body, a query and an answer with every kind of field there is, for the unit
 * test and the fuzz target of field.h. */
#ifndef UNIT_SAMPLE_FIELDS_H
#define UNIT_SAMPLE_FIELDS_H

#include "base/field.h"

#define SAMPLE_ITEMS_MAX 3

struct sample_item {
	struct text sku;
	int64_t quantity;
	int64_t unit_price_minor;
	struct text metadata;
};

struct sample {
	char order_id[ORDER_ID_MAX + 1];
	int64_t amount_minor;
	struct decimal part;
	const struct currency *currency;
	struct text note;
	struct text method;
	int capture;
	int64_t expires_s;
	bool is_test;
	int64_t due_us;
	struct text metadata;
	struct text names;
	struct sample_item items[SAMPLE_ITEMS_MAX];
	size_t items_count;
};

static const char *const sample_captures[] = {"automatic", "manual", NULL};

static const struct field sample_item_fields[] = {
	FIELD_TEXT("sku", struct sample_item, sku, FIELD_REQUIRED, 1, 64, "What is sold."),
	FIELD_INTEGER("quantity", struct sample_item, quantity, FIELD_REQUIRED, 1, 1000000, 0,
                      "How many."),
	FIELD_MONEY("unit_price", struct sample_item, unit_price_minor, FIELD_REQUIRED, 0,
                    "The price of one."),
	FIELD_METADATA("metadata", struct sample_item, metadata, FIELD_OPTIONAL, "Anything."),
	FIELD_END,
};

/* The currency stands behind the money on purpose. */
static const struct field sample_fields[] = {
	FIELD_ORDER_ID("order_id", struct sample, order_id, FIELD_REQUIRED, "The order."),
	FIELD_MONEY("amount", struct sample, amount_minor, FIELD_REQUIRED, 1, "The amount."),
	FIELD_DECIMAL("part", struct sample, part, FIELD_OPTIONAL, "An amount of it."),
	FIELD_CURRENCY("currency", struct sample, currency, FIELD_OPTIONAL, "Its currency."),
	FIELD_TEXT("note", struct sample, note, FIELD_OPTIONAL | FIELD_NO_CARD, 0, 10, "A note."),
	FIELD_TEXT("method", struct sample, method, FIELD_OPTIONAL, 1, 255, "A method."),
	FIELD_ENUM("capture", struct sample, capture, FIELD_OPTIONAL, sample_captures, "When."),
	FIELD_INTEGER("expires_in", struct sample, expires_s, FIELD_OPTIONAL, 1, 31536000, -1,
                      "Seconds."),
	FIELD_BOOLEAN("is_test", struct sample, is_test, FIELD_OPTIONAL, "Whether a test."),
	FIELD_TIME("due", struct sample, due_us, FIELD_OPTIONAL, "When due."),
	FIELD_METADATA("metadata", struct sample, metadata, FIELD_OPTIONAL, "Anything."),
	FIELD_NAMES("names", struct sample, names, FIELD_OPTIONAL, 3, "Names."),
	FIELD_LIST("items", struct sample, items, items_count, FIELD_OPTIONAL, sample_item_fields,
                   struct sample_item, SAMPLE_ITEMS_MAX, "What is bought."),
	FIELD_END,
};

struct sample_query {
	char order_id[ORDER_ID_MAX + 1];
	int64_t limit;
	struct text after;
	struct text customer;
	int capture;
	const struct currency *currency;
	int64_t created_after_us;
	bool dry_run;
};

static const struct field sample_query_fields[] = {
	FIELD_ORDER_ID("order_id", struct sample_query, order_id, FIELD_OPTIONAL, "The order."),
	FIELD_INTEGER("limit", struct sample_query, limit, FIELD_OPTIONAL, 1, 100, 20, "Rows."),
	FIELD_CURSOR("after", struct sample_query, after, "The last page's next."),
	FIELD_TEXT("customer", struct sample_query, customer, FIELD_OPTIONAL, 1, 255, "Whose."),
	FIELD_ENUM("capture", struct sample_query, capture, FIELD_OPTIONAL, sample_captures,
                   "When."),
	FIELD_CURRENCY("currency", struct sample_query, currency, FIELD_OPTIONAL, "In this one."),
	FIELD_TIME("created_after", struct sample_query, created_after_us, FIELD_OPTIONAL,
                   "Since."),
	FIELD_BOOLEAN("dry_run", struct sample_query, dry_run, FIELD_OPTIONAL, "Only look."),
	FIELD_END,
};

#endif
