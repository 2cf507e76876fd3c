/* expirer_thread.h - the thread that drives the expirer, with a read connection of its own. */
#ifndef ORDER_EXPIRER_THREAD_H
#define ORDER_EXPIRER_THREAD_H

#include "runtime/worker.h"

struct expirer_thread;

/* One a process. Borrows all but url. NULL and a sentence in why on failure. */
struct expirer_thread *expirer_start(const char *url, const struct env *env, struct writer *writer,
                                     struct buf *why);
/* Once no request is under way, and before the writer stops: waits for what it has submitted. */
void expirer_stop(struct expirer_thread *thread);

#endif
