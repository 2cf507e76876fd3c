/* dry_run.c - the load and the decision of a command, without the engine's write and commit. */
#include "runtime/dry_run.h"

#include "runtime/log.h"
#include "runtime/slot.h"

#include <stdlib.h>

/* One snapshot for the view and for the time of the last event. */
static enum db_result load(struct slot *slot, const struct domain *domain, struct db *db,
                           struct job *job, struct journal_head *ret_head)
{
	enum db_result result = db_begin(db);

	if (result == DB_OK) {
		slot_load(slot, domain, db, job, INT64_MAX);
		result = journal_read_head(db, ret_head);
	}
	db_rollback(db);
	return result;
}

void dry_run(const struct domain *domain, const struct env *env, struct db *db, struct job *job)
{
	struct slot slot;
	struct journal_head head;
	void *view = malloc(domain_view_size(domain));
	void *effects = malloc(domain_effects_size(domain));

	ensure(job->dry_run);
	job->key.key = TEXT_NONE;
	slot_init(&slot, view, effects);
	if (view == NULL || effects == NULL) {
		job_refuse(job, ERR_OVERLOADED);
	} else if (load(&slot, domain, db, job, &head) != DB_OK) {
		log_error("dry_run_failed", L_STR("command", job->kind->name),
		          L_TEXT("request_id", job->request_id), L_TRACE(job->traceparent),
		          L_STR("why", db_why(db)));
		job_refuse(job, ERR_STORAGE_UNAVAILABLE);
	} else {
		slot_stamp(job, env, head.time_us);
		env_random(env, job->random, sizeof(job->random));
		slot_preview(&slot, job);
		if (!slot_is_whole(&slot, job))
			job_refuse(job, ERR_OVERLOADED);
	}
	slot_release(&slot);
	free(view);
	free(effects);
}
