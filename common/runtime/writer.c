/* writer.c - the queue in front of the engine and its thread. `pending` counts from writer_reserve
 * until the command was executed, so that the bound holds for everything that is under way, and a
 * reserved place is never refused. Who waits for an open outcome after that takes no place: the
 * connections bound how many they are. */
#include "runtime/writer.h"

#include "runtime/log.h"
#include "runtime/metrics.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <time.h>

#define TICK_US US_PER_S

struct writer {
	struct engine *engine;
	const struct env *env;
	int64_t queue_max;
	void (*after_batch)(void *arg);
	void *arg;
	pthread_t thread;
	_Atomic bool closed;
	struct batch batch, later; /* the thread's */
	pthread_mutex_t mutex;     /* guards the rest */
	pthread_cond_t published;
	struct job_queue queue;
	bool hurrying, stopping;
};

static _Atomic int64_t pending; /* of the process's one writer */
static _Atomic int64_t refused;
static _Atomic int64_t places;

static struct metric writer_metrics[] = {
	{"queue_depth_commands", METRIC_GAUGE, "Commands that wait for their commit.",
         metric_collect_value, &pending, NULL},
	{"queue_max_commands", METRIC_GAUGE, "Commands that may wait for their commit.",
         metric_collect_value, &places, NULL},
	{"queue_full_total", METRIC_COUNTER, "Commands refused because the queue was full.",
         metric_collect_value, &refused, NULL},
};

void writer_register_metrics(void)
{
	for (size_t i = 0; i < ARRAY_LEN(writer_metrics); i++)
		metric_register(&writer_metrics[i]);
}

/* Moves what waits in the queue into the batch, behind what the last batch postponed. */
static void take(struct writer *writer)
{
	writer->batch = writer->later;
	writer->later.count = 0;
	while (writer->queue.first != NULL && writer->batch.count < BATCH_MAX)
		writer->batch.jobs[writer->batch.count++] = job_queue_take(&writer->queue);
}

/* When the next parked job is to be handed back; INT64_MAX: none is parked. */
static int64_t next_parked_us(const struct writer *writer)
{
	int64_t next_us = INT64_MAX;

	for (enum engine_parking i = 0; i < PARKINGS; i++) {
		int64_t own_us = parking_next_us(engine_parking(writer->engine, i));

		next_us = own_us < next_us ? own_us : next_us;
	}
	return next_us;
}

/* Waits for a command, at most until the next tick, and no longer than an open outcome may be
 * waited for. */
static void wait_for_work(struct writer *writer, int64_t next_tick_us)
{
	int64_t next_us = next_parked_us(writer);
	int64_t until_us = next_us < next_tick_us ? next_us : next_tick_us;
	struct timespec until = {.tv_sec = until_us / US_PER_S,
	                         .tv_nsec = until_us % US_PER_S * 1000};

	while (writer->queue.first == NULL && !writer->stopping &&
	       !(writer->hurrying && next_us != INT64_MAX))
		if (pthread_cond_timedwait(&writer->published, &writer->mutex, &until) != 0)
			break;
}

/* Who has an answer, and who runs again. */
static void hand_back_parked(struct writer *writer, struct parking *parking, bool hurrying)
{
	int64_t now_us = hurrying ? INT64_MAX : env_monotonic_us(writer->env);
	struct job *job;

	while ((job = parking_pop_ready(parking, now_us)) != NULL)
		job->done(job);
	while ((job = parking_pop_again(parking)) != NULL) {
		atomic_fetch_add(&pending, 1);
		writer_publish(writer, job);
	}
}

static void run_batch(struct writer *writer)
{
	size_t taken = writer->batch.count;

	engine_run(writer->engine, &writer->batch, &writer->later);
	atomic_fetch_sub(&pending, (int64_t)(taken - writer->later.count));
	for (size_t i = 0; i < writer->batch.count; i++)
		writer->batch.jobs[i]->done(writer->batch.jobs[i]);
	if (writer->after_batch != NULL)
		writer->after_batch(writer->arg);
}

static bool run_once(struct writer *writer, int64_t *next_tick_us)
{
	bool has_work, ended, hurrying;

	pthread_mutex_lock(&writer->mutex);
	if (writer->later.count == 0)
		wait_for_work(writer, *next_tick_us);
	take(writer);
	has_work = writer->batch.count > 0;
	ended = writer->stopping && !has_work;
	hurrying = writer->hurrying;
	pthread_mutex_unlock(&writer->mutex);

	if (has_work)
		run_batch(writer);
	for (enum engine_parking i = 0; i < PARKINGS; i++)
		hand_back_parked(writer, engine_parking(writer->engine, i), hurrying);
	if (has_work)
		engine_tend(writer->engine);
	if (env_monotonic_us(writer->env) >= *next_tick_us) {
		engine_tick(writer->engine);
		log_flush();
		*next_tick_us = env_monotonic_us(writer->env) + TICK_US;
	}
	return !ended;
}

/* One that wakes up does not interrupt the thread that goes on publishing: its batch would be of
 * one command. Where that is not allowed it is only a little slower. */
static void wait_ones_turn(void)
{
	const struct sched_param batch = {.sched_priority = 0};

	(void)sched_setscheduler(0, SCHED_BATCH, &batch);
}

static void *run(void *arg)
{
	struct writer *writer = arg;
	int64_t next_tick_us = env_monotonic_us(writer->env) + TICK_US;

	wait_ones_turn();
	while (run_once(writer, &next_tick_us))
		continue;
	return NULL;
}

struct writer *writer_start(struct engine *engine, const struct env *env, int64_t queue_max,
                            void (*after_batch)(void *arg), void *arg)
{
	struct writer *writer = calloc(1, sizeof(*writer));
	pthread_condattr_t monotonic;

	if (writer == NULL)
		return NULL;
	writer->engine = engine;
	writer->env = env;
	writer->queue_max = queue_max;
	atomic_store(&places, queue_max);
	writer->after_batch = after_batch;
	writer->arg = arg;
	pthread_mutex_init(&writer->mutex, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&writer->published, &monotonic);
	pthread_condattr_destroy(&monotonic);
	if (pthread_create(&writer->thread, NULL, run, writer) != 0) {
		free(writer);
		return NULL;
	}
	return writer;
}

enum error writer_reserve(struct writer *writer)
{
	if (atomic_load(&writer->closed))
		return ERR_SHUTTING_DOWN;
	if (!engine_is_healthy(writer->engine))
		return ERR_STORAGE_UNAVAILABLE;
	if (atomic_fetch_add(&pending, 1) >= writer->queue_max) {
		atomic_fetch_sub(&pending, 1);
		atomic_fetch_add(&refused, 1);
		return ERR_OVERLOADED;
	}
	return ERR_NONE;
}

void writer_cancel(struct writer *writer)
{
	(void)writer;
	atomic_fetch_sub(&pending, 1);
}

void writer_publish(struct writer *writer, struct job *job)
{
	bool was_empty;

	ensure(job->done != NULL && job->kind != NULL);
	pthread_mutex_lock(&writer->mutex);
	was_empty = writer->queue.first == NULL;
	job_queue_add(&writer->queue, job);
	pthread_mutex_unlock(&writer->mutex);
	if (was_empty)
		pthread_cond_signal(&writer->published);
}

void writer_hurry(struct writer *writer)
{
	pthread_mutex_lock(&writer->mutex);
	writer->hurrying = true;
	pthread_cond_signal(&writer->published);
	pthread_mutex_unlock(&writer->mutex);
}

void writer_stop(struct writer *writer)
{
	atomic_store(&writer->closed, true);
	pthread_mutex_lock(&writer->mutex);
	writer->hurrying = writer->stopping = true;
	pthread_cond_signal(&writer->published);
	pthread_mutex_unlock(&writer->mutex);
	pthread_join(writer->thread, NULL);
	ensure(atomic_load(&pending) == 0);
	pthread_cond_destroy(&writer->published);
	pthread_mutex_destroy(&writer->mutex);
	free(writer);
}
