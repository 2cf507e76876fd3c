/* test_recent.c - pairs of hash and key in memory: buckets in the order of the hashes, one key a
 * hash, places that are used again. */
#include "storage/recent.h"

#include "unit/unit.h"

#define ROOM 8

static struct recent recent;

static void setup(void)
{
	ck_assert(recent_reserve(&recent, ROOM));
}

static void teardown(void)
{
	recent_release(&recent);
}

START_TEST(buckets_divide_all_hashes_in_their_order)
{
	int64_t first, last, before = INT64_MIN;

	for (uint32_t bucket = 0; bucket < RECENT_BUCKETS; bucket++) {
		recent_range(bucket, &first, &last);
		ck_assert(first < last);
		ck_assert_int_eq(first, bucket == 0 ? INT64_MIN : before + 1);
		ck_assert_uint_eq(recent_bucket(first), bucket);
		ck_assert_uint_eq(recent_bucket(last), bucket);
		before = last;
	}
	ck_assert_int_eq(before, INT64_MAX);
}
END_TEST

START_TEST(a_hash_has_its_latest_key)
{
	ck_assert_int_eq(recent_find(&recent, 7), 0);
	recent_put(&recent, 7, 1);
	recent_put(&recent, 8, 2); /* of the same bucket */
	ck_assert_uint_eq(recent_bucket(7), recent_bucket(8));
	ck_assert_int_eq(recent_find(&recent, 7), 1);
	recent_put(&recent, 7, 3);
	ck_assert_int_eq(recent_find(&recent, 7), 3);
	ck_assert_int_eq(recent_find(&recent, 8), 2);
	ck_assert_int_eq(recent_find(&recent, 9), 0);
	ck_assert_uint_eq(recent.count, 2);
}
END_TEST

START_TEST(what_was_removed_leaves_its_place_to_others)
{
	for (int64_t round = 1; round <= 100; round++) {
		for (int64_t i = 0; i < ROOM; i++)
			recent_put(&recent, i % 2 == 0 ? i : INT64_MAX - i, round * ROOM + i);
		ck_assert_uint_eq(recent.count, ROOM);
		recent_empty_bucket(&recent, recent_bucket(0));
		ck_assert_int_eq(recent_find(&recent, 0), 0);
		ck_assert_int_eq(recent_find(&recent, INT64_MAX - 1), round * ROOM + 1);
		ck_assert_uint_eq(recent.count, ROOM / 2);
	}
}
END_TEST

START_TEST(more_room_keeps_what_is_there)
{
	for (int64_t i = 1; i <= ROOM; i++)
		recent_put(&recent, i, i);
	ck_assert(recent_reserve(&recent, 100 * ROOM));
	for (int64_t i = ROOM + 1; i <= 100 * ROOM; i++)
		recent_put(&recent, -i, i);
	for (int64_t i = 1; i <= 100 * ROOM; i++)
		ck_assert_int_eq(recent_find(&recent, i <= ROOM ? i : -i), i);
}
END_TEST

/* Entries with the keys 10, 20, 30 in the first bucket, a middle one and the last. */
static const struct {
	uint32_t bucket, count;
	int64_t lowest;
} lowest_rows[] = {
	{0, 0, 10},
	{0, 1, 20},
	{RECENT_BUCKETS / 2, 1, 10},
	{0, RECENT_BUCKETS / 2 + 1, 30},
	{RECENT_BUCKETS - 1, 2, 20}, /* behind the last bucket comes the first */
	{RECENT_BUCKETS / 2, RECENT_BUCKETS, 0},
};

START_TEST(the_lowest_key_is_that_of_the_other_buckets)
{
	recent_put(&recent, INT64_MIN, 10);
	recent_put(&recent, 0, 20);
	recent_put(&recent, INT64_MAX, 30);
	recent_put(&recent, INT64_MAX / 2, 5); /* removed: no longer counts */
	recent_empty_bucket(&recent, recent_bucket(INT64_MAX / 2));
	ck_assert_int_eq(recent_lowest_but(&recent, lowest_rows[_i].bucket, lowest_rows[_i].count),
	                 lowest_rows[_i].lowest);
}
END_TEST

static Suite *recent_suite(void)
{
	Suite *suite = suite_create("recent");
	TCase *cases = tcase_create("recent");

	tcase_add_checked_fixture(cases, setup, teardown);
	suite_add_tcase(suite, cases);
	tcase_add_test(cases, buckets_divide_all_hashes_in_their_order);
	tcase_add_test(cases, a_hash_has_its_latest_key);
	tcase_add_test(cases, what_was_removed_leaves_its_place_to_others);
	tcase_add_test(cases, more_room_keeps_what_is_there);
	tcase_add_loop_test(cases, the_lowest_key_is_that_of_the_other_buckets, 0,
	                    ARRAY_LEN(lowest_rows));
	return suite;
}

TEST_MAIN(recent_suite)
