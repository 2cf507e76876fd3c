/* payment_audit.c - payments and their orders against the journal. A payment has exactly one event:
 * so the events of an order are its payments, in the order of their keys. */
#include "payment_audit.h"

#include "payment_fields.h"
#include "payment_store.h"
#include "storage/audit_state.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* json_extract is SQLite's, and fails where there is no JSON; an event's payment was committed with
 * it. */
static const struct statement orphans = {
	"SELECT j.seq FROM journal j WHERE j.seq > $1 AND j.seq <= $2 AND NOT EXISTS (SELECT 1 "
	"FROM payments p WHERE p.payment_id = CASE WHEN json_valid(j.line) THEN "
	"json_extract(j.line, '$.data.payment_id') END AND p.last_event_seq = j.seq)",
	NULL};
/* Each order with the last event of its payments, and how many rows there are of it. */
static const struct statement orders = {
	"SELECT o.order_seq, o.order_hash, o.order_id, o.last_event_seq, "
	"(SELECT max(p.last_event_seq) FROM payments p "
	"WHERE p.payment_key BETWEEN o.order_seq * 128 AND o.order_seq * 128 + 127), "
	"(SELECT count(*) FROM orders s "
	"WHERE s.order_hash = o.order_hash AND s.order_id = o.order_id) "
	"FROM orders o WHERE o.order_seq > $1 ORDER BY o.order_seq LIMIT $2",
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

/* The event is tied to that of the order's payment before; the first one's has the order's number.
 */
static void check_link(struct audit *audit, const char *where, const struct payment *payment,
                       const struct db_row *row)
{
	int64_t linked = db_int(row, PAYMENT_LINK_COLUMN);
	int64_t before = db_int(row, PAYMENT_BEFORE_COLUMN); /* 0: no such payment */
	bool is_first = payment->payment_key % PAYMENT_KEYS_PER_ORDER == 0;
	int64_t order_seq = payment->payment_key / PAYMENT_KEYS_PER_ORDER;

	if (is_first ? payment->last_event_seq == order_seq && linked == 0
	             : before > 0 && linked == before)
		return;
	audit_finding(audit, "journal-links", where,
	              "its event %" PRId64 " follows event %" PRId64
	              " (order_prev_seq), not that of the order's payment before it",
	              payment->last_event_seq, linked);
}

static void check_payment(struct audit *audit, const struct store *store, const struct db_row *row)
{
	struct payment payment;
	char where[60];
	struct buf data AUTO_BUF;

	(void)store;
	buf_init(&data, JOURNAL_DATA_MAX);
	payment_from_row(row, &payment);
	(void)snprintf(where, sizeof(where), "payments payment_id %s", payment.payment_id);
	if (payment.order_id[0] == '\0') {
		audit_finding(audit, "payment-order", where, "its order is not there");
		return;
	}
	field_render(payment_event_fields, &payment, &data);
	if (data.full) {
		audit_finding(audit, "audit", where, "it could not be checked: memory is short");
		return;
	}
	const struct audit_row state = {db_text(row, PAYMENT_LINE_COLUMN),
	                                text_of(payment.order_id), buf_text(&data),
	                                payment.created_us, payment.updated_us};
	if (audit_row(audit, "payment-state", where, &state))
		check_link(audit, where, &payment, row);
}

static void check_order(struct audit *audit, const struct store *store, const struct db_row *row)
{
	char where[40];

	(void)snprintf(where, sizeof(where), "orders order_seq %" PRId64, db_int(row, 0));
	if ((uint64_t)db_int(row, 1) != hash_keyed(store->sip_key, db_text(row, 2)))
		audit_finding(audit, "order-hash", where,
		              "order_hash is not that of its order_id: its payments are not found");
	if (db_int(row, 3) != db_int(row, 4))
		audit_finding(audit, "order-event", where,
		              "last_event_seq is not the last event of its payments");
	if (db_int(row, 5) != 1)
		audit_finding(audit, "order-twice", where, "another row has the same order_id");
}

enum db_result payment_audit(struct audit *audit, const struct store *store)
{
	enum db_result result = audit_journal(audit, store->db, store->source, check_event, NULL);

	if (result == DB_OK)
		result = audit_pages(audit, store, &payments_with_events, check_payment);
	if (result == DB_OK)
		result = audit_pages(audit, store, &orders, check_order);
	return result == DB_OK ? audit_seqs(audit, store->db, "payment-missing",
	                                    "its payment is not there", &orphans)
	                       : result;
}
