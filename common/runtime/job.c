/* job.c - the life of an answer, and jobs in a row. */
#include "runtime/job.h"

void answer_init(struct answer *answer)
{
	*answer = (struct answer){.error = ERR_NONE};
	buf_init(&answer->body, ANSWER_BYTES_MAX);
}

void answer_release(struct answer *answer)
{
	buf_release(&answer->body);
}

bool answer_is_refusal(const struct answer *answer)
{
	return answer->error != ERR_NONE && answer->error != ERR_PAYMENT_DECLINED;
}

void job_queue_add(struct job_queue *queue, struct job *job)
{
	job->next = NULL;
	if (queue->first == NULL)
		queue->first = job;
	else
		queue->last->next = job;
	queue->last = job;
}

struct job *job_queue_take(struct job_queue *queue)
{
	struct job *job = queue->first;

	if (job != NULL) {
		queue->first = job->next;
		job->next = NULL;
	}
	return job;
}
