/* webhooks.h - the endpoints that events are delivered to, in the database. What is delivered when
 * is runtime/courier.h's; what operators do to them runtime/webhook_commands.h's. */
#ifndef STORAGE_WEBHOOKS_H
#define STORAGE_WEBHOOKS_H

#include "base/id.h"
#include "base/webhook_sign.h"
#include "storage/db.h"

#define WEBHOOKS_MAX 100 /* endpoints of one service */
#define WEBHOOK_URL_MAX 2048
#define WEBHOOK_ERROR_SIZE 121

enum webhook_status { WEBHOOK_ENABLED, WEBHOOK_DISABLED };
enum webhook_reason {
	WEBHOOK_NO_REASON = -1, /* enabled */
	WEBHOOK_EXHAUSTED,      /* all retries failed */
	WEBHOOK_GONE,           /* it answered 410 */
};

extern const char *const webhook_status_names[];
extern const char *const webhook_reason_names[];

/* An endpoint as it is stored and shown. Texts are borrowed from where the struct was filled. */
struct webhook {
	char webhook_id[ID_SIZE];
	struct text url;
	struct text types; /* a JSON array of names, or TEXT_NONE: all */
	struct webhook_secret secret;
	bool has_previous; /* until previous_until_us the secret before signs too */
	struct webhook_secret previous_secret;
	int64_t previous_until_us; /* INT64_MIN: never */
	int64_t place;             /* seq of the last event that was delivered or stepped over */
	int64_t attempts;          /* of the next one, in vain */
	int64_t next_us;           /* when it is tried again; INT64_MIN: at once */
	struct text last_error;
	int status; /* enum webhook_status */
	int reason; /* enum webhook_reason */
	int64_t changed_seq;
	int64_t created_us;
	int64_t lag_events; /* from place to the journal's head */
};

/* Reads a row of any statement here; texts are borrowed from the row. */
void webhook_from_row(const struct db_row *row, struct webhook *ret_webhook);
/* Overwrites its secrets: of each copy, before its memory is used for something else. */
void webhook_wipe(struct webhook *webhook);
/* Copies the texts into an empty buffer, so that they last as long as that. */
void webhook_keep(struct webhook *webhook, struct buf *kept);

void webhook_send_by_id(struct db *db, const char *webhook_id, db_row_fn *row, void *arg);
/* All of them, at most WEBHOOKS_MAX. */
void webhook_send_all(struct db *db, db_row_fn *row, void *arg);
/* `count` of those before an id, newest first. */
void webhook_send_page(struct db *db, const char *before_id, int64_t count, db_row_fn *row,
                       void *arg);
/* One number: how many there are. */
void webhook_send_count(struct db *db, db_row_fn *row, void *arg);

/* Send the rows; texts and secrets are borrowed until db_flush. */
void webhook_write_new(struct db *db, const struct webhook *webhook);
/* All that can change. One whose place is not from_place any more makes the statement conflict. */
void webhook_write_changed(struct db *db, const struct webhook *webhook, int64_t from_place);
void webhook_delete(struct db *db, const char *webhook_id);

#endif
