/* http_fixture.h - a server on a free port with a small application, one in each test program. */
#ifndef UNIT_HTTP_FIXTURE_H
#define UNIT_HTTP_FIXTURE_H

#include "unit/http_client.h"
#include "web/http.h"

#include <pthread.h>

#define GET(target) "GET " target " HTTP/1.1\r\nHost: x\r\n\r\n"
#define POST(target, lines) "POST " target " HTTP/1.1\r\nHost: x\r\n" lines "\r\n"
#define CONNECTIONS_MAX 512
#define BIG_BYTES (16 * 1024 * 1024) /* more than the buffers of two sockets take */

/* "/hello" is answered at once, "/wait" after a thread has resumed it, "/hold" after app_release,
 * "/refuse" and "/refuse-early" by head(); "/big" is BIG_BYTES long; any other target echoes the
 * body. */
struct app {
	struct http *http;
	struct http_app calls;
	/* The I/O thread's, read after http_stop; exchanges counts those that it was told of. */
	int heads, problems, exchanges, ended, bodies;
	_Atomic int64_t turns;
	pthread_t worker;
	pthread_mutex_t mutex; /* guards the rest */
	pthread_cond_t changed;
	struct http_exchange *waiting[CONNECTIONS_MAX];
	size_t waiting_count;
	size_t batch; /* the worker resumes so many at once; 0: it ends */
	struct http_exchange *held;
	/* Of the last request that was echoed; the header is A. */
	char seen_address[64], seen_target[256], seen_method[16], seen_header[64];
};

extern struct app app;
/* Of the last ask(), or for a test's own use. */
extern char answer[CLIENT_ANSWER_BYTES_MAX];

/* The default options: any free port of 127.0.0.1. */
struct http_options options_default(void);
void server_start(const struct http_options *options);
void server_start_default(void);
/* Checks that every exchange that the application knew has ended. */
void server_stop(void);

int connect_here(void);
/* One request on a connection of its own; the status. */
int ask(const char *request);

void set_batch(size_t batch);
/* Until a "/hold" waits. */
void app_wait_until_held(void);
void app_release(void);
/* Of the last request that was echoed. */
void check_seen_address(const char *address);

#endif
