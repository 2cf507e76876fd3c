/* test_libraries.c - a library below its floor is refused by name; the ones that are here are not.
 */
#include "unit/unit.h"
#include "web/libraries.h"

#include <string.h>

static const char *version;

static const char *get_version(void)
{
	return version;
}

START_TEST(those_of_this_machine_are_safe)
{
	struct buf why AUTO_BUF;

	buf_init(&why, 1024);
	ck_assert_msg(libraries_are_safe(libraries, &why), "%s", buf_str(&why));
}
END_TEST

static const struct {
	const char *version, *floor;
	bool is_safe;
} versions[] = {
	{"1.7.15", "1.7.15", true}, {"1.7.9", "1.7.15", false}, {"1.7.16", "1.7.15", true},
	{"1.7", "1.7.15", false},   {"1.10.0", "1.7.15", true}, {"0.9.75", "0.9.75", true},
	{"1.0.0", "0.9.75", true},  {"0.9.7", "0.9.75", false}, {"7.88.1-DEV", "7.88.1", true},
	{"7.9.8", "7.88.1", false}, {"10.0.0", "7.88.1", true}, {"", "7.88.1", false},
};

START_TEST(versions_are_compared_by_their_numbers)
{
	const struct library rows[] = {{"one", versions[_i].floor, get_version}, {0}};
	struct buf why AUTO_BUF;

	buf_init(&why, 1024);
	version = versions[_i].version;
	ck_assert_msg(libraries_are_safe(rows, &why) == versions[_i].is_safe, "%s %s", version,
	              versions[_i].floor);
}
END_TEST

START_TEST(each_row_is_refused_by_name)
{
	struct buf why AUTO_BUF, want AUTO_BUF;

	version = "0.0.1";
	for (const struct library *row = libraries; row->name != NULL; row++) {
		const struct library rows[] = {{row->name, row->floor, get_version}, {0}};

		buf_init(&why, 1024);
		buf_init(&want, 1024);
		buf_addf(&want,
		         "%s 0.0.1 is older than %s, the oldest that is safe here: update it",
		         row->name, row->floor);
		ck_assert(!libraries_are_safe(rows, &why));
		ck_assert_str_eq(buf_str(&why), buf_str(&want));
		buf_release(&why);
		buf_release(&want);
	}
}
END_TEST

static Suite *libraries_suite(void)
{
	Suite *suite = suite_create("libraries");
	TCase *tcase = tcase_create("libraries");

	tcase_add_test(tcase, those_of_this_machine_are_safe);
	tcase_add_loop_test(tcase, versions_are_compared_by_their_numbers, 0, ARRAY_LEN(versions));
	tcase_add_test(tcase, each_row_is_refused_by_name);
	suite_add_tcase(suite, tcase);
	return suite;
}

TEST_MAIN(libraries_suite)
