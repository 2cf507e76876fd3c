/* text.c - the rules for texts that come from outside (api.md, section 1), each one a yes or no.
 * What a refusal looks like is the caller's business. Every rule reads a text at most a constant
 * number of times. */
#include "base/text.h"

#include <unistr.h>

/* ISO/IEC 7812-1 allows 10 to 19 digits; cards that pay have 13 or more. */
#define CARD_DIGITS_MIN 13
#define CARD_DIGITS_MAX 19

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool text_equal(struct text a, struct text b)
{
	if (a.ptr == NULL || b.ptr == NULL)
		return a.ptr == b.ptr;
	return a.len == b.len && memcmp(a.ptr, b.ptr, a.len) == 0;
}

bool text_is(struct text text, const char *string)
{
	return text_equal(text, text_of(string));
}

void text_copy(struct text text, char *out, size_t size)
{
	ensure(text.len < size);
	if (text.len > 0)
		memcpy(out, text.ptr, text.len);
	out[text.len] = '\0';
}

bool text_is_utf8(struct text text)
{
	return u8_check((const uint8_t *)text.ptr, text.len) == NULL;
}

size_t text_chars(struct text text)
{
	size_t chars = 0;

	/* Each code point has exactly one byte that is not a continuation byte (10xxxxxx). */
	for (size_t i = 0; i < text.len; i++)
		chars += ((uint8_t)text.ptr[i] & 0xC0) != 0x80;
	return chars;
}

bool text_has_control(struct text text)
{
	for (size_t i = 0; i < text.len; i++) {
		uint8_t byte = (uint8_t)text.ptr[i];

		if (byte < 0x20 && byte != '\t' && byte != '\n')
			return true;
		if (byte == 0x7F)
			return true;
		/* U+0080 to U+009F are C2 80 to C2 9F; C2 is a lead byte and nothing else. */
		if (byte == 0xC2 && i + 1 < text.len && (uint8_t)text.ptr[i + 1] < 0xA0)
			return true;
	}
	return false;
}

static bool digit_at(struct text text, size_t at)
{
	return at < text.len && char_is_digit(text.ptr[at]);
}

static bool separator_at(struct text text, size_t at)
{
	return digit_at(text, at + 1) && (text.ptr[at] == ' ' || text.ptr[at] == '-');
}

/* Whether a card number begins at `at`, the first digit of a group, and ends with this group or a
 * later one. */
static bool card_number_at(struct text text, size_t at)
{
	/* The sum of the decimal digits of 2 * digit. */
	static const uint8_t doubled[] = {0, 2, 4, 6, 8, 1, 3, 5, 7, 9};
	/* The check doubles every second digit from the right, but where the right end is shows
	 * only there. So both sums are kept: sums[p] doubles the digits whose place from the left,
	 * counted from 0, has parity p. In a number of n digits the last place is n - 1 and not
	 * doubled, so its sum is sums[n % 2]. */
	unsigned sums[2] = {0, 0};

	for (size_t digits = 1; digits <= CARD_DIGITS_MAX; digits++) {
		unsigned digit = (unsigned)(text.ptr[at++] - '0');

		sums[digits % 2] += digit;
		sums[(digits + 1) % 2] += doubled[digit];
		if (digit_at(text, at))
			continue;
		if (digits >= CARD_DIGITS_MIN && sums[digits % 2] % 10 == 0)
			return true;
		if (!separator_at(text, at))
			return false;
		at++;
	}
	return false;
}

bool text_has_card_number(struct text text)
{
	/* Linear: from each group of digits at most CARD_DIGITS_MAX digits are read. */
	for (size_t i = 0; i < text.len; i++)
		if (char_is_digit(text.ptr[i]) && (i == 0 || !char_is_digit(text.ptr[i - 1])) &&
		    card_number_at(text, i))
			return true;
	return false;
}

bool text_is_order_id(struct text text)
{
	if (text.len < 1 || text.len > ORDER_ID_MAX)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];

		if (!is_letter(c) && !char_is_digit(c) && c != '.' && c != '_' && c != ':' &&
		    c != '-')
			return false;
	}
	return !text_is(text, ".") && !text_is(text, ".."); /* a URL path would lose these */
}

bool text_to_int(struct text text, int64_t max, int64_t *ret_value)
{
	int64_t value = 0;

	if (text.len == 0 || (text.len > 1 && text.ptr[0] == '0'))
		return false;
	for (size_t i = 0; i < text.len; i++) {
		if (!char_is_digit(text.ptr[i]))
			return false;
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, text.ptr[i] - '0', &value) || value > max)
			return false;
	}
	*ret_value = value;
	return true;
}
