/* order_metrics.c - how many orders there are in each state and overpaid, as stored; and what was
 * committed since the start. */
#include "order_metrics.h"

#include "order_effects.h"
#include "order_store.h"
#include "runtime/money_counter.h"

/* ---- since the start ---- */

static _Atomic int64_t orders_created, ends_moved;
static struct money_counter ordered;

void order_committed(const struct job *job, const void *effects)
{
	const struct order_outcome *outcome = &((const struct order_effects *)effects)->outcome;
	const struct order *created = &outcome->created;

	(void)job;
	if (outcome->is_moved)
		atomic_fetch_add_explicit(&ends_moved, 1, memory_order_relaxed);
	if (!outcome->is_new)
		return;
	atomic_fetch_add_explicit(&orders_created, 1, memory_order_relaxed);
	if (created->amount_minor != MONEY_NONE)
		money_counter_add(&ordered, created->currency, created->amount_minor);
}

/* ---- as stored; what cannot be read is left out, rather than told as it was ---- */

static _Atomic bool counts_are_known;
static _Atomic int64_t orders_by_state[ORDER_STATES], orders_overpaid;

static void take_count(void *arg, const struct db_row *row)
{
	(void)arg;
	for (size_t i = 0; i < ORDER_STATES; i++)
		if (text_is(db_text(row, 0), order_state_names[i]))
			atomic_store(&orders_by_state[i], db_int(row, 1));
	if (text_is(db_text(row, 0), "overpaid"))
		atomic_store(&orders_overpaid, db_int(row, 1));
}

void order_read_metrics(struct db *db, const struct currency *default_currency)
{
	(void)default_currency;
	order_send_counts(db, take_count, NULL);
	atomic_store(&counts_are_known, db_flush(db) == DB_OK);
}

static void collect_states(const struct metric *metric, struct buf *out)
{
	if (!atomic_load(&counts_are_known))
		return;
	for (size_t i = 0; i < ORDER_STATES; i++)
		buf_addf(out, "%s{state=\"%s\"} %lld\n", metric->name, order_state_names[i],
		         (long long)atomic_load(&orders_by_state[i]));
}

static void collect_overpaid(const struct metric *metric, struct buf *out)
{
	if (atomic_load(&counts_are_known))
		metric_collect_value(metric, out);
}

static struct metric metrics[] = {
	{"orders_created_total", METRIC_COUNTER, "Orders accepted since the start.",
         metric_collect_value, &orders_created, NULL},
	{"ordered_minor_total", METRIC_COUNTER,
         "Totals of orders accepted since the start, in the currency's minor unit.",
         metric_collect_money, &ordered, NULL},
	{"orders", METRIC_GAUGE, "Orders that there are, by state.", collect_states, NULL, NULL},
	{"orders_overpaid", METRIC_GAUGE,
         "Orders that keep more money than their amount: refund the excess.", collect_overpaid,
         &orders_overpaid, NULL},
	{"order_expiries_moved_total", METRIC_COUNTER,
         "Ends of orders that were moved since the start, as there was money of them.",
         metric_collect_value, &ends_moved, NULL},
};

void order_register_metrics(void)
{
	for (size_t i = 0; i < ARRAY_LEN(metrics); i++)
		metric_register(&metrics[i]);
}
