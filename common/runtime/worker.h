/* worker.h - the thread of the work that a service does beside the requests: a turn whenever the
 * bell was rung, or something is due. One a process. */
#ifndef RUNTIME_WORKER_H
#define RUNTIME_WORKER_H

#include "runtime/submitter.h"
#include "runtime/writer.h"

/* What is due follows the wall clock, which may be set: so often there is a turn at the least. */
#define WORKER_WAIT_US_MAX (10 * US_PER_S)

struct worker;

/* What the thread does; arg is the worker_start's. */
struct work {
	/* now_us is the wall clock. Returns when to be called again, if the bell is not rung. */
	int64_t (*turn)(void *arg, int64_t now_us);
	/* Whether no command of it is under way. */
	bool (*is_idle)(const void *arg);
};

/* Borrows all. NULL and a sentence in why: no thread. */
struct worker *worker_start(const struct work *work, void *arg, const struct env *env,
                            struct buf *why);
/* Waits until the work is idle, and ends the thread. */
void worker_stop(struct worker *worker);
/* There may be something to do. arg is not used. Any thread, also after worker_stop. */
void worker_ring(void *arg);
/* Where commands of the work go: to this writer, and the bell is rung when one comes back. */
struct submitter worker_submitter(struct writer *writer);

#endif
