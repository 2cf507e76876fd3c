/* idempotency_keys.c - GET /idempotency-keys/{key}. */
#include "web/idempotency_keys.h"

#include "web/request.h"

/* A key as it is shown. */
struct shown_key {
	struct text key;
	int state;
	int64_t status;
	struct text resource;
	int64_t created_us, expires_us;
};

#define K struct shown_key

enum { KEY_PROCESSING, KEY_COMPLETED };
static const char *const state_names[] = {
	[KEY_PROCESSING] = "processing", [KEY_COMPLETED] = "completed", NULL};

const struct field idempotency_key_fields[] = {
	FIELD_TEXT("key", K, key, FIELD_REQUIRED, 1, SEEN_KEY_MAX, "As given."),
	FIELD_ENUM("state", K, state, FIELD_REQUIRED, state_names,
                   "processing: the outcome is not known yet, and the answer will be another."),
	FIELD_INTEGER("status", K, status, FIELD_REQUIRED, 100, 599, 0,
                      "Of the answer that the key repeats."),
	FIELD_TEXT("resource", K, resource, FIELD_REQUIRED, 1, SEEN_RESOURCE_MAX,
                   "The id that the answer is about."),
	FIELD_TIME("created_at", K, created_us, FIELD_REQUIRED,
                   "When its answer was stored: at the first use, or when the outcome was known."),
	FIELD_TIME("expires_at", K, expires_us, FIELD_OPTIONAL,
                   "When the key is free again; null: not before the outcome is known."),
	FIELD_END,
};

bool idempotency_key_is_valid(struct text key)
{
	return key.len <= SEEN_KEY_MAX;
}

enum error idempotency_key_run(struct request *request, struct db *db)
{
	const struct api_settings *settings = api_settings(request->api);
	struct seen_key key = request_seen_key(request, text_of(request->path_id));
	int64_t ttl_us = engine_key_ttl_us(settings->engine);
	struct seen_answer seen;
	enum db_result result;

	buf_init(&seen.body, ANSWER_BYTES_MAX);
	seen_load(db, &key, env_now_us(settings->env) - ttl_us, &seen);
	result = db_flush(db);
	buf_release(&seen.body);
	if (result != DB_OK)
		return ERR_STORAGE_UNAVAILABLE;
	if (!seen.found)
		return ERR_NOT_FOUND;
	const struct shown_key shown = {
		.key = key.key,
		.state = seen.is_open ? KEY_PROCESSING : KEY_COMPLETED,
		.status = seen.status,
		.resource = text_of(seen.resource_id),
		.created_us = seen.created_us,
		.expires_us = seen.is_open ? INT64_MIN : seen.created_us + ttl_us,
	};
	field_render(idempotency_key_fields, &shown, &request->job.answer.body);
	return ERR_NONE;
}
