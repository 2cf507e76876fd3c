/* order_commands.h - the order service's commands as the engine runs them: load, decide, write,
 * render. */
#ifndef ORDER_ORDER_COMMANDS_H
#define ORDER_ORDER_COMMANDS_H

#include "order.h"
#include "runtime/job.h"

extern const struct domain order_domain;
extern const struct command_kind order_create_kind; /* job.command is a struct order_command */
extern const struct command_kind order_redact_kind; /* a struct order_redact_command */

/* Registers the metrics of orders. */
void order_register_metrics(void);

#endif
