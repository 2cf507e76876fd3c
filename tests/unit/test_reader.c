/* test_reader.c - the reader threads: every job runs once, too many are refused, stop forgets none.
 */
#include "runtime/reader.h"

#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <string.h>

#include "unit/store_fixture.h"
#include "unit/unit.h"

#define TIMEOUT_S 60 /* of a test, on a slow machine with a sanitizer */
#define EVENTS 5
#define THREADS READER_THREADS_MAX

static const struct statement count_events = {"SELECT count(*) FROM journal", NULL};

static struct store store;
static struct readers *readers;
static sem_t is_held, may_go_on, came_back;

static void setup(void)
{
	struct journal *journal;
	struct buf AUTO_BUF why;

	buf_init(&why, 1024);
	store = fixture_store();
	journal = journal_new(store.source);
	fixture_events(&store, journal, EVENTS);
	journal_free(journal);
	readers = readers_start(fixture_url("store.db"), THREADS, &why);
	ck_assert_msg(readers != NULL, "%s", buf_str(&why));
	ck_assert_int_eq(sem_init(&is_held, 0, 0), 0);
	ck_assert_int_eq(sem_init(&may_go_on, 0, 0), 0);
	ck_assert_int_eq(sem_init(&came_back, 0, 0), 0);
}

static void teardown(void)
{
	store_close(&store);
}

static void wait_for(sem_t *semaphore, size_t times)
{
	for (size_t i = 0; i < times; i++)
		while (sem_wait(semaphore) != 0)
			continue; /* interrupted */
}

struct count_job {
	struct reader_job job;
	pthread_t submitter;
	bool is_holding; /* its reader waits for may_go_on */
	/* Of the thread that runs it, until it is done. */
	bool ran_elsewhere;
	int64_t events;
	int ran, done;
};

static void note_count(void *arg, const struct db_row *row)
{
	*(int64_t *)arg = db_int(row, 0);
}

static void run(struct reader_job *job, struct db *db)
{
	struct count_job *own = job->owner;

	if (own->is_holding) {
		(void)sem_post(&is_held);
		wait_for(&may_go_on, 1);
	}
	DB_SEND0(db, &count_events, note_count, &own->events);
	if (db_flush(db) != DB_OK)
		own->events = -1;
	own->ran_elsewhere = pthread_equal(pthread_self(), own->submitter) == 0;
	own->ran++;
}

static void done(struct reader_job *job)
{
	struct count_job *own = job->owner;

	own->done += own->ran; /* done comes after run */
	(void)sem_post(&came_back);
}

/* Of two subjects in turn, since one may have half of the queue. */
static void submit(struct count_job *job, bool is_holding)
{
	static uint64_t submitted;

	submitted++;
	*job = (struct count_job){
		.job = {.owner = job, .run = run, .done = done, .subject = submitted % 2},
		.submitter = pthread_self(),
		.is_holding = is_holding};
	ck_assert_int_eq(readers_submit(readers, &job->job), ERR_NONE);
}

static void check_ran(const struct count_job *jobs, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		ck_assert_int_eq(jobs[i].events, EVENTS);
		ck_assert_int_eq(jobs[i].ran, 1);
		ck_assert_int_eq(jobs[i].done, 1);
		ck_assert(jobs[i].ran_elsewhere);
	}
}

START_TEST(every_job_runs_once_on_a_thread_of_its_own)
{
	static struct count_job jobs[READER_QUEUE_MAX];

	for (size_t i = 0; i < ARRAY_LEN(jobs); i++)
		submit(&jobs[i], false);
	wait_for(&came_back, ARRAY_LEN(jobs));
	readers_stop(readers);
	check_ran(jobs, ARRAY_LEN(jobs));
}
END_TEST

/* Both readers wait in a job, and the queue is full. */
static void fill(struct count_job jobs[THREADS + READER_QUEUE_MAX])
{
	for (size_t i = 0; i < THREADS; i++)
		submit(&jobs[i], true);
	wait_for(&is_held, THREADS);
	for (size_t i = THREADS; i < THREADS + READER_QUEUE_MAX; i++)
		submit(&jobs[i], false);
}

static void let_go(void)
{
	for (size_t i = 0; i < THREADS; i++)
		(void)sem_post(&may_go_on);
}

START_TEST(a_full_queue_refuses_and_recovers)
{
	static struct count_job jobs[THREADS + READER_QUEUE_MAX], one_more;

	fill(jobs);
	one_more.job = (struct reader_job){.owner = &one_more, .run = run, .done = done};
	ck_assert_int_eq(readers_submit(readers, &one_more.job), ERR_OVERLOADED);
	let_go();
	wait_for(&came_back, ARRAY_LEN(jobs));
	submit(&one_more, false);
	readers_stop(readers);
	check_ran(jobs, ARRAY_LEN(jobs));
	check_ran(&one_more, 1);
}
END_TEST

/* One reader, held by its first job; the order in which the others ran. */
static struct count_job *order[8];
static size_t order_count;

static void note_order(struct reader_job *job, struct db *db)
{
	run(job, db);
	order[order_count++] = job->owner;
}

static void submit_of(struct count_job *job, uint64_t subject)
{
	*job = (struct count_job){
		.job = {.owner = job, .run = note_order, .done = done, .subject = subject},
		.submitter = pthread_self()};
	ck_assert_int_eq(readers_submit(readers, &job->job), ERR_NONE);
}

START_TEST(who_has_many_waiting_is_passed_by_who_has_one)
{
	struct buf AUTO_BUF why;
	static struct count_job greedy[4], polite, third[2], held;
	const struct count_job *const wanted[] = {&greedy[0], &polite,    &third[0], &greedy[1],
	                                          &third[1],  &greedy[2], &greedy[3]};

	readers_stop(readers);
	buf_init(&why, 1024);
	readers = readers_start(fixture_url("store.db"), 1, &why);
	submit(&held, true);
	wait_for(&is_held, 1);
	for (size_t i = 0; i < ARRAY_LEN(greedy); i++)
		submit_of(&greedy[i], 100);
	submit_of(&polite, 200);
	for (size_t i = 0; i < ARRAY_LEN(third); i++)
		submit_of(&third[i], 300);
	(void)sem_post(&may_go_on);
	wait_for(&came_back, 1 + ARRAY_LEN(wanted));
	readers_stop(readers);
	for (size_t i = 0; i < ARRAY_LEN(wanted); i++)
		ck_assert_msg(order[i] == wanted[i], "place %zu", i);
}
END_TEST

START_TEST(half_of_the_queue_is_one_subject_s_at_most)
{
	static struct count_job held[THREADS], jobs[READER_QUEUE_MAX / 2], more, other;

	for (size_t i = 0; i < THREADS; i++)
		submit(&held[i], true);
	wait_for(&is_held, THREADS);
	for (size_t i = 0; i < ARRAY_LEN(jobs); i++) {
		jobs[i].job = (struct reader_job){
			.owner = &jobs[i], .run = run, .done = done, .subject = 7};
		ck_assert_int_eq(readers_submit(readers, &jobs[i].job), ERR_NONE);
	}
	more.job = (struct reader_job){.owner = &more, .run = run, .done = done, .subject = 7};
	ck_assert_int_eq(readers_submit(readers, &more.job), ERR_OVERLOADED);
	submit(&other, false);
	let_go();
	wait_for(&came_back, THREADS + ARRAY_LEN(jobs) + 1);
	readers_stop(readers);
	ck_assert_int_eq(more.ran, 0);
	ck_assert_int_eq(other.ran, 1);
}
END_TEST

static void *release_when_stopping(void *arg)
{
	while (readers_submit(readers, arg) != ERR_SHUTTING_DOWN)
		(void)sched_yield(); /* the queue is full: the job is not taken */
	let_go();
	return NULL;
}

START_TEST(stop_runs_all_that_waits)
{
	static struct count_job jobs[THREADS + READER_QUEUE_MAX], late;
	pthread_t helper;

	fill(jobs);
	late.job = (struct reader_job){.owner = &late, .run = run, .done = done};
	ck_assert_int_eq(pthread_create(&helper, NULL, release_when_stopping, &late.job), 0);
	readers_stop(readers);
	ck_assert_int_eq(pthread_join(helper, NULL), 0);
	check_ran(jobs, ARRAY_LEN(jobs));
	ck_assert_int_eq(late.ran, 0);
}
END_TEST

static void run_endless(struct reader_job *job, struct db *db)
{
	static const struct statement endless = {
		"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
		"SELECT count(*) FROM n",
		NULL};
	struct count_job *own = job->owner;

	(void)sem_post(&is_held);
	DB_SEND0(db, &endless, note_count, &own->events);
	own->events = db_flush(db) == DB_FAILED ? -1 : 0;
	own->ran++;
}

START_TEST(an_interrupt_ends_what_reads_and_what_waits)
{
	struct count_job jobs[THREADS + 1];

	for (size_t i = 0; i < ARRAY_LEN(jobs); i++) {
		jobs[i] = (struct count_job){
			.job = {.owner = &jobs[i], .run = run_endless, .done = done}};
		ck_assert_int_eq(readers_submit(readers, &jobs[i].job), ERR_NONE);
	}
	wait_for(&is_held, THREADS);
	readers_interrupt(readers);
	wait_for(&came_back, ARRAY_LEN(jobs));
	for (size_t i = 0; i < ARRAY_LEN(jobs); i++)
		ck_assert_int_eq(jobs[i].events, -1);
	readers_stop(readers);
}
END_TEST

START_TEST(a_store_that_does_not_open_is_told)
{
	struct buf AUTO_BUF why;

	buf_init(&why, 1024);
	ck_assert_ptr_null(readers_start(fixture_url("none.db"), THREADS, &why));
	ck_assert_ptr_nonnull(strstr(buf_str(&why), "does not exist"));
	readers_stop(readers);
}
END_TEST

static Suite *reader_suite(void)
{
	Suite *suite = suite_create("reader");
	TCase *cases = tcase_create("reader");

	fixture_add(cases);
	tcase_set_timeout(cases, TIMEOUT_S);
	tcase_add_checked_fixture(cases, setup, teardown);
	tcase_add_test(cases, every_job_runs_once_on_a_thread_of_its_own);
	tcase_add_test(cases, a_full_queue_refuses_and_recovers);
	tcase_add_test(cases, who_has_many_waiting_is_passed_by_who_has_one);
	tcase_add_test(cases, half_of_the_queue_is_one_subject_s_at_most);
	tcase_add_test(cases, stop_runs_all_that_waits);
	tcase_add_test(cases, an_interrupt_ends_what_reads_and_what_waits);
	tcase_add_test(cases, a_store_that_does_not_open_is_told);
	suite_add_tcase(suite, cases);
	return suite;
}

TEST_MAIN(reader_suite)
