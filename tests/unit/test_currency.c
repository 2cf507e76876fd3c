/* test_currency.c - the currency table against ISO 4217 List One. */
#include "unit/unit.h"

#include "base/currency.h"

#include <string.h>

/* List One of 2026-01-01 has 178 codes, 13 of them with "N.A." as minor unit. */
START_TEST(the_table_has_every_active_code_with_a_minor_unit)
{
	ck_assert_uint_eq(currencies_count, 178 - 13);
}
END_TEST

START_TEST(the_table_is_sorted_without_duplicates)
{
	for (size_t i = 1; i < currencies_count; i++)
		ck_assert_str_lt(currencies[i - 1].code, currencies[i].code);
}
END_TEST

START_TEST(every_row_is_three_upper_case_letters_and_0_to_4_decimals)
{
	for (size_t i = 0; i < currencies_count; i++) {
		ck_assert_uint_eq(strlen(currencies[i].code), 3);
		ck_assert_uint_eq(strspn(currencies[i].code, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"), 3);
		ck_assert_uint_le(currencies[i].decimals, CURRENCY_DECIMALS_MAX);
	}
}
END_TEST

/* All that are not 2, and some of 2 that other tables get wrong. */
static const struct currency known[] = {
	{"BIF", 0}, {"CLP", 0}, {"DJF", 0}, {"GNF", 0}, {"ISK", 0}, {"JPY", 0}, {"KMF", 0},
	{"KRW", 0}, {"PYG", 0}, {"RWF", 0}, {"UGX", 0}, {"UYI", 0}, {"VND", 0}, {"VUV", 0},
	{"XAF", 0}, {"XOF", 0}, {"XPF", 0}, {"BHD", 3}, {"IQD", 3}, {"JOD", 3}, {"KWD", 3},
	{"LYD", 3}, {"OMR", 3}, {"TND", 3}, {"CLF", 4}, {"UYW", 4}, {"USD", 2}, {"EUR", 2},
	{"GBP", 2}, {"CHF", 2}, {"HUF", 2}, {"TWD", 2}, {"IDR", 2}, {"COP", 2}, {"MGA", 2},
	{"MRU", 2}, {"LAK", 2}, {"AFN", 2}, {"IRR", 2}, {"XAD", 2}, {"XCG", 2}, {"ZWG", 2},
};

#define KNOWN_NOT_2_COUNT 26

START_TEST(a_known_currency_has_its_decimals)
{
	const struct currency *found = currency_find(text_of(known[_i].code));

	ck_assert_ptr_nonnull(found);
	ck_assert_str_eq(found->code, known[_i].code);
	ck_assert_uint_eq(found->decimals, known[_i].decimals);
}
END_TEST

START_TEST(all_others_have_two_decimals)
{
	size_t not_2_count = 0;

	for (size_t i = 0; i < currencies_count; i++)
		not_2_count += currencies[i].decimals != 2;
	ck_assert_uint_eq(not_2_count, KNOWN_NOT_2_COUNT);
}
END_TEST

START_TEST(every_currency_is_found_at_its_index)
{
	for (size_t i = 0; i < currencies_count; i++) {
		const struct currency *found = currency_find(text_of(currencies[i].code));

		ck_assert_ptr_eq(found, &currencies[i]);
		ck_assert_uint_eq(currency_index(found), i);
	}
}
END_TEST

static const char *const unknown[] = {
	/* malformed */
	"",
	"U",
	"US",
	"USDX",
	"usd",
	"Usd",
	" USD",
	"USD ",
	"\xFF\xFF\xFF",
	/* never assigned */
	"AAA",
	"ZZZ",
	/* active, but without a minor unit */
	"XAG",
	"XAU",
	"XBA",
	"XBB",
	"XBC",
	"XBD",
	"XDR",
	"XPD",
	"XPT",
	"XSU",
	"XTS",
	"XUA",
	"XXX",
	/* withdrawn */
	"ANG",
	"BGN",
	"CUC",
	"DEM",
	"HRK",
	"SLL",
	"ZWL",
};

START_TEST(no_other_code_is_a_currency)
{
	ck_assert_ptr_null(currency_find(text_of(unknown[_i])));
}
END_TEST

START_TEST(an_absent_text_and_a_nul_are_no_currency)
{
	ck_assert_ptr_null(currency_find(TEXT_NONE));
	ck_assert_ptr_null(currency_find(TEXT_LITERAL("US\0")));
}
END_TEST

static Suite *currency_suite(void)
{
	Suite *suite = suite_create("currency");
	TCase *tcase = tcase_create("table");

	tcase_add_test(tcase, the_table_has_every_active_code_with_a_minor_unit);
	tcase_add_test(tcase, the_table_is_sorted_without_duplicates);
	tcase_add_test(tcase, every_row_is_three_upper_case_letters_and_0_to_4_decimals);
	tcase_add_loop_test(tcase, a_known_currency_has_its_decimals, 0, ARRAY_LEN(known));
	tcase_add_test(tcase, all_others_have_two_decimals);
	tcase_add_test(tcase, every_currency_is_found_at_its_index);
	tcase_add_loop_test(tcase, no_other_code_is_a_currency, 0, ARRAY_LEN(unknown));
	tcase_add_test(tcase, an_absent_text_and_a_nul_are_no_currency);
	suite_add_tcase(suite, tcase);
	return suite;
}

TEST_MAIN(currency_suite)
