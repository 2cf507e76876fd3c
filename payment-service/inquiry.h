/* inquiry.h - what this store does not have, but the order service's journal says it once had: a
 * payment, or what became of one. It was put back, then (an old backup); the processor is asked
 * about each, a payment before its refunds, and what it knows is made again under the old ids.
 *
 *   event of the order service, whose cause is gone --> row --asked--> made again, and it goes
 *                                                             `--> lost, until an operator accepts
 */
#ifndef PAYMENT_INQUIRY_H
#define PAYMENT_INQUIRY_H

#include "base/field.h"
#include "payment.h"
#include "storage/db.h"
#include "storage/journal.h"

struct inquiry {
	int64_t inquiry_key;
	struct cause cause; /* the order service's event */
	char order_id[ORDER_ID_MAX + 1];
	uint64_t order_hash;
	char payment_id[ID_SIZE];
	char refund_id[ID_SIZE]; /* "": it is about no refund */
	char reference[ID_SIZE]; /* of the last capture or void that was told of; "": none was */
	const struct currency *currency;
	int status;  /* enum payment_status, as it was */
	int capture; /* enum capture_method */
	int64_t amount_minor, captured_minor;
	int64_t refund_minor; /* MONEY_NONE: it is about no refund */
	int64_t told_us;      /* when the order service heard of it */
};

/* Of struct inquiry: what an event tells of one that was lost. */
extern const struct field inquiry_fields[];

/* ---- rules, pure (inquiry_core.c) ---- */

/* What is there of it. */
struct inquiry_view {
	bool payment_found, refund_found;
	struct payment payment;
	int64_t attempts_count; /* of the order */
};

/* What the processor is to be asked about; OPERATION_NONE: nothing, as all is there, or nothing
 * that it says could mend it. */
int inquiry_operation(const struct inquiry *inquiry, const struct inquiry_view *view);
/* Under which reference. */
void inquiry_reference(const struct inquiry *inquiry, const struct inquiry_view *view,
                       enum operation operation, char ret_reference[ID_SIZE]);

enum inquiry_end {
	INQUIRY_POSTPONED, /* the processor does not tell now */
	INQUIRY_KNOWN,     /* it is there; what of it is open is asked for as ever */
	INQUIRY_BEGUN,     /* its authorization was made again: *ret_outcome; the rest follows */
	INQUIRY_MADE,      /* made again, as the processor says: *ret_outcome */
	INQUIRY_LOST,      /* it cannot be made again: a person is told */
};
/* decision: of the processor; VERDICT_OPEN: it does not tell; VERDICT_UNREACHABLE: it never got it.
 */
enum inquiry_end inquiry_decide(const struct inquiry *inquiry, const struct inquiry_view *view,
                                const struct decision *decision, const char *processor,
                                const struct payment_moment *moment,
                                struct payment_outcome *ret_outcome);

/* ---- rows (inquiry.c) ---- */

/* Of a row i of inquiries, for inquiry_from_row. */
#define INQUIRY_COLUMNS \
	"i.inquiry_key, i.cause_source, i.cause_seq, i.cause_hash, i.order_hash, i.order_id, " \
	"i.payment_id, i.refund_id, i.reference, i.currency, i.payment_status, i.capture, " \
	"i.amount_minor, i.captured_minor, i.refund_minor, i.told_us"
#define INQUIRY_COLUMNS_COUNT 16

/* A new row, or what is told now of the one that is there. */
void inquiry_write_told(struct db *db, const struct inquiry *inquiry, int64_t next_us);
/* It is to be asked at next_us; INT64_MAX: it is lost. Neither touches what was told anew since it
 * was read. */
void inquiry_write_next(struct db *db, const struct inquiry *inquiry, int64_t next_us);
void inquiry_write_end(struct db *db, const struct inquiry *inquiry);

/* Reads INQUIRY_COLUMNS. False: it holds what no service writes. */
must_use bool inquiry_from_row(const struct db_row *row, struct inquiry *ret_inquiry);
/* At most one: the longest due, whose payment has no older one to be asked about. */
void inquiry_send_due(struct db *db, int64_t now_us, db_row_fn *row, void *arg);
/* One row: how many are open, when the next one becomes due (NULL: none), how many are lost. */
extern const struct statement inquiries_state;
/* An operator has looked after what is lost. */
extern const struct statement inquiries_accepted;

#endif
