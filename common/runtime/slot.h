/* slot.h - one command's place in a batch: its view, its effects, and its execution between the
 * load and the commit. Used by the engine alone. */
#ifndef RUNTIME_SLOT_H
#define RUNTIME_SLOT_H

#include "runtime/job.h"

struct slot {
	void *view, *effects;
	struct seen_answer seen;
	bool writes;  /* has rows, events or a stored answer in the transaction */
	bool has_key; /* has a stored answer in it */
};

/* Empties the slot for a job and sends what loads it; keys seen at or before expired_us count as
 * absent. */
void slot_load(struct slot *slot, const struct domain *domain, struct db *db, struct job *job,
               int64_t expired_us);
/* Decides the command, sends what it writes, prints the answer. After the load. */
void slot_execute(struct slot *slot, struct db *db, struct job *job, struct journal *journal);
/* False: an answer was truncated for want of memory, and must be neither stored nor told. */
bool slot_is_whole(const struct slot *slot, const struct job *job);

/* Makes an error the job's answer. The body is printed here, so that it can be stored with the key.
 */
void job_refuse(struct job *job, enum error error);

#endif
