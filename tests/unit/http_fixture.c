/* http_fixture.c - the application and server of http_fixture.h. */
#include "unit/http_fixture.h"

#include <check.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* ---- an application ---- */

struct app app;
char answer[CLIENT_ANSWER_BYTES_MAX];
static char big[BIG_BYTES];

static void set_answer(struct http_exchange *x, int status, struct text body)
{
	x->answer.status = status;
	x->answer.body = body;
	http_answer_header(x, "Content-Type", "text/plain");
}

static bool target_is(const struct http_exchange *x, const char *target)
{
	return text_is(x->target, target);
}

static bool on_head(void *arg, struct http_exchange *x)
{
	app.heads++;
	app.exchanges++;
	x->user = &app;
	ck_assert_ptr_eq(arg, &app);
	x->answer.is_early = target_is(x, "/refuse-early");
	if (!target_is(x, "/refuse") && !x->answer.is_early)
		return true;
	set_answer(x, 404, TEXT_LITERAL("refused"));
	return false;
}

static void note_echo(const struct http_exchange *x)
{
	pthread_mutex_lock(&app.mutex);
	(void)snprintf(app.seen_address, sizeof(app.seen_address), "%s", x->address);
	text_copy(x->target, app.seen_target, sizeof(app.seen_target));
	text_copy(x->method, app.seen_method, sizeof(app.seen_method));
	text_copy(http_header_find(x, "A", NULL), app.seen_header, sizeof(app.seen_header));
	pthread_mutex_unlock(&app.mutex);
}

void check_seen_address(const char *address)
{
	pthread_mutex_lock(&app.mutex);
	ck_assert_str_eq(app.seen_address, address);
	pthread_mutex_unlock(&app.mutex);
}

static void wait_for_worker(struct http_exchange *x)
{
	pthread_mutex_lock(&app.mutex);
	if (target_is(x, "/hold"))
		app.held = x;
	else
		app.waiting[app.waiting_count++] = x;
	pthread_cond_broadcast(&app.changed);
	pthread_mutex_unlock(&app.mutex);
}

static bool on_body(void *arg, struct http_exchange *x)
{
	(void)arg;
	app.bodies++;
	if (x->body_too_large) {
		set_answer(x, 413, TEXT_NONE);
	} else if (target_is(x, "/big")) {
		set_answer(x, 200, (struct text){big, sizeof(big)});
	} else if (target_is(x, "/hello") || x->resumed) {
		set_answer(x, 200, TEXT_LITERAL("hello"));
	} else if (target_is(x, "/wait") || target_is(x, "/hold")) {
		wait_for_worker(x);
		return false;
	} else {
		note_echo(x);
		set_answer(x, 200, x->body);
	}
	return true;
}

static void on_ended(void *arg, struct http_exchange *x)
{
	(void)arg;
	(void)x;
	app.ended++;
}

static void on_problem(void *arg, struct http_exchange *x, enum error error, const char *detail)
{
	(void)arg;
	(void)detail;
	ck_assert_uint_eq(x->answer.headers_count, 0);
	if (x->user == NULL)
		app.exchanges++;
	app.problems++;
	set_answer(x, error_row(error)->status, TEXT_LITERAL("problem"));
}

static int64_t on_turn(void *arg, int64_t monotonic_us)
{
	(void)arg;
	(void)monotonic_us;
	atomic_fetch_add(&app.turns, 1);
	return INT64_MAX;
}

/* Resumes exactly app.batch exchanges at a time. */
static void *run_worker(void *arg)
{
	struct http_exchange *batch[CONNECTIONS_MAX];

	(void)arg;
	pthread_mutex_lock(&app.mutex);
	while (app.batch > 0) {
		if (app.waiting_count < app.batch) {
			pthread_cond_wait(&app.changed, &app.mutex);
			continue;
		}
		size_t count = app.batch;
		app.waiting_count -= count;
		memcpy(batch, app.waiting + app.waiting_count, count * sizeof(batch[0]));
		pthread_mutex_unlock(&app.mutex);
		for (size_t i = 0; i < count; i++)
			http_resume(app.http, batch[i]);
		pthread_mutex_lock(&app.mutex);
	}
	pthread_mutex_unlock(&app.mutex);
	return NULL;
}

void set_batch(size_t batch)
{
	pthread_mutex_lock(&app.mutex);
	app.batch = batch;
	pthread_cond_broadcast(&app.changed);
	pthread_mutex_unlock(&app.mutex);
}

void app_wait_until_held(void)
{
	pthread_mutex_lock(&app.mutex);
	while (app.held == NULL)
		pthread_cond_wait(&app.changed, &app.mutex);
	pthread_mutex_unlock(&app.mutex);
}

void app_release(void)
{
	http_resume(app.http, app.held);
}

/* ---- the server ---- */

struct http_options options_default(void)
{
	return (struct http_options){.listen = "127.0.0.1",
	                             .connections_max = CONNECTIONS_MAX,
	                             .connections_per_address_max = CONNECTIONS_MAX,
	                             .idle_timeout_us = 60 * US_PER_S,
	                             .request_timeout_us = HTTP_REQUEST_TIMEOUT_US,
	                             .answer_timeout_us = HTTP_ANSWER_TIMEOUT_US,
	                             .quiesce_timeout_us = HTTP_QUIESCE_TIMEOUT_US};
}

static void app_init(void)
{
	app.calls = (struct http_app){.head = on_head,
	                              .body = on_body,
	                              .ended = on_ended,
	                              .problem = on_problem,
	                              .turn = on_turn,
	                              .arg = &app};
	app.batch = 1;
	pthread_mutex_init(&app.mutex, NULL);
	pthread_cond_init(&app.changed, NULL);
}

void server_start(const struct http_options *options)
{
	struct buf why;

	buf_init(&why, 1000);
	app_init();
	app.http = http_start(options, &app.calls, &why);
	ck_assert_msg(app.http != NULL, "%s", buf_str(&why));
	ck_assert_int_eq(pthread_create(&app.worker, NULL, run_worker, NULL), 0);
	buf_release(&why);
}

void server_start_default(void)
{
	struct http_options options = options_default();

	server_start(&options);
}

void server_stop(void)
{
	http_stop(app.http);
	set_batch(0);
	pthread_join(app.worker, NULL);
	ck_assert_int_eq(app.ended, app.exchanges);
}

int connect_here(void)
{
	return client_connect("127.0.0.1", http_port(app.http));
}

int ask(const char *request)
{
	int fd = connect_here();

	client_send_str(fd, request);
	int status = client_receive(fd, answer);
	(void)close(fd);
	return status;
}
