/* json_write.c - JSON straight into a buffer, with no tree in between. Invariant: the buffer's last
 * byte tells whether a comma is due, so there is no state beside it. */
#include "base/json.h"

#define BLOCK_BYTES 16 /* what a vector register of every processor holds */

/* The marks of every value are added as literals: for a character, whose address goes to the slow
 * way of the buffer, the compiler guards the stack in each call. */
static void add_comma_if_due(struct buf *out)
{
	if (out->len == 0)
		return;
	switch (out->data[out->len - 1]) {
	case '{':
	case '[':
	case ':':
	case '\n': /* a new line is a new document */ return;
	default: buf_add_str(out, ",");
	}
}

void json_open(struct buf *out, char bracket)
{
	add_comma_if_due(out);
	buf_add_char(out, bracket);
}

void json_close(struct buf *out, char bracket)
{
	buf_add_char(out, bracket);
}

static bool needs_escape(uint8_t c)
{
	return (c < 0x20) | (c == '"') | (c == '\\') | (c == 0x7F);
}

static void add_escape(struct buf *out, uint8_t c)
{
	static const char hex[] = "0123456789abcdef";

	switch (c) {
	case '"': buf_add_str(out, "\\\""); return;
	case '\\': buf_add_str(out, "\\\\"); return;
	case '\n': buf_add_str(out, "\\n"); return;
	case '\r': buf_add_str(out, "\\r"); return;
	case '\t': buf_add_str(out, "\\t"); return;
	default:
		buf_add_str(out, "\\u00");
		buf_add_char(out, hex[c >> 4]);
		buf_add_char(out, hex[c & 0xF]);
	}
}

/* Without a branch for each byte, so that the compiler makes a few vector instructions of it. */
static bool block_is_plain(const char *block)
{
	uint8_t found = 0;

	for (size_t i = 0; i < BLOCK_BYTES; i++)
		found |= needs_escape((uint8_t)block[i]);
	return found == 0;
}

/* How many bytes come before the first that needs escaping. */
static size_t plain_len(struct text text)
{
	size_t len = 0;

	while (text.len - len >= BLOCK_BYTES && block_is_plain(text.ptr + len))
		len += BLOCK_BYTES;
	/* Less than a block is left: its end is that of one more block, which overlaps the last. */
	if (len > 0 && text.len - len < BLOCK_BYTES &&
	    block_is_plain(text.ptr + text.len - BLOCK_BYTES))
		return text.len;
	while (len < text.len && !needs_escape((uint8_t)text.ptr[len]))
		len++;
	return len;
}

static void add_quoted(struct buf *out, struct text text)
{
	size_t len;

	buf_add_str(out, "\"");
	while ((len = plain_len(text)) < text.len) {
		buf_add(out, text.ptr, len);
		add_escape(out, (uint8_t)text.ptr[len]);
		text = (struct text){text.ptr + len + 1, text.len - len - 1};
	}
	buf_add_text(out, text);
	buf_add_str(out, "\"");
}

void json_key(struct buf *out, const char *name)
{
	add_comma_if_due(out);
	add_quoted(out, text_of(name));
	buf_add_str(out, ":");
}

void json_string(struct buf *out, struct text text)
{
	add_comma_if_due(out);
	if (text.ptr == NULL)
		buf_add_str(out, "null");
	else
		add_quoted(out, text);
}

void json_plain(struct buf *out, struct text text)
{
	add_comma_if_due(out);
	buf_add_str(out, "\"");
	buf_add_text(out, text);
	buf_add_str(out, "\"");
}

void json_int(struct buf *out, int64_t value)
{
	add_comma_if_due(out);
	buf_add_int(out, value);
}

void json_bool(struct buf *out, bool value)
{
	add_comma_if_due(out);
	buf_add_str(out, value ? "true" : "false");
}

void json_raw(struct buf *out, struct text json)
{
	add_comma_if_due(out);
	buf_add_text(out, json);
}

void json_keyed_string(struct buf *out, struct text key, struct text text)
{
	json_raw(out, key);
	json_string(out, text);
}

void json_keyed_plain(struct buf *out, struct text key, struct text text)
{
	json_raw(out, key);
	json_plain(out, text);
}

void json_keyed_int(struct buf *out, struct text key, int64_t value)
{
	json_raw(out, key);
	json_int(out, value);
}

void json_keyed_bool(struct buf *out, struct text key, bool value)
{
	json_raw(out, key);
	json_bool(out, value);
}
