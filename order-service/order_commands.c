/* order_commands.c - binds core and store to the engine: what creates an order or empties its
 * texts. No rules here: those are order_core.c's. */
#include "order_commands.h"

#include "order_effects.h"
#include "order_fields.h"
#include "order_payments.h"
#include "order_store.h"

/* ---- POST /order ---- */

static uint64_t create_conflict_key(const struct job *job, const void *view)
{
	(void)view;
	return order_conflict_key(((const struct order_command *)job->command)->order_hash);
}

/* The answer to the same order again; its texts last no longer than the row. */
static void create_take_row(void *arg, const struct db_row *row)
{
	struct order_slot *slot = arg;
	bool is_whole = order_from_row(row, &slot->view.order);

	ensure(is_whole);
	slot->view.order_known = true;
	field_render(order_fields, &slot->view.order, &slot->job->kept);
}

static void create_load(struct db *db, struct job *job, void *view)
{
	const struct order_command *command = job->command;
	struct order_slot *slot = view;

	slot->job = job;
	order_send_by_id(db, command->order_hash, text_of(command->order_id), create_take_row,
	                 slot);
	order_payments_send(db, command->order_hash, text_of(command->order_id), order_take_payment,
	                    &slot->view.payments);
}

static enum error create_decide(const struct job *job, const void *view, void *effects,
                                char *detail)
{
	const struct order_slot *slot = view;
	const struct order_command *command = job->command;
	struct order_effects *result = effects;
	enum error error = order_decide_create(&slot->view, command, job->now_us, &result->outcome);

	(void)detail;
	order_conclude(result, command->order_id);
	return error;
}

static void create_write(const struct writing *to, const struct job *job, const void *view,
                         void *effects)
{
	const struct order_slot *slot = view;
	const struct order_command *command = job->command;
	struct order_outcome *outcome = &((struct order_effects *)effects)->outcome;

	order_write(to, job, command->order_hash, outcome);
	if (slot->view.payments.stored_count > 0)
		order_payments_write_order(to->db, outcome->order.order_seq, command->order_hash,
		                           text_of(command->order_id));
}

static void create_render(const struct job *job, const void *effects, struct answer *answer)
{
	if (((const struct order_effects *)effects)->outcome.replays)
		buf_add_text(&answer->body, buf_text(&job->kept));
	else
		order_render(job, effects, answer);
}

const struct command_kind order_create_kind = {
	.name = "create",
	.conflict_key = create_conflict_key,
	.load = create_load,
	.decide = create_decide,
	.write = create_write,
	.render = create_render,
};

/* ---- POST /orders/{order_id}/redact ---- */

static uint64_t redact_conflict_key(const struct job *job, const void *view)
{
	(void)view;
	return order_conflict_key(((const struct order_change_command *)job->command)->order_hash);
}

/* What is left of the items is kept, and no other text. */
static void redact_take_row(void *arg, const struct db_row *row)
{
	struct order_slot *slot = arg;
	struct order_redact_view *view = &slot->redact;
	struct order *order = &view->order;
	struct buf *kept = &slot->job->kept;
	bool is_whole = order_from_row(row, order);

	ensure(is_whole);
	view->order_known = true;
	view->has_texts = order->customer.ptr != NULL || order->description.ptr != NULL ||
	                  order->cancel_reason.ptr != NULL || !text_is(order->metadata, "{}");
	order->customer = order->description = order->cancel_reason = TEXT_NONE;
	order->metadata = TEXT_LITERAL("{}");
	if (order->items.ptr == NULL)
		return;
	order_items_redact(order->items, kept);
	view->has_texts = view->has_texts || !text_equal(order->items, buf_text(kept));
	order->items = buf_text(kept);
}

static void redact_load(struct db *db, struct job *job, void *view)
{
	const struct order_change_command *command = job->command;
	struct order_slot *slot = view;

	slot->job = job;
	order_send_by_id(db, command->order_hash, text_of(command->order_id), redact_take_row,
	                 slot);
}

static enum error redact_decide(const struct job *job, const void *view, void *effects,
                                char *detail)
{
	const struct order_slot *slot = view;
	struct order_effects *result = effects;
	enum error error = order_decide_redact(&slot->redact, job->now_us, &result->outcome);

	(void)detail;
	order_conclude(result, ((const struct order_change_command *)job->command)->order_id);
	return error;
}

static void redact_write(const struct writing *to, const struct job *job, const void *view,
                         void *effects)
{
	(void)view;
	order_write(to, job, ((const struct order_change_command *)job->command)->order_hash,
	            &((struct order_effects *)effects)->outcome);
}

const struct command_kind order_redact_kind = {
	.name = "redact",
	.conflict_key = redact_conflict_key,
	.load = redact_load,
	.decide = redact_decide,
	.write = redact_write,
	.render = order_render,
};

const struct domain order_domain = {
	.view_size = sizeof(struct order_slot),
	.effects_size = sizeof(struct order_effects),
	.index = &order_index,
	.totals_size = sizeof(struct order_totals),
	.write_totals = order_write_totals,
	.committed = order_committed,
};
