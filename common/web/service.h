/* service.h - the main function that both services share: commands, options, start, signals, stop.
 */
#ifndef WEB_SERVICE_H
#define WEB_SERVICE_H

#include "runtime/config.h"
#include "storage/audit.h"
#include "storage/store.h"
#include "web/api.h"

/* Options of both services. A service's own struct begins with this one. */
struct common_options {
	const char *listen;
	int64_t port;
	const char *database_url;
	const struct currency *currency;
	int64_t auth, allow_anonymous;
	int64_t log_level;
	int64_t connections_max, connections_per_address_max, queue_max;
	int64_t idle_timeout_us, idempotency_ttl_us, drain_delay_us;
};

/* A row of a table of options that fills a struct common_options. */
#define COMMON_OPTION(name_, kind_, member_, fallback_, min_, max_, names_, help_) \
	{ \
		name_, kind_, offsetof(struct common_options, member_), fallback_, min_, max_, \
			names_, help_ \
	}

/* What differs between the two. All static. */
struct service {
	const char *name;             /* "payment-service" */
	const char *summary;          /* one line for --help */
	const struct option *options; /* PORT and DATABASE_URL with their defaults, and what is the
	                                 service's own */
	size_t options_size;          /* of the struct that the tables fill */
	const struct migration *migrations;
	const size_t *migrations_count;
	const struct endpoint *endpoints;
	const struct domain *domain;
	void (*register_metrics)(void);
	/* The service's part of an audit: states against events. */
	enum db_result (*audit)(struct audit *audit, const struct store *store);
};

/* Returns the exit status: 0, 1 (audit: a finding; failure while running), 2 (wrong use or a start
 * that was refused). */
int service_main(const struct service *service, int argc, char **argv);

#endif
