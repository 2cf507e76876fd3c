/* rate.h - token buckets, one a subject (a caller or a client's address): each holds `burst`
 * requests at most and gets `per_s` of them back a second. One thread, which brings the clock.
 *
 * The table has a fixed size. Where a subject finds no place, the bucket that is fullest goes: a
 * full one is as good as none, so nothing is forgotten as long as no more than RATE_BUCKETS_MAX
 * subjects are short of anything. Who is forgotten gets a full bucket, never an empty one. */
#ifndef WEB_RATE_H
#define WEB_RATE_H

#include "base/base.h"

#define RATE_MAX 1000000 /* of per_s and of burst */
#define RATE_BUCKETS_MAX 4096

struct rate;

struct rate_verdict {
	bool passes;
	int64_t left; /* whole requests that are in the bucket now */
};

/* per_s and burst are 1 to RATE_MAX. NULL: no memory. */
struct rate *rate_new(int64_t per_s, int64_t burst);
void rate_free(struct rate *rate);
/* Takes a request out of the subject's bucket, if one is there; else there is one within a second.
 * subject is a keyed hash: nobody can choose its place. now_us is not negative. */
must_use struct rate_verdict rate_take(struct rate *rate, uint64_t subject, int64_t now_us);

#endif
