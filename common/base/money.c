/* money.c - amounts, from the digits of a request to int64 minor units and back. A double never
 * holds one.
 *
 * Invariant: what leaves here is 0 to MONEY_MINOR_MAX. */
#include "base/money.h"

#define WHOLE_DIGITS_MAX (sizeof("999999999999") - 1) /* of MONEY_MAJOR_MAX */

static_assert(MONEY_MINOR_MAX < (INT64_C(1) << 53),
              "exact in a JSON number, which most clients keep as a double");

static const int64_t powers_of_10[CURRENCY_DECIMALS_MAX + 1] = {1, 10, 100, 1000, 10000};

static size_t digits_count(struct text text)
{
	size_t count = 0;

	while (count < text.len && char_is_digit(text.ptr[count]))
		count++;
	return count;
}

/* Takes "12.50" apart into "12" and "50", "12" into "12" and "". False: wrong syntax. */
static bool split(struct text text, struct text *ret_whole, struct text *ret_fraction)
{
	struct text whole = {text.ptr, digits_count(text)};

	if (whole.len == 0 || (whole.len > 1 && whole.ptr[0] == '0'))
		return false;
	struct text fraction = {text.ptr + whole.len, text.len - whole.len};
	if (fraction.len > 0) {
		if (fraction.ptr[0] != '.')
			return false;
		fraction = (struct text){fraction.ptr + 1, fraction.len - 1};
		if (fraction.len == 0 || digits_count(fraction) != fraction.len)
			return false;
	}
	*ret_whole = whole;
	*ret_fraction = fraction;
	return true;
}

static int64_t append_digits(int64_t value, struct text digits)
{
	for (size_t i = 0; i < digits.len; i++)
		value = value * 10 + (digits.ptr[i] - '0');
	return value;
}

enum money_fault decimal_parse(struct text text, struct decimal *ret_decimal)
{
	struct text whole, fraction;

	if (!split(text, &whole, &fraction))
		return MONEY_SYNTAX;
	while (fraction.len > 0 && fraction.ptr[fraction.len - 1] == '0')
		fraction.len--;
	if (whole.len > WHOLE_DIGITS_MAX)
		return MONEY_TOO_LARGE;
	if (fraction.len > CURRENCY_DECIMALS_MAX)
		return MONEY_TOO_PRECISE; /* for every currency there is */
	if (whole.len + fraction.len > MONEY_DIGITS_MAX)
		return MONEY_TOO_LARGE;

	int64_t digits = append_digits(append_digits(0, whole), fraction);
	ensure(digits <= MONEY_MINOR_MAX);
	*ret_decimal = (struct decimal){.digits = digits, .decimals = (uint8_t)fraction.len};
	return MONEY_OK;
}

enum money_fault decimal_to_minor(struct decimal decimal, const struct currency *currency,
                                  int64_t *ret_minor)
{
	if (decimal.decimals > currency->decimals)
		return MONEY_TOO_PRECISE;
	if (!money_multiply(decimal.digits, powers_of_10[currency->decimals - decimal.decimals],
	                    ret_minor))
		return MONEY_TOO_LARGE;
	return MONEY_OK;
}

bool money_add(int64_t a_minor, int64_t b_minor, int64_t *ret_minor)
{
	int64_t sum;

	ensure(a_minor >= 0);
	ensure(b_minor >= 0);
	if (__builtin_add_overflow(a_minor, b_minor, &sum) || sum > MONEY_MINOR_MAX)
		return false;
	*ret_minor = sum;
	return true;
}

bool money_multiply(int64_t a_minor, int64_t times, int64_t *ret_minor)
{
	int64_t product;

	ensure(a_minor >= 0);
	ensure(times >= 0);
	if (__builtin_mul_overflow(a_minor, times, &product) || product > MONEY_MINOR_MAX)
		return false;
	*ret_minor = product;
	return true;
}

void money_render(int64_t minor, const struct currency *currency, struct buf *out)
{
	char digits[sizeof("9223372036854775807.") - 1];
	size_t first = sizeof(digits);
	int64_t rest = minor;

	ensure(minor >= 0);
	for (size_t i = 0; i < currency->decimals; i++, rest /= 10)
		digits[--first] = (char)('0' + rest % 10);
	if (currency->decimals > 0)
		digits[--first] = '.';
	do {
		digits[--first] = (char)('0' + rest % 10);
		rest /= 10;
	} while (rest > 0);
	buf_add(out, digits + first, sizeof(digits) - first);
}
