/* order.h - what an order is, the commands on one, and the pure decisions about them. */
#ifndef ORDER_ORDER_H
#define ORDER_ORDER_H

#include "base/error.h"
#include "base/hash.h"
#include "base/id.h"
#include "base/money.h"

#define ORDER_DETAIL_SIZE 240
#define ORDER_ITEMS_MAX 100

/* Payments of an order that did not fail: the payment service takes no more. Of those that failed
 * it takes more, as an attempt that never reached the processor does not count. */
#define ORDER_PAYMENTS_MAX 100
/* How far an order's end moves while there is money of it. */
#define ORDER_EXPIRY_STEP_US (24 * 3600 * US_PER_S)

/* See order_core.c for the ways from one to another. */
enum order_state { ORDER_PENDING, ORDER_PAID, ORDER_FULFILLED, ORDER_CANCELLED };
#define ORDER_STATES 4

/* What is told of a change; not every one is. */
enum order_event {
	ORDER_EVENT_NONE,
	ORDER_EVENT_CREATED,
	ORDER_EVENT_PAID,
	ORDER_EVENT_FULFILLED,
	ORDER_EVENT_CANCELLED,
	ORDER_EVENT_EXPIRED,
	ORDER_EVENT_REDACTED,
};

/* As the payment service names them. */
enum paid_status { PAID_PROCESSING, PAID_AUTHORIZED, PAID_SUCCESS, PAID_FAILED, PAID_VOIDED };

struct order_item {
	struct text sku, name;
	int64_t quantity;
	int64_t unit_price_minor;
};

/* An order as it is stored and shown. Texts are borrowed from where the struct was filled. */
struct order {
	int64_t order_seq; /* the seq of its first event */
	char order_id[ORDER_ID_MAX + 1];
	struct hash content_hash; /* of all that the client sent, after defaults */
	int status;               /* order_status: 0, "success", for ever: it is durably accepted */
	int state;                /* enum order_state */
	const struct currency *currency;
	int64_t amount_minor; /* MONEY_NONE: open, and pending or cancelled */
	bool was_open; /* accepted without an amount: the first captured payment settles it */
	/* Sums of its payments in its currency: captured, held, gone back. */
	int64_t paid_minor, authorized_minor, refunded_minor;
	int64_t due_minor, overpaid_minor; /* follow from the others: order_derive() */
	struct text items;                 /* JSON array, or TEXT_NONE */
	struct text customer, description, metadata;
	struct text cancel_reason; /* free text as well */
	int64_t expires_us;        /* INT64_MIN: never */
	int64_t created_us, updated_us;
	int64_t last_event_seq;
};

/* POST /order. amount_minor holds the items' total where there are items. */
struct order_command {
	char order_id[ORDER_ID_MAX + 1];
	uint64_t order_hash;
	struct hash content_hash;
	const struct currency *currency;
	int64_t amount_minor;
	struct text items; /* JSON array, or TEXT_NONE */
	struct text customer, description, metadata;
	int64_t expires_in_s; /* 0: never */
};

/* Cancel, fulfill, expire, redact: on an order that is there. */
struct order_change_command {
	char order_id[ORDER_ID_MAX + 1];
	uint64_t order_hash;
	struct text reason; /* cancel */
};

/* What the payment service told of a payment: its whole state after the change. */
struct order_payment {
	int64_t payment_key; /* 0: not stored yet */
	char payment_id[ID_SIZE];
	const struct currency *currency;
	int64_t amount_minor, captured_minor, refunded_minor;
	int status;           /* enum paid_status */
	int64_t captured_seq; /* of the event that first told of captured money; 0: none did */
	int64_t seq;          /* of the newest event, in the payment service's journal */
};

/* An event of the payment service. payment_key and captured_seq are not set. */
struct order_payment_command {
	char order_id[ORDER_ID_MAX + 1];
	uint64_t order_hash;
	struct order_payment payment;
	/* Not kept, only told again: should the payment service lose its store, it asks the
	 * processor about these. */
	int capture;             /* in paid_capture_names; -1: not told */
	char reference[ID_SIZE]; /* of a capture or void; "": not told */
	char refund_id[ID_SIZE]; /* "": it is about no refund */
	int64_t refund_minor;    /* MONEY_NONE */
	struct text line;        /* of the event, as received; borrowed */
};

/* Those that did not fail, and the one that an event tells of whatever it is. What failed has no
 * part in any sum. */
struct order_payments {
	const char *told_id;  /* of that one, borrowed; NULL: no event */
	int64_t stored_count; /* of all, failed or not */
	size_t count;
	struct order_payment rows[ORDER_PAYMENTS_MAX + 1];
};

/* What is known of the order and, for create and payments, of its payments. */
struct order_view {
	bool order_known;
	struct order order;
	struct order_payments payments;
};

/* And when its free texts are to be emptied. */
struct order_redact_view {
	bool order_known;
	struct order order; /* its free texts left out already, names of items included */
	bool has_texts;     /* there were any */
};

/* What a decision leaves. */
struct order_outcome {
	bool replays;     /* what is there is the answer */
	bool is_new;      /* `order` is to be stored; order_seq and event follow from the journal */
	bool is_changed;  /* `order` was stored, and is to be written again */
	bool is_redacted; /* likewise, and loses its free texts */
	bool is_moved;    /* its end is */
	enum order_event event;
	struct order order;
	struct order created; /* where is_new: `order` before its payments */
	int state_before;     /* of an order that was stored */
	bool was_overpaid;
	/* Of a payment: to be stored; and why it does not count (static), or NULL. */
	bool payment_is_changed;
	struct order_payment payment;
	const char *rejected;
};

enum order_total_fault {
	ORDER_TOTAL_OK,
	ORDER_TOTAL_TOO_LARGE, /* above what an amount may be */
	ORDER_TOTAL_ZERO,
};

/* The sum of quantity * unit price, without overflow. Pure. */
must_use enum order_total_fault order_total(const struct order_item *items, size_t count,
                                            const struct currency *currency,
                                            int64_t *ret_total_minor);
/* Sets due_minor, max(amount - paid, 0), MONEY_NONE while the amount is open; and overpaid_minor,
 * what is kept beyond the amount. Both are 0 of a cancelled order, whose money goes back. Pure. */
void order_derive(struct order *order);
/* Gives the order, which is pending, paid, fulfilled or cancelled, the sums of its payments,
 * settles an open amount, and tells whether they make it paid. Pure. */
enum order_event order_settle(struct order *order, const struct order_payments *payments);

/* Each is pure, and returns ERR_NONE or a refusal; detail (ORDER_DETAIL_SIZE bytes) may be filled
 * then. Payments that came before their order are applied when it comes. */
enum error order_decide_create(const struct order_view *view, const struct order_command *command,
                               int64_t now_us, struct order_outcome *ret_outcome);
typedef enum error order_decide_fn(const struct order_view *view,
                                   const struct order_change_command *command, int64_t now_us,
                                   struct order_outcome *ret_outcome, char *detail);
order_decide_fn order_decide_cancel, order_decide_fulfill, order_decide_expire;
enum error order_decide_redact(const struct order_redact_view *view, int64_t now_us,
                               struct order_outcome *ret_outcome);
/* A peer's event never fails. */
void order_decide_payment(const struct order_view *view,
                          const struct order_payment_command *command, int64_t now_us,
                          struct order_outcome *ret_outcome);

#endif
