/* inquiry_audit.c - what is asked about after a restore: each row by itself, as the events that it
 * came of are the order service's. What is lost is for a person. */
#include "inquiry.h"
#include "payment_audit.h"
#include "storage/audit_state.h"

#include <inttypes.h>
#include <stdio.h>

static const struct statement inquiries = {"SELECT " INQUIRY_COLUMNS
                                           ", i.next_us FROM inquiries i WHERE i.inquiry_key > $1 "
                                           "ORDER BY i.inquiry_key LIMIT $2",
                                           NULL};
enum { NEXT = INQUIRY_COLUMNS_COUNT };

static void note_lost(struct audit *audit, const struct inquiry *inquiry)
{
	bool is_refund = inquiry->refund_id[0] != '\0';
	char where[FINDING_WHERE_SIZE];

	(void)snprintf(where, sizeof(where), "%s %s",
	               is_refund ? "refunds refund_id" : "payments payment_id",
	               is_refund ? inquiry->refund_id : inquiry->payment_id);
	audit_stuck(audit, where, is_refund ? inquiry->refund_minor : inquiry->amount_minor,
	            inquiry->currency,
	            "lost with an older store, and the processor does not say what the order "
	            "service was told: a person must look, then POST /peer/accept");
}

static void check_inquiry(struct audit *audit, const struct store *store, const struct db_row *row)
{
	struct inquiry inquiry;
	bool is_whole = inquiry_from_row(row, &inquiry);
	char where[FINDING_WHERE_SIZE];

	if (!is_whole ||
	    inquiry.order_hash != hash_keyed(store->sip_key, text_of(inquiry.order_id))) {
		(void)snprintf(where, sizeof(where), "inquiries inquiry_key %" PRId64,
		               inquiry.inquiry_key);
		audit_finding(audit, "inquiry-row", where, "it holds what no service writes");
	} else if (db_is_null(row, NEXT)) {
		note_lost(audit, &inquiry);
	}
}

enum db_result inquiry_audit(struct audit *audit, const struct store *store)
{
	return audit_pages(audit, store, &inquiries, check_inquiry);
}
