/* payment_commands.h - the payment service's commands as the engine runs them: load, decide, write,
 * render. */
#ifndef PAYMENT_PAYMENT_COMMANDS_H
#define PAYMENT_PAYMENT_COMMANDS_H

#include "payment.h"
#include "runtime/job.h"

extern const struct domain payment_domain;
extern const struct command_kind pay_kind; /* job.command is a struct pay_command */

/* Registers the metrics of payments. */
void payment_register_metrics(void);

#endif
