/* metrics.h - counters, gauges and histograms, printed in the Prometheus text format 0.0.4. A
 * metric is a static row that its module registers once at start; values are atomics, so any thread
 * may change them. Conventions: prometheus.io/docs/practices/naming - base unit in the name, _total
 * on counters. */
#ifndef RUNTIME_METRICS_H
#define RUNTIME_METRICS_H

#include "base/buf.h"

#include <stdatomic.h>

enum metric_kind { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

/* A family. `collect` prints the sample lines (it may be called by any one thread at a time); the
 * header lines come from the row. */
struct metric {
	const char *name;
	enum metric_kind kind;
	const char *help;
	void (*collect)(const struct metric *metric, struct buf *out);
	void *arg;
	struct metric *next; /* set by metric_register */
};

#define HISTOGRAM_BUCKETS_MAX 20

/* A histogram without labels, or one of a family's. Values and bounds are the metric's unit times
 * `scale`. */
struct histogram {
	const int64_t *bounds; /* ascending, e.g. microseconds */
	size_t bounds_count;   /* at most HISTOGRAM_BUCKETS_MAX */
	int64_t scale;         /* a power of ten: us in a metric of seconds 1000000, counts 1 */
	/* Not cumulative; the last is +Inf. */
	_Atomic uint64_t buckets[HISTOGRAM_BUCKETS_MAX + 1];
	_Atomic uint64_t sum;
};

/* Before any thread starts. metric is static; no two have one name. Rows print in the order
 * of registration. */
void metric_register(struct metric *metric);
void metrics_print(struct buf *out);

/* value is not negative. */
void histogram_observe(struct histogram *histogram, int64_t value);
/* labels is "" or `route="/pay"`, without braces. */
void histogram_print(const struct histogram *histogram, const char *name, const char *labels,
                     struct buf *out);
/* collect functions for the plain cases: arg is a `_Atomic int64_t *` (counter or gauge), or a
 * struct histogram *. */
void metric_collect_value(const struct metric *metric, struct buf *out);
void metric_collect_histogram(const struct metric *metric, struct buf *out);

#endif
