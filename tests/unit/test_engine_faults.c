/* test_engine_faults.c - the disk fails, the engine does not lie: what it acknowledged is there
 * exactly once, what it refused is not there, and it serves again once the disk does. */
#include "runtime/engine.h"

#include <stdio.h>
#include <string.h>

#include "unit/engine_fixture.h"
#include "unit/fault_vfs.h"
#include "unit/unit.h"

#define TIMEOUT_S 300    /* of a test, on a slow machine with a sanitizer */
#define CALLS_MAX 2000   /* more than a run has */
#define RECOVERIES_MAX 2 /* ticks, once the disk works again */

static struct rig rig;

static void setup(void)
{
	fault_install();
	entries_open(&rig, &fixture_env);
}

static void teardown(void)
{
	entries_check(&rig);
	rig_close(&rig);
}

static void reopen(void)
{
	rig_close(&rig);
	entries_open(&rig, &fixture_env);
}

static void recover(void)
{
	for (int i = 0; i < RECOVERIES_MAX && !engine_is_healthy(rig.engine); i++)
		engine_tick(rig.engine);
	ck_assert(engine_is_healthy(rig.engine));
}

static void check_works(const char *name)
{
	struct entry entry;

	entry_init(&entry, name, 1000, 1);
	(void)entries_run(&rig, &entry, 1);
	job_check(&entry.job, 200, ERR_NONE, false);
	ck_assert_int_eq(entry_count(&rig, name), 1);
	job_release(&entry.job);
}

static const struct {
	const char *rule;
	struct fault_plan plan;
} unknown_commits[] = {
	{"its sync fails", {.calls = FAULT_SYNC, .nth = 1, .count = 1}},
	{"its write fails", {.calls = FAULT_WRITE, .nth = 1, .count = 1}},
	{"its write is torn", {.calls = FAULT_WRITE, .nth = 1, .count = 1, .tears = true}},
};

START_TEST(an_unknown_commit_is_told_and_then_recovered_from)
{
	struct entry entries[3];

	for (size_t i = 0; i < ARRAY_LEN(entries); i++)
		entry_init(&entries[i], "e", i + 1, 1);
	fault_arm(&unknown_commits[_i].plan);
	(void)entries_run(&rig, entries, 2);
	ck_assert_msg(fault_disarm(), "%s", unknown_commits[_i].rule);
	job_check(&entries[0].job, 500, ERR_OUTCOME_UNKNOWN, false);
	job_check(&entries[1].job, 500, ERR_OUTCOME_UNKNOWN, false);
	ck_assert(!engine_is_healthy(rig.engine));

	(void)entries_run(&rig, &entries[2], 1);
	job_check(&entries[2].job, 503, ERR_STORAGE_UNAVAILABLE, false);
	recover();
	ck_assert_int_eq(engine_head_seq(rig.engine),
	                 rig_number(&rig, "SELECT seq FROM journal_head"));
	ck_assert_int_eq(entry_count(&rig, "e") % 2, 0); /* both or none */
	check_works("after");
	for (size_t i = 0; i < ARRAY_LEN(entries); i++)
		job_release(&entries[i].job);
}
END_TEST

START_TEST(a_load_that_fails_stores_nothing)
{
	struct entry entry;

	entry_init(&entry, "e", 1, 1);
	job_set_key(&entry.job, &rig, "", "k", "e");
	reopen(); /* so that nothing is cached */
	fault_arm(&(struct fault_plan){.calls = FAULT_READ, .nth = 1, .count = 1});
	(void)entries_run(&rig, &entry, 1);
	ck_assert(fault_disarm());
	job_check(&entry.job, 503, ERR_STORAGE_UNAVAILABLE, false);
	recover();
	ck_assert_int_eq(entry_count(&rig, "e"), 0);
	ck_assert_int_eq(rig_number(&rig, "SELECT count(*) FROM seen"), 0);
	check_works("after");
	job_release(&entry.job);
}
END_TEST

START_TEST(an_answer_that_was_ready_is_not_told_when_the_commit_fails)
{
	struct entry entries[3];

	for (size_t i = 0; i < ARRAY_LEN(entries); i++)
		entry_init(&entries[i], "e", 1, 1);
	job_set_key(&entries[0].job, &rig, "", "k", "e");
	job_set_key(&entries[1].job, &rig, "", "k", "e");
	(void)entries_run(&rig, entries, 1);
	entries[2].account = 2;
	fault_arm(&(struct fault_plan){.calls = FAULT_SYNC, .nth = 1, .count = 1});
	(void)entries_run(&rig, &entries[1], 2);
	(void)fault_disarm();
	job_check(&entries[1].job, 500, ERR_OUTCOME_UNKNOWN, false); /* no replay either */
	job_check(&entries[2].job, 500, ERR_OUTCOME_UNKNOWN, false);
	recover();
	for (size_t i = 0; i < ARRAY_LEN(entries); i++)
		job_release(&entries[i].job);
}
END_TEST

/* A checkpoint runs behind a commit of which the answer is right already. */
START_TEST(a_checkpoint_that_fails_is_recovered_from)
{
	/* 2500 pages of 8 KiB: more than a checkpoint waits for. */
	static const char large[] =
		"CREATE TABLE large (page BLOB);"
		"WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2500) "
		"INSERT INTO large SELECT zeroblob(8000) FROM n";
	struct entry entry;

	rig_tamper(&rig, large);
	entry_init(&entry, "e", 1, 1);
	fault_arm(&(struct fault_plan){
		.calls = FAULT_WRITE, .files = SQLITE_OPEN_MAIN_DB, .nth = 1, .count = 1});
	(void)entries_run(&rig, &entry, 1);
	ck_assert(fault_disarm());
	job_check(&entry.job, 200, ERR_NONE, false);
	engine_tick(rig.engine); /* finds out */
	recover();
	ck_assert_int_eq(entry_count(&rig, "e"), 1);
	check_works("after");
	job_release(&entry.job);
}
END_TEST

START_TEST(nothing_is_written_while_the_disk_stays_broken)
{
	struct entry entry;

	fault_arm(&(struct fault_plan){.calls = FAULT_SYNC, .nth = 1, .count = FAULT_LASTS});
	entry_init(&entry, "e", 1, 1);
	(void)entries_run(&rig, &entry, 1);
	job_check(&entry.job, 500, ERR_OUTCOME_UNKNOWN, false);
	for (int i = 0; i < 3; i++) {
		engine_tick(rig.engine);
		ck_assert(!engine_is_healthy(rig.engine));
		(void)entries_run(&rig, &entry, 1);
		job_check(&entry.job, 503, ERR_STORAGE_UNAVAILABLE, false);
	}
	(void)fault_disarm();
	recover();
	check_works("after");
	job_release(&entry.job);
}
END_TEST

/* ---- the n-th call fails, for each n ---- */

#define BATCHES 3
#define BATCH_JOBS 4 /* the last has no key */
#define NAME_SIZE 48

struct attempt {
	char name[NAME_SIZE];
	struct entry first, again;
};

static const struct fault_plan every_call[] = {
	{.calls = FAULT_ANY, .count = 1},
	{.calls = FAULT_ANY, .count = 2}, /* the recovery's first call too */
	{.calls = FAULT_ANY, .count = 7}, /* and in its middle */
	{.calls = FAULT_ANY, .count = FAULT_LASTS},
	{.calls = FAULT_WRITE, .count = 1, .tears = true},
	{.calls = FAULT_WRITE, .count = FAULT_LASTS, .tears = true},
};

static void attempt_init(struct attempt *attempt, int64_t nth, int batch, int job)
{
	uint64_t account =
		(uint64_t)nth * BATCHES * BATCH_JOBS + (uint64_t)(batch * BATCH_JOBS + job);

	(void)snprintf(attempt->name, sizeof(attempt->name), "n%lld-batch%d-job%d", (long long)nth,
	               batch, job);
	entry_init(&attempt->first, attempt->name, account + 1, 1);
	entry_init(&attempt->again, attempt->name, account + 1, 1);
	if (job == BATCH_JOBS - 1)
		return;
	job_set_key(&attempt->first.job, &rig, "", attempt->name, attempt->name);
	job_set_key(&attempt->again.job, &rig, "", attempt->name, attempt->name);
}

/* Batches and ticks with keys to expire, as the writer calls them. */
static void run_batches(struct attempt attempts[BATCHES][BATCH_JOBS])
{
	for (int batch = 0; batch < BATCHES; batch++) {
		struct job *jobs[BATCH_JOBS];

		for (int job = 0; job < BATCH_JOBS; job++)
			jobs[job] = &attempts[batch][job].first.job;
		(void)rig_run(&rig, jobs, BATCH_JOBS);
		engine_tick(rig.engine);
	}
}

/* What was told is true. */
static void check_told(const struct attempt *attempt)
{
	const struct answer *answer = &attempt->first.job.answer;
	int64_t count = entry_count(&rig, attempt->name);

	switch (answer->status) {
	case 200: ck_assert_msg(count == 1, "%s acknowledged", attempt->name); break;
	case 503: ck_assert_msg(count == 0, "%s not executed", attempt->name); break;
	default:
		job_check(&attempt->first.job, 500, ERR_OUTCOME_UNKNOWN, false);
		ck_assert_msg(count == 0 || count == 1, "%s unknown", attempt->name);
	}
}

/* The same call with the same key leads to one effect and one answer, whatever happened. */
static void repeat(struct attempt *attempt)
{
	const struct answer *first = &attempt->first.job.answer;
	const struct answer *again = &attempt->again.job.answer;

	if (attempt->again.job.key.key.ptr == NULL)
		return;
	(void)entries_run(&rig, &attempt->again, 1);
	ck_assert_int_eq(again->status, 200);
	ck_assert_int_eq(entry_count(&rig, attempt->name), 1);
	if (first->status != 200)
		return;
	ck_assert(again->replayed);
	ck_assert_str_eq(buf_str(&again->body), buf_str(&first->body));
}

/* True when the n-th call was reached. */
static bool fail_nth(const struct fault_plan *kind, int64_t nth)
{
	struct attempt attempts[BATCHES][BATCH_JOBS], *all = &attempts[0][0];
	struct fault_plan plan = *kind;
	bool struck;

	for (int i = 0; i < BATCHES * BATCH_JOBS; i++)
		attempt_init(&all[i], nth, i / BATCH_JOBS, i % BATCH_JOBS);
	reopen();                   /* so that nothing is cached */
	world.now_us += KEY_TTL_US; /* the keys of the run before expire */
	plan.nth = nth;
	fault_arm(&plan);
	run_batches(attempts);
	struck = fault_disarm();
	recover();
	entries_check(&rig);
	for (int i = 0; i < BATCHES * BATCH_JOBS; i++)
		check_told(&all[i]);
	reopen(); /* what the disk holds */
	entries_check(&rig);
	for (int i = 0; i < BATCHES * BATCH_JOBS; i++) {
		check_told(&all[i]);
		repeat(&all[i]);
		job_release(&all[i].first.job);
		job_release(&all[i].again.job);
	}
	return struck;
}

START_TEST(whichever_call_fails_what_was_told_is_true)
{
	int64_t nth = 1;

	while (fail_nth(&every_call[_i], nth))
		ck_assert_int_lt(nth++, CALLS_MAX);
	ck_assert_int_gt(nth, BATCHES); /* each commit has calls of its own */
}
END_TEST

static Suite *engine_faults_suite(void)
{
	Suite *suite = suite_create("engine_faults");
	TCase *cases = tcase_create("engine_faults");

	fixture_add(cases);
	tcase_set_timeout(cases, TIMEOUT_S);
	tcase_add_checked_fixture(cases, setup, teardown);
	tcase_add_loop_test(cases, an_unknown_commit_is_told_and_then_recovered_from, 0,
	                    ARRAY_LEN(unknown_commits));
	tcase_add_test(cases, a_load_that_fails_stores_nothing);
	tcase_add_test(cases, an_answer_that_was_ready_is_not_told_when_the_commit_fails);
	tcase_add_test(cases, a_checkpoint_that_fails_is_recovered_from);
	tcase_add_test(cases, nothing_is_written_while_the_disk_stays_broken);
	tcase_add_loop_test(cases, whichever_call_fails_what_was_told_is_true, 0,
	                    ARRAY_LEN(every_call));
	suite_add_tcase(suite, cases);
	return suite;
}

TEST_MAIN(engine_faults_suite)
