/* webhooks.c - /webhooks: requests become commands (runtime/webhook_commands.h); the list. */
#include "base/webhook_url.h"
#include "web/list.h"
#include "web/pages.h"

#include <string.h>

#define ID_PREFIX "whe_"

const struct field webhook_create_fields[] = {
	FIELD_TEXT("url", struct webhook_command, url, FIELD_REQUIRED, 1, WEBHOOK_URL_MAX,
                   "https, a host that everybody can reach, no credentials, no fragment."),
	FIELD_NAMES("types", struct webhook_command, types, FIELD_OPTIONAL, FIELD_NAMES_MAX,
                    "Of events to deliver; left out: all."),
	FIELD_END,
};

/* api.md, "GET /events", and what operators do. One that this service never has is right, too. */
static const char *const event_types[] = {
	"order.created",    "order.paid",       "order.fulfilled",     "order.cancelled",
	"order.expired",    "order.redacted",   "payment.processing",  "payment.authorized",
	"payment.captured", "payment.failed",   "payment.voided",      "payment.contradicted",
	"payment.reversed", "payment.redacted", "refund.processing",   "refund.succeeded",
	"refund.failed",    "journal.restored", "peer_event.rejected", "peer_event.applied",
	"peer.accepted",    "reference.lost",   "webhook.created",     "webhook.deleted",
	"webhook.enabled",  "webhook.rotated",
};

static bool is_event_type(struct text name)
{
	for (size_t i = 0; i < ARRAY_LEN(event_types); i++)
		if (text_is(name, event_types[i]))
			return true;
	return false;
}

/* types is as FIELD_NAMES keeps it, ["a","b"]: a name holds no quote. */
static bool are_event_types(struct text types)
{
	const char *end = types.ptr + types.len, *at = memchr(types.ptr, '"', types.len);

	while (at != NULL) {
		const char *name = at + 1, *quote = memchr(name, '"', (size_t)(end - name));

		ensure(quote != NULL);
		if (!is_event_type((struct text){name, (size_t)(quote - name)}))
			return false;
		at = memchr(quote + 1, '"', (size_t)(end - quote - 1));
	}
	return true;
}

bool webhook_id_is_valid(struct text id)
{
	return id_is_valid(ID_PREFIX, id);
}

static void make_secret(const struct request *request, struct webhook_command *command)
{
	env_random(api_settings(request->api)->env, command->secret.bytes, WEBHOOK_SECRET_BYTES);
}

enum error webhook_create_prepare(struct request *request, struct field_errors *errors)
{
	const struct api_settings *settings = api_settings(request->api);
	struct webhook_command *command = request->input;
	const char *fault = webhook_url_fault(command->url, settings->webhook_allow_private);
	uint8_t random[ULID_RANDOM_BYTES];

	if (fault != NULL)
		field_error_add(errors, "#/url", false, fault);
	if (command->types.ptr != NULL && !are_event_types(command->types))
		field_error_add(errors, "#/types", false,
		                "must name types of events, as GET /events shows them");
	if (errors->count > 0)
		return ERR_NONE;
	env_random(settings->env, random, sizeof(random));
	id_make(ID_PREFIX, env_now_us(settings->env), random, command->webhook_id);
	make_secret(request, command);
	request->job.kind = &webhook_create_kind;
	request->job.command = command;
	return ERR_NONE;
}

static struct webhook_command *prepare(struct request *request, const struct command_kind *kind)
{
	struct webhook_command *command = request->input;

	text_copy(text_of(request->path_id), command->webhook_id, ID_SIZE);
	request->job.kind = kind;
	request->job.command = command;
	return command;
}

enum error webhook_delete_prepare(struct request *request, struct field_errors *errors)
{
	(void)errors;
	(void)prepare(request, &webhook_delete_kind);
	return ERR_NONE;
}

enum error webhook_enable_prepare(struct request *request, struct field_errors *errors)
{
	(void)errors;
	(void)prepare(request, &webhook_enable_kind);
	return ERR_NONE;
}

enum error webhook_rotate_prepare(struct request *request, struct field_errors *errors)
{
	(void)errors;
	make_secret(request, prepare(request, &webhook_rotate_kind));
	return ERR_NONE;
}

/* ---- GET /webhooks ---- */

const struct field webhooks_query[] = {
	FIELD_INTEGER("limit", struct webhooks_input, limit, FIELD_OPTIONAL, 1, LIST_LIMIT_MAX,
                      LIST_LIMIT_DEFAULT, "Endpoints a page."),
	FIELD_CURSOR("after", struct webhooks_input, after,
                     "The value of next of the page before."),
	FIELD_END,
};

static void webhooks_send(const struct list *list, struct db *db, int64_t count)
{
	webhook_send_page(db, list->position, count, list_row, (void *)(uintptr_t)list);
}

static enum list_verdict webhooks_row(const struct list *list, const struct db_row *row,
                                      char position[LIST_POSITION_SIZE], struct buf *out)
{
	struct webhook webhook;

	(void)list;
	webhook_from_row(row, &webhook);
	memcpy(position, webhook.webhook_id, ID_SIZE);
	field_render(webhook_fields, &webhook, out);
	webhook_wipe(&webhook);
	return LIST_SHOW;
}

static const struct list_kind webhooks_list = {
	.newest = ID_PREFIX "~", .send = webhooks_send, .row = webhooks_row};

enum error webhooks_run(struct request *request, struct db *db)
{
	const struct webhooks_input *input = request->input;

	return list_run(&webhooks_list, request, db, no_fields, input->limit, input->after);
}
