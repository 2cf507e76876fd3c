/* test_shares.c - what each has of what all share, against a plain array of counts. */
#include "runtime/shares.h"

#include "unit/unit.h"

#include <signal.h>

#define SUBJECTS 64
#define STEPS 200000

START_TEST(each_has_so_many_at_most)
{
	struct shares *shares = shares_new(6, 2);

	for (int round = 0; round < 2; round++) {
		for (uint64_t subject = 0; subject < 3; subject++) {
			for (int i = 0; i < 2; i++) {
				ck_assert(shares_has_room(shares, subject));
				shares_take(shares, subject);
			}
			ck_assert(!shares_has_room(shares, subject));
		}
		for (uint64_t subject = 0; subject < 3; subject++) {
			shares_give_back(shares, subject);
			ck_assert(shares_has_room(shares, subject));
			shares_give_back(shares, subject);
		}
	}
	shares_free(shares);
}
END_TEST

START_TEST(half_is_at_least_one)
{
	static const int64_t rows[][2] = {{1, 1}, {2, 1}, {3, 1}, {4, 2}, {1024, 512}};

	ck_assert_int_eq(shares_half(rows[_i][0]), rows[_i][1]);
}
END_TEST

/* Few places for many subjects: searches run into each other and around the end. */
static uint64_t crowded(uint64_t number)
{
	return number % 8 == 0 ? UINT64_MAX - number : number % 8 + (number << 32);
}

START_TEST(counts_stay_right_in_any_order)
{
	struct shares *shares = shares_new(SUBJECTS, 3);
	int64_t counts[SUBJECTS] = {0}, all = 0;
	uint64_t chance = 88172645463325252;

	for (int step = 0; step < STEPS; step++) {
		chance ^= chance << 13; /* xorshift64 */
		chance ^= chance >> 7;
		chance ^= chance << 17;
		uint64_t number = chance % SUBJECTS;
		bool takes = chance >> 63 != 0;

		ck_assert_int_eq(shares_has_room(shares, crowded(number)), counts[number] < 3);
		if (takes && counts[number] < 3 && all < SUBJECTS) {
			shares_take(shares, crowded(number));
			counts[number]++;
			all++;
		} else if (!takes && counts[number] > 0) {
			shares_give_back(shares, crowded(number));
			counts[number]--;
			all--;
		}
	}
	for (uint64_t number = 0; number < SUBJECTS; number++)
		for (; counts[number] > 0; counts[number]--)
			shares_give_back(shares, crowded(number)); /* ensures that it is there */
	shares_free(shares);
}
END_TEST

START_TEST(more_than_all_is_a_bug)
{
	struct shares *shares = shares_new(2, 2);

	for (uint64_t subject = 0; subject < 3; subject++)
		shares_take(shares, subject);
}
END_TEST

START_TEST(what_was_not_taken_is_not_given_back)
{
	struct shares *shares = shares_new(2, 2);

	shares_take(shares, 1);
	shares_give_back(shares, 2);
}
END_TEST

static Suite *shares_suite(void)
{
	Suite *suite = suite_create("shares");
	TCase *tcase = tcase_create("shares");

	tcase_add_test(tcase, each_has_so_many_at_most);
	tcase_add_loop_test(tcase, half_is_at_least_one, 0, 5);
	tcase_add_test(tcase, counts_stay_right_in_any_order);
	tcase_add_test_raise_signal(tcase, more_than_all_is_a_bug, SIGABRT);
	tcase_add_test_raise_signal(tcase, what_was_not_taken_is_not_given_back, SIGABRT);
	suite_add_tcase(suite, tcase);
	return suite;
}

TEST_MAIN(shares_suite)
