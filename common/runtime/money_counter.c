/* money_counter.c - money by currency, as Prometheus reads it. */
#include "runtime/money_counter.h"

void money_counter_add(struct money_counter *counter, const struct currency *currency,
                       int64_t minor)
{
	size_t index = currency_index(currency);

	ensure(minor >= 0 && index < MONEY_COUNTER_CURRENCIES_MAX);
	atomic_fetch_add_explicit(&counter->minor[index], (uint64_t)minor, memory_order_relaxed);
}

void metric_collect_money(const struct metric *metric, struct buf *out)
{
	const struct money_counter *counter = metric->arg;

	ensure(currencies_count <= MONEY_COUNTER_CURRENCIES_MAX);
	for (size_t i = 0; i < currencies_count; i++) {
		uint64_t minor = atomic_load(&counter->minor[i]);

		if (minor > 0)
			buf_addf(out, "%s{currency=\"%s\"} %llu\n", metric->name,
			         currencies[i].code, (unsigned long long)minor);
	}
}
