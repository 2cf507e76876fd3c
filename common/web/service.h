/* service.h - the main function that both services share: commands, options, start, signals, stop.
 */
#ifndef WEB_SERVICE_H
#define WEB_SERVICE_H

#include "runtime/config.h"
#include "runtime/follower.h"
#include "storage/audit_report.h"
#include "storage/store.h"
#include "web/api.h"
#include "web/tls.h"

/* The values of AUTH, in the order of their names. */
enum auth { AUTH_NONE, AUTH_KEYS };

/* Options of both services. A service's own struct begins with this one. */
struct common_options {
	const char *listen;
	int64_t port;
	const char *database_url;
	const char *peer_url;    /* "": none */
	const char *service_url; /* "": on this machine */
	const struct currency *currency;
	int64_t auth, allow_anonymous;
	const char *api_keys_file; /* "": none */
	struct tls_options tls;    /* without a certificate: plain HTTP */
	struct peer_files peer;    /* who we are to the other service */
	int64_t log_level;
	int64_t connections_max, connections_per_address_max;
	int64_t rate_limit, rate_burst, queue_max;
	int64_t idle_timeout_us, idempotency_ttl_us, drain_delay_us, audit_interval_us;
	int64_t webhook_allow_private;
	int64_t backup_keep;
	int64_t outcome_wait_us; /* of a call whose outcome is open; 0 where there are none */
};

/* A row of a table of options that fills a struct common_options. */
#define COMMON_OPTION(name_, kind_, member_, fallback_, min_, max_, names_, help_) \
	{ \
		name_, kind_, offsetof(struct common_options, member_), fallback_, min_, max_, \
			names_, help_ \
	}

/* What a service's own work beside the requests gets; it lasts as long. */
struct work_context {
	const struct common_options *options;
	struct writer *writer;
	const struct env *env;
};

/* What differs between the two. All static. */
struct service {
	const char *name;             /* "payment-service" */
	const char *summary;          /* one line for --help */
	const struct option *options; /* PORT and DATABASE_URL with their defaults, and what is the
	                                 service's own */
	size_t options_size;          /* of the struct that the tables fill */
	const struct migration *migrations;
	const size_t *migrations_count;
	const struct endpoint *const *endpoints; /* tables, ends with NULL */
	const struct domain *domain;
	/* Work beside the requests, on threads of its own: begun before the first request is taken,
	 * ended after the last was answered, while the writer still runs. NULL: there is none.
	 * start_work gives NULL and a sentence in why on failure. */
	void *(*start_work)(const struct work_context *context, struct buf *why);
	void (*stop_work)(void *work);
	void (*register_metrics)(void);
	const struct peer_kind *peer_kinds; /* runtime/follower.h; ends with a row whose type is
	                                       NULL */
	/* And what one becomes that came of an event which this service lost, how many of these are
	 * open, and what of them an operator's word ends: runtime/follower.h. NULL: nothing. */
	const struct peer_kind *lost_kinds;
	const struct statement *open_count, *on_accept;
	metrics_read_fn *read_metrics; /* NULL: no metric tells of the store */
	audit_part_fn *audit;
	bool takes_payments; /* for reconcile: it is the payment service's side, else the orders' */
};

/* Returns the exit status: 0, 1 (audit: a finding; failure while running), 2 (wrong use or a start
 * that was refused). */
int service_main(const struct service *service, int argc, char **argv);

#endif
