/* resolver.h - sees to it that everything that is open at the processor comes to an end: consults
 * it about what is due (consult.h), and tells what it learns by commands, answer_kind and
 * asked_kind. It has no thread: resolver_thread.h drives it, and so can a test or a simulator. */
#ifndef PAYMENT_RESOLVER_H
#define PAYMENT_RESOLVER_H

#include "processor.h"
#include "runtime/submitter.h"

#define RESOLVER_INTENTS_MAX 64 /* consulted about, and the command not committed yet */
/* Answers that come by themselves, later; more are dropped: the next question finds the truth. */
#define RESOLVER_LATER_MAX 128

struct resolver;

/* Once a process: the metrics are of all its resolvers. */
void resolver_register_metrics(void);

/* Borrows processor and db, a reader. Whatever is stored by now counts as sent to the processor.
 * NULL and a sentence in why: no memory, or the journal cannot be read. */
struct resolver *resolver_new(struct db *db, const struct processor *processor,
                              struct submitter submitter, struct buf *why);
/* Takes what came back, consults the processor about what is due, submits what it said. now_us is
 * the wall clock. Returns when to be called again; earlier once a command came back, or something
 * became due by a commit. */
int64_t resolver_turn(struct resolver *resolver, int64_t now_us);
/* Whether none of its commands is under way. Any thread. */
bool resolver_is_idle(const struct resolver *resolver);
/* It is idle. What was not submitted is asked for after the next start. NULL is fine. */
void resolver_free(struct resolver *resolver);

#endif
