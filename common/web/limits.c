/* limits.c - who a request counts for, and what is left for it. The header fields are those of
 * draft-ietf-httpapi-ratelimit-headers-10: a policy's q is the burst and its w the time in which an
 * empty bucket gets full; r is what is left, t the time until more is there. That is a second, as
 * is Retry-After (error.c), because no rate is less than a request a second. */
#include "web/limits.h"

#include "base/hash.h"
#include "runtime/metrics.h"
#include "runtime/shares.h"
#include "web/api.h"
#include "web/rate.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

struct limits {
	/* One for keys and one for addresses, so that many addresses push out no key. NULL: no
	 * limit. */
	struct rate *by_key, *by_address;
	struct shares *commands;
	const uint8_t *sip_key;
	char policy[48];
};

static _Atomic int64_t limited_keys, limited_addresses, commands_refused;

static void collect_limited(const struct metric *metric, struct buf *out)
{
	buf_addf(out, "%s{by=\"key\"} %" PRId64 "\n", metric->name, atomic_load(&limited_keys));
	buf_addf(out, "%s{by=\"address\"} %" PRId64 "\n", metric->name,
	         atomic_load(&limited_addresses));
}

static struct metric metrics[] = {
	{"rate_limited_total", METRIC_COUNTER,
         "Requests answered 429, by what they were counted for.", collect_limited, NULL, NULL},
	{"queue_share_full_total", METRIC_COUNTER,
         "Commands refused because their caller had half of the queue.", metric_collect_value,
         &commands_refused, NULL},
};

static bool open_rates(struct limits *limits, int64_t per_s, int64_t burst)
{
	limits->by_key = rate_new(per_s, burst);
	limits->by_address = rate_new(per_s, burst);
	(void)snprintf(limits->policy, sizeof(limits->policy),
	               "\"default\";q=%" PRId64 ";w=%" PRId64, burst, (burst + per_s - 1) / per_s);
	return limits->by_key != NULL && limits->by_address != NULL;
}

struct limits *limits_new(const struct limits_options *options)
{
	struct limits *limits = calloc(1, sizeof(*limits));
	int64_t burst = options->rate_burst > 0 ? options->rate_burst : options->rate_limit;

	if (limits == NULL)
		return NULL;
	limits->sip_key = options->sip_key;
	/* One a connection at most. */
	limits->commands = shares_new(options->connections_max, shares_half(options->queue_max));
	if (limits->commands == NULL ||
	    (options->rate_limit > 0 && !open_rates(limits, options->rate_limit, burst))) {
		limits_free(limits);
		return NULL;
	}
	for (size_t i = 0; i < ARRAY_LEN(metrics); i++)
		metric_register(&metrics[i]);
	return limits;
}

void limits_free(struct limits *limits)
{
	if (limits == NULL)
		return;
	rate_free(limits->by_key);
	rate_free(limits->by_address);
	shares_free(limits->commands);
	free(limits);
}

/* Two subjects share a value as good as never, and nobody can make them. */
static uint64_t subject_of(const struct limits *limits, const struct request *request)
{
	if (request->caller.len == 0)
		return request->exchange->client;
	return hash_keyed_pair(limits->sip_key, TEXT_LITERAL("key"), request->caller);
}

enum error limits_take(struct limits *limits, struct request *request)
{
	bool has_key = request->caller.len > 0;
	struct rate *rate = has_key ? limits->by_key : limits->by_address;

	request->subject = subject_of(limits, request);
	if (rate == NULL || request->endpoint->is_health)
		return ERR_NONE;

	struct rate_verdict verdict = rate_take(rate, request->subject,
	                                        env_monotonic_us(api_settings(request->api)->env));
	(void)snprintf(request->rate_limit, sizeof(request->rate_limit),
	               "\"default\";r=%" PRId64 ";t=1", verdict.left);
	if (verdict.passes)
		return ERR_NONE;
	request->job.answer.detail[0] = request->challenge[0] = '\0'; /* a refused caller's */
	atomic_fetch_add(has_key ? &limited_keys : &limited_addresses, 1);
	return ERR_RATE_LIMITED;
}

void limits_add_headers(const struct limits *limits, struct request *request)
{
	if (request->rate_limit[0] == '\0')
		return;
	http_answer_header(request->exchange, "RateLimit-Policy", limits->policy);
	http_answer_header(request->exchange, "RateLimit", request->rate_limit);
}

bool limits_begin_command(struct limits *limits, struct request *request)
{
	if (!shares_has_room(limits->commands, request->subject)) {
		atomic_fetch_add(&commands_refused, 1);
		return false;
	}
	shares_take(limits->commands, request->subject);
	request->has_share = true;
	return true;
}

void limits_end(struct limits *limits, struct request *request)
{
	if (request->has_share)
		shares_give_back(limits->commands, request->subject);
	request->has_share = false;
}
