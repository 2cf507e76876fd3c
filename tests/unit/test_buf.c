/* test_buf.c - the byte buffer keeps what it is given, keeps to its cap, and never half of an
 * addition. */
#include "unit/unit.h"

#include "base/buf.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define KIB 1024

START_TEST(a_new_buffer_is_an_empty_string)
{
	struct buf buf;

	buf_init(&buf, 10);
	ck_assert_str_eq(buf_str(&buf), "");
	ck_assert_uint_eq(buf_text(&buf).len, 0);
	ck_assert_ptr_nonnull(buf_text(&buf).ptr); /* empty, not absent */
	ck_assert(!buf.full);
	buf_release(&buf);
}
END_TEST

START_TEST(what_is_added_follows_what_was_there)
{
	AUTO_BUF struct buf buf;

	buf_init(&buf, KIB);
	buf_add(&buf, "bytes", 5);
	buf_add(&buf, NULL, 0);
	buf_add_char(&buf, ' ');
	buf_add_str(&buf, "string");
	buf_add_text(&buf, TEXT_LITERAL(" text "));
	buf_add_text(&buf, TEXT_NONE);
	buf_add_int(&buf, -42);
	buf_addf(&buf, " %s=%d", "n", 7);
	buf_addf(&buf, "%s", "");
	ck_assert_str_eq(buf_str(&buf), "bytes string text -42 n=7");
	ck_assert_uint_eq(buf.len, strlen(buf_str(&buf)));
	ck_assert(!buf.full);
}
END_TEST

START_TEST(bytes_of_any_value_are_kept)
{
	AUTO_BUF struct buf buf;

	buf_init(&buf, KIB);
	for (int byte = 0; byte < 256; byte++)
		buf_add_char(&buf, (char)byte);
	ck_assert_uint_eq(buf.len, 256);
	for (int byte = 0; byte < 256; byte++)
		ck_assert_int_eq((uint8_t)buf.data[byte], byte);
}
END_TEST

START_TEST(integers_are_printed_as_printf_does)
{
	static const int64_t values[] = {
		0,         1,
		-1,        9,
		10,        -10,
		99,        100,
		12345,     -98765,
		INT32_MIN, INT64_MAX - 1,
		INT64_MAX, INT64_MIN + 1,
		INT64_MIN,
	};

	for (size_t i = 0; i < ARRAY_LEN(values); i++) {
		AUTO_BUF struct buf buf;
		char expected[32];

		buf_init(&buf, KIB);
		buf_add_int(&buf, values[i]);
		(void)snprintf(expected, sizeof(expected), "%" PRId64, values[i]);
		ck_assert_str_eq(buf_str(&buf), expected);
	}
}
END_TEST

/* Each way of adding, at each distance from the cap around its edge. */
START_TEST(an_addition_fits_whole_or_not_at_all)
{
	enum { MAX = 700, WORD = 5 }; /* not a size that doubling from 256 meets */

	for (size_t before = MAX - 2 * WORD; before <= MAX; before++) {
		for (int way = 0; way < 4; way++) {
			AUTO_BUF struct buf buf;

			buf_init(&buf, MAX);
			for (size_t i = 0; i < before; i++)
				buf_add_char(&buf, 'x');
			switch (way) {
			case 0: buf_add(&buf, "12345", WORD); break;
			case 1: buf_add_str(&buf, "12345"); break;
			case 2: buf_add_int(&buf, 12345); break;
			default: buf_addf(&buf, "%s%d", "123", 45); break;
			}
			bool fits = before + WORD <= MAX;
			ck_assert_int_eq(buf.full, !fits);
			ck_assert_uint_eq(buf.len, fits ? before + WORD : before);
			ck_assert_str_eq(buf_str(&buf) + before, fits ? "12345" : "");
		}
	}
}
END_TEST

START_TEST(a_full_buffer_takes_nothing_even_where_it_would_fit)
{
	AUTO_BUF struct buf buf;

	buf_init(&buf, 4);
	buf_add_str(&buf, "ab");
	buf_add_str(&buf, "cde");
	ck_assert(buf.full);
	buf_add_char(&buf, 'c');
	buf_addf(&buf, "%d", 1);
	ck_assert_str_eq(buf_str(&buf), "ab");
}
END_TEST

START_TEST(a_buffer_of_no_bytes_takes_none)
{
	AUTO_BUF struct buf buf;

	buf_init(&buf, 0);
	buf_add_str(&buf, "");
	ck_assert(!buf.full);
	buf_add_char(&buf, 'a');
	ck_assert(buf.full);
	ck_assert_str_eq(buf_str(&buf), "");
}
END_TEST

START_TEST(memory_never_passes_the_cap_and_its_nul)
{
	AUTO_BUF struct buf buf;

	buf_init(&buf, 64 * KIB + 5);
	while (!buf.full) {
		buf_add_str(&buf, "0123456789");
		ck_assert_uint_lt(buf.len, buf.size);
		ck_assert_uint_le(buf.size, buf.bytes_max + 1);
		ck_assert_int_eq(buf.data[buf.len], '\0');
	}
	ck_assert_uint_eq(buf.len, buf.bytes_max / 10 * 10);
}
END_TEST

START_TEST(one_large_addition_grows_at_once)
{
	AUTO_BUF struct buf buf;
	static char bytes[64 * KIB];

	memset(bytes, 'x', sizeof(bytes));
	buf_init(&buf, 1024 * KIB);
	buf_add(&buf, bytes, sizeof(bytes));
	buf_add(&buf, bytes, sizeof(bytes));
	ck_assert_uint_eq(buf.len, 2 * sizeof(bytes));
	ck_assert_mem_eq(buf.data + sizeof(bytes), bytes, sizeof(bytes));
}
END_TEST

START_TEST(reset_empties_forgets_full_and_keeps_the_memory)
{
	AUTO_BUF struct buf buf;

	buf_init(&buf, 4);
	buf_reset(&buf);
	buf_add_str(&buf, "abcd");
	buf_add_char(&buf, 'e');
	const char *data = buf.data;
	buf_reset(&buf);
	ck_assert(!buf.full);
	ck_assert_str_eq(buf_str(&buf), "");
	ck_assert_ptr_eq(buf.data, data);
	buf_add_str(&buf, "wxyz");
	ck_assert_str_eq(buf_str(&buf), "wxyz");
}
END_TEST

START_TEST(a_released_buffer_can_be_used_again)
{
	struct buf buf;

	buf_init(&buf, 4);
	buf_add_str(&buf, "abcde");
	buf_release(&buf);
	ck_assert_str_eq(buf_str(&buf), "");
	buf_add_str(&buf, "abcd");
	ck_assert(!buf.full);
	ck_assert_str_eq(buf_str(&buf), "abcd");
	buf_release(&buf);
	buf_release(&buf);
}
END_TEST

static Suite *buf_suite(void)
{
	Suite *suite = suite_create("buf");
	TCase *tcase = tcase_create("buf");

	tcase_add_test(tcase, a_new_buffer_is_an_empty_string);
	tcase_add_test(tcase, what_is_added_follows_what_was_there);
	tcase_add_test(tcase, bytes_of_any_value_are_kept);
	tcase_add_test(tcase, integers_are_printed_as_printf_does);
	tcase_add_test(tcase, an_addition_fits_whole_or_not_at_all);
	tcase_add_test(tcase, a_full_buffer_takes_nothing_even_where_it_would_fit);
	tcase_add_test(tcase, a_buffer_of_no_bytes_takes_none);
	tcase_add_test(tcase, memory_never_passes_the_cap_and_its_nul);
	tcase_add_test(tcase, one_large_addition_grows_at_once);
	tcase_add_test(tcase, reset_empties_forgets_full_and_keeps_the_memory);
	tcase_add_test(tcase, a_released_buffer_can_be_used_again);
	suite_add_tcase(suite, tcase);
	return suite;
}

TEST_MAIN(buf_suite)
