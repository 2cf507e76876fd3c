/* test_remote.c - audit, backup and restore-check of a running service through its API
 * (SERVICE_URL), from a place that has no store; and backups in a folder. */
#include "e2e/run.h"
#include "e2e/single.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct service elsewhere; /* a directory of its own, where no daemon runs */
static char url[64];

static void setup(void)
{
	single_start();
	single_pay();
	service_init(&elsewhere, "payment-service");
	(void)snprintf(url, sizeof(url), "SERVICE_URL=http://127.0.0.1:%d", service.port);
}

static void teardown(void)
{
	service_release(&elsewhere);
	single_stop();
}

/* Runs a command there, without a store; setting may be NULL. What it printed is in ret_run. */
static int run_there(const char *command, const char *word, const char *setting,
                     struct run *ret_run)
{
	const char *settings[] = {url, "TMPDIR=.", setting, NULL};
	const char *arguments[] = {command, word, NULL};

	run_service(&elsewhere, settings, arguments, ret_run);
	return ret_run->status;
}

static void there(const char *command, const char *word, int status, const char *printed)
{
	struct run run;
	bool is_right = run_there(command, word, NULL, &run) == status &&
	                strstr(buf_str(status == 2 ? &run.err : &run.out), printed) != NULL;

	ck_assert_msg(is_right, "%s %s ended with %d and printed: %s%s", command,
	              word == NULL ? "" : word, run.status, buf_str(&run.out), buf_str(&run.err));
	run_release(&run);
}

static int backups_count(const char *folder)
{
	char path[PATH_SIZE];
	struct dirent *entry;
	int count = 0;

	(void)snprintf(path, sizeof(path), "%s/%s", elsewhere.directory, folder);
	DIR *directory = opendir(path);
	ck_assert_ptr_nonnull(directory);
	while ((entry = readdir(directory)) != NULL)
		count += strstr(entry->d_name, ".db") != NULL;
	(void)closedir(directory);
	return count;
}

static void make_folder(const char *name)
{
	char path[PATH_SIZE];

	(void)snprintf(path, sizeof(path), "%s/%s", elsewhere.directory, name);
	ck_assert_int_eq(mkdir(path, 0700), 0);
}

/* An empty file in the folder. */
static void make_file(const char *name)
{
	char path[PATH_SIZE];

	(void)snprintf(path, sizeof(path), "%s/%s", elsewhere.directory, name);
	FILE *file = fopen(path, "w");
	ck_assert_ptr_nonnull(file);
	ck_assert_int_eq(fclose(file), 0);
}

START_TEST(an_audit_of_the_running_service_prints_what_one_of_the_store_prints)
{
	const char *none[] = {NULL};
	const char *words[][3] = {{"audit", NULL}, {"audit", "--json", NULL}};
	struct run here, remote;

	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		run_service(&service, none, words[i], &here);
		ck_assert_int_eq(here.status, 0);
		ck_assert_int_eq(run_there("audit", words[i][1], NULL, &remote), 0);
		ck_assert_str_eq(buf_str(&remote.out), buf_str(&here.out));
		run_release(&here);
		run_release(&remote);
	}
}
END_TEST

START_TEST(a_finding_of_the_running_service_is_printed_with_status_1)
{
	const char *none[] = {NULL};
	const char *audit[] = {"audit", NULL};
	struct run here, remote;

	service_stop(&service);
	single_change(STORE, "UPDATE accounts SET debits_minor = debits_minor + 1");
	single_restart(NULL);
	(void)snprintf(url, sizeof(url), "SERVICE_URL=http://127.0.0.1:%d/", service.port);
	run_service(&service, none, audit, &here);
	ck_assert_int_eq(here.status, 1);
	ck_assert_int_eq(run_there("audit", NULL, NULL, &remote), 1);
	ck_assert_str_eq(buf_str(&remote.out), buf_str(&here.out));
	run_release(&here);
	run_release(&remote);
}
END_TEST

START_TEST(a_backup_of_the_running_service_is_sound_and_of_its_journal)
{
	there("backup", "copy.db", 0, "copy.db is written");
	there("restore-check", "copy.db", 0, ": 0 findings");
	there("backup", "copy.db", 2, "copy.db exists");
}
END_TEST

START_TEST(a_backup_that_is_not_of_the_live_journal_is_a_finding)
{
	there("backup", "copy.db", 0, "copy.db is written");
	single_stop();
	single_start();
	(void)snprintf(url, sizeof(url), "SERVICE_URL=http://127.0.0.1:%d", service.port);
	there("restore-check", "copy.db", 1,
	      "live-chain: journal seq 20: the live journal does not");
	single_pay();
	there("restore-check", "copy.db", 1,
	      "live-chain: journal seq 20: the live journal has another");
}
END_TEST

START_TEST(what_cannot_be_asked_is_refused_and_leaves_no_file)
{
	service_stop(&service);
	make_folder("folder");
	there("audit", NULL, 2, "/audit was not answered: ");
	there("backup", "folder/", 2, "/backup was not answered: ");
	ck_assert_int_eq(backups_count("folder"), 0);
	there("restore-check", "folder/", 2, "there is no backup of payment-service in folder/");
	(void)snprintf(url, sizeof(url), "SERVICE_URL=ftp://127.0.0.1");
	there("audit", NULL, 2, "SERVICE_URL must be the service's http or https URL");
}
END_TEST

START_TEST(a_folder_keeps_the_newest_backups_and_what_is_none)
{
	struct run run;

	make_folder("folder");
	make_file("folder/payment-service-20250101T000000Z.db");
	make_file("folder/payment-service-20250102T000000Z.db");
	make_file("folder/order-service-20250101T000000Z.db");
	make_file("folder/payment-service-2025.db");
	make_file("folder/payment-service-20250101T000000Z.db.partial"); /* its writer was killed */
	make_file("folder/payment-service-99990101T000000Z.db.partial"); /* one may be writing it */
	ck_assert_int_eq(run_there("backup", "folder/", NULL, &run), 0);
	run_release(&run);
	ck_assert_int_eq(backups_count("folder"), 7);
	there("restore-check", "folder/", 0, ": 0 findings");
	ck_assert_int_eq(sleep(1), 0); /* names are of whole seconds */
	ck_assert_int_eq(run_there("backup", "folder/", "BACKUP_KEEP=2", &run), 0);
	run_release(&run);
	ck_assert_int_eq(backups_count("folder"), 5);
	there("restore-check", "folder/", 0, ": 0 findings");
}
END_TEST

static Suite *remote_suite(void)
{
	Suite *suite = suite_create("remote");
	TCase *tcase = tcase_create("remote");

	tcase_set_timeout(tcase, 60);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, an_audit_of_the_running_service_prints_what_one_of_the_store_prints);
	tcase_add_test(tcase, a_finding_of_the_running_service_is_printed_with_status_1);
	tcase_add_test(tcase, a_backup_of_the_running_service_is_sound_and_of_its_journal);
	tcase_add_test(tcase, a_backup_that_is_not_of_the_live_journal_is_a_finding);
	tcase_add_test(tcase, what_cannot_be_asked_is_refused_and_leaves_no_file);
	tcase_add_test(tcase, a_folder_keeps_the_newest_backups_and_what_is_none);
	suite_add_tcase(suite, tcase);
	return suite;
}

TEST_MAIN(remote_suite)
