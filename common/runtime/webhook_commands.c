/* webhook_commands.c - what operators do to an endpoint, and how far the courier is with it.
 * Invariants: (1) a secret is in the answer to the first call alone, never in the journal, in a
 * stored answer or in a list; (2) only the courier moves a place, and never back.
 *
 *   create --> ENABLED --retries ended, or 410 (a note)--> DISABLED --enable--> ENABLED */
#include "runtime/webhook_commands.h"

#include "base/webhook_url.h"

#include <stdatomic.h>
#include <string.h>

struct webhook_view {
	struct job *job;
	int64_t count; /* of all endpoints */
	bool is_known;
	struct webhook webhook;
};

struct webhook_effects {
	struct effects base;
	const char *event_type; /* NULL: none */
	int64_t from_place;
	struct webhook webhook; /* as it is afterwards */
};

static_assert(sizeof(struct webhook_view) <= COMMON_SIZE_MAX, "any domain has room for it");
static_assert(offsetof(struct webhook_note, webhook_id) ==
                      offsetof(struct webhook_command, webhook_id),
              "load and conflict_key take either");
static_assert(sizeof(struct webhook_effects) <= COMMON_SIZE_MAX, "any domain has room for it");

static _Atomic int64_t changes;

int64_t webhook_changes(void)
{
	return atomic_load(&changes);
}

/* ---- how an endpoint is shown ---- */

#define W struct webhook
#define SHOWN_ROWS \
	FIELD_STR("webhook_id", W, webhook_id, "Ours."), \
		FIELD_TEXT("url", W, url, FIELD_REQUIRED, 1, WEBHOOK_URL_MAX, "As given."), \
		FIELD_NAMES("types", W, types, FIELD_OPTIONAL, FIELD_NAMES_MAX, \
	                    "Of events that are delivered; null: all."), \
		FIELD_ENUM("status", W, status, FIELD_REQUIRED, webhook_status_names, \
	                   "disabled: nothing is delivered until it is enabled."), \
		FIELD_ENUM("disabled_reason", W, reason, FIELD_OPTIONAL, webhook_reason_names, \
	                   "retries-ended: no success in all retries; gone: it answered 410."), \
		FIELD_INTEGER("place", W, place, FIELD_REQUIRED, 0, INT64_MAX, 0, \
	                      "seq of the last event delivered or stepped over; up to a second " \
	                      "old."), \
		FIELD_INTEGER("lag", W, lag_events, FIELD_REQUIRED, 0, INT64_MAX, 0, \
	                      "Events from there to the journal's head."), \
		FIELD_INTEGER("attempts", W, attempts, FIELD_REQUIRED, 0, INT64_MAX, 0, \
	                      "Of the next event, in vain."), \
		FIELD_TEXT("last_error", W, last_error, FIELD_OPTIONAL, 0, WEBHOOK_ERROR_SIZE - 1, \
	                   "Of the last attempt; null: it succeeded."), \
		FIELD_TIME("next_attempt_at", W, next_us, FIELD_OPTIONAL, \
	                   "Of a retry; null: there is none to wait for."), \
		FIELD_TIME("previous_secret_until", W, previous_until_us, FIELD_OPTIONAL, \
	                   "Until when the secret before signs too; null: there was none."), \
		FIELD_TIME("created_at", W, created_us, FIELD_REQUIRED, "When it was created.")

const struct field webhook_fields[] = {SHOWN_ROWS, FIELD_END};

const struct field webhook_told_fields[] = {
	SHOWN_ROWS,
	FIELD_STR("secret", struct webhook_told, secret,
                  "whsec_BASE64, told once: null in a replay."),
	FIELD_END,
};

const struct field webhook_deleted_fields[] = {
	FIELD_STR("webhook_id", W, webhook_id, "The one that is no more."),
	FIELD_END,
};

static const struct field event_fields[] = {
	FIELD_STR("webhook_id", W, webhook_id, ""),
	FIELD_TEXT("url", W, url, FIELD_REQUIRED, 1, WEBHOOK_URL_MAX, ""),
	FIELD_NAMES("types", W, types, FIELD_OPTIONAL, FIELD_NAMES_MAX, ""),
	FIELD_ENUM("status", W, status, FIELD_REQUIRED, webhook_status_names, ""),
	FIELD_END,
};

/* ---- load ---- */

/* Never 0. Endpoints whose ids end alike only wait for each other. */
static uint64_t conflict_key(const struct job *job, const void *view)
{
	const struct webhook_command *command = job->command; /* its first member is the note's */
	uint64_t key;

	(void)view;
	memcpy(&key, command->webhook_id + ID_SIZE - 1 - sizeof(key), sizeof(key));
	return key | 1;
}

/* One after the other, so that none is beyond WEBHOOKS_MAX. */
static uint64_t create_conflict_key(const struct job *job, const void *view)
{
	(void)job;
	(void)view;
	return 1;
}

static void take_count(void *arg, const struct db_row *row)
{
	((struct webhook_view *)arg)->count = db_int(row, 0);
}

static void create_load(struct db *db, struct job *job, void *view)
{
	(void)job;
	webhook_send_count(db, take_count, view);
}

static void take_row(void *arg, const struct db_row *row)
{
	struct webhook_view *view = arg;

	webhook_from_row(row, &view->webhook);
	webhook_keep(&view->webhook, &view->job->kept);
	view->is_known = true;
}

static void load(struct db *db, struct job *job, void *view)
{
	const struct webhook_command *command = job->command;

	((struct webhook_view *)view)->job = job;
	webhook_send_by_id(db, command->webhook_id, take_row, view);
}

/* ---- decide ---- */

static enum error create_decide(const struct job *job, const void *view, void *effects,
                                char *detail)
{
	const struct webhook_command *command = job->command;
	struct webhook_effects *result = effects;

	if (((const struct webhook_view *)view)->count >= WEBHOOKS_MAX) {
		text_copy(TEXT_LITERAL("There are 100 endpoints: delete one that is not needed."),
		          detail, ANSWER_DETAIL_SIZE);
		return ERR_INVALID_STATE;
	}
	result->webhook = (struct webhook){.url = command->url,
	                                   .types = command->types,
	                                   .secret = command->secret,
	                                   .previous_until_us = INT64_MIN,
	                                   .next_us = INT64_MIN,
	                                   .status = WEBHOOK_ENABLED,
	                                   .reason = WEBHOOK_NO_REASON,
	                                   .created_us = job->now_us};
	memcpy(result->webhook.webhook_id, command->webhook_id, ID_SIZE);
	result->base.writes = true;
	result->base.resource = text_of(command->webhook_id);
	result->event_type = JOURNAL_WEBHOOK_PREFIX "created";
	return ERR_NONE;
}

/* What the commands about one that is there have in common. */
static enum error begin(const struct job *job, const struct webhook_view *view,
                        struct webhook_effects *ret_effects)
{
	if (!view->is_known)
		return ERR_NOT_FOUND;
	ret_effects->base.writes = true;
	ret_effects->base.resource =
		text_of(((const struct webhook_command *)job->command)->webhook_id);
	ret_effects->from_place = view->webhook.place;
	ret_effects->webhook = view->webhook;
	return ERR_NONE;
}

static enum error delete_decide(const struct job *job, const void *view, void *effects,
                                char *detail)
{
	struct webhook_effects *result = effects;

	(void)detail;
	result->event_type = JOURNAL_WEBHOOK_PREFIX "deleted";
	return begin(job, view, result);
}

/* Also ends the wait for a retry. */
static enum error enable_decide(const struct job *job, const void *view, void *effects,
                                char *detail)
{
	struct webhook_effects *result = effects;
	struct webhook *webhook = &result->webhook;
	enum error error = begin(job, view, result);

	(void)detail;
	if (error != ERR_NONE)
		return error;
	result->base.replayed = webhook->status == WEBHOOK_ENABLED && webhook->attempts == 0;
	result->base.writes = !result->base.replayed;
	result->event_type = JOURNAL_WEBHOOK_PREFIX "enabled";
	webhook->status = WEBHOOK_ENABLED;
	webhook->reason = WEBHOOK_NO_REASON;
	webhook->attempts = 0;
	webhook->next_us = INT64_MIN;
	return ERR_NONE;
}

static enum error rotate_decide(const struct job *job, const void *view, void *effects,
                                char *detail)
{
	struct webhook_effects *result = effects;
	struct webhook *webhook = &result->webhook;
	enum error error = begin(job, view, result);

	(void)detail;
	if (error != ERR_NONE)
		return error;
	result->event_type = JOURNAL_WEBHOOK_PREFIX "rotated";
	webhook->has_previous = true;
	webhook->previous_secret = webhook->secret;
	webhook->previous_until_us = job->now_us + WEBHOOK_ROTATION_US;
	webhook->secret = ((const struct webhook_command *)job->command)->secret;
	return ERR_NONE;
}

static enum error note_decide(const struct job *job, const void *view, void *effects, char *detail)
{
	const struct webhook_note *note = job->command;
	struct webhook_effects *result = effects;
	struct webhook *webhook = &result->webhook;
	enum error error = begin(job, view, result);

	(void)detail;
	if (error != ERR_NONE)
		return error;
	if (webhook->place != note->from_place) {
		result->base.writes = false;
		return ERR_INVALID_STATE;
	}
	webhook->place = note->place;
	if (webhook->changed_seq != note->changed_seq)
		return ERR_NONE;
	webhook->attempts = note->attempts;
	webhook->next_us = note->next_us;
	webhook->last_error = note->error[0] == '\0' ? TEXT_NONE : text_of(note->error);
	webhook->status = note->status;
	webhook->reason = note->reason;
	return ERR_NONE;
}

/* ---- write ---- */

/* The query of a URL may hold a secret: it stays in the row. */
static void record(const struct writing *to, const struct job *job, struct webhook_effects *effects)
{
	struct webhook *webhook = &effects->webhook;
	struct webhook shown = *webhook;
	struct buf *data = journal_data(to->journal);
	struct event event = {.type = effects->event_type,
	                      .subject = text_of(webhook->webhook_id),
	                      .traceparent = job->traceparent,
	                      .order_prev_seq = webhook->changed_seq};

	shown.url = webhook_url_plain(webhook->url);
	field_render(event_fields, &shown, data);
	ensure(!data->full);
	event.data = buf_text(data);
	webhook->changed_seq =
		journal_add(to->journal, &event, job->now_us, job->random + ULID_RANDOM_BYTES);
}

/* It starts at the head, which is its own first event. */
static void create_write(const struct writing *to, const struct job *job, const void *view,
                         void *effects)
{
	struct webhook_effects *result = effects;

	(void)view;
	record(to, job, result);
	result->webhook.place = result->webhook.changed_seq;
	webhook_write_new(to->db, &result->webhook);
}

static void delete_write(const struct writing *to, const struct job *job, const void *view,
                         void *effects)
{
	struct webhook_effects *result = effects;

	(void)view;
	record(to, job, result);
	webhook_delete(to->db, result->webhook.webhook_id);
}

static void change_write(const struct writing *to, const struct job *job, const void *view,
                         void *effects)
{
	struct webhook_effects *result = effects;

	(void)view;
	if (result->event_type != NULL)
		record(to, job, result);
	webhook_write_changed(to->db, &result->webhook, result->from_place);
}

static void count_change(const struct job *job, const void *effects)
{
	(void)job;
	if (((const struct webhook_effects *)effects)->event_type != NULL)
		atomic_fetch_add(&changes, 1);
}

/* ---- render ---- */

static void render(const struct job *job, const void *effects, struct answer *answer)
{
	(void)job;
	field_render(webhook_fields, &((const struct webhook_effects *)effects)->webhook,
	             &answer->body);
}

static void delete_render(const struct job *job, const void *effects, struct answer *answer)
{
	(void)job;
	field_render(webhook_deleted_fields, &((const struct webhook_effects *)effects)->webhook,
	             &answer->body);
}

/* What is stored with a key. */
static void render_untold(const struct job *job, const void *effects, struct answer *answer)
{
	struct webhook_told told = {.webhook = ((const struct webhook_effects *)effects)->webhook};

	(void)job;
	field_render(webhook_told_fields, &told, &answer->body);
	webhook_wipe(&told.webhook);
}

static void render_told(const struct job *job, const void *effects, struct answer *answer)
{
	struct webhook_told told = {.webhook = ((const struct webhook_effects *)effects)->webhook};

	(void)job;
	webhook_secret_print(&told.webhook.secret, told.secret);
	field_render(webhook_told_fields, &told, &answer->body);
	explicit_bzero(&told, sizeof(told));
}

const struct command_kind webhook_create_kind = {
	.name = "webhook_create",
	.conflict_key = create_conflict_key,
	.load = create_load,
	.decide = create_decide,
	.write = create_write,
	.render = render_told,
	.render_stored = render_untold,
	.committed = count_change,
};
const struct command_kind webhook_delete_kind = {
	.name = "webhook_delete",
	.conflict_key = conflict_key,
	.load = load,
	.decide = delete_decide,
	.write = delete_write,
	.render = delete_render,
	.committed = count_change,
};
const struct command_kind webhook_enable_kind = {
	.name = "webhook_enable",
	.conflict_key = conflict_key,
	.load = load,
	.decide = enable_decide,
	.write = change_write,
	.render = render,
	.committed = count_change,
};
const struct command_kind webhook_rotate_kind = {
	.name = "webhook_rotate",
	.conflict_key = conflict_key,
	.load = load,
	.decide = rotate_decide,
	.write = change_write,
	.render = render_told,
	.render_stored = render_untold,
	.committed = count_change,
};
const struct command_kind webhook_note_kind = {
	.name = "webhook_note",
	.conflict_key = conflict_key,
	.load = load,
	.decide = note_decide,
	.write = change_write,
	.render = render,
	.committed = count_change,
};
