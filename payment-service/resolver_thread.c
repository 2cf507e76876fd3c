/* resolver_thread.c - the resolver, the returner and the inquirer as a worker's work. */
#include "resolver_thread.h"

#include <stdlib.h>

#include "inquirer.h"
#include "payment_commands.h"
#include "resolver.h"
#include "returner.h"
#include "runtime/worker.h"

struct resolver_thread {
	struct resolver *resolver;
	struct returner *returner;
	struct inquirer *inquirer;
	struct db *db;
	struct worker *worker;
};

static int64_t turn(void *arg, int64_t now_us)
{
	const struct resolver_thread *thread = arg;
	int64_t returns_us = returner_turn(thread->returner, now_us);
	int64_t intents_us = resolver_turn(thread->resolver, now_us);
	int64_t inquiries_us = inquirer_turn(thread->inquirer, now_us);
	int64_t next_us = returns_us < intents_us ? returns_us : intents_us;

	return inquiries_us < next_us ? inquiries_us : next_us;
}

static bool is_idle(const void *arg)
{
	const struct resolver_thread *thread = arg;

	return resolver_is_idle(thread->resolver) && returner_is_idle(thread->returner) &&
	       inquirer_is_idle(thread->inquirer);
}

static const struct work work = {.turn = turn, .is_idle = is_idle};

static void free_thread(struct resolver_thread *thread)
{
	resolver_free(thread->resolver);
	returner_free(thread->returner);
	inquirer_free(thread->inquirer);
	db_close(thread->db);
	free(thread);
}

struct resolver_thread *resolver_start(const char *url, const struct env *env,
                                       const struct processor *processor, struct writer *writer,
                                       struct buf *why)
{
	struct resolver_thread *thread = calloc(1, sizeof(*thread));

	if (thread == NULL) {
		buf_add_str(why, "There is not enough memory to start.");
		return NULL;
	}
	if (db_open(url, DB_READER, &thread->db, why) == DB_OK)
		thread->resolver =
			resolver_new(thread->db, processor, worker_submitter(writer), why);
	if (thread->resolver != NULL)
		thread->returner = returner_new(thread->db, worker_submitter(writer), why);
	if (thread->returner != NULL)
		thread->inquirer =
			inquirer_new(thread->db, processor, worker_submitter(writer), why);
	if (thread->inquirer != NULL)
		thread->worker = worker_start(&work, thread, env, why);
	if (thread->worker == NULL) {
		free_thread(thread);
		return NULL;
	}
	payment_on_ask(worker_ring, NULL);
	return thread;
}

void resolver_stop(struct resolver_thread *thread)
{
	worker_stop(thread->worker);
	free_thread(thread);
}
