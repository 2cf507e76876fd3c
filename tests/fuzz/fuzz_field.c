/* fuzz_field.c - whatever a body or a query holds: it is taken and then within its limits, or at
 * least one fault is named, in a form that can be sent back. */
#include "unit/sample_fields.h"

#include <string.h>

#define BYTES_MAX (1 << 24)
#define FIELDS_COUNT (ARRAY_LEN(sample_fields) - 1)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_json(const struct buf *out)
{
	AUTO_JSON struct json_doc doc = {0};
	const char *detail;
	size_t offset;

	ensure(!out->full);
	ensure(json_parse(buf_text(out), &doc, &detail, &offset));
}

static void check_errors(const struct field_errors *errors)
{
	AUTO_BUF struct buf out;

	buf_init(&out, BYTES_MAX);
	json_open(&out, '[');
	for (size_t i = 0; i < errors->count && i < FIELD_ERRORS_MAX; i++) {
		const struct field_error *row = &errors->rows[i];

		ensure(row->pointer[0] == '#');
		ensure(row->pointer[1] == '\0' || row->pointer[1] == '/');
		for (const char *c = row->pointer; *c != '\0'; c++)
			ensure(*c > ' ' && *c < 0x7F);
		ensure(strncmp(row->detail, "must ", 5) == 0 ||
		       strncmp(row->detail, "is ", 3) == 0);
		json_string(&out, text_of(row->pointer));
		json_string(&out, text_of(row->detail));
	}
	json_close(&out, ']');
	check_json(&out);
}

static void check_sample(const struct sample *sample)
{
	AUTO_BUF struct buf out;

	ensure(text_is_order_id(text_of(sample->order_id)));
	ensure(sample->amount_minor >= 1 && sample->amount_minor <= MONEY_MINOR_MAX);
	ensure(sample->part.digits == -1 || sample->part.digits >= 1);
	ensure(sample->currency != NULL);
	ensure(sample->note.ptr == NULL || text_chars(sample->note) <= 10);
	ensure(sample->items_count <= SAMPLE_ITEMS_MAX);
	for (size_t i = 0; i < sample->items_count; i++) {
		ensure(sample->items[i].sku.ptr != NULL);
		ensure(sample->items[i].quantity >= 1);
		ensure(sample->items[i].unit_price_minor >= 0);
	}
	buf_init(&out, BYTES_MAX);
	field_render(sample_fields, sample, &out);
	check_json(&out);
}

static void try_body(struct text text)
{
	static struct field_errors errors;
	AUTO_JSON struct json_doc doc = {0};
	struct sample sample = {0};
	const char *detail;
	size_t offset;
	bool ok;

	if (!json_parse(text, &doc, &detail, &offset))
		return;
	errors.count = 0;
	ok = field_parse(sample_fields, &doc, currency_find(TEXT_LITERAL("USD")), &sample, &errors);
	ensure(ok == (errors.count == 0));
	if (ok)
		check_sample(&sample);
	else
		check_errors(&errors);
}

/* The bytes as the value of one field, so that they need not first be found to be a whole body. */
static void try_value(const struct field *field, struct text value)
{
	AUTO_BUF struct buf body;

	buf_init(&body, BYTES_MAX);
	json_open(&body, '{');
	for (size_t i = 0; i < FIELDS_COUNT; i++) {
		if ((sample_fields[i].flags & FIELD_REQUIRED) != 0 && &sample_fields[i] != field)
			json_keyed_int(&body, sample_fields[i].key, 1);
	}
	json_key(&body, field->name);
	json_raw(&body, value);
	json_close(&body, '}');
	try_body(buf_text(&body));
}

static void try_query(struct text text)
{
	struct sample_query query = {0};
	AUTO_BUF struct buf scratch;
	AUTO_BUF struct buf out;
	char detail[FIELD_DETAIL_SIZE] = "";

	buf_init(&scratch, BYTES_MAX);
	buf_init(&out, BYTES_MAX);
	if (field_parse_query(sample_query_fields, text, &scratch, &query, detail)) {
		ensure(query.limit >= 1 && query.limit <= 100);
		field_render(sample_query_fields, &query, &out);
	} else {
		ensure(detail[0] != '\0');
		json_string(&out, text_of(detail));
	}
	check_json(&out);
}

/* The first byte says what the others are. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct text rest = {(const char *)data + 1, size - 1};

	if (size == 0)
		return 0;
	if (data[0] < FIELDS_COUNT)
		try_value(&sample_fields[data[0]], rest);
	else if (data[0] % 2 == 0)
		try_body(rest);
	else
		try_query(rest);
	return 0;
}
