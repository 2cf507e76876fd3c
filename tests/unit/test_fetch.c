/* test_fetch.c - what ends is told of at once, also where no socket was waited for. */
#include "runtime/fetch.h"

#include "unit/unit.h"

#define LONGER_THAN_THE_TEST_US (600 * US_PER_S)

START_TEST(what_ends_as_it_begins_is_not_waited_for)
{
	struct fetcher *fetcher = fetcher_new(NULL);
	struct fetch *fetch = fetch_new(fetcher, "application/json", 1024);

	ck_assert(fetch_begin(fetch, "http://256.256.256.256:0x/", US_PER_S));
	fetcher_wait(fetcher, LONGER_THAN_THE_TEST_US);
	ck_assert_int_eq(fetch_state(fetch), FETCH_FAILED);
	fetch_free(fetch);
	fetcher_free(fetcher);
}
END_TEST

static Suite *fetch_suite(void)
{
	Suite *suite = suite_create("fetch");
	TCase *cases = tcase_create("all");

	tcase_add_test(cases, what_ends_as_it_begins_is_not_waited_for);
	suite_add_tcase(suite, cases);
	return suite;
}

TEST_MAIN(fetch_suite)
