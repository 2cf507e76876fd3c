/* parking.c - a hash table by number, and a list by age: all are kept for the same time, so the
 * oldest is always the next to go. */
#include "runtime/parking.h"

#include "runtime/slot.h"

static struct job **bucket(struct parking *parking, int64_t number)
{
	return &parking->buckets[(uint64_t)number % PARKING_BUCKETS];
}

void parking_add(struct parking *parking, struct job *job, int64_t now_us)
{
	struct job **first = bucket(parking, job->awaits);

	ensure(job->awaits != 0 && (job->answer.status == 202 || job->answer.status == 503));
	job->parked.until_us = now_us + parking->wait_us;
	job->next = *first;
	*first = job;
	job->parked.newer = NULL;
	job->parked.older = parking->newest;
	if (parking->newest == NULL)
		parking->oldest = job;
	else
		parking->newest->parked.newer = job;
	parking->newest = job;
}

/* Takes out the job that a link of its bucket leads to. */
static struct job *take(struct parking *parking, struct job **link)
{
	struct job *job = *link;
	struct job *older = job->parked.older, *newer = job->parked.newer;

	*link = job->next;
	if (older == NULL)
		parking->oldest = newer;
	else
		older->parked.newer = newer;
	if (newer == NULL)
		parking->newest = older;
	else
		newer->parked.older = older;
	job->awaits = 0;
	return job;
}

static void take_over(struct job *job, const struct answer *answer)
{
	job->answer.detail[0] = '\0';
	if (answer_is_refusal(answer)) {
		job_refuse(job, answer->error); /* names the request's own id */
		return;
	}
	job->answer.error = answer->error;
	job->answer.status = answer->status;
	buf_reset(&job->answer.body);
	buf_add_text(&job->answer.body, buf_text(&answer->body));
	if (job->answer.body.full)
		job_refuse(job, ERR_OUTCOME_UNKNOWN);
}

/* It was in time when it came first. */
static void run_again(struct parking *parking, struct job *job)
{
	job->runs_again = true;
	job->deadline_us = INT64_MAX;
	job_queue_add(&parking->again, job);
}

void parking_settle(struct parking *parking, int64_t number, const struct answer *answer)
{
	struct job **link = bucket(parking, number);

	while (*link != NULL) {
		if ((*link)->awaits != number) {
			link = &(*link)->next;
			continue;
		}
		struct job *job = take(parking, link);
		if (job->parked.is_asking) {
			run_again(parking, job);
		} else {
			take_over(job, answer);
			job_queue_add(&parking->ready, job);
		}
	}
}

void parking_ask(struct parking *parking, int64_t number)
{
	struct job **link = bucket(parking, number);

	while (*link != NULL) {
		if ((*link)->awaits == number && (*link)->parked.is_asking)
			run_again(parking, take(parking, link));
		else
			link = &(*link)->next;
	}
}

static struct job *take_oldest(struct parking *parking)
{
	struct job **link = bucket(parking, parking->oldest->awaits);

	while (*link != parking->oldest)
		link = &(*link)->next;
	return take(parking, link);
}

void parking_hear(struct parking *parking, int64_t number)
{
	while (parking->oldest != NULL && parking->oldest->awaits <= number) {
		struct job *job = take_oldest(parking);

		job->peer_is_fresh = true;
		run_again(parking, job);
	}
}

struct job *parking_pop_ready(struct parking *parking, int64_t now_us)
{
	struct job *job = job_queue_take(&parking->ready);

	if (job != NULL || now_us < parking_next_us(parking) || parking->oldest == NULL)
		return job;
	return take_oldest(parking);
}

struct job *parking_pop_again(struct parking *parking)
{
	return job_queue_take(&parking->again);
}

int64_t parking_next_us(const struct parking *parking)
{
	return parking->oldest == NULL ? INT64_MAX : parking->oldest->parked.until_us;
}
