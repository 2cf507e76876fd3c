/* conflicts.c - a hash set; equal values of different things would only delay a command. */
#include "runtime/conflicts.h"

#include <string.h>

void conflicts_clear(struct conflicts *conflicts)
{
	memset(conflicts, 0, sizeof(*conflicts));
}

bool conflicts_add_order(struct conflicts *conflicts, uint64_t order)
{
	size_t at = order % CONFLICT_SLOTS;

	ensure(order != 0 && conflicts->count < CONFLICTS_MAX);
	while (conflicts->slots[at] != 0) {
		if (conflicts->slots[at] == order)
			return true;
		at = (at + 1) % CONFLICT_SLOTS;
	}
	conflicts->slots[at] = order;
	conflicts->count++;
	return false;
}

bool conflicts_add_key(struct conflicts *conflicts, uint64_t key_hash)
{
	/* Halves swapped and bits flipped (the golden ratio's), so that it is no order's value. */
	uint64_t key = (key_hash << 32 | key_hash >> 32) ^ UINT64_C(0x9e3779b97f4a7c15);

	return conflicts_add_order(conflicts, key | 1);
}
