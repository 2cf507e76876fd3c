/* conflicts.c - a hash set; equal values of different things would only delay a command. */
#include "runtime/conflicts.h"

static_assert(CONFLICT_SLOTS - 1 <= UINT16_MAX, "a slot's number fits into used");

void conflicts_clear(struct conflicts *conflicts)
{
	for (size_t i = 0; i < conflicts->count; i++)
		conflicts->slots[conflicts->used[i]] = 0;
	conflicts->count = 0;
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
	conflicts->used[conflicts->count++] = (uint16_t)at;
	return false;
}

bool conflicts_add_key(struct conflicts *conflicts, uint64_t key_hash)
{
	/* Halves swapped and bits flipped (the golden ratio's), so that it is no order's value. */
	uint64_t key = (key_hash << 32 | key_hash >> 32) ^ UINT64_C(0x9e3779b97f4a7c15);

	return conflicts_add_order(conflicts, key | 1);
}
