/* pair.h - one run of both services: a world, a node for each, the network between them, and their
 * clients. pair.c begins and ends it, and puts one store back; clients.c makes calls and keeps what
 * was acknowledged; agree.c says what must hold at any time, and what in the end. */
#ifndef SIM_PAIR_PAIR_H
#define SIM_PAIR_PAIR_H

#include "sim/pair/follow.h"
#include "sim/pair/side.h"

#define PAIR_ORDERS_MAX 20000
#define PAIR_PAYMENTS_MAX 200000
#define ORDERS_IN_USE 8
#define NO_PAYMENT (-1)

enum pair_side { SIDE_PAYMENT, SIDE_ORDER, SIDES };

/* What its clients were told of an order. */
struct pair_order {
	char id[ORDER_NAME_SIZE];
	const struct currency *currency;
	int64_t amount_minor; /* MONEY_NONE: open */
	int64_t expires_in_s;
	bool is_created, is_cancelled, is_fulfilled;
};

/* And of a payment: a state that is final, or -1. */
struct pair_payment {
	char id[ID_SIZE];
	int64_t order;
	int status;
};

struct client_call;

struct pair {
	struct world world;
	struct network network;
	struct node nodes[SIDES];
	struct follow follows[SIDES];
	struct pair_order *orders;
	struct pair_payment *payments;
	int64_t orders_count, payments_count;
	int64_t first_order;                  /* those before are for a person to reconcile */
	int64_t orders_in_use[ORDERS_IN_USE]; /* numbers; never before first_order */
	int64_t steps;
	struct client_call *free_calls;
	int64_t calls_made, calls_under_way, calls_done;
};

/* ---- clients.c ---- */

/* New orders take the place of all that are in use. */
void clients_begin(struct pair *pair);
/* The next client comes: one call or several at once. */
void clients_step(struct pair *pair);
/* Whether the job is a client's; then its answer is lost. */
bool clients_lost(struct job *job);
/* A person makes such a call about each payment that the service has given up. */
void clients_tend(struct pair *pair, enum call_kind kind);
void clients_free(struct pair *pair);
int64_t clients_find_payment(const struct pair *pair, const char *payment_id);

/* ---- agree.c ---- */

/* What holds of an order at any time. Both nodes are up. */
void agree_always(struct pair *pair, int64_t order);
/* What holds of all orders once nothing is under way. */
void agree_at_rest(struct pair *pair);
/* After the payment service was put back: what both the processor and the order service know is
 * there again, with the same amounts. */
void agree_recovered(struct pair *pair);
/* The services' own audits, of those that are up. */
void agree_audits(struct pair *pair);

#endif
