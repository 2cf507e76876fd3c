/* rate.c - a table of buckets in sets of a few: a subject looks for itself in its set, and takes
 * the fullest one's place where it is not there. Invariants: (1) 0 <= missing <= capacity; (2) a
 * bucket of zeros is a full one that nobody has used. */
#include "web/rate.h"

#include <stdlib.h>

#define SET_BUCKETS 8 /* that many are looked at for a request: two or three cache lines */
#define SETS (RATE_BUCKETS_MAX / SET_BUCKETS)

/* A request in millionths: so `per_s` a second are exactly per_s millionths a microsecond. */
#define REQUEST 1000000
static_assert(REQUEST == US_PER_S, "no rounding");
static_assert(RATE_MAX <= INT64_MAX / REQUEST, "a bucket's capacity fits");

struct bucket {
	uint64_t subject;
	int64_t missing; /* millionths, as of at_us */
	int64_t at_us;
};

struct rate {
	int64_t per_s, capacity;
	struct bucket buckets[SETS][SET_BUCKETS];
};

struct rate *rate_new(int64_t per_s, int64_t burst)
{
	struct rate *rate = calloc(1, sizeof(*rate));

	ensure(per_s >= 1 && per_s <= RATE_MAX);
	ensure(burst >= 1 && burst <= RATE_MAX);
	if (rate == NULL)
		return NULL;
	rate->per_s = per_s;
	rate->capacity = burst * REQUEST;
	return rate;
}

void rate_free(struct rate *rate)
{
	free(rate);
}

/* A clock that went back brings nothing, and counts on from there. */
static void refill(const struct rate *rate, struct bucket *bucket, int64_t now_us)
{
	int64_t elapsed_us = now_us - bucket->at_us;

	bucket->at_us = now_us;
	if (elapsed_us <= 0)
		return;
	if (elapsed_us > bucket->missing / rate->per_s)
		bucket->missing = 0;
	else
		bucket->missing -= elapsed_us * rate->per_s; /* at most what is missing */
}

static struct bucket *find(struct rate *rate, uint64_t subject, int64_t now_us)
{
	struct bucket *set = rate->buckets[subject % SETS];
	struct bucket *fullest = set;

	for (struct bucket *bucket = set; bucket < set + SET_BUCKETS; bucket++) {
		refill(rate, bucket, now_us);
		if (bucket->subject == subject)
			return bucket;
		if (bucket->missing < fullest->missing)
			fullest = bucket;
	}
	*fullest = (struct bucket){.subject = subject, .at_us = now_us};
	return fullest;
}

struct rate_verdict rate_take(struct rate *rate, uint64_t subject, int64_t now_us)
{
	ensure(now_us >= 0);
	struct bucket *bucket = find(rate, subject, now_us);

	if (bucket->missing > rate->capacity - REQUEST)
		return (struct rate_verdict){.passes = false};
	bucket->missing += REQUEST;
	ensure(bucket->missing >= 0 && bucket->missing <= rate->capacity);
	return (struct rate_verdict){true, (rate->capacity - bucket->missing) / REQUEST};
}
