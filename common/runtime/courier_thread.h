/* courier_thread.h - the thread that drives the courier, with a read connection of its own. */
#ifndef RUNTIME_COURIER_THREAD_H
#define RUNTIME_COURIER_THREAD_H

#include "runtime/writer.h"

struct courier_thread;

struct courier_options {
	const char *database_url;
	bool allow_private; /* http, and addresses that not everybody can reach */
};

/* Before the first command is published. Borrows engine, writer and env. NULL and a sentence in why
 * on failure. */
struct courier_thread *courier_start(const struct courier_options *options,
                                     const struct engine *engine, struct writer *writer,
                                     const struct env *env, struct buf *why);
/* A batch was executed. On the writer's thread. */
void courier_committed(struct courier_thread *thread);
/* Before the writer stops: ends every attempt at once, and waits for what it has submitted. */
void courier_stop(struct courier_thread *thread);
/* After the writer has stopped. */
void courier_thread_free(struct courier_thread *thread);

#endif
