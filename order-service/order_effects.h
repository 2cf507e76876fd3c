/* order_effects.h - what all commands on orders share between load and commit. */
#ifndef ORDER_ORDER_EFFECTS_H
#define ORDER_ORDER_EFFECTS_H

#include "order.h"
#include "runtime/job.h"

/* What the engine calls view: what the core sees, and the job whose `kept` the load fills. */
struct order_slot {
	struct job *job;
	union {
		struct order_view view;
		struct order_redact_view redact;
	};
};

struct order_effects {
	struct effects base;
	struct order_outcome outcome;
};

/* Never 0; orders that now share a value only wait for each other. */
uint64_t order_conflict_key(uint64_t order_hash);
/* Fills what the engine wants to know. order_id is borrowed from the command. */
void order_conclude(struct order_effects *effects, const char *order_id);
/* Records the outcome's events, whose numbers become the order's, and writes the order. */
void order_write(const struct writing *to, const struct job *job, uint64_t order_hash,
                 struct order_outcome *outcome);
/* Records that the job's event of a payment took effect, where order_write records none of it. */
void order_record_payment(const struct writing *to, const struct job *job);
/* The order as the outcome has it. */
void order_render(const struct job *job, const void *effects, struct answer *answer);

/* order_metrics.c: counts what was committed. */
void order_committed(const struct job *job, const void *effects);

#endif
