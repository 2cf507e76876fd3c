/* deadlines.h - the open connections, and which of them take too long to send a request or to take
 * its answer. Knows sockets and clocks, neither libmicrohttpd nor HTTP. libmicrohttpd's own timeout
 * starts anew with each byte, so one byte a second would hold a connection for ever; here a request
 * has one deadline in all, and so has an answer; one that may be of any length (a download) has a
 * new one each time the client has taken DOWNLOAD_BYTES_MIN more until the last. An idle connection
 * is left to that timeout. One thread.
 *
 *   OPENING --opened()--> BETWEEN
 *
 *   BETWEEN --request_began()--> SENDING --request_whole()--> BUSY --answer_began()--> TAKING
 *      |                            `--------------answer_began()-----------------------'|
 *      `-------------------- request_ended(), from each of the three --------------------'
 *
 * From SENDING or BUSY, request_held() leads to HELD and request_whole() from there to BUSY. */
#ifndef WEB_DEADLINES_H
#define WEB_DEADLINES_H

#include "base/base.h"

#include <netinet/in.h>

#define DOWNLOAD_BYTES_MIN (1 << 20) /* in 30 s: 35 KB a second, what a bad line gives */

enum connection_state {
	CONNECTION_OPENING, /* the TLS handshake, which has a request's time */
	CONNECTION_BETWEEN, /* no request line has been read; one may be on its way */
	CONNECTION_SENDING, /* the client sends header or body */
	CONNECTION_BUSY,    /* the request is executed: the client waits for us */
	CONNECTION_HELD,    /* the answer waits until due_us, then late() tells */
	CONNECTION_TAKING,  /* the client takes the answer */
};

struct deadlines;
struct intake;
struct tls_session;

/* An open connection; exists exactly as long as its descriptor, so that this is never another's. */
struct connection {
	int fd;
	char address[INET6_ADDRSTRLEN]; /* the client's, as text */
	struct tls_session *tls;        /* NULL: it is not encrypted */
	uint64_t client;                /* as http_exchange's */
	struct intake *intake;          /* the request under way, or NULL */
	enum connection_state state;
	int64_t due_us;      /* from then on it is late; INT64_MAX: nothing is awaited of it */
	int64_t looked_us;   /* when it was last looked at */
	int64_t bytes_seen;  /* received in all, at the last look between requests; -1: not looked
	                        yet */
	bool is_download;    /* what it takes */
	int64_t bytes_taken; /* of a download, acknowledged in all when due_us was set */
	bool was_cut;        /* nothing more is to be done for it */
	struct deadlines *deadlines; /* to which it was added */
	struct connection *previous, *next;
};

struct deadlines {
	struct connection *first, *last; /* the one not looked at for longest comes first */
	int64_t request_timeout_us, answer_timeout_us, quiesce_timeout_us;
	int64_t end_us; /* no request is awaited for longer; INT64_MAX before deadlines_quiesce */
	int64_t period_us; /* from one look at a connection to the next */
};

/* How long a request may take to arrive, an answer to be taken, and each after deadlines_quiesce.
 */
void deadlines_init(struct deadlines *deadlines, int64_t request_timeout_us,
                    int64_t answer_timeout_us, int64_t quiesce_timeout_us);
/* fd, address, client and tls are set; the rest is set here. With tls it is OPENING, else BETWEEN.
 */
void deadlines_add(struct deadlines *deadlines, struct connection *connection, int64_t now_us);
void deadlines_remove(struct deadlines *deadlines, struct connection *connection);

void deadlines_opened(struct connection *connection);
void deadlines_request_began(const struct deadlines *deadlines, struct connection *connection,
                             struct intake *intake, int64_t now_us);
/* Once or more often. */
void deadlines_request_whole(struct connection *connection);
/* Until it is late, at until_us; late() is to end that by request_whole. */
void deadlines_request_held(struct connection *connection, int64_t until_us);
void deadlines_answer_began(const struct deadlines *deadlines, struct connection *connection,
                            bool is_download, int64_t now_us);
void deadlines_request_ended(const struct deadlines *deadlines, struct connection *connection);

/* Time is short now. Idle connections get a deadline as well; what is held is late at once. */
void deadlines_quiesce(struct deadlines *deadlines, int64_t now_us);

/* Looks at connections whose turn it is, at most a few hundred at a time so that others are served
 * in between, and calls late for each that is past its deadline and was not cut. Returns when to
 * call again, INT64_MAX where there is no connection. */
int64_t deadlines_sweep(struct deadlines *deadlines, int64_t now_us,
                        void (*late)(void *arg, struct connection *connection), void *arg);

#endif
