/* money.h - amounts: decimal text in, int64 minor units inside, exact decimal text out. No binary
 * fraction. Pure. */
#ifndef BASE_MONEY_H
#define BASE_MONEY_H

#include "base/buf.h"
#include "base/currency.h"

/* api.md, section 1: 12 digits before the point, 15 significant ones in all, so that what is
 * printed survives a client's double (IEEE 754 binary64 keeps any 15 decimal digits). */
#define MONEY_MAJOR_MAX INT64_C(999999999999)
#define MONEY_DIGITS_MAX 15
#define MONEY_MINOR_MAX INT64_C(999999999999999)
#define MONEY_NONE INT64_C(-1) /* an amount that is not set: null in JSON and SQL */

/* digits / 10^decimals, without trailing zeros after the point. */
struct decimal {
	int64_t digits;
	uint8_t decimals;
};

enum money_fault {
	MONEY_OK,
	MONEY_SYNTAX,    /* not: 0 or a non-zero digit and digits, optionally a point and digits */
	MONEY_TOO_LARGE, /* over 999999999999 major units, or over 15 significant digits */
	MONEY_TOO_PRECISE, /* more decimals than the currency has */
};

/* Reads the text of a JSON number. Zero is right here; who wants more than zero checks it. */
must_use enum money_fault decimal_parse(struct text text, struct decimal *ret_decimal);
must_use enum money_fault decimal_to_minor(struct decimal decimal, const struct currency *currency,
                                           int64_t *ret_minor);

/* a + b and a * b for a, b >= 0; false when the result passes MONEY_MINOR_MAX (ret is then
 * unchanged). */
must_use bool money_add(int64_t a_minor, int64_t b_minor, int64_t *ret_minor);
must_use bool money_multiply(int64_t a_minor, int64_t times, int64_t *ret_minor);

/* Prints exactly the currency's decimals: 1099 USD is 10.99, 5 KWD is 0.005. minor >= 0. */
void money_render(int64_t minor, const struct currency *currency, struct buf *out);

#endif
