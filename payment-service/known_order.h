/* known_order.h - what the order service's journal tells of an order, as a command, and which
 * payments go back for it. Pure. */
#ifndef PAYMENT_KNOWN_ORDER_H
#define PAYMENT_KNOWN_ORDER_H

#include "payment.h"

/* order.created, order.cancelled, order.expired. */
struct known_order_command {
	char order_id[ORDER_ID_MAX + 1];
	uint64_t order_hash;
	struct order_heard heard; /* of an end only that: end is not ORDER_LIVES */
};

struct known_order_view {
	struct order_heard before;
	struct payment_view after; /* of the payments, as if the command had taken effect */
	/* By number within the order: those that go back then. */
	bool returns[PAYMENT_KEYS_PER_ORDER];
	int64_t returns_count;
};

struct known_order_outcome {
	bool is_changed; /* false: it was known */
	struct order_heard heard;
	int64_t excess_minor; /* claimed above the total that became known now */
};

/* Whether the payment claims, or may still take in, money that was not given back. */
bool payment_keeps_money(const struct payment *payment);
/* Where the amount is open, so is the currency. */
bool known_order_is_in_other_currency(const struct order_heard *heard,
                                      const struct currency *currency);
/* Whether what the payment keeps goes back. What it says of a payment is the same at any later
 * time, as no new one is made that it would say it of. */
bool known_order_returns(const struct order_heard *heard, const struct payment *payment);

/* Before the first payment of the order, or where there is none. */
void known_order_view_begin(struct known_order_view *view, const struct order_heard *before,
                            const struct known_order_command *command);
/* Adds one stored payment of the order, in any order. */
void known_order_view_add(struct known_order_view *view, const struct payment *payment);

/* ERR_NONE, or ERR_ORDER_EXISTS: it was created with another content before; an order's total never
 * changes. */
enum error known_order_decide(const struct known_order_view *view,
                              const struct known_order_command *command,
                              struct known_order_outcome *ret_outcome, char *detail);

#endif
