/* order_changes.c - binds core and store to the engine: what changes an order that is there, by a
 * call, by its end, by its payments. No rules here: those are the cores'. */
#include <stdio.h>

#include "order_commands.h"
#include "order_effects.h"
#include "order_payments.h"
#include "order_store.h"

/* ---- cancel, fulfill, expire ---- */

static uint64_t conflict_key(const struct job *job, const void *view)
{
	(void)view;
	return order_conflict_key(((const struct order_change_command *)job->command)->order_hash);
}

static void take_row(void *arg, const struct db_row *row)
{
	struct order_slot *slot = arg;
	bool is_whole = order_from_row(row, &slot->view.order);

	ensure(is_whole);
	slot->view.order_known = true;
	order_keep(&slot->view.order, &slot->job->kept);
}

static void load(struct db *db, struct job *job, void *view)
{
	const struct order_change_command *command = job->command;
	struct order_slot *slot = view;

	slot->job = job;
	order_send_by_id(db, command->order_hash, text_of(command->order_id), take_row, slot);
}

static enum error decide(order_decide_fn *rule, const struct job *job, const void *view,
                         void *effects, char *detail)
{
	const struct order_slot *slot = view;
	const struct order_change_command *command = job->command;
	struct order_effects *result = effects;
	enum error error = rule(&slot->view, command, job->now_us, &result->outcome, detail);

	order_conclude(result, command->order_id);
	return error;
}

static enum error cancel_decide(const struct job *job, const void *view, void *effects,
                                char *detail)
{
	return decide(order_decide_cancel, job, view, effects, detail);
}

static enum error fulfill_decide(const struct job *job, const void *view, void *effects,
                                 char *detail)
{
	return decide(order_decide_fulfill, job, view, effects, detail);
}

static enum error expire_decide(const struct job *job, const void *view, void *effects,
                                char *detail)
{
	return decide(order_decide_expire, job, view, effects, detail);
}

static void write_order(const struct writing *to, const struct job *job, const void *view,
                        void *effects)
{
	(void)view;
	order_write(to, job, ((const struct order_change_command *)job->command)->order_hash,
	            &((struct order_effects *)effects)->outcome);
}

static void render_nothing(const struct job *job, const void *effects, struct answer *answer)
{
	(void)job;
	(void)effects;
	(void)answer;
}

#define CHANGE_KIND(name_, decide_, render_) \
	{ \
		.name = name_, .conflict_key = conflict_key, .load = load, .decide = decide_, \
		.write = write_order, .render = render_ \
	}

const struct command_kind order_cancel_kind = CHANGE_KIND("cancel", cancel_decide, order_render);
const struct command_kind order_fulfill_kind = CHANGE_KIND("fulfill", fulfill_decide, order_render);
const struct command_kind order_expire_kind = CHANGE_KIND("expire", expire_decide, render_nothing);

/* ---- what became of a payment ---- */

static bool read_payment(const struct peer_event *event, const uint8_t *sip_key, void *ret_command,
                         char why[PEER_WHY_SIZE])
{
	const char *fault = NULL;

	if (order_payment_from_event(event->line, event->doc, sip_key, ret_command, &fault) ==
	    PAID_EVENT_OK)
		return true;
	(void)snprintf(why, PEER_WHY_SIZE, "%s", fault == NULL ? "it is about no payment" : fault);
	return false;
}

static uint64_t payment_conflict_key(const struct job *job, const void *view)
{
	(void)view;
	return order_conflict_key(((const struct order_payment_command *)job->command)->order_hash);
}

static void payment_load(struct db *db, struct job *job, void *view)
{
	const struct order_payment_command *command = job->command;
	struct order_slot *slot = view;

	slot->job = job;
	slot->view.payments.told_id = command->payment.payment_id;
	order_send_by_id(db, command->order_hash, text_of(command->order_id), take_row, slot);
	order_payments_send(db, command->order_hash, text_of(command->order_id), order_take_payment,
	                    &slot->view.payments);
}

static enum error payment_decide(const struct job *job, const void *view, void *effects,
                                 char *detail)
{
	const struct order_slot *slot = view;
	const struct order_payment_command *command = job->command;
	struct order_effects *result = effects;

	(void)detail;
	order_decide_payment(&slot->view, command, job->now_us, &result->outcome);
	if (result->outcome.rejected != NULL) {
		result->outcome = (struct order_outcome){0};
		return ERR_INVALID_STATE;
	}
	order_conclude(result, command->order_id);
	return ERR_NONE;
}

static void payment_write(const struct writing *to, const struct job *job, const void *view,
                          void *effects)
{
	const struct order_payment_command *command = job->command;
	struct order_outcome *outcome = &((struct order_effects *)effects)->outcome;

	(void)view;
	order_payment_write(to->db, &outcome->payment, outcome->order.order_seq, command);
	order_write(to, job, command->order_hash, outcome);
	if (outcome->event == ORDER_EVENT_NONE)
		order_record_payment(to, job);
}

const struct command_kind order_payment_kind = {
	.name = "payment",
	.conflict_key = payment_conflict_key,
	.load = payment_load,
	.decide = payment_decide,
	.write = payment_write,
	.render = render_nothing,
};

#define PAYMENT_EVENT(type_) \
	{ \
		.type = type_, .kind = &order_payment_kind, \
		.command_size = sizeof(struct order_payment_command), .read = read_payment \
	}

const struct peer_kind order_peer_kinds[] = {
	PAYMENT_EVENT("payment.processing"),
	PAYMENT_EVENT("payment.authorized"),
	PAYMENT_EVENT("payment.captured"),
	PAYMENT_EVENT("payment.failed"),
	PAYMENT_EVENT("payment.voided"),
	PAYMENT_EVENT("refund.processing"),
	PAYMENT_EVENT("refund.succeeded"),
	PAYMENT_EVENT("refund.failed"),
	{0},
};
