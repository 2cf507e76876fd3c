/* headers.c - the grammar of a few header fields. Nothing here allocates but idempotency_key_parse,
 * into its caller's buffer. */
#include "web/headers.h"

#include "storage/seen.h"

#include <string.h>
#include <strings.h>

static struct text trim(struct text text)
{
	while (text.len > 0 && (*text.ptr == ' ' || *text.ptr == '\t')) {
		text.ptr++;
		text.len--;
	}
	while (text.len > 0 && (text.ptr[text.len - 1] == ' ' || text.ptr[text.len - 1] == '\t'))
		text.len--;
	return text;
}

/* Cuts the part before the next separator off the front of *rest. */
static struct text next_part(struct text *rest, char separator)
{
	const char *end = memchr(rest->ptr, separator, rest->len);
	size_t len = end == NULL ? rest->len : (size_t)(end - rest->ptr);
	struct text part = {rest->ptr, len};

	rest->ptr += end == NULL ? len : len + 1;
	rest->len -= end == NULL ? len : len + 1;
	return trim(part);
}

static bool equal_ignoring_case(struct text text, const char *string, size_t len)
{
	return text.len == len && strncasecmp(text.ptr, string, len) == 0;
}

/* 0: the range does not match; 1: any, 2: the type's, 3: this very type. */
static int specificity(struct text range, const char *media_type)
{
	size_t type_len = strcspn(media_type, "/") + 1;

	if (equal_ignoring_case(range, "*/*", 3))
		return 1;
	if (equal_ignoring_case(range, media_type, strcspn(media_type, ";")))
		return 3;
	if (range.len == type_len + 1 && range.ptr[type_len] == '*' &&
	    strncasecmp(range.ptr, media_type, type_len) == 0)
		return 2;
	return 0;
}

/* A weight such as "0.3" in thousandths (RFC 9110 section 12.4.2); what is no weight counts as 0.
 */
static int weight_of(struct text value)
{
	int weight, unit = 100;

	if (value.len == 0 || value.len > 5 || (value.ptr[0] != '0' && value.ptr[0] != '1') ||
	    (value.len > 1 && value.ptr[1] != '.'))
		return 0;
	weight = (value.ptr[0] - '0') * 1000;
	for (size_t i = 2; i < value.len; i++, unit /= 10) {
		if (!char_is_digit(value.ptr[i]))
			return 0;
		weight += (value.ptr[i] - '0') * unit;
	}
	return weight > 1000 ? 0 : weight;
}

static int range_weight(struct text parameters)
{
	while (parameters.len > 0) {
		struct text parameter = next_part(&parameters, ';');

		if (parameter.len >= 2 && strncasecmp(parameter.ptr, "q=", 2) == 0)
			return weight_of((struct text){parameter.ptr + 2, parameter.len - 2});
	}
	return 1000;
}

int accept_weight(struct text accept, const char *media_type)
{
	int best = 0;
	int weight = trim(accept).len == 0 ? 1000 : 0;

	while (accept.len > 0) {
		struct text parameters = next_part(&accept, ',');
		int match = specificity(next_part(&parameters, ';'), media_type);

		if (match <= best)
			continue;
		best = match;
		weight = range_weight(parameters);
	}
	return weight;
}

bool content_type_is_json(struct text value)
{
	static const char json[] = "application/json";

	return equal_ignoring_case(next_part(&value, ';'), json, sizeof(json) - 1);
}

bool bearer_parse(struct text value, struct text *ret_token)
{
	static const char scheme[] = "Bearer ";
	const size_t len = sizeof(scheme) - 1;

	if (value.len < len || strncasecmp(value.ptr, scheme, len) != 0)
		return false;
	*ret_token = trim((struct text){value.ptr + len, value.len - len});
	return ret_token->len > 0;
}

/* The inside of a quoted string: printable ASCII, where a backslash stands before a quote or a
 * backslash only. */
static bool unquote(struct text inside, struct buf *out)
{
	for (size_t i = 0; i < inside.len; i++) {
		char c = inside.ptr[i];

		if (c == '"')
			return false;
		if (c == '\\') {
			if (++i == inside.len || (inside.ptr[i] != '"' && inside.ptr[i] != '\\'))
				return false;
			c = inside.ptr[i];
		}
		if (c < 0x20 || c > 0x7e)
			return false;
		buf_add_char(out, c);
	}
	return true;
}

static bool is_bare(struct text value)
{
	for (size_t i = 0; i < value.len; i++)
		if (value.ptr[i] < 0x21 || value.ptr[i] > 0x7e)
			return false;
	return true;
}

bool idempotency_key_parse(struct text value, struct buf *out)
{
	size_t before = out->len;

	value = trim(value);
	if (value.len > 0 && value.ptr[0] == '"') {
		if (value.len < 2 || value.ptr[value.len - 1] != '"' ||
		    !unquote((struct text){value.ptr + 1, value.len - 2}, out))
			return false;
	} else if (is_bare(value)) {
		buf_add_text(out, value);
	} else {
		return false;
	}
	return !out->full && out->len > before && out->len - before <= SEEN_KEY_MAX;
}

bool request_id_is_safe(struct text value)
{
	if (value.len == 0 || value.len > REQUEST_ID_MAX)
		return false;
	for (size_t i = 0; i < value.len; i++) {
		char c = value.ptr[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		      (c != '\0' && strchr("._:-/+=@", c) != NULL)))
			return false;
	}
	return true;
}
