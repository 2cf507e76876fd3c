/* test_journal.c - the journal: exact lines, an unbroken chain, a head that cannot be passed by. */
#include "storage/journal.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "unit/store_fixture.h"
#include "unit/unit.h"

#define STORE_FILE "store.db"
#define LITERAL(string) \
	{ \
		string, sizeof(string) - 1 \
	} /* a constant struct text */

static struct store store;
static struct journal *journal;

static void setup(void)
{
	store = fixture_store();
	journal = journal_new("/payment-service/test");
	ck_assert_ptr_nonnull(journal);
}

static void teardown(void)
{
	journal_free(journal);
	store_close(&store);
}

static void begin(struct journal *loaded)
{
	ck_assert_int_eq(db_begin(store.db), DB_OK);
	journal_load(loaded, store.db);
	ck_assert_int_eq(db_flush(store.db), DB_OK);
}

static int64_t add_at(int64_t now_us)
{
	static const struct event event = {
		.type = "order.paid", .subject = LITERAL("o-1"), .data = LITERAL("{}")};

	return journal_add(journal, &event, now_us, fixture_random);
}

static struct journal_head stored_head(void)
{
	struct journal_head head;

	ck_assert_int_eq(journal_read_head(store.db, &head), DB_OK);
	return head;
}

/* What journal_read gave: the sequence numbers, and the last line. */
struct lines {
	int64_t count, first_seq, last_seq;
	char last[JOURNAL_LINE_MAX + 1];
};

static void note_line(void *arg, const struct db_row *row)
{
	struct lines *lines = arg;

	if (lines->count++ == 0)
		lines->first_seq = db_int(row, 0);
	lines->last_seq = db_int(row, 0);
	text_copy(db_text(row, 1), lines->last, sizeof(lines->last));
}

static void read_lines(int64_t after, int64_t limit, struct lines *lines)
{
	*lines = (struct lines){0};
	ck_assert_int_eq(journal_read(store.db, after, limit, note_line, lines), DB_OK);
}

static const struct {
	struct event event;
	const char *want;
} line_rows[] = {
	{{.type = "payment.captured",
          .subject = LITERAL("o-1"),
          .data = LITERAL("{\"payment_id\":\"pay_1\",\"amount\":10.99}")},
         "{\"specversion\":\"1.0\",\"id\":\"evt_01M83AP0DV60R30C1G60R30C1G\","
         "\"source\":\"/payment-service/test\",\"type\":\"payment.captured\","
         "\"subject\":\"o-1\",\"time\":\"2026-11-23T04:30:00.123Z\",\"seq\":1,\"prev_hash\":"
         "\"0000000000000000000000000000000000000000000000000000000000000000\","
         "\"data\":{\"payment_id\":\"pay_1\",\"amount\":10.99}}"},
	{{.type = "order.created",
          .subject = LITERAL("a:b"),
          .traceparent = LITERAL("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
          .data = LITERAL("{}")},
         "{\"specversion\":\"1.0\",\"id\":\"evt_01M83AP0DV60R30C1G60R30C1G\","
         "\"source\":\"/payment-service/test\",\"type\":\"order.created\","
         "\"subject\":\"a:b\",\"time\":\"2026-11-23T04:30:00.123Z\",\"seq\":1,\"prev_hash\":"
         "\"0000000000000000000000000000000000000000000000000000000000000000\","
         "\"traceparent\":\"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\","
         "\"data\":{}}"},
};

START_TEST(an_event_is_stored_as_exactly_this_line)
{
	struct lines lines;

	begin(journal);
	ck_assert_int_eq(journal_add(journal, &line_rows[_i].event, FIXTURE_NOW_US,
	                             (const uint8_t *)"0000000000"),
	                 1);
	journal_write(journal, store.db);
	ck_assert_int_eq(db_commit(store.db), DB_OK);
	read_lines(0, 10, &lines);
	ck_assert_int_eq(lines.count, 1);
	ck_assert_str_eq(lines.last, line_rows[_i].want);
}
END_TEST

START_TEST(each_line_holds_the_hash_of_the_line_before)
{
	struct lines lines;
	struct hash hash;
	char hex[HASH_HEX_SIZE];

	/* Within a batch, and from one batch to the next. */
	fixture_events(&store, journal, 3);
	fixture_events(&store, journal, 2);
	for (int64_t seq = 1; seq < 5; seq++) {
		read_lines(seq - 1, 1, &lines);
		hash_sha256(lines.last, strlen(lines.last), &hash);
		hash_to_hex(&hash, hex);
		read_lines(seq, 1, &lines);
		ck_assert_int_eq(lines.last_seq, seq + 1);
		ck_assert_ptr_nonnull(strstr(lines.last, hex));
	}
	hash_sha256(lines.last, strlen(lines.last), &hash);
	struct journal_head head = stored_head();
	ck_assert_int_eq(head.seq, 5);
	ck_assert(hash_equal(&head.hash, &hash));
	ck_assert_int_eq(head.time_us, FIXTURE_NOW_US + 5 * US_PER_S);
}
END_TEST

START_TEST(a_full_batch_is_written_whole)
{
	fixture_events(&store, journal, JOURNAL_BATCH_EVENTS_MAX);
	fixture_events(&store, journal, JOURNAL_BATCH_EVENTS_MAX);
	ck_assert_int_eq(fixture_number(STORE_FILE, "SELECT count(*) FROM journal"),
	                 2 * JOURNAL_BATCH_EVENTS_MAX);
	ck_assert_int_eq(stored_head().seq, 2 * JOURNAL_BATCH_EVENTS_MAX);
}
END_TEST

START_TEST(the_longest_line_fits)
{
	static char data[JOURNAL_LINE_MAX];
	struct event event = {.type = "order.paid", .subject = TEXT_LITERAL("o-1")};
	struct lines lines;
	size_t frame_len;

	fixture_events(&store, journal, 1);
	begin(journal);
	event.data = TEXT_LITERAL("{}");
	(void)journal_add(journal, &event, FIXTURE_NOW_US + US_PER_S, fixture_random);
	journal_write(journal, store.db);
	ck_assert_int_eq(db_commit(store.db), DB_OK);
	read_lines(1, 1, &lines);
	frame_len = strlen(lines.last) - 2;

	memset(data, ' ', sizeof(data));
	data[0] = '{';
	event.data = (struct text){data, JOURNAL_LINE_MAX - frame_len};
	data[event.data.len - 1] = '}';
	begin(journal);
	(void)journal_add(journal, &event, FIXTURE_NOW_US + US_PER_S, fixture_random);
	journal_write(journal, store.db);
	ck_assert_int_eq(db_commit(store.db), DB_OK);
	read_lines(2, 1, &lines);
	ck_assert_uint_eq(strlen(lines.last), JOURNAL_LINE_MAX);
}
END_TEST

START_TEST(a_batch_that_is_rolled_back_leaves_nothing)
{
	fixture_events(&store, journal, 2);
	begin(journal);
	ck_assert_int_eq(add_at(FIXTURE_NOW_US * 2), 3);
	journal_write(journal, store.db);
	ck_assert_int_eq(db_flush(store.db), DB_OK);
	db_rollback(store.db);
	journal_forget(journal);
	ck_assert_int_eq(journal_head(journal)->seq, 2);
	ck_assert_int_eq(stored_head().seq, 2);
	fixture_events(&store, journal, 1);
	ck_assert_int_eq(stored_head().seq, 3);
}
END_TEST

START_TEST(a_batch_without_events_writes_nothing)
{
	begin(journal);
	journal_write(journal, store.db);
	ck_assert_int_eq(db_flush(store.db), DB_OK);
	ck_assert_int_eq(db_commit(store.db), DB_OK);
	ck_assert_int_eq(stored_head().seq, 0);
}
END_TEST

static const struct {
	const char *what, *tamper;
} moved_rows[] = {
	{"forward", "UPDATE journal_head SET seq = 5"},
	{"back", "UPDATE journal_head SET seq = 1"},
};

START_TEST(a_head_that_moved_is_a_conflict)
{
	fixture_events(&store, journal, 2);
	begin(journal);
	db_rollback(store.db);
	fixture_tamper(STORE_FILE, moved_rows[_i].tamper);
	ck_assert_int_eq(db_begin(store.db), DB_OK);
	ck_assert_int_eq(add_at(FIXTURE_NOW_US * 2), 3);
	journal_write(journal, store.db);
	ck_assert_msg(db_commit(store.db) == DB_CONFLICT, "%s", moved_rows[_i].what);
	ck_assert_int_eq(fixture_number(STORE_FILE, "SELECT max(seq) FROM journal"), 2);
}
END_TEST

START_TEST(a_seq_that_is_taken_is_a_conflict)
{
	struct journal *other = journal_new("/payment-service/test");

	begin(journal);
	db_rollback(store.db);
	fixture_events(&store, other, 1);
	ck_assert_int_eq(db_begin(store.db), DB_OK);
	ck_assert_int_eq(add_at(FIXTURE_NOW_US), 1);
	journal_write(journal, store.db);
	ck_assert_int_eq(db_commit(store.db), DB_CONFLICT);
	journal_free(other);
}
END_TEST

START_TEST(an_event_before_the_head_is_a_bug)
{
	fixture_events(&store, journal, 1);
	begin(journal);
	(void)add_at(FIXTURE_NOW_US);
}
END_TEST

START_TEST(adding_before_the_head_is_loaded_is_a_bug)
{
	(void)add_at(FIXTURE_NOW_US);
}
END_TEST

static const struct {
	int64_t after, limit, count, first_seq, last_seq;
} page_rows[] = {
	{0, 100, 10, 1, 10}, {0, 3, 3, 1, 3},  {3, 3, 3, 4, 6},
	{9, 3, 1, 10, 10},   {10, 3, 0, 0, 0}, {INT64_MAX, 3, 0, 0, 0},
};

START_TEST(a_page_holds_the_events_after_a_place_in_order)
{
	struct lines lines;

	fixture_events(&store, journal, 10);
	read_lines(page_rows[_i].after, page_rows[_i].limit, &lines);
	ck_assert_int_eq(lines.count, page_rows[_i].count);
	ck_assert_int_eq(lines.first_seq, page_rows[_i].first_seq);
	ck_assert_int_eq(lines.last_seq, page_rows[_i].last_seq);
}
END_TEST

static const struct {
	const char *tamper;
	bool is_intact;
} tail_rows[] = {
	{"", true},
	{"UPDATE journal SET line = line || ' ' WHERE seq = 3", false},
	{"UPDATE journal_head SET hash = zeroblob(32)", false},
	{"UPDATE journal_head SET seq = 2", false},
	{"DELETE FROM journal WHERE seq = 3", false},
	{"INSERT INTO journal (seq, order_prev_seq, line) VALUES (4, 0, '{}')", false},
	{"DELETE FROM journal", false},
	{"DELETE FROM journal_head", false},
	{"DELETE FROM journal; UPDATE journal_head SET seq = 0, hash = zeroblob(32)", true},
};

START_TEST(a_tail_is_intact_only_if_the_head_is_the_last_line)
{
	bool is_intact;

	fixture_events(&store, journal, 3);
	fixture_tamper(STORE_FILE, tail_rows[_i].tamper);
	ck_assert_int_eq(journal_check_tail(store.db, &is_intact), DB_OK);
	ck_assert_msg(is_intact == tail_rows[_i].is_intact, "%s", tail_rows[_i].tamper);
}
END_TEST

static Suite *journal_suite(void)
{
	Suite *suite = suite_create("journal");
	TCase *cases = tcase_create("journal");

	fixture_add(cases);
	tcase_add_checked_fixture(cases, setup, teardown);
	suite_add_tcase(suite, cases);
	tcase_add_loop_test(cases, an_event_is_stored_as_exactly_this_line, 0,
	                    ARRAY_LEN(line_rows));
	tcase_add_test(cases, each_line_holds_the_hash_of_the_line_before);
	tcase_add_test(cases, a_full_batch_is_written_whole);
	tcase_add_test(cases, the_longest_line_fits);
	tcase_add_test(cases, a_batch_that_is_rolled_back_leaves_nothing);
	tcase_add_test(cases, a_batch_without_events_writes_nothing);
	tcase_add_loop_test(cases, a_head_that_moved_is_a_conflict, 0, ARRAY_LEN(moved_rows));
	tcase_add_test(cases, a_seq_that_is_taken_is_a_conflict);
	tcase_add_test_raise_signal(cases, an_event_before_the_head_is_a_bug, SIGABRT);
	tcase_add_test_raise_signal(cases, adding_before_the_head_is_loaded_is_a_bug, SIGABRT);
	tcase_add_loop_test(cases, a_page_holds_the_events_after_a_place_in_order, 0,
	                    ARRAY_LEN(page_rows));
	tcase_add_loop_test(cases, a_tail_is_intact_only_if_the_head_is_the_last_line, 0,
	                    ARRAY_LEN(tail_rows));
	return suite;
}

TEST_MAIN(journal_suite)
