/* status.c - the service as a whole, as metrics: what is running, since when, and whether it can do
 * its work. */
#include "runtime/metrics.h"
#include "web/pages.h"

static struct status status;

static void collect_build_info(const struct metric *metric, struct buf *out)
{
	buf_addf(out, "%s{service=\"%s\",version=\"%s\",commit=\"%s\"} 1\n", metric->name,
	         status.service, version_number, version_commit);
}

static void collect_start_time(const struct metric *metric, struct buf *out)
{
	buf_addf(out, "%s %lld\n", metric->name, (long long)(status.started_us / US_PER_S));
}

static void collect_head(const struct metric *metric, struct buf *out)
{
	buf_addf(out, "%s %lld\n", metric->name, (long long)engine_head_seq(status.engine));
}

static void collect_healthy(const struct metric *metric, struct buf *out)
{
	buf_addf(out, "%s %d\n", metric->name, engine_is_healthy(status.engine) ? 1 : 0);
}

static void collect_rolled_back(const struct metric *metric, struct buf *out)
{
	buf_addf(out, "%s %d\n", metric->name, follower_is_rolled_back(status.follower) ? 1 : 0);
}

static void collect_reload(const struct metric *metric, struct buf *out)
{
	buf_addf(out, "%s %d\n", metric->name, atomic_load(status.files_are_right) ? 1 : 0);
}

static struct metric metrics[] = {
	{"build_info", METRIC_GAUGE, "What is running; the value is always 1.", collect_build_info,
         NULL, NULL},
	{"process_start_time_seconds", METRIC_GAUGE, "Start of the process since 1970 UTC.",
         collect_start_time, NULL, NULL},
	{"journal_head_seq", METRIC_GAUGE, "Number of the last committed event.", collect_head,
         NULL, NULL},
	{"storage_healthy", METRIC_GAUGE,
         "1 while the store can be written, 0 while it is being recovered.", collect_healthy, NULL,
         NULL},
	{"rolled_back", METRIC_GAUGE,
         "1 while the store is known to be older than what it has told, so that nothing moves "
         "money.",
         collect_rolled_back, NULL, NULL},
	{"config_last_reload_successful", METRIC_GAUGE,
         "1 where the files that options name were right when they were last read; 0 where not, "
         "and what they held before is in force.",
         collect_reload, NULL, NULL},
};

void status_register_metrics(const struct status *of)
{
	status = *of;
	for (size_t i = 0; i < ARRAY_LEN(metrics); i++)
		metric_register(&metrics[i]);
}
