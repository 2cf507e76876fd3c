/* worker.c - the bell and the loop. */
#include "runtime/worker.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "runtime/log.h"

struct worker {
	const struct work *work;
	void *arg;
	const struct env *env;
	pthread_t thread;
};

/* Rung by the writer's thread, also after the last command came back and the worker is gone: so it
 * is the process's, and stays. */
static struct {
	pthread_mutex_t mutex; /* guards the rest */
	pthread_cond_t was_rung;
	bool is_rung, stopping;
} bell = {.mutex = PTHREAD_MUTEX_INITIALIZER};

void worker_ring(void *arg)
{
	(void)arg;
	pthread_mutex_lock(&bell.mutex);
	bell.is_rung = true;
	pthread_cond_signal(&bell.was_rung);
	pthread_mutex_unlock(&bell.mutex);
}

/* Until the bell, at most so long. False: it is time to stop. */
static bool wait_for_bell(const struct env *env, int64_t wait_us)
{
	int64_t until_us = env_monotonic_us(env) + wait_us;
	struct timespec until = {.tv_sec = until_us / US_PER_S,
	                         .tv_nsec = until_us % US_PER_S * 1000};
	bool stopping;

	log_flush();
	pthread_mutex_lock(&bell.mutex);
	while (!bell.is_rung)
		if (pthread_cond_timedwait(&bell.was_rung, &bell.mutex, &until) != 0)
			break;
	bell.is_rung = false;
	stopping = bell.stopping;
	pthread_mutex_unlock(&bell.mutex);
	return !stopping;
}

static int64_t time_until(int64_t next_us, int64_t now_us)
{
	if (next_us <= now_us)
		return 0;
	return next_us - now_us < WORKER_WAIT_US_MAX ? next_us - now_us : WORKER_WAIT_US_MAX;
}

static void *run(void *arg)
{
	const struct worker *worker = arg;
	const struct work *work = worker->work;
	int64_t wait_us;

	do {
		int64_t next_us = work->turn(worker->arg, env_now_us(worker->env));

		wait_us = time_until(next_us, env_now_us(worker->env));
	} while (wait_for_bell(worker->env, wait_us));
	while (!work->is_idle(worker->arg))
		(void)wait_for_bell(worker->env, WORKER_WAIT_US_MAX);
	return NULL;
}

static void init_bell(void)
{
	pthread_condattr_t monotonic;

	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&bell.was_rung, &monotonic);
	pthread_condattr_destroy(&monotonic);
	bell.is_rung = bell.stopping = false;
}

struct worker *worker_start(const struct work *work, void *arg, const struct env *env,
                            struct buf *why)
{
	struct worker *worker = calloc(1, sizeof(*worker));

	if (worker == NULL) {
		buf_add_str(why, "There is not enough memory to start.");
		return NULL;
	}
	*worker = (struct worker){.work = work, .arg = arg, .env = env};
	init_bell();
	if (pthread_create(&worker->thread, NULL, run, worker) != 0) {
		buf_add_str(why, "A thread cannot be started: raise the limit of processes.");
		free(worker);
		return NULL;
	}
	return worker;
}

void worker_stop(struct worker *worker)
{
	pthread_mutex_lock(&bell.mutex);
	bell.stopping = true;
	pthread_mutex_unlock(&bell.mutex);
	worker_ring(NULL);
	pthread_join(worker->thread, NULL);
	free(worker);
}

static enum error reserve(void *arg)
{
	return writer_reserve(arg);
}

static void publish(void *arg, struct job *job)
{
	writer_publish(arg, job);
}

struct submitter worker_submitter(struct writer *writer)
{
	return (struct submitter){
		.reserve = reserve, .publish = publish, .came_back = worker_ring, .arg = writer};
}
