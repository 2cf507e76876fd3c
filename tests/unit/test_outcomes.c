/* test_outcomes.c - commands whose outcome is open: who waits for it, for how long, what they are
 * told, and what stays with their keys. */
#include "runtime/dry_run.h"
#include "runtime/engine.h"

#include <string.h>

#include "unit/unit.h"
#include "unit/wish_fixture.h"

#define WISHES_MAX 16
#define OPEN_BODY "{\"wish\":\"w\",\"open\":true}"
#define SEEN "SELECT count(*) FROM seen"

static struct rig rig;
static struct wish wishes[WISHES_MAX];
static size_t wishes_count; /* to be released */

static void setup(void)
{
	wishes_open(&rig, &fixture_env);
}

static void teardown(void)
{
	while (parking_pop_ready(engine_parking(rig.engine, PARKED_FOR_OUTCOME), INT64_MAX) != NULL)
		continue;
	rig_check_journal(&rig);
	for (size_t i = 0; i < wishes_count; i++)
		job_release(&wishes[i].job);
	rig_close(&rig);
}

static struct wish *add(enum wish_kind what, int64_t number, const char *key)
{
	struct wish *wish = &wishes[wishes_count++];

	ck_assert_uint_le(wishes_count, WISHES_MAX);
	wish_init(wish, what, "w", number);
	if (key != NULL)
		job_set_key(&wish->job, &rig, "", key, "w");
	return wish;
}

static struct wish *run(enum wish_kind what, int64_t number, const char *key)
{
	struct wish *wish = add(what, number, key);

	wish_run(&rig, wish);
	return wish;
}

static void settle(int64_t number, enum error settled)
{
	struct wish *wish = add(WISH_SETTLE, number, NULL);

	wish->settled = settled;
	wish_run(&rig, wish);
	job_check(&wish->job, 200, ERR_NONE, false);
}

/* The next whose answer may be told, now. */
static const struct job *next_ready(void)
{
	return parking_pop_ready(engine_parking(rig.engine, PARKED_FOR_OUTCOME),
	                         world.monotonic_us);
}

static struct job *next_again(void)
{
	return parking_pop_again(engine_parking(rig.engine, PARKED_FOR_OUTCOME));
}

static void check_body(const struct job *job, const char *body)
{
	ck_assert_str_eq(buf_str(&job->answer.body), body);
}

static void check_nobody_is_ready(void)
{
	ck_assert_ptr_null(next_ready());
	ck_assert_ptr_null(next_again());
}

static const struct {
	enum error settled;
	int status;
	enum error error;
	const char *body; /* NULL: the problem */
	bool is_stored;
} ends[] = {
	{ERR_NONE, 200, ERR_NONE, "{\"granted\":\"yes\",\"number\":1}", true},
	{ERR_PAYMENT_DECLINED, 402, ERR_PAYMENT_DECLINED, "{\"granted\":\"no\",\"number\":1}",
         true},
	{ERR_PROCESSOR_UNREACHABLE, 503, ERR_PROCESSOR_UNREACHABLE, NULL, false},
};

START_TEST(who_waits_is_told_the_end_and_so_is_every_repeat)
{
	struct wish *first = run(WISH_OPEN, 0, "k"), *again;

	ck_assert_int_eq(first->job.awaits, 1);
	check_nobody_is_ready();
	settle(1, ends[_i].settled);
	ck_assert_ptr_eq(next_ready(), &first->job);
	check_nobody_is_ready();
	job_check(&first->job, ends[_i].status, ends[_i].error, false);
	if (ends[_i].body != NULL)
		check_body(&first->job, ends[_i].body);
	ck_assert_int_eq(rig_number(&rig, SEEN), ends[_i].is_stored);
	again = run(WISH_OPEN, 0, "k");
	if (ends[_i].is_stored) {
		job_check(&again->job, ends[_i].status, ERR_NONE, true);
		check_body(&again->job, ends[_i].body);
		ck_assert_int_eq(rig_number(&rig, "SELECT count(*) FROM seen "
		                                  "WHERE awaits IS NOT NULL"),
		                 0);
	} else {
		ck_assert_int_eq(again->job.awaits, 3); /* a new wish: the key was free */
	}
}
END_TEST

START_TEST(a_refusal_names_the_request_it_answers)
{
	struct wish *first = run(WISH_OPEN, 0, NULL);

	settle(1, ERR_PROCESSOR_UNREACHABLE);
	ck_assert_ptr_eq(next_ready(), &first->job);
	ck_assert(job_says(&first->job, "\"request_id\":\"req-1\""));
	ck_assert(job_says(&first->job, "/problems/processor-unreachable"));
}
END_TEST

START_TEST(who_waited_long_enough_gets_the_202)
{
	struct wish *first = run(WISH_OPEN, 0, NULL), *second;
	int64_t until_us = world.monotonic_us + OUTCOME_WAIT_US;

	ck_assert_int_eq(parking_next_us(engine_parking(rig.engine, PARKED_FOR_OUTCOME)), until_us);
	world.monotonic_us += 1;
	second = run(WISH_OPEN, 0, NULL);
	world.monotonic_us = until_us - 1;
	check_nobody_is_ready();
	world.monotonic_us = until_us;
	ck_assert_ptr_eq(next_ready(), &first->job);
	check_nobody_is_ready();
	job_check(&first->job, 202, ERR_NONE, false);
	check_body(&first->job, OPEN_BODY);
	ck_assert_int_eq(parking_next_us(engine_parking(rig.engine, PARKED_FOR_OUTCOME)),
	                 until_us + 1);
	settle(2, ERR_NONE);
	ck_assert_ptr_eq(next_ready(), &second->job);
	ck_assert_int_eq(parking_next_us(engine_parking(rig.engine, PARKED_FOR_OUTCOME)),
	                 INT64_MAX);
}
END_TEST

START_TEST(a_late_end_is_stored_for_the_repeat)
{
	struct wish *again;

	(void)run(WISH_OPEN, 0, "k");
	world.monotonic_us += OUTCOME_WAIT_US;
	ck_assert_ptr_nonnull(next_ready());
	again = run(WISH_OPEN, 0, "k");
	job_check(&again->job, 202, ERR_NONE, true);
	ck_assert_int_eq(again->job.awaits, 0); /* a repeat does not wait */
	check_body(&again->job, OPEN_BODY);
	settle(1, ERR_NONE);
	check_nobody_is_ready();
	again = run(WISH_OPEN, 0, "k");
	job_check(&again->job, 200, ERR_NONE, true);
	check_body(&again->job, ends[0].body);
}
END_TEST

START_TEST(all_who_wait_for_one_outcome_are_told)
{
	struct wish *first = run(WISH_OPEN, 0, "k"), *other = run(WISH_OPEN, 0, NULL);
	struct wish *joined = run(WISH_AGAIN, 1, "k2");
	const struct job *told[2];

	ck_assert_int_eq(other->job.awaits, 2);
	settle(1, ERR_NONE);
	told[0] = next_ready();
	told[1] = next_ready();
	check_nobody_is_ready();
	ck_assert(told[0] != told[1]);
	for (size_t i = 0; i < 2; i++) {
		ck_assert(told[i] == &first->job || told[i] == &joined->job);
		check_body(told[i], ends[0].body);
	}
	check_body(&run(WISH_OPEN, 0, "k2")->job, ends[0].body);
}
END_TEST

/* Numbers that share a bucket are different outcomes all the same. */
START_TEST(only_those_who_wait_for_it_are_told)
{
	static struct parking parking = {.wait_us = 1};
	struct answer granted = {.status = 200};
	static struct job jobs[3];

	for (size_t i = 0; i < ARRAY_LEN(jobs); i++) {
		answer_init(&jobs[i].answer);
		jobs[i].answer.status = 202;
		jobs[i].awaits = 1 + (int64_t)i * PARKING_BUCKETS;
		parking_add(&parking, &jobs[i], 0);
	}
	parking_settle(&parking, 1 + PARKING_BUCKETS, &granted);
	ck_assert_ptr_eq(parking_pop_ready(&parking, 0), &jobs[1]);
	ck_assert_ptr_null(parking_pop_ready(&parking, 0));
	ck_assert_int_eq(jobs[1].answer.status, 200);
	ck_assert_ptr_eq(parking_pop_ready(&parking, 1), &jobs[0]);
	ck_assert_ptr_eq(parking_pop_ready(&parking, 1), &jobs[2]);
	ck_assert_ptr_null(parking_pop_ready(&parking, INT64_MAX));
}
END_TEST

/* ---- who wants to run again ---- */

START_TEST(who_asks_runs_again_once_and_never_late)
{
	struct wish *ask;

	(void)run(WISH_OPEN, 0, NULL);
	ask = run(WISH_ASK, 1, "k");
	ask->job.deadline_us = world.monotonic_us + 1;
	world.monotonic_us += 2;
	if (_i == 0)
		settle(1, ERR_NONE);
	else
		(void)run(WISH_LOOKED_AT, 1, NULL);
	ck_assert_ptr_eq(next_again(), &ask->job);
	ck_assert_ptr_null(next_again());
	wish_run(&rig, ask);
	ck_assert_int_eq(ask->job.awaits, 0);
	job_check(&ask->job, _i == 0 ? 200 : 202, ERR_NONE, false);
	check_body(&ask->job, _i == 0 ? "{\"wish\":\"w\",\"open\":false}" : OPEN_BODY);
	ck_assert_int_eq(rig_number(&rig, SEEN),
	                 _i == 0); /* a 202 of one that asks is not stored */
}
END_TEST

START_TEST(who_only_waits_does_not_mind_being_asked_for)
{
	struct wish *first = run(WISH_OPEN, 0, NULL);

	(void)run(WISH_LOOKED_AT, 1, NULL);
	check_nobody_is_ready();
	settle(1, ERR_NONE);
	ck_assert_ptr_eq(next_ready(), &first->job);
}
END_TEST

START_TEST(who_asks_in_vain_gets_the_202)
{
	struct wish *ask;

	(void)run(WISH_OPEN, 0, NULL);
	ask = run(WISH_ASK, 1, "k");
	world.monotonic_us += OUTCOME_WAIT_US;
	ck_assert_ptr_nonnull(next_ready()); /* the wish itself */
	ck_assert_ptr_eq(next_ready(), &ask->job);
	job_check(&ask->job, 202, ERR_NONE, false);
	ck_assert_int_eq(rig_number(&rig, SEEN), 0);
}
END_TEST

/* ---- keys ---- */

START_TEST(a_key_does_not_expire_while_its_outcome_is_open)
{
	(void)run(WISH_OPEN, 0, "open");
	(void)run(WISH_TAKEN, 0, "done");
	world.now_us += 10 * KEY_TTL_US;
	engine_tick(rig.engine);
	ck_assert_int_eq(rig_number(&rig, SEEN), 1); /* and does not keep those behind it */
	job_check(&run(WISH_OPEN, 0, "open")->job, 202, ERR_NONE, true);
	settle(1, ERR_NONE);
	engine_tick(rig.engine);
	job_check(&run(WISH_OPEN, 0, "open")->job, 200, ERR_NONE, true);
	world.now_us += KEY_TTL_US;
	engine_tick(rig.engine);
	ck_assert_int_eq(rig_number(&rig, SEEN), 0);
}
END_TEST

START_TEST(a_refusal_for_something_open_leaves_the_key_free)
{
	job_check(&run(WISH_BUSY, 0, "k")->job, 409, ERR_INVALID_STATE, false);
	job_check(&run(WISH_BUSY, 0, "k")->job, 409, ERR_INVALID_STATE, false);
	ck_assert_int_eq(rig_number(&rig, SEEN), 0);
	job_check(&run(WISH_TAKEN, 0, "k")->job, 409, ERR_INVALID_STATE, false);
	job_check(&run(WISH_TAKEN, 0, "k")->job, 409, ERR_NONE, true);
}
END_TEST

START_TEST(a_redacted_answer_says_only_that)
{
	struct wish *other = add(WISH_AGAIN, 0, "other");

	(void)run(WISH_AGAIN, 0, "ok");
	(void)run(WISH_OPEN, 0, "declined");
	settle(1, ERR_PAYMENT_DECLINED);
	(void)run(WISH_TAKEN, 0, "refused");
	other->name = "v";
	wish_run(&rig, other);
	(void)run(WISH_REDACT, 0, NULL);
	check_body(&run(WISH_AGAIN, 0, "ok")->job, "{\"redacted\":true,\"resource\":\"w\"}");
	check_body(&run(WISH_OPEN, 0, "declined")->job, "{\"redacted\":true,\"resource\":\"w\"}");
	ck_assert(job_says(&run(WISH_TAKEN, 0, "refused")->job, "/problems/invalid-state"));
	check_body(&run(WISH_AGAIN, 0, "other")->job, "{\"wish\":\"v\",\"open\":false}");
}
END_TEST

/* ---- batches ---- */

START_TEST(a_command_without_an_event_leaves_the_journal_as_it_is)
{
	struct wish *note = run(WISH_NOTE, 0, "k");

	job_check(&note->job, 200, ERR_NONE, false);
	ck_assert_int_eq(rig_number(&rig, "SELECT count(*) FROM notes"), 1);
	ck_assert_int_eq(rig_number(&rig, "SELECT seq FROM journal_head"), 0);
	ck_assert_int_eq(engine_head_seq(rig.engine), 0);
	(void)run(WISH_OPEN, 0, NULL);
	ck_assert_int_eq(engine_head_seq(rig.engine), 1);
}
END_TEST

START_TEST(totals_are_of_one_batch)
{
	struct job *jobs[] = {&add(WISH_NOTE, 0, NULL)->job, &add(WISH_OPEN, 0, NULL)->job,
	                      &add(WISH_TAKEN, 0, NULL)->job};

	ck_assert_uint_eq(rig_run(&rig, jobs, ARRAY_LEN(jobs)), 1);
	ck_assert_int_eq(rig_number(&rig, "SELECT max(count) FROM totals"), 2);
	(void)run(WISH_NOTE, 0, NULL);
	(void)run(WISH_TAKEN, 0, NULL); /* writes nothing */
	ck_assert_int_eq(rig_number(&rig, "SELECT count(*) FROM totals"), 2);
	ck_assert_int_eq(rig_number(&rig, "SELECT sum(count) FROM totals"), 3);
}
END_TEST

/* ---- dry runs ---- */

static struct wish *try(enum wish_kind what, int64_t number, const char *key)
{
	struct wish *wish = add(what, number, key);
	struct db *db = fixture_db("store.db", DB_READER);

	wish->job.dry_run = true;
	dry_run(&wish_domain, &fixture_env, db, &wish->job);
	db_close(db);
	return wish;
}

START_TEST(a_dry_run_answers_and_leaves_nothing)
{
	struct wish *wish = try(WISH_OPEN, 0, "k");

	job_check(&wish->job, 202, ERR_NONE, false);
	check_body(&wish->job, "{\"wish\":\"w\",\"open\":true,\"dry_run\":true}");
	ck_assert_int_eq(wish->job.now_us, FIXTURE_NOW_US / US_PER_MS * US_PER_MS);
	ck_assert_int_eq(wish->job.random[0], 1);
	ck_assert_int_eq(rig_number(&rig, "SELECT count(*) FROM wishes"), 0);
	ck_assert_int_eq(rig_number(&rig, SEEN), 0);
	check_nobody_is_ready();
}
END_TEST

START_TEST(a_dry_run_sees_the_state_and_no_key)
{
	(void)run(WISH_OPEN, 0, "k");
	job_check(&try(WISH_ASK, 1, "k")->job, 202, ERR_NONE, false);
	settle(1, ERR_NONE);
	job_check(&try(WISH_ASK, 1, "k")->job, 200, ERR_NONE, false);
	job_check(&try(WISH_TAKEN, 0, "k")->job, 409, ERR_INVALID_STATE, false);
}
END_TEST

START_TEST(a_dry_run_is_never_before_the_last_event)
{
	(void)run(WISH_OPEN, 0, NULL);
	world.now_us -= 3600 * US_PER_S;
	ck_assert_int_eq(try(WISH_OPEN, 0, NULL)->job.now_us,
	                 FIXTURE_NOW_US / US_PER_MS * US_PER_MS);
}
END_TEST

static Suite *outcomes_suite(void)
{
	Suite *suite = suite_create("outcomes");
	TCase *cases = tcase_create("outcomes");

	fixture_add(cases);
	tcase_add_checked_fixture(cases, setup, teardown);
	tcase_add_loop_test(cases, who_waits_is_told_the_end_and_so_is_every_repeat, 0,
	                    ARRAY_LEN(ends));
	tcase_add_test(cases, a_refusal_names_the_request_it_answers);
	tcase_add_test(cases, who_waited_long_enough_gets_the_202);
	tcase_add_test(cases, a_late_end_is_stored_for_the_repeat);
	tcase_add_test(cases, all_who_wait_for_one_outcome_are_told);
	tcase_add_test(cases, only_those_who_wait_for_it_are_told);
	tcase_add_loop_test(cases, who_asks_runs_again_once_and_never_late, 0, 2);
	tcase_add_test(cases, who_only_waits_does_not_mind_being_asked_for);
	tcase_add_test(cases, who_asks_in_vain_gets_the_202);
	tcase_add_test(cases, a_key_does_not_expire_while_its_outcome_is_open);
	tcase_add_test(cases, a_refusal_for_something_open_leaves_the_key_free);
	tcase_add_test(cases, a_redacted_answer_says_only_that);
	tcase_add_test(cases, a_command_without_an_event_leaves_the_journal_as_it_is);
	tcase_add_test(cases, totals_are_of_one_batch);
	tcase_add_test(cases, a_dry_run_answers_and_leaves_nothing);
	tcase_add_test(cases, a_dry_run_sees_the_state_and_no_key);
	tcase_add_test(cases, a_dry_run_is_never_before_the_last_event);
	suite_add_tcase(suite, cases);
	return suite;
}

TEST_MAIN(outcomes_suite)
