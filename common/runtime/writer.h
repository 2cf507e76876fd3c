/* writer.h - group commit: a bounded queue, and the one thread that executes what waits in it, in
 * batches. An idle writer commits one command at once; a busy one finds many waiting after each
 * commit. There is no artificial delay. */
#ifndef RUNTIME_WRITER_H
#define RUNTIME_WRITER_H

#include "runtime/engine.h"

struct writer;

/* Starts the thread. Borrows engine and env. queue_max bounds the commands under way. after_batch
 * (may be NULL) is called on the writer's thread after each batch whose answers were handed out.
 * NULL: no memory or no thread. */
struct writer *writer_start(struct engine *engine, const struct env *env, int64_t queue_max,
                            void (*after_batch)(void *arg), void *arg);

void writer_register_metrics(void);

/* Any thread. ERR_NONE: a place in the queue is the caller's, who publishes a job next.
 * ERR_OVERLOADED: all are taken; ERR_STORAGE_UNAVAILABLE: the store is being recovered;
 * ERR_SHUTTING_DOWN. */
must_use enum error writer_reserve(struct writer *writer);
/* Gives the place back instead. */
void writer_cancel(struct writer *writer);
/* Hands the job over; it comes back by job->done() on the writer's thread, perhaps before this
 * returns. */
void writer_publish(struct writer *writer, struct job *job);

/* From now on nobody waits for an open outcome: who does gets the 202 at once. Any thread. */
void writer_hurry(struct writer *writer);
/* Hurries, refuses new commands, executes all that were published, ends the thread, frees. */
void writer_stop(struct writer *writer);

#endif
