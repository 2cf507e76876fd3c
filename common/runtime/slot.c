/* slot.c - what happens to one command of a batch. Invariant: an answer is stored with its key in
 * the same transaction as its effect. */
#include "runtime/slot.h"

#include "base/json.h"
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

void slot_init(struct slot *slot, void *view, void *effects)
{
	*slot = (struct slot){.view = view, .effects = effects};
	buf_init(&slot->seen.body, ANSWER_BYTES_MAX);
	answer_init(&slot->settled);
}

void slot_release(struct slot *slot)
{
	buf_release(&slot->seen.body);
	answer_release(&slot->settled);
}

void slot_load(struct slot *slot, const struct domain *domain, struct db *db, struct job *job,
               int64_t expired_us)
{
	memset(slot->view, 0, domain_view_size(domain));
	memset(slot->effects, 0, domain_effects_size(domain));
	slot->writes = slot->has_key = slot->is_rejected = false;
	slot->seen.found = false;
	buf_reset(&slot->seen.body);
	buf_reset(&slot->settled.body);
	buf_reset(&job->kept);
	if (job->key.key.ptr != NULL)
		seen_load(db, &job->key, expired_us, &slot->seen);
	job->kind->load(db, job, slot->view);
}

void slot_stamp(struct job *job, const struct env *env, int64_t last_us)
{
	int64_t now_us = env_now_us(env) / US_PER_MS * US_PER_MS;

	job->now_us = now_us > last_us ? now_us : last_us;
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

static void decide(struct slot *slot, struct job *job)
{
	const struct effects *effects = slot->effects;

	job->answer.error = job->kind->decide(job, slot->view, slot->effects, job->answer.detail);
	ensure(!effects->writes || !effects->replayed);
}

static void render(const struct slot *slot, struct job *job)
{
	const struct effects *effects = slot->effects;
	struct answer *answer = &job->answer;

	if (answer_is_refusal(answer)) {
		job_refuse(job, answer->error);
		if (effects->keeps_key) {
			buf_reset(&answer->body);
			problem_render_for_now(&answer->body, answer->error, answer->detail,
			                       job->request_id);
		}
		return;
	}
	answer->replayed = effects->replayed;
	answer->status = answer->error != ERR_NONE ? error_row(answer->error)->status
	                 : effects->is_open        ? 202
	                                           : 200;
	if (job->kind->render != NULL)
		job->kind->render(job, slot->effects, answer);
}

static void forget_answer(struct job *job)
{
	buf_reset(&job->answer.body);
	job->answer.detail[0] = '\0';
	job->answer.replayed = false;
}

void slot_preview(struct slot *slot, struct job *job)
{
	forget_answer(job);
	decide(slot, job);
	render(slot, job);
}

/* What becomes of the stored answers of those who waited for this outcome. */
static void settle(struct slot *slot, struct db *db, const struct job *job)
{
	const struct effects *effects = slot->effects;
	struct answer *answer = &slot->settled;

	slot->writes = true;
	answer->error = effects->settled;
	if (answer_is_refusal(answer)) {
		seen_forget(db, effects->settles);
		return;
	}
	answer->status = answer->error == ERR_NONE ? 200 : error_row(answer->error)->status;
	job->kind->render_settled(job, slot->effects, answer);
	seen_settle(db, effects->settles, answer->status, buf_text(&answer->body), job->now_us);
}

/* api.md, "Stored": 2xx, 402, and what was refused for the stored state; not what may pass later.
 */
static bool is_stored(const struct effects *effects, const struct answer *answer)
{
	int status = answer->status;

	if (!answer_is_refusal(answer))
		return !effects->is_open || (effects->awaits != 0 && !effects->awaits_asking);
	return (status == 409 || status == 422) && !error_row(answer->error)->retryable &&
	       !effects->keeps_key;
}

static void store(struct slot *slot, struct db *db, const struct job *job)
{
	const struct effects *effects = slot->effects;
	const struct answer *answer = &job->answer;

	if (job->key.key.ptr == NULL || !is_stored(effects, answer))
		return;
	if (job->kind->render_stored != NULL && !answer_is_refusal(answer)) {
		ensure(effects->settles == 0); /* so the place for another answer is free */
		slot->settled.status = answer->status;
		job->kind->render_stored(job, slot->effects, &slot->settled);
		answer = &slot->settled;
	}
	seen_write(db, &job->key, effects->resource, answer->status, buf_text(&answer->body),
	           job->now_us, effects->is_open ? effects->awaits : 0);
	slot->writes = slot->has_key = true;
}

/* What an event of the peer asks for cannot be done. It is told of instead, and that is its end. */
static void reject(struct slot *slot, const struct writing *to, struct job *job, enum error reason)
{
	struct buf *data = journal_data(to->journal);
	struct event event = {.type = JOURNAL_PEER_REJECTED,
	                      .subject = job->peer->subject,
	                      .traceparent = job->traceparent,
	                      .cause = &job->peer->to};

	ensure(!((const struct effects *)slot->effects)->writes);
	json_open(data, '{');
	json_member_string(data, "type", job->peer->type);
	json_member_str(data, "reason", error_row(reason)->slug);
	json_close(data, '}');
	ensure(!data->full);
	event.data = buf_text(data);
	(void)journal_add(to->journal, &event, job->now_us, job->random + ULID_RANDOM_BYTES);
	slot->writes = slot->is_rejected = true;
	job->answer.error = ERR_NONE;
}

static void write_effects(struct slot *slot, const struct writing *to, struct job *job)
{
	const struct effects *effects = slot->effects;

	if (effects->writes) {
		job->kind->write(to, job, slot->view, slot->effects);
		slot->writes = true;
	}
	if (effects->settles != 0)
		settle(slot, to->db, job);
	if (effects->redacts.ptr != NULL)
		seen_redact(to->db, effects->redacts);
}

/* An event of the peer never fails, and nobody reads an answer. */
static void execute_peer(struct slot *slot, const struct writing *to, struct job *job)
{
	if (!job->peer_conflicts)
		decide(slot, job);
	if (job->peer_conflicts || job->answer.error != ERR_NONE)
		reject(slot, to, job, job->peer_conflicts ? ERR_INTERNAL : job->answer.error);
	else
		write_effects(slot, to, job);
	job->answer.status = 200;
}

static void decide_heard(struct slot *slot, struct job *job)
{
	const struct effects *effects = slot->effects;

	decide(slot, job);
	if (!effects->rests_on_unheard || job->peer_is_fresh)
		return;
	ensure(answer_is_refusal(&job->answer));
	job->answer.error = ERR_PEER_LAGGING;
	job->answer.detail[0] = '\0';
}

void slot_execute(struct slot *slot, const struct writing *to, struct job *job)
{
	forget_answer(job);
	if (job->peer != NULL) {
		execute_peer(slot, to, job);
		return;
	}
	if (answer_seen(job, slot))
		return;
	decide_heard(slot, job);
	write_effects(slot, to, job);
	render(slot, job);
	store(slot, to->db, job);
}

bool slot_is_whole(const struct slot *slot, const struct job *job)
{
	return !slot->seen.body.full && !slot->settled.body.full && !job->kept.full &&
	       !job->answer.body.full;
}
