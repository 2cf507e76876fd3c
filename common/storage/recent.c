/* recent.c - chains in one array of entries.
 * Invariants: a hash has one entry; every used place is in exactly one chain, a bucket's or the
 * free places'. */
#include "storage/recent.h"

#include <stdlib.h>
#include <string.h>

#define SIGN (UINT64_C(1) << 63)
#define RANGE_BITS (64 - RECENT_BUCKETS_BITS)

bool recent_reserve(struct recent *recent, size_t entries)
{
	struct recent_entry *moved;

	ensure(entries < UINT32_MAX);
	if (recent->heads == NULL)
		recent->heads = calloc(RECENT_BUCKETS, sizeof(*recent->heads));
	if (recent->heads == NULL)
		return false;
	if (entries <= recent->room)
		return true;
	moved = realloc(recent->entries, (entries + 1) * sizeof(*moved));
	if (moved == NULL)
		return false;
	recent->entries = moved;
	recent->room = (uint32_t)entries;
	return true;
}

void recent_clear(struct recent *recent)
{
	if (recent->heads != NULL)
		memset(recent->heads, 0, RECENT_BUCKETS * sizeof(*recent->heads));
	recent->used = recent->free = 0;
	recent->count = 0;
}

void recent_release(struct recent *recent)
{
	free(recent->heads);
	free(recent->entries);
	*recent = (struct recent){0};
}

/* Hashes are ordered as SQL's signed numbers. */
uint32_t recent_bucket(int64_t hash)
{
	return (uint32_t)(((uint64_t)hash ^ SIGN) >> RANGE_BITS);
}

void recent_range(uint32_t bucket, int64_t *ret_first, int64_t *ret_last)
{
	uint64_t first = (uint64_t)bucket << RANGE_BITS;

	*ret_first = (int64_t)(first ^ SIGN);
	*ret_last = (int64_t)((first | ((UINT64_C(1) << RANGE_BITS) - 1)) ^ SIGN);
}

static uint32_t place_of(const struct recent *recent, int64_t hash)
{
	uint32_t place = recent->heads[recent_bucket(hash)];

	while (place != 0 && recent->entries[place].hash != hash)
		place = recent->entries[place].next;
	return place;
}

int64_t recent_find(const struct recent *recent, int64_t hash)
{
	uint32_t place = place_of(recent, hash);

	return place == 0 ? 0 : recent->entries[place].key;
}

static uint32_t take_place(struct recent *recent)
{
	uint32_t place = recent->free;

	if (place != 0) {
		recent->free = recent->entries[place].next;
		return place;
	}
	ensure(recent->used < recent->room);
	return ++recent->used;
}

void recent_put(struct recent *recent, int64_t hash, int64_t key)
{
	uint32_t place = place_of(recent, hash);
	uint32_t *head = &recent->heads[recent_bucket(hash)];

	ensure(key > 0);
	if (place != 0) {
		recent->entries[place].key = key;
		return;
	}
	place = take_place(recent);
	recent->entries[place] = (struct recent_entry){hash, key, *head};
	*head = place;
	recent->count++;
}

const struct recent_entry *recent_first(const struct recent *recent, uint32_t bucket)
{
	uint32_t place = recent->heads[bucket];

	return place == 0 ? NULL : &recent->entries[place];
}

const struct recent_entry *recent_next(const struct recent *recent,
                                       const struct recent_entry *entry)
{
	return entry->next == 0 ? NULL : &recent->entries[entry->next];
}

void recent_empty_bucket(struct recent *recent, uint32_t bucket)
{
	uint32_t place = recent->heads[bucket];

	while (place != 0) {
		struct recent_entry *entry = &recent->entries[place];
		uint32_t next = entry->next;

		entry->key = 0;
		entry->next = recent->free;
		recent->free = place;
		recent->count--;
		place = next;
	}
	recent->heads[bucket] = 0;
}

int64_t recent_lowest_but(const struct recent *recent, uint32_t bucket, uint32_t count)
{
	int64_t lowest = 0;

	for (uint32_t place = 1; place <= recent->used; place++) {
		const struct recent_entry *entry = &recent->entries[place];
		uint32_t distance = (recent_bucket(entry->hash) - bucket) % RECENT_BUCKETS;

		if (entry->key != 0 && distance >= count && (lowest == 0 || entry->key < lowest))
			lowest = entry->key;
	}
	return lowest;
}
