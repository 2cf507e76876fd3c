/* courier.c - one target for each endpoint.
 * Invariants: (1) an event is tried only once the one before it was delivered; (2) while a note is
 * under way there is no other of its target; (3) what is in memory alone is never ahead of what was
 * delivered. */
#include "runtime/courier_target.h"

#include "base/webhook_retry.h"
#include "runtime/log.h"
#include "runtime/metrics.h"
#include "runtime/webhook_commands.h"
#include "storage/journal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOTE_INTERVAL_US US_PER_S /* so that each delivery needs no commit of its own */
#define RETRY_US US_PER_S         /* after a full queue, a read that failed, no memory */
#define PAGE_EVENTS 100           /* examined at once where only some types are wanted */
#define STATUS_GONE 410

static _Atomic int64_t deliveries, failures, disabled;

static struct metric metrics[] = {
	{"webhook_deliveries_total", METRIC_COUNTER, "Events delivered to an endpoint.",
         metric_collect_value, &deliveries, NULL},
	{"webhook_failures_total", METRIC_COUNTER, "Attempts to deliver an event in vain.",
         metric_collect_value, &failures, NULL},
	{"webhooks_disabled", METRIC_GAUGE,
         "Endpoints that are disabled, as all retries have ended or they answered 410.",
         metric_collect_value, &disabled, NULL},
};

void courier_register_metrics(void)
{
	for (size_t i = 0; i < ARRAY_LEN(metrics); i++)
		metric_register(&metrics[i]);
}

struct courier *courier_new(struct db *db, const struct env *env, struct courier_hands hands)
{
	struct courier *courier = calloc(1, sizeof(*courier));

	if (courier == NULL)
		return NULL;
	courier->db = db;
	courier->env = env;
	courier->hands = hands;
	courier->reloads = true;
	return courier;
}

size_t courier_targets_count(const struct courier *courier)
{
	return atomic_load(&courier->targets_count);
}

static void count_disabled(const struct courier *courier)
{
	int64_t count = 0;

	for (size_t i = 0; i < WEBHOOKS_MAX; i++)
		count += courier->targets[i].is_used && !courier->targets[i].is_gone &&
		         courier->targets[i].webhook.status == WEBHOOK_DISABLED;
	atomic_store(&disabled, count);
}

/* ---- deliveries ---- */

/* The array holds plain names, so a name in quotes is in it or is not. */
static bool is_wanted(struct text types, struct text type)
{
	char quoted[FIELD_NAME_CHARS_MAX + 3];

	if (types.ptr == NULL)
		return true;
	if (type.len > FIELD_NAME_CHARS_MAX)
		return false;
	(void)snprintf(quoted, sizeof(quoted), "\"%.*s\"", (int)type.len, type.ptr);
	return memmem(types.ptr, types.len, quoted, type.len + 2) != NULL;
}

/* Steps over events up to the first that is wanted. */
static void take_event(void *arg, const struct db_row *row)
{
	struct target *target = arg;
	struct text line = db_text(row, 1);

	if (target->line.len > 0)
		return;
	target->event_seq = db_int(row, 0);
	if (is_wanted(target->webhook.types, journal_line_member(line, "type")))
		buf_add_text(&target->line, line);
}

static void change(struct target *target, int64_t note_due_us)
{
	if (!target->is_changed || note_due_us < target->note_due_us)
		target->note_due_us = note_due_us;
	target->is_changed = true;
}

/* With both secrets during a rotation. */
static bool sign(const struct webhook *webhook, struct post *post, int64_t now_us,
                 char out[COURIER_SIGNATURES_SIZE])
{
	const struct webhook_secret *secrets[] = {&webhook->secret, &webhook->previous_secret};
	size_t count = webhook->has_previous && now_us < webhook->previous_until_us ? 2 : 1;
	char signature[WEBHOOK_SIGNATURE_SIZE];
	size_t len = 0;

	for (size_t i = 0; i < count; i++) {
		struct text key = {(const char *)secrets[i]->bytes, WEBHOOK_SECRET_BYTES};

		if (!webhook_sign(key, text_of(post->id), post->timestamp_s, post->body, signature))
			return false;
		len += (size_t)snprintf(out + len, COURIER_SIGNATURES_SIZE - len, "%s%s",
		                        i == 0 ? "" : " ", signature);
	}
	post->signatures = out;
	return true;
}

static bool begin_post(struct target *target, int64_t now_us)
{
	struct courier_hands *hands = &target->courier->hands;
	char id[ID_SIZE], signatures[COURIER_SIGNATURES_SIZE];
	struct post post = {.url = target->webhook.url,
	                    .body = buf_text(&target->line),
	                    .id = id,
	                    .timestamp_s = now_us / US_PER_S};
	struct text event_id = journal_line_member(post.body, "id");

	ensure(event_id.len == ID_SIZE - 1);
	text_copy(event_id, id, sizeof(id));
	target->is_posting = sign(&target->webhook, &post, now_us, signatures) &&
	                     hands->post(hands->arg, target_slot(target), &post);
	return target->is_posting;
}

/* Looks at the next page of events, and begins to deliver the first that is wanted. Returns when to
 * look again. */
static int64_t begin_next(struct target *target, int64_t now_us)
{
	struct webhook *webhook = &target->webhook;
	int64_t place = webhook->place;

	target->event_seq = place;
	buf_reset(&target->line);
	if (journal_read(target->courier->db, place, webhook->types.ptr == NULL ? 1 : PAGE_EVENTS,
	                 take_event, target) != DB_OK) {
		log_error("webhook_events_unread", L_STR("webhook_id", webhook->webhook_id),
		          L_STR("why", db_why(target->courier->db)));
		return now_us + RETRY_US;
	}
	if (target->line.full)
		return now_us + RETRY_US;
	if (target->line.len > 0)
		return begin_post(target, now_us) ? INT64_MAX : now_us + RETRY_US;
	target->is_at_end = target->event_seq == place;
	if (target->is_at_end)
		return INT64_MAX;
	webhook->place = target->event_seq;
	change(target, now_us + NOTE_INTERVAL_US);
	return now_us;
}

static int64_t attend(struct target *target, int64_t now_us)
{
	const struct webhook *webhook = &target->webhook;

	if (webhook->status == WEBHOOK_DISABLED || target->is_gone || target->is_posting)
		return INT64_MAX;
	if (webhook->next_us > now_us)
		return webhook->next_us;
	return target->is_at_end ? INT64_MAX : begin_next(target, now_us);
}

static void note_success(struct target *target, int64_t now_us)
{
	struct webhook *webhook = &target->webhook;

	atomic_fetch_add_explicit(&deliveries, 1, memory_order_relaxed);
	webhook->place = target->event_seq;
	webhook->attempts = 0;
	webhook->next_us = INT64_MIN;
	target->error[0] = '\0';
	change(target, now_us + NOTE_INTERVAL_US);
}

static void disable(struct target *target, enum webhook_reason reason)
{
	struct webhook *webhook = &target->webhook;

	webhook->status = WEBHOOK_DISABLED;
	webhook->reason = reason;
	webhook->next_us = INT64_MIN;
	log_error("webhook_disabled", L_STR("webhook_id", webhook->webhook_id),
	          L_STR("reason", webhook_reason_names[reason]), L_INT("place", webhook->place),
	          L_STR("last_error", target->error));
}

static void note_failure(struct target *target, const struct post_result *result, int64_t now_us)
{
	struct webhook *webhook = &target->webhook;
	uint32_t chance;
	int64_t delay_us;

	atomic_fetch_add_explicit(&failures, 1, memory_order_relaxed);
	env_random(target->courier->env, &chance, sizeof(chance));
	webhook->attempts++;
	if (result->status != 0)
		(void)snprintf(target->error, sizeof(target->error), "answered %d", result->status);
	else
		text_copy(text_of(result->error), target->error, sizeof(target->error));
	delay_us = webhook_retry_us(webhook->attempts, result->retry_after_us, chance);
	if (result->status == STATUS_GONE)
		disable(target, WEBHOOK_GONE);
	else if (delay_us == WEBHOOK_RETRIES_ENDED)
		disable(target, WEBHOOK_EXHAUSTED);
	else
		webhook->next_us = now_us + delay_us;
	log_warn("webhook_failed", L_STR("webhook_id", webhook->webhook_id),
	         L_INT("seq", target->event_seq), L_INT("attempts", webhook->attempts),
	         L_STR("error", target->error));
	change(target, now_us);
}

void courier_posted(struct courier *courier, size_t slot, const struct post_result *result,
                    int64_t now_us)
{
	struct target *target = &courier->targets[slot];

	ensure(slot < WEBHOOKS_MAX && target->is_used && target->is_posting);
	target->is_posting = false;
	if (result->status >= 200 && result->status < 300)
		note_success(target, now_us);
	else
		note_failure(target, result, now_us);
}

/* ---- notes ---- */

/* On the thread that executed the command. From the store on the note is the courier's again. */
static void done(struct job *job)
{
	struct target *target = job->owner;
	const struct courier_hands *hands = &target->courier->hands;

	atomic_store(&target->note_state, NOTE_BACK);
	hands->came_back(hands->arg);
}

static void take_back(struct target *target, int64_t now_us)
{
	enum error error;

	if (atomic_load(&target->note_state) != NOTE_BACK)
		return;
	error = target->job.answer.error;
	answer_release(&target->job.answer);
	buf_release(&target->job.kept);
	atomic_store(&target->note_state, NOTE_FREE);
	if (error == ERR_NONE) {
		target->stored_place = target->note.place;
	} else if (error == ERR_NOT_FOUND || error == ERR_INVALID_STATE) {
		target->is_gone = true; /* as we knew it */
		target->courier->reloads = true;
	} else {
		change(target, now_us + RETRY_US);
	}
	if (target->is_gone)
		target_release(target);
}

static void fill_note(struct target *target)
{
	const struct webhook *webhook = &target->webhook;
	struct webhook_note *note = &target->note;

	*note = (struct webhook_note){.from_place = target->stored_place,
	                              .place = webhook->place,
	                              .changed_seq = webhook->changed_seq,
	                              .attempts = webhook->attempts,
	                              .next_us = webhook->next_us,
	                              .status = webhook->status,
	                              .reason = webhook->reason};
	memcpy(note->webhook_id, webhook->webhook_id, ID_SIZE);
	memcpy(note->error, target->error, sizeof(note->error));
}

/* Returns when to submit it, INT64_MAX: there is nothing, or the one before has to come back. */
static int64_t submit(struct target *target, int64_t now_us)
{
	struct courier_hands *hands = &target->courier->hands;

	if (!target->is_changed || target->is_gone || atomic_load(&target->note_state) != NOTE_FREE)
		return INT64_MAX;
	if (target->note_due_us > now_us)
		return target->note_due_us;
	if (hands->reserve(hands->arg) != ERR_NONE) {
		target->note_due_us = now_us + RETRY_US;
		return target->note_due_us;
	}
	fill_note(target);
	target->is_changed = false;
	target->job = (struct job){.owner = target,
	                           .kind = &webhook_note_kind,
	                           .command = &target->note,
	                           .request_id = text_of(target->note.webhook_id),
	                           .deadline_us = INT64_MAX,
	                           .done = done};
	answer_init(&target->job.answer);
	buf_init(&target->job.kept, ANSWER_BYTES_MAX);
	atomic_store(&target->note_state, NOTE_UNDER_WAY);
	hands->publish(hands->arg, &target->job);
	return INT64_MAX;
}

/* ---- turns ---- */

static int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

int64_t courier_turn(struct courier *courier, bool has_news, bool are_changed, int64_t now_us)
{
	int64_t next_us = INT64_MAX;

	for (size_t i = 0; i < WEBHOOKS_MAX; i++)
		if (courier->targets[i].is_used)
			take_back(&courier->targets[i], now_us);
	if ((courier->reloads || are_changed) && !targets_reload(courier))
		next_us = now_us + RETRY_US;
	for (size_t i = 0; i < WEBHOOKS_MAX; i++) {
		struct target *target = &courier->targets[i];

		if (!target->is_used)
			continue;
		if (has_news)
			target->is_at_end = false;
		next_us = earlier(next_us, attend(target, now_us));
		next_us = earlier(next_us, submit(target, now_us));
	}
	count_disabled(courier);
	return next_us;
}

void courier_end(struct courier *courier)
{
	for (size_t i = 0; i < WEBHOOKS_MAX; i++) {
		struct target *target = &courier->targets[i];

		if (!target->is_used)
			continue;
		target_stop_posting(target);
		(void)submit(target, INT64_MAX - RETRY_US);
	}
}

bool courier_settle(struct courier *courier)
{
	bool is_settled = true;

	for (size_t i = 0; i < WEBHOOKS_MAX; i++) {
		struct target *target = &courier->targets[i];

		if (target->is_used)
			take_back(target, 0);
		if (target->is_used && atomic_load(&target->note_state) != NOTE_FREE)
			is_settled = false;
	}
	return is_settled;
}

void courier_free(struct courier *courier)
{
	if (courier == NULL)
		return;
	for (size_t i = 0; i < WEBHOOKS_MAX; i++)
		if (courier->targets[i].is_used)
			target_release(&courier->targets[i]);
	free(courier);
}
