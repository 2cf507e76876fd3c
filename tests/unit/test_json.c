/* test_json.c - what is taken is JSON as RFC 8259 means it and no more, and what is written is JSON
 * that we take ourselves. */
#include "unit/unit.h"

#include "base/json.h"

#include <stdio.h>
#include <string.h>

#define BYTES_MAX (1 << 20)

/* A text that may hold NUL bytes. */
#define T(literal) TEXT_LITERAL(literal)

static bool is_taken(struct text text, const char **ret_detail, size_t *ret_offset)
{
	AUTO_JSON struct json_doc doc = {0};

	return json_parse(text, &doc, ret_detail, ret_offset);
}

static const struct text good[] = {
	T("{}"),
	T("[]"),
	T("0"),
	T("-0"),
	T("-0.0e-0"),
	T("10.99"),
	T("1E+400"),
	T("123456789012345678901234567890123456789012345678901234567890123"), /* 63 digits */
	T("\"\""),
	T("true"),
	T("false"),
	T("null"),
	T(" \t\r\n[ 1 , { \"a\" : null } ] \n"),
	T("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""),
	T("\"\\u00e9\\u0001\\uFFFF\\uabCD\""),
	T("\"\\ud83d\\ude00\""),
	T("\"\\uDBFF\\uDFFF\""),
	T("\"\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80 \x7F\""),
	T("[[[[[[[[]]]]]]]]"),
	T("{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":1}}}}}}}}"),
	T("{\"a\":1,\"A\":2,\"\":3,\"b\":{\"a\":4}}"),
	T("[{\"a\":1},{\"a\":2}]"),
};

START_TEST(what_the_rfc_allows_is_taken)
{
	const char *detail = "";
	size_t offset = 0;

	ck_assert_msg(is_taken(good[_i], &detail, &offset), "%s at %zu of %s", detail, offset,
	              good[_i].ptr);
}
END_TEST

static const struct {
	struct text text;
	size_t offset;
} bad[] = {
	/* nothing, or not the whole */
	{T(""), 0},
	{T(" \n"), 2},
	{T("{"), 1},
	{T("["), 1},
	{T("[1"), 2},
	{T("[1,"), 3},
	{T("{\"a\""), 4},
	{T("{\"a\":"), 5},
	{T("{\"a\":1"), 6},
	{T("\"a"), 2},
	{T("\"a\\"), 3},
	{T("\"\\u12"), 5},
	{T("tru"), 3},
	{T("-"), 1},
	{T("1."), 2},
	{T("1e"), 2},
	{T("1e+"), 3},
	/* too much */
	{T("{} {}"), 3},
	{T("1,"), 1},
	{T("{}\0"), 2},
	{T("{}x"), 2},
	{T("nullx"), 4},
	{T("\xEF\xBB\xBF{}"), 0},
	{T("[[[[[[[[[]]]]]]]]]"), 8},
	{T("{\"a\":[[[[[[[[]]]]]]]]}"), 12},
	/* structure */
	{T("]"), 0},
	{T("[1 2]"), 3},
	{T("[1,]"), 3},
	{T("[,1]"), 1},
	{T("[1}"), 2},
	{T("{\"a\":1]"), 6},
	{T("{\"a\" 1}"), 5},
	{T("{\"a\":1,}"), 7},
	{T("{a:1}"), 1},
	{T("{'a':1}"), 1},
	{T("{1:1}"), 1},
	{T("{\"a\":}"), 5},
	{T("[1] // x"), 4},
	{T("[/**/1]"), 1},
	/* words */
	{T("True"), 0},
	{T("nul1"), 3},
	{T("NaN"), 0},
	{T("Infinity"), 0},
	{T("undefined"), 0},
	/* numbers */
	{T("01"), 1},
	{T("-01"), 2},
	{T("00"), 1},
	{T("+1"), 0},
	{T(".5"), 0},
	{T("1.e5"), 2},
	{T("1.5.5"), 3},
	{T("--1"), 1},
	{T("0x10"), 1},
	{T("1_000"), 1},
	{T("1e5.5"), 3},
	{T("[1234567890123456789012345678901234567890123456789012345678901234]"),
         1}, /* 64 digits */
	/* white space that JSON does not have */
	{T("\f1"), 0},
	{T("\v1"), 0},
	{T("\xC2\xA0"
           "1"),
         0},
	{T("[1\0]"), 2},
	{T("[1\x1F]"), 2},
	/* strings */
	{T("\"a\nb\""), 2},
	{T("\"a\tb\""), 2},
	{T("\"a\0b\""), 2},
	{T("\"\x1F\""), 1},
	{T("\"\\u0000\""), 7},
	{T("\"\\x41\""), 2},
	{T("\"\\'\""), 2},
	{T("\"\\\0\""), 2},
	{T("\"\\U0041\""), 2},
	{T("\"\\u004\""), 6},
	{T("\"\\uZZZZ\""), 3},
	{T("\"\\u+041\""), 3},
	{T("\"\\ud800\""), 7},
	{T("\"\\udc00\""), 7},
	{T("\"\\ud800x\""), 7},
	{T("\"\\ud800\\n\""), 8},
	{T("\"\\ud800\\u0041\""), 13},
	{T("\"\\ud800\\ud800\""), 13},
	{T("\"\\ude00\\ud83d\""), 7},
	{T("{\"\\u0000\":1}"), 8},
	/* UTF-8 */
	{T("\"\xFF\""), 0},
	{T("[\"\xC3\"]"), 1},
	{T("\"\xC3(\""), 0},
	{T("\"\x80\""), 0},
	{T("\"\xC0\xAF\""), 0},
	{T("\"\xE0\x80\xAF\""), 0},
	{T("\"\xED\xA0\x80\""), 0},
	{T("\"\xF4\x90\x80\x80\""), 0},
	{T("\"\xF0\x9F\x98\""), 0},
	{T("{\"\xFF\":1}"), 1},
	{T("\xC3\xA9"), 0},
	/* a name twice */
	{T("{\"a\":1,\"a\":1}"), 7},
	{T("{\"a\":1,\"b\":2,\"a\":3}"), 13},
	{T("{\"\":1,\"\":1}"), 6},
	{T("{\"a\":1,\"\\u0061\":1}"), 7},
	{T("{\"\\u00e9\":1,\"\xC3\xA9\":1}"), 12},
	{T("{\"\\/\":1, \"/\":1}"), 9},
	{T("[{\"b\":1,\"c\":{\"a\":1,\"x\":[],\"a\":1}}]"), 26},
};

START_TEST(what_the_rfc_forbids_is_refused_where_it_stands)
{
	const char *detail = NULL;
	size_t offset = 999;

	ck_assert_msg(!is_taken(bad[_i].text, &detail, &offset), "%s", bad[_i].text.ptr);
	ck_assert_ptr_nonnull(detail);
	ck_assert_msg(offset == bad[_i].offset, "%s: at %zu: %s", bad[_i].text.ptr, offset, detail);
}
END_TEST

START_TEST(only_the_given_bytes_are_read)
{
	const char *detail;
	size_t offset;

	ck_assert(is_taken((struct text){"12x", 2}, &detail, &offset));
	ck_assert(!is_taken((struct text){"{}", 1}, &detail, &offset));
	ck_assert(!is_taken(TEXT_NONE, &detail, &offset));
}
END_TEST

/* {"k0":0,"k1":1,...}; the last name once more if wanted. */
static void add_wide_object(struct buf *out, int names, bool repeats_last)
{
	json_open(out, '{');
	for (int i = 0; i < names; i++) {
		char name[16];

		(void)snprintf(name, sizeof(name), "k%d", i);
		json_key(out, name);
		json_int(out, i);
		if (i == names - 1 && repeats_last) {
			json_key(out, name);
			json_int(out, i);
		}
	}
	json_close(out, '}');
}

START_TEST(a_wide_object_is_looked_through_for_duplicates)
{
	const char *detail;
	size_t offset;

	for (int repeats = 0; repeats <= 1; repeats++) {
		AUTO_BUF struct buf text;

		buf_init(&text, BYTES_MAX);
		add_wide_object(&text, 13000, repeats);
		ck_assert(!text.full);
		ck_assert(is_taken(buf_text(&text), &detail, &offset) == !repeats);
	}
}
END_TEST

START_TEST(a_number_keeps_its_own_text)
{
	static const struct text text =
		T("[ 10.990, {\"a\": [9007199254740993], \"b\": -0}, \"5\", 1E+2 ,7]");
	static const char *const want[] = {"10.990", "9007199254740993", "-0", "1E+2", "7"};
	AUTO_JSON struct json_doc doc = {0};
	const char *detail;
	const cJSON *numbers[5];
	size_t offset;

	ck_assert(json_parse(text, &doc, &detail, &offset));
	numbers[0] = cJSON_GetArrayItem(doc.root, 0);
	numbers[1] = json_member(cJSON_GetArrayItem(doc.root, 1), "a")->child;
	numbers[2] = json_member(cJSON_GetArrayItem(doc.root, 1), "b");
	numbers[3] = cJSON_GetArrayItem(doc.root, 3);
	numbers[4] = cJSON_GetArrayItem(doc.root, 4);
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
		ck_assert(text_is(json_number_text(&doc, numbers[i]), want[i]));
}
END_TEST

START_TEST(a_member_is_found_by_its_exact_name)
{
	AUTO_JSON struct json_doc doc = {0};
	const char *detail;
	size_t offset;

	ck_assert(json_parse(T("{\"Id\":1,\"i\\u0064\":\"x\"}"), &doc, &detail, &offset));
	ck_assert_str_eq(json_member(doc.root, "id")->valuestring, "x");
	ck_assert_ptr_null(json_member(doc.root, "ID"));
}
END_TEST

START_TEST(kept_texts_stay_where_they_are)
{
	AUTO_JSON struct json_doc doc = {0};
	const char *detail;
	struct text first;
	size_t offset;

	ck_assert(json_parse(T("1"), &doc, &detail, &offset));
	first = json_keep(&doc, T("first"));
	for (int i = 0; i < 1000; i++)
		ck_assert(text_is(json_keep(&doc, T("more")), "more"));
	ck_assert(text_is(first, "first"));
}
END_TEST

START_TEST(a_document_past_the_limit_is_refused)
{
	char *spaces = malloc(JSON_BYTES_MAX + 1);
	const char *detail;
	size_t offset;

	ck_assert_ptr_nonnull(spaces);
	memset(spaces, ' ', JSON_BYTES_MAX + 1);
	spaces[0] = '1';
	ck_assert(is_taken((struct text){spaces, JSON_BYTES_MAX}, &detail, &offset));
	ck_assert(!is_taken((struct text){spaces, JSON_BYTES_MAX + 1}, &detail, &offset));
	free(spaces);
}
END_TEST

START_TEST(commas_and_nulls_come_where_they_are_due)
{
	AUTO_BUF struct buf out;

	buf_init(&out, BYTES_MAX);
	json_open(&out, '{');
	json_member_int(&out, "min", INT64_MIN);
	json_key(&out, "list");
	json_open(&out, '[');
	json_open(&out, '[');
	json_close(&out, ']');
	json_int(&out, 0);
	json_bool(&out, true);
	json_raw(&out, T("{\"a\":1}"));
	json_string(&out, TEXT_NONE);
	json_string(&out, T(""));
	json_plain(&out, T("evt_1"));
	json_close(&out, ']');
	json_member_bool(&out, "no", false);
	json_member_str(&out, "text", "a,");
	json_member_string(&out, "none", TEXT_NONE);
	json_member_plain(&out, "plain", "");
	json_close(&out, '}');
	buf_add_char(&out, '\n');
	json_open(&out, '{');
	json_close(&out, '}');
	ck_assert_str_eq(
		buf_str(&out),
		"{\"min\":-9223372036854775808,\"list\":[[],0,true,{\"a\":1},null,\"\","
		"\"evt_1\"],\"no\":false,\"text\":\"a,\",\"none\":null,\"plain\":\"\"}\n{}");
}
END_TEST

START_TEST(strings_are_escaped_as_far_as_json_asks)
{
	AUTO_BUF struct buf out;

	buf_init(&out, BYTES_MAX);
	json_string(&out, T("a\"b\\c/\n\r\t\b\x01\x1F\x7F\0 \xC3\xA9\xF0\x9F\x98\x80"));
	ck_assert_str_eq(buf_str(&out),
	                 "\"a\\\"b\\\\c/\\n\\r\\t\\u0008\\u0001\\u001f\\u007f\\u0000 "
	                 "\xC3\xA9\xF0\x9F\x98\x80\"");
}
END_TEST

START_TEST(every_character_that_is_written_is_read_back)
{
	for (unsigned char c = 1; c < 0x80; c++) {
		AUTO_BUF struct buf out;
		AUTO_JSON struct json_doc doc = {0};
		char string[] = {'<', (char)c, '>', '\0'};
		const char *detail;
		size_t offset;

		buf_init(&out, BYTES_MAX);
		json_open(&out, '{');
		json_key(&out, string);
		json_string(&out, text_of(string));
		json_close(&out, '}');
		ck_assert(json_parse(buf_text(&out), &doc, &detail, &offset));
		ck_assert_str_eq(json_member(doc.root, string)->valuestring, string);
	}
}
END_TEST

/* Texts as long as a few blocks that are looked at at once, with one or two escapes anywhere. */
START_TEST(an_escape_is_found_wherever_it_stands)
{
	enum { LEN_MAX = 50 };

	for (size_t len = 1; len <= LEN_MAX; len++) {
		for (size_t at = 0; at < len * len; at++) {
			AUTO_BUF struct buf out, expected;
			char string[LEN_MAX];

			memset(string, 'x', len);
			string[at / len] = string[at % len] = '\t';
			buf_init(&out, BYTES_MAX);
			buf_init(&expected, BYTES_MAX);
			buf_add_char(&expected, '"');
			for (size_t i = 0; i < len; i++)
				buf_add_str(&expected, string[i] == 'x' ? "x" : "\\t");
			buf_add_char(&expected, '"');
			json_string(&out, (struct text){string, len});
			ck_assert_str_eq(buf_str(&out), buf_str(&expected));
		}
	}
}
END_TEST

static Suite *json_suite(void)
{
	Suite *suite = suite_create("json");
	TCase *tcase = tcase_create("json");

	tcase_add_loop_test(tcase, what_the_rfc_allows_is_taken, 0, (int)ARRAY_LEN(good));
	tcase_add_loop_test(tcase, what_the_rfc_forbids_is_refused_where_it_stands, 0,
	                    (int)ARRAY_LEN(bad));
	tcase_add_test(tcase, only_the_given_bytes_are_read);
	tcase_add_test(tcase, a_wide_object_is_looked_through_for_duplicates);
	tcase_add_test(tcase, a_number_keeps_its_own_text);
	tcase_add_test(tcase, a_member_is_found_by_its_exact_name);
	tcase_add_test(tcase, kept_texts_stay_where_they_are);
	tcase_add_test(tcase, a_document_past_the_limit_is_refused);
	tcase_add_test(tcase, commas_and_nulls_come_where_they_are_due);
	tcase_add_test(tcase, strings_are_escaped_as_far_as_json_asks);
	tcase_add_test(tcase, an_escape_is_found_wherever_it_stands);
	tcase_add_test(tcase, every_character_that_is_written_is_read_back);
	suite_add_tcase(suite, tcase);
	return suite;
}

TEST_MAIN(json_suite)
