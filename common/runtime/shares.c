/* shares.c - a hash table of counts with open addressing. Invariants: (1) at most half of the slots
 * are taken, so a search ends soon; (2) between a subject's slot and the one where its search
 * begins, none is empty. */
#include "runtime/shares.h"

#include <stdlib.h>

struct slot {
	uint64_t subject;
	int64_t count; /* 0: empty */
};

struct shares {
	int64_t all, each, taken;
	size_t mask; /* number of slots - 1 */
	struct slot slots[];
};

int64_t shares_half(int64_t all)
{
	return all > 1 ? all / 2 : 1;
}

struct shares *shares_new(int64_t all, int64_t each)
{
	size_t slots = 2;

	ensure(all >= 1 && all <= INT32_MAX && each >= 1);
	while (slots < 2 * (size_t)all)
		slots *= 2;

	struct shares *shares = calloc(1, sizeof(*shares) + slots * sizeof(shares->slots[0]));
	if (shares == NULL)
		return NULL;
	shares->all = all;
	shares->each = each;
	shares->mask = slots - 1;
	return shares;
}

void shares_free(struct shares *shares)
{
	free(shares);
}

/* The subject's slot, or the empty one where it would be. */
static size_t find(const struct shares *shares, uint64_t subject)
{
	size_t i = subject & shares->mask;

	while (shares->slots[i].count > 0 && shares->slots[i].subject != subject)
		i = (i + 1) & shares->mask;
	return i;
}

bool shares_has_room(const struct shares *shares, uint64_t subject)
{
	return shares->slots[find(shares, subject)].count < shares->each;
}

void shares_take(struct shares *shares, uint64_t subject)
{
	struct slot *slot = &shares->slots[find(shares, subject)];

	ensure(shares->taken < shares->all);
	shares->taken++;
	slot->subject = subject;
	slot->count++;
}

/* Fills the hole with the next one whose search passes it, and goes on with the hole that this one
 * leaves. */
static void close_hole(struct shares *shares, size_t hole)
{
	size_t mask = shares->mask;

	for (size_t i = (hole + 1) & mask; shares->slots[i].count > 0; i = (i + 1) & mask) {
		size_t home = shares->slots[i].subject & mask;

		if (((i - home) & mask) < ((i - hole) & mask))
			continue;
		shares->slots[hole] = shares->slots[i];
		shares->slots[i].count = 0;
		hole = i;
	}
}

void shares_give_back(struct shares *shares, uint64_t subject)
{
	size_t i = find(shares, subject);

	ensure(shares->slots[i].count > 0);
	shares->taken--;
	if (--shares->slots[i].count == 0)
		close_hole(shares, i);
}
