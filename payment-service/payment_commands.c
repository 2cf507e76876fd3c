/* payment_commands.c - POST /pay as the engine runs it, and what the engine knows of the service.
 * No rules here: those are payment_core.c's. */
#include "payment_commands.h"

#include "inquirer.h"
#include "ledger.h"
#include "ledger_metrics.h"
#include "payment_outcome.h"
#include "payment_store.h"
#include "resolver.h"
#include "returner.h"
#include "runtime/money_counter.h"

static uint64_t pay_conflict_key(const struct job *job, const void *view)
{
	const struct pay_command *command = job->command;

	(void)view;
	return command->order_hash |
	       1; /* never 0; orders that now share a value only wait for each other */
}

static void take_row(void *arg, const struct db_row *row)
{
	struct pay_slot *slot = arg;
	struct payment payment;
	bool is_whole;

	payment_place_from_row(row, &slot->place);
	slot->view.heard = slot->place.heard;
	if (payment_row_is_empty(row))
		return;
	is_whole = payment_from_row(row, &payment);
	ensure(is_whole);
	if (payment_view_add(&slot->view, &payment))
		payment_keep(&slot->view.natural, &slot->job->kept);
}

static void pay_load(struct db *db, struct job *job, void *view)
{
	const struct pay_command *command = job->command;
	struct pay_slot *slot = view;

	slot->job = job;
	slot->view.asked = command;
	slot->place.order_hash = command->order_hash;
	payment_send_order(db, command->order_hash, text_of(command->order_id), take_row, slot);
}

static enum error pay_decide(const struct job *job, const void *view, void *effects, char *detail)
{
	const struct pay_command *command = job->command;
	const struct pay_slot *slot = view;
	struct payment_effects *all = effects;
	struct payment_moment moment = {.now_us = job->now_us, .random = job->random};
	enum error error = payment_decide_pay(&slot->view, command, &moment, &all->outcome, detail);

	all->place = slot->place;
	all->status_before = -1;
	outcome_conclude(all, error, text_of(command->order_id));
	return error;
}

const struct command_kind pay_kind = {
	.name = "pay",
	.conflict_key = pay_conflict_key,
	.load = pay_load,
	.decide = pay_decide,
	.write = outcome_write,
	.render = outcome_render,
};

/* ---- metrics: what was committed since the start ---- */

static _Atomic uint64_t payments_by_status[PAYMENT_VOIDED + 1];
static _Atomic int64_t contradictions;
static _Atomic int64_t returns, orders_overclaimed;
static struct money_counter captured, refunded;

static void (*ask)(void *arg);
static void *ask_arg;

void payment_on_ask(void (*ask_)(void *arg), void *arg)
{
	ask = ask_;
	ask_arg = arg;
}

static void count_transfer(const struct transfer *transfer, const struct currency *currency)
{
	if (transfer->kind == TRANSFER_CAPTURE)
		money_counter_add(&captured, currency, transfer->amount_minor);
	if (transfer->kind == TRANSFER_REFUND)
		money_counter_add(&refunded, currency, transfer->amount_minor);
}

static void committed(const struct job *job, const void *effects)
{
	const struct payment_effects *all = effects;
	const struct payment_outcome *outcome = &all->outcome;

	(void)job;
	if ((outcome->asks || all->base.awaits != 0 || all->returns_count != 0 || all->inquires) &&
	    ask != NULL)
		ask(ask_arg);
	if (all->order.is_changed)
		atomic_fetch_add_explicit(&returns, all->returns_count, memory_order_relaxed);
	if (all->order.excess_minor > 0)
		atomic_fetch_add_explicit(&orders_overclaimed, 1, memory_order_relaxed);
	if (outcome->event_type == NULL)
		return;
	for (size_t i = 0; i < outcome->transfers_count; i++)
		count_transfer(&outcome->transfers[i], outcome->payment.currency);
	if (outcome->contradicts)
		atomic_fetch_add_explicit(&contradictions, 1, memory_order_relaxed);
	if (outcome->payment.status != all->status_before)
		atomic_fetch_add_explicit(&payments_by_status[outcome->payment.status], 1,
		                          memory_order_relaxed);
}

const struct domain payment_domain = {
	.view_size = sizeof(union payment_slot),
	.effects_size = sizeof(struct payment_effects),
	.totals_size = sizeof(struct ledger_totals),
	.write_totals = ledger_write_totals,
	.index = &paid_order_index,
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
	{"payments_total", METRIC_COUNTER,
         "Payments that came into each status since the start, once committed.", collect_payments,
         NULL, NULL},
	{"captured_minor_total", METRIC_COUNTER,
         "Money captured since the start, in the currency's minor unit.", metric_collect_money,
         &captured, NULL},
	{"refunded_minor_total", METRIC_COUNTER,
         "Money refunded since the start, in the currency's minor unit.", metric_collect_money,
         &refunded, NULL},
	{"processor_contradictions_total", METRIC_COUNTER,
         "Answers of the processor that say something else than its first.", metric_collect_value,
         &contradictions, NULL},
	{"payment_returns_total", METRIC_COUNTER,
         "Payments that are to be given back, as their order ended or is in another currency.",
         metric_collect_value, &returns, NULL},
	{"orders_overclaimed_total", METRIC_COUNTER,
         "Orders whose payments claimed more than their total when that became known.",
         metric_collect_value, &orders_overclaimed, NULL},
};

void payment_register_metrics(void)
{
	for (size_t i = 0; i < ARRAY_LEN(metrics); i++)
		metric_register(&metrics[i]);
	ledger_register_metrics();
	resolver_register_metrics();
	returner_register_metrics();
	inquirer_register_metrics();
}
