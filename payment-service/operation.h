/* operation.h - the commands on a payment that is there: capture, void, refund, sync, resolve,
 * redact, and what the processor answered. Pure. */
#ifndef PAYMENT_OPERATION_H
#define PAYMENT_OPERATION_H

#include "base/hash.h"
#include "payment.h"

/* What is known when such a command is decided. */
struct operation_view {
	bool found;
	struct payment payment;
	uint64_t order_hash;
	int64_t order_seq;
	int64_t order_event_seq; /* the order's last event */
	bool refund_found;       /* the refund that the command names */
	struct refund refund;
	/* Of a return: the hash of the event that it comes of, from which the refund's id follows;
	 * NULL: a caller's. */
	const struct hash *cause;
	int64_t maybe_asked_us; /* of a refund: when one of the same amount was made again; 0: none
	                           was */
	int64_t open_intent;    /* one of what is open about it, refunds included; 0: nothing */
	/* Of capture, void or refund: made in the process, or VERDICT_OPEN; never unreachable. */
	struct decision decision;
};

/* One struct for all, so that all share load, write and render. */
struct operation_command {
	char payment_id[ID_SIZE]; /* "": it is the refund's */
	char refund_id[ID_SIZE];  /* "": the command names no refund */
	struct decimal amount;    /* capture, refund; digits -1: all there is */
	struct text reason;       /* refund, resolve */
	bool has_key;             /* or is a dry run, which needs none */
	/* An answer of the processor, or of an operator in its place. */
	enum operation operation;
	int64_t intent_key;       /* what it answers; 0: what is open, whichever it is */
	struct decision decision; /* resolve: approved or declined */
};

/* Each: ERR_NONE, ERR_PAYMENT_DECLINED (with effects), or a refusal without effects, whose detail
 * may be filled (PAYMENT_DETAIL_SIZE bytes). view->found is true. */
typedef enum error operation_decide_fn(const struct operation_view *view,
                                       const struct operation_command *command,
                                       const struct payment_moment *moment,
                                       struct payment_outcome *ret_outcome, char *detail);

operation_decide_fn operation_decide_capture;
operation_decide_fn operation_decide_void;
operation_decide_fn operation_decide_refund;
/* The processor is asked anew about everything of the payment that is open; which intents those
 * are, the store knows. */
operation_decide_fn operation_decide_sync;
operation_decide_fn operation_decide_resolve;
operation_decide_fn operation_decide_redact;
/* An answer of the processor: always ERR_NONE; outcome->settled is for who waits for it. One that
 * came before leaves no effects; one that says something else than the first is a contradiction. */
operation_decide_fn operation_decide_answer;

#endif
