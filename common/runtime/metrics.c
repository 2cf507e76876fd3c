/* metrics.c - prints the registered metrics in the Prometheus text format 0.0.4 (metrics.h).
 * Invariant: a printed histogram agrees with itself (buckets ascend to the count), because each
 * bucket is read once. Its sum may be some observations behind: no scrape is of one instant. */
#include "runtime/metrics.h"

#include <inttypes.h>
#include <string.h>

/* So that ten times a rest does not overflow: a scale is at most 10^17. */
#define DECIMALS_MAX 17

static const char *const kind_names[] = {
	[METRIC_COUNTER] = "counter",
	[METRIC_GAUGE] = "gauge",
	[METRIC_HISTOGRAM] = "histogram",
};

static struct metric *first;
static struct metric **end = &first;

void metric_register(struct metric *metric)
{
	for (const struct metric *other = first; other != NULL; other = other->next)
		ensure(strcmp(other->name, metric->name) != 0);
	ensure(metric->next == NULL);
	*end = metric;
	end = &metric->next;
}

/* The format wants a backslash and a line feed escaped here, nothing else. */
static void add_help(struct buf *out, const char *help)
{
	for (; *help != '\0'; help++) {
		if (*help == '\\')
			buf_add_str(out, "\\\\");
		else if (*help == '\n')
			buf_add_str(out, "\\n");
		else
			buf_add_char(out, *help);
	}
}

void metrics_print(struct buf *out)
{
	for (const struct metric *metric = first; metric != NULL; metric = metric->next) {
		buf_addf(out, "# HELP %s ", metric->name);
		add_help(out, metric->help);
		buf_addf(out, "\n# TYPE %s %s\n", metric->name, kind_names[metric->kind]);
		metric->collect(metric, out);
	}
}

void histogram_observe(struct histogram *histogram, int64_t value)
{
	size_t i = 0;

	ensure(value >= 0);
	while (i < histogram->bounds_count && value > histogram->bounds[i])
		i++;
	atomic_fetch_add_explicit(&histogram->buckets[i], 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&histogram->sum, (uint64_t)value, memory_order_relaxed);
}

/* value / scale as an exact decimal, by long division: 250 / 1000000 is 0.00025. */
static void add_scaled(struct buf *out, uint64_t value, int64_t scale)
{
	uint64_t divisor = (uint64_t)scale;
	uint64_t rest = value % divisor;

	buf_addf(out, "%" PRIu64, value / divisor);
	if (rest != 0)
		buf_add_char(out, '.');
	for (int decimals = 0; rest != 0; decimals++) {
		ensure(decimals < DECIMALS_MAX);
		buf_add_char(out, (char)('0' + 10 * rest / divisor));
		rest = 10 * rest % divisor;
	}
}

static void add_name(struct buf *out, const char *name, const char *suffix, const char *labels)
{
	if (labels[0] == '\0')
		buf_addf(out, "%s%s ", name, suffix);
	else
		buf_addf(out, "%s%s{%s} ", name, suffix, labels);
}

void histogram_print(const struct histogram *histogram, const char *name, const char *labels,
                     struct buf *out)
{
	uint64_t sum = atomic_load_explicit(&histogram->sum, memory_order_relaxed);
	uint64_t count = 0;

	ensure(histogram->bounds_count <= HISTOGRAM_BUCKETS_MAX);
	for (size_t i = 0; i <= histogram->bounds_count; i++) {
		count += atomic_load_explicit(&histogram->buckets[i], memory_order_relaxed);
		buf_addf(out, "%s_bucket{%s%sle=\"", name, labels, labels[0] == '\0' ? "" : ",");
		if (i < histogram->bounds_count)
			add_scaled(out, (uint64_t)histogram->bounds[i], histogram->scale);
		else
			buf_add_str(out, "+Inf");
		buf_addf(out, "\"} %" PRIu64 "\n", count);
	}
	add_name(out, name, "_sum", labels);
	add_scaled(out, sum, histogram->scale);
	buf_add_char(out, '\n');
	add_name(out, name, "_count", labels);
	buf_addf(out, "%" PRIu64 "\n", count);
}

void metric_collect_value(const struct metric *metric, struct buf *out)
{
	const _Atomic int64_t *place = metric->arg;
	int64_t value = atomic_load_explicit(place, memory_order_relaxed);

	buf_addf(out, "%s %" PRId64 "\n", metric->name, value);
}

void metric_collect_histogram(const struct metric *metric, struct buf *out)
{
	histogram_print(metric->arg, metric->name, "", out);
}
