/* test_hardening.c - what the kernel says of a daemon that serves: no core file, no new privileges,
 * and files for its owner alone. */
#include "e2e/run.h"

#include <stdio.h>
#include <string.h>

#define FILE_BYTES_MAX 65536

static const char *const names[] = {"payment-service", "order-service"};
static struct service service;

static void tear_down(void)
{
	service_release(&service);
}

static void check_line(const char *file, const char *line)
{
	char path[64];
	struct buf text AUTO_BUF;

	(void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)service.pid, file);
	buf_init(&text, FILE_BYTES_MAX);
	read_file(path, &text);
	ck_assert_msg(strstr(buf_str(&text), line) != NULL, "no \"%s\" in %s:\n%s", line, path,
	              buf_str(&text));
}

START_TEST(a_daemon_gives_up_what_it_does_not_need)
{
	service_init(&service, names[_i]);
	service_start(&service, NULL);
	check_line("limits", "Max core file size        0                    0    ");
	check_line("status", "NoNewPrivs:\t1\n");
	check_line("status", "Umask:\t0077\n");
}
END_TEST

static Suite *hardening_suite(void)
{
	Suite *suite = suite_create("hardening");
	TCase *tcase = tcase_create("hardening");

	tcase_set_timeout(tcase, 60);
	tcase_add_checked_fixture(tcase, NULL, tear_down);
	tcase_add_loop_test(tcase, a_daemon_gives_up_what_it_does_not_need, 0, ARRAY_LEN(names));
	suite_add_tcase(suite, tcase);
	return suite;
}

TEST_MAIN(hardening_suite)
