/* order_audit.c - orders against the journal. An order has its first event's number, and at most
 * one more event, of its redaction. */
#include "order_audit.h"

#include "order_fields.h"
#include "order_store.h"
#include "storage/audit_state.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* An event's order was committed with it: its first has the order's number, another is its last. */
static const struct statement orphans = {
	"SELECT j.seq FROM journal j WHERE j.seq > $1 AND j.seq <= $2 AND NOT EXISTS "
	"(SELECT 1 FROM orders o WHERE "
	"o.order_seq = CASE WHEN j.order_prev_seq = 0 THEN j.seq ELSE j.order_prev_seq END "
	"AND (j.order_prev_seq = 0 OR o.last_event_seq = j.seq))",
	NULL};

static void check_event(void *arg, struct audit *audit, int64_t seq, struct text line,
                        const cJSON *event)
{
	const char *type = json_member(event, "type")->valuestring;
	char where[40];

	(void)arg;
	(void)line;
	if (strcmp(type, "order.created") == 0 || strcmp(type, "order.redacted") == 0)
		return;
	(void)snprintf(where, sizeof(where), "journal seq %lld", (long long)seq);
	audit_finding(audit, "order-event", where, "there is no such type of event");
}

/* Its last event is its first, or follows it. */
static void check_links(struct audit *audit, const char *where, const struct order *order,
                        int64_t prev_seq)
{
	bool is_first = order->last_event_seq == order->order_seq;

	if (order->order_seq > 0 && prev_seq == (is_first ? 0 : order->order_seq))
		return;
	audit_finding(audit, "journal-links", where,
	              "its last event %" PRId64 " follows event %" PRId64
	              " (order_prev_seq), and not the order's first",
	              order->last_event_seq, prev_seq);
}

static void check_order(struct audit *audit, const struct store *store, const struct db_row *row)
{
	struct order order;
	char where[40];
	struct buf data AUTO_BUF;

	buf_init(&data, JOURNAL_DATA_MAX);
	order_from_row(row, &order);
	(void)snprintf(where, sizeof(where), "orders order_seq %" PRId64, order.order_seq);
	if ((uint64_t)db_int(row, ORDER_HASH_COLUMN) !=
	    hash_keyed(store->sip_key, text_of(order.order_id)))
		audit_finding(audit, "order-hash", where,
		              "order_hash is not that of its order_id: the order is not found");
	field_render(order_event_fields, &order, &data);
	if (data.full) {
		audit_finding(audit, "audit", where, "it could not be checked: memory is short");
		return;
	}
	const struct audit_row state = {db_text(row, ORDER_LINE_COLUMN),
	                                text_of(order.order_id),
	                                buf_text(&data),
	                                order.created_us,
	                                order.updated_us,
	                                order.last_event_seq == order.order_seq
	                                        ? TEXT_NONE
	                                        : db_text(row, ORDER_FIRST_LINE_COLUMN)};
	if (audit_row(audit, "order-state", where, &state))
		check_links(audit, where, &order, db_int(row, ORDER_LINK_COLUMN));
}

enum db_result order_audit(struct audit *audit, const struct store *store)
{
	enum db_result result = audit_journal(audit, store->db, store->source, check_event, NULL);

	if (result == DB_OK)
		result = audit_pages(audit, store, &orders_with_events, check_order);
	if (result == DB_OK)
		result = audit_hash_index(audit, store, &order_index);
	return result == DB_OK ? audit_seqs(audit, store->db, "order-missing",
	                                    "its order is not there", &orphans)
	                       : result;
}
