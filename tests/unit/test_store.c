/* test_store.c - opening a store: its place, its lock, its migrations, its identity. */
#include "storage/store.h"

#include <linux/magic.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "storage/place.h"
#include "unit/store_fixture.h"
#include "unit/unit.h"

#define STORE_FILE "store.db"

static const struct migration good[] = {
	{1, "0001-a", "CREATE TABLE a (x INTEGER); INSERT INTO a VALUES (1);"},
	{2, "0002-b", "CREATE TABLE b (x INTEGER);"},
	{3, "0003-c", "INSERT INTO b SELECT x FROM a;"},
};

static bool open_store(const char *name, const char *service, const struct migration *migrations,
                       size_t count, struct store *ret_store, struct buf *why)
{
	buf_init(why, 1024);
	return store_open(fixture_url(name), service, migrations, count, fixture_random,
	                  FIXTURE_NOW_US, ret_store, why);
}

/* ---- place ---- */

START_TEST(a_new_store_belongs_to_its_owner_only)
{
	struct store store;
	struct stat info;
	struct buf AUTO_BUF why;

	ck_assert(open_store("made/for/it/x.db", FIXTURE_SERVICE, NULL, 0, &store, &why));
	ck_assert_int_eq(stat(fixture_path("made"), &info), 0);
	ck_assert_int_eq(info.st_mode & 07777, 0700);
	ck_assert_int_eq(stat(fixture_path("made/for/it"), &info), 0);
	ck_assert_int_eq(info.st_mode & 07777, 0700);
	ck_assert_int_eq(stat(fixture_path("made/for/it/x.db"), &info), 0);
	ck_assert_int_eq(info.st_mode & 07777, 0600);
	store_close(&store);
}
END_TEST

START_TEST(a_path_without_a_directory_is_in_the_current_one)
{
	struct store store;
	struct buf AUTO_BUF why;

	buf_init(&why, 1024);
	ck_assert_int_eq(chdir(fixture_path(".")), 0);
	ck_assert(store_open("sqlite:here.db", FIXTURE_SERVICE, NULL, 0, fixture_random,
	                     FIXTURE_NOW_US, &store, &why));
	store_close(&store);
	ck_assert_int_eq(access(fixture_path("here.db"), F_OK), 0);
}
END_TEST

START_TEST(a_held_directory_is_refused_until_it_is_free)
{
	struct store store = fixture_store(), second;
	struct buf AUTO_BUF why;

	ck_assert(!open_store(STORE_FILE, FIXTURE_SERVICE, NULL, 0, &second, &why));
	ck_assert_ptr_nonnull(strstr(buf_str(&why), "another process holds"));
	ck_assert_ptr_nonnull(strstr(buf_str(&why), "point DATABASE_URL elsewhere"));
	buf_release(&why);
	ck_assert(!open_store("other.db", FIXTURE_SERVICE, NULL, 0, &second, &why));
	store_close(&store);
	store = fixture_store();
	store_close(&store);
}
END_TEST

static const struct {
	unsigned long type;
	const char *name;
} file_system_rows[] = {
	{NFS_SUPER_MAGIC, "NFS"},  {SMB_SUPER_MAGIC, "SMB"},      {CIFS_SUPER_MAGIC, "SMB"},
	{SMB2_SUPER_MAGIC, "SMB"}, {CEPH_SUPER_MAGIC, "Ceph"},    {0x0BD00BD0, "Lustre"},
	{EXT4_SUPER_MAGIC, NULL},  {XFS_SUPER_MAGIC, NULL},       {BTRFS_SUPER_MAGIC, NULL},
	{TMPFS_MAGIC, NULL},       {OVERLAYFS_SUPER_MAGIC, NULL},
};

START_TEST(network_file_systems_are_known_by_name)
{
	const char *name = place_network_name(file_system_rows[_i].type);

	ck_assert_pstr_eq(name, file_system_rows[_i].name);
}
END_TEST

static const struct {
	const char *name;
	const char *want;
} refused_rows[] = {
	{"text/x.db", "Not a directory"},
	{"text/sub/x.db", "cannot be made"},
	{"text", "is not an SQLite database"},
	{".", "is a directory"},
};

START_TEST(a_place_that_does_not_do_is_refused_with_the_reason)
{
	struct store store;
	struct buf AUTO_BUF why;
	FILE *text = fopen(fixture_path("text"), "w");

	ck_assert_int_gt(fprintf(text, "%0200d", 0), 0);
	ck_assert_int_eq(fclose(text), 0);
	ck_assert(!open_store(refused_rows[_i].name, FIXTURE_SERVICE, NULL, 0, &store, &why));
	ck_assert_msg(strstr(buf_str(&why), refused_rows[_i].want) != NULL, "%s: %s",
	              refused_rows[_i].name, buf_str(&why));
	buf_release(&why);
	ck_assert(open_store("good.db", FIXTURE_SERVICE, NULL, 0, &store, &why)); /* lock is free */
	store_close(&store);
}
END_TEST

/* ---- identity ---- */

START_TEST(the_identity_is_made_once)
{
	static const uint8_t other_random[FIXTURE_RANDOM_BYTES] = "something else entirely..";
	static const char source[] = "/payment-service/jrn_01M83AP0DV85146H258S3MGJAA";
	struct store first = fixture_store(), again;
	struct buf AUTO_BUF why;

	ck_assert_str_eq(first.source, source);
	ck_assert_mem_eq(first.sip_key, fixture_random, SIP_KEY_BYTES);
	store_close(&first);

	buf_init(&why, 1024);
	ck_assert(store_open(fixture_url(STORE_FILE), FIXTURE_SERVICE, NULL, 0, other_random,
	                     FIXTURE_NOW_US + US_PER_S, &again, &why));
	ck_assert_str_eq(again.source, source);
	ck_assert_mem_eq(again.sip_key, fixture_random, SIP_KEY_BYTES);
	ck_assert_int_eq(fixture_number(STORE_FILE, "SELECT count(*) FROM store"), 1);

	struct store reader = fixture_store_reader();
	ck_assert_str_eq(reader.source, source);
	ck_assert_mem_eq(reader.sip_key, fixture_random, SIP_KEY_BYTES);
	store_close(&reader);
	store_close(&again);
}
END_TEST

START_TEST(the_database_of_another_service_is_refused)
{
	struct store store;
	struct buf AUTO_BUF why;

	ck_assert(open_store(STORE_FILE, "order-service", good, 1, &store, &why));
	store_close(&store);
	ck_assert(!open_store(STORE_FILE, FIXTURE_SERVICE, good, 3, &store, &why));
	ck_assert_ptr_nonnull(strstr(buf_str(&why), "belongs to order-service"));
	ck_assert_int_eq(fixture_number(STORE_FILE, "SELECT count(*) FROM schema_migrations "
	                                            "WHERE part = 'payment-service'"),
	                 0);
}
END_TEST

START_TEST(a_journal_that_does_not_end_at_its_head_is_refused)
{
	struct store store = fixture_store();
	struct buf AUTO_BUF why;

	store_close(&store);
	fixture_tamper(STORE_FILE, "UPDATE journal_head SET seq = 1");
	ck_assert(!open_store(STORE_FILE, FIXTURE_SERVICE, NULL, 0, &store, &why));
	ck_assert_ptr_nonnull(strstr(buf_str(&why), "run audit"));
	store = fixture_store_reader(); /* so that audit can */
	store_close(&store);
}
END_TEST

/* ---- migrations ---- */

START_TEST(each_migration_runs_once_and_in_order)
{
	struct store store;
	struct buf AUTO_BUF why;

	ck_assert(open_store(STORE_FILE, FIXTURE_SERVICE, good, 1, &store, &why));
	ck_assert_uint_eq(store.common_schema_before, 0);
	ck_assert_uint_eq(store.service_schema_before, 0);
	store_close(&store);
	for (int i = 0; i < 2; i++) {
		ck_assert(open_store(STORE_FILE, FIXTURE_SERVICE, good, 3, &store, &why));
		ck_assert_uint_eq(store.common_schema_before, storage_migrations_count);
		ck_assert_uint_eq(store.service_schema_before, i == 0 ? 1 : 3);
		store_close(&store);
	}
	ck_assert_int_eq(fixture_number(STORE_FILE, "SELECT sum(x) FROM b"), 1);
	ck_assert_int_eq(fixture_number(STORE_FILE, "SELECT count(*) FROM schema_migrations "
	                                            "WHERE part = 'payment-service'"),
	                 3);
	ck_assert_int_eq(fixture_number(STORE_FILE, "SELECT count(*) FROM schema_migrations "
	                                            "WHERE part = 'common'"),
	                 (int64_t)storage_migrations_count);
}
END_TEST

START_TEST(a_migration_that_fails_leaves_nothing_and_can_be_repeated)
{
	const struct migration broken[] = {
		good[0], good[1], {3, "0003-c", "INSERT INTO b SELECT x FROM a; SELECT nonsense;"}};
	struct store store;
	struct buf AUTO_BUF why;

	ck_assert(!open_store(STORE_FILE, FIXTURE_SERVICE, broken, 3, &store, &why));
	ck_assert_ptr_nonnull(strstr(buf_str(&why), "0003-c of payment-service"));
	ck_assert_ptr_nonnull(strstr(buf_str(&why), "nonsense"));
	ck_assert_int_eq(fixture_number(STORE_FILE, "SELECT count(*) FROM b"), 0);
	buf_release(&why);
	ck_assert(open_store(STORE_FILE, FIXTURE_SERVICE, good, 3, &store, &why));
	store_close(&store);
	ck_assert_int_eq(fixture_number(STORE_FILE, "SELECT count(*) FROM b"), 1);
}
END_TEST

static const struct {
	const char *what, *tamper;
	size_t count;
	const char *writer_want, *reader_want; /* NULL: opens */
} version_rows[] = {
	{"the same", "", 3, NULL, NULL},
	{"a newer service schema", "", 2, "newer than this program's 2",
         "newer than this program's 2"},
	{"a newer common schema", "INSERT INTO schema_migrations VALUES ('common', 99, 'x', 0)", 3,
         "has common schema 99", "has common schema 99"},
	{"an older schema, before the writer", "", 4, "cannot be migrated to 0004", "older than"},
	{"no schema at all", "DROP TABLE schema_migrations", 3, "cannot be migrated",
         "holds no store yet"},
};

START_TEST(only_the_right_schema_is_opened)
{
	struct migration migrations[] = {
		good[0], good[1], good[2], {4, "0004-d", "CREATE TABLE a (x INTEGER);"}};
	struct store store;
	struct buf AUTO_BUF why;

	ck_assert(open_store(STORE_FILE, FIXTURE_SERVICE, good, 3, &store, &why));
	store_close(&store);
	fixture_tamper(STORE_FILE, version_rows[_i].tamper);

	for (int is_reader = 1; is_reader >= 0; is_reader--) {
		const char *want =
			is_reader ? version_rows[_i].reader_want : version_rows[_i].writer_want;
		buf_reset(&why);
		bool is_open = is_reader ? store_open_reader(fixture_url(STORE_FILE),
		                                             FIXTURE_SERVICE, migrations,
		                                             version_rows[_i].count, &store, &why)
		                         : store_open(fixture_url(STORE_FILE), FIXTURE_SERVICE,
		                                      migrations, version_rows[_i].count,
		                                      fixture_random, FIXTURE_NOW_US, &store, &why);
		ck_assert_msg(is_open == (want == NULL), "%s: %s", version_rows[_i].what,
		              buf_str(&why));
		if (is_open)
			store_close(&store);
		else
			ck_assert_msg(strstr(buf_str(&why), want) != NULL, "%s: %s",
			              version_rows[_i].what, buf_str(&why));
	}
}
END_TEST

static const char *const bad_rows[] = {
	"INSERT INTO store (id, source, sip_key, created_us) VALUES (2, '/x', zeroblob(16), 0)",
	"UPDATE store SET sip_key = zeroblob(15)",
	"UPDATE store SET created_us = 'now'",
	"UPDATE journal_head SET seq = 'abc'",
	"UPDATE journal_head SET seq = 1.5",
	"UPDATE journal_head SET hash = zeroblob(31)",
	"UPDATE journal_head SET hash = 'text, which is not a blob, of 32'",
	"INSERT INTO journal (seq, order_prev_seq, line) VALUES (0, 0, '{}')",
	"INSERT INTO journal (seq, order_prev_seq, line) VALUES (1, 1, '{}')",
	"INSERT INTO journal (seq, order_prev_seq, line) VALUES (1, 0, x'00')",
	"INSERT INTO seen (key_hash, caller, key, fingerprint, resource_id, status, body, "
	"created_us)"
	" VALUES (1, 'c', 'k', zeroblob(32), 'r', 'abc', '', 0)",
	"INSERT INTO seen (key_hash, caller, key, fingerprint, resource_id, status, body, "
	"created_us)"
	" VALUES (1, 'c', 'k', zeroblob(32), 'r', 99, '', 0)",
	"INSERT INTO seen (key_hash, caller, key, fingerprint, resource_id, status, body, "
	"created_us)"
	" VALUES (1, 'c', NULL, zeroblob(32), 'r', 200, '', 0)",
};

START_TEST(a_column_holds_only_its_own_type_and_range)
{
	struct store store = fixture_store();

	ck_assert_msg(db_script(store.db, bad_rows[_i]) == DB_CONFLICT, "%s", bad_rows[_i]);
	store_close(&store);
}
END_TEST

/* ---- crashes ---- */

/* A store whose owner committed 10 events and was then killed. */
static void leave_killed_store(void)
{
	int ready[2];
	char byte;

	ck_assert_int_eq(pipe(ready), 0);
	pid_t owner = fork();
	ck_assert_int_ge(owner, 0);
	if (owner == 0) {
		struct store store = fixture_store();
		struct journal *journal = journal_new(store.source);

		fixture_events(&store, journal, 10);
		(void)!write(ready[1], "", 1);
		pause();
		_exit(EXIT_FAILURE);
	}
	ck_assert_int_eq(read(ready[0], &byte, 1), 1);
	ck_assert_int_eq(kill(owner, SIGKILL), 0);
	ck_assert_int_eq(waitpid(owner, NULL, 0), owner);
}

static int64_t head_seq(const struct store *store)
{
	struct journal_head head;

	ck_assert_int_eq(journal_read_head(store->db, &head), DB_OK);
	return head.seq;
}

START_TEST(a_killed_store_can_be_read_and_then_opened_again)
{
	struct store store;

	leave_killed_store();
	if (_i == 1) /* as after a restart of the machine, or in a copy */
		ck_assert_int_eq(unlink(fixture_path(STORE_FILE "-shm")), 0);
	store = fixture_store_reader();
	ck_assert_int_eq(head_seq(&store), 10);
	store_close(&store);
	store = fixture_store();
	ck_assert_int_eq(head_seq(&store), 10);
	store_close(&store);
}
END_TEST

START_TEST(a_reader_works_beside_the_owner)
{
	struct store store = fixture_store(), reader = fixture_store_reader();
	struct journal *journal = journal_new(store.source);

	fixture_events(&store, journal, 3);
	ck_assert_int_eq(head_seq(&reader), 3);
	store_close(&reader);
	fixture_events(&store, journal, 3);
	journal_free(journal);
	store_close(&store);
}
END_TEST

static Suite *store_suite(void)
{
	Suite *suite = suite_create("store");
	TCase *cases = tcase_create("store");

	fixture_add(cases);
	suite_add_tcase(suite, cases);
	tcase_add_test(cases, a_new_store_belongs_to_its_owner_only);
	tcase_add_test(cases, a_path_without_a_directory_is_in_the_current_one);
	tcase_add_test(cases, a_held_directory_is_refused_until_it_is_free);
	tcase_add_loop_test(cases, network_file_systems_are_known_by_name, 0,
	                    ARRAY_LEN(file_system_rows));
	tcase_add_loop_test(cases, a_place_that_does_not_do_is_refused_with_the_reason, 0,
	                    ARRAY_LEN(refused_rows));
	tcase_add_test(cases, the_identity_is_made_once);
	tcase_add_test(cases, the_database_of_another_service_is_refused);
	tcase_add_test(cases, a_journal_that_does_not_end_at_its_head_is_refused);
	tcase_add_test(cases, each_migration_runs_once_and_in_order);
	tcase_add_test(cases, a_migration_that_fails_leaves_nothing_and_can_be_repeated);
	tcase_add_loop_test(cases, only_the_right_schema_is_opened, 0, ARRAY_LEN(version_rows));
	tcase_add_loop_test(cases, a_column_holds_only_its_own_type_and_range, 0,
	                    ARRAY_LEN(bad_rows));
	tcase_add_loop_test(cases, a_killed_store_can_be_read_and_then_opened_again, 0, 2);
	tcase_add_test(cases, a_reader_works_beside_the_owner);
	return suite;
}

TEST_MAIN(store_suite)
