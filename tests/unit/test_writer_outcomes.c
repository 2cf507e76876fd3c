/* test_writer_outcomes.c - the writer's thread and the commands whose outcome is open: each comes
 * back exactly once, by what settles it, by time, or by the end. */
#include "runtime/writer.h"

#include <semaphore.h>

#include "unit/unit.h"
#include "unit/wish_fixture.h"

#define TIMEOUT_S 120 /* of a test, on a slow machine with a sanitizer */
#define QUEUE_MAX 2
#define WISHES 16

static struct rig rig;
static struct writer *writer;
static sem_t came_back, batch_ended;

struct returning {
	struct wish wish;
	int64_t times; /* the writer's thread's, until came_back or the writer's end */
};

static struct returning wishes[WISHES];

static void note_batch(void *arg)
{
	(void)arg;
	(void)sem_post(&batch_ended);
}

static void setup(void)
{
	ck_assert_int_eq(sem_init(&came_back, 0, 0), 0);
	ck_assert_int_eq(sem_init(&batch_ended, 0, 0), 0);
}

static void start(int64_t outcome_wait_us)
{
	rig.outcome_wait_us = outcome_wait_us;
	wishes_open(&rig, &env_system);
	writer = writer_start(rig.engine, &env_system, QUEUE_MAX, note_batch, NULL);
	ck_assert_ptr_nonnull(writer);
}

static void stop(size_t wishes_count)
{
	writer_stop(writer);
	for (size_t i = 0; i < wishes_count; i++) {
		ck_assert_int_eq(wishes[i].times, 1);
		job_release(&wishes[i].wish.job);
	}
	rig_check_journal(&rig);
	rig_close(&rig);
}

static void wait_for(sem_t *semaphore)
{
	while (sem_wait(semaphore) != 0)
		continue; /* interrupted */
}

static void count_done(struct job *job)
{
	((struct returning *)job->owner)->times++;
	(void)sem_post(&came_back);
}

/* Publishes it and waits for the end of its batch. */
static struct job *publish(size_t i, enum wish_kind what, int64_t number)
{
	struct job *job = &wishes[i].wish.job;

	wish_init(&wishes[i].wish, what, "w", number);
	job->owner = &wishes[i];
	job->done = count_done;
	ck_assert_int_eq(writer_reserve(writer), ERR_NONE);
	writer_publish(writer, job);
	wait_for(&batch_ended);
	return job;
}

START_TEST(what_is_settled_comes_back)
{
	start(3600 * US_PER_S);
	(void)publish(0, WISH_OPEN, 0);
	(void)publish(1, WISH_SETTLE, 1);
	wait_for(&came_back);
	wait_for(&came_back);
	job_check(&wishes[0].wish.job, 200, ERR_NONE, false);
	ck_assert(job_says(&wishes[0].wish.job, "granted"));
	stop(2);
}
END_TEST

START_TEST(what_is_open_comes_back_in_time)
{
	start(20 * US_PER_MS);
	(void)publish(0, WISH_OPEN, 0);
	wait_for(&came_back);
	job_check(&wishes[0].wish.job, 202, ERR_NONE, false);
	stop(1);
}
END_TEST

START_TEST(who_asked_runs_again)
{
	start(3600 * US_PER_S);
	(void)publish(0, WISH_OPEN, 0);
	(void)publish(1, WISH_ASK, 1);
	(void)publish(2, WISH_LOOKED_AT, 1);
	wait_for(&came_back);
	wait_for(&came_back);
	job_check(&wishes[1].wish.job, 202, ERR_NONE, false);
	ck_assert(wishes[1].wish.job.runs_again);
	stop(3);
}
END_TEST

START_TEST(who_waits_takes_no_place_in_the_queue)
{
	start(3600 * US_PER_S);
	for (size_t i = 0; i < WISHES; i++)
		(void)publish(i, WISH_OPEN, 0); /* reserves, which must succeed */
	stop(WISHES);
}
END_TEST

START_TEST(nobody_waits_once_it_hurries)
{
	start(3600 * US_PER_S);
	(void)publish(0, WISH_OPEN, 0);
	writer_hurry(writer);
	wait_for(&came_back);
	job_check(&wishes[0].wish.job, 202, ERR_NONE, false);
	(void)publish(1, WISH_OPEN, 0);
	wait_for(&came_back);
	job_check(&wishes[1].wish.job, 202, ERR_NONE, false);
	stop(2);
}
END_TEST

static Suite *writer_outcomes_suite(void)
{
	Suite *suite = suite_create("writer_outcomes");
	TCase *cases = tcase_create("writer_outcomes");

	fixture_add(cases);
	tcase_set_timeout(cases, TIMEOUT_S);
	tcase_add_checked_fixture(cases, setup, NULL);
	tcase_add_test(cases, what_is_settled_comes_back);
	tcase_add_test(cases, what_is_open_comes_back_in_time);
	tcase_add_test(cases, who_asked_runs_again);
	tcase_add_test(cases, who_waits_takes_no_place_in_the_queue);
	tcase_add_test(cases, nobody_waits_once_it_hurries);
	suite_add_tcase(suite, cases);
	return suite;
}

TEST_MAIN(writer_outcomes_suite)
