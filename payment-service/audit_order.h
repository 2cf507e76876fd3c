/* audit_order.h - one order with all its rows and events of one moment, as an audit looks at them:
 * first the rows come in, then the events from the oldest on, at last both are compared. */
#ifndef PAYMENT_AUDIT_ORDER_H
#define PAYMENT_AUDIT_ORDER_H

#include "known_order_store.h"
#include "payment_fold.h"
#include "storage/audit.h"

#define AUDIT_WHERE_SIZE 80
#define REFUND_KEYS_PER_ORDER (PAYMENT_KEYS_PER_ORDER * REFUND_KEYS_PER_PAYMENT)
/* Payments that never reached the processor have none. */
#define AUDIT_REFUNDS_MAX (PAYMENTS_PER_ORDER_MAX * REFUND_KEYS_PER_PAYMENT)

/* A row of payments, what its events say, what its refunds say. Its texts are gone. */
struct audit_payment {
	struct payment row;
	bool is_whole;            /* false: it holds what no service writes, which was told */
	size_t told_at, told_len; /* in told: what its last event must tell */
	int asked;    /* enum operation, what its intent asks for; OPERATION_NONE: it has none */
	bool is_told; /* its last event says what the row says */
	bool has_return;
	struct payment_fold fold;
	int64_t refunds_count, refunded_minor, refund_pending_minor; /* of the refunds' rows */
};

struct audit_refund {
	struct refund row;
	bool is_whole;
	bool has_intent;
	struct refund_fold fold;
};

/* The event at hand, until the next one comes. */
struct audit_event {
	int64_t seq; /* 0: none yet */
	char where[AUDIT_WHERE_SIZE];
	const struct audit_payment *payment; /* NULL: which transfers it implies is not known */
	int64_t time_us;
	struct fold_transfers transfers;
	size_t transfers_seen;
	bool is_wrong; /* its transfers are */
};

struct audit_order {
	struct audit *audit;
	char where[AUDIT_WHERE_SIZE];
	struct order_place place; /* order_seq 0: none, for rows without an order */
	bool is_whole;            /* false: it holds what no service writes, which was told */
	char order_id[ORDER_ID_MAX + 1];
	size_t payments_count, refunds_count; /* by rising key */
	struct audit_payment payments[PAYMENT_KEYS_PER_ORDER];
	struct audit_refund refunds[AUDIT_REFUNDS_MAX + 1]; /* with one that is looked at only */
	struct buf told;
	struct audit_event event;
	int64_t events_count;           /* of its chain, up to the audit's head */
	char lost[ID_SIZE];             /* an id that events name and no row has */
	struct refund_fold lost_refund; /* where it is a refund's */
	bool has_foreign_event;         /* which was told */
};

/* Each takes a row of the statement of this name, in the order of its key, into an order (arg). */
extern const struct statement audit_payments; /* $1 to $2: payment_key */
void audit_take_payment(void *arg, const struct db_row *row);
extern const struct statement audit_refunds; /* $1 to $2: refund_key */
void audit_take_refund(void *arg, const struct db_row *row);
extern const struct statement audit_events; /* $1: the order's last event */
void audit_take_event(void *arg, const struct db_row *row);
/* The rows against the events; after the last of them. At last the order against its payments. */
void audit_events_end(struct audit_order *order);
void audit_rows_end(const struct audit_order *order);
void audit_refunds_end(const struct audit_order *order);
void audit_order_end(const struct audit_order *order);

/* A finding about a payment, with its amount. */
void audit_payment_finding(const struct audit_order *order, const struct audit_payment *payment,
                           const char *check, const char *what);

/* The one with this id, NULL: there is none. */
struct audit_payment *audit_payment_by_id(struct audit_order *order, struct text payment_id);

/* What is wrong with what a row says of when it was made and changed, or NULL. */
const char *audit_span_fault(const struct fold_span *span, int64_t last_event_seq,
                             int64_t created_us, int64_t updated_us);

#endif
