/* test_snapshot.c - the file that a snapshot is: whole, private, never in the place of another, and
 * only where there is room; and what ends one. The commands are in e2e/test_backup.c. */
#include "storage/backup.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unit/store_fixture.h"
#include "unit/unit.h"

#define STORE_FILE "store.db"
#define EVENTS 5

static struct store store;
static struct db *db;
static struct buf why;

static void setup(void)
{
	struct journal *journal;

	store = fixture_store();
	journal = journal_new(store.source);
	fixture_events(&store, journal, EVENTS);
	journal_free(journal);
	db = fixture_db(STORE_FILE, DB_READER);
	buf_init(&why, 4096);
}

static void teardown(void)
{
	buf_release(&why);
	db_close(db);
	store_close(&store);
}

static bool is_there(const char *name)
{
	return access(fixture_path(name), F_OK) == 0;
}

START_TEST(a_snapshot_holds_what_was_committed_and_is_private)
{
	struct stat info;
	int fd;

	ck_assert(backup_snapshot(db, fixture_path("copy.db"), &fd, &why));
	ck_assert_int_eq(fstat(fd, &info), 0);
	ck_assert_uint_eq(info.st_mode & 0777, 0600);
	ck_assert_int_eq(close(fd), 0);
	ck_assert_int_eq(fixture_number("copy.db", "SELECT count(*) FROM journal"), EVENTS);
	ck_assert(!is_there("copy.db-wal"));
}
END_TEST

START_TEST(a_file_that_exists_stays)
{
	int fd = open(fixture_path("copy.db"), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

	ck_assert_int_eq(write(fd, "x", 1), 1);
	ck_assert_int_eq(close(fd), 0);
	ck_assert(!backup_snapshot(db, fixture_path("copy.db"), &fd, &why));
	ck_assert_ptr_nonnull(strstr(buf_str(&why), "copy.db exists"));
	buf_reset(&why);
	ck_assert(!backup_make(fixture_url(STORE_FILE), fixture_path("copy.db"), &why));
	ck_assert_ptr_nonnull(
		strstr(buf_str(&why), "copy.db exists: give the backup another name"));
	ck_assert(is_there("copy.db"));
	ck_assert(!is_there("copy.db.partial"));
}
END_TEST

START_TEST(a_backup_has_its_name_only_when_it_is_whole)
{
	int fd = open(fixture_path("b.db.partial"), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

	ck_assert_int_eq(close(fd), 0);
	ck_assert(!backup_make(fixture_url(STORE_FILE), fixture_path("b.db"), &why));
	ck_assert_ptr_nonnull(strstr(buf_str(&why), "b.db.partial exists: another backup"));
	ck_assert(!is_there("b.db"));
	ck_assert_int_eq(unlink(fixture_path("b.db.partial")), 0);
	ck_assert(backup_make(fixture_url(STORE_FILE), fixture_path("b.db"), &why));
	ck_assert(is_there("b.db"));
	ck_assert(!is_there("b.db.partial"));
}
END_TEST

START_TEST(no_room_is_said_before_anything_is_written)
{
	int fd = open(fixture_path("."), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	ck_assert(backup_has_room(fd, "b.db", 1, &why));
	ck_assert(!backup_has_room(fd, "b.db", INT64_MAX, &why));
	ck_assert_ptr_nonnull(strstr(buf_str(&why), "there is no room for b.db: it takes "));
	ck_assert_int_eq(close(fd), 0);
}
END_TEST

START_TEST(an_interrupted_connection_does_nothing_any_more)
{
	struct journal_head head;
	int fd;

	ck_assert_int_eq(journal_read_head(db, &head), DB_OK);
	db_interrupt(db);
	ck_assert(!backup_snapshot(db, fixture_path("copy.db"), &fd, &why));
	ck_assert_ptr_nonnull(strstr(buf_str(&why), "interrupted"));
	ck_assert(!is_there("copy.db"));
}
END_TEST

static Suite *snapshot_suite(void)
{
	Suite *suite = suite_create("snapshot");
	TCase *cases = tcase_create("snapshot");

	fixture_add(cases);
	tcase_add_checked_fixture(cases, setup, teardown);
	tcase_add_test(cases, a_snapshot_holds_what_was_committed_and_is_private);
	tcase_add_test(cases, a_file_that_exists_stays);
	tcase_add_test(cases, a_backup_has_its_name_only_when_it_is_whole);
	tcase_add_test(cases, no_room_is_said_before_anything_is_written);
	tcase_add_test(cases, an_interrupted_connection_does_nothing_any_more);
	suite_add_tcase(suite, cases);
	return suite;
}

TEST_MAIN(snapshot_suite)
