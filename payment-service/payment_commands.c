/* payment_commands.c - binds core and store to the engine. No rules here: those are
 * payment_core.c's. */
#include "payment_commands.h"

#include "base/problem.h"
#include "payment_fields.h"
#include "payment_store.h"
#include "runtime/money_counter.h"

/* The engine's "view": what core sees, and the job whose `existing` the load fills. */
struct pay_slot {
	struct payment_view view;
	struct job *job;
};

struct pay_effects {
	struct effects base;
	struct payment_outcome outcome;
};

static uint64_t pay_conflict_key(const struct job *job, const void *view)
{
	const struct pay_command *command = job->command;

	(void)view;
	return command->order_hash |
	       1; /* never 0; orders that now share a value only wait for each other */
}

static void take_order_row(void *arg, const struct db_row *row)
{
	struct pay_slot *slot = arg;
	struct payment payment;

	slot->view.order_known = true;
	if (!payment_from_order_row(row, &slot->view.order_seq, &slot->view.last_event_seq,
	                            &payment))
		return;
	if (payment_view_add(&slot->view, &payment) && slot->job->existing.len == 0)
		field_render(payment_fields, &payment, &slot->job->existing);
}

static void pay_load(struct db *db, struct job *job, void *view)
{
	const struct pay_command *command = job->command;
	struct pay_slot *slot = view;

	slot->job = job;
	payment_send_order(db, command->order_hash, text_of(command->order_id), take_order_row,
	                   slot);
}

static enum error pay_decide(const struct job *job, const void *view, void *effects, char *detail)
{
	const struct pay_command *command = job->command;
	const struct pay_slot *slot = view;
	struct pay_effects *result = effects;
	struct payment_moment moment = {.now_us = job->now_us, .random = job->random};
	enum error error =
		payment_decide_pay(&slot->view, command, &moment, &result->outcome, detail);

	result->base.writes = result->outcome.is_new;
	result->base.replayed = result->outcome.replays;
	result->base.resource = text_of(result->outcome.is_new ? result->outcome.payment.payment_id
	                                                       : command->order_id);
	return error;
}

/* The event first: its seq is the order's number where the order is new. */
static int64_t record(const struct job *job, const struct payment_view *view,
                      const struct payment *payment, struct journal *journal)
{
	static const char *const types[] = {
		[PAYMENT_SUCCESS] = "payment.captured", [PAYMENT_FAILED] = "payment.failed"};
	struct buf *data = journal_data(journal);
	struct event event = {.type = types[payment->status],
	                      .subject = text_of(payment->order_id),
	                      .traceparent = job->traceparent,
	                      .order_prev_seq = view->last_event_seq};

	field_render(payment_event_fields, payment, data);
	ensure(!data->full);
	event.data = buf_text(data);
	return journal_add(journal, &event, job->now_us, job->random + ULID_RANDOM_BYTES);
}

static void pay_write(struct db *db, const struct job *job, const void *view, void *effects,
                      struct journal *journal)
{
	const struct payment_view *known = &((const struct pay_slot *)view)->view;
	const struct pay_command *command = job->command;
	struct payment *payment = &((struct pay_effects *)effects)->outcome.payment;
	int64_t seq = record(job, known, payment, journal);
	int64_t order_seq = known->order_known ? known->order_seq : seq;

	payment->last_event_seq = seq;
	payment->payment_key = order_seq * PAYMENT_KEYS_PER_ORDER + known->payments_count;
	if (known->order_known)
		payment_write_order_event(db, order_seq, seq);
	else
		payment_write_order_new(db, order_seq, command->order_hash,
		                        text_of(command->order_id));
	payment_write_new(db, payment);
}

static void pay_render(const struct job *job, const void *effects, struct answer *answer)
{
	const struct payment *payment = &((const struct pay_effects *)effects)->outcome.payment;

	if (answer->error == ERR_NONE) {
		field_render(payment_fields, payment, &answer->body);
		return;
	}
	problem_open(&answer->body, answer->error, NULL, job->request_id);
	field_render_members(payment_fields, payment, &answer->body);
	json_close(&answer->body, '}');
}

const struct command_kind pay_kind = {
	.name = "pay",
	.conflict_key = pay_conflict_key,
	.load = pay_load,
	.decide = pay_decide,
	.write = pay_write,
	.render = pay_render,
};

/* ---- metrics: what was committed since the start ---- */

static _Atomic uint64_t payments_by_status[2];
static struct money_counter captured;

static void committed(const struct job *job, const void *effects)
{
	const struct payment *payment = &((const struct pay_effects *)effects)->outcome.payment;

	(void)job;
	atomic_fetch_add_explicit(&payments_by_status[payment->status], 1, memory_order_relaxed);
	money_counter_add(&captured, payment->currency, payment->captured_minor);
}

const struct domain payment_domain = {
	.view_size = sizeof(struct pay_slot),
	.effects_size = sizeof(struct pay_effects),
	.committed = committed,
};

static void collect_payments(const struct metric *metric, struct buf *out)
{
	for (size_t i = 0; i < ARRAY_LEN(payments_by_status); i++)
		buf_addf(out, "%s{payment_status=\"%s\"} %llu\n", metric->name,
		         payment_status_names[i],
		         (unsigned long long)atomic_load(&payments_by_status[i]));
}

static struct metric metrics[] = {
	{"payments_total", METRIC_COUNTER, "Payments committed since the start, by status.",
         collect_payments, NULL, NULL},
	{"captured_minor_total", METRIC_COUNTER,
         "Money captured since the start, in the currency's minor unit.", metric_collect_money,
         &captured, NULL},
};

void payment_register_metrics(void)
{
	for (size_t i = 0; i < ARRAY_LEN(metrics); i++)
		metric_register(&metrics[i]);
}
