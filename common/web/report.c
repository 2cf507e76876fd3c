/* report.c - requests by route and status, latency by route, connections; one log line a request.
 * Only the I/O thread counts, any thread may print. */
#include "web/report.h"

#include "runtime/log.h"
#include "runtime/metrics.h"

#include <stdlib.h>
#include <string.h>

#define STATUS_MIN 200
#define STATUS_MAX 599

static const int64_t duration_bounds_us[] = {250,    500,     1000,    2500,    5000,
                                             10000,  25000,   50000,   100000,  250000,
                                             500000, 1000000, 2500000, 10000000};

struct route_stats {
	_Atomic uint64_t answers[STATUS_MAX - STATUS_MIN + 1];
	struct histogram durations;
};

struct report {
	const struct api *api;
	size_t count; /* of routes; the last is for requests that met none */
	struct route_stats routes[];
};

static void add_labels(const struct report *report, size_t route, struct buf *out)
{
	if (route == report->count - 1) {
		buf_add_str(out, "method=\"\",route=\"\"");
		return;
	}
	buf_addf(out, "method=\"%s\",route=\"%s\"", api_endpoint(report->api, route)->method,
	         api_endpoint(report->api, route)->path);
}

static void collect_answers(const struct metric *metric, struct buf *out)
{
	const struct report *report = metric->arg;

	for (size_t route = 0; route < report->count; route++) {
		for (int status = STATUS_MIN; status <= STATUS_MAX; status++) {
			uint64_t answers =
				atomic_load(&report->routes[route].answers[status - STATUS_MIN]);

			if (answers == 0)
				continue;
			buf_addf(out, "%s{", metric->name);
			add_labels(report, route, out);
			buf_addf(out, ",status=\"%d\"} %llu\n", status,
			         (unsigned long long)answers);
		}
	}
}

static void collect_durations(const struct metric *metric, struct buf *out)
{
	const struct report *report = metric->arg;

	for (size_t route = 0; route < report->count; route++) {
		struct buf labels AUTO_BUF;

		buf_init(&labels, 1024);
		add_labels(report, route, &labels);
		histogram_print(&report->routes[route].durations, metric->name, buf_str(&labels),
		                out);
	}
}

static struct metric metrics[] = {
	{"http_requests_total", METRIC_COUNTER, "Requests by route and status.", collect_answers,
         NULL, NULL},
	{"http_request_duration_seconds", METRIC_HISTOGRAM,
         "Time from the request line to the end of the answer.", collect_durations, NULL, NULL},
};
static struct metric http_metrics[] = {
	{"http_connections", METRIC_GAUGE, "Open connections.", metric_collect_value, NULL, NULL},
	{"http_connections_total", METRIC_COUNTER, "Connections accepted.", metric_collect_value,
         NULL, NULL},
	{"http_connections_max", METRIC_GAUGE, "Connections that may be open.",
         metric_collect_value, NULL, NULL},
	{"http_connections_per_address_max", METRIC_GAUGE,
         "Connections that one client address may have open.", metric_collect_value, NULL, NULL},
	{"http_connections_refused_total", METRIC_COUNTER,
         "Connections closed at once because their address had its share.", metric_collect_value,
         NULL, NULL},
	{"http_request_timeouts_total", METRIC_COUNTER,
         "Requests ended because they did not arrive in time.", metric_collect_value, NULL, NULL},
	{"http_answer_timeouts_total", METRIC_COUNTER,
         "Answers cut off because the client did not take them in time.", metric_collect_value,
         NULL, NULL},
	{"http_requests_waiting", METRIC_GAUGE,
         "Requests that wait for their commit, a reader, an event, or a refusal's time.",
         metric_collect_value, NULL, NULL},
};

struct report *report_new(const struct api *api)
{
	size_t count = api_endpoints_count(api) + 1;
	struct report *report = calloc(1, sizeof(*report) + count * sizeof(report->routes[0]));

	if (report == NULL)
		return NULL;
	report->api = api;
	report->count = count;
	for (size_t i = 0; i < count; i++) {
		report->routes[i].durations.bounds = duration_bounds_us;
		report->routes[i].durations.bounds_count = ARRAY_LEN(duration_bounds_us);
		report->routes[i].durations.scale = US_PER_S;
	}
	for (size_t i = 0; i < ARRAY_LEN(metrics); i++) {
		metrics[i].arg = report;
		metric_register(&metrics[i]);
	}
	return report;
}

void report_free(struct report *report)
{
	free(report);
}

void report_set_http(struct report *report, const struct http_stats *stats)
{
	const _Atomic int64_t *values[] = {&stats->connections,
	                                   &stats->connections_total,
	                                   &stats->connections_max,
	                                   &stats->connections_per_address_max,
	                                   &stats->connections_refused_total,
	                                   &stats->request_timeouts_total,
	                                   &stats->answer_timeouts_total,
	                                   &stats->waiting};

	ensure(report != NULL);
	for (size_t i = 0; i < ARRAY_LEN(values); i++) {
		http_metrics[i].arg = (void *)(uintptr_t)values[i];
		metric_register(&http_metrics[i]);
	}
}

static size_t route_index(const struct report *report, const struct endpoint *endpoint)
{
	for (size_t i = 0; i < report->count - 1; i++)
		if (api_endpoint(report->api, i) == endpoint)
			return i;
	return report->count - 1;
}

static void log_request(const struct request *request, int64_t duration_us)
{
	const struct http_exchange *x = request->exchange;
	const struct http_answer *answer = &x->answer;

	log_info("request", L_STR("request_id", request->request_id), L_TRACE(request->traceparent),
	         L_TEXT("method", x->method),
	         L_STR("route", request->endpoint == NULL ? "" : request->endpoint->path),
	         L_INT("status", x->answer.status), L_INT("duration_us", duration_us),
	         L_INT("bytes", answer->has_file ? answer->file_bytes : (int64_t)answer->body.len),
	         L_STR("address", x->address), L_TEXT("caller", request->caller));
}

void report_request(struct report *report, const struct request *request)
{
	struct route_stats *route = &report->routes[route_index(report, request->endpoint)];
	int64_t duration_us =
		env_monotonic_us(api_settings(request->api)->env) - request->exchange->began_us;
	int status = request->exchange->answer.status;

	ensure(status >= STATUS_MIN && status <= STATUS_MAX);
	atomic_fetch_add_explicit(&route->answers[status - STATUS_MIN], 1, memory_order_relaxed);
	histogram_observe(&route->durations, duration_us);
	if (log_wants(LOG_INFO))
		log_request(request, duration_us);
}
