/* job.c - the life of an answer. */
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
