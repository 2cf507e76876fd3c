/* webhooks.c - statements and rows of webhook endpoints. Rules stay in runtime/. */
#include "storage/webhooks.h"

#include <string.h>

const char *const webhook_status_names[] = {"enabled", "disabled", NULL};
const char *const webhook_reason_names[] = {"retries-ended", "gone", NULL};

#define COLUMNS \
	"w.webhook_id, w.url, w.types, w.secret, w.previous_secret, w.previous_until_us, " \
	"w.place, w.attempts, w.next_us, w.last_error, w.status, w.disabled_reason, " \
	"w.changed_seq, w.created_us, h.seq"
#define ROWS "FROM webhooks w JOIN journal_head h ON h.id = 1 "

static const struct statement by_id = {
	.sql = "SELECT " COLUMNS " " ROWS "WHERE w.webhook_id = $1",
};
static const struct statement all = {
	.sql = "SELECT " COLUMNS " " ROWS "ORDER BY w.webhook_id LIMIT $1",
};
static const struct statement page = {
	.sql = "SELECT " COLUMNS " " ROWS
	       "WHERE w.webhook_id < $1 ORDER BY w.webhook_id DESC LIMIT $2",
};
static const struct statement count_all = {
	.sql = "SELECT count(*) FROM webhooks",
};
static const struct statement insert = {
	.sql = "INSERT INTO webhooks (webhook_id, url, types, secret, place, attempts, status, "
	       "changed_seq, created_us) VALUES ($1, $2, $3, $4, $5, 0, $6, $5, $7)",
};
/* A place that moved meanwhile gives NULL, which the column refuses: a conflict. */
static const struct statement update = {
	.sql = "UPDATE webhooks SET place = CASE WHEN place = $2 THEN $3 END, secret = $4, "
	       "previous_secret = $5, previous_until_us = $6, attempts = $7, next_us = $8, "
	       "last_error = $9, status = $10, disabled_reason = $11, changed_seq = $12 "
	       "WHERE webhook_id = $1",
};
static const struct statement delete_one = {
	.sql = "DELETE FROM webhooks WHERE webhook_id = $1",
};

static int name_index(const char *const *names, struct text name)
{
	int at = 0;

	while (!text_is(name, names[at]))
		ensure(names[++at] != NULL); /* as the table's CHECK says, or we wrote */
	return at;
}

static int64_t time_or_none(const struct db_row *row, int column)
{
	return db_is_null(row, column) ? INT64_MIN : db_int(row, column);
}

static void read_secret(struct text bytes, struct webhook_secret *ret_secret)
{
	ensure(bytes.len == WEBHOOK_SECRET_BYTES);
	memcpy(ret_secret->bytes, bytes.ptr, WEBHOOK_SECRET_BYTES);
}

void webhook_from_row(const struct db_row *row, struct webhook *ret_webhook)
{
	struct webhook *webhook = ret_webhook;

	*webhook = (struct webhook){.url = db_text(row, 1),
	                            .types = db_text(row, 2),
	                            .has_previous = !db_is_null(row, 4),
	                            .previous_until_us = time_or_none(row, 5),
	                            .place = db_int(row, 6),
	                            .attempts = db_int(row, 7),
	                            .next_us = time_or_none(row, 8),
	                            .last_error = db_text(row, 9),
	                            .status = name_index(webhook_status_names, db_text(row, 10)),
	                            .reason = WEBHOOK_NO_REASON,
	                            .changed_seq = db_int(row, 12),
	                            .created_us = db_int(row, 13)};
	text_copy(db_text(row, 0), webhook->webhook_id, ID_SIZE);
	read_secret(db_text(row, 3), &webhook->secret);
	if (webhook->has_previous)
		read_secret(db_text(row, 4), &webhook->previous_secret);
	if (!db_is_null(row, 11))
		webhook->reason = name_index(webhook_reason_names, db_text(row, 11));
	webhook->lag_events = db_int(row, 14) - webhook->place;
}

void webhook_wipe(struct webhook *webhook)
{
	explicit_bzero(&webhook->secret, sizeof(webhook->secret));
	explicit_bzero(&webhook->previous_secret, sizeof(webhook->previous_secret));
}

void webhook_keep(struct webhook *webhook, struct buf *kept)
{
	struct text *const texts[] = {&webhook->url, &webhook->types, &webhook->last_error};
	size_t at = 0;

	ensure(kept->len == 0);
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		buf_add_text(kept, *texts[i]);
	/* Only now the bytes have their place. */
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		if (texts[i]->ptr == NULL)
			continue;
		texts[i]->ptr = kept->full ? "" : buf_str(kept) + at;
		texts[i]->len = kept->full ? 0 : texts[i]->len;
		at += texts[i]->len;
	}
}

void webhook_send_by_id(struct db *db, const char *webhook_id, db_row_fn *row, void *arg)
{
	DB_SEND(db, &by_id, row, arg, v_str(webhook_id));
}

void webhook_send_all(struct db *db, db_row_fn *row, void *arg)
{
	DB_SEND(db, &all, row, arg, V_INT(WEBHOOKS_MAX));
}

void webhook_send_page(struct db *db, const char *before_id, int64_t count, db_row_fn *row,
                       void *arg)
{
	DB_SEND(db, &page, row, arg, v_str(before_id), V_INT(count));
}

void webhook_send_count(struct db *db, db_row_fn *row, void *arg)
{
	DB_SEND0(db, &count_all, row, arg);
}

static struct db_value v_time(int64_t time_us)
{
	return time_us == INT64_MIN ? V_NULL : V_INT(time_us);
}

static struct db_value v_secret(const struct webhook_secret *secret)
{
	return V_BLOB(secret->bytes, WEBHOOK_SECRET_BYTES);
}

void webhook_write_new(struct db *db, const struct webhook *webhook)
{
	ensure(webhook->place == webhook->changed_seq);
	DB_SEND(db, &insert, NULL, NULL, v_str(webhook->webhook_id), v_text(webhook->url),
	        v_text(webhook->types), v_secret(&webhook->secret), V_INT(webhook->place),
	        v_str(webhook_status_names[webhook->status]), V_INT(webhook->created_us));
}

void webhook_write_changed(struct db *db, const struct webhook *webhook, int64_t from_place)
{
	ensure(webhook->place >= from_place);
	ensure((webhook->reason == WEBHOOK_NO_REASON) == (webhook->status == WEBHOOK_ENABLED));
	DB_SEND(db, &update, NULL, NULL, v_str(webhook->webhook_id), V_INT(from_place),
	        V_INT(webhook->place), v_secret(&webhook->secret),
	        webhook->has_previous ? v_secret(&webhook->previous_secret) : V_NULL,
	        webhook->has_previous ? V_INT(webhook->previous_until_us) : V_NULL,
	        V_INT(webhook->attempts), v_time(webhook->next_us), v_text(webhook->last_error),
	        v_str(webhook_status_names[webhook->status]),
	        webhook->reason == WEBHOOK_NO_REASON ? V_NULL
	                                             : v_str(webhook_reason_names[webhook->reason]),
	        V_INT(webhook->changed_seq));
}

void webhook_delete(struct db *db, const char *webhook_id)
{
	DB_SEND(db, &delete_one, NULL, NULL, v_str(webhook_id));
}
