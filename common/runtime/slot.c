/* slot.c - what happens to one command of a batch. Invariant: an answer is stored with its key in
 * the same transaction as its effect. */
#include "runtime/slot.h"

#include "base/problem.h"

#include <string.h>

void job_refuse(struct job *job, enum error error)
{
	struct answer *answer = &job->answer;

	answer->error = error;
	answer->status = error_row(error)->status;
	answer->replayed = false;
	buf_reset(&answer->body);
	problem_render(&answer->body, error, answer->detail, job->request_id, NULL);
}

void slot_load(struct slot *slot, const struct domain *domain, struct db *db, struct job *job,
               int64_t expired_us)
{
	memset(slot->view, 0, domain->view_size);
	memset(slot->effects, 0, domain->effects_size);
	slot->writes = slot->has_key = false;
	slot->seen.found = false;
	buf_reset(&slot->seen.body);
	buf_reset(&job->existing);
	if (job->key.key.ptr != NULL)
		seen_load(db, &job->key, expired_us, &slot->seen);
	job->kind->load(db, job, slot->view);
}

/* True when the key was used before: the answer is the stored one, or the refusal of its reuse. */
static bool answer_seen(struct job *job, const struct slot *slot)
{
	if (!slot->seen.found)
		return false;
	if (!hash_equal(&slot->seen.fingerprint, &job->key.fingerprint)) {
		job_refuse(job, ERR_IDEMPOTENCY_KEY_REUSED);
		return true;
	}
	job->answer.error = ERR_NONE;
	job->answer.status = slot->seen.status;
	job->answer.replayed = true;
	buf_add_text(&job->answer.body, buf_text(&slot->seen.body));
	return true;
}

/* api.md, "Stored": 2xx, 402, and what was refused for the stored state; not what may pass later.
 */
static bool is_stored(const struct answer *answer)
{
	int status = answer->status;

	if (answer->error == ERR_NONE)
		return true;
	return (status == 402 || status == 409 || status == 422) &&
	       !error_row(answer->error)->retryable;
}

static void render(struct job *job, const struct slot *slot)
{
	const struct effects *effects = slot->effects;
	struct answer *answer = &job->answer;

	answer->replayed = effects->replayed;
	if (answer->error != ERR_NONE && answer->error != ERR_PAYMENT_DECLINED) {
		job_refuse(job, answer->error);
		return;
	}
	answer->status = answer->error == ERR_NONE ? 200 : error_row(answer->error)->status;
	if (effects->replayed)
		buf_add_text(&answer->body, buf_text(&job->existing));
	else
		job->kind->render(job, slot->effects, answer);
}

void slot_execute(struct slot *slot, struct db *db, struct job *job, struct journal *journal)
{
	struct effects *effects = slot->effects;
	struct answer *answer = &job->answer;

	buf_reset(&answer->body);
	answer->detail[0] = '\0';
	answer->replayed = false;
	if (answer_seen(job, slot))
		return;
	answer->error = job->kind->decide(job, slot->view, slot->effects, answer->detail);
	ensure(!effects->writes || !effects->replayed);
	if (effects->writes) {
		job->kind->write(db, job, slot->view, slot->effects, journal);
		slot->writes = true;
	}
	render(job, slot);
	if (job->key.key.ptr == NULL || !is_stored(answer))
		return;
	seen_write(db, &job->key, effects->resource, answer->status, buf_text(&answer->body),
	           job->now_us);
	slot->writes = slot->has_key = true;
}

bool slot_is_whole(const struct slot *slot, const struct job *job)
{
	return !slot->seen.body.full && !job->existing.full && !job->answer.body.full;
}
