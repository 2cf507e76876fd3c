/* http.h - HTTP/1.1 over libmicrohttpd: one I/O thread, requests in, answers out. Knows framing,
 * deadlines and limits; knows nothing of routes, JSON or payments. http.c and http_*.[ch] are the
 * only files that include microhttpd.h.
 *
 * The life of an exchange, all on the I/O thread:
 *
 *   head() --> body() --> [waiting --> body() again] --> ended()
 *
 * head: the header is whole and its framing is right. true: read the body; false: the answer is set
 * already (a body of at most HTTP_DISCARD_BYTES_MAX is then read and thrown away; a larger one, or
 * one whose sender waits for 100 Continue, closes the connection after the answer).
 *
 * body: the body is whole (also where there is none). true: the answer is set; false: wait. Someone
 * calls http_resume later, exactly once, from any thread, and then body() is called again with
 * x->resumed set. A client that has left while its exchange waited is seen only when its
 * answer is sent, after that call.
 *
 * ended: the answer was sent, or the connection is gone: release what the exchange holds. Called
 * exactly once for each exchange whose head() or problem() was called. Never while waiting. */
#ifndef WEB_HTTP_H
#define WEB_HTTP_H

#include "base/buf.h"
#include "base/error.h"
#include "base/text.h"

#include <stdatomic.h>

#define HTTP_HEADERS_MAX 100 /* more: 431 */
#define HTTP_HEADER_BYTES_MAX 16384
#define HTTP_TARGET_BYTES_MAX 8000
#define HTTP_BODY_BYTES_MAX 65536
#define HTTP_DISCARD_BYTES_MAX 1048576 /* read of a refused body, so that its answer arrives */
#define HTTP_REQUEST_TIMEOUT_US (10 * US_PER_S) /* header and body in all */
#define HTTP_ANSWER_TIMEOUT_US (30 * US_PER_S)  /* the longest list, 6 MB, at 200 KB a second */
#define HTTP_QUIESCE_TIMEOUT_US (5 * US_PER_S)
#define HTTP_HOLD_US (500 * US_PER_MS) /* at least; a tenth of a request's time more at most */
#define HTTP_ANSWER_HEADERS_MAX 12

struct http;
struct tls;

struct http_header {
	struct text name, value;
};

struct http_answer {
	int status;
	struct text body; /* borrowed until ended() */
	/* Instead of the body, a whole regular file, borrowed likewise: a download, which may take
	 * any time while it goes on (deadlines.h). The file lies in the page cache, or the I/O
	 * thread waits for the disk 128 KiB at a time. */
	bool has_file;
	int file_fd;
	int64_t file_bytes;
	/* Values are copied when the answer is queued; names are static. Content-Type is one of
	 * them; Date, Content-Length and Connection are http.c's. */
	struct {
		const char *name;
		const char *value; /* NUL-terminated, borrowed until ended() */
	} headers[HTTP_ANSWER_HEADERS_MAX];
	size_t headers_count;
	bool close; /* the connection ends after this answer */
	/* head()'s: told before the body, which is then thrown away; ends the connection. */
	bool is_early;
	/* Told only after HTTP_HOLD_US: a refusal of who goes too fast. Told at once, it would
	 * bring the next request at once, and a flood of refusals costs as much as one of answers.
	 */
	bool is_held;
};

struct http_exchange {
	/* The request, borrowed until ended(). */
	struct text method; /* as sent: "GET", "HEAD", "POST", ... */
	struct text target; /* the raw request target, undecoded, with its query */
	const struct http_header *headers;
	size_t headers_count;
	bool has_length; /* a Content-Length header */
	uint64_t content_length;
	bool is_chunked;
	struct text body;    /* in body() */
	bool body_too_large; /* the body passed HTTP_BODY_BYTES_MAX: what came is thrown away, body
	                        is empty */
	bool resumed;
	int64_t began_us;       /* monotonic: when its request line was read */
	char address[46];       /* the client's, as text (INET6_ADDRSTRLEN) */
	bool client_is_trusted; /* it has shown the certificate that tls asks for, or tls asks for
	                           none */
	uint64_t client;        /* a keyed hash of what tells clients apart (clients.h) */
	/* The answer. */
	struct http_answer answer;
	/* For the application. */
	void *user;
	/* Internal to http.c. */
	void *internal; /* while it waits: its connection */
	struct http_exchange *next_resumed;
};

struct http_app {
	/* Before the first exchange: the http that http_start is about to return. NULL: not wanted.
	 */
	void (*started)(void *arg, struct http *http);
	bool (*head)(void *arg, struct http_exchange *x);
	bool (*body)(void *arg, struct http_exchange *x);
	void (*ended)(void *arg, struct http_exchange *x);
	/* http.c found a fault itself: set the answer for it. detail NULL: the error's own
	 * sentence. Instead of head() (framing: 400, 414, 431, 501, 505; 408), or while a body
	 * arrives after it (408, 413): then the answer that head() may have set is gone. Nothing
	 * but ended() follows. */
	void (*problem)(void *arg, struct http_exchange *x, enum error error, const char *detail);
	/* Once in each turn of the loop, before it waits: timers, long polls, log_flush. Returns
	 * the monotonic time at which it wants to be called at the latest. */
	int64_t (*turn)(void *arg, int64_t monotonic_us);
	void *arg;
};

struct http_options {
	const char *listen; /* "127.0.0.1", "::1", "0.0.0.0", "::" */
	int64_t port;       /* 0: any free one */
	int64_t connections_max;
	int64_t connections_per_address_max; /* IPv6: per /64; 0: half of connections_max */
	int64_t idle_timeout_us;             /* of a keep-alive connection between requests */
	/* The constants above; tests make them shorter. */
	int64_t request_timeout_us; /* for a request to arrive */
	int64_t answer_timeout_us;  /* for the client to take an answer */
	int64_t quiesce_timeout_us; /* for each of them after http_quiesce */
	struct tls *tls;            /* https alone, borrowed; NULL: http alone */
};

/* What metrics show; read with atomic_load by any thread. */
struct http_stats {
	_Atomic int64_t connections; /* open now */
	_Atomic int64_t connections_total;
	_Atomic int64_t connections_refused_total; /* their address had its share */
	/* What holds, set before the first connection. */
	_Atomic int64_t connections_max, connections_per_address_max;
	_Atomic int64_t request_timeouts_total; /* did not arrive in time */
	_Atomic int64_t answer_timeouts_total;  /* were not taken in time */
	_Atomic int64_t waiting; /* exchanges that wait for http_resume, or are held */
};

/* Binds, listens and starts the I/O thread. On failure why is one clear sentence (port in use,
 * address not local) and NULL is returned. app and what it borrows live until http_stop. */
struct http *http_start(const struct http_options *options, const struct http_app *app,
                        struct buf *why);
/* The port it listens on. */
int http_port(const struct http *http);
const struct http_stats *http_stats(const struct http *http);
/* Ends the waiting of an exchange. Any thread. One wake-up serves all that are resumed before the
 * loop turns. */
void http_resume(struct http *http, struct http_exchange *x);
/* Makes the loop turn soon. Any thread. */
void http_wake(struct http *http);
/* Stops accepting new connections; open ones are served on, each answer closing its connection.
 * From then on clients have quiesce_timeout_us to send what they have begun, and as long to take an
 * answer; whatever still waits for a client after that is cut. What waits for us never is. Any
 * thread. */
void http_quiesce(struct http *http);
/* Waits at most timeout_us until no exchange is under way; true when that was reached. After
 * http_quiesce. */
bool http_drain(struct http *http, int64_t timeout_us);
/* Stops the loop and frees everything. Exchanges that still wait are an error: ensure. */
void http_stop(struct http *http);

/* The value of the header with this name (ASCII case ignored), TEXT_NONE where there is none.
 * *ret_count (may be NULL) says how many there are. */
struct text http_header_find(const struct http_exchange *x, const char *name, size_t *ret_count);
/* Adds a header to the answer. */
void http_answer_header(struct http_exchange *x, const char *name, const char *value);

#endif
