/* test_error.c - the error table is complete and says to callers what api.md promises. */
#include "unit/unit.h"

#include "base/error.h"

#include <string.h>

#define EACH_ERROR(error) (enum error error = ERR_NONE + 1; error < ERROR_COUNT; error++)

START_TEST(every_error_has_a_complete_row)
{
	for
		EACH_ERROR(error)
		{
			const struct error_row *row = error_row(error);

			ck_assert_msg(row->status >= 400 && row->status <= 599, "%s", row->slug);
			ck_assert_msg(row->title != NULL && row->title[0] != '\0', "%s", row->slug);
			ck_assert_msg(row->detail != NULL && row->detail[0] != '\0', "%s",
			              row->slug);
		}
}
END_TEST

START_TEST(a_slug_is_lower_case_words_joined_by_hyphens)
{
	for
		EACH_ERROR(error)
		{
			const char *slug = error_row(error)->slug;

			ck_assert_uint_gt(strlen(slug), 0);
			ck_assert_uint_eq(strspn(slug, "abcdefghijklmnopqrstuvwxyz-"),
			                  strlen(slug));
			ck_assert(slug[0] != '-' && slug[strlen(slug) - 1] != '-');
		}
}
END_TEST

START_TEST(a_detail_is_a_sentence)
{
	for
		EACH_ERROR(error)
		{
			const char *detail = error_row(error)->detail;

			ck_assert_msg(detail[0] >= 'A' && detail[0] <= 'Z', "%s", detail);
			ck_assert_msg(detail[strlen(detail) - 1] == '.', "%s", detail);
		}
}
END_TEST

/* Both uniqueness and the round trip: a second row with the same slug would never be found. */
START_TEST(each_slug_leads_back_to_its_own_error)
{
	for
		EACH_ERROR(error)
	ck_assert_int_eq(error_by_slug(error_row(error)->slug), error);
}
END_TEST

START_TEST(an_unknown_slug_is_no_error)
{
	static const char *const slugs[] = {"", "no-such-problem", "not-foun", "not-found-",
	                                    "NOT-FOUND"};

	for (size_t i = 0; i < ARRAY_LEN(slugs); i++)
		ck_assert_int_eq(error_by_slug(slugs[i]), ERR_NONE);
}
END_TEST

START_TEST(every_429_and_503_says_when_to_retry)
{
	for
		EACH_ERROR(error)
		{
			const struct error_row *row = error_row(error);

			if (row->status != 429 && row->status != 503)
				continue;
			ck_assert_msg(row->retry_after_s > 0, "%s", row->slug);
			ck_assert_msg(row->retryable, "%s", row->slug);
		}
}
END_TEST

START_TEST(who_is_told_when_to_retry_may_retry)
{
	for
		EACH_ERROR(error)
		{
			const struct error_row *row = error_row(error);

			ck_assert_msg(row->retry_after_s >= 0, "%s", row->slug);
			ck_assert_msg(row->retry_after_s == 0 || row->retryable, "%s", row->slug);
		}
}
END_TEST

static Suite *error_suite(void)
{
	Suite *suite = suite_create("error");
	TCase *tcase = tcase_create("table");

	tcase_add_test(tcase, every_error_has_a_complete_row);
	tcase_add_test(tcase, a_slug_is_lower_case_words_joined_by_hyphens);
	tcase_add_test(tcase, a_detail_is_a_sentence);
	tcase_add_test(tcase, each_slug_leads_back_to_its_own_error);
	tcase_add_test(tcase, an_unknown_slug_is_no_error);
	tcase_add_test(tcase, every_429_and_503_says_when_to_retry);
	tcase_add_test(tcase, who_is_told_when_to_retry_may_retry);
	suite_add_tcase(suite, tcase);
	return suite;
}

TEST_MAIN(error_suite)
