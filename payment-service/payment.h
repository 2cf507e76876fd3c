/* payment.h - what a payment, a refund and a transfer are, what a command leaves of them, and the
 * pure decision of POST /pay. The other commands: operation.h. What the processor's word does:
 * settle.h. */
#ifndef PAYMENT_PAYMENT_H
#define PAYMENT_PAYMENT_H

#include "base/error.h"
#include "base/id.h"
#include "base/money.h"

#define PAYMENT_DETAIL_SIZE 240
#define PAYMENTS_PER_ORDER_MAX 100
/* With those that never reached the processor: they are no payments, and an outage makes many. At a
 * Retry-After of 30 s one caller needs eight hours for as many. */
#define ATTEMPTS_PER_ORDER_MAX 1000
#define REFUNDS_PER_PAYMENT_MAX 100
#define PAYMENT_KEYS_PER_ORDER 1024 /* see payment_key; the schema's statements repeat it */
#define REFUND_KEYS_PER_PAYMENT 128
#define TRANSFER_KEYS_PER_EVENT 4
#define PAYMENT_METHOD_MAX 64
#define DECLINE_CODE_MAX 64
#define PROCESSOR_NAME_MAX 32

enum payment_status {
	PAYMENT_PROCESSING,
	PAYMENT_AUTHORIZED,
	PAYMENT_SUCCESS, /* captured */
	PAYMENT_FAILED,
	PAYMENT_VOIDED,
};
enum refund_status { REFUND_PROCESSING, REFUND_SUCCESS, REFUND_FAILED };
enum capture_method { CAPTURE_AUTOMATIC, CAPTURE_MANUAL };

/* What a processor is asked to do. The first two can be pending on a payment. */
enum operation {
	OPERATION_CAPTURE,
	OPERATION_VOID,
	OPERATION_AUTHORIZE, /* an automatic capture included */
	OPERATION_REFUND,
	OPERATION_REVERSE, /* takes back what was approved after the payment had failed */
	OPERATION_COUNT
};
#define OPERATION_NONE (-1)
extern const char *const operation_names[]; /* ends with NULL */

/* A payment as it is stored and shown. Texts are borrowed from where the struct was filled. */
struct payment {
	int64_t payment_key; /* order_seq * 1024 + number within the order; from a decision that
	                        makes one only the number */
	char payment_id[ID_SIZE];
	char order_id[ORDER_ID_MAX + 1];
	const struct currency *currency;
	int64_t amount_minor, captured_minor, refunded_minor, refund_pending_minor,
		refundable_minor;
	int status;  /* enum payment_status */
	int capture; /* enum capture_method */
	/* OPERATION_CAPTURE or OPERATION_VOID while the processor has not answered, with the amount
	 * to be captured. */
	int pending_operation;
	int64_t pending_minor;
	int64_t refunds_count;
	bool has_key; /* made with an Idempotency-Key, so not the order's natural payment */
	/* Made again after the store was put back (inquiry.h): nobody knows whether it had a key,
	 * which one, and what its payment_method was. */
	bool key_is_unknown;
	struct text payment_method, processor, decline_code, description, metadata;
	struct text resolve_reason;        /* an operator's, of what the processor never settled */
	char processor_reference[ID_SIZE]; /* "": the processor has not answered */
	int64_t created_us, updated_us;
	int64_t last_event_seq;
	int64_t intent_key; /* of what the processor was asked about it, refunds apart; 0: nothing
	                       is open */
	bool is_reversed;   /* approved after it had failed, and taken back, or about to be */
};

/* How long a call may be about what was made again after a restore without its key: as long as keys
 * are kept by default (IDEMPOTENCY_TTL). By then a repeat would be a new one without a restore,
 * too. */
#define KEY_DOUBT_US (72 * 3600 * US_PER_S)

struct refund {
	int64_t refund_key; /* payment_key * 128 + number within the payment */
	char refund_id[ID_SIZE];
	char payment_id[ID_SIZE];
	char order_id[ORDER_ID_MAX + 1];
	const struct currency *currency;
	int64_t amount_minor;
	int status;         /* enum refund_status */
	bool is_made_again; /* as payment's key_is_unknown; written, and read by statements alone */
	struct text reason, decline_code;
	char processor_reference[ID_SIZE];
	int64_t created_us, updated_us;
	int64_t last_event_seq;
	int64_t intent_key; /* 0: the processor has answered */
};

/* Double entry: one row moves an amount from the credited account's side to the debited one's. */
enum account {
	ACCOUNT_AUTHORIZED_AT_PROCESSOR,
	ACCOUNT_HELD_FOR_MERCHANT,
	ACCOUNT_PROCESSOR,
	ACCOUNT_MERCHANT,
	ACCOUNT_COUNT
};
enum transfer_kind {
	TRANSFER_AUTHORIZE,
	TRANSFER_AUTHORIZATION_CAPTURED, /* the authorization's reverse: the part that was captured
	                                  */
	TRANSFER_AUTHORIZATION_RELEASED, /* the rest of it */
	TRANSFER_AUTHORIZATION_VOIDED,   /* or all of it */
	TRANSFER_CAPTURE,
	TRANSFER_REFUND,
	TRANSFER_KIND_COUNT
};
struct transfer {
	enum transfer_kind kind;
	int64_t amount_minor;
};
/* The accounts of each kind (api.md, "Ledger"). */
struct transfer_accounts {
	enum account debit, credit;
};
extern const struct transfer_accounts transfer_accounts[TRANSFER_KIND_COUNT];

/* What the processor says. */
enum verdict {
	VERDICT_OPEN, /* it is outside the process: ask, and settle when it answers */
	VERDICT_APPROVED,
	VERDICT_DECLINED,
	VERDICT_UNREACHABLE, /* it certainly never got the request */
};
struct decision {
	enum verdict verdict;
	struct text decline_code; /* of a decline */
	/* Its own id of what it did, or "". Of one in the process only the prefix: what follows are
	 * then the characters of our id. */
	char reference[ID_SIZE];
};

/* What the order service's journal has told of an order. Zeroed: nothing. */
enum order_end { ORDER_LIVES, ORDER_CANCELLED, ORDER_EXPIRED };
struct order_heard {
	const struct currency *currency; /* NULL: its creation was not heard of */
	int64_t total_minor;             /* 0: that, or its amount is open */
	int64_t expires_us;              /* 0: never */
	int end;                         /* enum order_end */
};

/* POST /pay. */
struct pay_command {
	char order_id[ORDER_ID_MAX + 1];
	uint64_t order_hash;
	const struct currency *currency;
	int64_t amount_minor;
	int capture;
	struct text payment_method, description, metadata;
	struct text processor; /* its name */
	struct decision decision;
	bool has_key;
	bool rejects_unheard; /* orders that were not heard of are not paid */
};

/* The time and the random bytes of a command's id, given by the engine. */
struct payment_moment {
	int64_t now_us;
	const uint8_t *random; /* ULID_RANDOM_BYTES */
};

/* What is known of the order when a command about it is decided. */
struct payment_view {
	struct order_heard heard; /* set before the first payment is added */
	int64_t attempts_count;
	int64_t payments_count; /* of these, those that reached the processor, or may have */
	/* api.md, "Against the order": of all live payments, where the total is known only of those
	 * in its currency. */
	int64_t claimed_minor;
	int64_t open_minor;  /* the part of it that the processor's next word may take away */
	int64_t first_minor; /* the first live payment's claim; 0: none */
	int64_t first_key;   /* that payment's key */
	bool first_is_open;  /* its claim may be taken away likewise */
	const struct currency *first_currency;
	bool has_natural; /* a live payment that was made, or may have been, without a key: */
	struct payment natural;
	/* What is asked, set before the first payment is added; NULL: nothing. */
	const struct pay_command *asked;
	int64_t maybe_asked_us; /* when what may be the same was made again; 0: nothing was */
};

/* What an order comes to: what was heard, or its first live payment's claim in its place. */
struct order_total {
	int64_t minor; /* 0: nothing bounds its payments */
	const struct currency *currency;
	bool is_open; /* the processor's next word may take it away */
};

/* What a decision leaves. The rows are as they are after it; their keys and events follow from the
 * journal. */
struct payment_outcome {
	bool replays;                   /* nothing changes: what is there already is the answer */
	bool is_new;                    /* `payment` is to be stored */
	bool is_changed;                /* `payment` was stored and is not as it was */
	bool has_refund, refund_is_new; /* `refund` was changed; is to be stored */
	bool by_operator;
	bool is_redacted; /* `payment` and its refunds lose their free texts */
	/* A refusal that rests on an outcome which is still open: it is not stored, its key stays
	 * free. */
	bool rests_on_open;
	/* A refusal that might be none, or another one, if the order had been heard of. */
	bool rests_on_unheard;
	struct payment payment;
	struct refund refund;
	const char *event_type; /* NULL: nothing to be told */
	struct transfer transfers[TRANSFER_KEYS_PER_EVENT];
	size_t transfers_count;
	bool asks;                /* an intent is to be stored, and the processor asked: */
	enum operation operation; /* what for */
	int64_t ends_intent;      /* the intent that is settled, 0: none */
	enum error settled;       /* what its caller is told */
	bool contradicts;         /* the processor said something else before */
};

/* The decline_code of what never reached the processor. */
extern const char code_unreachable[];

/* Adds one stored payment of the order, in any order, to the view. True when it is the order's
 * natural payment: then the caller sees to it that its texts last as long as the view. */
bool payment_view_add(struct payment_view *view, const struct payment *payment);
struct order_total payment_view_total(const struct payment_view *view);

/* ERR_NONE, ERR_PAYMENT_DECLINED (a failed payment is stored), or a refusal, whose detail may be
 * filled (PAYMENT_DETAIL_SIZE bytes). Pure. */
enum error payment_decide_pay(const struct payment_view *view, const struct pay_command *command,
                              const struct payment_moment *moment,
                              struct payment_outcome *ret_outcome, char *detail);

#endif
