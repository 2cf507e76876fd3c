/* http.c - the I/O thread: libmicrohttpd 0.9.75 driven from outside. Its own epoll loop stalls when
 * exactly 128 events are ready, so this one waits on the daemon's epoll descriptor and calls
 * MHD_run. Not for judging requests: intake.c, framing.c and the application do that.
 *
 * Facts about libmicrohttpd that the code rests on:
 *
 * An answer queued in the first call for a request (header whole) closes the connection; one queued
 * in the last call (body whole) keeps it.
 *
 * At the limit of connections it accepts no more: clients wait in the kernel's backlog. Its limit
 * per address would tell nobody whom it refuses, and counts each IPv6 address by itself: so
 * on_accept does that.
 *
 * A suspended connection is not watched: no timeout, no disconnect. It is out of the epoll set, and
 * goes back there once a read from it has found nothing. Suspended in the call that has read the
 * request's end, it is read from as soon as it is resumed: in vain, because the client waits for
 * its answer. Suspended a turn later, it is read from in the turn after the answer: by then a busy
 * client has sent its next request. So the end of a request is put off for a turn, which saves a
 * busy client's request the vain read and both changes of the set: three system calls of five.
 *
 * Where it is out of connection memory and can no longer refuse (thousands of query parameters, a
 * chunk extension that fills its buffer), it asks to be called again at once, for ever; and so it
 * does while a client stops in the middle of a TLS handshake. Hence QUERY_PARAMETERS_MAX, and
 * what http_wait.c does. */
#include "web/http.h"

#include "runtime/env.h"
#include "web/clients.h"
#include "web/control.h"
#include "web/deadlines.h"
#include "web/http_connection.h"
#include "web/http_daemon.h"
#include "web/http_response.h"
#include "web/http_wait.h"
#include "web/intake.h"
#include "web/listener.h"
#include "web/refusal.h"
#include "web/tls.h"

#include <microhttpd.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* libmicrohttpd accepts ten at a time; this empties the longest backlog (listener.c). */
#define ACCEPT_TURNS_MAX 410

struct http {
	struct http_options options;
	const struct http_app *app;
	struct http_stats stats;
	int listen_fd; /* the daemon's, until http_quiesce; then -1 */
	int port;
	struct MHD_Daemon *daemon;
	pthread_t thread;
	struct control control;
	/* The I/O thread's own. */
	struct deadlines deadlines;
	struct clients clients;
	int64_t exchanges_count;
	int stalled_turns;
	/* A connection was closed in this turn. At the limit libmicrohttpd stops listening, and
	 * begins again only in the call after the one that has closed a connection: no event says
	 * so. */
	bool has_room;
};

static int64_t monotonic_us(void)
{
	return env_monotonic_us(&env_system);
}

/* ---- answers ---- */

/* libmicrohttpd sees the shutdown, and closes. */
static void cut(struct connection *peer)
{
	(void)shutdown(peer->fd, SHUT_RDWR);
	peer->was_cut = true;
}

/* Ends a request in its middle, where libmicrohttpd takes no answer. */
static void refuse(struct connection *peer)
{
	refusal_send(peer, &peer->intake->x.answer, env_now_us(&env_system));
	cut(peer);
}

/* Suspends the exchange's connection, until resume. */
static void suspend(struct http *http, struct MHD_Connection *connection, struct http_exchange *x)
{
	x->internal = connection;
	MHD_suspend_connection(connection);
	atomic_fetch_add(&http->stats.waiting, 1);
}

static void resume(struct http *http, struct http_exchange *x)
{
	atomic_fetch_sub(&http->stats.waiting, 1);
	MHD_resume_connection(x->internal);
}

/* Whose request line is not whole may not even speak HTTP: no answer. */
static void on_late(void *arg, struct connection *peer)
{
	struct http *http = arg;

	if (peer->state == CONNECTION_HELD) {
		deadlines_request_whole(peer);
		resume(http, &peer->intake->x);
		return;
	}
	atomic_fetch_add(peer->state == CONNECTION_TAKING ? &http->stats.answer_timeouts_total
	                                                  : &http->stats.request_timeouts_total,
	                 1);
	if (peer->state == CONNECTION_SENDING && !peer->intake->was_told) {
		intake_problem(peer->intake, ERR_REQUEST_TIMEOUT, NULL);
		refuse(peer);
	} else {
		cut(peer);
	}
}

static enum MHD_Result send_answer(struct http *http, struct MHD_Connection *connection,
                                   const struct http_answer *answer)
{
	bool close = answer->close || http->listen_fd < 0;

	ensure(answer->status >= 200 && answer->status <= 599);
	struct MHD_Response *response = http_response(answer, close, &http->stalled_turns);
	if (response == NULL)
		return MHD_NO;

	enum MHD_Result result = MHD_queue_response(connection, (unsigned)answer->status, response);
	MHD_destroy_response(response); /* it lives until it is sent */
	return result;
}

/* ---- requests ---- */

static struct connection *peer_of(struct MHD_Connection *connection)
{
	return MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)
	        ->socket_context;
}

/* The request line was read. Returns the handler's context; NULL is refused there. */
static void *on_request_line(void *arg, const char *target, struct MHD_Connection *connection)
{
	struct http *http = arg;
	struct connection *peer = peer_of(connection);
	struct intake *in = peer == NULL ? NULL : intake_new(http->app, target, monotonic_us());

	http->stalled_turns = 0;
	if (in == NULL)
		return NULL;
	memcpy(in->x.address, peer->address, sizeof(in->x.address));
	in->x.client_is_trusted =
		peer->tls == NULL || tls_session_is_trusted(peer->tls, env_now_us(&env_system));
	in->x.client = peer->client;
	deadlines_request_began(&http->deadlines, peer, in, in->x.began_us);
	http->exchanges_count++;
	if (intake_target(in) == INTAKE_REFUSE)
		refuse(peer);
	return in;
}

static enum MHD_Result on_header(void *arg, enum MHD_ValueKind kind, const char *name,
                                 size_t name_len, const char *value, size_t value_len)
{
	ensure(kind == MHD_HEADER_KIND);
	bool fits =
		intake_header(arg, (struct text){name, name_len}, (struct text){value, value_len});
	return fits ? MHD_YES : MHD_NO;
}

static enum intake_step on_head(struct intake *in, struct MHD_Connection *connection,
                                const char *method, const char *version)
{
	size_t bytes = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE)
	                       ->header_size;
	int count = MHD_get_connection_values_n(connection, MHD_HEADER_KIND, NULL, NULL);

	if (!intake_expect_headers(in, (size_t)count))
		return INTAKE_ABORT;
	(void)MHD_get_connection_values_n(connection, MHD_HEADER_KIND, on_header, in);
	return intake_head(in, method, version, bytes);
}

static enum MHD_Result take_step(struct http *http, struct MHD_Connection *connection,
                                 struct intake *in, enum intake_step step)
{
	struct connection *peer = peer_of(connection);

	switch (step) {
	case INTAKE_READ: return MHD_YES;
	case INTAKE_ANSWER:
		deadlines_answer_began(&http->deadlines, peer, in->x.answer.has_file,
		                       monotonic_us());
		return send_answer(http, connection, &in->x.answer);
	case INTAKE_WAIT:
		/* No race: http_resume only adds to a list that this thread takes later. */
		deadlines_request_whole(peer);
		suspend(http, connection, &in->x);
		return MHD_YES;
	case INTAKE_HOLD:
		deadlines_request_held(peer, monotonic_us() + HTTP_HOLD_US);
		suspend(http, connection, &in->x);
		return MHD_YES;
	case INTAKE_TELL:
		refusal_send(peer, &in->x.answer, env_now_us(&env_system));
		return MHD_YES;
	case INTAKE_REFUSE: refuse(peer); break;
	case INTAKE_ABORT: break;
	}
	return MHD_NO;
}

/* The end of a request is taken when libmicrohttpd tells of it again, in the next turn (see the top
 * of the file). */
static enum intake_step take_end(struct intake *in)
{
	if (in->was_put_off)
		return intake_whole(in);
	in->was_put_off = true;
	return INTAKE_READ;
}

/* Called with the header, each part of the body, the end of the body (in each turn until there is
 * an answer), and after a resume. */
static enum MHD_Result on_request(void *arg, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_size, void **context)
{
	struct http *http = arg;
	struct intake *in = *context;
	enum intake_step step;

	(void)url; /* without its query: the raw target is taken */
	http->stalled_turns = 0;
	if (in == NULL || peer_of(connection)->was_cut)
		return MHD_NO;
	if (!in->is_known)
		step = on_head(in, connection, method, version);
	else if (*upload_size > 0)
		step = intake_body(in, upload, *upload_size);
	else
		step = take_end(in);
	*upload_size = 0;
	return take_step(http, connection, in, step);
}

static void on_request_ended(void *arg, struct MHD_Connection *connection, void **context,
                             enum MHD_RequestTerminationCode code)
{
	struct http *http = arg;

	(void)code;
	http->stalled_turns = 0;
	if (*context == NULL)
		return;
	deadlines_request_ended(&http->deadlines, peer_of(connection));
	intake_free(*context);
	http->exchanges_count--;
}

/* ---- connections ---- */

/* MHD_NO closes it. */
static enum MHD_Result on_accept(void *arg, const struct sockaddr *address, socklen_t size)
{
	struct http *http = arg;

	(void)size;
	if (shares_has_room(http->clients.shares, client_of(&http->clients, address)))
		return MHD_YES;
	atomic_fetch_add(&http->stats.connections_refused_total, 1);
	return MHD_NO;
}

/* Without memory a connection has no peer, and its requests or its handshake are refused. */
static void on_connection(void *arg, struct MHD_Connection *connection, void **context,
                          enum MHD_ConnectionNotificationCode code)
{
	struct http *http = arg;
	struct connection *peer = *context;

	http->stalled_turns = 0;
	if (code == MHD_CONNECTION_NOTIFY_STARTED) {
		peer = http_connection_new(connection, http->options.tls, &http->clients,
		                           &http->stalled_turns);
		if (peer != NULL) {
			deadlines_add(&http->deadlines, peer, monotonic_us());
			shares_take(http->clients.shares, peer->client);
		}
		*context = peer;
		atomic_fetch_add(&http->stats.connections, 1);
		atomic_fetch_add(&http->stats.connections_total, 1);
		return;
	}
	if (peer != NULL) {
		deadlines_remove(&http->deadlines, peer);
		shares_give_back(http->clients.shares, peer->client);
	}
	http_connection_free(peer);
	http->has_room = true;
	atomic_fetch_sub(&http->stats.connections, 1);
}

/* ---- the loop ---- */

static void resume_all(struct http *http, struct http_exchange *x)
{
	while (x != NULL) {
		struct http_exchange *next = x->next_resumed;

		resume(http, x);
		x = next;
	}
}

/* Whom the kernel has let in already is served: closing the socket would reset them. */
static void quiesce(struct http *http)
{
	struct pollfd pending = {.fd = http->listen_fd, .events = POLLIN};

	for (int i = 0; i < ACCEPT_TURNS_MAX && poll(&pending, 1, 0) > 0; i++)
		ensure(MHD_run(http->daemon) == MHD_YES);
	ensure(MHD_quiesce_daemon(http->daemon) == http->listen_fd);
	(void)close(http->listen_fd);
	http->listen_fd = -1;
	deadlines_quiesce(&http->deadlines, monotonic_us());
}

/* Does what other threads have called for; true to stop. */
static bool obey(struct http *http)
{
	struct control_wishes wishes = control_take(&http->control);

	resume_all(http, wishes.resumed);
	if (wishes.quiesce && http->listen_fd >= 0)
		quiesce(http);
	return wishes.stop;
}

static void *io_thread(void *arg)
{
	struct http *http = arg;
	bool stops = false;

	(void)pthread_setname_np(pthread_self(), "io");
	while (!stops) {
		int64_t now_us = monotonic_us();
		int64_t turn_us = http->app->turn(http->app->arg, now_us);
		int64_t sweep_us = deadlines_sweep(&http->deadlines, now_us, on_late, http);
		int64_t until_us = turn_us < sweep_us ? turn_us : sweep_us;

		int64_t wait_us = http->has_room ? 0 : until_us - now_us;

		stops = http_wait(http->daemon, http->control.wake_fd, wait_us,
		                  &http->stalled_turns) &&
		        obey(http);
		http->has_room = false;
		ensure(MHD_run(http->daemon) == MHD_YES);
		if (http->listen_fd < 0)
			control_set_quiet(&http->control, http->exchanges_count == 0);
	}
	ensure(atomic_load(&http->stats.waiting) == 0);
	MHD_stop_daemon(http->daemon);
	return NULL;
}

/* ---- start and stop ---- */

/* All but socket and thread. NULL: no memory or descriptor. */
static struct http *http_new(const struct http_options *options, const struct http_app *app)
{
	struct http *http = calloc(1, sizeof(*http));

	if (http == NULL)
		return NULL;
	http->options = *options;
	if (!clients_init(&http->clients, options->connections_max,
	                  options->connections_per_address_max) ||
	    !control_open(&http->control)) {
		shares_free(http->clients.shares);
		free(http);
		return NULL;
	}
	atomic_store(&http->stats.connections_max, http->clients.all);
	atomic_store(&http->stats.connections_per_address_max, http->clients.each);
	http->app = app;
	deadlines_init(&http->deadlines, options->request_timeout_us, options->answer_timeout_us,
	               options->quiesce_timeout_us);
	return http;
}

static void http_free(struct http *http)
{
	control_close(&http->control);
	shares_free(http->clients.shares);
	free(http);
}

/* The daemon owns the socket from its start on. */
static bool serve(struct http *http)
{
	static const struct http_callbacks callbacks = {.accept = on_accept,
	                                                .request = on_request,
	                                                .request_line = on_request_line,
	                                                .request_ended = on_request_ended,
	                                                .connection = on_connection};

	http->daemon = http_daemon_start(&http->options, http->listen_fd, http->clients.all,
	                                 &callbacks, http);
	if (http->daemon == NULL) {
		(void)close(http->listen_fd);
		return false;
	}
	if (http->app->started != NULL)
		http->app->started(http->app->arg, http);
	if (pthread_create(&http->thread, NULL, io_thread, http) != 0) {
		MHD_stop_daemon(http->daemon);
		return false;
	}
	return true;
}

struct http *http_start(const struct http_options *options, const struct http_app *app,
                        struct buf *why)
{
	struct http *http = http_new(options, app);

	if (http == NULL) {
		buf_add_str(why, "no memory or file descriptor is left for the HTTP server");
		return NULL;
	}
	http->listen_fd = listener_open(options->listen, options->port, &http->port, why);
	if (http->listen_fd >= 0 && serve(http))
		return http;
	if (http->listen_fd >= 0)
		buf_add_str(why, "the HTTP server did not start: no memory, thread or file "
		                 "descriptor is left");
	http_free(http);
	return NULL;
}

int http_port(const struct http *http)
{
	return http->port;
}

const struct http_stats *http_stats(const struct http *http)
{
	return &http->stats;
}

void http_resume(struct http *http, struct http_exchange *x)
{
	control_resume(&http->control, x);
}

void http_wake(struct http *http)
{
	control_wake(&http->control);
}

void http_quiesce(struct http *http)
{
	control_quiesce(&http->control);
}

bool http_drain(struct http *http, int64_t timeout_us)
{
	return control_wait_quiet(&http->control, timeout_us);
}

void http_stop(struct http *http)
{
	control_stop(&http->control);
	ensure(pthread_join(http->thread, NULL) == 0);
	http_free(http);
}
