/* batch.h - the commands that share a transaction, and which of them may: no two that touch the
 * same order or idempotency key, and the peer's events in their order. */
#ifndef RUNTIME_BATCH_H
#define RUNTIME_BATCH_H

#include "runtime/conflicts.h"
#include "runtime/slot.h"

/* Large enough that fsync, not the bound, ends a batch (performance.md: fsync gathers 25 to 45 by
 * itself). */
#define BATCH_MAX 512

struct batch {
	struct job *jobs[BATCH_MAX];
	size_t count;
};

/* Makes an error the answer of all, whatever was decided about them before. */
void batch_refuse(const struct batch *batch, enum error error);
/* Moves those whose deadline has passed, answered, to `overdue`. */
void batch_expire(struct batch *batch, struct batch *overdue, int64_t now_us);
/* Moves to `later` every job that shares an order or a key with one before it; slots[i] stays with
 * jobs[i]. after_load: the second look, at jobs whose order only the load could tell. A job that
 * waits keeps its place before those that would overtake it; no event of the peer overtakes
 * another. */
void batch_postpone(struct batch *batch, struct batch *later, struct slot *slots,
                    struct conflicts *conflicts, bool after_load);
/* From where the batch's first event of the peer begins to behind its last. False: it has none. */
bool batch_join_steps(const struct batch *batch, struct peer_step *ret_step);

#endif
