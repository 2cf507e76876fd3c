/* sim.h - one run: a world, one service in it with its processor, the model of what must be true,
 * and the calls of many clients. sim.c begins and ends it; calls.c makes calls and compares what is
 * told with the model; checks.c compares what is stored; workload.c chooses what is called. */
#ifndef SIM_SIM_H
#define SIM_SIM_H

#include "payment-service/operation.h"
#include "sim/model.h"
#include "sim/node.h"

#define KEYS_MAX 24 /* in use at a time: few, so that they meet */
#define KEY_NAME_SIZE 24
#define ORDERS_IN_USE 6

/* An idempotency key, as its client knows it. */
struct key {
	char name[KEY_NAME_SIZE];
	struct wish wish; /* of its first use */
	bool is_used;     /* it must keep an answer */
	bool is_maybe;    /* it may; its next answer tells */
	bool is_unsure;   /* nobody knows: it is not used any more */
	struct expected expected;
	enum said said; /* a refusal that it keeps, where expected has no attempt */
	char *body;     /* the final answer, once told; owned */
	int64_t first_us;
	int64_t calls_under_way;
};

/* A call that is under way. */
struct call {
	struct call *next; /* of those that are free */
	struct job job;
	union {
		struct pay_command pay;
		struct operation_command operation;
	} command;
	struct wish wish;
	int64_t key; /* in sim->keys, or MODEL_NONE */
	char key_name[KEY_NAME_SIZE];
	char request_id[32];
	struct expected expected;
	bool is_executed, is_committed;
	bool was_struck; /* the disk failed under it */
	bool by_key;     /* the key knows the answer */
};

struct sim {
	struct world world;
	struct node node;
	struct model model;
	struct key keys[KEYS_MAX];
	int64_t keys_made, calls_made;
	struct call *free_calls;
	int64_t calls_under_way;
	int64_t orders[ORDERS_IN_USE]; /* in the model */
	int64_t attempts_adopted;
	int64_t steps;
	int64_t told[SAID_COUNT]; /* how often, for the summary */
};

/* ---- calls.c ---- */

/* Makes a call; key: MODEL_NONE or a place in sim->keys. */
void sim_call(struct sim *sim, const struct wish *wish, int64_t key);
/* The answer of a processor that comes by itself. */
void sim_tell(void *arg, const char *payment_id);
void sim_executed(void *arg, struct job *const *jobs, size_t count, bool is_committed);
void sim_lost(void *arg, struct job *job);
int64_t sim_order_of(void *arg, const char *payment_id);
/* Whom a wish is about, for the record. */
int64_t sim_wish_order(const struct sim *sim, const struct wish *wish);
void sim_free_calls(struct sim *sim);

/* ---- told.c ---- */

/* Whether the answer that stands in the call is this one. */
bool told_is(const struct call *call, enum said said);
/* Fails the run where the answer is not what the model expects. */
void told_check(struct sim *sim, struct call *call);

/* ---- checks.c ---- */

/* What is stored of an order is what the model has; learns the ids that the service has made. */
void check_order(struct sim *sim, int64_t order);
/* The ledger's accounts are the model's. */
void check_accounts(struct sim *sim);
/* All orders, the accounts, and the service's own audit. */
void check_all(struct sim *sim);
/* When everything has come to rest: nothing is open but what the processor never settles, and the
 * processor's books say the same. */
void check_end(struct sim *sim);

/* ---- workload.c ---- */

/* The next client comes: one call or several at once. */
void workload_step(struct sim *sim);

#endif
