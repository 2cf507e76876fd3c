/* conflicts.h - the orders and idempotency keys that the commands of one batch touch, so that two
 * that share one are not decided from the same view. A set of numbers in fixed memory. */
#ifndef RUNTIME_CONFLICTS_H
#define RUNTIME_CONFLICTS_H

#include "base/base.h"

#define CONFLICTS_MAX 1024                 /* an order and a key for each command of a full batch */
#define CONFLICT_SLOTS (4 * CONFLICTS_MAX) /* so that a look-up seldom meets another value */

/* All zeros: empty. */
struct conflicts {
	uint64_t slots[CONFLICT_SLOTS]; /* open addressing; 0 is free */
	uint16_t used[CONFLICTS_MAX];   /* slots; so a small batch does not clear all of them */
	size_t count;
};

void conflicts_clear(struct conflicts *conflicts);
/* Adds a value, not 0; true when it was there already. Orders and keys do not mean each other. */
bool conflicts_add_order(struct conflicts *conflicts, uint64_t order);
bool conflicts_add_key(struct conflicts *conflicts, uint64_t key_hash);

#endif
