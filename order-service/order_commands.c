/* order_commands.c - binds core and store to the engine. No rules here: those are order_core.c's.
 */
#include "order_commands.h"

#include "order_fields.h"
#include "order_store.h"
#include "runtime/money_counter.h"

/* What the engine calls view: what the core sees, and the job whose `kept` the load fills. */
struct create_slot {
	struct order_view view;
	struct job *job;
};
struct redact_slot {
	struct order_redact_view view;
	struct job *job;
};
union order_slot {
	struct create_slot create;
	struct redact_slot redact;
};

struct order_effects {
	struct effects base;
	struct order_outcome outcome;
};

/* Never 0; orders that now share a value only wait for each other. */
static uint64_t conflict_key(uint64_t order_hash)
{
	return order_hash | 1;
}

/* The event first: its number is the order's where the order is new. */
static int64_t record(const struct writing *to, const struct job *job, const char *type,
                      const struct order *order)
{
	struct event event = {.type = type,
	                      .subject = text_of(order->order_id),
	                      .traceparent = job->traceparent,
	                      .order_prev_seq = order->last_event_seq};
	struct buf *data = journal_data(to->journal);

	field_render(order_event_fields, order, data);
	ensure(!data->full);
	event.data = buf_text(data);
	return journal_add(to->journal, &event, job->now_us, job->random + ULID_RANDOM_BYTES);
}

/* ---- POST /order ---- */

static uint64_t create_conflict_key(const struct job *job, const void *view)
{
	(void)view;
	return conflict_key(((const struct order_command *)job->command)->order_hash);
}

/* The answer to the same order again; its texts last no longer than the row. */
static void create_take_row(void *arg, const struct db_row *row)
{
	struct create_slot *slot = arg;
	struct order order;

	order_from_row(row, &order);
	slot->view.order_known = true;
	slot->view.content_hash = order.content_hash;
	field_render(order_fields, &order, &slot->job->kept);
}

static void create_load(struct db *db, struct job *job, void *view)
{
	const struct order_command *command = job->command;
	struct create_slot *slot = view;

	slot->job = job;
	order_send_by_id(db, command->order_hash, text_of(command->order_id), create_take_row,
	                 slot);
}

static enum error create_decide(const struct job *job, const void *view, void *effects,
                                char *detail)
{
	const struct create_slot *slot = view;
	struct order_effects *result = effects;
	enum error error =
		order_decide_create(&slot->view, job->command, job->now_us, &result->outcome);

	(void)detail;
	result->base.writes = result->outcome.is_new;
	result->base.replayed = result->outcome.replays;
	result->base.resource = text_of(((const struct order_command *)job->command)->order_id);
	return error;
}

static void create_write(const struct writing *to, const struct job *job, const void *view,
                         void *effects)
{
	const struct order_command *command = job->command;
	struct order *order = &((struct order_effects *)effects)->outcome.order;

	(void)view;
	order->order_seq = record(to, job, "order.created", order);
	order->last_event_seq = order->order_seq;
	order_write_new(to->db, order, command->order_hash);
}

static void create_render(const struct job *job, const void *effects, struct answer *answer)
{
	const struct order_outcome *outcome = &((const struct order_effects *)effects)->outcome;

	if (outcome->replays)
		buf_add_text(&answer->body, buf_text(&job->kept));
	else
		field_render(order_fields, &outcome->order, &answer->body);
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
	return conflict_key(((const struct order_redact_command *)job->command)->order_hash);
}

/* What is left of the items is kept, and no other text. */
static void redact_take_row(void *arg, const struct db_row *row)
{
	struct redact_slot *slot = arg;
	struct order_redact_view *view = &slot->view;
	struct order *order = &view->order;
	struct buf *kept = &slot->job->kept;

	order_from_row(row, order);
	view->order_known = true;
	view->has_texts = order->customer.ptr != NULL || order->description.ptr != NULL ||
	                  !text_is(order->metadata, "{}");
	order->customer = order->description = TEXT_NONE;
	order->metadata = TEXT_LITERAL("{}");
	if (order->items.ptr == NULL)
		return;
	order_items_redact(order->items, kept);
	view->has_texts = view->has_texts || !text_equal(order->items, buf_text(kept));
	order->items = buf_text(kept);
}

static void redact_load(struct db *db, struct job *job, void *view)
{
	const struct order_redact_command *command = job->command;
	struct redact_slot *slot = view;

	slot->job = job;
	order_send_by_id(db, command->order_hash, text_of(command->order_id), redact_take_row,
	                 slot);
}

static enum error redact_decide(const struct job *job, const void *view, void *effects,
                                char *detail)
{
	const struct redact_slot *slot = view;
	struct order_effects *result = effects;
	struct text id = text_of(((const struct order_redact_command *)job->command)->order_id);
	enum error error = order_decide_redact(&slot->view, job->now_us, &result->outcome);

	(void)detail;
	result->base.writes = result->outcome.is_redacted;
	result->base.replayed = result->outcome.replays;
	result->base.resource = id;
	if (result->outcome.is_redacted)
		result->base.redacts = id;
	return error;
}

static void redact_write(const struct writing *to, const struct job *job, const void *view,
                         void *effects)
{
	struct order *order = &((struct order_effects *)effects)->outcome.order;

	(void)view;
	order->last_event_seq = record(to, job, "order.redacted", order);
	order_write_redacted(to->db, order);
}

static void redact_render(const struct job *job, const void *effects, struct answer *answer)
{
	(void)job;
	field_render(order_fields, &((const struct order_effects *)effects)->outcome.order,
	             &answer->body);
}

const struct command_kind order_redact_kind = {
	.name = "redact",
	.conflict_key = redact_conflict_key,
	.load = redact_load,
	.decide = redact_decide,
	.write = redact_write,
	.render = redact_render,
};

/* ---- metrics: what was committed since the start ---- */

static _Atomic int64_t orders_created;
static struct money_counter ordered;

static void committed(const struct job *job, const void *effects)
{
	const struct order_outcome *outcome = &((const struct order_effects *)effects)->outcome;
	const struct order *order = &outcome->order;

	(void)job;
	if (!outcome->is_new)
		return;
	atomic_fetch_add_explicit(&orders_created, 1, memory_order_relaxed);
	if (order->amount_minor != MONEY_NONE)
		money_counter_add(&ordered, order->currency, order->amount_minor);
}

const struct domain order_domain = {
	.view_size = sizeof(union order_slot),
	.effects_size = sizeof(struct order_effects),
	.index = &order_index,
	.committed = committed,
};

static struct metric metrics[] = {
	{"orders_created_total", METRIC_COUNTER, "Orders accepted since the start.",
         metric_collect_value, &orders_created, NULL},
	{"ordered_minor_total", METRIC_COUNTER,
         "Totals of orders accepted since the start, in the currency's minor unit.",
         metric_collect_money, &ordered, NULL},
};

void order_register_metrics(void)
{
	for (size_t i = 0; i < ARRAY_LEN(metrics); i++)
		metric_register(&metrics[i]);
}
