/* dry_run.h - what a command would do, and nothing of it done: decided from a reader's snapshot of
 * the store, beside the writer. */
#ifndef RUNTIME_DRY_RUN_H
#define RUNTIME_DRY_RUN_H

#include "runtime/env.h"
#include "runtime/job.h"

/* Makes the answer of a job whose dry_run is set. Its idempotency key is neither read nor used.
 * Borrows all. Any thread; db is that thread's reader. */
void dry_run(const struct domain *domain, const struct env *env, struct db *db, struct job *job);

#endif
