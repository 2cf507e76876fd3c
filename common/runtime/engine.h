/* engine.h - executes commands in batches: load all, decide all, write all, one commit. No threads
 * of its own: the writer calls it, and the simulator does. After an unknown COMMIT, or another
 * failure of the disk, it refuses to write until the store was recovered and the tail of the
 * journal verified. */
#ifndef RUNTIME_ENGINE_H
#define RUNTIME_ENGINE_H

#include "runtime/batch.h"
#include "runtime/env.h"
#include "runtime/parking.h"
#include "storage/store.h"

struct engine;

struct engine_times {
	int64_t key_ttl_us;      /* how long a stored answer is kept for its key */
	int64_t outcome_wait_us; /* how long a command waits for an outcome that is open */
	int64_t peer_wait_us;    /* how long a refusal waits for the peer's news; 0: no peer */
};

/* Borrows all but times for its life. NULL and a sentence in why: no memory, or a journal that
 * cannot be read. */
struct engine *engine_new(struct store *store, const struct domain *domain, const struct env *env,
                          const struct engine_times *times, struct buf *why);
void engine_free(struct engine *engine);

/* Once a process: the metrics are of all its engines. */
void engine_register_metrics(void);

/* Executes the batch. Jobs that must wait for the next one, because an earlier job touches the same
 * order or key, are moved to `later` in their order, and with an event of the peer all that follow
 * it; those whose outcome is open, or that wait for the peer's news, are moved to a parking. Every
 * other job stays in the batch and has its answer. Does not call done(). */
void engine_run(struct engine *engine, struct batch *batch, struct batch *later);
/* The jobs that wait for an outcome, and those that wait for the peer's news; whoever runs the
 * batches hands them back. */
enum engine_parking { PARKED_FOR_OUTCOME, PARKED_FOR_PEER, PARKINGS };
struct parking *engine_parking(struct engine *engine, enum engine_parking which);
/* What the last job waits for that is parked for the peer; rises with each. Whoever read the
 * peer's journal to a head that it asked for later runs a command with this number as
 * effects->heard. */
int64_t engine_peer_ticket(const struct engine *engine);
/* Housekeeping of the store, after each batch, once its answers were told. */
void engine_tend(struct engine *engine);
/* Housekeeping, about once a second: recovery after a fault, expired idempotency keys. */
void engine_tick(struct engine *engine);

/* Any thread: whether commands can be executed, and the last committed seq. */
bool engine_is_healthy(const struct engine *engine);
int64_t engine_head_seq(const struct engine *engine);
int64_t engine_key_ttl_us(const struct engine *engine);

#endif
