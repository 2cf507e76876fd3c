/* payment_audit.c - payments against the journal. */
#include "payment_audit.h"

#include "payment_fields.h"
#include "payment_store.h"
#include "storage/audit_state.h"

#include <stdio.h>
#include <string.h>

#define EVENT_BYTES_MAX 4096

/* json_extract is SQLite's; an event's payment and its order were committed with it. */
static const struct statement orphans = {
	"SELECT j.seq FROM journal j WHERE j.seq > $1 AND j.seq <= $2 AND NOT EXISTS (SELECT 1 "
	"FROM payments p JOIN orders o ON o.order_seq = p.payment_key / 128 "
	"WHERE p.payment_id = json_extract(j.line, '$.data.payment_id'))",
	NULL};
/* An order's last event is that of its last payment. */
static const struct statement stray_orders = {
	"SELECT o.order_seq FROM orders o WHERE o.order_seq > $1 AND o.order_seq <= $2 AND "
	"o.last_event_seq IS NOT "
	"(SELECT max(p.last_event_seq) FROM payments p "
	"WHERE p.payment_key BETWEEN o.order_seq * 128 AND o.order_seq * 128 + 127)",
	NULL};

/* The event that tells of each status. */
static const char *const event_types[] = {
	[PAYMENT_SUCCESS] = "payment.captured",
	[PAYMENT_FAILED] = "payment.failed",
};

static void check_event(void *arg, struct audit *audit, int64_t seq, struct text line,
                        const cJSON *event)
{
	const cJSON *type = json_member(event, "type");
	const cJSON *status = json_member(json_member(event, "data"), "payment_status");
	char where[40];

	(void)arg;
	(void)line;
	for (size_t i = 0; i < ARRAY_LEN(event_types); i++)
		if (cJSON_IsString(status) && strcmp(type->valuestring, event_types[i]) == 0 &&
		    strcmp(status->valuestring, payment_status_names[i]) == 0)
			return;
	(void)snprintf(where, sizeof(where), "journal seq %lld", (long long)seq);
	audit_finding(audit, "payment-event", where, "type and payment_status do not agree");
}

struct walk {
	struct audit *audit;
	int64_t payment_key;
};

static void check_row(void *arg, const struct db_row *row)
{
	struct walk *walk = arg;
	struct payment payment;
	char where[60];
	struct buf data AUTO_BUF;

	payment_from_row(row, &payment);
	walk->payment_key = payment.payment_key;
	(void)snprintf(where, sizeof(where), "payments payment_id %s", payment.payment_id);
	buf_init(&data, EVENT_BYTES_MAX);
	field_render(payment_event_fields, &payment, &data);
	audit_row(walk->audit, "payment-state", where, db_text(row, PAYMENT_LINE_COLUMN),
	          text_of(payment.order_id), buf_text(&data));
}

enum db_result payment_audit(struct audit *audit, struct db *db, const char *source)
{
	struct walk walk = {.audit = audit};
	enum db_result result = audit_journal(audit, db, source, check_event, NULL);

	if (result == DB_OK)
		result =
			audit_pages(db, &payments_with_events, check_row, &walk, &walk.payment_key);
	if (result == DB_OK)
		result = audit_seqs(audit, db, "payment-missing",
		                    "its payment, or the order of it, is not there", &orphans);
	if (result == DB_OK)
		result = audit_seqs(audit, db, "order-event",
		                    "the order that began here does not point to its last event",
		                    &stray_orders);
	return result == DB_OK ? audit_links(audit, db) : result;
}
