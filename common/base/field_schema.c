/* field_schema.c - a table of fields as JSON Schema 2020-12, the dialect of OpenAPI 3.1. It says
 * what field_value.c and field_render.c do; where JSON Schema cannot say it (decimals of a
 * currency, card numbers) the summary does. */
#include "base/field_value.h"

enum place { IN_BODY, IN_QUERY, IN_ANSWER, PLACE_COUNT };

static void add_object(const struct field *fields, enum place place, struct buf *out);

/* The JSON of "type". Bodies never take null; answers have it where a value may be absent. */
static const char *const types[][PLACE_COUNT] = {
	[FIELD_KIND_ORDER_ID] = {"[\"string\",\"integer\"]", "\"string\"", "\"string\""},
	[FIELD_KIND_STR] = {NULL, NULL, "[\"string\",\"null\"]"},
	[FIELD_KIND_TEXT] = {"\"string\"", "\"string\"", "[\"string\",\"null\"]"},
	[FIELD_KIND_ENUM] = {"\"string\"", "\"string\"", "[\"string\",\"null\"]"},
	[FIELD_KIND_INTEGER] = {"\"integer\"", "\"integer\"", "\"integer\""},
	[FIELD_KIND_BOOLEAN] = {"\"boolean\"", "\"boolean\"", "\"boolean\""},
	[FIELD_KIND_MONEY] = {"[\"number\",\"string\"]", NULL, "[\"number\",\"null\"]"},
	[FIELD_KIND_DECIMAL] = {"[\"number\",\"string\"]", NULL, NULL},
	[FIELD_KIND_CURRENCY] = {"\"string\"", "\"string\"", "[\"string\",\"null\"]"},
	[FIELD_KIND_TIME] = {"\"string\"", "\"string\"", "[\"string\",\"null\"]"},
	[FIELD_KIND_METADATA] = {"\"object\"", NULL, "\"object\""},
	[FIELD_KIND_NAMES] = {"\"array\"", NULL, "[\"array\",\"null\"]"},
	[FIELD_KIND_LIST] = {"\"array\"", NULL, "\"array\""},
	[FIELD_KIND_CURSOR] = {NULL, "\"string\"", NULL},
};

static void add_order_id(enum place place, struct buf *out)
{
	json_member_int(out, "minLength", 1);
	json_member_int(out, "maxLength", ORDER_ID_MAX);
	json_member_str(out, "pattern", "^(?!\\.{1,2}$)[A-Za-z0-9._:-]+$");
	if (place == IN_BODY) {
		json_member_int(out, "minimum", 0);
		json_member_int(out, "maximum", ORDER_ID_INT_MAX);
	}
}

static void add_enum(const struct field *field, enum place place, struct buf *out)
{
	json_key(out, "enum");
	json_open(out, '[');
	for (size_t i = 0; field->names[i] != NULL; i++)
		json_string(out, text_of(field->names[i]));
	if (place == IN_ANSWER)
		json_string(out, TEXT_NONE);
	json_close(out, ']');
	if (place == IN_BODY && (field->flags & FIELD_REQUIRED) == 0)
		json_member_str(out, "default", field->names[0]);
}

static void add_integer(const struct field *field, struct buf *out)
{
	json_member_int(out, "minimum", field->min);
	json_member_int(out, "maximum", field->max);
	if ((field->flags & FIELD_REQUIRED) == 0 && field->absent >= field->min &&
	    field->absent <= field->max)
		json_member_int(out, "default", field->absent);
}

/* Of money that is sent: a number, or a string of the same form. */
static void add_amount(bool may_be_zero, struct buf *out)
{
	json_keyed_int(out, may_be_zero ? JSON_KEY("minimum") : JSON_KEY("exclusiveMinimum"), 0);
	json_member_int(out, "maximum", MONEY_MAJOR_MAX);
	json_member_str(out, "pattern", "^(0|[1-9][0-9]*)(\\.[0-9]+)?$");
}

static void add_metadata(struct buf *out)
{
	json_member_int(out, "maxProperties", METADATA_KEYS_MAX);
	json_key(out, "propertyNames");
	json_open(out, '{');
	json_member_int(out, "maxLength", METADATA_KEY_CHARS_MAX);
	json_member_str(out, "pattern", "^[A-Za-z0-9._-]+$");
	json_close(out, '}');
	json_key(out, "additionalProperties");
	json_open(out, '{');
	json_member_str(out, "type", "string");
	json_member_int(out, "maxLength", METADATA_VALUE_CHARS_MAX);
	json_close(out, '}');
}

static void add_names(const struct field *field, struct buf *out)
{
	json_member_int(out, "minItems", field->min);
	json_member_int(out, "maxItems", field->max);
	json_key(out, "items");
	json_open(out, '{');
	json_member_str(out, "type", "string");
	json_member_int(out, "maxLength", FIELD_NAME_CHARS_MAX);
	json_member_str(out, "pattern", "^[A-Za-z0-9._-]+$");
	json_close(out, '}');
}

static void add_list(const struct field *field, enum place place, struct buf *out)
{
	if (place == IN_BODY) {
		json_member_int(out, "minItems", field->min);
		json_member_int(out, "maxItems", field->max);
	}
	json_key(out, "items");
	add_object(field->items, place, out);
}

/* What the value is limited to, as far as its reader is: answers are only typed. */
static void add_limits(const struct field *field, enum place place, struct buf *out)
{
	bool is_answer = place == IN_ANSWER;

	switch (field->kind) {
	case FIELD_KIND_ORDER_ID: add_order_id(place, out); break;
	case FIELD_KIND_ENUM: add_enum(field, place, out); break;
	case FIELD_KIND_CURRENCY: json_member_str(out, "pattern", "^[A-Z]{3}$"); break;
	case FIELD_KIND_TIME: json_member_str(out, "format", "date-time"); break;
	case FIELD_KIND_METADATA: add_metadata(out); break;
	case FIELD_KIND_NAMES: add_names(field, out); break;
	case FIELD_KIND_LIST: add_list(field, place, out); break;
	case FIELD_KIND_TEXT:
		if (is_answer)
			break;
		json_member_int(out, "minLength", field->min);
		json_member_int(out, "maxLength", field->max);
		break;
	case FIELD_KIND_INTEGER:
		if (!is_answer)
			add_integer(field, out);
		break;
	case FIELD_KIND_MONEY:
		if (!is_answer)
			add_amount(field->min == 0, out);
		break;
	case FIELD_KIND_BOOLEAN:
		if (!is_answer)
			json_member_bool(out, "default", false);
		break;
	case FIELD_KIND_DECIMAL: add_amount(false, out); break;
	default: break;
	}
}

static void add_value(const struct field *field, enum place place, struct buf *out)
{
	json_open(out, '{');
	if (field->kind != FIELD_KIND_RAW) { /* which may be anything */
		ensure(types[field->kind][place] != NULL);
		json_key(out, "type");
		json_raw(out, text_of(types[field->kind][place]));
		add_limits(field, place, out);
	}
	if (place != IN_QUERY) /* a parameter has its own description */
		json_member_str(out, "description", field->summary);
	json_close(out, '}');
}

/* Answers always have all members, and more in later versions. */
static void add_object(const struct field *fields, enum place place, struct buf *out)
{
	json_open(out, '{');
	json_member_str(out, "type", "object");
	json_key(out, "properties");
	json_open(out, '{');
	for (const struct field *field = fields; field->kind != FIELD_KIND_END; field++) {
		json_key(out, field->name);
		add_value(field, place, out);
	}
	json_close(out, '}');
	json_key(out, "required");
	json_open(out, '[');
	for (const struct field *field = fields; field->kind != FIELD_KIND_END; field++) {
		if (place == IN_ANSWER || (field->flags & FIELD_REQUIRED) != 0)
			json_string(out, text_of(field->name));
	}
	json_close(out, ']');
	if (place == IN_BODY)
		json_member_bool(out, "additionalProperties", false);
	json_close(out, '}');
}

void field_schema(const struct field *fields, bool is_answer, struct buf *out)
{
	add_object(fields, is_answer ? IN_ANSWER : IN_BODY, out);
}

void field_query_parameters(const struct field *fields, struct buf *out)
{
	for (const struct field *field = fields; field->kind != FIELD_KIND_END; field++) {
		json_open(out, '{');
		json_member_str(out, "name", field->name);
		json_member_str(out, "in", "query");
		json_member_str(out, "description", field->summary);
		json_member_bool(out, "required", (field->flags & FIELD_REQUIRED) != 0);
		json_key(out, "schema");
		add_value(field, IN_QUERY, out);
		json_close(out, '}');
	}
}
