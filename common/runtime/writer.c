/* writer.c - the queue in front of the engine and its thread. `pending` counts from writer_reserve
 * to done(), so that the bound holds for everything that is under way, and a reserved place is
 * never refused. */
#include "runtime/writer.h"

#include "runtime/log.h"
#include "runtime/metrics.h"

#include <pthread.h>
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
	struct job *first, *last;
	bool stopping;
};

static _Atomic int64_t pending; /* of the process's one writer */
static _Atomic int64_t refused;

static struct metric writer_metrics[] = {
	{"queue_depth_commands", METRIC_GAUGE, "Commands that wait for their commit.",
         metric_collect_value, &pending, NULL},
	{"queue_full_total", METRIC_COUNTER, "Commands refused because the queue was full.",
         metric_collect_value, &refused, NULL},
};

/* Moves what waits in the queue into the batch, behind what the last batch postponed. */
static void take(struct writer *writer)
{
	writer->batch = writer->later;
	writer->later.count = 0;
	while (writer->first != NULL && writer->batch.count < BATCH_MAX) {
		struct job *job = writer->first;

		writer->first = job->next;
		job->next = NULL;
		writer->batch.jobs[writer->batch.count++] = job;
	}
}

/* Waits for a command, at most until the next tick. True when there is one. */
static bool wait_for_work(struct writer *writer, int64_t next_tick_us)
{
	struct timespec until = {.tv_sec = next_tick_us / US_PER_S,
	                         .tv_nsec = next_tick_us % US_PER_S * 1000};

	while (writer->first == NULL && !writer->stopping)
		if (pthread_cond_timedwait(&writer->published, &writer->mutex, &until) != 0)
			break;
	return writer->first != NULL;
}

static void hand_back(struct writer *writer)
{
	for (size_t i = 0; i < writer->batch.count; i++) {
		struct job *job = writer->batch.jobs[i];

		atomic_fetch_sub(&pending, 1);
		job->done(job);
	}
	if (writer->after_batch != NULL)
		writer->after_batch(writer->arg);
}

static bool run_once(struct writer *writer, int64_t *next_tick_us)
{
	bool ended;

	pthread_mutex_lock(&writer->mutex);
	if (writer->later.count == 0)
		(void)wait_for_work(writer, *next_tick_us);
	take(writer);
	ended = writer->stopping && writer->batch.count == 0;
	pthread_mutex_unlock(&writer->mutex);

	if (writer->batch.count > 0) {
		engine_run(writer->engine, &writer->batch, &writer->later);
		hand_back(writer);
		engine_tend(writer->engine);
	}
	if (env_monotonic_us(writer->env) >= *next_tick_us) {
		engine_tick(writer->engine);
		log_flush();
		*next_tick_us = env_monotonic_us(writer->env) + TICK_US;
	}
	return !ended;
}

static void *run(void *arg)
{
	struct writer *writer = arg;
	int64_t next_tick_us = env_monotonic_us(writer->env) + TICK_US;

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
	writer->after_batch = after_batch;
	writer->arg = arg;
	pthread_mutex_init(&writer->mutex, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&writer->published, &monotonic);
	pthread_condattr_destroy(&monotonic);
	for (size_t i = 0; i < ARRAY_LEN(writer_metrics); i++)
		metric_register(&writer_metrics[i]);
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

void writer_publish(struct writer *writer, struct job *job)
{
	bool was_empty;

	ensure(job->done != NULL && job->kind != NULL);
	job->next = NULL;
	pthread_mutex_lock(&writer->mutex);
	was_empty = writer->first == NULL;
	if (was_empty)
		writer->first = job;
	else
		writer->last->next = job;
	writer->last = job;
	pthread_mutex_unlock(&writer->mutex);
	if (was_empty)
		pthread_cond_signal(&writer->published);
}

void writer_stop(struct writer *writer)
{
	atomic_store(&writer->closed, true);
	pthread_mutex_lock(&writer->mutex);
	writer->stopping = true;
	pthread_cond_signal(&writer->published);
	pthread_mutex_unlock(&writer->mutex);
	pthread_join(writer->thread, NULL);
	ensure(atomic_load(&pending) == 0);
	pthread_cond_destroy(&writer->published);
	pthread_mutex_destroy(&writer->mutex);
	free(writer);
}
