/* order_commands.h - the order service's commands as the engine runs them: load, decide, write,
 * render. */
#ifndef ORDER_ORDER_COMMANDS_H
#define ORDER_ORDER_COMMANDS_H

#include "order.h"
#include "runtime/follower.h"
#include "runtime/job.h"

extern const struct domain order_domain;
extern const struct command_kind order_create_kind; /* job.command is a struct order_command */
/* A struct order_change_command. */
extern const struct command_kind order_redact_kind, order_cancel_kind, order_fulfill_kind,
	order_expire_kind;
/* A struct order_payment_command: what the payment service told of a payment. It has no answer. */
extern const struct command_kind order_payment_kind;
/* Which events of the payment service become that. */
extern const struct peer_kind order_peer_kinds[];

#endif
