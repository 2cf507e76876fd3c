/* parking.h - the commands whose outcome is still open, each kept with its 202 until the outcome is
 * known, has been asked for, or a time has passed. In memory alone: what is stored of them (seen.h)
 * does not depend on it. The writer's thread owns it. */
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

/* Keeps a job that has its 202; job->awaits is the number of its outcome. */
void parking_add(struct parking *parking, struct job *job, int64_t now_us);
/* The outcome is known: those who want to run again will, the others get this answer, or their own
 * rendering of a refusal. */
void parking_settle(struct parking *parking, int64_t number, const struct answer *answer);
/* The outcome was asked for and is open still: those who want to run again will. */
void parking_ask(struct parking *parking, int64_t number);

/* A job whose answer may be told: because the outcome is known, or, with its 202, because it was
 * kept until now_us (INT64_MAX: whatever is kept). NULL: there is none. */
struct job *parking_pop_ready(struct parking *parking, int64_t now_us);
/* A job to be executed anew, as if it came now. NULL: there is none. */
struct job *parking_pop_again(struct parking *parking);
/* When the oldest has been kept for long enough; INT64_MAX: nothing is kept. */
int64_t parking_next_us(const struct parking *parking);

#endif
