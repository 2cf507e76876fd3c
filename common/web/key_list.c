/* key_list.c - reads a key file line by line. Of a line that is wrong only its number is told and
 * what a right one has: someone may have put the secret itself there. */
#include "web/key_list.h"

#include "base/time_text.h"
#include "web/scope.h"

#include <stdio.h>
#include <string.h>

#define BLANKS " \t\r"
#define DATE_CHARS (sizeof("2027-01-31") - 1)
#define MIDNIGHT "T00:00:00Z"
#define FAULT_BYTES_MAX 512

/* Cuts off the line up to the next newline. */
static struct text next_line(struct text *rest)
{
	const char *end = memchr(rest->ptr, '\n', rest->len);
	struct text line = {rest->ptr, end == NULL ? rest->len : (size_t)(end - rest->ptr)};
	size_t taken = end == NULL ? line.len : line.len + 1;

	rest->ptr += taken;
	rest->len -= taken;
	return line;
}

static bool is_blank(char c)
{
	return c != '\0' && strchr(BLANKS, c) != NULL;
}

/* Cuts off the next part between blanks; empty at the end of the line. */
static struct text next_part(struct text *line)
{
	size_t from = 0, to;

	while (from < line->len && is_blank(line->ptr[from]))
		from++;
	for (to = from; to < line->len && !is_blank(line->ptr[to]);)
		to++;
	struct text part = {line->ptr + from, to - from};
	line->ptr += to;
	line->len -= to;
	return part;
}

bool key_name_is_valid(struct text name)
{
	static_assert(KEY_NAME_MAX == ORDER_ID_MAX, "the rule of names is that of order ids");

	return text_is_order_id(name);
}

static bool parse_hash(struct text text, struct hash *ret_hash)
{
	const struct text prefix = TEXT_LITERAL(KEY_HASH_PREFIX);

	return text.len > prefix.len && memcmp(text.ptr, prefix.ptr, prefix.len) == 0 &&
	       hash_from_hex((struct text){text.ptr + prefix.len, text.len - prefix.len}, ret_hash);
}

/* A time, or a date: that is where it begins. Left out: never. */
static bool parse_expires(struct text text, int64_t *ret_expires_us)
{
	char midnight[DATE_CHARS + sizeof(MIDNIGHT)];

	if (text.len == 0) {
		*ret_expires_us = INT64_MAX;
		return true;
	}
	if (text.len == DATE_CHARS) {
		memcpy(midnight, text.ptr, DATE_CHARS);
		memcpy(midnight + DATE_CHARS, MIDNIGHT, sizeof(MIDNIGHT));
		text = text_of(midnight);
	}
	return time_parse(text, ret_expires_us);
}

static bool wrong(struct buf *why, const char *what)
{
	buf_add_str(why, what);
	return false;
}

static bool parse_key(struct text line, struct api_key *ret_key, struct buf *why)
{
	struct text name = next_part(&line);

	if (!key_name_is_valid(name))
		return wrong(why, "its name is not 1 to 64 of A-Z a-z 0-9 . _ : -");
	text_copy(name, ret_key->name, sizeof(ret_key->name));
	if (!scopes_parse(next_part(&line), &ret_key->scopes)) {
		buf_add_str(why, "its scopes, joined by commas without blanks, are not some of ");
		scopes_list(why);
		return false;
	}
	if (!parse_hash(next_part(&line), &ret_key->hash))
		return wrong(why, "after its scopes there is not sha256: with 64 hexadecimal "
		                  "digits in lower case");
	if (!parse_expires(next_part(&line), &ret_key->expires_us))
		return wrong(why, "its expiry is neither a date such as 2027-01-31 nor a time such "
		                  "as 2027-01-31T12:00:00Z");
	if (next_part(&line).len > 0)
		return wrong(why, "there is something after its expiry");
	return true;
}

static bool add_key(struct key_list *list, struct text line, struct buf *why)
{
	struct api_key key;

	if (list->count == KEYS_MAX) {
		buf_addf(why, "it is one key too many: at most %d are taken", KEYS_MAX);
		return false;
	}
	if (!parse_key(line, &key, why))
		return false;
	if (key_list_find(list, &key.hash) < list->count)
		return wrong(why, "its secret is that of a line above");
	list->keys[list->count++] = key;
	return true;
}

bool key_list_parse(struct text text, struct key_list *ret_list, struct buf *why)
{
	struct buf fault AUTO_BUF;
	size_t number = 1;

	buf_init(&fault, FAULT_BYTES_MAX);
	ret_list->count = 0;
	for (; text.len > 0; number++) {
		struct text line = next_line(&text), rest = line, first = next_part(&rest);

		if (first.len == 0 || first.ptr[0] == '#' || add_key(ret_list, line, &fault))
			continue;
		buf_addf(why, "line %zu: %s", number, buf_str(&fault));
		return false;
	}
	return ret_list->count > 0 || wrong(why, "there is no key in it");
}

size_t key_list_find(const struct key_list *list, const struct hash *hash)
{
	size_t found = list->count;

	for (size_t i = 0; i < list->count; i++)
		found = hash_equal(&list->keys[i].hash, hash) ? i : found;
	return found;
}
