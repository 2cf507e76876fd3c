/* payment.h - what a payment is, the command that makes one, and the pure decision about it. */
#ifndef PAYMENT_PAYMENT_H
#define PAYMENT_PAYMENT_H

#include "base/error.h"
#include "base/id.h"
#include "base/money.h"

#define PAYMENT_DETAIL_SIZE 240
#define PAYMENTS_PER_ORDER_MAX 100
#define PAYMENT_KEYS_PER_ORDER 128 /* see payment_key; the schema's statements repeat it */
#define PAYMENT_METHOD_MAX 64

enum payment_status { PAYMENT_SUCCESS, PAYMENT_FAILED };
enum capture_method { CAPTURE_AUTOMATIC };

/* A payment as it is stored and shown. Texts are borrowed from where the struct was filled. */
struct payment {
	int64_t payment_key; /* order_seq * 128 + number within the order */
	char payment_id[ID_SIZE];
	char order_id[ORDER_ID_MAX + 1];
	const struct currency *currency;
	int64_t amount_minor, captured_minor, refunded_minor, refund_pending_minor,
		refundable_minor;
	int status;            /* enum payment_status */
	int capture;           /* enum capture_method */
	int pending_operation; /* -1: none */
	bool has_key; /* made with an Idempotency-Key, so not the order's natural payment */
	struct text payment_method, processor, decline_code, description, metadata;
	char processor_reference[ID_SIZE];
	int64_t created_us, updated_us;
	int64_t last_event_seq;
};

/* What the processor said, in the process, before the command is decided. */
struct processor_answer {
	bool approved;
	struct text decline_code; /* of a decline */
	struct text processor;    /* its name */
};

/* POST /pay. */
struct pay_command {
	char order_id[ORDER_ID_MAX + 1];
	uint64_t order_hash;
	const struct currency *currency;
	int64_t amount_minor;
	int capture;
	struct text payment_method, description, metadata;
	struct processor_answer answer;
	bool has_key;
};

/* The time and the random bytes of a command's ids, given by the engine. */
struct payment_moment {
	int64_t now_us;
	const uint8_t *random; /* ULID_RANDOM_BYTES */
};

/* What is known of the order when a command about it is decided. */
struct payment_view {
	bool order_known;
	int64_t order_seq;
	int64_t last_event_seq; /* of the order, 0: none */
	int64_t payments_count;
	int64_t claimed_minor;           /* api.md, "Against the order": of all live payments */
	int64_t total_minor;             /* the first live payment's claim; 0: none */
	int64_t total_key;               /* that payment's key */
	const struct currency *currency; /* of the total */
	bool has_natural; /* a live payment that was made without a key; its texts are left out but
	                     for: */
	struct payment natural;
	char natural_method[PAYMENT_METHOD_MAX + 1];
};

/* What a decision leaves. */
struct payment_outcome {
	bool replays; /* the natural payment is the answer */
	bool is_new;  /* `payment` is to be stored; its keys and event follow from the journal */
	struct payment payment;
};

/* Adds one stored payment of the order, in any order, to the view. True when it is the order's
 * natural payment. */
bool payment_view_add(struct payment_view *view, const struct payment *payment);

/* ERR_NONE, ERR_PAYMENT_DECLINED (a failed payment is stored), or a refusal, whose detail may be
 * filled (PAYMENT_DETAIL_SIZE bytes). Pure. */
enum error payment_decide_pay(const struct payment_view *view, const struct pay_command *command,
                              const struct payment_moment *moment,
                              struct payment_outcome *ret_outcome, char *detail);

#endif
