/* test_rate.c - token buckets: how many pass when, whatever the clock does, and who is forgotten.
 */
#include "web/rate.h"

#include "unit/unit.h"

#include <signal.h>

#define ONE UINT64_C(0xFEDCBA9876543210)
#define S US_PER_S
#define STEPS_MAX 8

/* After the steps before, `times` requests come at one moment, and so many of them pass. */
struct step {
	int64_t at_us, times, pass, left;
};

static const struct {
	const char *what;
	int64_t per_s, burst;
	struct step steps[STEPS_MAX]; /* ends with one of no times */
} cases[] = {
	{"a new subject has a full bucket", 1, 5, {{0, 6, 5, 0}}},
	{"one comes back each second", 1, 2, {{0, 3, 2, 0}, {S, 2, 1, 0}, {2 * S, 2, 1, 0}}},
	{"and not a microsecond earlier", 1, 1, {{0, 1, 1, 0}, {S - 1, 1, 0, 0}, {S, 1, 1, 0}}},
	{"a third of a second is not rounded",
         3,
         1,
         {{0, 1, 1, 0},
          {333333, 1, 0, 0},
          {333334, 1, 1, 0},
          {666667, 1, 0, 0},
          {666668, 1, 1, 0}}},
	{"looking again and again loses nothing",
         3,
         1,
         {{0, 1, 1, 0}, {1, 1, 0, 0}, {7, 1, 0, 0}, {333333, 1, 0, 0}, {333334, 1, 1, 0}}},
	{"what is left is whole requests", 2, 4, {{0, 1, 1, 3}, {250000, 1, 1, 2}, {S, 1, 1, 3}}},
	{"no more than the burst is saved up", 100, 3, {{0, 1, 1, 2}, {3600 * S, 5, 3, 0}}},
	{"a refused request takes nothing", 1, 1, {{0, 1000, 1, 0}, {S, 1, 1, 0}}},
	{"a clock that went back brings nothing, and counts on",
         1,
         2,
         {{100 * S, 2, 2, 0}, {50 * S, 1, 0, 0}, {51 * S - 1, 1, 0, 0}, {51 * S, 2, 1, 0}}},
	{"the longest time at the highest rate fills and does not overflow",
         RATE_MAX,
         RATE_MAX,
         {{0, RATE_MAX + 1, RATE_MAX, 0}, {INT64_MAX, RATE_MAX + 1, RATE_MAX, 0}}},
	{"the largest bucket fills at the lowest rate",
         1,
         RATE_MAX,
         {{0, RATE_MAX, RATE_MAX, 0}, {RATE_MAX * S - 1, 1, 1, RATE_MAX - 2}}},
	{"at the highest rate one comes back each microsecond",
         RATE_MAX,
         1,
         {{0, 2, 1, 0}, {1, 2, 1, 0}, {2, 2, 1, 0}}},
	{"the first request may come at any time", 1, 1, {{INT64_MAX, 2, 1, 0}}},
};

static void check_step(struct rate *rate, const char *what, const struct step *step)
{
	struct rate_verdict verdict = {0};
	int64_t passed = 0;

	for (int64_t i = 0; i < step->times; i++) {
		verdict = rate_take(rate, ONE, step->at_us);
		passed += verdict.passes;
	}
	ck_assert_msg(passed == step->pass, "%s: at %lld %lld passed", what, (long long)step->at_us,
	              (long long)passed);
	ck_assert_msg(verdict.left == step->left, "%s: at %lld %lld are left", what,
	              (long long)step->at_us, (long long)verdict.left);
}

START_TEST(as_many_pass_as_the_bucket_holds)
{
	struct rate *rate = rate_new(cases[_i].per_s, cases[_i].burst);

	for (const struct step *step = cases[_i].steps; step->times > 0; step++)
		check_step(rate, cases[_i].what, step);
	rate_free(rate);
}
END_TEST

START_TEST(subjects_have_buckets_of_their_own)
{
	struct rate *rate = rate_new(1, 1);

	for (uint64_t subject = 1; subject <= RATE_BUCKETS_MAX; subject++) {
		ck_assert(rate_take(rate, subject, 0).passes);
		ck_assert(!rate_take(rate, subject, 0).passes);
	}
	for (uint64_t subject = 1; subject <= RATE_BUCKETS_MAX; subject++)
		ck_assert(!rate_take(rate, subject, 0).passes); /* none was forgotten */
	rate_free(rate);
}
END_TEST

/* Subjects that lie in one set: the table is full long before it is. */
static uint64_t neighbour(uint64_t number)
{
	return ONE + number * RATE_BUCKETS_MAX;
}

START_TEST(the_fullest_bucket_is_forgotten_first)
{
	struct rate *rate = rate_new(1, 10);

	for (int i = 0; i < 10; i++)
		ck_assert(rate_take(rate, ONE, 0).passes); /* empty now */
	for (uint64_t number = 1; number <= 1000; number++)
		ck_assert_int_eq(rate_take(rate, neighbour(number), 0).left, 9);
	ck_assert(!rate_take(rate, ONE, 0).passes);
	ck_assert_int_eq(rate_take(rate, neighbour(1000), 0).left, 8); /* the last came last */
	ck_assert_int_eq(rate_take(rate, neighbour(1), 0).left, 9);    /* forgotten: full */
	rate_free(rate);
}
END_TEST

START_TEST(a_bucket_that_filled_up_makes_room)
{
	struct rate *rate = rate_new(1, 2);

	for (uint64_t number = 0; number < 1000; number++)
		ck_assert_int_eq(rate_take(rate, neighbour(number), 0).left, 1);
	for (int i = 0; i < 2; i++)
		(void)!rate_take(rate, neighbour(2000), S).passes;
	for (uint64_t number = 3000; number < 3007; number++)
		(void)!rate_take(rate, neighbour(number), S).passes;
	ck_assert(!rate_take(rate, neighbour(2000), S).passes);
	rate_free(rate);
}
END_TEST

START_TEST(a_rate_that_is_none_is_a_bug)
{
	static const int64_t bad[] = {INT64_MIN, -1, 0, RATE_MAX + 1, INT64_MAX};

	rate_free(_i % 2 == 0 ? rate_new(bad[_i / 2], 1) : rate_new(1, bad[_i / 2]));
}
END_TEST

static Suite *rate_suite(void)
{
	Suite *suite = suite_create("rate");
	TCase *tcase = tcase_create("rate");

	tcase_add_loop_test(tcase, as_many_pass_as_the_bucket_holds, 0, (int)ARRAY_LEN(cases));
	tcase_add_test(tcase, subjects_have_buckets_of_their_own);
	tcase_add_test(tcase, the_fullest_bucket_is_forgotten_first);
	tcase_add_test(tcase, a_bucket_that_filled_up_makes_room);
	tcase_add_loop_test_raise_signal(tcase, a_rate_that_is_none_is_a_bug, SIGABRT, 0, 10);
	suite_add_tcase(suite, tcase);
	return suite;
}

TEST_MAIN(rate_suite)
