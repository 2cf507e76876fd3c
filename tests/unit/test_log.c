/* test_log.c - log lines as a reader of standard error gets them, whatever goes into them and
 * however slowly they are read. Each test has a process of its own (Check forks), so each may
 * replace its standard error. */
#include "unit/unit.h"

#include "base/buf.h"
#include "base/time_text.h"
#include "runtime/log.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#define OUTPUT_BYTES_MAX (16 * 1024 * 1024)
#define REPEAT_16(text) \
	text text text text text text text text text text text text text text text text
#define A240 REPEAT_16("aaaaaaaaaaaaaaa")
#define A255 A240 "aaaaaaaaaaaaaaa"

/* Standard error becomes a file in memory. */
static int capture(void)
{
	int fd = memfd_create("log", 0);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(dup2(fd, STDERR_FILENO), STDERR_FILENO);
	return fd;
}

/* All that was written to it. */
static void read_file(int fd, struct buf *out)
{
	char chunk[4096];
	ssize_t count;

	buf_init(out, OUTPUT_BYTES_MAX);
	while ((count = pread(fd, chunk, sizeof(chunk), (off_t)out->len)) > 0)
		buf_add(out, chunk, (size_t)count);
	ck_assert_int_eq(count, 0);
}

/* Takes the next line from *rest as JSON; NULL at the end. */
static cJSON *next_line(const char **rest)
{
	const char *end = strchr(*rest, '\n');

	if (end == NULL) {
		ck_assert_str_eq(*rest, "");
		return NULL;
	}
	cJSON *line = cJSON_ParseWithLength(*rest, (size_t)(end - *rest));
	ck_assert_msg(line != NULL, "not JSON: %.*s", (int)(end - *rest), *rest);
	*rest = end + 1;
	return line;
}

static const char *string_of(const cJSON *line, const char *name)
{
	const char *string = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(line, name));
	return string == NULL ? "" : string;
}

static int number_of(const cJSON *line, const char *name)
{
	const cJSON *number = cJSON_GetObjectItemCaseSensitive(line, name);
	return number == NULL ? -1 : number->valueint;
}

START_TEST(a_line_is_one_object_with_time_level_service_event_and_pairs)
{
	int fd = capture();
	struct buf out AUTO_BUF;
	int64_t time_us;

	log_set_service("payment-service");
	log_info("payment_captured", L_STR("payment_id", "pay_1"), L_INT("amount_minor", -5),
	         L_STR("refund_id", NULL));
	log_flush();
	read_file(fd, &out);

	const char *rest = buf_str(&out);
	cJSON *line = next_line(&rest);
	ck_assert(time_parse(text_of(string_of(line, "time")), &time_us));
	cJSON_Delete(line);
	ck_assert_ptr_null(next_line(&rest));
	ck_assert_str_eq(strchr(buf_str(&out), ','),
	                 ",\"level\":\"info\",\"service\":\"payment-service\","
	                 "\"event\":\"payment_captured\",\"payment_id\":\"pay_1\","
	                 "\"amount_minor\":-5,\"refund_id\":null}\n");
}
END_TEST

/* A struct text in a static table. */
#define BYTES(literal) \
	{ \
		literal, sizeof(literal) - 1 \
	}

static const struct value_case {
	const char *what;
	struct text value;
	const char *want;
} value_cases[] = {
	{"control characters", BYTES("\x01\x1b[2J\n\r\t\x7f"),
         "\"\\u0001\\u001b[2J\\n\\r\\t\\u007f\""},
	{"quotes and backslashes", BYTES("\"\\"), "\"\\\"\\\\\""},
	{"a NUL inside", BYTES("a\0b"), "\"a\\u0000b\""},
	{"an absent text", {NULL, 0}, "null"},
	{"an empty text", BYTES(""), "\"\""},
	{"UTF-8 stays", BYTES("\u20ac"), "\"\u20ac\""},
	{"a lone byte",
         BYTES("a\xff"
               "b"),
         "\"a\ufffdb\""},
	{"an unfinished code point", BYTES("a\xe2\x82"), "\"a\ufffd\ufffd\""},
	{"a surrogate", BYTES("\xed\xa0\x80"), "\"\ufffd\ufffd\ufffd\""},
	{"256 bytes stay", BYTES(A255 "b"), "\"" A255 "b\""},
	{"257 bytes are cut", BYTES(A255 "bc"), "\"" A255 "b\""},
	{"no code point is cut in two", BYTES(A255 "\u20ac"), "\"" A255 "\""},
	{"continuation bytes without a first are cut, too", BYTES(A255 "\x80\x80\x80\x80"),
         "\"" A240 "aaaaaaaaaaaaaa\""},
};

START_TEST(any_value_is_short_clean_json)
{
	const struct value_case *row = &value_cases[_i];
	int fd = capture();
	struct buf out AUTO_BUF;

	log_info("x", L_TEXT("v", row->value));
	log_flush();
	read_file(fd, &out);

	const char *value = strstr(buf_str(&out), "\"v\":");
	ck_assert_ptr_nonnull(value);
	value += strlen("\"v\":");
	ck_assert_msg(strncmp(value, row->want, strlen(row->want)) == 0, "%s: %s", row->what,
	              value);
	ck_assert_str_eq(value + strlen(row->want), "}\n");
}
END_TEST

START_TEST(the_longest_line_is_whole)
{
	static const char controls[] = REPEAT_16(REPEAT_16("\x01"));
	struct log_pair pairs[24];
	int fd = capture();
	struct buf out AUTO_BUF;

	for (size_t i = 0; i < ARRAY_LEN(pairs); i++)
		pairs[i] = L_STR("a_name_of_common_length", controls);
	log_pairs(LOG_ERROR, "x", pairs, ARRAY_LEN(pairs));
	read_file(fd, &out);

	const char *rest = buf_str(&out);
	cJSON *line = next_line(&rest);
	ck_assert_int_eq(cJSON_GetArraySize(line), 3 + (int)ARRAY_LEN(pairs));
	cJSON_Delete(line);
	ck_assert_ptr_null(next_line(&rest));
}
END_TEST

START_TEST(levels_below_the_wanted_one_are_left_out)
{
	int fd = capture();
	struct buf out AUTO_BUF;

	log_debug("debug_by_default");
	log_set_level(LOG_WARN);
	log_info("info_below_warn");
	log_warn("warn_is_wanted");
	log_set_level(LOG_DEBUG);
	log_debug("debug_is_wanted");
	log_flush();
	read_file(fd, &out);

	const char *rest = buf_str(&out);
	cJSON *first = next_line(&rest);
	cJSON *second = next_line(&rest);
	ck_assert_str_eq(string_of(first, "event"), "warn_is_wanted");
	ck_assert_str_eq(string_of(second, "event"), "debug_is_wanted");
	ck_assert_ptr_null(next_line(&rest));
	cJSON_Delete(first);
	cJSON_Delete(second);
}
END_TEST

START_TEST(info_waits_for_a_flush_and_errors_do_not)
{
	int fd = capture();
	struct buf before AUTO_BUF;
	struct buf after AUTO_BUF;

	log_info("first");
	read_file(fd, &before);
	ck_assert_uint_eq(before.len, 0);
	log_error("second");
	read_file(fd, &after);
	ck_assert_ptr_nonnull(strstr(buf_str(&after), "\"event\":\"first\""));
	ck_assert_ptr_nonnull(strstr(buf_str(&after), "\"event\":\"second\""));
}
END_TEST

/* Every line is there: numbered from 0 on, without a gap. */
static void check_numbers(const char *rest, int want)
{
	for (int number = 0; number < want; number++) {
		cJSON *line = next_line(&rest);
		ck_assert_int_eq(number_of(line, "number"), number);
		cJSON_Delete(line);
	}
	ck_assert_ptr_null(next_line(&rest));
}

START_TEST(a_full_buffer_is_written)
{
	const int lines = 5000;
	int fd = capture();
	struct buf out AUTO_BUF;

	for (int i = 0; i < lines; i++)
		log_info("numbered", L_INT("number", i));
	log_flush();
	read_file(fd, &out);
	check_numbers(buf_str(&out), lines);
}
END_TEST

/* A file that may not grow stands for a full disk: the write that reaches the limit is done in
 * part, the next one fails. */
static void limit_files(rlim_t bytes)
{
	struct rlimit limit;

	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = bytes;
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

START_TEST(lines_outlive_a_full_disk)
{
	const int lines = 100; /* fewer than the buffer holds */
	int fd = capture();
	struct buf before AUTO_BUF;
	struct buf after AUTO_BUF;

	ck_assert(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
	limit_files(1000);
	for (int i = 0; i < lines; i++)
		log_warn("numbered", L_INT("number", i));
	read_file(fd, &before);
	ck_assert_uint_eq(before.len, 1000);
	limit_files(RLIM_INFINITY);
	log_flush();
	read_file(fd, &after);
	check_numbers(buf_str(&after), lines);
}
END_TEST

/* Reads what is there and lets the log write more, until it has no more. */
static void drain(int fd, struct buf *out)
{
	char chunk[1000];
	size_t before;

	do {
		ssize_t count;
		before = out->len;
		log_flush();
		while ((count = read(fd, chunk, sizeof(chunk))) > 0)
			buf_add(out, chunk, (size_t)count);
		ck_assert_int_eq(errno, EAGAIN);
	} while (out->len > before);
}

/* Of the pipe's write end. */
static const int pipe_flags[] = {0, O_NONBLOCK};

START_TEST(a_stuck_reader_stops_nobody_and_what_it_missed_is_counted)
{
	const int lines = 2000; /* more than the buffer and the pipe hold */
	int ends[2];
	int last = -1;
	int dropped = 0;
	struct buf out AUTO_BUF;

	ck_assert_int_eq(pipe(ends), 0);
	ck_assert_int_ge(fcntl(ends[1], F_SETPIPE_SZ, 4096), 4096);
	ck_assert_int_eq(fcntl(ends[1], F_SETFL, pipe_flags[_i]), 0);
	ck_assert_int_eq(fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
	ck_assert_int_eq(dup2(ends[1], STDERR_FILENO), STDERR_FILENO);
	buf_init(&out, OUTPUT_BYTES_MAX);
	for (int i = 0; i < lines; i++)
		log_info("numbered", L_INT("number", i));
	drain(ends[0], &out);
	for (int i = lines; i < lines + 3; i++)
		log_info("numbered", L_INT("number", i));
	drain(ends[0], &out);

	const char *rest = buf_str(&out);
	for (cJSON *line = next_line(&rest); line != NULL; line = next_line(&rest)) {
		if (strcmp(string_of(line, "event"), "log_lines_dropped") == 0) {
			dropped += number_of(line, "count");
			last += number_of(line, "count");
		} else {
			ck_assert_int_eq(number_of(line, "number"), last + 1);
			last++;
		}
		cJSON_Delete(line);
	}
	ck_assert_int_eq(last, lines + 2);
	ck_assert_int_gt(dropped, 0);
}
END_TEST

#define THREADS 4
#define LINES_PER_THREAD 2000

static void *log_numbers(void *thread)
{
	for (int i = 0; i < LINES_PER_THREAD; i++)
		log_info("numbered", L_INT("number", i), L_INT("thread", *(int *)thread));
	return NULL;
}

START_TEST(threads_do_not_mix_their_lines)
{
	int fd = capture();
	pthread_t threads[THREADS];
	int ids[THREADS];
	int next[THREADS] = {0};
	struct buf out AUTO_BUF;

	for (int i = 0; i < THREADS; i++) {
		ids[i] = i;
		ck_assert_int_eq(pthread_create(&threads[i], NULL, log_numbers, &ids[i]), 0);
	}
	for (int i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
	log_flush();
	read_file(fd, &out);

	const char *rest = buf_str(&out);
	for (int i = 0; i < THREADS * LINES_PER_THREAD; i++) {
		cJSON *line = next_line(&rest);
		ck_assert_int_eq(number_of(line, "number"), next[number_of(line, "thread")]++);
		cJSON_Delete(line);
	}
	ck_assert_ptr_null(next_line(&rest));
}
END_TEST

static Suite *log_suite(void)
{
	Suite *suite = suite_create("log");
	TCase *cases = tcase_create("log");

	tcase_set_timeout(cases, 60);
	tcase_add_test(cases, a_line_is_one_object_with_time_level_service_event_and_pairs);
	tcase_add_loop_test(cases, any_value_is_short_clean_json, 0, ARRAY_LEN(value_cases));
	tcase_add_test(cases, the_longest_line_is_whole);
	tcase_add_test(cases, levels_below_the_wanted_one_are_left_out);
	tcase_add_test(cases, info_waits_for_a_flush_and_errors_do_not);
	tcase_add_test(cases, a_full_buffer_is_written);
	tcase_add_test(cases, lines_outlive_a_full_disk);
	tcase_add_loop_test(cases, a_stuck_reader_stops_nobody_and_what_it_missed_is_counted, 0,
	                    ARRAY_LEN(pipe_flags));
	tcase_add_test(cases, threads_do_not_mix_their_lines);
	suite_add_tcase(suite, cases);
	return suite;
}

TEST_MAIN(log_suite)
