/* test_backup.c - backup, restore-check and restore with the real binaries: what was acknowledged
 * before a backup is there after its restore; what is damaged, foreign or off the live chain is
 * told and changes nothing; nothing is left behind. */
#include "e2e/load.h"
#include "e2e/run.h"
#include "e2e/single.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define BACKUP "backup.db"
#define LOAD_CONNECTIONS 16
#define LOAD_REQUESTS 20000
#define BYTES_MAX (128 * 1024 * 1024)

static void check_paid(void)
{
	char path[128];

	for (int i = 0; i < PAID; i++) {
		(void)snprintf(path, sizeof(path), "/payments?order_id=b-%d", i);
		get(&client, path, NULL, 200);
		ck_assert_int_eq(cJSON_GetArraySize(answer_data(&client)), 1);
	}
}

/* Runs a command, checks its exit status and that it prints the text. */
static void check_run(const char *command, const char *word, int status, const char *text)
{
	const char *const arguments[] = {command, word, NULL};
	struct run run;

	run_service(&service, NULL, arguments, &run);
	ck_assert_msg(run.status == status, "%s: exit %d\n%s%s", command, run.status,
	              buf_str(&run.out), buf_str(&run.err));
	ck_assert_msg(
		strstr(buf_str(&run.out), text) != NULL || strstr(buf_str(&run.err), text) != NULL,
		"%s: no \"%s\" in\n%s%s", command, text, buf_str(&run.out), buf_str(&run.err));
	run_release(&run);
}

/* How many entries of a directory have the text in their names. */
static int count_entries(const char *name, const char *text)
{
	char path[PATH_SIZE];
	int count = 0;

	single_path(name, path);
	DIR *directory = opendir(path);
	ck_assert_ptr_nonnull(directory);
	for (const struct dirent *entry; (entry = readdir(directory)) != NULL;)
		count += strstr(entry->d_name, text) != NULL;
	ck_assert_int_eq(closedir(directory), 0);
	return count;
}

/* ---- under load ---- */

static void make_request(void *arg, uint64_t number, struct buf *out)
{
	char body[128];

	(void)arg;
	(void)snprintf(body, sizeof(body), "{\"order_id\":\"l-%" PRIu64 "\",\"amount\":10.99}",
	               number);
	load_post(out, "/pay", "", body);
}

static void check_answer(void *arg, uint64_t number, int status, struct text body)
{
	(void)arg;
	ck_assert_msg(status == 200, "request %" PRIu64 ": status %d %.*s", number, status,
	              (int)body.len, body.ptr);
}

static pid_t start_load(void)
{
	struct load_plan plan = {
		.port = service.port,
		.connections = LOAD_CONNECTIONS,
		.requests = scaled(LOAD_REQUESTS),
		.make = make_request,
		.answered = check_answer,
	};
	struct load_result result;
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid > 0)
		return pid;
	load_run(&plan, &result);
	_exit(result.answered == plan.requests ? 0 : 1);
}

static void save_body(const char *name)
{
	char path[PATH_SIZE];

	single_path(name, path);
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	ck_assert_int_eq(write(fd, client.body.data, client.body.len), client.body.len);
	ck_assert_int_eq(close(fd), 0);
}

static void download(const char *name)
{
	get(&client, "/backup", NULL, 200);
	ck_assert_str_eq(client_header(&client, "Content-Type"), "application/vnd.sqlite3");
	ck_assert_ptr_nonnull(strstr(client_header(&client, "Content-Disposition"),
	                             "attachment; filename=\"payment-service-20"));
	ck_assert_int_eq(strtoll(client_header(&client, "Content-Length"), NULL, 10),
	                 client.body.len);
	ck_assert_int_eq(count_entries("data/payment", "snapshot"), 0);
	save_body(name);
}

/* The journal's last event tells of the restore, and from where. */
static void check_restored(void)
{
	char path[128];

	(void)snprintf(path, sizeof(path), "/events?after=%" PRId64,
	               get_metric(&client, "journal_head_seq") - 1);
	get(&client, path, NULL, 200);
	const cJSON *event = cJSON_GetArrayItem(answer_member(&client, "events"), 0);
	const cJSON *data = single_member(event, "data");
	ck_assert_str_eq(single_member(event, "type")->valuestring, "journal.restored");
	ck_assert_str_eq(single_member(event, "subject")->valuestring, "payment-service");
	ck_assert_int_eq(single_member(data, "head_seq")->valueint,
	                 single_member(event, "seq")->valueint - 1);
	ck_assert_str_eq(single_member(data, "head_hash")->valuestring,
	                 single_member(event, "prev_hash")->valuestring);
}

/* By the command and over HTTP, while payments come in. */
START_TEST(a_restored_backup_holds_all_that_was_acknowledged_before_it)
{
	const char *name = _i == 0 ? BACKUP : "download.db";
	char path[PATH_SIZE];
	struct stat info;
	int status;

	single_pay();
	pid_t load = start_load();
	if (_i == 0)
		check_run("backup", name, 0, "is written");
	else
		download(name);
	check_run("restore-check", name, 0, " 0 findings");
	ck_assert_int_eq(waitpid(load, &status, 0), load);
	ck_assert_int_eq(status, 0);
	single_path(name, path);
	ck_assert_int_eq(stat(path, &info), 0);
	ck_assert_uint_eq(info.st_mode & 0777, 0600);
	service_stop(&service);
	check_run("restore", name, 0, "is now data/payment/payment.db.before-restore-20");
	ck_assert_int_ge(count_entries("data/payment", "before-restore"), 1);
	ck_assert_int_eq(count_entries("data/payment", "restore."), 0);
	check_run("audit", NULL, 0, " 0 findings");
	single_restart(NULL);
	check_paid();
	check_restored();
	post(&client, "/pay", NULL, "{'order_id':'later','amount':1}", 200);
	check_run("audit", NULL, 0, " 0 findings");
	check_run("restore-check", name, 0, " 0 findings");
}
END_TEST

START_TEST(the_old_store_is_set_aside_whole)
{
	static const char aside[] = "before-restore";
	struct dirent **entries;
	char path[PATH_SIZE], url[PATH_SIZE];

	check_run("backup", BACKUP, 0, "is written");
	single_pay();
	service_signal(&service, SIGKILL); /* its log is not in its file yet */
	(void)service_wait(&service);
	check_run("restore", BACKUP, 0, "restored from event 0");
	single_path("data/payment", path);
	int count = scandir(path, &entries, NULL, alphasort);
	ck_assert_int_gt(count, 0);
	for (int i = 0; i < count; i++) {
		size_t len = strlen(entries[i]->d_name);

		if (strstr(entries[i]->d_name, aside) != NULL && entries[i]->d_name[len - 1] == 'Z')
			(void)snprintf(url, sizeof(url), "DATABASE_URL=sqlite:%.*s/%s", 3000, path,
			               entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	const char *const settings[] = {url, NULL};
	const char *const arguments[] = {"audit", NULL};
	struct run run;
	run_service(&service, settings, arguments, &run);
	ck_assert_msg(run.status == 0, "%s%s", buf_str(&run.out), buf_str(&run.err));
	ck_assert_ptr_nonnull(strstr(buf_str(&run.out), "20 events"));
	run_release(&run);
}
END_TEST

/* Else a crash in the middle of the restore could leave the old store without its last commits. */
START_TEST(a_store_that_is_still_read_is_not_set_aside)
{
	char path[PATH_SIZE];
	sqlite3 *reader;

	check_run("backup", BACKUP, 0, "is written");
	single_path(STORE, path);
	ck_assert_int_eq(sqlite3_open_v2(path, &reader, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	ck_assert_int_eq(sqlite3_exec(reader, "BEGIN; SELECT * FROM journal", NULL, NULL, NULL),
	                 SQLITE_OK);
	single_pay();
	service_signal(&service, SIGKILL);
	(void)service_wait(&service);
	check_run("restore", BACKUP, 2, "stop what still reads it");
	ck_assert_int_eq(count_entries("data/payment", "restore"), 0);
	ck_assert_int_eq(sqlite3_close(reader), SQLITE_OK);
	check_run("audit", NULL, 0, "20 events");
	check_run("restore", BACKUP, 0, "restored from event 0");
}
END_TEST

/* SQLite would take the old log for that of the new store. */
START_TEST(the_log_of_a_store_that_was_lost_is_set_aside_too)
{
	char path[PATH_SIZE];

	check_run("backup", BACKUP, 0, "is written");
	single_pay();
	service_signal(&service, SIGKILL);
	(void)service_wait(&service);
	single_path(STORE, path);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(count_entries("data/payment", "payment.db-wal"), 1);
	check_run("restore", BACKUP, 0, "restored from event 0");
	ck_assert_int_eq(count_entries("data/payment", "before-restore"), 2);
	check_run("audit", NULL, 0, "1 events");
}
END_TEST

START_TEST(a_backup_is_restored_where_there_was_no_store)
{
	static const char *const settings[] = {"DATABASE_URL=sqlite:new/place/payment.db", NULL};
	static const char *const arguments[] = {"restore", BACKUP, NULL};
	struct run run;

	single_pay();
	check_run("backup", BACKUP, 0, "is written");
	run_service(&service, settings, arguments, &run);
	ck_assert_msg(run.status == 0, "%s%s", buf_str(&run.out), buf_str(&run.err));
	ck_assert_ptr_null(strstr(buf_str(&run.out), "the store that was here"));
	run_release(&run);
	service_stop(&service);
	single_restart(settings);
	check_paid();
}
END_TEST

/* ---- what is refused ---- */

static const struct {
	const char *sql, *finding;
} damages[] = {
	{"UPDATE journal SET line = replace(line, ':10.99,', ':99.99,') WHERE seq = 3",
         "journal-chain: journal seq 4: prev_hash is not the hash of seq 3"},
	{"UPDATE journal_head SET time_us = time_us - 5000000",
         "journal-chain: journal head: its time is not that of seq 20"},
	{"DELETE FROM journal WHERE seq = 20",
         "journal-chain: journal head: seq 20 to 20 are missing"},
	{"INSERT INTO schema_migrations VALUES ('common', 9999, 'x', 1)",
         "newer than this program's"},
	{"UPDATE schema_migrations SET part = 'order-service' WHERE part = 'payment-service'",
         "belongs to order-service"},
	{"UPDATE store SET source = '/payment-service/jrn_other'",
         "live-chain: live store: its journal is /payment-service/jrn_"},
};

START_TEST(a_damaged_backup_is_told_and_not_restored)
{
	single_pay();
	check_run("backup", BACKUP, 0, "is written");
	single_change(BACKUP, damages[_i].sql);
	check_run("restore-check", BACKUP, 1, damages[_i].finding);
	ck_assert_int_eq(get_metric(&client, "last_verified_restore_timestamp_seconds"), 0);
	service_stop(&service);
	check_run("restore", BACKUP, 1, damages[_i].finding);
	check_run("restore", BACKUP, 1, "nothing was changed");
	ck_assert_int_eq(count_entries("data/payment", "restore"), 0);
	single_restart(NULL);
	check_paid();
}
END_TEST

START_TEST(a_backup_must_be_one_whole_file)
{
	single_pay();
	check_run("restore-check", STORE, 1, "a part of the store is beside the file");
	check_run("restore-check", "none.db", 2, "none.db cannot be opened");
	check_run("restore-check", "data", 2, "data is not a file");
	check_run("restore-check", "log", 1, "is not an SQLite database");
	ck_assert_int_eq(get_metric(&client, "last_verified_restore_timestamp_seconds"), 0);
}
END_TEST

static const struct {
	const char *sql, *finding;
} live_damages[] = {
	{"UPDATE journal SET line = replace(line, ':10.99,', ':99.99,') WHERE seq = 20",
         "live-chain: journal seq 20: the live journal has another event here"},
	{"DELETE FROM journal WHERE seq > 19",
         "live-chain: journal seq 20: the live journal does not have this event"},
};

START_TEST(a_head_that_is_not_on_the_live_chain_is_told)
{
	single_pay();
	check_run("backup", BACKUP, 0, "is written");
	check_run("restore-check", BACKUP, 0, " 0 findings");
	service_stop(&service);
	single_change(STORE, live_damages[_i].sql);
	check_run("restore-check", BACKUP, 1, live_damages[_i].finding);
	check_run("restore", BACKUP, 0, "restored from event 20"); /* that is what it is for */
}
END_TEST

START_TEST(a_running_service_is_not_restored)
{
	single_pay();
	check_run("backup", BACKUP, 0, "is written");
	check_run("restore", BACKUP, 2, "another process holds data/payment; stop it first");
	check_paid();
}
END_TEST

START_TEST(a_file_that_exists_is_not_overwritten)
{
	check_run("backup", "log", 2, "log exists: give the backup another name");
	check_run("backup", "none/b.db", 2, "cannot be made");
	check_run("backup", NULL, 2, "backup needs a FILE: payment-service backup FILE");
	check_run("backup", "--json", 2, "backup needs a FILE");
}
END_TEST

/* ---- beside the daemon ---- */

START_TEST(a_verified_backup_shows_in_the_metrics_and_after_a_restart)
{
	check_run("backup", BACKUP, 0, "is written");
	ck_assert_int_eq(get_metric(&client, "last_verified_restore_timestamp_seconds"), 0);
	check_run("restore-check", BACKUP, 0, " 0 findings");
	int64_t verified = get_metric(&client, "last_verified_restore_timestamp_seconds");
	ck_assert_int_gt(verified, 1600000000);
	service_stop(&service);
	single_restart(NULL);
	ck_assert_int_eq(get_metric(&client, "last_verified_restore_timestamp_seconds"), verified);
	ck_assert_int_eq(count_entries(".", "restore"), 0);
}
END_TEST

START_TEST(what_a_crash_left_of_a_snapshot_is_removed)
{
	char path[PATH_SIZE];

	service_stop(&service);
	single_path(STORE ".snapshot", path);
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	ck_assert_int_eq(close(fd), 0);
	single_restart(NULL);
	ck_assert_int_eq(count_entries("data/payment", "snapshot"), 0);
	download(BACKUP);
}
END_TEST

/* More than the buffers of two sockets take, and than a sender that rests takes in a test's time.
 */
#define FILLER "CREATE TABLE filler (bytes BLOB); INSERT INTO filler VALUES (zeroblob(67108864))"

START_TEST(one_copy_is_taken_at_a_time_and_nothing_else_waits_for_it)
{
	static const char request[] =
		"GET /backup HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
	struct buf file AUTO_BUF;
	char first, status[12];

	buf_init(&file, BYTES_MAX);
	service_stop(&service);
	single_change(STORE, FILLER);
	single_restart(NULL);
	int slow = raw_connect(service.port);
	ck_assert_int_eq(send(slow, request, strlen(request), 0), strlen(request));
	ck_assert_int_eq(recv(slow, &first, 1, 0), 1); /* the answer has begun, and is not taken */
	get(&client, "/backup", NULL, 503);
	check_problem(&client, "overloaded");
	ck_assert_ptr_nonnull(client_header(&client, "Retry-After"));
	get(&client, "/audit", NULL, 200);
	get(&client, "/payments", NULL, 200);
	post(&client, "/pay", NULL, "{'order_id':'b-1','amount':1}", 200);
	raw_read_to_end(slow, &file);
	(void)close(slow);
	ck_assert_uint_gt(file.len, 67108864);
	slow = raw_connect(service.port);
	ck_assert_int_eq(send(slow, request, strlen(request), 0), strlen(request));
	ck_assert_int_eq(recv(slow, status, sizeof(status), MSG_WAITALL), sizeof(status));
	ck_assert_int_eq(memcmp(status, "HTTP/1.1 200", sizeof(status)), 0);
	(void)close(slow);
}
END_TEST

START_TEST(a_stop_does_not_wait_for_a_download)
{
	static const char request[] = "GET /backup HTTP/1.1\r\nHost: x\r\n\r\n";
	char first;

	service_stop(&service);
	single_change(STORE, FILLER);
	single_restart(NULL);
	int slow = raw_connect(service.port);
	ck_assert_int_eq(send(slow, request, strlen(request), 0), strlen(request));
	ck_assert_int_eq(recv(slow, &first, 1, 0), 1);
	service_stop(&service); /* exit status 0 */
	(void)close(slow);
}
END_TEST

static Suite *backup_suite(void)
{
	Suite *suite = suite_create("backup");
	TCase *tcase = tcase_create("backup");

	tcase_set_timeout(tcase, 120);
	tcase_add_checked_fixture(tcase, single_start, single_stop);
	tcase_add_loop_test(tcase, a_restored_backup_holds_all_that_was_acknowledged_before_it, 0,
	                    2);
	tcase_add_test(tcase, the_old_store_is_set_aside_whole);
	tcase_add_test(tcase, a_store_that_is_still_read_is_not_set_aside);
	tcase_add_test(tcase, the_log_of_a_store_that_was_lost_is_set_aside_too);
	tcase_add_test(tcase, a_backup_is_restored_where_there_was_no_store);
	tcase_add_loop_test(tcase, a_damaged_backup_is_told_and_not_restored, 0,
	                    ARRAY_LEN(damages));
	tcase_add_test(tcase, a_backup_must_be_one_whole_file);
	tcase_add_loop_test(tcase, a_head_that_is_not_on_the_live_chain_is_told, 0,
	                    ARRAY_LEN(live_damages));
	tcase_add_test(tcase, a_running_service_is_not_restored);
	tcase_add_test(tcase, a_file_that_exists_is_not_overwritten);
	tcase_add_test(tcase, a_verified_backup_shows_in_the_metrics_and_after_a_restart);
	tcase_add_test(tcase, what_a_crash_left_of_a_snapshot_is_removed);
	tcase_add_test(tcase, one_copy_is_taken_at_a_time_and_nothing_else_waits_for_it);
	tcase_add_test(tcase, a_stop_does_not_wait_for_a_download);
	suite_add_tcase(suite, tcase);
	return suite;
}

TEST_MAIN(backup_suite)
