/* test_field_query.c - a query string is taken strictly, and what is wrong with it is named. */
#include "unit/sample_fields.h"
#include "unit/unit.h"

#define BYTES_MAX (1 << 20)

#define CARD "4111111111111111"
#define CHARS_41 "0123456789012345678901234567890123456789x"

static const struct currency *currency_of(const char *code)
{
	return currency_find(text_of(code));
}

static const struct {
	const char *query;
	const char *detail; /* NULL: taken */
} queries[] = {
	{"", NULL},
	{"limit=5", NULL},
	{"limit=100&after=x%3D%2b%20+&customer=%C3%A9&capture=manual&currency=JPY&dry_run=true"
         "&created_after=2026-11-23T04:30:00Z&order_id=o%2D1",
         NULL},
	{"li%6Dit=5", NULL},
	{"after=a=b", NULL},
	{"sort=amount", "The query parameter sort is not known here."},
	{"Limit=5", "The query parameter Limit is not known here."},
	{"limit[]=5", "The query holds a parameter that is not known here."},
	{CARD "=5", "The query holds a parameter that is not known here."},
	{CHARS_41 "=5", "The query holds a parameter that is not known here."},
	{"%zz=5", "The query holds a parameter that is not known here."},
	{"=5", "The query holds a parameter that is not known here."},
	{"&limit=5", "The query holds a parameter that is not known here."},
	{"limit=5&", "The query holds a parameter that is not known here."},
	{"limit=5&limit=5", "The query parameter limit must occur only once."},
	{"limit=5&after=x&l%69mit=6", "The query parameter limit must occur only once."},
	{"limit",
         "The query parameter limit must have a value, in UTF-8 with right percent-encoding."},
	{"limit=",
         "The query parameter limit must have a value, in UTF-8 with right percent-encoding."},
	{"after=%0",
         "The query parameter after must have a value, in UTF-8 with right percent-encoding."},
	{"after=a%4",
         "The query parameter after must have a value, in UTF-8 with right percent-encoding."},
	{"after=%+1",
         "The query parameter after must have a value, in UTF-8 with right percent-encoding."},
	{"after=a%00b",
         "The query parameter after must have a value, in UTF-8 with right percent-encoding."},
	{"after=%FF",
         "The query parameter after must have a value, in UTF-8 with right percent-encoding."},
	{"limit=0", "The query parameter limit must be an integer from 1 to 100."},
	{"limit=101", "The query parameter limit must be an integer from 1 to 100."},
	{"limit=99999999999999999999",
         "The query parameter limit must be an integer from 1 to 100."},
	{"limit=+5", "The query parameter limit must be an integer from 1 to 100."},
	{"limit=010", "The query parameter limit must be an integer from 1 to 100."},
	{"limit=0x10", "The query parameter limit must be an integer from 1 to 100."},
	{"limit=5;after=x", "The query parameter limit must be an integer from 1 to 100."},
	{"customer=a%0D",
         "The query parameter customer must not hold control characters other than "
         "tab and newline."},
	{"capture=x", "The query parameter capture must be one of: automatic, manual."},
	{"currency=jpy",
         "The query parameter currency must be an upper-case ISO 4217 currency code "
         "such as USD."},
	{"created_after=yesterday",
         "The query parameter created_after must be an RFC 3339 time such "
         "as 2026-11-23T04:30:00Z."},
	{"dry_run=1", "The query parameter dry_run must be true or false."},
	{"dry_run=", "The query parameter dry_run must have a value, in UTF-8 with right "
                     "percent-encoding."},
	{"order_id=a%20b",
         "The query parameter order_id must be 1 to 64 characters of A-Z a-z 0-9 . _ : - (not . or "
         ".. alone), or an integer from 0 to 9007199254740991."},
};

START_TEST(a_query_is_taken_or_its_fault_is_named)
{
	AUTO_BUF struct buf scratch;
	struct sample_query query = {0};
	char detail[FIELD_DETAIL_SIZE] = "";
	bool ok;

	buf_init(&scratch, BYTES_MAX);
	ok = field_parse_query(sample_query_fields, text_of(queries[_i].query), &scratch, &query,
	                       detail);
	ck_assert_msg(ok == (queries[_i].detail == NULL), "%s: %s", queries[_i].query, detail);
	if (!ok)
		ck_assert_str_eq(detail, queries[_i].detail);
}
END_TEST

START_TEST(a_query_is_decoded_and_stored)
{
	AUTO_BUF struct buf scratch;
	struct sample_query query = {0};
	char detail[FIELD_DETAIL_SIZE];

	buf_init(&scratch, BYTES_MAX);
	buf_add_str(&scratch, "something before");
	ck_assert(field_parse_query(sample_query_fields,
	                            text_of("after=x%3D%26%2b+z&customer=%C3%A9&limit=100&dry_run="
	                                    "true&currency=JPY&order_id=..a&capture=automatic"),
	                            &scratch, &query, detail));
	ck_assert(text_is(query.after, "x=&+ z"));
	ck_assert(text_is(query.customer, "\xC3\xA9"));
	ck_assert_int_eq(query.limit, 100);
	ck_assert(query.dry_run);
	ck_assert_ptr_eq(query.currency, currency_of("JPY"));
	ck_assert_str_eq(query.order_id, "..a");
	ck_assert_int_eq(query.capture, 0);
}
END_TEST

START_TEST(a_query_that_is_left_out_filters_nothing)
{
	AUTO_BUF struct buf scratch;
	struct sample_query query = {0};
	char detail[FIELD_DETAIL_SIZE];

	buf_init(&scratch, 10);
	ck_assert(field_parse_query(sample_query_fields, TEXT_NONE, &scratch, &query, detail));
	ck_assert_int_eq(query.limit, 20);
	ck_assert_ptr_null(query.after.ptr);
	ck_assert_int_eq(query.capture, -1);
	ck_assert_ptr_null(query.currency);
	ck_assert(query.created_after_us == INT64_MIN);
	ck_assert(!query.dry_run);
	ck_assert_str_eq(query.order_id, "");
	ck_assert(!field_parse_query(sample_query_fields, text_of("limit=5&after=x"), &scratch,
	                             &query, detail));
	ck_assert_str_eq(detail, "The query is too long.");
}
END_TEST

START_TEST(a_query_must_have_what_is_required)
{
	static const struct field fields[] = {
		FIELD_TEXT("q", struct sample_query, customer, FIELD_REQUIRED, 1, 10, ""),
		FIELD_END,
	};
	AUTO_BUF struct buf scratch;
	struct sample_query query = {0};
	char detail[FIELD_DETAIL_SIZE];

	buf_init(&scratch, BYTES_MAX);
	ck_assert(field_parse_query(fields, text_of("q=x"), &scratch, &query, detail));
	ck_assert(!field_parse_query(fields, TEXT_NONE, &scratch, &query, detail));
	ck_assert_str_eq(detail, "The query parameter q is required.");
}
END_TEST

static Suite *field_query_suite(void)
{
	Suite *suite = suite_create("field_query");
	TCase *tcase = tcase_create("field_query");

	tcase_add_loop_test(tcase, a_query_is_taken_or_its_fault_is_named, 0,
	                    (int)ARRAY_LEN(queries));
	tcase_add_test(tcase, a_query_is_decoded_and_stored);
	tcase_add_test(tcase, a_query_that_is_left_out_filters_nothing);
	tcase_add_test(tcase, a_query_must_have_what_is_required);
	suite_add_tcase(suite, tcase);
	return suite;
}

TEST_MAIN(field_query_suite)
