/* api.c - the way of a request through the endpoint table: route, checks in the contract's order,
 * fields, and then to a page, the I/O thread's connection, a reader or the writer; and the answer
 * back. All but execution is on the I/O thread. The order of checks is api.md's ("Checks come in
 * this order"): request_check_head() and then accept_body(). */
#include "web/api.h"

#include "runtime/dry_run.h"
#include "runtime/log.h"
#include "runtime/shares.h"
#include "web/report.h"
#include "web/request.h"
#include "web/route.h"
#include "web/scope.h"

#include <stdlib.h>
#include <string.h>

#define ENDPOINTS_MAX 64
#define COMMAND_TIMEOUT_US (5 * US_PER_S) /* in the queue; longer is answered 503, not executed */
#define WAITING_MAX 64                    /* long polls; further ones are answered at once */
#define TURN_US (500 * US_PER_MS)         /* the longest time between two looks at the long polls */

struct api {
	struct api_settings settings;
	const struct endpoint *rows[ENDPOINTS_MAX];
	size_t rows_count;
	struct http_app app;
	struct http *http;
	struct report *report;
	struct limits *limits;
	struct requests requests; /* the I/O thread's */
	struct request *waiting;  /* long polls; the I/O thread's */
	/* The I/O thread's: the ENDPOINT_LONG that is executed, and one whose file is being taken.
	 */
	const struct request *long_request, *download;
	_Atomic size_t waiting_count;
	_Atomic bool draining, ready;
};

/* ---- the table ---- */

static void add_rows(struct api *api, const struct endpoint *rows)
{
	for (; rows->method != NULL; rows++) {
		ensure(api->rows_count < ENDPOINTS_MAX);
		ensure(rows->scope == NULL || scope_find(text_of(rows->scope)) != 0);
		api->rows[api->rows_count++] = rows;
	}
}

size_t api_endpoints_count(const struct api *api)
{
	return api->rows_count;
}

const struct endpoint *api_endpoint(const struct api *api, size_t index)
{
	ensure(index < api->rows_count);
	return api->rows[index];
}

const struct api_settings *api_settings(const struct api *api)
{
	return &api->settings;
}

struct limits *api_limits(const struct api *api)
{
	return api->limits;
}

/* ---- requests ---- */

static bool on_head(void *arg, struct http_exchange *x)
{
	struct api *api = arg;
	const char *mark = memchr(x->target.ptr, '?', x->target.len);
	struct text path = {x->target.ptr,
	                    mark == NULL ? x->target.len : (size_t)(mark - x->target.ptr)};
	char allow[ALLOW_SIZE];
	struct text raw_id;
	const struct endpoint *endpoint = route_find(api, x->method, path, &raw_id, allow);
	struct request *request = request_new(&api->requests, x, endpoint);
	enum error error = ERR_NONE;

	if (request == NULL)
		return false;
	text_copy(text_of(allow), request->allow, sizeof(request->allow));
	if (mark != NULL)
		request->query = (struct text){mark + 1, x->target.len - path.len - 1};
	if (endpoint == NULL)
		error = allow[0] == '\0' ? ERR_NOT_FOUND : ERR_METHOD_NOT_ALLOWED;
	else if (raw_id.ptr != NULL && (!route_decode_id(raw_id, request->path_id) ||
	                                !endpoint->path_id_is_valid(text_of(request->path_id))))
		error = ERR_NOT_FOUND;
	else
		error = request_check_head(request);
	if (error == ERR_NONE)
		return true;
	request_problem(request, error, NULL);
	request_set_answer(request);
	return false;
}

static void read_done(struct reader_job *job)
{
	struct request *request = job->owner;

	http_resume(request->api->http, request->exchange);
}

static void run_query(struct request *request, struct db *db)
{
	enum error error = request->endpoint->run(request, db);
	const char *detail = request->job.answer.detail;

	if (error == ERR_STORAGE_UNAVAILABLE && db != NULL)
		log_error("read_failed", L_STR("request_id", request->request_id),
		          L_TRACE(request->traceparent), L_STR("route", request->endpoint->path),
		          L_STR("why", detail[0] != '\0' ? detail : db_why(db)));
	if (error != ERR_NONE)
		request_problem(request, error, NULL);
	else if (request->job.answer.status == 0)
		request->job.answer.status = 200;
}

static void read_run(struct reader_job *job, struct db *db)
{
	run_query(job->owner, db);
}

static void dry_run_run(struct reader_job *job, struct db *db)
{
	struct request *request = job->owner;
	const struct api_settings *settings = &request->api->settings;

	dry_run(settings->domain, settings->env, db, &request->job);
}

/* Hands the request to a reader; false when the answer is set instead. */
static bool submit_read(struct request *request, struct readers *readers,
                        void (*run)(struct reader_job *job, struct db *db))
{
	enum error error;

	request->read.owner = request;
	request->read.subject = request->subject;
	request->read.run = run;
	request->read.done = read_done;
	error = readers_submit(readers, &request->read);
	if (error == ERR_NONE)
		return true;
	request_problem(request, error, NULL);
	return false;
}

/* As submit_read, where nothing long is executed. A file that is being taken needs nobody any more,
 * but as much of the disk as the store: it is the only one of its kind. */
static bool submit_long(struct request *request)
{
	struct api *api = request->api;

	if (api->long_request != NULL ||
	    (api->download != NULL && api->download->endpoint == request->endpoint)) {
		request_problem_detail(request, ERR_OVERLOADED,
		                       "An audit or a backup is under way: ask again when it is "
		                       "done.");
		return false;
	}
	api->long_request = request;
	return submit_read(request, api->settings.long_readers, read_run);
}

/* Whether a long poll finds a place: there is one, and its subject has not half of them. */
static bool may_wait(const struct api *api, const struct request *request)
{
	int64_t own = 0;

	for (const struct request *at = api->waiting; at != NULL; at = at->next_waiting)
		own += at->subject == request->subject;
	return own < shares_half(WAITING_MAX) && atomic_load(&api->waiting_count) < WAITING_MAX;
}

/* A query; true when the answer is set, false when it will come. */
static bool start_query(struct request *request)
{
	struct api *api = request->api;
	const struct endpoint *endpoint = request->endpoint;

	if (endpoint->kind == ENDPOINT_LONG)
		return !submit_long(request);
	if (endpoint->kind != ENDPOINT_SCAN) {
		run_query(request, endpoint->kind == ENDPOINT_READ ? api->settings.db : NULL);
		return true;
	}
	if (endpoint->waits != NULL && endpoint->waits(request) && may_wait(api, request)) {
		request->next_waiting = api->waiting;
		api->waiting = request;
		atomic_fetch_add(&api->waiting_count, 1);
		return false;
	}
	return !submit_read(request, api->settings.readers, read_run);
}

static void command_done(struct job *job)
{
	struct request *request = job->owner;

	http_resume(request->api->http, request->exchange);
}

static bool start_command(struct request *request)
{
	struct writer *writer = request->api->settings.writer;
	struct limits *limits = request->api->limits;
	enum error error;

	if (!request_read_body(request))
		return true;
	if (request->job.dry_run)
		return !submit_read(request, request->api->settings.readers, dry_run_run);
	if (!limits_begin_command(limits, request)) {
		request_problem_detail(request, ERR_OVERLOADED,
		                       "Half of the queue is yours: wait for answers before you "
		                       "send more.");
		return true;
	}
	if (request->endpoint->moves_money &&
	    follower_is_rolled_back(request->api->settings.follower))
		error = ERR_ROLLED_BACK;
	else
		error = writer_reserve(writer);
	if (error != ERR_NONE) {
		request_problem(request, error, NULL);
		return true;
	}
	request->job.deadline_us =
		env_monotonic_us(request->api->settings.env) + COMMAND_TIMEOUT_US;
	request->job.owner = request;
	request->job.done = command_done;
	writer_publish(writer, &request->job);
	return false;
}

/* True when the answer is set. */
static bool accept_body(struct request *request)
{
	const struct endpoint *endpoint = request->endpoint;

	if (request->exchange->body_too_large) {
		request_problem(request, ERR_CONTENT_TOO_LARGE, NULL);
		return true;
	}
	if (!request_read_query(request))
		return true;
	return endpoint->kind == ENDPOINT_COMMAND ? start_command(request) : start_query(request);
}

static void end_long(const struct request *request)
{
	request->api->long_request = NULL;
	if (request->file_fd >= 0)
		request->api->download = request;
}

static bool on_body(void *arg, struct http_exchange *x)
{
	struct request *request = x->user;

	ensure(request->api == arg);
	if (!x->resumed && !accept_body(request))
		return false;
	if (request->api->long_request == request)
		end_long(request);
	request_set_answer(request);
	return true;
}

static void on_ended(void *arg, struct http_exchange *x)
{
	struct api *api = arg;
	struct request *request = x->user;

	if (request == NULL)
		return;
	if (api->long_request == request)
		api->long_request = NULL;
	if (api->download == request)
		api->download = NULL;
	limits_end(api->limits, request);
	if (x->answer.status != 0)
		report_request(api->report, request);
	request_end(&api->requests, request);
}

static void on_problem(void *arg, struct http_exchange *x, enum error error, const char *detail)
{
	struct api *api = arg;
	struct request *request = x->user != NULL ? x->user : request_new(&api->requests, x, NULL);

	if (request == NULL)
		return;
	request_problem_detail(request, error, detail == NULL ? "" : detail);
	request_set_answer(request);
}

/* ---- the loop ---- */

/* Hands on the long polls that need not wait any longer. */
static int64_t on_turn(void *arg, int64_t now_us)
{
	struct api *api = arg;
	int64_t next_us = now_us + TURN_US;
	struct request **link = &api->waiting;

	while (*link != NULL) {
		struct request *request = *link;

		if (request->endpoint->waits(request)) {
			if (request->wait_until_us < next_us)
				next_us = request->wait_until_us;
			link = &request->next_waiting;
			continue;
		}
		*link = request->next_waiting;
		atomic_fetch_sub(&api->waiting_count, 1);
		if (!submit_read(request, api->settings.readers, read_run))
			http_resume(api->http, request->exchange);
	}
	log_flush();
	return next_us;
}

void api_committed(struct api *api)
{
	if (atomic_load(&api->waiting_count) > 0)
		http_wake(api->http);
}

static void on_started(void *arg, struct http *http)
{
	struct api *api = arg;

	api->http = http;
	report_set_http(api->report, http_stats(http));
}

const struct http_app *api_app(const struct api *api)
{
	return &api->app;
}

struct api *api_new(const struct api_settings *settings)
{
	struct api *api = calloc(1, sizeof(*api));

	if (api == NULL)
		return NULL;
	api->settings = *settings;
	api->app = (struct http_app){.started = on_started,
	                             .head = on_head,
	                             .body = on_body,
	                             .ended = on_ended,
	                             .problem = on_problem,
	                             .turn = on_turn,
	                             .arg = api};
	for (const struct endpoint *const *table = settings->endpoints; *table != NULL; table++)
		add_rows(api, *table);
	add_rows(api, common_endpoints);
	requests_init(&api->requests, api);
	api->report = report_new(api);
	api->limits = limits_new(&settings->limits);
	if (api->report == NULL || api->limits == NULL) {
		api_free(api);
		return NULL;
	}
	return api;
}

void api_free(struct api *api)
{
	ensure(api->waiting == NULL);
	requests_release(&api->requests);
	report_free(api->report);
	limits_free(api->limits);
	free(api);
}

void api_set_ready(struct api *api, bool ready)
{
	atomic_store(&api->ready, ready);
}

bool api_is_ready(const struct api *api)
{
	return atomic_load(&api->ready);
}

void api_drain(struct api *api)
{
	atomic_store(&api->draining, true);
	http_wake(api->http);
}

bool api_is_draining(const struct api *api)
{
	return atomic_load(&api->draining);
}
