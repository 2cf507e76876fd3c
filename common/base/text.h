/* text.h - a borrowed run of bytes, and the rules for texts that come from outside (api.md, section
 * 1). Pure. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include "base/base.h"

#include <string.h>

/* Borrowed, not NUL-terminated. ptr == NULL means absent (null in JSON and SQL). */
struct text {
	const char *ptr;
	size_t len;
};

#define TEXT_NONE ((struct text){NULL, 0})
#define TEXT_LITERAL(literal) ((struct text){"" literal, sizeof(literal) - 1})

#define ORDER_ID_MAX 64

/* Of ASCII; <ctype.h> would ask the locale. */
static inline bool char_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Inline, so that a literal is measured when it is compiled. */
static inline struct text text_of(const char *string)
{
	return (struct text){string, strlen(string)};
}

/* The same bytes. Absent equals only absent, not the empty text. */
bool text_equal(struct text a, struct text b);
bool text_is(struct text text, const char *string);
/* Copies into a NUL-terminated array of `size` bytes; ensures that it fits. */
void text_copy(struct text text, char *out, size_t size);

/* Well-formed UTF-8 as Unicode defines it: no surrogates, no overlong forms (libunistring). */
bool text_is_utf8(struct text text);
/* Code points of a text that is well-formed UTF-8. */
size_t text_chars(struct text text);
/* A control character other than tab and newline (U+0000 to U+001F, U+007F, U+0080 to U+009F). */
bool text_has_control(struct text text);
/* Holds a card number: 13 to 19 digits with a right check digit (ISO/IEC 7812-1, Luhn), single
 * spaces or hyphens between them allowed. It begins and ends with a whole group of digits, so 20
 * digits on end hold none; but an expiry date or check value after it ("... 1111 12/30") does not
 * hide it. */
bool text_has_card_number(struct text text);
/* 1 to 64 of A-Z a-z 0-9 . _ : - but not "." or "..". */
bool text_is_order_id(struct text text);
/* Decimal digits without sign or leading zeros ("0" itself is right), at most `max`. */
bool text_to_int(struct text text, int64_t max, int64_t *ret_value);

#endif
