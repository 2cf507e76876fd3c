/* test_text.c - the rules for texts from outside (api.md, section 1), each as a table. */
#include "unit/unit.h"

#include "base/text.h"

#include <signal.h>
#include <string.h>

/* Enough that a search of quadratic time would run into the test's time limit by hours. */
#define LONG_TEXT_BYTES (4 * 1024 * 1024)

/* A string literal with all of its bytes, NULs included. */
#define T(literal) TEXT_LITERAL(literal)

static const struct {
	struct text a, b;
	bool equal;
} pairs[] = {
	{{"abc", 3}, {"abc", 3}, true}, {{"abc", 3}, {"abd", 3}, false},
	{{"abc", 3}, {"ab", 2}, false}, {{"a\0b", 3}, {"a\0c", 3}, false},
	{{"", 0}, {"", 0}, true},       {{NULL, 0}, {NULL, 0}, true},
	{{NULL, 0}, {"", 0}, false},    {{"", 0}, {NULL, 0}, false},
};

START_TEST(texts_are_equal_by_bytes_and_absent_is_not_empty)
{
	ck_assert_int_eq(text_equal(pairs[_i].a, pairs[_i].b), pairs[_i].equal);
}
END_TEST

START_TEST(a_text_is_compared_with_a_string_in_full)
{
	ck_assert(text_is(T("true"), "true"));
	ck_assert(!text_is(T("true"), "tru"));
	ck_assert(!text_is(T("tru"), "true"));
	ck_assert(!text_is(T("true\0"), "true"));
	ck_assert(!text_is(TEXT_NONE, ""));
}
END_TEST

START_TEST(a_copy_has_its_nul)
{
	char out[4] = "xxx";

	text_copy(T("abc"), out, sizeof(out));
	ck_assert_str_eq(out, "abc");
	text_copy(TEXT_NONE, out, sizeof(out));
	ck_assert_str_eq(out, "");
}
END_TEST

START_TEST(a_copy_that_does_not_fit_is_a_bug)
{
	char out[3];

	text_copy(T("abc"), out, sizeof(out));
}
END_TEST

static const struct {
	const char *what;
	struct text text;
	bool is_utf8;
	size_t chars;
} utf8[] = {
	{"absent", {NULL, 0}, true, 0},
	{"empty", {"", 0}, true, 0},
	{"ASCII", {"abc", 3}, true, 3},
	{"NUL is a character", {"a\0b", 3}, true, 3},
	{"U+0080, first of 2 bytes", {"\xC2\x80", 2}, true, 1},
	{"U+07FF, last of 2 bytes", {"\xDF\xBF", 2}, true, 1},
	{"U+0800, first of 3 bytes", {"\xE0\xA0\x80", 3}, true, 1},
	{"U+D7FF, before the surrogates", {"\xED\x9F\xBF", 3}, true, 1},
	{"U+E000, after the surrogates", {"\xEE\x80\x80", 3}, true, 1},
	{"U+FFFF, last of 3 bytes", {"\xEF\xBF\xBF", 3}, true, 1},
	{"U+10000, first of 4 bytes", {"\xF0\x90\x80\x80", 4}, true, 1},
	{"U+10FFFF, the last", {"\xF4\x8F\xBF\xBF", 4}, true, 1},
	{"mixed", {"a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x99\x82z", 11}, true, 5},
	{"U+110000", {"\xF4\x90\x80\x80", 4}, false, 0},
	{"lead byte F5", {"\xF5\x80\x80\x80", 4}, false, 0},
	{"surrogate U+D800", {"\xED\xA0\x80", 3}, false, 0},
	{"surrogate U+DFFF", {"\xED\xBF\xBF", 3}, false, 0},
	{"overlong NUL", {"\xC0\x80", 2}, false, 0},
	{"overlong slash in 2 bytes", {"\xC0\xAF", 2}, false, 0},
	{"overlong slash in 3 bytes", {"\xE0\x80\xAF", 3}, false, 0},
	{"overlong U+FFFF in 4 bytes", {"\xF0\x8F\xBF\xBF", 4}, false, 0},
	{"continuation byte alone", {"\x80", 1}, false, 0},
	{"lead byte alone", {"\xC3", 1}, false, 0},
	{"cut after 2 of 3 bytes", {"\xE2\x82", 2}, false, 0},
	{"cut after 3 of 4 bytes", {"\xF0\x9F\x99", 3}, false, 0},
	{"ASCII where a continuation belongs", {"\xC3\x28", 2}, false, 0},
	{"FE", {"\xFE", 1}, false, 0},
	{"FF", {"\xFF", 1}, false, 0},
	{"Latin-1", {"caf\xE9", 4}, false, 0},
};

START_TEST(utf8_is_what_unicode_defines)
{
	ck_assert_msg(text_is_utf8(utf8[_i].text) == utf8[_i].is_utf8, "%s", utf8[_i].what);
	if (utf8[_i].is_utf8)
		ck_assert_uint_eq(text_chars(utf8[_i].text), utf8[_i].chars);
}
END_TEST

START_TEST(a_control_character_is_found_wherever_it_stands)
{
	/* Each code point below U+0100, alone and inside a text. */
	for (unsigned point = 0; point < 0x100; point++) {
		char bytes[] = {'a', 0, 0, 0};
		size_t count = point < 0x80 ? 1 : 2;
		bool expected = (point < 0x20 && point != '\t' && point != '\n') ||
		                (point >= 0x7F && point < 0xA0);

		if (point < 0x80) {
			bytes[1] = (char)point;
		} else {
			bytes[1] = (char)(0xC0 | point >> 6);
			bytes[2] = (char)(0x80 | (point & 0x3F));
		}
		bytes[1 + count] = 'z';
		ck_assert_msg(text_has_control((struct text){bytes + 1, count}) == expected,
		              "U+%04X", point);
		ck_assert_msg(text_has_control((struct text){bytes, count + 1}) == expected,
		              "U+%04X", point);
		ck_assert_msg(text_has_control((struct text){bytes, count + 2}) == expected,
		              "U+%04X", point);
	}
}
END_TEST

START_TEST(other_characters_are_no_control)
{
	ck_assert(!text_has_control(TEXT_NONE));
	ck_assert(!text_has_control(T("two\nlines\tand a tab")));
	ck_assert(!text_has_control(
		T("\xE2\x82\x80\xE2\x80\x8B"))); /* bytes 80 to 9F, but inside others */
	ck_assert(!text_has_control(T("\xC3\x82\xC3\x83")));
}
END_TEST

/* The check digits were computed apart from the code under test; the 4111..., 3782... are card
 * networks' test numbers. */
static const struct {
	const char *text;
	bool expected;
} cards[] = {
	/* lengths, each with a right check digit */
	{"492937182649", false},
	{"4929371826401", true},
	{"49293718264058", true},
	{"492937182640597", true},
	{"4929371826405933", true},
	{"49293718264059379", true},
	{"492937182640593714", true},
	{"4929371826405937181", true},
	{"49293718264059371822", false},
	/* well-known ones */
	{"4111111111111111", true},
	{"5555555555554444", true},
	{"378282246310005", true},
	{"30569309025904", true},
	{"6011111111111117", true},
	/* a wrong check digit, two digits exchanged */
	{"4111111111111112", false},
	{"4111111111111110", false},
	{"4929371826405393", false},
	{"1234567890123456", false},
	/* separators */
	{"4111 1111 1111 1111", true},
	{"4111-1111-1111-1111", true},
	{"4111 1111-1111 1111", true},
	{"3782 822463 10005", true},
	{"4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1", true},
	{"4111  1111 1111 1111", false},
	{"4111--1111-1111-1111", false},
	{"4111 -1111-1111-1111", false},
	{"4111.1111.1111.1111", false},
	{"4111\t1111\t1111\t1111", false},
	{"4111\n1111 1111 1111", false},
	{"4111 1111 1111 11a11", false},
	{"-4111111111111111-", true},
	{" 4111111111111111 ", true},
	/* inside other text */
	{"card 4111111111111111, thanks", true},
	{"card:4111111111111111.", true},
	{"pm_4111111111111111", true},
	{"x4111111111111111x", true},
	{"first 1234567890123456 then 4111111111111111", true},
	{"\xC3\xA9"
         "4111111111111111\xC3\xA9",
         true},
	/* beside other groups of digits: expiry date, check value, a number in front */
	{"4111 1111 1111 1111 12/30 123", true},
	{"4111111111111111 123", true},
	{"4111-1111-1111-1111-123", true},
	{"2 4111 1111 1111 1111", true},
	{"2026-11-23 4111111111111111", true},
	/* embedded in a longer run of digits */
	{"04111111111111111000", false},
	{"411111111111111100000", false},
	{"4111111111111111000000000000000000000000", false},
	{"000000004111111111111111", false},
	{"12345678 12345678901234567890", false},
	/* ordinary texts */
	{"", false},
	{"order 42 of 2026-11-23", false},
	{"+41 44 668 18 00", false},
	{"pm_success", false},
};

START_TEST(a_card_number_is_13_to_19_digits_with_a_right_check_digit)
{
	ck_assert_msg(text_has_card_number(text_of(cards[_i].text)) == cards[_i].expected, "%s",
	              cards[_i].text);
}
END_TEST

START_TEST(every_wrong_check_digit_is_told_from_the_right_one)
{
	char number[] = "4929 3718 2640 5933";

	for (int digit = 0; digit <= 9; digit++) {
		number[sizeof(number) - 2] = (char)('0' + digit);
		ck_assert_int_eq(text_has_card_number(text_of(number)), digit == 3);
	}
}
END_TEST

START_TEST(a_card_number_is_not_read_past_the_end_of_its_text)
{
	ck_assert(text_has_card_number((struct text){"41111111111111112", 16}));
	ck_assert(!text_has_card_number((struct text){"4111111111111111", 15}));
	ck_assert(text_has_card_number((struct text){"4111111111111111 9", 17}));
	ck_assert(!text_has_card_number(TEXT_NONE));
}
END_TEST

/* 13 to 19 threes have the sums 57, 63, 66, 72, 75, 81 and 84: never a card number, so all is
 * searched. */
static const char *const long_patterns[] = {"3", "3 ", "333-", "3333333333333333333 ",
                                            "33333333333333333333 "};

START_TEST(a_long_text_is_searched_in_linear_time)
{
	const char *pattern = long_patterns[_i];
	size_t pattern_len = strlen(pattern);
	char *bytes = malloc(LONG_TEXT_BYTES);

	ck_assert_ptr_nonnull(bytes);
	for (size_t i = 0; i < LONG_TEXT_BYTES; i++)
		bytes[i] = pattern[i % pattern_len];
	ck_assert(!text_has_card_number((struct text){bytes, LONG_TEXT_BYTES}));
	free(bytes);
}
END_TEST

static const struct {
	struct text text;
	bool expected;
} order_ids[] = {
	{{"o-1", 3}, true},
	{{"0", 1}, true},
	{{"9007199254740991", 16}, true},
	{{"A.b_c:d-Z9", 10}, true},
	{{"...", 3}, true},
	{{".a", 2}, true},
	{{"..a", 3}, true},
	{{"0123456789012345678901234567890123456789012345678901234567890123", 64}, true},
	{{"01234567890123456789012345678901234567890123456789012345678901234", 65}, false},
	{{NULL, 0}, false},
	{{"", 0}, false},
	{{".", 1}, false},
	{{"..", 2}, false},
	{{"a b", 3}, false},
	{{"a/b", 3}, false},
	{{"a\\b", 3}, false},
	{{"a%20b", 5}, false},
	{{"a\0b", 3}, false},
	{{"a\n", 2}, false},
	{{"a+b", 3}, false},
	{{"\xC3\xA9", 2}, false},
	{{"a@b", 3}, false},
	{{"a[b", 3}, false},
	{{"a`b", 3}, false},
	{{"a{b", 3}, false},
};

START_TEST(an_order_id_is_1_to_64_safe_characters)
{
	ck_assert_msg(text_is_order_id(order_ids[_i].text) == order_ids[_i].expected, "row %d", _i);
}
END_TEST

static const struct {
	struct text text;
	int64_t max;
	int64_t value; /* -1: refused */
} integers[] = {
	{{"0", 1}, 100, 0},
	{{"7", 1}, 100, 7},
	{{"100", 3}, 100, 100},
	{{"101", 3}, 100, -1},
	{{"0", 1}, 0, 0},
	{{"1", 1}, 0, -1},
	{{"9223372036854775807", 19}, INT64_MAX, INT64_MAX},
	{{"9223372036854775808", 19}, INT64_MAX, -1},
	{{"18446744073709551616", 20}, INT64_MAX, -1},
	{{"99999999999999999999999999", 26}, INT64_MAX, -1},
	{{NULL, 0}, 100, -1},
	{{"", 0}, 100, -1},
	{{"00", 2}, 100, -1},
	{{"07", 2}, 100, -1},
	{{"-1", 2}, 100, -1},
	{{"+1", 2}, 100, -1},
	{{" 1", 2}, 100, -1},
	{{"1 ", 2}, 100, -1},
	{{"1.0", 3}, 100, -1},
	{{"1e1", 3}, 100, -1},
	{{"0x1", 3}, 100, -1},
	{{"1\0", 2}, 100, -1},
	{{"a", 1}, 100, -1},
};

START_TEST(an_integer_is_plain_digits_up_to_its_maximum)
{
	int64_t value = -1;

	ck_assert_msg(text_to_int(integers[_i].text, integers[_i].max, &value) ==
	                      (integers[_i].value >= 0),
	              "row %d", _i);
	ck_assert_int_eq(value, integers[_i].value); /* -1, that is untouched, where refused */
}
END_TEST

static Suite *text_suite(void)
{
	Suite *suite = suite_create("text");
	TCase *tcase = tcase_create("text");

	tcase_add_loop_test(tcase, texts_are_equal_by_bytes_and_absent_is_not_empty, 0,
	                    ARRAY_LEN(pairs));
	tcase_add_test(tcase, a_text_is_compared_with_a_string_in_full);
	tcase_add_test(tcase, a_copy_has_its_nul);
	tcase_add_test_raise_signal(tcase, a_copy_that_does_not_fit_is_a_bug, SIGABRT);
	tcase_add_loop_test(tcase, utf8_is_what_unicode_defines, 0, ARRAY_LEN(utf8));
	tcase_add_test(tcase, a_control_character_is_found_wherever_it_stands);
	tcase_add_test(tcase, other_characters_are_no_control);
	tcase_add_loop_test(tcase, a_card_number_is_13_to_19_digits_with_a_right_check_digit, 0,
	                    ARRAY_LEN(cards));
	tcase_add_test(tcase, every_wrong_check_digit_is_told_from_the_right_one);
	tcase_add_test(tcase, a_card_number_is_not_read_past_the_end_of_its_text);
	tcase_add_loop_test(tcase, a_long_text_is_searched_in_linear_time, 0,
	                    ARRAY_LEN(long_patterns));
	tcase_add_loop_test(tcase, an_order_id_is_1_to_64_safe_characters, 0, ARRAY_LEN(order_ids));
	tcase_add_loop_test(tcase, an_integer_is_plain_digits_up_to_its_maximum, 0,
	                    ARRAY_LEN(integers));
	suite_add_tcase(suite, tcase);
	return suite;
}

TEST_MAIN(text_suite)
