/* test_key_file.c - which files are taken as keys and certificates, and what is said of others. */
#include "runtime/key_file.h"

#include "unit/unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char path[4096];

static void setup(void)
{
	const char *directory = getenv("TMPDIR");

	(void)snprintf(path, sizeof(path), "%s/key_file.%ld",
	               directory == NULL ? "/tmp" : directory, (long)getpid());
}

static void teardown(void)
{
	(void)unlink(path);
}

static void write_file(const char *bytes, size_t count, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, bytes, count), (ssize_t)count);
	ck_assert_int_eq(fchmod(fd, mode), 0);
	ck_assert_int_eq(close(fd), 0);
}

static const struct {
	mode_t mode;
	enum key_file_kind kind;
	const char *why; /* part of it; NULL: taken */
} modes[] = {
	{0400, KEY_FILE_SECRET, NULL},
	{0600, KEY_FILE_SECRET, NULL},
	{0440, KEY_FILE_SECRET, NULL},
	{0444, KEY_FILE_SECRET, "everyone has access to it: chmod 0400 it"},
	{0402, KEY_FILE_SECRET, "everyone has access"},
	{0401, KEY_FILE_SECRET, "everyone has access"},
	{0420, KEY_FILE_SECRET, "its group may write it"},
	{0644, KEY_FILE_PUBLIC, NULL},
};

START_TEST(a_secret_that_others_can_reach_is_refused)
{
	struct key_file file AUTO_KEY_FILE = {0};
	struct buf why AUTO_BUF;

	buf_init(&why, 4096);
	write_file("secret", 6, modes[_i].mode);
	bool is_taken = key_file_read("API_KEYS_FILE", path, modes[_i].kind, &file, &why);
	ck_assert(is_taken == (modes[_i].why == NULL));
	if (is_taken)
		ck_assert(text_is(key_file_text(&file), "secret"));
	else
		ck_assert_ptr_nonnull(strstr(buf_str(&why), modes[_i].why));
}
END_TEST

static void refused(const char *at, const char *part)
{
	struct key_file file = {0};
	struct buf why AUTO_BUF;

	buf_init(&why, 8192);
	ck_assert(!key_file_read("TLS_KEY_FILE", at, KEY_FILE_SECRET, &file, &why));
	ck_assert_ptr_nonnull(strstr(buf_str(&why), part));
	ck_assert_ptr_eq(strstr(buf_str(&why), "TLS_KEY_FILE: cannot use "), buf_str(&why));
	ck_assert_ptr_null(file.bytes);
}

START_TEST(what_is_no_text_of_bounded_size_is_refused)
{
	refused(path, "No such file");
	write_file("", 0, 0400);
	refused(path, "it is empty");
	write_file("a\0b", 3, 0400);
	refused(path, "cannot be read as a text");
	ck_assert_int_eq(truncate(path, KEY_FILE_BYTES_MAX + 1), 0);
	refused(path, "larger than 1 MiB");
	refused("/dev/null", "not a regular file");
	refused("/", "not a regular file");
}
END_TEST

START_TEST(a_released_file_is_none)
{
	struct key_file file = {0};
	struct buf why AUTO_BUF;

	buf_init(&why, 4096);
	write_file("secret", 6, 0400);
	ck_assert(key_file_read("TLS_KEY_FILE", path, KEY_FILE_SECRET, &file, &why));
	ck_assert_uint_eq(strlen(file.bytes), file.len);
	key_file_release(&file);
	ck_assert_ptr_null(file.bytes);
	key_file_release(&file);
}
END_TEST

static Suite *key_file_suite(void)
{
	Suite *suite = suite_create("key_file");
	TCase *tcase = tcase_create("key_file");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(tcase, a_secret_that_others_can_reach_is_refused, 0, ARRAY_LEN(modes));
	tcase_add_test(tcase, what_is_no_text_of_bounded_size_is_refused);
	tcase_add_test(tcase, a_released_file_is_none);
	suite_add_tcase(suite, tcase);
	return suite;
}

TEST_MAIN(key_file_suite)
