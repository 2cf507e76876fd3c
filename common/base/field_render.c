/* field_render.c - a struct as a JSON object, as a table of fields says. On the way of every
 * answer, so it prints straight into the buffer and never through printf. */
#include "base/field.h"

#include "base/time_text.h"

static void render_members(const struct field *fields, const struct currency *inherited,
                           const void *in, struct buf *out);

static void add_enum(const struct field *field, int value, struct buf *out)
{
	if (value < 0) {
		json_string(out, TEXT_NONE);
		return;
	}
	for (int i = 0; i <= value; i++)
		ensure(field->names[i] != NULL);
	json_plain(out, text_of(field->names[value]));
}

static void add_currency(const struct currency *currency, struct buf *out)
{
	if (currency == NULL)
		json_string(out, TEXT_NONE);
	else
		json_plain(out, text_of(currency->code));
}

static void add_money(int64_t minor, const struct currency *currency, struct buf *out)
{
	if (minor == MONEY_NONE) {
		json_string(out, TEXT_NONE);
		return;
	}
	ensure(currency != NULL);
	money_render(minor, currency, out); /* behind its key, where no comma is due */
}

static void add_decimal(const struct decimal *decimal, struct buf *out)
{
	const struct currency unit = {.decimals = decimal->decimals};

	add_money(decimal->digits < 0 ? MONEY_NONE : decimal->digits, &unit, out);
}

static void add_time(int64_t time_us, struct buf *out)
{
	char time[TIME_TEXT_SIZE];

	if (time_us == INT64_MIN) {
		json_string(out, TEXT_NONE);
		return;
	}
	time_render(time_us, time);
	json_plain(out, text_of(time));
}

void field_render_list(const struct field *list, const struct currency *currency, const void *in,
                       struct buf *out)
{
	const char *item = (const char *)in + list->offset;
	size_t count = *(const size_t *)(const void *)((const char *)in + list->count_offset);

	ensure(list->kind == FIELD_KIND_LIST);
	ensure(count <= (size_t)list->max);
	json_open(out, '[');
	for (size_t i = 0; i < count; i++) {
		json_open(out, '{');
		render_members(list->items, currency, item + i * list->item_size, out);
		json_close(out, '}');
	}
	json_close(out, ']');
}

static void add_value(const struct field *field, const struct currency *currency, const void *in,
                      struct buf *out)
{
	const void *member = (const char *)in + field->offset;
	const struct text *text = member;
	const char *string = member;
	const struct currency *const *own_currency = member;

	switch (field->kind) {
	case FIELD_KIND_ORDER_ID:
	case FIELD_KIND_STR: json_string(out, *string == '\0' ? TEXT_NONE : text_of(string)); break;
	case FIELD_KIND_CURSOR:
	case FIELD_KIND_TEXT: json_string(out, *text); break;
	case FIELD_KIND_ENUM: add_enum(field, *(const int *)member, out); break;
	case FIELD_KIND_INTEGER: json_int(out, *(const int64_t *)member); break;
	case FIELD_KIND_BOOLEAN: json_bool(out, *(const bool *)member); break;
	case FIELD_KIND_MONEY: add_money(*(const int64_t *)member, currency, out); break;
	case FIELD_KIND_CURRENCY: add_currency(*own_currency, out); break;
	case FIELD_KIND_TIME: add_time(*(const int64_t *)member, out); break;
	case FIELD_KIND_METADATA:
		json_raw(out, text->ptr == NULL ? TEXT_LITERAL("{}") : *text);
		break;
	case FIELD_KIND_NAMES:
	case FIELD_KIND_RAW: json_raw(out, text->ptr == NULL ? TEXT_LITERAL("null") : *text); break;
	case FIELD_KIND_LIST: field_render_list(field, currency, in, out); break;
	case FIELD_KIND_DECIMAL: add_decimal(member, out); break;
	case FIELD_KIND_END: ensure(false); /* the loop ends there */
	}
}

static const struct currency *own_currency(const struct field *fields, const void *in,
                                           const struct currency *inherited)
{
	for (const struct field *field = fields; field->kind != FIELD_KIND_END; field++) {
		if (field->kind == FIELD_KIND_CURRENCY)
			return *(const struct currency *const *)(const void *)((const char *)in +
			                                                       field->offset);
	}
	return inherited;
}

/* Calls itself through add_list, as deep as the tables are nested. */
static void render_members(const struct field *fields, const struct currency *inherited,
                           const void *in, struct buf *out)
{
	const struct currency *currency = own_currency(fields, in, inherited);

	for (const struct field *field = fields; field->kind != FIELD_KIND_END; field++) {
		json_raw(out, field->key);
		add_value(field, currency, in, out);
	}
}

void field_render_members(const struct field *fields, const void *in, struct buf *out)
{
	render_members(fields, NULL, in, out);
}

void field_render(const struct field *fields, const void *in, struct buf *out)
{
	json_open(out, '{');
	field_render_members(fields, in, out);
	json_close(out, '}');
}
