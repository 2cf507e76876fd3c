/* parking.h - commands that wait for something, each kept with the answer that it gets when a time
 * has passed: for an outcome that is open, with a 202, until that is known or was asked for; for
 * the peer's news, with a 503, until they were heard. In memory alone: what is stored of them
 * (seen.h) does not depend on it. The writer's thread owns it. */
#ifndef RUNTIME_PARKING_H
#define RUNTIME_PARKING_H

#include "runtime/job.h"

#define PARKING_BUCKETS 1024 /* numbers follow each other, so they spread by themselves */

struct parking {
	int64_t wait_us;                      /* how long a job is kept */
	struct job *buckets[PARKING_BUCKETS]; /* by number, linked by next */
	struct job *oldest, *newest;          /* all that are kept, linked by parked */
	/* What has its answer, and what is to run again: linked by next. */
	struct job_queue ready, again;
};

/* Keeps a job that has its 202 or 503; job->awaits is the number of what it waits for. */
void parking_add(struct parking *parking, struct job *job, int64_t now_us);
/* The outcome is known: those who want to run again will, the others get this answer, or their own
 * rendering of a refusal. */
void parking_settle(struct parking *parking, int64_t number, const struct answer *answer);
/* The outcome was asked for and is open still: those who want to run again will. */
void parking_ask(struct parking *parking, int64_t number);
/* Where the numbers rise by age: those up to this one run again. */
void parking_hear(struct parking *parking, int64_t number);

/* A job whose answer may be told: because the outcome is known, or, as it is, because it was kept
 * until now_us (INT64_MAX: whatever is kept). NULL: there is none. */
struct job *parking_pop_ready(struct parking *parking, int64_t now_us);
/* A job to be executed anew, as if it came now. NULL: there is none. */
struct job *parking_pop_again(struct parking *parking);
/* When the oldest has been kept for long enough; INT64_MAX: nothing is kept. */
int64_t parking_next_us(const struct parking *parking);

#endif
