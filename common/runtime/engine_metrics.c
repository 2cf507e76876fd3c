/* engine_metrics.c - counts what engines did. */
#include "runtime/engine_metrics.h"

#include "runtime/engine.h"
#include "runtime/log.h"
#include "runtime/metrics.h"

static const int64_t batch_bounds[] = {1, 2, 4, 8, 16, 32, 64, 128, 256, 512};
static const int64_t commit_bounds_us[] = {100,   250,   500,    1000,   2500,   5000,    10000,
                                           25000, 50000, 100000, 250000, 500000, 1000000, 2500000};
static struct histogram batch_sizes = {batch_bounds, ARRAY_LEN(batch_bounds), 1, {0}, 0};
static struct histogram commit_times = {
	commit_bounds_us, ARRAY_LEN(commit_bounds_us), US_PER_S, {0}, 0};
static _Atomic int64_t commit_failures, peer_applied, peer_rejected;

static struct metric engine_metrics[] = {
	{"batch_size_commands", METRIC_HISTOGRAM, "Commands executed together in one commit.",
         metric_collect_histogram, &batch_sizes, NULL},
	{"commit_duration_seconds", METRIC_HISTOGRAM, "Time of one commit, fsync included.",
         metric_collect_histogram, &commit_times, NULL},
	{"commit_failures_total", METRIC_COUNTER, "Batches that could not be committed.",
         metric_collect_value, &commit_failures, NULL},
	{"peer_events_applied_total", METRIC_COUNTER, "Events of the peer that were executed.",
         metric_collect_value, &peer_applied, NULL},
	{"peer_events_rejected_total", METRIC_COUNTER,
         "Events of the peer that could not apply, recorded as peer_event.rejected.",
         metric_collect_value, &peer_rejected, NULL},
};

void engine_register_metrics(void)
{
	for (size_t i = 0; i < ARRAY_LEN(engine_metrics); i++)
		metric_register(&engine_metrics[i]);
}

void engine_count_commit(int64_t duration_us, size_t commands)
{
	histogram_observe(&commit_times, duration_us);
	histogram_observe(&batch_sizes, (int64_t)commands);
}

void engine_count_failure(void)
{
	atomic_fetch_add(&commit_failures, 1);
}

void engine_count_peer_event(const struct job *job, const struct slot *slot)
{
	const struct peer_step *peer = job->peer;

	if (!slot->writes)
		return;
	if (!slot->is_rejected) {
		atomic_fetch_add(&peer_applied, 1);
		/* A line an event is much where nobody follows a trace. */
		LOG_AT(job->traceparent.ptr != NULL ? LOG_INFO : LOG_DEBUG, "peer_event_applied",
		       L_TEXT("type", peer->type), L_INT("seq", peer->to.seq),
		       L_STR("source", peer->to.source), L_TEXT("order_id", peer->subject),
		       L_TRACE(job->traceparent));
		return;
	}
	atomic_fetch_add(&peer_rejected, 1);
	log_warn("peer_event_rejected", L_TEXT("type", peer->type), L_INT("seq", peer->to.seq),
	         L_STR("source", peer->to.source), L_TEXT("order_id", peer->subject),
	         L_TRACE(job->traceparent));
}
