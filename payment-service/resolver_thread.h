/* resolver_thread.h - the thread that drives the resolver and the returner, with a read connection
 * of its own. */
#ifndef PAYMENT_RESOLVER_THREAD_H
#define PAYMENT_RESOLVER_THREAD_H

#include "processor.h"
#include "runtime/writer.h"

struct resolver_thread;

/* One a process; before the first command is published. Borrows all but url. NULL and a sentence in
 * why on failure. */
struct resolver_thread *resolver_start(const char *url, const struct env *env,
                                       const struct processor *processor, struct writer *writer,
                                       struct buf *why);
/* Once no request is under way, and before the writer stops: waits for what it has submitted, and
 * for a call of the processor that has begun. */
void resolver_stop(struct resolver_thread *thread);

#endif
