/* payment_fold.h - what the events of a payment come to, added up one after another: which may
 * follow which, what each leaves of the payment, and which transfers belong to it. Written from
 * the contract and not from settle_core.c, so that an audit does not repeat its faults. Pure. */
#ifndef PAYMENT_PAYMENT_FOLD_H
#define PAYMENT_PAYMENT_FOLD_H

#include "base/json.h"
#include "payment.h"

/* A status, and what is pending. */
enum fold_state {
	FOLD_NONE, /* no event yet */
	FOLD_PROCESSING,
	FOLD_AUTHORIZED,
	FOLD_CAPTURING,
	FOLD_VOIDING,
	FOLD_SUCCESS,
	FOLD_FAILED,
	FOLD_VOIDED,
	FOLD_STATES_COUNT
};

/* An event as it was read. Texts are borrowed from its JSON. */
struct payment_event {
	int64_t seq, time_us;
	struct text type, payment_id, refund_id; /* refund_id TEXT_NONE: it is about no refund */
	enum fold_state state;                   /* after it */
	const struct currency *currency;
	int64_t amount_minor, captured_minor, refunded_minor, refund_pending_minor;
	int64_t refund_amount_minor;
	int refund_status;
};

/* The events of one payment or refund, from the first to the last. */
struct fold_span {
	int64_t first_seq, first_us, last_seq, last_us; /* seq 0: none */
	int64_t asked_seq; /* the last one by which the processor was to be asked, 0: none */
};

/* Zeroed is without any event. */
struct payment_fold {
	struct fold_span span;
	enum fold_state state;
	const struct currency *currency;
	int64_t amount_minor, captured_minor, refunded_minor, refund_pending_minor;
	bool is_contradicted;  /* approved after it had failed, */
	bool is_reversal_open; /* which is to be taken back */
};
struct refund_fold {
	struct fold_span span;
	int status; /* enum refund_status, meaningless without any event */
	int64_t amount_minor;
};

/* What the event implies for the ledger, in the order of the transfers' keys. */
struct fold_transfers {
	size_t count;
	struct transfer rows[TRANSFER_KEYS_PER_EVENT];
};

/* The state of a payment with these members, FOLD_NONE where they do not go together. */
enum fold_state fold_state_of(int status, int pending_operation);

/* Reads the members of an event; NULL, or what is wrong. time_us and seq are the caller's. */
const char *payment_event_read(const struct json_doc *doc, struct payment_event *ret_event);

/* Adds an event; refund is that of a refund's event, else NULL. NULL, or what is wrong: then the
 * fold goes on from what the event says, and its transfers are not known. */
const char *payment_fold_add(struct payment_fold *fold, struct refund_fold *refund,
                             const struct payment_event *event,
                             struct fold_transfers *ret_transfers);

#endif
