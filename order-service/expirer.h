/* expirer.h - sees to it that orders whose end has come lapse, or live on: finds what is due, and
 * submits order_expire_kind for each. It has no thread: expirer_thread.h drives it, and so can a
 * test or a simulator. */
#ifndef ORDER_EXPIRER_H
#define ORDER_EXPIRER_H

#include "runtime/submitter.h"

#define EXPIRER_ORDERS_MAX 64 /* under way at a time */

struct expirer;

/* Borrows db, a reader. NULL and a sentence in why: no memory. */
struct expirer *expirer_new(struct db *db, struct submitter submitter, struct buf *why);
/* Takes what came back, looks for what is due, submits it. now_us is the wall clock. Returns when
 * to be called again; earlier once a command came back. */
int64_t expirer_turn(struct expirer *expirer, int64_t now_us);
/* Whether none of its commands is under way. Any thread. */
bool expirer_is_idle(const struct expirer *expirer);
/* It is idle. NULL is fine. */
void expirer_free(struct expirer *expirer);

#endif
