/* returner.h - gives back what must not be kept: the payments of an order that was cancelled, has
 * expired or is in another currency (the table returns), each by a command of its own, return_kind,
 * until nothing of it is kept. It has no thread: resolver_thread.h drives it, and so can a test or
 * a simulator. */
#ifndef PAYMENT_RETURNER_H
#define PAYMENT_RETURNER_H

#include "resolver.h"

#define RETURNER_COMMANDS_MAX 64 /* under way at the same time */

struct returner;

/* Once a process: the metrics are of all its returners. */
void returner_register_metrics(void);

/* Borrows db, a reader. NULL and a sentence in why: no memory. */
struct returner *returner_new(struct db *db, struct submitter submitter, struct buf *why);
/* As resolver_turn. */
int64_t returner_turn(struct returner *returner, int64_t now_us);
/* Whether none of its commands is under way. Any thread. */
bool returner_is_idle(const struct returner *returner);
/* It is idle. NULL is fine. */
void returner_free(struct returner *returner);

#endif
