/* side.h - the two services as their clients see them: calls as commands, and what each has stored
 * of an order. Neutral, as neither service's headers go together with the other's. */
#ifndef SIM_PAIR_SIDE_H
#define SIM_PAIR_SIDE_H

#include "base/currency.h"
#include "base/id.h"
#include "runtime/follower.h"
#include "sim/node.h"

#define CALL_COMMAND_BYTES 512
#define SEEN_PAYMENTS_MAX 100
#define ORDER_NAME_SIZE 24

enum call_kind {
	CALL_CREATE,
	CALL_CANCEL,
	CALL_FULFILL,
	CALL_PAY,
	CALL_CAPTURE,
	CALL_VOID,
	CALL_REFUND,
	CALL_SYNC,
	CALL_KINDS
};
extern const char *const call_names[CALL_KINDS];

/* What a client asks for. Copied into the command, but for the method. */
struct wish_of_order {
	enum call_kind kind;
	char order_id[ORDER_NAME_SIZE];
	char payment_id[ID_SIZE];
	const struct currency *currency;
	int64_t amount_minor; /* create: MONEY_NONE: open; capture, refund: MONEY_NONE: all */
	int64_t expires_in_s; /* create; 0: never */
	bool is_manual;
	const char *method; /* NULL: left out */
};

/* Statuses and states as both services number them. */
enum seen_status { SEEN_PROCESSING, SEEN_AUTHORIZED, SEEN_SUCCESS, SEEN_FAILED, SEEN_VOIDED };
enum seen_state { SEEN_PENDING, SEEN_PAID, SEEN_FULFILLED, SEEN_CANCELLED };

struct seen_payment {
	char payment_id[ID_SIZE];
	const struct currency *currency;
	int64_t amount_minor, captured_minor, refunded_minor;
	int64_t pending_minor; /* payment service: of open refunds */
	int status;
	bool is_open;   /* payment service: the processor has been asked */
	bool is_remote; /* payment service: all of it is in the processor's books */
};

/* An order as one side has it. */
struct seen_order {
	bool is_known, was_open, is_ended;
	const struct currency *currency;
	int64_t total_minor;  /* 0: open */
	int64_t excess_minor; /* payment service: claimed above the total when that was heard */
	/* Order service: */
	int state;
	int64_t paid_minor, authorized_minor, refunded_minor;
	struct seen_payment payments[SEEN_PAYMENTS_MAX];
	size_t count;
};

/* Fills the job's kind and command (CALL_COMMAND_BYTES, aligned). */
void payment_side_call(const struct node *node, const struct wish_of_order *wish, struct job *job,
                       void *command);
void order_side_call(const struct node *node, const struct wish_of_order *wish, struct job *job,
                     void *command);
/* What is stored. The node is up. */
void payment_side_see(const struct node *node, const char *order_id, struct seen_order *ret_order);
void order_side_see(const struct node *node, const char *order_id, struct seen_order *ret_order);
/* Calls found with the id of each payment whose return waits for a person, or that is open and not
 * asked for any more. */
void payment_side_stuck(const struct node *node, void (*found)(void *arg, struct text payment_id),
                        void *arg);
/* The processor hears that its word was committed, if the job brought it. */
void payment_side_executed(const struct job *job);
extern const struct peer_kind *const payment_side_kinds, *const order_side_kinds;
extern const struct peer_kind *const payment_side_lost_kinds;

/* Whether its journal tells of the payment, or a refund of it, as lost after a restore. */
bool payment_side_told_lost(const struct node *node, const char *payment_id);

#endif
