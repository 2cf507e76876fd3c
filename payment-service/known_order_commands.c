/* known_order_commands.c - what the order service's journal tells, as commands that the engine
 * runs. No rules here: those are known_order_core.c's. Invariant: what is to be given back is noted
 * in the transaction of what it is for. */
#include "payment_commands.h"
#include "payment_outcome.h"

static uint64_t conflict_key(const struct job *job, const void *view)
{
	const struct known_order_command *command = job->command;

	(void)view;
	return command->order_hash | 1; /* as of a payment */
}

static void take_row(void *arg, const struct db_row *row)
{
	struct order_slot *slot = arg;
	struct payment payment;
	bool is_whole;

	payment_place_from_row(row, &slot->place);
	known_order_view_begin(&slot->view, &slot->place.heard, slot->job->command);
	if (payment_row_is_empty(row))
		return;
	is_whole = payment_from_row(row, &payment);
	ensure(is_whole);
	known_order_view_add(&slot->view, &payment);
}

static void load(struct db *db, struct job *job, void *view)
{
	const struct known_order_command *command = job->command;
	struct order_slot *slot = view;

	slot->job = job;
	slot->place.order_hash = command->order_hash;
	known_order_view_begin(&slot->view, &slot->place.heard, command);
	payment_send_order(db, command->order_hash, text_of(command->order_id), take_row, slot);
}

static enum error decide(const struct job *job, const void *view, void *effects, char *detail)
{
	const struct known_order_command *command = job->command;
	const struct order_slot *slot = view;
	struct payment_effects *all = effects;
	enum error error = known_order_decide(&slot->view, command, &all->order, detail);

	all->place = slot->place;
	all->base.resource = text_of(command->order_id);
	all->base.writes = all->order.is_changed;
	return error;
}

static void write_returns(struct db *db, const struct order_slot *slot, int64_t order_seq,
                          const struct job *job)
{
	for (int64_t number = 0; number < PAYMENT_KEYS_PER_ORDER; number++)
		if (slot->view.returns[number])
			return_write_new(db, order_seq * PAYMENT_KEYS_PER_ORDER + number,
			                 job->now_us, job->traceparent);
}

static void write(const struct writing *to, const struct job *job, const void *view, void *effects)
{
	const struct known_order_command *command = job->command;
	const struct order_slot *slot = view;
	struct payment_effects *all = effects;
	struct order_place *place = &all->place;

	ensure(job->peer != NULL);
	if (place->order_seq == 0)
		known_order_write_new(to->db, place, text_of(command->order_id), 0);
	place->heard = all->order.heard;
	place->excess_minor += all->order.excess_minor;
	if (command->heard.end != ORDER_LIVES || slot->view.returns_count > 0)
		place->cause = job->peer->to;
	known_order_write_heard(to->db, place);
	write_returns(to->db, slot, place->order_seq, job);
	all->returns_count = slot->view.returns_count;
}

#define ORDER_KIND(name_) \
	{ \
		.name = name_, .conflict_key = conflict_key, .load = load, .decide = decide, \
		.write = write, .render = outcome_render_nothing \
	}

const struct command_kind order_heard_kind = ORDER_KIND("order_heard");
const struct command_kind order_ended_kind = ORDER_KIND("order_ended");
