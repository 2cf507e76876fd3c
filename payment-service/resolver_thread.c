/* resolver_thread.c - a turn of the resolver whenever the bell was rung, or something is due. */
#include "resolver_thread.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "payment_commands.h"
#include "resolver.h"
#include "runtime/log.h"

/* What is due follows the wall clock, which may be set. */
#define WAIT_US_MAX (10 * US_PER_S)

struct resolver_thread {
	struct resolver *resolver;
	struct db *db;
	const struct env *env;
	pthread_t thread;
};

/* Rung by the writer's thread, also after the last command came back and the resolver is gone: so
 * it is the process's, and stays. */
static struct {
	pthread_mutex_t mutex; /* guards the rest */
	pthread_cond_t was_rung;
	bool is_rung, stopping;
} bell = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static void ring(void *arg)
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
	return next_us - now_us < WAIT_US_MAX ? next_us - now_us : WAIT_US_MAX;
}

static void *run(void *arg)
{
	const struct resolver_thread *thread = arg;
	int64_t wait_us;

	do {
		int64_t now_us = env_now_us(thread->env);
		int64_t next_us = resolver_turn(thread->resolver, now_us);

		wait_us = time_until(next_us, env_now_us(thread->env));
	} while (wait_for_bell(thread->env, wait_us));
	while (!resolver_is_idle(thread->resolver))
		(void)wait_for_bell(thread->env, WAIT_US_MAX);
	return NULL;
}

static enum error reserve(void *arg)
{
	return writer_reserve(arg);
}

static void publish(void *arg, struct job *job)
{
	writer_publish(arg, job);
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

static void free_thread(struct resolver_thread *thread)
{
	resolver_free(thread->resolver);
	db_close(thread->db);
	free(thread);
}

struct resolver_thread *resolver_start(const char *url, const struct env *env,
                                       const struct processor *processor, struct writer *writer,
                                       struct buf *why)
{
	const struct submitter submitter = {
		.reserve = reserve, .publish = publish, .came_back = ring, .arg = writer};
	struct resolver_thread *thread = calloc(1, sizeof(*thread));

	if (thread == NULL) {
		buf_add_str(why, "There is not enough memory to start.");
		return NULL;
	}
	thread->env = env;
	if (db_open(url, DB_READER, &thread->db, why) == DB_OK)
		thread->resolver = resolver_new(thread->db, processor, submitter, why);
	if (thread->resolver == NULL) {
		free_thread(thread);
		return NULL;
	}
	init_bell();
	payment_on_ask(ring, NULL);
	if (pthread_create(&thread->thread, NULL, run, thread) != 0) {
		buf_add_str(why, "A thread cannot be started: raise the limit of processes.");
		free_thread(thread);
		return NULL;
	}
	return thread;
}

void resolver_stop(struct resolver_thread *thread)
{
	pthread_mutex_lock(&bell.mutex);
	bell.stopping = true;
	pthread_mutex_unlock(&bell.mutex);
	ring(NULL);
	pthread_join(thread->thread, NULL);
	free_thread(thread);
}
