/* recent.h - pairs of hash and key in memory, in buckets by the hash's first bits, so that a walk
 * along the buckets meets the hashes in ascending order (within a bucket in any). No locks, no
 * database: hash_index.c has those. */
#ifndef STORAGE_RECENT_H
#define STORAGE_RECENT_H

#include "base/base.h"

/* With 32768 entries one in every second bucket: each step along a chain waits for memory. */
#define RECENT_BUCKETS_BITS 16
#define RECENT_BUCKETS (1U << RECENT_BUCKETS_BITS)

struct recent_entry {
	int64_t hash;
	int64_t key;   /* 0: the place is free */
	uint32_t next; /* of its bucket, or of the free places; 0: none */
};

/* All zeros: empty, without room. */
struct recent {
	uint32_t *heads; /* of the buckets; 0: empty */
	struct recent_entry
		*entries;    /* from 1 on; what was never used is not touched, so no memory yet */
	uint32_t room, used; /* places that there are, and that were ever used */
	uint32_t free;       /* the first of those that were freed, 0: none */
	size_t count;
};

/* Room for so many entries; what is there stays. False: no memory, and nothing changed. */
must_use bool recent_reserve(struct recent *recent, size_t entries);
void recent_clear(struct recent *recent); /* keeps the room */
void recent_release(struct recent *recent);

/* The key of a hash, 0: none. */
int64_t recent_find(const struct recent *recent, int64_t hash);
/* One key a hash: a later key takes the place of an earlier one. There is room. key > 0. */
void recent_put(struct recent *recent, int64_t hash, int64_t key);

/* The first entry of a bucket, then of the same bucket; NULL: none. */
const struct recent_entry *recent_first(const struct recent *recent, uint32_t bucket);
const struct recent_entry *recent_next(const struct recent *recent,
                                       const struct recent_entry *entry);
void recent_empty_bucket(struct recent *recent, uint32_t bucket);

/* The bucket of a hash, and the range of hashes of a bucket. */
uint32_t recent_bucket(int64_t hash);
void recent_range(uint32_t bucket, int64_t *ret_first, int64_t *ret_last);

/* The lowest key outside of `count` buckets from `bucket` on (behind the last comes the first); 0:
 * none. */
int64_t recent_lowest_but(const struct recent *recent, uint32_t bucket, uint32_t count);

#endif
