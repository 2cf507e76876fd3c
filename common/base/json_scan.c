/* json_scan.c - decides whether a text is JSON that we take; it builds nothing. cJSON passes what
 * RFC 8259 forbids (01, 1., raw control bytes, NUL, ill-formed UTF-8, lone surrogates, a BOM,
 * trailing bytes), so it only ever sees what got through here. Also noted: where each value stands,
 * because cJSON keeps only a number's double.
 *
 * Each scan_ function begins at the first byte of its thing and ends behind it. */
#include "base/json_scan.h"

#include <stdlib.h>
#include <string.h>

#define END (-1)
#define PLACES_FIRST 32 /* enough for POST /pay, so that it allocates once */

#define SURROGATE_HIGH_MIN 0xD800U
#define SURROGATE_LOW_MIN 0xDC00U
#define SURROGATE_LOW_MAX 0xDFFFU

static_assert(JSON_BYTES_MAX <= INT32_MAX, "an index of a place fits cJSON's valueint");

static const char lone_surrogate[] = "A surrogate must be one half of a pair of \\u escapes";

static bool scan_value(struct json_scan *scan, size_t name_at, int depth);

static int peek(const struct json_scan *scan)
{
	return scan->at < scan->text.len ? (unsigned char)scan->text.ptr[scan->at] : END;
}

static bool fail(struct json_scan *scan, const char *detail)
{
	scan->detail = peek(scan) == END ? "The JSON ends too early" : detail;
	return false;
}

static bool take(struct json_scan *scan, char wanted)
{
	if (peek(scan) != wanted)
		return false;
	scan->at++;
	return true;
}

static void skip_space(struct json_scan *scan)
{
	int c = peek(scan);

	while (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
		scan->at++;
		c = peek(scan);
	}
}

static bool add_place(struct json_scan *scan, size_t name_at)
{
	if (scan->places_count == scan->places_size) {
		size_t size = scan->places_size == 0 ? PLACES_FIRST : 2 * scan->places_size;
		struct json_place *places = realloc(scan->places, size * sizeof(*places));

		if (places == NULL) {
			scan->detail = "There is no memory to read the JSON";
			return false;
		}
		scan->places = places;
		scan->places_size = size;
	}
	scan->places[scan->places_count++] =
		(struct json_place){.name_at = (uint32_t)name_at, .at = (uint32_t)scan->at};
	return true;
}

static bool scan_word(struct json_scan *scan, const char *word)
{
	for (const char *c = word; *c != '\0'; c++) {
		if (!take(scan, *c))
			return fail(scan, "The only words in JSON are true, false and null");
	}
	return true;
}

static bool at_digit(const struct json_scan *scan)
{
	return char_is_digit((char)peek(scan));
}

static bool scan_digits(struct json_scan *scan)
{
	if (!at_digit(scan))
		return fail(scan, "A digit is expected here");
	while (at_digit(scan))
		scan->at++;
	return true;
}

/* RFC 8259, section 6: [ minus ] int [ frac ] [ exp ] */
static bool scan_number(struct json_scan *scan)
{
	struct json_place *place = &scan->places[scan->places_count - 1];

	(void)take(scan, '-');
	if (take(scan, '0')) {
		if (at_digit(scan))
			return fail(scan, "A number must not begin with a needless zero");
	} else if (!scan_digits(scan)) {
		return false;
	}
	if (take(scan, '.') && !scan_digits(scan))
		return false;
	if (take(scan, 'e') || take(scan, 'E')) {
		if (!take(scan, '-'))
			(void)take(scan, '+');
		if (!scan_digits(scan))
			return false;
	}
	place->len = (uint32_t)scan->at - place->at;
	if (place->len > JSON_NUMBER_BYTES_MAX) {
		scan->at = place->at;
		return fail(scan, "A number must have at most 63 characters");
	}
	return true;
}

static int hex_value(int c)
{
	if (char_is_digit((char)c))
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* uXXXX, the backslash being taken already. */
static bool scan_code_unit(struct json_scan *scan, unsigned *ret_unit)
{
	unsigned unit = 0;

	if (!take(scan, 'u'))
		return fail(scan, lone_surrogate);
	for (int i = 0; i < 4; i++) {
		int value = hex_value(peek(scan));

		if (value < 0)
			return fail(scan, "\\u must be followed by four hexadecimal digits");
		unit = unit * 16 + (unsigned)value;
		scan->at++;
	}
	*ret_unit = unit;
	return true;
}

/* A character as \uXXXX, or as a surrogate pair of two. */
static bool scan_unicode_escape(struct json_scan *scan)
{
	unsigned high = 0, low = 0;

	if (!scan_code_unit(scan, &high))
		return false;
	if (high == 0)
		return fail(scan, "The character U+0000 is not taken");
	if (high < SURROGATE_HIGH_MIN || high > SURROGATE_LOW_MAX)
		return true;
	if (high >= SURROGATE_LOW_MIN || !take(scan, '\\'))
		return fail(scan, lone_surrogate);
	if (!scan_code_unit(scan, &low))
		return false;
	if (low < SURROGATE_LOW_MIN || low > SURROGATE_LOW_MAX)
		return fail(scan, lone_surrogate);
	return true;
}

static bool scan_escape(struct json_scan *scan)
{
	int c = peek(scan);

	if (c == 'u')
		return scan_unicode_escape(scan);
	if (c <= 0 || strchr("\"\\/bfnrt", c) == NULL)
		return fail(scan, "A backslash must be followed by one of \" \\ / b f n r t u");
	scan->at++;
	return true;
}

static bool scan_string(struct json_scan *scan)
{
	size_t began_at = scan->at;
	bool is_ascii = true;

	if (!take(scan, '"'))
		return fail(scan, "A name in double quotes is expected here");
	while (!take(scan, '"')) {
		int c = peek(scan);

		if (c < 0x20) /* END, too */
			return fail(scan, "A control character must be written as an escape");
		scan->at++;
		is_ascii = is_ascii && c < 0x80;
		if (c == '\\' && !scan_escape(scan))
			return false;
	}
	if (!is_ascii &&
	    !text_is_utf8((struct text){scan->text.ptr + began_at, scan->at - began_at})) {
		scan->at = began_at;
		return fail(scan, "A string must be well-formed UTF-8");
	}
	return true;
}

static bool scan_member(struct json_scan *scan, int depth)
{
	size_t name_at = scan->at;

	if (!scan_string(scan))
		return false;
	skip_space(scan);
	if (!take(scan, ':'))
		return fail(scan, "A colon is expected after a name");
	skip_space(scan);
	return scan_value(scan, name_at, depth);
}

/* The members of an object or the elements of an array, up to and with the closing bracket. */
static bool scan_container(struct json_scan *scan, char closing, int depth)
{
	if (depth > JSON_DEPTH_MAX)
		return fail(scan, "The JSON must be nested at most 8 levels deep");
	scan->at++;
	skip_space(scan);
	if (take(scan, closing))
		return true;
	do {
		skip_space(scan);
		if (closing == '}' ? !scan_member(scan, depth) : !scan_value(scan, scan->at, depth))
			return false;
		skip_space(scan);
	} while (take(scan, ','));
	if (!take(scan, closing))
		return fail(scan, "A comma or the closing bracket is expected here");
	return true;
}

/* Calls itself through scan_container, at most JSON_DEPTH_MAX times. */
static bool scan_value(struct json_scan *scan, size_t name_at, int depth)
{
	if (!add_place(scan, name_at))
		return false;
	if (at_digit(scan) || peek(scan) == '-')
		return scan_number(scan);
	switch (peek(scan)) {
	case '{': return scan_container(scan, '}', depth + 1);
	case '[': return scan_container(scan, ']', depth + 1);
	case '"': return scan_string(scan);
	case 't': return scan_word(scan, "true");
	case 'f': return scan_word(scan, "false");
	case 'n': return scan_word(scan, "null");
	default: return fail(scan, "A JSON value is expected here");
	}
}

bool json_scan(struct json_scan *scan)
{
	static_assert(JSON_DEPTH_MAX == 8 && JSON_NUMBER_BYTES_MAX == 63, "the details say so");

	if (scan->text.len > JSON_BYTES_MAX) {
		scan->detail = "The JSON is too large";
		return false;
	}
	skip_space(scan);
	if (!scan_value(scan, scan->at, 0))
		return false;
	skip_space(scan);
	if (peek(scan) != END)
		return fail(scan, "Nothing may follow the JSON value");
	return true;
}
