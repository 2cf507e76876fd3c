/* courier_thread.c - a turn of the courier whenever something was committed, an attempt has ended,
 * or something is due. */
#include "runtime/courier_thread.h"

#include "runtime/courier.h"
#include "runtime/log.h"
#include "runtime/poster.h"
#include "runtime/webhook_commands.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

/* What is due follows the wall clock, which may be set. */
#define WAIT_US_MAX (10 * US_PER_S)

struct courier_thread {
	struct courier *courier;
	struct poster *poster;
	struct db *db;
	const struct engine *engine;
	struct writer *writer;
	const struct env *env;
	pthread_t thread;
	int64_t told_head, told_changes; /* the writer's thread's */
	_Atomic bool is_woken, has_news, are_changed, stopping;
};

static void wake(struct courier_thread *thread)
{
	if (!atomic_exchange(&thread->is_woken, true))
		poster_wake(thread->poster);
}

void courier_committed(struct courier_thread *thread)
{
	int64_t head = engine_head_seq(thread->engine), changes = webhook_changes();

	if (changes != thread->told_changes)
		atomic_store(&thread->are_changed, true);
	else if (head == thread->told_head || courier_targets_count(thread->courier) == 0)
		return;
	thread->told_changes = changes;
	thread->told_head = head;
	atomic_store(&thread->has_news, true);
	wake(thread);
}

/* ---- the courier's hands ---- */

static bool post(void *arg, size_t slot, const struct post *post)
{
	return poster_post(((struct courier_thread *)arg)->poster, slot, post);
}

static void cancel(void *arg, size_t slot)
{
	poster_cancel(((struct courier_thread *)arg)->poster, slot);
}

static enum error reserve(void *arg)
{
	return writer_reserve(((struct courier_thread *)arg)->writer);
}

static void publish(void *arg, struct job *job)
{
	writer_publish(((struct courier_thread *)arg)->writer, job);
}

static void came_back(void *arg)
{
	wake(arg);
}

static void posted(void *arg, size_t slot, const struct post_result *result)
{
	const struct courier_thread *thread = arg;

	courier_posted(thread->courier, slot, result, env_now_us(thread->env));
}

/* ---- the thread ---- */

static int64_t time_until(int64_t next_us, int64_t now_us)
{
	if (next_us <= now_us)
		return 0;
	return next_us - now_us < WAIT_US_MAX ? next_us - now_us : WAIT_US_MAX;
}

/* is_woken first: what is told after that wakes again, and what was told before is seen. */
static void turn(struct courier_thread *thread)
{
	atomic_store(&thread->is_woken, false);
	bool are_changed = atomic_exchange(&thread->are_changed, false);
	bool has_news = atomic_exchange(&thread->has_news, false);
	int64_t now_us = env_now_us(thread->env);
	int64_t next_us = courier_turn(thread->courier, has_news, are_changed, now_us);

	log_flush();
	poster_wait(thread->poster, time_until(next_us, now_us), posted, thread);
}

static void *run(void *arg)
{
	struct courier_thread *thread = arg;

	(void)pthread_setname_np(pthread_self(), "courier");
	while (!atomic_load(&thread->stopping))
		turn(thread);
	courier_end(thread->courier);
	for (;;) {
		atomic_store(&thread->is_woken, false); /* before the look: see turn */
		if (courier_settle(thread->courier))
			return NULL;
		poster_wait(thread->poster, WAIT_US_MAX, posted, thread);
	}
}

void courier_thread_free(struct courier_thread *thread)
{
	if (thread == NULL)
		return;
	courier_free(thread->courier);
	poster_free(thread->poster);
	db_close(thread->db);
	free(thread);
}

struct courier_thread *courier_start(const struct courier_options *options,
                                     const struct engine *engine, struct writer *writer,
                                     const struct env *env, struct buf *why)
{
	struct courier_thread *thread = calloc(1, sizeof(*thread));

	if (thread == NULL) {
		buf_add_str(why, "There is not enough memory to start.");
		return NULL;
	}
	const struct courier_hands hands = {.post = post,
	                                    .cancel = cancel,
	                                    .reserve = reserve,
	                                    .publish = publish,
	                                    .came_back = came_back,
	                                    .arg = thread};
	thread->engine = engine;
	thread->writer = writer;
	thread->env = env;
	thread->told_head = engine_head_seq(engine);
	if (db_open(options->database_url, DB_READER, &thread->db, why) == DB_OK &&
	    (thread->poster = poster_new(options->allow_private, why)) != NULL &&
	    (thread->courier = courier_new(thread->db, env, hands)) == NULL)
		buf_add_str(why, "There is not enough memory to start.");
	if (thread->courier != NULL && pthread_create(&thread->thread, NULL, run, thread) == 0)
		return thread;
	if (thread->courier != NULL)
		buf_add_str(why, "A thread cannot be started: raise the limit of processes.");
	courier_thread_free(thread);
	return NULL;
}

void courier_stop(struct courier_thread *thread)
{
	atomic_store(&thread->stopping, true);
	poster_wake(thread->poster); /* also where it was woken, and has not looked yet */
	ensure(pthread_join(thread->thread, NULL) == 0);
}
