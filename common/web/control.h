/* control.h - what other threads ask of the I/O thread, and what they wait for: resumed exchanges,
 * an end of accepting, an end of all. Knows nothing of libmicrohttpd. Any thread, where nothing
 * else is said. */
#ifndef WEB_CONTROL_H
#define WEB_CONTROL_H

#include "web/http.h"

#include <pthread.h>

struct control {
	int wake_fd;           /* readable when the I/O thread should look */
	pthread_mutex_t mutex; /* guards the rest */
	struct http_exchange *resumed;
	bool quiesce, stop;
	bool is_quiet; /* nothing is accepted any more and no exchange is under way */
	pthread_cond_t quiet;
};

/* What was asked for since the last time; the wishes themselves stay. */
struct control_wishes {
	struct http_exchange *resumed; /* linked by next_resumed */
	bool quiesce, stop;
};

/* False: no descriptor is left. */
must_use bool control_open(struct control *control);
void control_close(struct control *control);

void control_wake(struct control *control);
/* Wakes only for the first one after a control_take. */
void control_resume(struct control *control, struct http_exchange *x);
void control_quiesce(struct control *control);
void control_stop(struct control *control);
/* True when it became quiet within timeout_us. */
bool control_wait_quiet(struct control *control, int64_t timeout_us);

/* The I/O thread only. */
struct control_wishes control_take(struct control *control);
void control_set_quiet(struct control *control, bool is_quiet);

#endif
