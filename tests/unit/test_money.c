/* test_money.c - amounts are exact at both ends of the range, for every number of decimals, and
 * there and back. */
#include "unit/unit.h"

#include "base/money.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#define ROUNDS 200000
#define BODY_BYTES_MAX (64 * 1024) /* no number in a request is longer */

static const struct currency *currency_of(const char *code)
{
	const struct currency *currency = currency_find(text_of(code));

	ck_assert_msg(currency != NULL, "%s", code);
	return currency;
}

static enum money_fault to_minor(struct text text, const struct currency *currency,
                                 int64_t *ret_minor)
{
	struct decimal decimal;
	enum money_fault fault = decimal_parse(text, &decimal);

	return fault == MONEY_OK ? decimal_to_minor(decimal, currency, ret_minor) : fault;
}

static const struct {
	const char *text;
	const char *code;
	int64_t minor;
} exact[] = {
	{"0", "USD", 0},
	{"0.00", "USD", 0},
	{"0.0", "JPY", 0},
	{"0.01", "USD", 1},
	{"0.1", "USD", 10},
	{"0.10", "USD", 10},
	{"1", "USD", 100},
	{"1.0", "USD", 100},
	{"10.99", "USD", 1099},
	{"99.99", "USD", 9999},
	{"10.990000000000000000000", "USD", 1099},
	{"100", "USD", 10000},
	{"1", "JPY", 1},
	{"1.000", "JPY", 1},
	{"0.001", "KWD", 1},
	{"0.005", "KWD", 5},
	{"1.5", "KWD", 1500},
	{"0.0001", "CLF", 1},
	{"1.2345", "CLF", 12345},
	/* a double times 100 misses these */
	{"0.29", "USD", 29},
	{"1.15", "USD", 115},
	{"4.35", "USD", 435},
	{"1118.26", "USD", 111826},
	{"333333333333.33", "USD", 33333333333333},
	/* the upper end */
	{"999999999999", "JPY", 999999999999},
	{"999999999999", "USD", 99999999999900},
	{"999999999999.99", "USD", 99999999999999},
	{"999999999999.9900", "USD", 99999999999999},
	{"999999999999.999", "KWD", 999999999999999},
	{"99999999999.9999", "CLF", 999999999999999},
	{"100000000000", "KWD", 100000000000000},
};

START_TEST(an_amount_is_taken_exactly)
{
	int64_t minor = -1;

	ck_assert_int_eq(to_minor(text_of(exact[_i].text), currency_of(exact[_i].code), &minor),
	                 MONEY_OK);
	ck_assert_msg(minor == exact[_i].minor, "%s: %" PRId64, exact[_i].text, minor);
}
END_TEST

static const struct {
	const char *text;
	const char *code;
	enum money_fault fault;
} refused[] = {
	{"", "USD", MONEY_SYNTAX},
	{"-1", "USD", MONEY_SYNTAX},
	{"-0", "USD", MONEY_SYNTAX},
	{"+1", "USD", MONEY_SYNTAX},
	{"00", "USD", MONEY_SYNTAX},
	{"01", "USD", MONEY_SYNTAX},
	{"00.5", "USD", MONEY_SYNTAX},
	{".5", "USD", MONEY_SYNTAX},
	{"1.", "USD", MONEY_SYNTAX},
	{".", "USD", MONEY_SYNTAX},
	{"1..5", "USD", MONEY_SYNTAX},
	{"1.2.3", "USD", MONEY_SYNTAX},
	{"1.-5", "USD", MONEY_SYNTAX},
	{"1e2", "USD", MONEY_SYNTAX},
	{"1E2", "USD", MONEY_SYNTAX},
	{"1.5e0", "USD", MONEY_SYNTAX},
	{"1e-400", "USD", MONEY_SYNTAX},
	{"0x10", "USD", MONEY_SYNTAX},
	{"1,50", "USD", MONEY_SYNTAX},
	{"1'000", "USD", MONEY_SYNTAX},
	{" 1", "USD", MONEY_SYNTAX},
	{"1 ", "USD", MONEY_SYNTAX},
	{"10.99 USD", "USD", MONEY_SYNTAX},
	{"NaN", "USD", MONEY_SYNTAX},
	{"Infinity", "USD", MONEY_SYNTAX},
	{"\xD9\xA1", "USD", MONEY_SYNTAX}, /* an Arabic-Indic digit */
	{"999999999999999999999e9", "USD", MONEY_SYNTAX},
	/* one more than the upper end */
	{"1000000000000", "JPY", MONEY_TOO_LARGE},
	{"1000000000000.0", "USD", MONEY_TOO_LARGE},
	{"9223372036854775808", "USD", MONEY_TOO_LARGE},
	{"18446744073709551617", "JPY", MONEY_TOO_LARGE},
	{"100000000000.0001", "CLF", MONEY_TOO_LARGE}, /* 16 digits */
	{"999999999999.9999", "CLF", MONEY_TOO_LARGE},
	{"100000000000", "CLF", MONEY_TOO_LARGE}, /* printed, 16 digits */
	/* one decimal too many */
	{"0.1", "JPY", MONEY_TOO_PRECISE},
	{"1.01", "JPY", MONEY_TOO_PRECISE},
	{"0.001", "USD", MONEY_TOO_PRECISE},
	{"10.999", "USD", MONEY_TOO_PRECISE},
	{"10.990000001", "USD", MONEY_TOO_PRECISE},
	{"0.0001", "KWD", MONEY_TOO_PRECISE},
	{"0.00001", "CLF", MONEY_TOO_PRECISE},
	{"0.000000000000000000000001", "CLF", MONEY_TOO_PRECISE},
	{"99.99999999999999999999", "USD", MONEY_TOO_PRECISE}, /* a double reads 100 */
};

START_TEST(any_other_amount_is_refused_and_never_rounded)
{
	int64_t minor = -1;

	ck_assert_msg(to_minor(text_of(refused[_i].text), currency_of(refused[_i].code), &minor) ==
	                      refused[_i].fault,
	              "%s", refused[_i].text);
	ck_assert_int_eq(minor, -1);
}
END_TEST

START_TEST(a_nul_and_an_absent_text_are_no_amount)
{
	struct decimal decimal;

	ck_assert_int_eq(decimal_parse(TEXT_NONE, &decimal), MONEY_SYNTAX);
	ck_assert_int_eq(decimal_parse(TEXT_LITERAL("1\0"), &decimal), MONEY_SYNTAX);
	ck_assert_int_eq(decimal_parse(TEXT_LITERAL("1.5\0"), &decimal), MONEY_SYNTAX);
}
END_TEST

/* before, then as many of `digit` as a body holds, then after */
static const struct {
	const char *before;
	char digit;
	const char *after;
	enum money_fault fault;
	int64_t minor;
} huge[] = {
	{"", '0', "", MONEY_SYNTAX, 0},
	{"", '9', "", MONEY_TOO_LARGE, 0},
	{"1", '0', "", MONEY_TOO_LARGE, 0},
	{"", '9', "x", MONEY_SYNTAX, 0},
	{"0.", '0', "", MONEY_OK, 0},
	{"1.", '0', "", MONEY_OK, 100},
	{"999999999999.99", '0', "", MONEY_OK, 99999999999999},
	{"0.", '9', "", MONEY_TOO_PRECISE, 0},
	{"0.", '0', "1", MONEY_TOO_PRECISE, 0},
	{"1.", '0', "x", MONEY_SYNTAX, 0},
};

START_TEST(a_huge_number_is_judged_by_its_value)
{
	AUTO_BUF struct buf text;
	int64_t minor = 0;

	buf_init(&text, 2 * BODY_BYTES_MAX);
	buf_add_str(&text, huge[_i].before);
	for (int i = 0; i < BODY_BYTES_MAX; i++)
		buf_add_char(&text, huge[_i].digit);
	buf_add_str(&text, huge[_i].after);
	ck_assert_int_eq(to_minor(buf_text(&text), currency_of("USD"), &minor), huge[_i].fault);
	ck_assert_int_eq(minor, huge[_i].minor);
}
END_TEST

static const struct {
	const char *text;
	int64_t digits;
	int decimals;
} decimals[] = {
	{"0", 0, 0},
	{"0.0000000", 0, 0},
	{"100", 100, 0},
	{"100.00", 100, 0},
	{"0.5", 5, 1},
	{"0.50", 5, 1},
	{"0.05", 5, 2},
	{"12.340", 1234, 2},
	{"10.01", 1001, 2},
	{"0.0001", 1, 4},
	{"999999999999.999", 999999999999999, 3},
};

START_TEST(a_decimal_has_no_trailing_zeros)
{
	struct decimal decimal;

	ck_assert_int_eq(decimal_parse(text_of(decimals[_i].text), &decimal), MONEY_OK);
	ck_assert_int_eq(decimal.digits, decimals[_i].digits);
	ck_assert_int_eq(decimal.decimals, decimals[_i].decimals);
}
END_TEST

static const struct {
	int64_t minor;
	const char *code;
	const char *text;
} rendered[] = {
	{0, "JPY", "0"},          {7, "JPY", "7"},
	{1099, "JPY", "1099"},    {MONEY_MINOR_MAX, "JPY", "999999999999999"},
	{0, "USD", "0.00"},       {5, "USD", "0.05"},
	{50, "USD", "0.50"},      {100, "USD", "1.00"},
	{1099, "USD", "10.99"},   {MONEY_MINOR_MAX, "USD", "9999999999999.99"},
	{0, "KWD", "0.000"},      {5, "KWD", "0.005"},
	{1050, "KWD", "1.050"},   {MONEY_MINOR_MAX, "KWD", "999999999999.999"},
	{0, "CLF", "0.0000"},     {1, "CLF", "0.0001"},
	{12345, "CLF", "1.2345"}, {MONEY_MINOR_MAX, "CLF", "99999999999.9999"},
};

START_TEST(an_amount_is_printed_with_exactly_its_currencys_decimals)
{
	AUTO_BUF struct buf out;

	buf_init(&out, 100);
	money_render(rendered[_i].minor, currency_of(rendered[_i].code), &out);
	ck_assert_str_eq(buf_str(&out), rendered[_i].text);
}
END_TEST

START_TEST(a_negative_amount_is_never_printed)
{
	AUTO_BUF struct buf out;

	buf_init(&out, 100);
	money_render(-1, currency_of("USD"), &out);
}
END_TEST

static const struct {
	int64_t a, b;
	int64_t sum, product; /* -1: refused */
} arithmetic[] = {
	{0, 0, 0, 0},
	{1, 2, 3, 2},
	{0, MONEY_MINOR_MAX, MONEY_MINOR_MAX, 0},
	{MONEY_MINOR_MAX, 0, MONEY_MINOR_MAX, 0},
	{MONEY_MINOR_MAX, 1, -1, MONEY_MINOR_MAX},
	{1, MONEY_MINOR_MAX, -1, MONEY_MINOR_MAX},
	{MONEY_MINOR_MAX - 1, 1, MONEY_MINOR_MAX, MONEY_MINOR_MAX - 1},
	{MONEY_MINOR_MAX, MONEY_MINOR_MAX, -1, -1},
	{333333333333333, 3, 333333333333336, MONEY_MINOR_MAX},
	{500000000000000, 2, 500000000000002, -1},
	{INT64_MAX, 1, -1, -1},
	{INT64_MAX, INT64_MAX, -1, -1},
	{INT64_C(1) << 32, INT64_C(1) << 32, INT64_C(1) << 33,
         -1}, /* the product is 0 in 64 bits */
};

START_TEST(sums_and_products_stop_at_the_largest_amount)
{
	int64_t sum = -1, product = -1;

	ck_assert_int_eq(money_add(arithmetic[_i].a, arithmetic[_i].b, &sum),
	                 arithmetic[_i].sum >= 0);
	ck_assert_int_eq(sum, arithmetic[_i].sum);
	ck_assert_int_eq(money_multiply(arithmetic[_i].a, arithmetic[_i].b, &product),
	                 arithmetic[_i].product >= 0);
	ck_assert_int_eq(product, arithmetic[_i].product);
}
END_TEST

START_TEST(a_negative_summand_is_a_bug)
{
	int64_t sum;

	ck_assert(money_add(_i == 0 ? -1 : 1, _i == 0 ? 1 : -1, &sum));
}
END_TEST

START_TEST(a_negative_factor_is_a_bug)
{
	int64_t product;

	ck_assert(money_multiply(_i == 0 ? -1 : 1, _i == 0 ? 1 : -1, &product));
}
END_TEST

/* SEED=n in the environment replays a run. */
static uint64_t seed_make(void)
{
	const char *given = getenv("SEED");
	uint64_t seed;

	if (given != NULL)
		seed = strtoull(given, NULL, 10);
	else
		ck_assert_int_eq(getrandom(&seed, sizeof(seed), 0), sizeof(seed));
	printf("SEED=%" PRIu64 "\n", seed);
	ck_assert_int_eq(fflush(stdout), 0); /* a failed check ends the process at once */
	return seed;
}

/* SplitMix64. */
static uint64_t random_next(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9E3779B97F4A7C15);

	z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
	z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
	return z ^ z >> 31;
}

/* Any magnitude is as likely as any other, so that small amounts occur too. */
static int64_t random_minor(uint64_t *state, int64_t max)
{
	int64_t limit = 1;

	for (uint64_t digits = random_next(state) % 16; digits > 0; digits--)
		limit *= 10;
	return (int64_t)(random_next(state) % (uint64_t)(limit < max ? limit + 1 : max + 1));
}

/* What an amount in a request can be at most: 12 digits before the point, 15 in all. */
static int64_t minor_max(const struct currency *currency)
{
	int64_t max = MONEY_MAJOR_MAX;

	for (int i = 0; i < currency->decimals; i++)
		max = max * 10 + 9;
	return max < MONEY_MINOR_MAX ? max : MONEY_MINOR_MAX;
}

START_TEST(what_is_printed_is_read_back_exactly_by_us_and_by_a_double)
{
	uint64_t state = seed_make();

	for (int round = 0; round < ROUNDS; round++) {
		AUTO_BUF struct buf text;
		const struct currency *currency =
			&currencies[random_next(&state) % currencies_count];
		int64_t minor = random_minor(&state, minor_max(currency)), back = -1;
		char by_double[64];

		buf_init(&text, sizeof(by_double));
		money_render(minor, currency, &text);
		ck_assert_int_eq(to_minor(buf_text(&text), currency, &back), MONEY_OK);
		ck_assert_int_eq(back, minor);
		(void)snprintf(by_double, sizeof(by_double), "%.*f", currency->decimals,
		               strtod(buf_str(&text), NULL));
		ck_assert_str_eq(by_double, buf_str(&text));
	}
}
END_TEST

START_TEST(both_ends_of_each_currency_are_read_back_exactly)
{
	for (size_t i = 0; i < currencies_count; i++) {
		int64_t ends[] = {0, 1, minor_max(&currencies[i]) - 1, minor_max(&currencies[i])};

		for (size_t j = 0; j < ARRAY_LEN(ends); j++) {
			AUTO_BUF struct buf text;
			int64_t back = -1;

			buf_init(&text, 100);
			money_render(ends[j], &currencies[i], &text);
			ck_assert_int_eq(to_minor(buf_text(&text), &currencies[i], &back),
			                 MONEY_OK);
			ck_assert_int_eq(back, ends[j]);
		}
	}
}
END_TEST

static Suite *money_suite(void)
{
	Suite *suite = suite_create("money");
	TCase *tcase = tcase_create("money");

	tcase_add_loop_test(tcase, an_amount_is_taken_exactly, 0, ARRAY_LEN(exact));
	tcase_add_loop_test(tcase, any_other_amount_is_refused_and_never_rounded, 0,
	                    ARRAY_LEN(refused));
	tcase_add_test(tcase, a_nul_and_an_absent_text_are_no_amount);
	tcase_add_loop_test(tcase, a_huge_number_is_judged_by_its_value, 0, ARRAY_LEN(huge));
	tcase_add_loop_test(tcase, a_decimal_has_no_trailing_zeros, 0, ARRAY_LEN(decimals));
	tcase_add_loop_test(tcase, an_amount_is_printed_with_exactly_its_currencys_decimals, 0,
	                    ARRAY_LEN(rendered));
	tcase_add_test_raise_signal(tcase, a_negative_amount_is_never_printed, SIGABRT);
	tcase_add_loop_test(tcase, sums_and_products_stop_at_the_largest_amount, 0,
	                    ARRAY_LEN(arithmetic));
	tcase_add_loop_test_raise_signal(tcase, a_negative_summand_is_a_bug, SIGABRT, 0, 2);
	tcase_add_loop_test_raise_signal(tcase, a_negative_factor_is_a_bug, SIGABRT, 0, 2);
	tcase_add_test(tcase, what_is_printed_is_read_back_exactly_by_us_and_by_a_double);
	tcase_add_test(tcase, both_ends_of_each_currency_are_read_back_exactly);
	suite_add_tcase(suite, tcase);
	return suite;
}

TEST_MAIN(money_suite)
