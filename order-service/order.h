/* order.h - what an order is, the commands on one, and the pure decisions about them. */
#ifndef ORDER_ORDER_H
#define ORDER_ORDER_H

#include "base/error.h"
#include "base/hash.h"
#include "base/money.h"

#define ORDER_DETAIL_SIZE 240
#define ORDER_ITEMS_MAX 100

enum order_state { ORDER_PENDING };

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
	int64_t amount_minor; /* MONEY_NONE: open */
	int64_t paid_minor, authorized_minor, refunded_minor, due_minor, overpaid_minor;
	struct text items; /* JSON array, or TEXT_NONE */
	struct text customer, description, metadata;
	int64_t expires_us; /* INT64_MIN: never */
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

/* POST /orders/{order_id}/redact. */
struct order_redact_command {
	char order_id[ORDER_ID_MAX + 1];
	uint64_t order_hash;
};

/* What is known of the order when POST /order is decided. */
struct order_view {
	bool order_known;
	struct hash content_hash;
};

/* And when its free texts are to be emptied. */
struct order_redact_view {
	bool order_known;
	struct order order; /* its free texts left out already, names of items included */
	bool has_texts;     /* there were any */
};

/* What a decision leaves. */
struct order_outcome {
	bool replays;     /* the order that is there is the answer */
	bool is_new;      /* `order` is to be stored; order_seq and event follow from the journal */
	bool is_redacted; /* `order` was stored, and is to lose its free texts */
	struct order order;
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
/* What is still to be paid: max(amount - paid, 0); MONEY_NONE while the amount is open. Pure. */
int64_t order_due(int64_t amount_minor, int64_t paid_minor);
/* ERR_NONE or ERR_ORDER_EXISTS. Pure. */
enum error order_decide_create(const struct order_view *view, const struct order_command *command,
                               int64_t now_us, struct order_outcome *ret_outcome);
/* ERR_NONE or ERR_NOT_FOUND. Pure. */
enum error order_decide_redact(const struct order_redact_view *view, int64_t now_us,
                               struct order_outcome *ret_outcome);

#endif
