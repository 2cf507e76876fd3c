/* expirer_thread.c - the expirer as a worker's work. */
#include "expirer_thread.h"

#include <stdlib.h>

#include "expirer.h"

struct expirer_thread {
	struct expirer *expirer;
	struct db *db;
	struct worker *worker;
};

static int64_t turn(void *arg, int64_t now_us)
{
	return expirer_turn(arg, now_us);
}

static bool is_idle(const void *arg)
{
	return expirer_is_idle(arg);
}

static const struct work work = {.turn = turn, .is_idle = is_idle};

static void free_thread(struct expirer_thread *thread)
{
	expirer_free(thread->expirer);
	db_close(thread->db);
	free(thread);
}

struct expirer_thread *expirer_start(const char *url, const struct env *env, struct writer *writer,
                                     struct buf *why)
{
	struct expirer_thread *thread = calloc(1, sizeof(*thread));

	if (thread == NULL) {
		buf_add_str(why, "There is not enough memory to start.");
		return NULL;
	}
	if (db_open(url, DB_READER, &thread->db, why) == DB_OK)
		thread->expirer = expirer_new(thread->db, worker_submitter(writer), why);
	if (thread->expirer != NULL)
		thread->worker = worker_start(&work, thread->expirer, env, why);
	if (thread->worker == NULL) {
		free_thread(thread);
		return NULL;
	}
	return thread;
}

void expirer_stop(struct expirer_thread *thread)
{
	worker_stop(thread->worker);
	free_thread(thread);
}
