/* test_api_keys.c - the lines of a key file, what is said of wrong ones, and who is found by a
 * secret. */
#include "base/time_text.h"
#include "unit/unit.h"
#include "web/keyring.h"
#include "web/scope.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define WHY_BYTES_MAX 4096
/* Of "abc" (FIPS 180-2, appendix B.1), and another. */
#define ABC "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define OTHER "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ae"
#define NAME_64 "0123456789012345678901234567890123456789012345678901234567890123"
#define RELOADS 200

static int64_t time_of(const char *text)
{
	int64_t time_us;

	ck_assert(time_parse(text_of(text), &time_us));
	return time_us;
}

/* ---- lines ---- */

static struct key_list list;

static const struct {
	const char *text;
	size_t count;
	const char *name, *scope, *expires; /* of the last; NULL: never */
} right[] = {
	{"shop payments:write " ABC, 1, "shop", "payments:write", NULL},
	{"shop payments:write " ABC "\n", 1, "shop", "payments:write", NULL},
	{"# shop\n\n \t\n  # x\n\tshop \t admin\t" ABC " \r\n", 1, "shop", "admin", NULL},
	{NAME_64 " admin " ABC, 1, NAME_64, "admin", NULL},
	{"A-z.0_9:x orders:read,payments:read " ABC, 1, "A-z.0_9:x", "payments:read", NULL},
	{"shop admin,admin " ABC, 1, "shop", "admin", NULL},
	{"a admin " ABC " 2027-01-31", 1, "a", "admin", "2027-01-31T00:00:00Z"},
	{"a admin " ABC " 2027-01-31T10:00:00.5Z", 1, "a", "admin", "2027-01-31T10:00:00.5Z"},
	{"a admin " ABC " 2027-01-31T10:00:00+01:00", 1, "a", "admin", "2027-01-31T09:00:00Z"},
	{"a admin " ABC " 2027-01-31\na metrics:read " OTHER, 2, "a", "metrics:read", NULL},
};

START_TEST(a_line_is_name_scopes_hash_and_perhaps_an_expiry)
{
	struct buf why AUTO_BUF;

	buf_init(&why, WHY_BYTES_MAX);
	ck_assert_msg(key_list_parse(text_of(right[_i].text), &list, &why), "%s", buf_str(&why));
	ck_assert_uint_eq(list.count, right[_i].count);
	const struct api_key *key = &list.keys[list.count - 1];
	uint32_t scope = scope_find(text_of(right[_i].scope));
	ck_assert_str_eq(key->name, right[_i].name);
	ck_assert_uint_eq(key->scopes & scope, scope);
	ck_assert_int_eq(key->expires_us,
	                 right[_i].expires == NULL ? INT64_MAX : time_of(right[_i].expires));
}
END_TEST

#define NAME_FAULT "its name is not 1 to 64 of A-Z a-z 0-9 . _ : -"
#define SCOPES_FAULT "its scopes, joined by commas without blanks, are not some of payments:write, "
#define HASH_FAULT "after its scopes there is not sha256: with 64 hexadecimal digits"
#define EXPIRY_FAULT "its expiry is neither a date such as 2027-01-31 nor a time"

static const struct {
	const char *text, *why;
} wrong[] = {
	{"", "there is no key in it"},
	{"\n# nothing\n", "there is no key in it"},
	{"a/b admin " ABC, "line 1: " NAME_FAULT},
	{"\xc3\xa4 admin " ABC, "line 1: " NAME_FAULT},
	{NAME_64 "x admin " ABC, "line 1: " NAME_FAULT},
	{".. admin " ABC, "line 1: " NAME_FAULT},
	{"# one\n\nshop", "line 3: " SCOPES_FAULT},
	{"shop payments:wri " ABC, "line 1: " SCOPES_FAULT},
	{"shop Admin " ABC, "line 1: " SCOPES_FAULT},
	{"shop admin, " ABC, "line 1: " SCOPES_FAULT},
	{"shop ,admin " ABC, "line 1: " SCOPES_FAULT},
	{"shop orders:read, orders:write " ABC, "line 1: " SCOPES_FAULT},
	{"shop admin", "line 1: " HASH_FAULT},
	{"shop admin fk_secret", "line 1: " HASH_FAULT},
	{"shop admin sha256:", "line 1: " HASH_FAULT},
	{"shop admin SHA256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
         "line 1: " HASH_FAULT},
	{"shop admin sha256:BA7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
         "line 1: " HASH_FAULT},
	{"shop admin " ABC "0", "line 1: " HASH_FAULT},
	{"shop admin " ABC " 2027-02-30", "line 1: " EXPIRY_FAULT},
	{"shop admin " ABC " 2027-1-31", "line 1: " EXPIRY_FAULT},
	{"shop admin " ABC " never", "line 1: " EXPIRY_FAULT},
	{"shop admin " ABC " fk_abcdefg", "line 1: " EXPIRY_FAULT},
	{"shop admin " ABC " 2027-01-31T10:00:00", "line 1: " EXPIRY_FAULT},
	{"shop admin " ABC " 2027-01-31 fk_secret", "line 1: there is something after its expiry"},
	{"shop admin " ABC " 2027-01-31 # new", "line 1: there is something after its expiry"},
	{"a admin " ABC "\nb admin " ABC, "line 2: its secret is that of a line above"},
};

START_TEST(a_wrong_line_is_told_by_its_number_and_not_shown)
{
	struct buf why AUTO_BUF;

	buf_init(&why, WHY_BYTES_MAX);
	ck_assert(!key_list_parse(text_of(wrong[_i].text), &list, &why));
	ck_assert_msg(strncmp(buf_str(&why), wrong[_i].why, strlen(wrong[_i].why)) == 0, "%s",
	              buf_str(&why));
	ck_assert_ptr_null(strstr(buf_str(&why), "shop"));
	ck_assert_ptr_null(strstr(buf_str(&why), "fk_"));
	ck_assert_ptr_null(strstr(buf_str(&why), "ba7816bf"));
	ck_assert_ptr_null(strchr(buf_str(&why), '\n'));
}
END_TEST

START_TEST(a_file_has_at_most_256_keys)
{
	struct buf text AUTO_BUF, why AUTO_BUF;

	buf_init(&text, 1 << 20);
	buf_init(&why, WHY_BYTES_MAX);
	for (int i = 0; i < KEYS_MAX; i++)
		buf_addf(&text, "n%d admin sha256:%064x\n", i, (unsigned)i);
	ck_assert(key_list_parse(buf_text(&text), &list, &why));
	ck_assert_uint_eq(list.count, KEYS_MAX);
	buf_addf(&text, "one-more admin %s\n", ABC);
	ck_assert(!key_list_parse(buf_text(&text), &list, &why));
	ck_assert_str_eq(buf_str(&why), "line 257: it is one key too many: at most 256 are taken");
}
END_TEST

START_TEST(each_key_is_found_by_its_own_hash_alone)
{
	struct buf text AUTO_BUF, why AUTO_BUF;
	struct hash hash = {{0}};

	buf_init(&text, 1 << 20);
	buf_init(&why, WHY_BYTES_MAX);
	for (unsigned i = 0; i < 5; i++)
		buf_addf(&text, "n%u admin sha256:%064x\n", i, i + 1);
	ck_assert(key_list_parse(buf_text(&text), &list, &why));
	ck_assert_uint_eq(key_list_find(&list, &hash), list.count);
	for (size_t i = 0; i < 5; i++) {
		hash.bytes[HASH_BYTES - 1] = (uint8_t)(i + 1);
		ck_assert_uint_eq(key_list_find(&list, &hash), i);
	}
	hash.bytes[0] = 1;
	ck_assert_uint_eq(key_list_find(&list, &hash), list.count);
}
END_TEST

/* ---- scopes ---- */

/* api.md, "Access". */
static const char *const scopes[] = {"payments:write", "payments:read", "refunds:write",
                                     "orders:write",   "orders:read",   "events:read",
                                     "ledger:read",    "metrics:read",  "webhooks:write"};

START_TEST(admin_holds_every_scope_and_more_than_all_of_them)
{
	uint32_t admin = scope_find(TEXT_LITERAL("admin")), all = 0;

	for (size_t i = 0; i < ARRAY_LEN(scopes); i++) {
		uint32_t scope = scope_find(text_of(scopes[i]));

		ck_assert_msg(scope != 0 && (all & scope) == 0, "%s", scopes[i]);
		all |= scope;
	}
	ck_assert_uint_eq(admin & all, all);
	ck_assert_uint_ne(admin, all);
	ck_assert_uint_eq(scope_find(TEXT_LITERAL("")), 0);
	ck_assert_uint_eq(scope_find(TEXT_LITERAL("payments")), 0);
}
END_TEST

/* ---- the keyring ---- */

static char path[4096];
static struct keyring *keyring;
static struct buf keyring_why;

static void write_keys(const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	ck_assert_int_eq(close(fd), 0);
}

static void setup(void)
{
	const char *directory = getenv("TMPDIR");

	(void)snprintf(path, sizeof(path), "%s/api_keys.%ld",
	               directory == NULL ? "/tmp" : directory, (long)getpid());
	buf_init(&keyring_why, WHY_BYTES_MAX);
	write_keys("shop payments:read " ABC " 2027-01-31\n");
	keyring = keyring_open(path, &keyring_why);
	ck_assert_msg(keyring != NULL, "%s", buf_str(&keyring_why));
}

static void teardown(void)
{
	keyring_close(keyring);
	buf_release(&keyring_why);
	(void)unlink(path);
}

static bool finds(const char *secret, const char *now, const char *name)
{
	struct api_key key = {.name = ""};
	bool is_found = keyring_find(keyring, text_of(secret), time_of(now), &key);

	ck_assert_str_eq(key.name, is_found ? name : "");
	return is_found;
}

START_TEST(a_key_is_found_by_its_secret_until_it_expires)
{
	ck_assert(finds("abc", "2026-11-23T00:00:00Z", "shop"));
	ck_assert(finds("abc", "2027-01-30T23:59:59.999Z", "shop"));
	ck_assert(!finds("abc", "2027-01-31T00:00:00Z", NULL));
	ck_assert(!finds("ab", "2026-11-23T00:00:00Z", NULL));
	ck_assert(!finds("abcd", "2026-11-23T00:00:00Z", NULL));
	ck_assert(!finds(ABC, "2026-11-23T00:00:00Z", NULL));
}
END_TEST

START_TEST(a_reload_takes_the_place_of_all_keys)
{
	write_keys("other admin " ABC "\n");
	ck_assert(keyring_reload(keyring, &keyring_why));
	ck_assert(finds("abc", "2030-01-01T00:00:00Z", "other"));
	write_keys("other admin " OTHER "\n");
	ck_assert(keyring_reload(keyring, &keyring_why));
	ck_assert(!finds("abc", "2026-11-23T00:00:00Z", NULL));
}
END_TEST

static const struct {
	const char *text; /* NULL: no file */
	mode_t mode;
	const char *why;
} faults[] = {
	{NULL, 0, "No such file"},
	{"", 0600, "it is empty"},
	{"# none\n", 0600, "there is no key in it"},
	{"other admin " ABC "\nx", 0600, "line 2: " SCOPES_FAULT},
	{"other admin " ABC "\n", 0644, "everyone has access to it"},
};

START_TEST(a_faulty_file_changes_nothing)
{
	char begin[4200];

	ck_assert_int_eq(unlink(path), 0);
	if (faults[_i].text != NULL) {
		write_keys(faults[_i].text);
		ck_assert_int_eq(chmod(path, faults[_i].mode), 0);
	}
	ck_assert(!keyring_reload(keyring, &keyring_why));
	(void)snprintf(begin, sizeof(begin), "API_KEYS_FILE: cannot use %s: ", path);
	ck_assert_int_eq(strncmp(buf_str(&keyring_why), begin, strlen(begin)), 0);
	ck_assert_msg(strstr(buf_str(&keyring_why), faults[_i].why) != NULL, "%s",
	              buf_str(&keyring_why));
	ck_assert_ptr_null(keyring_open(path, &keyring_why));
	ck_assert(finds("abc", "2026-11-23T00:00:00Z", "shop"));
}
END_TEST

static void *reload_often(void *arg)
{
	_Atomic bool *is_over = arg;

	for (int i = 0; i < RELOADS; i++)
		ck_assert(keyring_reload(keyring, &keyring_why));
	atomic_store(is_over, true);
	return NULL;
}

START_TEST(a_key_that_stays_is_found_while_the_file_is_read)
{
	_Atomic bool is_over = false;
	pthread_t thread;

	ck_assert_int_eq(pthread_create(&thread, NULL, reload_often, &is_over), 0);
	do
		ck_assert(finds("abc", "2026-11-23T00:00:00Z", "shop"));
	while (!atomic_load(&is_over));
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
}
END_TEST

static Suite *api_keys_suite(void)
{
	Suite *suite = suite_create("api_keys");
	TCase *lines = tcase_create("lines"), *files = tcase_create("files");

	tcase_add_loop_test(lines, a_line_is_name_scopes_hash_and_perhaps_an_expiry, 0,
	                    ARRAY_LEN(right));
	tcase_add_loop_test(lines, a_wrong_line_is_told_by_its_number_and_not_shown, 0,
	                    ARRAY_LEN(wrong));
	tcase_add_test(lines, a_file_has_at_most_256_keys);
	tcase_add_test(lines, each_key_is_found_by_its_own_hash_alone);
	tcase_add_test(lines, admin_holds_every_scope_and_more_than_all_of_them);
	suite_add_tcase(suite, lines);
	tcase_add_checked_fixture(files, setup, teardown);
	tcase_add_test(files, a_key_is_found_by_its_secret_until_it_expires);
	tcase_add_test(files, a_reload_takes_the_place_of_all_keys);
	tcase_add_loop_test(files, a_faulty_file_changes_nothing, 0, ARRAY_LEN(faults));
	tcase_add_test(files, a_key_that_stays_is_found_while_the_file_is_read);
	suite_add_tcase(suite, files);
	return suite;
}

TEST_MAIN(api_keys_suite)
