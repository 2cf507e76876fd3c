/* intent_audit.c - what is open at the processor, from the intents' side (from the payments' and
 * refunds' side: rows_audit.c), and the idempotency keys that wait for it. Each page is one
 * statement, so one moment. */
#include "audit_order.h"
#include "intent.h"
#include "payment_audit.h"
#include "storage/audit_state.h"

#include <inttypes.h>
#include <stdio.h>

/* With what it is about, where that is there and waits for this intent. Its reference is the id of
 * what it is about, or, as a capture or void may be asked for again, the one that the event of it
 * tells. */
static const struct statement intents = {
	"SELECT i.intent_key, i.operation, i.next_us, p.payment_id, r.refund_id, "
	"p.currency, CASE i.operation WHEN 'refund' THEN r.amount_minor "
	"WHEN 'capture' THEN p.pending_minor ELSE p.amount_minor END, "
	"CASE i.operation WHEN 'refund' THEN i.reference = r.refund_id "
	"WHEN 'authorize' THEN i.reference = p.payment_id "
	"ELSE EXISTS (SELECT 1 FROM journal j WHERE j.seq = i.intent_key "
	"AND j.line LIKE '%\"reference\":\"' || i.reference || '\"%') END FROM intents i "
	"LEFT JOIN refunds r ON r.refund_key = i.refund_key AND r.intent_key = i.intent_key "
	"AND i.operation = 'refund' "
	"LEFT JOIN payments p ON p.payment_key = i.payment_key "
	"AND (p.intent_key = i.intent_key OR r.refund_key / 128 = p.payment_key) "
	"WHERE i.intent_key > $1 ORDER BY i.intent_key LIMIT $2",
	NULL};
enum { INTENT_KEY, OPERATION, NEXT, PAYMENT_ID, REFUND_ID, CURRENCY, AMOUNT, IS_REFERENCE };

static const struct statement keys = {"SELECT s.seq, s.status, s.awaits, i.intent_key FROM seen s "
                                      "LEFT JOIN intents i ON i.intent_key = s.awaits "
                                      "WHERE s.seq > $1 ORDER BY s.seq LIMIT $2",
                                      NULL};

/* Stuck: it was asked for on the whole schedule without an answer. */
static void note_stuck(struct audit *audit, const struct db_row *row)
{
	struct text payment_id = db_text(row, PAYMENT_ID), refund_id = db_text(row, REFUND_ID);
	struct text operation = db_text(row, OPERATION);
	char where[AUDIT_WHERE_SIZE];

	if (refund_id.ptr != NULL)
		(void)snprintf(where, sizeof(where), "refunds refund_id %.*s", (int)refund_id.len,
		               refund_id.ptr);
	else
		(void)snprintf(where, sizeof(where), "payments payment_id %.*s",
		               (int)payment_id.len, payment_id.ptr);
	audit_stuck(audit, where, db_int(row, AMOUNT), currency_find(db_text(row, CURRENCY)),
	            "the processor never settled its %.*s: a person must, with POST resolve",
	            (int)operation.len, operation.ptr);
}

static void check_intent(struct audit *audit, const struct store *store, const struct db_row *row)
{
	char where[AUDIT_WHERE_SIZE];

	(void)store;
	(void)snprintf(where, sizeof(where), "intents intent_key %" PRId64,
	               db_int(row, INTENT_KEY));
	if (db_is_null(row, PAYMENT_ID)) {
		audit_finding(audit, "intent", where, "no payment or refund waits for it");
		return;
	}
	if (db_int(row, IS_REFERENCE) == 0)
		audit_finding_amount(audit, "intent-reference", where, db_int(row, AMOUNT),
		                     currency_find(db_text(row, CURRENCY)),
		                     "the processor knows it by another reference");
	if (db_is_null(row, NEXT))
		note_stuck(audit, row);
}

static void check_key(struct audit *audit, const struct store *store, const struct db_row *row)
{
	bool is_open = db_int(row, 1) == 202;
	char where[AUDIT_WHERE_SIZE];
	const char *fault = NULL;

	(void)store;
	audit->rows_checked--; /* counted where its hash is checked */
	if (is_open != !db_is_null(row, 2))
		fault = "status is 202 while it awaits an outcome, and only then";
	else if (is_open && db_is_null(row, 3))
		fault = "the outcome that it awaits is not open";
	if (fault == NULL)
		return;
	(void)snprintf(where, sizeof(where), "seen seq %" PRId64, db_int(row, 0));
	audit_finding(audit, "seen-open", where, "%s", fault);
}

enum db_result intent_audit(struct audit *audit, const struct store *store)
{
	enum db_result result = audit_pages(audit, store, &intents, check_intent);

	return result == DB_OK ? audit_pages(audit, store, &keys, check_key) : result;
}
