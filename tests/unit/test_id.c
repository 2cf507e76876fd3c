/* test_id.c - ids against the ULID specification (github.com/ulid/spec). */
#include "unit/unit.h"

#include "base/id.h"

#include <signal.h>
#include <string.h>

static const uint8_t zeros[ULID_RANDOM_BYTES];
static const uint8_t ones[ULID_RANDOM_BYTES] = {255, 255, 255, 255, 255, 255, 255, 255, 255, 255};

struct make_case {
	const char *what;
	int64_t now_us;
	const uint8_t *random;
	const char *want;
};

/* The random bits of the specification's example 01ARZ3NDEKTSV4RRFFQ69G5FAV. */
static const uint8_t spec_random[ULID_RANDOM_BYTES] = {0xD6, 0x76, 0x4C, 0x61, 0xEF,
                                                       0xB9, 0x93, 0x02, 0xBD, 0x5B};

static const struct make_case make_cases[] = {
	{"the specification's example", 1469922850259000, spec_random,
         "pay_01ARZ3NDEKTSV4RRFFQ69G5FAV"},
	{"the example time of its reference code", 1469918176385000, zeros,
         "pay_01ARYZ6S410000000000000000"},
	{"all bits 0", 0, zeros, "pay_00000000000000000000000000"},
	{"the largest the specification allows", 281474976710655999, ones,
         "pay_7ZZZZZZZZZZZZZZZZZZZZZZZZZ"},
	{"microseconds are rounded down", 1999, zeros, "pay_00000000010000000000000000"},
};

START_TEST(an_id_is_its_prefix_time_and_random_bits)
{
	const struct make_case *row = &make_cases[_i];
	char id[ID_SIZE];

	id_make("pay_", row->now_us, row->random, id);
	ck_assert_msg(strcmp(id, row->want) == 0, "%s: %s", row->what, id);
	ck_assert(id_is_valid("pay_", text_of(id)));
}
END_TEST

START_TEST(every_random_bit_counts)
{
	char before[ID_SIZE], after[ID_SIZE];

	id_make("ord_", 0, zeros, before);
	for (int bit = 8 * ULID_RANDOM_BYTES - 1; bit >= 0; bit--) {
		uint8_t random[ULID_RANDOM_BYTES] = {0};

		random[bit / 8] = (uint8_t)(0x80 >> bit % 8);
		id_make("ord_", 0, random, after);
		ck_assert_str_lt(before, after); /* a higher bit gives a later id */
		memcpy(before, after, sizeof(before));
	}
}
END_TEST

START_TEST(an_id_of_a_later_millisecond_sorts_later_whatever_the_random_bits)
{
	static const int64_t times_ms[] = {
		0, 1, 30, 31, 32, 33, 1023, 1024, 1469918176385, 1795408200123};

	for (size_t i = 0; i < ARRAY_LEN(times_ms); i++) {
		char earlier[ID_SIZE], later[ID_SIZE];

		id_make("evt_", times_ms[i] * US_PER_MS, ones, earlier);
		id_make("evt_", (times_ms[i] + 1) * US_PER_MS, zeros, later);
		ck_assert_str_lt(earlier, later);
	}
}
END_TEST

static const char *const invalid_ids[] = {
	"",
	"pay_",
	"01ARZ3NDEKTSV4RRFFQ69G5FAV",     /* no prefix */
	"ref_01ARZ3NDEKTSV4RRFFQ69G5FAV", /* another one */
	"PAY_01ARZ3NDEKTSV4RRFFQ69G5FAV",
	"pay-01ARZ3NDEKTSV4RRFFQ69G5FAV",
	"pay_01ARZ3NDEKTSV4RRFFQ69G5FA",   /* too short */
	"pay_01ARZ3NDEKTSV4RRFFQ69G5FAVV", /* too long */
	"pay_01ARZ3NDEKTSV4RRFFQ69G5FAv",  /* another spelling of the same number */
	"pay_01ARZ3NDEKTSV4RRFFQ69G5FAI",  /* letters that Crockford left out */
	"pay_01ARZ3NDEKTSV4RRFFQ69G5FAL",
	"pay_01ARZ3NDEKTSV4RRFFQ69G5FAO",
	"pay_01ARZ3NDEKTSV4RRFFQ69G5FAU",
	"pay_01ARZ3NDEKTSV4RRFFQ69G5FA-",
	"pay_01ARZ3NDEKTSV4RRFFQ69G5FA ",
	"pay_80000000000000000000000000", /* 49 bits of time */
	"pay_ZZZZZZZZZZZZZZZZZZZZZZZZZZ",
};

START_TEST(nothing_else_is_an_id)
{
	ck_assert_msg(!id_is_valid("pay_", text_of(invalid_ids[_i])), "%s", invalid_ids[_i]);
}
END_TEST

START_TEST(an_absent_text_and_a_nul_are_no_id)
{
	ck_assert(!id_is_valid("pay_", TEXT_NONE));
	ck_assert(!id_is_valid("pay_", TEXT_LITERAL("pay_01ARZ3NDEKTSV4RRFFQ69G5FA\0")));
}
END_TEST

START_TEST(a_time_that_a_ulid_cannot_hold_is_a_bug)
{
	static const int64_t times_us[] = {-1, (INT64_C(1) << 48) * US_PER_MS};
	char id[ID_SIZE];

	id_make("pay_", times_us[_i], zeros, id);
}
END_TEST

static Suite *id_suite(void)
{
	Suite *suite = suite_create("id");
	TCase *tcase = tcase_create("ulid");

	tcase_add_loop_test(tcase, an_id_is_its_prefix_time_and_random_bits, 0,
	                    ARRAY_LEN(make_cases));
	tcase_add_test(tcase, every_random_bit_counts);
	tcase_add_test(tcase, an_id_of_a_later_millisecond_sorts_later_whatever_the_random_bits);
	tcase_add_loop_test(tcase, nothing_else_is_an_id, 0, ARRAY_LEN(invalid_ids));
	tcase_add_test(tcase, an_absent_text_and_a_nul_are_no_id);
	tcase_add_loop_test_raise_signal(tcase, a_time_that_a_ulid_cannot_hold_is_a_bug, SIGABRT, 0,
	                                 2);
	suite_add_tcase(suite, tcase);
	return suite;
}

TEST_MAIN(id_suite)
