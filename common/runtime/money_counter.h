/* money_counter.h - a metric of money: one counter of minor units for each currency. */
#ifndef RUNTIME_MONEY_COUNTER_H
#define RUNTIME_MONEY_COUNTER_H

#include "base/currency.h"
#include "runtime/metrics.h"

#define MONEY_COUNTER_CURRENCIES_MAX 256

/* Static, all zeros at first. A counter that passes 2^64 begins anew, which Prometheus takes for a
 * restart. */
struct money_counter {
	_Atomic uint64_t minor[MONEY_COUNTER_CURRENCIES_MAX]; /* by currency_index */
};

/* minor >= 0. Any thread. */
void money_counter_add(struct money_counter *counter, const struct currency *currency,
                       int64_t minor);
/* A metric's collect function; its arg is the counter. Currencies without money are left out. */
void metric_collect_money(const struct metric *metric, struct buf *out);

#endif
