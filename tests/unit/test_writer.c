/* test_writer.c - the queue in front of the engine: bounded, and nothing published is ever lost. */
#include "runtime/writer.h"

#include <pthread.h>
#include <sched.h>
#include <semaphore.h>

#include "unit/engine_fixture.h"
#include "unit/fault_vfs.h"
#include "unit/unit.h"

#define TIMEOUT_S 120 /* of a test, on a slow machine with a sanitizer */
#define THREADS 4
#define JOBS 400   /* a thread's */
#define ACCOUNTS 7 /* few, so that jobs meet; an account takes ENTRY_TOTAL_MAX entries */
#define QUEUE_MAX 8

static struct rig rig;
static struct writer *writer;
static sem_t came_back; /* counts done() */
static _Atomic int64_t batches;

static void note_batch(void *arg)
{
	(void)arg;
	batches++;
}

static void start(int64_t queue_max)
{
	writer = writer_start(rig.engine, &env_system, queue_max, note_batch, NULL);
	ck_assert_ptr_nonnull(writer);
}

static void setup(void)
{
	fault_install();
	entries_open(&rig, &env_system);
	ck_assert_int_eq(sem_init(&came_back, 0, 0), 0);
}

static void teardown(void)
{
	entries_check(&rig);
	rig_close(&rig);
}

static void wait_for(sem_t *semaphore, size_t times)
{
	for (size_t i = 0; i < times; i++)
		while (sem_wait(semaphore) != 0)
			continue; /* interrupted */
}

/* ---- entries that count how often they come back ---- */

struct returning {
	struct entry entry;
	int64_t times; /* the writer's thread's, until it is stopped */
};

static void count_done(struct job *job)
{
	((struct returning *)job->owner)->times++;
	(void)sem_post(&came_back);
}

static void returning_init(struct returning *job, uint64_t account)
{
	entry_init(&job->entry, "e", account, 1);
	job->entry.job.owner = job;
	job->entry.job.done = count_done;
	job->times = 0;
}

static void check_returned(struct returning *jobs, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		ck_assert_int_eq(jobs[i].times, 1);
		job_release(&jobs[i].entry.job);
	}
}

static void publish(struct returning *job)
{
	ck_assert_int_eq(writer_reserve(writer), ERR_NONE);
	writer_publish(writer, &job->entry.job);
}

START_TEST(a_full_queue_refuses_and_recovers)
{
	struct returning jobs[QUEUE_MAX + 1];

	start(QUEUE_MAX);
	for (uint64_t i = 0; i < QUEUE_MAX + 1; i++)
		returning_init(&jobs[i], i + 1);
	for (size_t i = 0; i < QUEUE_MAX; i++)
		ck_assert_int_eq(writer_reserve(writer), ERR_NONE);
	ck_assert_int_eq(writer_reserve(writer), ERR_OVERLOADED);
	ck_assert_int_eq(writer_reserve(writer), ERR_OVERLOADED); /* a refusal takes no place */
	for (size_t i = 0; i < QUEUE_MAX; i++)
		writer_publish(writer, &jobs[i].entry.job);
	wait_for(&came_back, QUEUE_MAX);
	publish(&jobs[QUEUE_MAX]);
	writer_stop(writer);
	check_returned(jobs, ARRAY_LEN(jobs));
	ck_assert_int_eq(entry_count(&rig, "e"), QUEUE_MAX + 1);
}
END_TEST

static void *publish_many(void *arg)
{
	struct returning *jobs = arg;

	for (size_t i = 0; i < JOBS; i++) {
		enum error error;

		while ((error = writer_reserve(writer)) == ERR_OVERLOADED)
			(void)sched_yield();
		if (error != ERR_NONE)
			break; /* check_returned tells */
		writer_publish(writer, &jobs[i].entry.job);
	}
	return NULL;
}

START_TEST(everything_published_comes_back_exactly_once)
{
	static struct returning jobs[THREADS][JOBS];
	pthread_t threads[THREADS];
	size_t accepted = 0;

	start(QUEUE_MAX);
	for (size_t i = 0; i < THREADS * JOBS; i++)
		returning_init(&jobs[i / JOBS][i % JOBS], i % ACCOUNTS + 1);
	for (size_t i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, publish_many, jobs[i]), 0);
	for (size_t i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
	writer_stop(writer);
	ck_assert_int_gt(batches, 0);
	for (size_t i = 0; i < THREADS * JOBS; i++) {
		const struct answer *answer = &jobs[i / JOBS][i % JOBS].entry.job.answer;

		ck_assert_int_eq(answer->error,
		                 answer->status == 200 ? ERR_NONE : ERR_INVALID_STATE);
		accepted += answer->status == 200;
	}
	check_returned(&jobs[0][0], THREADS * JOBS);
	ck_assert_uint_eq(accepted, ACCOUNTS * ENTRY_TOTAL_MAX);
	ck_assert_int_eq(entry_count(&rig, "e"), ACCOUNTS * ENTRY_TOTAL_MAX);
}
END_TEST

/* ---- a writer that is held up in its batch ---- */

static sem_t is_held, may_go_on;

static void hold_first(const struct entry *entry)
{
	if (entry->account != 1)
		return;
	(void)sem_post(&is_held);
	wait_for(&may_go_on, 1);
}

static void hold_writer(struct returning *first)
{
	ck_assert_int_eq(sem_init(&is_held, 0, 0), 0);
	ck_assert_int_eq(sem_init(&may_go_on, 0, 0), 0);
	entry_committed = hold_first;
	publish(first);
	wait_for(&is_held, 1);
}

START_TEST(what_waits_meanwhile_is_one_batch)
{
	struct returning jobs[QUEUE_MAX];

	start(QUEUE_MAX);
	for (uint64_t i = 0; i < QUEUE_MAX; i++)
		returning_init(&jobs[i], i + 1);
	hold_writer(&jobs[0]);
	for (size_t i = 1; i < QUEUE_MAX; i++)
		publish(&jobs[i]);
	(void)sem_post(&may_go_on);
	writer_stop(writer);
	check_returned(jobs, ARRAY_LEN(jobs));
	ck_assert_int_eq(batches, 2);
}
END_TEST

static void *release_when_stopping(void *arg)
{
	(void)arg;
	while (writer_reserve(writer) != ERR_SHUTTING_DOWN)
		(void)sched_yield(); /* the queue is full: no place is taken */
	(void)sem_post(&may_go_on);
	return NULL;
}

START_TEST(stop_executes_all_that_was_published)
{
	struct returning jobs[QUEUE_MAX];
	pthread_t helper;

	start(QUEUE_MAX);
	for (uint64_t i = 0; i < QUEUE_MAX; i++)
		returning_init(&jobs[i], i == 0 ? 1 : 2); /* one batch for each */
	hold_writer(&jobs[0]);
	for (size_t i = 1; i < QUEUE_MAX; i++)
		publish(&jobs[i]);
	ck_assert_int_eq(pthread_create(&helper, NULL, release_when_stopping, NULL), 0);
	writer_stop(writer);
	ck_assert_int_eq(pthread_join(helper, NULL), 0);
	check_returned(jobs, ARRAY_LEN(jobs));
	ck_assert_int_eq(batches, QUEUE_MAX);
	ck_assert_int_eq(entry_count(&rig, "e"), QUEUE_MAX);
}
END_TEST

START_TEST(an_idle_writer_stops)
{
	start(QUEUE_MAX);
	writer_stop(writer);
	ck_assert_int_eq(batches, 0);
}
END_TEST

START_TEST(a_broken_disk_refuses_until_a_tick_recovers)
{
	struct returning jobs[2];
	enum error error;

	start(QUEUE_MAX);
	returning_init(&jobs[0], 1);
	returning_init(&jobs[1], 2);
	fault_arm(&(struct fault_plan){.calls = FAULT_SYNC, .nth = 1, .count = FAULT_LASTS});
	publish(&jobs[0]);
	wait_for(&came_back, 1);
	job_check(&jobs[0].entry.job, 500, ERR_OUTCOME_UNKNOWN, false);
	ck_assert_int_eq(writer_reserve(writer), ERR_STORAGE_UNAVAILABLE);
	ck_assert(fault_disarm());
	while ((error = writer_reserve(writer)) == ERR_STORAGE_UNAVAILABLE)
		(void)sched_yield(); /* the writer's next tick is within a second */
	ck_assert_int_eq(error, ERR_NONE);
	writer_publish(writer, &jobs[1].entry.job);
	writer_stop(writer);
	job_check(&jobs[1].entry.job, 200, ERR_NONE, false);
	check_returned(jobs, ARRAY_LEN(jobs));
}
END_TEST

static Suite *writer_suite(void)
{
	Suite *suite = suite_create("writer");
	TCase *cases = tcase_create("writer");

	fixture_add(cases);
	tcase_set_timeout(cases, TIMEOUT_S);
	tcase_add_checked_fixture(cases, setup, teardown);
	tcase_add_test(cases, a_full_queue_refuses_and_recovers);
	tcase_add_test(cases, everything_published_comes_back_exactly_once);
	tcase_add_test(cases, what_waits_meanwhile_is_one_batch);
	tcase_add_test(cases, stop_executes_all_that_was_published);
	tcase_add_test(cases, an_idle_writer_stops);
	tcase_add_test(cases, a_broken_disk_refuses_until_a_tick_recovers);
	suite_add_tcase(suite, cases);
	return suite;
}

TEST_MAIN(writer_suite)
