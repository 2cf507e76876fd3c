/* deadlines.c - the total deadlines of requests and answers, by looking at each connection about
 * once a second.
 *
 * Invariants: (1) connections are linked in the order of looked_us; (2) a client that waits for us
 * is never late, but one whose answer is held is at its time, and one whose request's end is put
 * off for a turn (http.c) if that turn is beyond its deadline. */
#include "web/deadlines.h"

#include <linux/tcp.h>
#include <sys/socket.h>

/* A look costs a system call of half a microsecond: at most a quarter of a millisecond at a time.
 */
#define LOOKS_MAX 512
/* So all is ended at most a tenth of a request's time late. */
#define LOOKS_PER_TIMEOUT 10

void deadlines_init(struct deadlines *deadlines, int64_t request_timeout_us,
                    int64_t answer_timeout_us, int64_t quiesce_timeout_us)
{
	ensure(request_timeout_us >= LOOKS_PER_TIMEOUT);
	*deadlines = (struct deadlines){.request_timeout_us = request_timeout_us,
	                                .answer_timeout_us = answer_timeout_us,
	                                .quiesce_timeout_us = quiesce_timeout_us,
	                                .end_us = INT64_MAX,
	                                .period_us = request_timeout_us / LOOKS_PER_TIMEOUT};
}

static int64_t earlier(int64_t a_us, int64_t b_us)
{
	return a_us < b_us ? a_us : b_us;
}

static void link_last(struct deadlines *deadlines, struct connection *connection)
{
	connection->next = NULL;
	connection->previous = deadlines->last;
	if (deadlines->last != NULL)
		deadlines->last->next = connection;
	else
		deadlines->first = connection;
	deadlines->last = connection;
}

void deadlines_add(struct deadlines *deadlines, struct connection *connection, int64_t now_us)
{
	bool opens = connection->tls != NULL;

	connection->deadlines = deadlines;
	connection->intake = NULL;
	connection->state = opens ? CONNECTION_OPENING : CONNECTION_BETWEEN;
	connection->due_us =
		opens ? earlier(now_us + deadlines->request_timeout_us, deadlines->end_us)
		      : deadlines->end_us;
	connection->looked_us = now_us;
	connection->bytes_seen = 0;
	connection->was_cut = false;
	link_last(deadlines, connection);
}

void deadlines_remove(struct deadlines *deadlines, struct connection *connection)
{
	if (connection->previous != NULL)
		connection->previous->next = connection->next;
	else
		deadlines->first = connection->next;
	if (connection->next != NULL)
		connection->next->previous = connection->previous;
	else
		deadlines->last = connection->previous;
}

static void enter_between(const struct deadlines *deadlines, struct connection *connection)
{
	connection->intake = NULL;
	connection->state = CONNECTION_BETWEEN;
	connection->due_us = deadlines->end_us;
	connection->bytes_seen = -1; /* some may belong to the next request already */
}

void deadlines_opened(struct connection *connection)
{
	ensure(connection->state == CONNECTION_OPENING);
	enter_between(connection->deadlines, connection);
}

void deadlines_request_began(const struct deadlines *deadlines, struct connection *connection,
                             struct intake *intake, int64_t now_us)
{
	ensure(connection->state == CONNECTION_BETWEEN);
	connection->intake = intake;
	connection->state = CONNECTION_SENDING;
	connection->due_us = earlier(now_us + deadlines->request_timeout_us, deadlines->end_us);
}

void deadlines_request_whole(struct connection *connection)
{
	ensure(connection->state == CONNECTION_SENDING || connection->state == CONNECTION_BUSY ||
	       connection->state == CONNECTION_HELD);
	connection->state = CONNECTION_BUSY;
	connection->due_us = INT64_MAX;
}

void deadlines_request_held(struct connection *connection, int64_t until_us)
{
	ensure(connection->state == CONNECTION_SENDING || connection->state == CONNECTION_BUSY);
	connection->state = CONNECTION_HELD;
	connection->due_us = until_us;
}

/* Zeros where the socket cannot say. */
static struct tcp_info info_of(int fd)
{
	struct tcp_info info = {0};
	socklen_t size = sizeof(info);

	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0)
		return (struct tcp_info){0};
	return info;
}

void deadlines_answer_began(const struct deadlines *deadlines, struct connection *connection,
                            bool is_download, int64_t now_us)
{
	ensure(connection->state == CONNECTION_SENDING || connection->state == CONNECTION_BUSY);
	connection->state = CONNECTION_TAKING;
	connection->due_us = now_us + deadlines->answer_timeout_us;
	connection->is_download = is_download;
	if (is_download)
		connection->bytes_taken = (int64_t)info_of(connection->fd).tcpi_bytes_acked;
}

void deadlines_request_ended(const struct deadlines *deadlines, struct connection *connection)
{
	ensure(connection->state != CONNECTION_OPENING && connection->state != CONNECTION_BETWEEN);
	enter_between(deadlines, connection);
}

void deadlines_quiesce(struct deadlines *deadlines, int64_t now_us)
{
	deadlines->answer_timeout_us = deadlines->quiesce_timeout_us;
	deadlines->end_us = now_us + deadlines->quiesce_timeout_us;
	for (struct connection *at = deadlines->first; at != NULL; at = at->next) {
		at->looked_us = now_us - deadlines->period_us; /* the next sweep looks at all */
		if (at->state == CONNECTION_HELD)
			at->due_us = now_us;
		else if (at->state != CONNECTION_BUSY)
			at->due_us = earlier(at->due_us, deadlines->end_us);
	}
}

/* Whether bytes have come since the last request shows that the next one has begun. */
static void look_between(const struct deadlines *deadlines, struct connection *connection,
                         int64_t now_us)
{
	int64_t bytes = (int64_t)info_of(connection->fd).tcpi_bytes_received;

	if (connection->bytes_seen >= 0 && bytes > connection->bytes_seen)
		connection->due_us =
			earlier(connection->due_us, now_us + deadlines->request_timeout_us);
	connection->bytes_seen = bytes;
}

/* A download's deadline moves on with what was taken, until time is short. */
static void look_at_download(const struct deadlines *deadlines, struct connection *connection,
                             int64_t now_us)
{
	int64_t bytes = (int64_t)info_of(connection->fd).tcpi_bytes_acked;

	if (bytes - connection->bytes_taken < DOWNLOAD_BYTES_MIN || deadlines->end_us != INT64_MAX)
		return;
	connection->bytes_taken = bytes;
	connection->due_us = now_us + deadlines->answer_timeout_us;
}

static bool is_late(const struct deadlines *deadlines, struct connection *connection,
                    int64_t now_us)
{
	if (connection->was_cut)
		return false;
	if (connection->state == CONNECTION_BETWEEN)
		look_between(deadlines, connection, now_us);
	if (connection->state == CONNECTION_TAKING && connection->is_download)
		look_at_download(deadlines, connection, now_us);
	return now_us >= connection->due_us;
}

int64_t deadlines_sweep(struct deadlines *deadlines, int64_t now_us,
                        void (*late)(void *arg, struct connection *connection), void *arg)
{
	for (int looks = 0; looks < LOOKS_MAX && deadlines->first != NULL; looks++) {
		struct connection *connection = deadlines->first;

		if (now_us - connection->looked_us < deadlines->period_us)
			break;
		deadlines_remove(deadlines, connection);
		connection->looked_us = now_us;
		link_last(deadlines, connection);
		if (is_late(deadlines, connection, now_us))
			late(arg, connection);
	}
	if (deadlines->first == NULL)
		return INT64_MAX;
	return deadlines->first->looked_us + deadlines->period_us;
}
