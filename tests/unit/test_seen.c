/* test_seen.c - the table of used idempotency keys: who finds which answer, and for how long. */
#include "storage/seen.h"

#include <string.h>

#include "unit/store_fixture.h"
#include "unit/unit.h"

#define STORE_FILE "store.db"
#define HASH UINT64_C(0xFEDCBA9876543210) /* negative as SQL's signed number */

static struct store store;

static void setup(void)
{
	store = fixture_store();
	ck_assert_int_eq(hash_index_load(&seen_by_key_hash, store.db), DB_OK);
}

static void teardown(void)
{
	hash_index_close(&seen_by_key_hash);
	store_close(&store);
}

static struct seen_key key_of(const char *caller, const char *key, uint64_t key_hash)
{
	struct seen_key seen = {
		.caller = text_of(caller), .key = text_of(key), .key_hash = key_hash};

	hash_sha256(key, strlen(key), &seen.fingerprint);
	return seen;
}

static void write_at(const struct seen_key *key, int status, struct text body, int64_t now_us)
{
	ck_assert_int_eq(db_begin(store.db), DB_OK);
	seen_write(store.db, key, text_of("pay_1"), status, body, now_us, 0);
	hash_index_write(&seen_by_key_hash, store.db);
	ck_assert_int_eq(db_commit(store.db), DB_OK);
	hash_index_committed(&seen_by_key_hash);
}

static struct seen_answer find(const struct seen_key *key, int64_t expired_us)
{
	struct seen_answer answer = {0};

	buf_init(&answer.body, 1024);
	seen_load(store.db, key, expired_us, &answer);
	ck_assert_int_eq(db_flush(store.db), DB_OK);
	return answer;
}

static const struct {
	const char *what, *caller, *key;
	uint64_t key_hash;
	int64_t expired_us;
	bool found;
} find_rows[] = {
	{"the key itself", "shop", "k-1", HASH, 999, true},
	{"another key with its hash", "shop", "k-2", HASH, 999, false},
	{"a key that begins alike", "shop", "k-", HASH, 999, false},
	{"another caller with its hash", "shop2", "k-1", HASH, 999, false},
	{"nobody with its hash", "", "k-1", HASH, 999, false},
	{"caller and key cut elsewhere", "shopk", "-1", HASH, 999, false},
	{"another hash", "shop", "k-1", HASH + 1, 999, false},
	{"expired just now", "shop", "k-1", HASH, 1000, false},
	{"expired long ago", "shop", "k-1", HASH, INT64_MAX, false},
};

START_TEST(a_key_is_found_by_its_caller_until_it_expires)
{
	struct seen_key stored = key_of("shop", "k-1", HASH);
	struct seen_key asked =
		key_of(find_rows[_i].caller, find_rows[_i].key, find_rows[_i].key_hash);

	write_at(&stored, 200, text_of("{}"), 1000);
	struct seen_answer answer = find(&asked, find_rows[_i].expired_us);
	ck_assert_msg(answer.found == find_rows[_i].found, "%s", find_rows[_i].what);
	buf_release(&answer.body);
}
END_TEST

START_TEST(an_answer_comes_back_byte_for_byte)
{
	static const struct text bodies[] = {
		{"{\"order_id\": \"o-1\",\n\t\"amount\":10.90 }", 37},
		{"\"f\xc3\xbcr \xf0\x9f\x92\xb6\"", 12},
		{"", 0},
	};
	struct seen_key key = key_of("", "any key !~", HASH);

	write_at(&key, 402, bodies[_i], 1000);
	struct seen_answer answer = find(&key, 0);
	ck_assert(answer.found);
	ck_assert_int_eq(answer.status, 402);
	ck_assert(hash_equal(&answer.fingerprint, &key.fingerprint));
	ck_assert_uint_eq(answer.body.len, bodies[_i].len);
	ck_assert_str_eq(buf_str(&answer.body), bodies[_i].ptr);
	buf_release(&answer.body);
}
END_TEST

START_TEST(the_newest_answer_of_a_key_counts)
{
	struct seen_key key = key_of("shop", "k-1", HASH);

	write_at(&key, 200, text_of("old"), 1000);
	write_at(&key, 201, text_of("new"), 2000);
	struct seen_answer answer = find(&key, 500);
	ck_assert_int_eq(answer.status, 201);
	ck_assert_str_eq(buf_str(&answer.body), "new");
	buf_release(&answer.body);
}
END_TEST

START_TEST(an_answer_that_is_not_found_is_told_so)
{
	struct seen_key key = key_of("shop", "k-1", HASH), other = key_of("shop", "k-2", HASH);
	struct seen_answer answer;

	write_at(&key, 200, text_of("{}"), 1000);
	answer = find(&key, 0);
	ck_assert(answer.found);
	seen_load(store.db, &other, 0, &answer);
	ck_assert_int_eq(db_flush(store.db), DB_OK);
	ck_assert(!answer.found);
	buf_release(&answer.body);
}
END_TEST

static const struct {
	int64_t expired_us, limit, deleted;
} expire_rows[] = {
	{999, 100, 0}, {1000, 100, 1}, {5000, 100, 5}, {5000, 2, 2}, {INT64_MAX, 100, 10},
};

START_TEST(expiry_deletes_the_oldest_first_and_no_more_than_it_may)
{
	for (int64_t i = 1; i <= 10; i++) {
		struct seen_key key = key_of("shop", "k", (uint64_t)i);

		write_at(&key, 200, text_of("{}"), 1000 * i);
	}
	ck_assert_int_eq(db_begin(store.db), DB_OK);
	seen_expire(store.db, expire_rows[_i].expired_us, expire_rows[_i].limit);
	ck_assert_int_eq(db_flush(store.db), DB_OK);
	ck_assert_int_eq(db_commit(store.db), DB_OK);
	ck_assert_int_eq(fixture_number(STORE_FILE, "SELECT coalesce(min(created_us), 11000)"
	                                            " FROM seen"),
	                 1000 * (expire_rows[_i].deleted + 1));
}
END_TEST

static Suite *seen_suite(void)
{
	Suite *suite = suite_create("seen");
	TCase *cases = tcase_create("seen");

	fixture_add(cases);
	tcase_add_checked_fixture(cases, setup, teardown);
	suite_add_tcase(suite, cases);
	tcase_add_loop_test(cases, a_key_is_found_by_its_caller_until_it_expires, 0,
	                    ARRAY_LEN(find_rows));
	tcase_add_loop_test(cases, an_answer_comes_back_byte_for_byte, 0, 3);
	tcase_add_test(cases, the_newest_answer_of_a_key_counts);
	tcase_add_test(cases, an_answer_that_is_not_found_is_told_so);
	tcase_add_loop_test(cases, expiry_deletes_the_oldest_first_and_no_more_than_it_may, 0,
	                    ARRAY_LEN(expire_rows));
	return suite;
}

TEST_MAIN(seen_suite)
