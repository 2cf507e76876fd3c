/* test_engine.c - what a batch does: who waits, who is answered what, what is stored. Faults of the
 * disk are in test_engine_faults.c. */
#include "runtime/engine.h"

#include <string.h>

#include "unit/engine_fixture.h"
#include "unit/unit.h"

#define SEEN "SELECT count(*) FROM seen"
#define LAST_TIME "SELECT time_us FROM journal_head"

static struct rig rig;
static struct entry entries[BATCH_MAX];
static size_t entries_count; /* to be released */

static void setup(void)
{
	entries_open(&rig, &fixture_env);
}

static void teardown(void)
{
	entries_check(&rig);
	for (size_t i = 0; i < entries_count; i++)
		job_release(&entries[i].job);
	rig_close(&rig);
}

static struct entry *add(const char *name, uint64_t account, int64_t amount)
{
	struct entry *entry = &entries[entries_count++];

	ck_assert_uint_le(entries_count, BATCH_MAX);
	entry_init(entry, name, account, amount);
	return entry;
}

static struct entry *add_with_key(const char *name, uint64_t account, int64_t amount,
                                  const char *key)
{
	struct entry *entry = add(name, account, amount);

	job_set_key(&entry->job, &rig, "", key, name);
	return entry;
}

/* Runs what was added since the last time. */
static size_t run(void)
{
	static size_t ran;
	size_t first = ran;

	ran = entries_count;
	return entries_run(&rig, entries + first, ran - first);
}

static int64_t head(void)
{
	int64_t seq = engine_head_seq(rig.engine);

	ck_assert_int_eq(seq, rig_number(&rig, "SELECT seq FROM journal_head"));
	return seq;
}

START_TEST(a_whole_batch_is_executed_in_one_go)
{
	for (uint64_t account = 1; account <= BATCH_MAX; account++)
		(void)add("all", account, 1);
	ck_assert_uint_eq(run(), 1);
	for (size_t i = 0; i < BATCH_MAX; i++) {
		job_check(&entries[i].job, 200, ERR_NONE, false);
		ck_assert_str_eq(buf_str(&entries[i].job.answer.body),
		                 "{\"name\":\"all\",\"count\":1,\"total\":1}");
	}
	ck_assert_int_eq(head(), BATCH_MAX);
	ck_assert_int_eq(entry_count(&rig, "all"), BATCH_MAX);
}
END_TEST

static int told;

static void check_is_stored(const struct entry *entry)
{
	ck_assert_int_eq(entry_count(&rig, entry->name), 1);
	told++;
}

START_TEST(what_wrote_is_told_after_the_commit)
{
	entry_committed = check_is_stored;
	(void)add("a", 1, 1);
	(void)add("refused", 2, ENTRY_TOTAL_MAX + 1);
	(void)add("b", 3, 1);
	(void)run();
	ck_assert_int_eq(told, 2);
}
END_TEST

/* Which of a few jobs wait for the next batch, and in which order. */
static const struct {
	const char *rule;
	struct {
		uint64_t account;
		bool is_found_by_load;
		const char *key;   /* or NULL */
	} jobs[6];                 /* ends with account 0 */
	const char *first, *later; /* their places */
} waits[] = {
	{"nobody waits without reason", {{1, 0, "a"}, {2, 0, "b"}, {3, 0, 0}}, "012", ""},
	{"the second of an order", {{1, 0, 0}, {1, 0, 0}}, "0", "1"},
	{"all but the first, as they came",
         {{1, 0, 0}, {1, 0, 0}, {2, 0, 0}, {1, 0, 0}, {2, 0, 0}},
         "02",
         "134"},
	{"the second of a key", {{1, 0, "a"}, {2, 0, "a"}}, "0", "1"},
	{"nobody passes one who waits for an order",
         {{1, 0, 0}, {1, 0, "a"}, {2, 0, "a"}},
         "0",
         "12"},
	{"nobody passes one who waits for a key", {{1, 0, "a"}, {2, 0, "a"}, {2, 0, 0}}, "0", "12"},
	{"an order that only the load tells", {{1, 1, 0}, {1, 1, 0}, {2, 1, 0}}, "02", "1"},
	{"one that the load tells, one that was known", {{1, 1, 0}, {1, 0, 0}}, "1", "0"},
	{"each of two orders that only the load tells",
         {{1, 1, 0}, {2, 1, 0}, {1, 1, 0}, {2, 1, 0}},
         "01",
         "23"},
	{"a key, and an order that only the load tells",
         {{1, 1, "a"}, {2, 1, "a"}, {1, 1, 0}},
         "0",
         "12"},
};

static void check_places(const char *rule, const struct batch *batch, const char *want)
{
	char places[ARRAY_LEN(waits[0].jobs) + 1] = "";

	for (size_t i = 0; i < batch->count; i++) {
		const struct entry *entry = batch->jobs[i]->command;

		places[i] = (char)('0' + (entry - entries));
	}
	ck_assert_msg(strcmp(places, want) == 0, "%s: %s instead of %s", rule, places, want);
}

START_TEST(jobs_that_share_an_order_or_a_key_wait)
{
	struct batch batch = {.count = 0}, later = {.count = 0};

	for (size_t i = 0; waits[_i].jobs[i].account != 0; i++) {
		struct entry *entry = add("e", waits[_i].jobs[i].account, 1);

		entry->is_found_by_load = waits[_i].jobs[i].is_found_by_load;
		if (waits[_i].jobs[i].key != NULL)
			job_set_key(&entry->job, &rig, "", waits[_i].jobs[i].key, "e");
		batch.jobs[batch.count++] = &entry->job;
	}
	engine_run(rig.engine, &batch, &later);
	check_places(waits[_i].rule, &batch, waits[_i].first);
	check_places(waits[_i].rule, &later, waits[_i].later);
}
END_TEST

START_TEST(who_waited_sees_what_was_before)
{
	for (int i = 0; i < 3; i++)
		add("e", 1, 20)->is_found_by_load = _i == 1;
	ck_assert_uint_eq(run(), 3);
	ck_assert(job_says(&entries[0].job, "\"count\":1,\"total\":20"));
	ck_assert(job_says(&entries[1].job, "\"count\":2,\"total\":40"));
	ck_assert(job_says(&entries[2].job, "\"count\":3,\"total\":60"));
}
END_TEST

START_TEST(a_key_in_one_batch_has_one_effect)
{
	(void)add_with_key("e", 1, 20, "k");
	(void)add_with_key("e", 1, 20, "k");
	(void)add_with_key("other", 2, 20, "k");
	(void)run();
	job_check(&entries[0].job, 200, ERR_NONE, false);
	job_check(&entries[1].job, 200, ERR_NONE, true);
	job_check(&entries[2].job, 422, ERR_IDEMPOTENCY_KEY_REUSED, false);
	ck_assert_int_eq(head(), 1);
}
END_TEST

START_TEST(a_key_repeats_its_answer_byte_for_byte_after_a_restart)
{
	const char *stored;

	(void)add_with_key("e", 1, 20, "k");
	(void)add("e2", 1, 20);
	(void)run();
	rig_close(&rig);
	entries_open(&rig, &fixture_env);
	ck_assert_int_eq(head(), 2);
	(void)add_with_key("e", 1, 20, "k");
	(void)run();
	stored = buf_str(&entries[0].job.answer.body);
	job_check(&entries[2].job, 200, ERR_NONE, true);
	ck_assert_str_eq(buf_str(&entries[2].job.answer.body), stored);
	ck_assert_int_eq(head(), 2);
	ck_assert_int_eq(rig_number(&rig, SEEN), 1);
}
END_TEST

START_TEST(a_key_used_for_something_else_writes_nothing)
{
	(void)add_with_key("e", 1, 20, "k");
	(void)run();
	(void)add_with_key("other", 2, 20, "k");
	(void)run();
	job_check(&entries[1].job, 422, ERR_IDEMPOTENCY_KEY_REUSED, false);
	ck_assert(job_says(&entries[1].job, "\"type\":\"/problems/idempotency-key-reused\""));
	ck_assert(job_says(&entries[1].job, "\"request_id\":\"req-1\""));
	ck_assert_int_eq(head(), 1);
	ck_assert_int_eq(rig_number(&rig, SEEN), 1);
	ck_assert_int_eq(entry_count(&rig, "other"), 0);
}
END_TEST

START_TEST(a_key_belongs_to_its_caller)
{
	(void)add_with_key("e", 1, 20, "k");
	(void)run();
	job_set_key(&add("e", 1, 20)->job, &rig, "shop", "k", "e");
	(void)run();
	job_check(&entries[1].job, 200, ERR_NONE, false);
	ck_assert_int_eq(head(), 2);
}
END_TEST

START_TEST(a_refusal_decided_by_the_state_stays_with_its_key)
{
	for (int i = 0; i < 3; i++)
		(void)add("fill", 1, 30);
	(void)add_with_key("e", 1, 20, "k");
	(void)run();
	job_check(&entries[3].job, 409, ERR_INVALID_STATE, false);
	ck_assert(job_says(&entries[3].job, "\"detail\":\"The account holds 90.\""));
	ck_assert_int_eq(head(), 3);

	rig_tamper(&rig, "DELETE FROM entries; DELETE FROM journal;"
	                 "UPDATE journal_head SET seq = 0, hash = zeroblob(32), "
	                 "time_us = 0");
	(void)add_with_key("e", 1, 20, "k"); /* the state would admit it now */
	(void)run();
	job_check(&entries[4].job, 409, ERR_NONE, true);
	ck_assert_str_eq(buf_str(&entries[4].job.answer.body),
	                 buf_str(&entries[3].job.answer.body));
}
END_TEST

START_TEST(what_is_not_there_leaves_the_key_free)
{
	(void)add_with_key("e", 1, ENTRY_NONE, "k");
	(void)run();
	job_check(&entries[0].job, 404, ERR_NOT_FOUND, false);
	ck_assert_int_eq(rig_number(&rig, SEEN), 0);
	(void)add_with_key("another", 1, 20, "k");
	(void)run();
	job_check(&entries[1].job, 200, ERR_NONE, false);
}
END_TEST

static const struct {
	const char *rule;
	int64_t later_us;
	bool ticks;
	bool is_kept;
} ages[] = {
	{"is kept for its time to live", KEY_TTL_US - US_PER_MS, true, true},
	{"is over then, though its row is there", KEY_TTL_US, false, false},
	{"its row is deleted then", KEY_TTL_US, true, false},
	{"is kept where the clock went back", -KEY_TTL_US, true, true},
};

START_TEST(a_key_is_kept_for_its_time_to_live)
{
	(void)add_with_key("e", 1, 20, "k");
	(void)run();
	world.now_us += ages[_i].later_us;
	if (ages[_i].ticks)
		engine_tick(rig.engine);
	ck_assert_msg(rig_number(&rig, SEEN) == (ages[_i].is_kept || !ages[_i].ticks), "%s",
	              ages[_i].rule);
	(void)add_with_key("e", 1, 20, "k");
	(void)run();
	ck_assert_msg(entries[1].job.answer.replayed == ages[_i].is_kept, "%s", ages[_i].rule);
	ck_assert_int_eq(head(), ages[_i].is_kept ? 1 : 2);
}
END_TEST

START_TEST(what_waited_too_long_is_not_executed)
{
	world.monotonic_us = 10 * US_PER_S;
	add("late", 1, 20)->job.deadline_us = 10 * US_PER_S;
	add_with_key("late", 2, 20, "k")->job.deadline_us = 9 * US_PER_S;
	add("in time", 3, 20)->job.deadline_us = 10 * US_PER_S + 1;
	ck_assert_uint_eq(run(), 1);
	job_check(&entries[0].job, 503, ERR_OVERLOADED, false);
	job_check(&entries[1].job, 503, ERR_OVERLOADED, false);
	job_check(&entries[2].job, 200, ERR_NONE, false);
	ck_assert_int_eq(entry_count(&rig, "late"), 0);
	ck_assert_int_eq(rig_number(&rig, SEEN), 0);
}
END_TEST

START_TEST(a_batch_of_late_ones_alone_is_answered)
{
	world.monotonic_us = 10 * US_PER_S;
	add("late", 1, 20)->job.deadline_us = 1;
	ck_assert_uint_eq(run(), 1);
	job_check(&entries[0].job, 503, ERR_OVERLOADED, false);
}
END_TEST

START_TEST(a_constraint_fails_only_the_command_that_breaks_it)
{
	(void)add_with_key("a", 1, 20, "ka");
	(void)add_with_key("bad", 2, ENTRY_AMOUNT_MAX + 1, "kb");
	(void)add("after a", 1, 20);
	(void)add("bad", 3, ENTRY_AMOUNT_MAX + 1);
	(void)add("c", 4, 20);
	ck_assert_uint_eq(run(), 2);
	job_check(&entries[0].job, 200, ERR_NONE, false);
	job_check(&entries[1].job, 500, ERR_INTERNAL, false);
	job_check(&entries[2].job, 200, ERR_NONE, false);
	job_check(&entries[3].job, 500, ERR_INTERNAL, false);
	job_check(&entries[4].job, 200, ERR_NONE, false);
	ck_assert(job_says(&entries[2].job, "\"count\":2,\"total\":40"));
	ck_assert_int_eq(entry_count(&rig, "bad"), 0);
	ck_assert_int_eq(head(), 3);
	ck_assert_int_eq(rig_number(&rig, SEEN), 1);
	ck_assert(engine_is_healthy(rig.engine));
}
END_TEST

START_TEST(answers_come_as_alone_when_a_batch_runs_again)
{
	(void)add_with_key("a", 1, 20, "k");
	(void)run();
	(void)add_with_key("a", 1, 20, "k");
	(void)add("too much", 1, 90);
	(void)add("bad", 2, ENTRY_AMOUNT_MAX + 1);
	(void)add("bad", 3, ENTRY_AMOUNT_MAX + 1);
	(void)run();
	job_check(&entries[1].job, 200, ERR_NONE, true);
	ck_assert_str_eq(buf_str(&entries[1].job.answer.body),
	                 buf_str(&entries[0].job.answer.body));
	job_check(&entries[2].job, 409, ERR_INVALID_STATE, false);
	ck_assert(job_says(&entries[2].job, "\"detail\":\"The account holds 20.\""));
	job_check(&entries[3].job, 500, ERR_INTERNAL, false);
	job_check(&entries[4].job, 500, ERR_INTERNAL, false);
}
END_TEST

START_TEST(each_new_key_makes_room_by_deleting_two_that_expired)
{
	static const char *const keys[] = {"k1", "k2", "k3", "k4", "k5", "k6"};

	for (uint64_t i = 0; i < 4; i++)
		(void)add_with_key("e", i + 1, 20, keys[i]);
	(void)run();
	world.now_us += KEY_TTL_US;
	(void)add_with_key("e", 5, 20, keys[4]);
	(void)run();
	ck_assert_int_eq(rig_number(&rig, SEEN), 4 - 2 + 1);
	(void)add_with_key("e", 6, 20, keys[5]);
	(void)run();
	ck_assert_int_eq(rig_number(&rig, SEEN), 2);
}
END_TEST

START_TEST(a_command_whose_answer_has_no_room_fails_alone)
{
	buf_init(&add_with_key("no room", 1, 20, "k")->job.answer.body, 8);
	(void)add("a", 2, 20);
	(void)run();
	job_check(&entries[0].job, 503, ERR_OVERLOADED, false);
	job_check(&entries[1].job, 200, ERR_NONE, false);
	ck_assert_int_eq(entry_count(&rig, "no room"), 0);
	ck_assert_int_eq(rig_number(&rig, SEEN), 0);
}
END_TEST

START_TEST(time_never_goes_back)
{
	const int64_t first_us = FIXTURE_NOW_US / US_PER_MS * US_PER_MS; /* as it is shown */

	(void)add("a", 1, 1);
	(void)run();
	world.now_us -= 3600 * US_PER_S;
	(void)add("b", 2, 1);
	(void)run();
	ck_assert_int_eq(rig_number(&rig, LAST_TIME), first_us);
	ck_assert_int_eq(entries[1].job.now_us, first_us);
	world.now_us = FIXTURE_NOW_US + US_PER_MS;
	(void)add("c", 3, 1);
	(void)run();
	ck_assert_int_eq(rig_number(&rig, LAST_TIME), first_us + US_PER_MS);
}
END_TEST

START_TEST(ids_of_one_millisecond_sort_in_the_order_of_the_commit)
{
	char ids[3][ID_SIZE];

	for (int i = 0; i < 3; i++) {
		(void)add((const char *[]){"a", "b", "c"}[i], (uint64_t)i + 1, 1);
		(void)run();
		id_make("pay_", entries[i].job.now_us, entries[i].job.random, ids[i]);
	}
	ck_assert_str_lt(ids[0], ids[1]);
	ck_assert_str_lt(ids[1], ids[2]);
}
END_TEST

START_TEST(every_command_has_random_bytes_of_its_own)
{
	(void)add("a", 1, 1);
	(void)add("b", 2, 1);
	(void)run();
	ck_assert_mem_ne(entries[0].job.random, entries[1].job.random,
	                 sizeof(entries[0].job.random));
}
END_TEST

static Suite *engine_suite(void)
{
	Suite *suite = suite_create("engine");
	TCase *cases = tcase_create("engine");

	fixture_add(cases);
	tcase_add_checked_fixture(cases, setup, teardown);
	tcase_add_test(cases, a_whole_batch_is_executed_in_one_go);
	tcase_add_test(cases, what_wrote_is_told_after_the_commit);
	tcase_add_loop_test(cases, jobs_that_share_an_order_or_a_key_wait, 0, ARRAY_LEN(waits));
	tcase_add_loop_test(cases, who_waited_sees_what_was_before, 0, 2);
	tcase_add_test(cases, a_key_in_one_batch_has_one_effect);
	tcase_add_test(cases, a_key_repeats_its_answer_byte_for_byte_after_a_restart);
	tcase_add_test(cases, a_key_used_for_something_else_writes_nothing);
	tcase_add_test(cases, a_key_belongs_to_its_caller);
	tcase_add_test(cases, a_refusal_decided_by_the_state_stays_with_its_key);
	tcase_add_test(cases, what_is_not_there_leaves_the_key_free);
	tcase_add_loop_test(cases, a_key_is_kept_for_its_time_to_live, 0, ARRAY_LEN(ages));
	tcase_add_test(cases, what_waited_too_long_is_not_executed);
	tcase_add_test(cases, a_batch_of_late_ones_alone_is_answered);
	tcase_add_test(cases, a_constraint_fails_only_the_command_that_breaks_it);
	tcase_add_test(cases, answers_come_as_alone_when_a_batch_runs_again);
	tcase_add_test(cases, each_new_key_makes_room_by_deleting_two_that_expired);
	tcase_add_test(cases, a_command_whose_answer_has_no_room_fails_alone);
	tcase_add_test(cases, time_never_goes_back);
	tcase_add_test(cases, every_command_has_random_bytes_of_its_own);
	tcase_add_test(cases, ids_of_one_millisecond_sort_in_the_order_of_the_commit);
	suite_add_tcase(suite, cases);
	return suite;
}

TEST_MAIN(engine_suite)
