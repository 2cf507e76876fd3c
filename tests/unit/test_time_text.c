/* test_time_text.c - RFC 3339 times: section 5.6 row by row, and the calendar's odd days. */
#include "unit/unit.h"

#include "base/time_text.h"

#include <signal.h>
#include <string.h>

#define S US_PER_S

struct time_case {
	const char *text;
	int64_t time_us;
};

static const struct time_case rendered[] = {
	{"1970-01-01T00:00:00.000Z", 0},
	{"1970-01-01T00:00:00.000Z", 999},
	{"1970-01-01T00:00:00.001Z", 1000},
	{"1969-12-31T23:59:59.999Z", -1},
	{"2000-02-29T12:00:00.000Z", 951825600 * S},
	{"2026-11-23T04:30:00.123Z", 1795408200 * S + 123999},
	{"2038-01-19T03:14:08.000Z", 2147483648 * S},
	{"2100-02-28T23:59:59.000Z", 4107542399 * S},
	{"2100-03-01T00:00:00.000Z", 4107542400 * S},
	{"9999-12-31T23:59:59.999Z", 253402300800 * S - 1},
	{"0000-01-01T00:00:00.000Z", -62167219200 * S},
};

START_TEST(a_time_is_rendered_in_milliseconds_rounded_down)
{
	char text[TIME_TEXT_SIZE];

	time_render(rendered[_i].time_us, text);
	ck_assert_str_eq(text, rendered[_i].text);
}
END_TEST

START_TEST(what_is_rendered_is_parsed_to_its_millisecond)
{
	int64_t time_us = rendered[_i].time_us;
	int64_t parsed_us, past_us = (time_us % US_PER_MS + US_PER_MS) % US_PER_MS;

	ck_assert(time_parse(text_of(rendered[_i].text), &parsed_us));
	ck_assert_int_eq(parsed_us, time_us - past_us);
}
END_TEST

START_TEST(a_time_without_four_digits_of_year_is_a_bug)
{
	static const int64_t times_us[] = {-62167219200 * S - 1, 253402300800 * S, INT64_MIN,
	                                   INT64_MAX};
	char text[TIME_TEXT_SIZE];

	time_render(times_us[_i], text);
}
END_TEST

static const struct time_case parsed[] = {
	/* fractions */
	{"2026-11-23T04:30:00Z", 1795408200 * S},
	{"2026-11-23T04:30:00.5Z", 1795408200 * S + 500000},
	{"2026-11-23T04:30:00.123456Z", 1795408200 * S + 123456},
	{"2026-11-23T04:30:00.123456999Z", 1795408200 * S + 123456},
	{"2026-11-23T04:30:00.000000001Z", 1795408200 * S},
	{"1969-12-31T23:59:59.999999999Z", -1},
	/* offsets */
	{"2026-11-23T04:30:00+00:00", 1795408200 * S},
	{"2026-11-23T04:30:00-00:00", 1795408200 * S},
	{"2026-11-23T05:30:00+01:00", 1795408200 * S},
	{"2026-11-22T23:00:00-05:30", 1795408200 * S},
	{"2026-11-24T04:29:00.25+23:59", 1795408200 * S + 250000},
	{"1996-12-19T16:39:57-08:00", 851042397 * S}, /* section 5.8 */
	{"1937-01-01T12:00:27.87+00:20", -1041337172130000},
	/* the ABNF's strings have no case */
	{"2026-11-23t04:30:00z", 1795408200 * S},
	/* leap years */
	{"2024-02-29T00:00:00Z", 1709164800 * S},
	{"2000-02-29T00:00:00Z", 951782400 * S},
	/* leap seconds: both examples of section 5.8 are the same moment */
	{"1990-12-31T23:59:60Z", 662688000 * S},
	{"1990-12-31T15:59:60-08:00", 662688000 * S},
	/* both ends */
	{"0000-01-01T00:00:00Z", -62167219200 * S},
	{"9999-12-31T23:59:59.999999Z", 253402300800 * S - 1},
};

START_TEST(a_date_time_of_rfc_3339_is_taken)
{
	int64_t time_us = 0;

	ck_assert_msg(time_parse(text_of(parsed[_i].text), &time_us), "%s", parsed[_i].text);
	ck_assert_int_eq(time_us, parsed[_i].time_us);
}
END_TEST

static const char *const refused[] = {
	"",
	"now",
	"1795408200",
	"2026-11-23",
	"2026-11-23T04:30:00",  /* no offset */
	"2026-11-23 04:30:00Z", /* a space where a T belongs */
	"2026-11-23T04:30Z",
	"2026-11-23T04:30:00.Z",
	"2026-11-23T04:30:00,5Z",
	"2026-11-23T04:30:00.1234567890Z",
	"2026-11-23T04:30:00Z ",
	" 2026-11-23T04:30:00Z",
	"2026-11-23T04:30:00ZZ",
	"2026-11-23T04:30:00+0100",
	"2026-11-23T04:30:00+01",
	"2026-11-23T04:30:00+24:00",
	"2026-11-23T04:30:00+00:60",
	"2026-11-23T04:30:00+1:00",
	"2026-11-23T04:30:00 01:00", /* a '+' that a query string turned into a space */
	"26-11-23T04:30:00Z",
	"+2026-11-23T04:30:00Z",
	"12026-11-23T04:30:00Z",
	"2026-1-23T04:30:00Z",
	"2026-11-3T04:30:00Z",
	"2026/11/23T04:30:00Z",
	"20261123T043000Z",
	"2026-00-23T04:30:00Z",
	"2026-13-23T04:30:00Z",
	"2026-11-00T04:30:00Z",
	"2026-11-31T04:30:00Z",
	"2026-12-32T04:30:00Z",
	"2026-12-99T04:30:00Z",
	"2023-02-29T00:00:00Z",
	"2100-02-29T00:00:00Z",
	"2026-11-23T24:00:00Z",
	"2026-11-23T04:60:00Z",
	"2026-11-23T04:30:61Z",
	"2026-11-23T04:30:60Z", /* no day of UTC ends there */
	"1990-12-31T23:59:60+01:00",
	"2026-11-23T-4:30:00Z",
	"2026-11-23T04:30:0xZ",
	"0000-01-01T00:00:00+00:01", /* before the year 0000 in UTC */
	"9999-12-31T23:59:59-00:01", /* after the year 9999 */
	"9999-12-31T23:59:60Z",
};

START_TEST(anything_else_is_refused_and_leaves_the_result_alone)
{
	int64_t time_us = 42;

	ck_assert_msg(!time_parse(text_of(refused[_i]), &time_us), "%s", refused[_i]);
	ck_assert_int_eq(time_us, 42);
}
END_TEST

START_TEST(every_beginning_of_a_time_is_refused_within_its_bounds)
{
	const char *whole = "2026-11-23T04:30:00.123+01:00";
	int64_t time_us;

	ck_assert(!time_parse(TEXT_NONE, &time_us));
	for (size_t len = 0; len < strlen(whole); len++) {
		char *exact = malloc(len + 1); /* so that a sanitizer sees a read past the end */

		ck_assert_ptr_nonnull(exact);
		memcpy(exact, whole, len);
		ck_assert(!time_parse((struct text){exact, len}, &time_us));
		free(exact);
	}
}
END_TEST

START_TEST(every_day_of_400_years_survives_the_round_trip)
{
	for (int64_t day = 0; day < 146097;
	     day++) { /* the Gregorian calendar repeats after these */
		int64_t time_us = (day * 86400 + day % 86400) * S, back_us;
		char text[TIME_TEXT_SIZE];

		time_render(time_us, text);
		ck_assert(time_parse(text_of(text), &back_us));
		ck_assert_int_eq(back_us, time_us);
	}
}
END_TEST

static Suite *time_text_suite(void)
{
	Suite *suite = suite_create("time_text");
	TCase *tcase = tcase_create("rfc3339");

	tcase_add_loop_test(tcase, a_time_is_rendered_in_milliseconds_rounded_down, 0,
	                    ARRAY_LEN(rendered));
	tcase_add_loop_test(tcase, what_is_rendered_is_parsed_to_its_millisecond, 0,
	                    ARRAY_LEN(rendered));
	tcase_add_loop_test_raise_signal(tcase, a_time_without_four_digits_of_year_is_a_bug,
	                                 SIGABRT, 0, 4);
	tcase_add_loop_test(tcase, a_date_time_of_rfc_3339_is_taken, 0, ARRAY_LEN(parsed));
	tcase_add_loop_test(tcase, anything_else_is_refused_and_leaves_the_result_alone, 0,
	                    ARRAY_LEN(refused));
	tcase_add_test(tcase, every_beginning_of_a_time_is_refused_within_its_bounds);
	tcase_add_test(tcase, every_day_of_400_years_survives_the_round_trip);
	suite_add_tcase(suite, tcase);
	return suite;
}

TEST_MAIN(time_text_suite)
