/* slot.h - one command's place in a batch: its view, its effects, and its execution between the
 * load and the commit. Used by the engine, and by dry runs up to the answer. */
#ifndef RUNTIME_SLOT_H
#define RUNTIME_SLOT_H

#include "runtime/env.h"
#include "runtime/job.h"

struct slot {
	void *view, *effects; /* as large as the domain needs them, the engine's */
	struct seen_answer seen;
	struct answer settled; /* of those who waited for effects->settles, or what is stored
	                          instead of the whole answer */
	bool writes;           /* has rows, events or a stored answer in the transaction */
	bool has_key;          /* has a stored answer in it */
	bool is_rejected;      /* an event of the peer that was recorded instead */
};

void slot_init(struct slot *slot, void *view, void *effects);
void slot_release(struct slot *slot); /* not view and effects */

/* Empties the slot for a job and sends what loads it; keys seen at or before expired_us count as
 * absent. */
void slot_load(struct slot *slot, const struct domain *domain, struct db *db, struct job *job,
               int64_t expired_us);
/* Time becomes part of the command here; job->random is the caller's to fill: so decide needs
 * neither clock nor chance. The time is in whole milliseconds, as it is shown, and never before
 * last_us. */
void slot_stamp(struct job *job, const struct env *env, int64_t last_us);
/* Decides the command and prints the answer, as if it were the first time. After the load. */
void slot_preview(struct slot *slot, struct job *job);
/* Decides the command, sends what it writes, prints the answer. After the load. */
void slot_execute(struct slot *slot, const struct writing *to, struct job *job);
/* False: an answer was truncated for want of memory, and must be neither stored nor told. */
bool slot_is_whole(const struct slot *slot, const struct job *job);

/* Makes an error the job's answer. The body is printed here, so that it can be stored with the key.
 */
void job_refuse(struct job *job, enum error error);

#endif
