/* field_query.c - a query string into a struct, as a table of fields says
 * (application/x-www-form-urlencoded, strictly: WHATWG URL section 5 lets pass what is refused
 * here). The first fault ends it: a query is short. */
#include "base/field_value.h"

#include <stdio.h>
#include <string.h>

#define NAME_ECHO_CHARS_MAX 40 /* a longer unknown name is not repeated */

static int hex_digit(char c)
{
	if (char_is_digit(c))
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Decodes %XX and '+' in place, which never makes it longer. False: not %XX, a NUL, or not UTF-8.
 */
static bool decode(char *bytes, size_t len, struct text *ret_text)
{
	size_t out = 0;

	for (size_t i = 0; i < len; i++) {
		int c = bytes[i] == '+' ? ' ' : (unsigned char)bytes[i];

		if (c == '%') {
			int high = i + 2 < len ? hex_digit(bytes[i + 1]) : -1;
			int low = i + 2 < len ? hex_digit(bytes[i + 2]) : -1;

			if (high < 0 || low < 0)
				return false;
			c = high * 16 + low;
			i += 2;
		}
		if (c == '\0')
			return false;
		bytes[out++] = (char)c;
	}
	*ret_text = (struct text){bytes, out};
	return text_is_utf8(*ret_text);
}

static bool refuse(char ret_detail[FIELD_DETAIL_SIZE], const char *name, const char *fault)
{
	(void)snprintf(ret_detail, FIELD_DETAIL_SIZE, "The query parameter %s %s.", name, fault);
	return false;
}

static bool refuse_unknown(char ret_detail[FIELD_DETAIL_SIZE], struct text name)
{
	char echo[NAME_ECHO_CHARS_MAX + 1];

	if (!field_is_plain_name(name, NAME_ECHO_CHARS_MAX) || text_has_card_number(name)) {
		(void)snprintf(ret_detail, FIELD_DETAIL_SIZE,
		               "The query holds a parameter that is not known here.");
		return false;
	}
	text_copy(name, echo, sizeof(echo));
	return refuse(ret_detail, echo, "is not known here");
}

/* One "name=value" of the query, taken apart and decoded. */
struct parameter {
	struct text name;
	struct text value; /* TEXT_NONE: malformed or left out */
};

static bool split(char *piece, size_t len, struct parameter *ret_parameter)
{
	char *equals = memchr(piece, '=', len);
	size_t name_len = equals == NULL ? len : (size_t)(equals - piece);

	*ret_parameter = (struct parameter){.value = TEXT_NONE};
	if (!decode(piece, name_len, &ret_parameter->name))
		return false;
	if (equals != NULL && !decode(equals + 1, len - name_len - 1, &ret_parameter->value))
		ret_parameter->value = TEXT_NONE;
	return true;
}

/* seen has a bit for each row of the table. */
static bool read_parameter(const struct field *fields, char *piece, size_t len, uint32_t *seen,
                           void *out, char ret_detail[FIELD_DETAIL_SIZE])
{
	static_assert(FIELDS_MAX <= 32, "a bit for each row");
	struct parameter parameter;
	const struct field *field;
	char fault[FIELD_FAULT_SIZE];
	uint32_t bit;

	if (!split(piece, len, &parameter))
		return refuse_unknown(ret_detail, TEXT_NONE);
	field = field_find(fields, parameter.name);
	if (field == NULL)
		return refuse_unknown(ret_detail, parameter.name);
	ensure(field - fields < FIELDS_MAX);
	bit = UINT32_C(1) << (field - fields);
	if ((*seen & bit) != 0)
		return refuse(ret_detail, field->name, "must occur only once");
	*seen |= bit;
	if (parameter.value.len == 0)
		return refuse(ret_detail, field->name,
		              "must have a value, in UTF-8 with right percent-encoding");
	if (!field_value_read(field, parameter.value, NULL, out, fault))
		return refuse(ret_detail, field->name, fault);
	return true;
}

static void set_defaults(const struct field *fields, void *out)
{
	for (const struct field *field = fields; field->kind != FIELD_KIND_END; field++) {
		field_default(field, NULL, out);
		if (field->kind == FIELD_KIND_ENUM) /* no filter, unlike the first name */
			*(int *)(void *)((char *)out + field->offset) = -1;
	}
}

static const struct field *missing_field(const struct field *fields, uint32_t seen)
{
	for (const struct field *field = fields; field->kind != FIELD_KIND_END; field++) {
		if ((field->flags & FIELD_REQUIRED) != 0 &&
		    (seen & UINT32_C(1) << (field - fields)) == 0)
			return field;
	}
	return NULL;
}

bool field_parse_query(const struct field *fields, struct text query, struct buf *scratch,
                       void *out, char ret_detail[FIELD_DETAIL_SIZE])
{
	size_t at = scratch->len;
	uint32_t seen = 0;
	const struct field *missing;

	set_defaults(fields, out);
	/* Copied whole and decoded in place, so that scratch does not move under the texts. */
	buf_add_text(scratch, query);
	if (scratch->full) {
		(void)snprintf(ret_detail, FIELD_DETAIL_SIZE, "The query is too long.");
		return false;
	}
	for (bool more = query.len > 0; more;) {
		char *piece = scratch->data + at;
		size_t rest = scratch->len - at;
		char *end = memchr(piece, '&', rest);
		size_t len = end == NULL ? rest : (size_t)(end - piece);

		if (!read_parameter(fields, piece, len, &seen, out, ret_detail))
			return false;
		at += len + 1;
		more = end != NULL;
	}
	missing = missing_field(fields, seen);
	if (missing != NULL)
		return refuse(ret_detail, missing->name, "is required");
	return true;
}
