/* payment_outcome.h - what all commands of the payment service do with what was decided: write it,
 * and print it. */
#ifndef PAYMENT_PAYMENT_OUTCOME_H
#define PAYMENT_PAYMENT_OUTCOME_H

#include "inquiry.h"
#include "known_order.h"
#include "operation.h"
#include "payment_store.h"
#include "runtime/job.h"

#define REASON_BYTES_MAX (4 * 200) /* UTF-8 */

/* What the engine calls view: what the core sees, and the job whose `kept` holds the payment's
 * texts. */
struct pay_slot {
	struct payment_view view;
	struct order_place place;
	struct job *job;
};
struct operation_slot {
	struct operation_view view;
	struct order_place place;
	struct job *job;
	/* The refund's texts. */
	char reason[REASON_BYTES_MAX + 1], decline_code[DECLINE_CODE_MAX + 1];
};
struct order_slot {
	struct known_order_view view;
	struct order_place place;
	struct job *job;
};
struct inquiry_slot {
	struct inquiry_view view;
	struct payment_view order; /* whose payment it is, as of all that are there */
	struct order_place place;
	struct job *job;
};
union payment_slot {
	struct inquiry_slot inquiry;
	struct pay_slot pay;
	struct operation_slot operation;
	struct order_slot order;
};

/* What the engine calls effects. */
struct payment_effects {
	struct effects base;
	struct payment_outcome outcome;
	struct known_order_outcome order; /* of a command about the order, which has no outcome */
	struct order_place place;         /* order_seq 0: the order is new */
	const struct cause *cause; /* of its event; NULL: a caller, an operator, the processor */
	int status_before;         /* of the payment, -1: it is new */
	enum inquiry_end inquiry_end;
	bool inquires;         /* the processor is to be asked about what was lost */
	int64_t returns_count; /* payments that can now be given back, as never before */
};

/* After decide: tells the engine what `outcome` means to it. resource: of a refusal. */
void outcome_conclude(struct payment_effects *effects, enum error error, struct text resource);
/* Of struct command_kind. */
void outcome_write(const struct writing *to, const struct job *job, const void *view,
                   void *effects);
void outcome_render_payment(const struct job *job, const void *effects, struct answer *answer);
/* The refund, where the command is about one. */
void outcome_render(const struct job *job, const void *effects, struct answer *answer);
/* Of commands that nobody has asked for. */
void outcome_render_nothing(const struct job *job, const void *effects, struct answer *answer);

#endif
