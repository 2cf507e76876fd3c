/* api.h - the endpoint table: one row a call. Routing, 404 and 405 with Allow, checks of header and
 * body, OpenAPI, metric labels and log lines come from it. A service gives its rows; common ones
 * (health, events, problems, ...) are here. */
#ifndef WEB_API_H
#define WEB_API_H

#include "base/field.h"
#include "runtime/env.h"
#include "runtime/follower.h"
#include "runtime/reader.h"
#include "runtime/writer.h"
#include "storage/audit_report.h"
#include "web/headers.h"
#include "web/http.h"
#include "web/keyring.h"
#include "web/limits.h"

#define PATH_ID_MAX 255 /* the longest is an idempotency key */
#define ALLOW_SIZE 32
#define CHALLENGE_SIZE 128
#define EVENTS_SEEN_SIZE 160                  /* a source, a seq and a hash */
#define BODY_LIST_BYTES_MAX (2 * 1024 * 1024) /* of /events and /metrics; lists: list.c */

struct request;

enum endpoint_kind {
	ENDPOINT_PAGE, /* answered at once from memory, on the I/O thread */
	ENDPOINT_READ, /* a look-up by id: at once, on the I/O thread's own read connection */
	ENDPOINT_SCAN, /* lists and the like: on a reader thread, the connection suspended meanwhile
	                */
	ENDPOINT_LONG, /* what may last minutes: likewise on a thread of its own, one at a time;
	                  another is 503 overloaded, as is the same one until a file that it
	                  answers with is taken */
	ENDPOINT_COMMAND, /* changes something: through the writer */
};

struct endpoint {
	const char *method; /* "GET" (HEAD too), "POST" or "DELETE" */
	const char *path;   /* "/payments/{payment_id}": at most one segment in braces */
	const char *scope;  /* of scope.c; NULL: open to everyone */
	bool is_health;     /* for whoever watches the process: no certificate is asked for, no rate
	                       holds */
	const char *summary;
	enum endpoint_kind kind;
	const struct field *query;  /* NULL: no parameter is known */
	const struct field *body;   /* NULL: no field is known */
	bool moves_money;           /* 503 rolled-back while this service is */
	bool body_is_required;      /* an empty body is refused; else it is taken as {} */
	bool may_stay_open;         /* 202 while the outcome is not known, with the same answer */
	const struct field *answer; /* of 200, and of 402 besides the problem; NULL: see media */
	const struct field *dry_run_answer; /* what a dry run's has more; NULL: there is none */
	bool answer_is_list;                /* {"data": [answer...], "has_more", "next"} */
	size_t input_size;    /* of the struct that query and body fill, zeroed before */
	const char *media[3]; /* what it answers, default application/json; ends with NULL */
	bool (*path_id_is_valid)(struct text id); /* false: 404 */
	/* PAGE, READ, SCAN, LONG: fills request->job.answer (and media_type, headers). db is NULL
	 * for PAGE. */
	enum error (*run)(struct request *request, struct db *db);
	/* SCAN that may wait for something to happen (long polls): asked on the I/O thread before
	 * run, and again after each commit and at wait_until_us at the latest, until it answers
	 * false. NULL: never waits. */
	bool (*waits)(struct request *request);
	/* COMMAND: checks what fields alone cannot say and sets job.kind and job.command, and
	 * job.dry_run, which then is only answered what would happen. May add to *errors. */
	enum error (*prepare)(struct request *request, struct field_errors *errors);
	enum error
		errors[8]; /* for OpenAPI: those decided by this call itself; ends with ERR_NONE */
};

/* Reads what metrics tell of the store, each time before they are printed; on the I/O thread. */
typedef void metrics_read_fn(struct db *db, const struct currency *default_currency);

struct api_settings {
	const char *service; /* "payment-service" */
	/* The service's tables, ends with NULL; each ends with a row whose method is NULL. */
	const struct endpoint *const *endpoints;
	const struct currency *currency; /* default of a body without one */
	const uint8_t *sip_key;
	const struct domain *domain;
	struct engine *engine;
	struct writer *writer;
	struct follower *follower;
	struct readers *readers;
	struct readers *long_readers;
	struct keyring *keyring;       /* NULL: everyone may call everything */
	struct db *db;                 /* the I/O thread's own read connection */
	metrics_read_fn *read_metrics; /* NULL: no metric tells of the store */
	const char *database_url;
	const struct store *store; /* its identity; not its connection, which is the writer's */
	audit_part_fn *audit;
	bool webhook_allow_private; /* http, and addresses that not everybody can reach */
	struct limits_options limits;
	const struct env *env;
};

struct api;

/* One request; belongs to one thread at a time: the I/O thread, or who executes it. */
struct request {
	struct api *api;
	const struct endpoint *endpoint; /* NULL: no route */
	struct http_exchange *exchange;
	struct text query;
	char path_id[PATH_ID_MAX + 1];
	char request_id[REQUEST_ID_MAX + 1];
	struct text traceparent; /* TEXT_NONE: none, or malformed */
	/* The name of the key it came with, in caller_name; "": nobody knows who calls. */
	struct text caller;
	char caller_name[SEEN_CALLER_MAX + 1];
	uint64_t subject; /* who it counts for (limits.h) */
	bool has_share;   /* of the commands under way */
	struct json_doc doc;
	bool has_doc;
	struct buf scratch;     /* the decoded query; texts of input point into it */
	struct buf made;        /* texts that prepare makes for the command */
	void *input;            /* endpoint->input_size bytes */
	struct job job;         /* COMMAND; its answer is every request's answer */
	struct reader_job read; /* SCAN, LONG, and COMMAND as a dry run */
	int file_fd;            /* a file that is the answer, instead of its body; -1: none */
	int64_t file_bytes;
	const char *media_type;
	int64_t wait_until_us; /* long polls: monotonic */
	struct request *next_waiting, *next_spare;
	struct buf key; /* the unquoted Idempotency-Key */
	/* Values of the answer's headers. */
	char allow[ALLOW_SIZE], challenge[CHALLENGE_SIZE], retry_after[12], events_next[24],
		events_head[24], events_seen[EVENTS_SEEN_SIZE], file_name[80], rate_limit[40];
};

/* NULL: no memory. */
struct api *api_new(const struct api_settings *settings);
void api_free(struct api *api);
const struct api_settings *api_settings(const struct api *api);
struct limits *api_limits(const struct api *api);
/* What http.c calls; borrowed for the api's life. */
const struct http_app *api_app(const struct api *api);
/* Something was committed: long polls look again. Any thread. */
void api_committed(struct api *api);
/* /readyz answers 503 until this says true, and again once it says false. Any thread. */
void api_set_ready(struct api *api, bool ready);
bool api_is_ready(const struct api *api);
/* From now on new requests are answered 503 shutting-down (health apart), and long polls at once.
 * Any thread. */
void api_drain(struct api *api);
bool api_is_draining(const struct api *api);

/* All rows: the service's, then the common ones. Index 0 to count - 1. */
size_t api_endpoints_count(const struct api *api);
const struct endpoint *api_endpoint(const struct api *api, size_t index);

/* How much the request's Accept header fields want a media type, in thousandths; 0: not at all. */
int request_wants(const struct request *request, const char *media_type);

extern const struct endpoint common_endpoints[]; /* ends with a row whose method is NULL */
extern const struct field no_fields[];           /* the empty table */

#endif
