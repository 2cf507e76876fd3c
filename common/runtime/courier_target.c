/* courier_target.c - takes endpoints from the store into the courier's memory, and out of it.
 * Invariant: a target whose note is under way stays, though its endpoint is gone. */
#include "runtime/courier_target.h"

#include "runtime/log.h"
#include "storage/journal.h"

#include <string.h>

size_t target_slot(const struct target *target)
{
	return (size_t)(target - target->courier->targets);
}

void target_stop_posting(struct target *target)
{
	if (!target->is_posting)
		return;
	target->courier->hands.cancel(target->courier->hands.arg, target_slot(target));
	target->is_posting = false;
}

void target_release(struct target *target)
{
	target_stop_posting(target);
	ensure(atomic_load(&target->note_state) == NOTE_FREE);
	buf_release(&target->kept);
	buf_release(&target->line);
	webhook_wipe(&target->webhook);
	target->is_used = false;
	atomic_fetch_sub(&target->courier->targets_count, 1);
}

static struct target *find(struct courier *courier, const char *webhook_id)
{
	for (size_t i = 0; i < WEBHOOKS_MAX; i++) {
		struct target *target = &courier->targets[i];

		if (target->is_used && !target->is_gone &&
		    strcmp(target->webhook.webhook_id, webhook_id) == 0)
			return target;
	}
	return NULL;
}

static struct target *take_free(struct courier *courier)
{
	for (size_t i = 0; i < WEBHOOKS_MAX; i++) {
		struct target *target = &courier->targets[i];

		if (target->is_used)
			continue;
		*target = (struct target){.courier = courier, .is_used = true};
		buf_init(&target->kept, ANSWER_BYTES_MAX);
		buf_init(&target->line, JOURNAL_LINE_MAX);
		atomic_fetch_add(&courier->targets_count, 1);
		return target;
	}
	return NULL; /* a deleted one still waits for its note: the next reload finds room */
}

/* Takes over what an operator has changed; the place is better known here. */
static void take_changed(struct target *target, const struct webhook *row)
{
	int64_t place = target->webhook.place;
	struct text url = target->webhook.url, types = target->webhook.types;

	target->webhook = *row;
	target->webhook.place = place;
	target->webhook.url = url;
	target->webhook.types = types;
}

static void take_new(struct target *target, const struct webhook *row)
{
	target->webhook = *row;
	target->stored_place = row->place;
	webhook_keep(&target->webhook, &target->kept);
}

static void take_webhook(struct courier *courier, const struct webhook *webhook)
{
	struct target *target = find(courier, webhook->webhook_id);
	bool is_new = target == NULL;

	if (is_new)
		target = take_free(courier);
	if (target == NULL) {
		courier->reloads = true;
		return;
	}
	target->is_listed = true;
	if (is_new)
		take_new(target, webhook);
	else if (target->webhook.changed_seq != webhook->changed_seq)
		take_changed(target, webhook);
	else
		return;
	target->webhook.last_error = TEXT_NONE;
	target->error[0] = '\0';
	if (webhook->last_error.ptr != NULL)
		text_copy(webhook->last_error, target->error, sizeof(target->error));
}

static void take_row(void *arg, const struct db_row *row)
{
	struct webhook webhook;

	webhook_from_row(row, &webhook);
	take_webhook(arg, &webhook);
	webhook_wipe(&webhook);
}

static void drop(struct target *target)
{
	target_stop_posting(target);
	target->is_gone = true;
	if (atomic_load(&target->note_state) == NOTE_FREE)
		target_release(target);
}

bool targets_reload(struct courier *courier)
{
	courier->reloads = false;
	for (size_t i = 0; i < WEBHOOKS_MAX; i++)
		courier->targets[i].is_listed = false;
	webhook_send_all(courier->db, take_row, courier);
	if (db_flush(courier->db) != DB_OK) {
		log_error("webhooks_unread", L_STR("why", db_why(courier->db)));
		courier->reloads = true;
		return false;
	}
	for (size_t i = 0; i < WEBHOOKS_MAX; i++) {
		struct target *target = &courier->targets[i];

		if (target->is_used && !target->is_gone && !target->is_listed)
			drop(target);
		if (target->is_used && !target->is_gone && target->kept.full) {
			drop(target); /* no memory */
			courier->reloads = true;
		}
	}
	return !courier->reloads;
}
