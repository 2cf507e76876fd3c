/* payment_commands.h - the payment service's commands as the engine runs them: load, decide, write,
 * render. */
#ifndef PAYMENT_PAYMENT_COMMANDS_H
#define PAYMENT_PAYMENT_COMMANDS_H

#include "operation.h"
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

/* The processor was called, or asked, and did not decide. */
struct asked_command {
	int64_t intent_key;
	int64_t next_us; /* when to ask again; INT64_MAX: never */
};

/* Called on the writer's thread after each commit that left something to ask the processor for. */
void payment_on_ask(void (*ask)(void *arg), void *arg);

/* Registers the metrics of payments. */
void payment_register_metrics(void);

#endif
