/* test_hash_index.c - an index by hash on a table of its own: every committed row is found exactly
 * once, whatever of it is in memory and whatever in the table, also by other threads. */
#include "storage/hash_index.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "storage/audit_state.h"
#include "unit/store_fixture.h"
#include "unit/unit.h"

#define STORE_FILE "store.db"
#define RECENT_MAX 100
#define ADDS_MAX 12 /* in one transaction */

static struct hash_index index_ = HASH_INDEX("things_by_hash", "things", "hash", "key");
static struct store store;
static int64_t stored; /* things 1 to this one are committed */

static const struct statement thing_add = {"INSERT INTO things (key, hash) VALUES ($1, $2)", NULL};
static const struct statement things_by_hash = {
	"SELECT t.key FROM things_by_hash i JOIN things t ON t.key = i.key "
	"WHERE i.hash = $1 AND i.key <> $2",
	NULL};
static const struct statement thing_by_key = {"SELECT key FROM things WHERE key = $1", NULL};
static const struct statement things_delete = {"DELETE FROM things WHERE key < $1", NULL};

static void load(void)
{
	ck_assert_int_eq(hash_index_load(&index_, store.db), DB_OK);
}

static void setup(void)
{
	store = fixture_store();
	ck_assert_int_eq(
		db_script(store.db,
	                  "CREATE TABLE things (key INTEGER PRIMARY KEY, hash INTEGER NOT NULL);"
	                  "CREATE TABLE things_by_hash (hash INTEGER NOT NULL, key INTEGER NOT "
	                  "NULL, PRIMARY KEY (hash, key)) WITHOUT ROWID;"
	                  "INSERT INTO index_places (name, place, hand) VALUES ('things_by_hash', "
	                  "0, 0)"),
		DB_OK);
	index_.recent_max = RECENT_MAX;
	index_.rows_expire = false;
	stored = 0;
	load();
}

static void teardown(void)
{
	hash_index_close(&index_);
	store_close(&store);
}

/* Hashes of all things differ (each step can be undone), and look random. */
static uint64_t hash_of(int64_t key)
{
	uint64_t hash = (uint64_t)key * UINT64_C(0x9E3779B97F4A7C15);

	hash ^= hash >> 29;
	return hash * UINT64_C(0xBF58476D1CE4E5B9);
}

/* Nine things out of ten share five hashes. */
static uint64_t crowded_hash_of(int64_t key)
{
	return key % 10 == 0 ? hash_of(key) : hash_of(-(key % 5) - 1);
}

static void send_things(int64_t count, uint64_t (*hash)(int64_t key))
{
	ck_assert_int_eq(db_begin(store.db), DB_OK);
	hash_index_begin(&index_);
	for (int64_t i = 1; i <= count; i++) {
		ck_assert_int_eq(hash_index_next_key(&index_), stored + i);
		hash_index_add(&index_, hash(stored + i), stored + i);
		DB_SEND(store.db, &thing_add, NULL, NULL, V_INT(stored + i),
		        V_INT((int64_t)hash(stored + i)));
	}
	hash_index_write(&index_, store.db);
}

static void add_things(int64_t count, uint64_t (*hash)(int64_t key))
{
	send_things(count, hash);
	ck_assert_int_eq(db_commit(store.db), DB_OK);
	hash_index_committed(&index_);
	stored += count;
}

/* How often the search by a hash meets a key. */
struct search {
	int64_t key, found;
};

static void note_found(void *arg, const struct db_row *row)
{
	struct search *search = arg;

	search->found += db_int(row, 0) == search->key ? 1 : 0;
}

static int64_t times_found(struct db *db, int64_t key, uint64_t hash)
{
	struct search search = {.key = key};
	int64_t recent = hash_index_find(&index_, hash);

	if (recent != 0)
		DB_SEND(db, &thing_by_key, note_found, &search, V_INT(recent));
	DB_SEND(db, &things_by_hash, note_found, &search, V_INT((int64_t)hash), V_INT(recent));
	ck_assert_int_eq(db_flush(db), DB_OK);
	return search.found;
}

static void check_all(uint64_t (*hash)(int64_t key))
{
	for (int64_t key = 1; key <= stored; key++)
		ck_assert_msg(times_found(store.db, key, hash(key)) == 1, "%lld of %lld",
		              (long long)key, (long long)stored);
	ck_assert_int_eq(times_found(store.db, stored + 1, hash_of(stored + 1)), 0);
}

static void check_audit(int64_t findings)
{
	struct audit audit;

	audit_init(&audit);
	ck_assert_int_eq(audit_hash_index(&audit, &store, &index_), DB_OK);
	ck_assert_int_eq(audit.findings_count, findings);
	audit_release(&audit);
}

static int64_t merged(void)
{
	return fixture_number(STORE_FILE, "SELECT count(*) FROM things_by_hash");
}

static int64_t place(void)
{
	return fixture_number(STORE_FILE,
	                      "SELECT place FROM index_places WHERE name = 'things_by_hash'");
}

/* A process that is killed leaves what is committed; so a load is what follows a crash. */
static const struct {
	const char *rule;
	uint64_t (*hash)(int64_t key);
	int64_t transactions_a_load; /* 0: no load */
} walk_rows[] = {
	{"memory and table together hold all", hash_of, 0},
	{"things may share a hash", crowded_hash_of, 0},
	{"what was in memory is read again", hash_of, 7},
	{"things may share a hash when they are read again", crowded_hash_of, 7},
};

START_TEST(each_row_is_found_once_at_any_time)
{
	for (int64_t i = 1; stored < 12 * RECENT_MAX; i++) {
		/* Two of a transaction never share a hash. */
		add_things(walk_rows[_i].hash == hash_of ? 1 + i % ADDS_MAX : 1,
		           walk_rows[_i].hash);
		if (walk_rows[_i].transactions_a_load > 0 &&
		    i % walk_rows[_i].transactions_a_load == 0)
			load();
		ck_assert_uint_le(index_.recent.count, 3 * RECENT_MAX + ADDS_MAX);
		if (i % 10 == 0)
			check_all(walk_rows[_i].hash);
	}
	check_all(walk_rows[_i].hash);
	ck_assert_msg(merged() > RECENT_MAX, "%s", walk_rows[_i].rule);
	check_audit(0);
}
END_TEST

START_TEST(memory_is_bounded_and_so_is_what_a_start_reads)
{
	while (stored < 20 * RECENT_MAX) {
		add_things(ADDS_MAX, hash_of);
		ck_assert_uint_le(index_.recent.count, RECENT_MAX);
	}
	load();
	ck_assert_uint_le(index_.recent.count, 3 * RECENT_MAX);
	check_all(hash_of);
	while (index_.recent.count > RECENT_MAX)
		add_things(1, hash_of);
	check_all(hash_of);
}
END_TEST

START_TEST(a_transaction_that_was_rolled_back_leaves_no_trace)
{
	while (stored < 3 * RECENT_MAX)
		add_things(ADDS_MAX, hash_of);
	int64_t before = merged();
	for (int i = 0; i < 50; i++) {
		send_things(ADDS_MAX, hash_of);
		db_rollback(store.db);
		ck_assert_int_eq(times_found(store.db, stored + 1, hash_of(stored + 1)), 0);
	}
	ck_assert_int_eq(merged(), before);
	check_all(hash_of);
	add_things(ADDS_MAX, hash_of);
	check_all(hash_of);
	check_audit(0);
}
END_TEST

START_TEST(a_row_is_not_found_before_its_commit)
{
	send_things(1, hash_of);
	ck_assert_int_eq(hash_index_find(&index_, hash_of(1)), 0);
	ck_assert_int_eq(db_commit(store.db), DB_OK);
	hash_index_committed(&index_);
	ck_assert_int_eq(hash_index_find(&index_, hash_of(1)), 1);
}
END_TEST

START_TEST(a_load_that_fails_leaves_what_is_found)
{
	add_things(ADDS_MAX, hash_of);
	ck_assert_int_eq(db_script(store.db, "ALTER TABLE things RENAME TO away"), DB_OK);
	ck_assert_int_eq(hash_index_load(&index_, store.db), DB_FAILED);
	ck_assert_int_eq(db_script(store.db, "ALTER TABLE away RENAME TO things"), DB_OK);
	check_all(hash_of);
	load();
	add_things(ADDS_MAX, hash_of);
	check_all(hash_of);
}
END_TEST

/* The first thing is in the first bucket, which is merged after the last one. */
static uint64_t hash_from_lowest(int64_t key)
{
	return key == 1 ? (uint64_t)INT64_MIN : hash_of(key);
}

START_TEST(entries_of_deleted_rows_go_within_a_round)
{
	const int64_t kept = 5 * RECENT_MAX;

	index_.rows_expire = true;
	while (stored < 4 * kept) {
		add_things(ADDS_MAX, hash_from_lowest);
		ck_assert_int_eq(db_begin(store.db), DB_OK);
		DB_SEND(store.db, &things_delete, NULL, NULL, V_INT(stored - kept));
		ck_assert_int_eq(db_commit(store.db), DB_OK);
		check_audit(0);
	}
	ck_assert_int_le(merged(), kept + 2 * RECENT_MAX);
	for (int64_t key = stored - kept; key <= stored; key++)
		ck_assert_int_eq(times_found(store.db, key, hash_of(key)), 1);
	for (int64_t left = 3 * RECENT_MAX; left > 0; left -= ADDS_MAX) /* more than a round */
		add_things(ADDS_MAX, hash_of);
	ck_assert_int_eq(fixture_number(STORE_FILE, "SELECT count(*) FROM things_by_hash "
	                                            "WHERE key < (SELECT min(key) FROM things)"),
	                 0);
	ck_assert_int_eq(times_found(store.db, 1, hash_from_lowest(1)), 0);
}
END_TEST

static const struct {
	const char *tamper;
	int64_t findings;
} tampers[] = {
	{"DELETE FROM things_by_hash WHERE key = 1", 1},
	{"UPDATE things_by_hash SET hash = hash - 1 WHERE key = 2", 2},
	{"INSERT INTO things_by_hash SELECT hash, 3 FROM things_by_hash WHERE key = 1", 1},
	{"INSERT INTO things_by_hash VALUES (7, 1000000)", 1},
	{"DELETE FROM things WHERE key = 2", 1},
};

START_TEST(an_audit_tells_what_does_not_fit)
{
	while (place() < 3)
		add_things(ADDS_MAX, hash_of);
	check_audit(0);
	fixture_tamper(STORE_FILE, tampers[_i].tamper);
	check_audit(tampers[_i].findings);
}
END_TEST

START_TEST(an_audit_tells_a_place_that_is_too_far)
{
	while (place() < 3)
		add_things(ADDS_MAX, hash_of);
	fixture_tamper(STORE_FILE, "UPDATE index_places SET place = 1000000");
	check_audit(stored - merged());
}
END_TEST

/* ---- other threads ---- */

static _Atomic int64_t visible; /* things up to this one must be found */
static _Atomic bool ends;

static void *read_on(void *arg)
{
	struct db *db = arg;
	uint64_t number = 1;
	int64_t *faults = calloc(1, sizeof(*faults));

	while (!atomic_load(&ends)) {
		int64_t last = atomic_load(&visible);

		number = number * UINT64_C(6364136223846793005) + 1442695040888963407;
		/* Often one of the newest. */
		int64_t age = (int64_t)(number >> 33) % (number >> 32 & 1 ? last : 10);
		int64_t key = last - age > 0 ? last - age : 1;
		*faults += times_found(db, key, hash_of(key)) == 1 ? 0 : 1;
	}
	return faults;
}

START_TEST(other_threads_find_what_was_committed)
{
	struct db *db = fixture_db(STORE_FILE, DB_READER);
	pthread_t thread;
	void *faults;

	add_things(1, hash_of);
	atomic_store(&visible, stored);
	ck_assert_int_eq(pthread_create(&thread, NULL, read_on, db), 0);
	for (int i = 0; i < 300; i++) {
		add_things(ADDS_MAX, hash_of);
		atomic_store(&visible, stored);
		if (i % 100 == 0)
			load(); /* as a recovery does */
	}
	atomic_store(&ends, true);
	ck_assert_int_eq(pthread_join(thread, &faults), 0);
	ck_assert_int_eq(*(int64_t *)faults, 0);
	free(faults);
	db_close(db);
}
END_TEST

static Suite *hash_index_suite(void)
{
	Suite *suite = suite_create("hash_index");
	TCase *cases = tcase_create("hash_index");

	fixture_add(cases);
	tcase_add_checked_fixture(cases, setup, teardown);
	tcase_set_timeout(cases, 120);
	suite_add_tcase(suite, cases);
	tcase_add_loop_test(cases, each_row_is_found_once_at_any_time, 0, ARRAY_LEN(walk_rows));
	tcase_add_test(cases, memory_is_bounded_and_so_is_what_a_start_reads);
	tcase_add_test(cases, a_transaction_that_was_rolled_back_leaves_no_trace);
	tcase_add_test(cases, a_row_is_not_found_before_its_commit);
	tcase_add_test(cases, a_load_that_fails_leaves_what_is_found);
	tcase_add_test(cases, entries_of_deleted_rows_go_within_a_round);
	tcase_add_loop_test(cases, an_audit_tells_what_does_not_fit, 0, ARRAY_LEN(tampers));
	tcase_add_test(cases, an_audit_tells_a_place_that_is_too_far);
	tcase_add_test(cases, other_threads_find_what_was_committed);
	return suite;
}

TEST_MAIN(hash_index_suite)
