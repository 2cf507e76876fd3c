/* model.h - what the payment service must do, written from the contract and not from its code:
 * given what is known, what may be answered to a call, and what is known afterwards. Pure. Kept so
 * plain that it can be believed: no storage, no batches, no crashes.
 *
 * An outcome that is open is an `attempt`. Calls and idempotency keys name the attempt whose
 * outcome they are to be told; until the processor's word is heard, that is "not known yet". */
#ifndef SIM_MODEL_H
#define SIM_MODEL_H

#include "base/currency.h"
#include "sim/bank.h"

#define MODEL_PAYMENTS_MAX 100  /* of an order, that may have reached the processor */
#define MODEL_ATTEMPTS_MAX 1000 /* with the others */
#define MODEL_REFUNDS_MAX 100   /* of a payment */
#define MODEL_CURRENCIES 3
#define MODEL_NONE (-1)

/* What a call can be told. Sets of them are masks: SAID(x) | SAID(y). */
enum said {
	SAID_DONE, /* 200 */
	SAID_OPEN, /* 202 */
	SAID_DECLINED,
	SAID_ALREADY_PAID,
	SAID_CURRENCY,
	SAID_STATE,
	SAID_IN_PROGRESS,
	SAID_EXCEEDS_AUTHORIZED,
	SAID_EXCEEDS_REFUNDABLE,
	SAID_KEY_REQUIRED,
	SAID_KEY_REUSED,
	SAID_NOT_FOUND,
	SAID_AMOUNT,
	SAID_REQUEST,
	SAID_UNREACHABLE,
	SAID_UNAVAILABLE, /* not executed */
	SAID_UNKNOWN,     /* of a COMMIT: executed or not */
	SAID_COUNT
};
#define SAID(said) (1U << (said))
struct said_row {
	int status;
	const char *slug; /* NULL: a resource */
};
extern const struct said_row said_rows[SAID_COUNT];

enum wish_kind { WISH_PAY, WISH_CAPTURE, WISH_VOID, WISH_REFUND, WISH_SYNC, WISH_RESOLVE };
extern const char *const wish_names[];

/* What a client wants. */
struct wish {
	enum wish_kind kind;
	int64_t order;   /* pay */
	int64_t payment; /* the others; MODEL_NONE: one that nobody has made */
	int64_t refund;  /* resolve: MODEL_NONE: the payment itself */
	const struct currency *currency;
	int64_t amount_minor; /* MODEL_NONE: left out */
	bool is_too_precise;  /* the amount has a decimal more than the currency */
	bool is_manual;
	enum bank_method method;
	bool approves; /* resolve */
};

enum model_status { MODEL_PROCESSING, MODEL_AUTHORIZED, MODEL_SUCCESS, MODEL_FAILED, MODEL_VOIDED };
extern const char *const model_status_names[];

/* One thing that the processor decides. */
struct attempt {
	enum operation operation;
	int64_t payment, refund;
	enum verdict verdict;
	/* Where neither the payment's id nor the refund's: as read from the service, "" before. */
	char reference[ID_SIZE];
	int64_t intent_key;
};

struct model_refund {
	char id[ID_SIZE]; /* "": not seen yet */
	int64_t payment, amount_minor;
	int64_t attempt;
};

struct model_payment {
	char id[ID_SIZE];
	int64_t order;
	const struct currency *currency;
	int64_t amount_minor, captured_minor, refunded_minor, refund_pending_minor;
	enum model_status status;
	enum bank_method method;
	bool is_manual, has_key;
	int64_t attempt;       /* of its authorization */
	int64_t pending;       /* attempt of the capture or void that is open, or MODEL_NONE */
	int64_t pending_minor; /* what that capture takes */
	int64_t reversal;      /* attempt, or MODEL_NONE */
	int64_t refunds[MODEL_REFUNDS_MAX], refunds_count;
};

struct model_order {
	char id[ORDER_ID_MAX + 1];
	int64_t payments[MODEL_ATTEMPTS_MAX], payments_count;
};

/* Debits less credits of the accounts; the ledger's sides are checked elsewhere. */
struct model_balance {
	int64_t held_minor, captured_minor;
};

struct model {
	struct model_order *orders;
	struct model_payment *payments;
	struct model_refund *refunds;
	struct attempt *attempts;
	int64_t orders_count, payments_count, refunds_count, attempts_count;
	struct model_balance balances[MODEL_CURRENCIES];
};

extern const char *const model_currencies[MODEL_CURRENCIES];

/* What must be told. */
struct expected {
	unsigned said;       /* these may be; with an attempt: by its verdict */
	unsigned kept;       /* of those, the key keeps these */
	unsigned maybe_kept; /* and these perhaps */
	bool replays;        /* with Idempotent-Replayed */
	int64_t attempt, payment, refund;
};

void model_open(struct model *model);
void model_close(struct model *model);
int64_t model_add_order(struct model *model, const char *id);

/* The rules: decides a call with a key that is free, or without one, and does it. */
struct expected model_execute(struct model *model, const struct wish *wish, bool has_key);
/* What an attempt's callers are to be told as far as is known. */
enum said model_said(const struct model *model, int64_t attempt);
/* Under which the processor knows an attempt; "": not seen yet. */
const char *model_reference(const struct model *model, int64_t number);
/* The processor, or an operator in its place, has given its word about an attempt:
 * again, perhaps. */
void model_hear(struct model *model, int64_t number, enum verdict verdict, bool by_operator);
/* The attempt of a payment that is open, refunds apart, or MODEL_NONE. */
int64_t model_open_attempt(const struct model *model, int64_t number);
/* Whether something of it, its refunds included, is open. */
bool model_is_open(const struct model *model, int64_t payment);

/* MODEL_NONE: there is none. */
int64_t model_find_payment(const struct model *model, struct text id);
int64_t model_find_refund(const struct model *model, struct text id);

#endif
