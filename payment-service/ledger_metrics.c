/* ledger_metrics.c - the metric ledger_imbalance_minor, by currency. */
#include "ledger_metrics.h"

#include "ledger.h"
#include "runtime/money_counter.h"

/* By currency_index. What cannot be read is not told at all, rather than told as it was. */
static struct imbalance {
	_Atomic bool is_known;
	_Atomic int64_t minor;
} imbalances[MONEY_COUNTER_CURRENCIES_MAX];

static void note_imbalance(const struct currency *currency, int64_t minor)
{
	struct imbalance *imbalance = &imbalances[currency_index(currency)];

	atomic_store(&imbalance->minor, minor);
	atomic_store(&imbalance->is_known, true);
}

static void take_trial(void *arg, const struct db_row *row)
{
	bool *is_whole = arg;
	struct account_row trial;

	if (account_from_row(row, &trial))
		note_imbalance(trial.currency, trial.debits_minor - trial.credits_minor);
	else
		*is_whole = false;
}

static void forget_imbalances(void)
{
	for (size_t i = 0; i < currencies_count; i++)
		atomic_store(&imbalances[i].is_known, false);
}

void ledger_read_metrics(struct db *db, const struct currency *default_currency)
{
	bool is_whole = true;

	forget_imbalances();
	note_imbalance(default_currency, 0);
	ledger_send_trial(db, take_trial, &is_whole);
	if (db_flush(db) != DB_OK || !is_whole)
		forget_imbalances();
}

static void collect_imbalances(const struct metric *metric, struct buf *out)
{
	for (size_t i = 0; i < currencies_count; i++)
		if (atomic_load(&imbalances[i].is_known))
			buf_addf(out, "%s{currency=\"%s\"} %lld\n", metric->name,
			         currencies[i].code, (long long)atomic_load(&imbalances[i].minor));
}

static struct metric imbalance_metric = {"ledger_imbalance_minor",
                                         METRIC_GAUGE,
                                         "Debits less credits of all accounts, in the currency's "
                                         "minor unit: 0, or the ledger is wrong; "
                                         "left out while it cannot be read.",
                                         collect_imbalances,
                                         NULL,
                                         NULL};

void ledger_register_metrics(void)
{
	ensure(currencies_count <= MONEY_COUNTER_CURRENCIES_MAX);
	metric_register(&imbalance_metric);
}
