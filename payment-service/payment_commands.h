/* payment_commands.h - the payment service's commands as the engine runs them: load, decide, write,
 * render. */
#ifndef PAYMENT_PAYMENT_COMMANDS_H
#define PAYMENT_PAYMENT_COMMANDS_H

#include "inquiry.h"
#include "operation.h"
#include "runtime/follower.h"
#include "runtime/job.h"

extern const struct domain payment_domain;

/* job.command is a struct pay_command. */
extern const struct command_kind pay_kind;
/* job.command is a struct operation_command. */
extern const struct command_kind capture_kind, void_kind, refund_kind, sync_kind, resolve_kind,
	redact_kind;
/* The same; the processor has decided. */
extern const struct command_kind answer_kind;
/* job.command is a struct asked_command. */
extern const struct command_kind asked_kind;

/* job.command is a struct known_order_command, and there is a job.peer. */
extern const struct command_kind order_heard_kind, order_ended_kind;
/* The events of the order service that become one of these. */
extern const struct peer_kind payment_peer_kinds[];
/* job.command is a struct return_command: gives back all that the payment keeps, where its order
 * wants that and the processor is not busy with it. Its answer is always the same. */
extern const struct command_kind return_kind;
struct return_command {
	struct operation_command operation;
	int64_t payment_key, since_us; /* of the row of returns */
};

/* The processor was called, or asked, and did not decide. */
struct asked_command {
	int64_t intent_key;
	int64_t next_us; /* when to ask again; INT64_MAX: never */
};

/* Events of the order service that came of one that this journal does not have; job.command is a
 * struct inquiry_command without a decision, and there is a job.peer. */
extern const struct peer_kind payment_lost_kinds[];
/* The processor was asked, and said so. */
extern const struct command_kind inquiry_kind;
struct inquiry_command {
	struct inquiry inquiry;
	const char *processor; /* its name */
	struct decision decision;
};

/* Called on the writer's thread after each commit that left something to ask the processor for, or
 * to give back. */
void payment_on_ask(void (*ask)(void *arg), void *arg);

/* Registers the metrics of payments. */
void payment_register_metrics(void);

#endif
