/* order_commands.c - binds core and store to the engine. No rules here: those are order_core.c's.
 */
#include "order_commands.h"

#include "order_fields.h"
#include "order_store.h"
#include "runtime/money_counter.h"

/* The engine's "view": what core sees, and the job whose `existing` the load fills. */
struct order_slot {
	struct order_view view;
	struct job *job;
};

struct order_effects {
	struct effects base;
	struct order_outcome outcome;
};

static uint64_t create_conflict_key(const struct job *job, const void *view)
{
	const struct order_command *command = job->command;

	(void)view;
	return command->order_hash |
	       1; /* never 0; orders that now share a value only wait for each other */
}

static void take_row(void *arg, const struct db_row *row)
{
	struct order_slot *slot = arg;
	struct order order;

	order_from_row(row, &order);
	slot->view.order_known = true;
	slot->view.content_hash = order.content_hash;
	field_render(order_fields, &order, &slot->job->existing);
}

static void create_load(struct db *db, struct job *job, void *view)
{
	const struct order_command *command = job->command;
	struct order_slot *slot = view;

	slot->job = job;
	order_send_by_id(db, command->order_hash, text_of(command->order_id), take_row, slot);
}

static enum error create_decide(const struct job *job, const void *view, void *effects,
                                char *detail)
{
	const struct order_slot *slot = view;
	struct order_effects *result = effects;
	enum error error =
		order_decide_create(&slot->view, job->command, job->now_us, &result->outcome);

	(void)detail;
	result->base.writes = result->outcome.is_new;
	result->base.replayed = result->outcome.replays;
	result->base.resource = text_of(((const struct order_command *)job->command)->order_id);
	return error;
}

static void create_write(struct db *db, const struct job *job, const void *view, void *effects,
                         struct journal *journal)
{
	const struct order_command *command = job->command;
	struct order *order = &((struct order_effects *)effects)->outcome.order;
	struct event event = {.type = "order.created",
	                      .subject = text_of(order->order_id),
	                      .traceparent = job->traceparent};
	struct buf *data = journal_data(journal);

	(void)view;
	field_render(order_event_fields, order, data);
	ensure(!data->full);
	event.data = buf_text(data);
	order->order_seq =
		journal_add(journal, &event, job->now_us, job->random + ULID_RANDOM_BYTES);
	order->last_event_seq = order->order_seq;
	order_write_new(db, order, command->order_hash);
}

static void create_render(const struct job *job, const void *effects, struct answer *answer)
{
	(void)job;
	field_render(order_fields, &((const struct order_effects *)effects)->outcome.order,
	             &answer->body);
}

const struct command_kind order_create_kind = {
	.name = "create",
	.conflict_key = create_conflict_key,
	.load = create_load,
	.decide = create_decide,
	.write = create_write,
	.render = create_render,
};

/* ---- metrics: what was committed since the start ---- */

static _Atomic int64_t orders_created;
static struct money_counter ordered;

static void committed(const struct job *job, const void *effects)
{
	const struct order *order = &((const struct order_effects *)effects)->outcome.order;

	(void)job;
	atomic_fetch_add_explicit(&orders_created, 1, memory_order_relaxed);
	if (order->amount_minor != MONEY_NONE)
		money_counter_add(&ordered, order->currency, order->amount_minor);
}

const struct domain order_domain = {
	.view_size = sizeof(struct order_slot),
	.effects_size = sizeof(struct order_effects),
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
