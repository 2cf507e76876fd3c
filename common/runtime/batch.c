/* batch.c - see batch.h. */
#include "runtime/batch.h"

static_assert(2 * BATCH_MAX <= CONFLICTS_MAX, "an order and a key for each command");

void batch_refuse(const struct batch *batch, enum error error)
{
	for (size_t i = 0; i < batch->count; i++) {
		batch->jobs[i]->answer.detail[0] = '\0';
		job_refuse(batch->jobs[i], error);
	}
}

static bool key_is_taken(struct conflicts *conflicts, const struct job *job)
{
	return job->key.key.ptr != NULL && conflicts_add_key(conflicts, job->key.key_hash);
}

static void swap_slots(struct slot *a, struct slot *b)
{
	struct slot slot = *a;

	*a = *b;
	*b = slot;
}

void batch_postpone(struct batch *batch, struct batch *later, struct slot *slots,
                    struct conflicts *conflicts, bool after_load)
{
	size_t kept = 0;
	bool peer_waits = false;

	if (!after_load)
		conflicts_clear(conflicts);
	for (size_t i = 0; i < batch->count; i++) {
		struct job *job = batch->jobs[i];
		uint64_t before = job->kind->conflict_key(job, NULL);
		uint64_t key = after_load ? job->kind->conflict_key(job, slots[i].view) : before;
		bool waits = !after_load && key_is_taken(conflicts, job);

		if (key != 0 && (!after_load || before == 0))
			waits = conflicts_add_order(conflicts, key) || waits;
		if (job->peer != NULL)
			peer_waits = waits = waits || peer_waits;
		if (waits) {
			ensure(!after_load || job->peer == NULL);
			ensure(later->count < BATCH_MAX);
			later->jobs[later->count++] = job;
			continue;
		}
		if (kept != i)
			swap_slots(&slots[kept], &slots[i]);
		batch->jobs[kept++] = job;
	}
	batch->count = kept;
}

void batch_expire(struct batch *batch, struct batch *overdue, int64_t now_us)
{
	size_t kept = 0;

	for (size_t i = 0; i < batch->count; i++) {
		struct job *job = batch->jobs[i];

		if (job->deadline_us > now_us) {
			batch->jobs[kept++] = job;
			continue;
		}
		job_refuse(job, ERR_OVERLOADED);
		overdue->jobs[overdue->count++] = job;
	}
	batch->count = kept;
}

bool batch_join_steps(const struct batch *batch, struct peer_step *ret_step)
{
	bool has_peer = false;

	for (size_t i = 0; i < batch->count; i++) {
		const struct peer_step *step = batch->jobs[i]->peer;

		if (step == NULL)
			continue;
		if (!has_peer) {
			*ret_step = *step;
			has_peer = true;
			continue;
		}
		ensure(step->from_seq == ret_step->to.seq);
		ensure(hash_equal(&step->from_hash, &ret_step->to.hash));
		ret_step->to = step->to;
	}
	return has_peer;
}
