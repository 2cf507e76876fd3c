/* test_process.c - what a process gives up. Each test is a process of its own. */
#include "runtime/process.h"
#include "unit/unit.h"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

static void set_up(void)
{
	struct buf why AUTO_BUF;

	buf_init(&why, 1024);
	ck_assert_msg(process_harden(&why), "%s", buf_str(&why));
}

START_TEST(memory_is_never_written_to_a_core_file)
{
	struct rlimit core;

	ck_assert_int_eq(getrlimit(RLIMIT_CORE, &core), 0);
	ck_assert_uint_eq(core.rlim_cur, 0);
	ck_assert_uint_eq(core.rlim_max, 0);
	ck_assert_int_eq(prctl(PR_GET_DUMPABLE), 0);
}
END_TEST

START_TEST(nothing_that_is_executed_gains_privileges)
{
	ck_assert_int_eq(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 1);
}
END_TEST

START_TEST(files_are_their_owners_alone)
{
	ck_assert_int_eq(umask(0), 077);
}
END_TEST

static Suite *process_suite(void)
{
	Suite *suite = suite_create("process");
	TCase *tcase = tcase_create("process");

	tcase_add_checked_fixture(tcase, set_up, NULL);
	tcase_add_test(tcase, memory_is_never_written_to_a_core_file);
	tcase_add_test(tcase, nothing_that_is_executed_gains_privileges);
	tcase_add_test(tcase, files_are_their_owners_alone);
	suite_add_tcase(suite, tcase);
	return suite;
}

TEST_MAIN(process_suite)
