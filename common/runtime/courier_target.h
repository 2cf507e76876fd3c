/* courier_target.h - the courier's memory: a target for each endpoint. Only courier*.c and
 * their test include this. All is the courier's thread's, but for what the writer's thread does in
 * job.done. */
#ifndef RUNTIME_COURIER_TARGET_H
#define RUNTIME_COURIER_TARGET_H

#include "runtime/courier.h"
#include "runtime/webhook_commands.h"

#include <stdatomic.h>

enum note_state { NOTE_FREE, NOTE_UNDER_WAY, NOTE_BACK };

struct target {
	struct courier *courier;
	bool is_used;
	bool is_listed; /* by the reload that is under way */
	bool is_gone;   /* deleted, while its note is under way */
	struct webhook webhook;
	struct buf kept; /* its texts; last_error is `error` */
	char error[WEBHOOK_ERROR_SIZE];
	/* The event that is tried, or examined. */
	bool is_posting;
	int64_t event_seq;
	struct buf line;
	bool is_at_end; /* there was nothing behind its place */
	/* What is to be stored. */
	bool is_changed;
	int64_t stored_place;
	int64_t note_due_us;
	_Atomic enum note_state note_state;
	struct webhook_note note;
	struct job job;
};

struct courier {
	struct db *db;
	const struct env *env;
	struct courier_hands hands;
	bool reloads; /* the endpoints are to be read again */
	_Atomic size_t targets_count;
	struct target targets[WEBHOOKS_MAX];
};

/* The slot of its attempts: its place. */
size_t target_slot(const struct target *target);
void target_stop_posting(struct target *target);
/* Its note is not under way. */
void target_release(struct target *target);
/* Reads the endpoints: new ones, those that an operator has changed, and those that are no more.
 * False: it is to be done again. */
bool targets_reload(struct courier *courier);

#endif
