/* order_audit.c - orders against the journal. */
#include "order_audit.h"

#include "order_fields.h"
#include "order_store.h"
#include "storage/audit_state.h"

#include <stdio.h>
#include <string.h>

#define EVENT_BYTES_MAX 4096

/* json_extract is SQLite's; events of orders that were created before the head was read all have a
 * row by then. */
static const struct statement orphans = {
	"SELECT j.seq FROM journal j WHERE j.seq > $1 AND j.seq <= $2 AND json_extract(j.line, "
	"'$.type') = 'order.created' "
	"AND NOT EXISTS (SELECT 1 FROM orders o WHERE o.order_seq = j.seq)",
	NULL};

static void check_event(void *arg, struct audit *audit, int64_t seq, struct text line,
                        const cJSON *event)
{
	char where[40];

	(void)arg;
	(void)line;
	if (strcmp(json_member(event, "type")->valuestring, "order.created") == 0)
		return;
	(void)snprintf(where, sizeof(where), "journal seq %lld", (long long)seq);
	audit_finding(audit, "order-event", where, "there is no such type of event");
}

struct walk {
	struct audit *audit;
	int64_t order_seq;
};

static void check_row(void *arg, const struct db_row *row)
{
	struct walk *walk = arg;
	struct order order;
	char where[40];
	struct buf data AUTO_BUF;

	order_from_row(row, &order);
	walk->order_seq = order.order_seq;
	(void)snprintf(where, sizeof(where), "orders order_seq %lld", (long long)order.order_seq);
	buf_init(&data, EVENT_BYTES_MAX);
	field_render(order_event_fields, &order, &data);
	audit_row(walk->audit, "order-state", where, db_text(row, ORDER_LINE_COLUMN),
	          text_of(order.order_id), buf_text(&data));
}

enum db_result order_audit(struct audit *audit, struct db *db, const char *source)
{
	struct walk walk = {.audit = audit};
	enum db_result result = audit_journal(audit, db, source, check_event, NULL);

	if (result == DB_OK)
		result = audit_pages(db, &orders_with_events, check_row, &walk, &walk.order_seq);
	if (result == DB_OK)
		result = audit_seqs(audit, db, "order-missing", "its order is not there", &orphans);
	return result == DB_OK ? audit_links(audit, db) : result;
}
