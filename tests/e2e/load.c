/* load.c - the load client (load.h). Requests are small, so sending them blocks; only reading waits
 * for epoll. */
#include "e2e/load.h"

#include "e2e/client.h"
#include "unit/unit.h"

#include <errno.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define REQUEST_BYTES_MAX 8192
#define EVENTS_MAX 64
/* Only a fault keeps all connections silent for so long. */
#define SILENCE_MS_MAX 30000

struct connection {
	int fd;          /* -1: ended */
	uint64_t number; /* of the request that is under way */
	size_t len;
	char in[LOAD_ANSWER_BYTES_MAX + 1]; /* NUL-terminated */
};

struct load {
	const struct load_plan *plan;
	struct load_result *result;
	int epoll_fd;
	size_t open;
	struct buf request;
	struct connection connections[LOAD_CONNECTIONS_MAX];
};

/* An answer that is whole, within a connection's `in`. */
struct parsed {
	int status;
	struct text body;
	bool closes;
};

static void end(struct load *load, struct connection *connection)
{
	(void)close(connection->fd);
	connection->fd = -1;
	load->open--;
}

static void lose(struct load *load, struct connection *connection)
{
	load->result->lost++;
	end(load, connection);
	load->plan->answered(load->plan->arg, connection->number, 0, TEXT_NONE);
}

static void send_next(struct load *load, struct connection *connection)
{
	struct buf *request = &load->request;

	if (load->result->sent == load->plan->requests) {
		end(load, connection);
		return;
	}
	connection->number = load->result->sent++;
	buf_reset(request);
	load->plan->make(load->plan->arg, connection->number, request);
	ck_assert(!request->full);
	if (send(connection->fd, request->data, request->len, MSG_NOSIGNAL) !=
	    (ssize_t)request->len)
		lose(load, connection);
}

/* The value of a header, or NULL. head is NUL-terminated behind the blank line. */
static const char *header_value(const char *head, const char *name)
{
	const char *line = head;
	size_t length = strlen(name);

	while ((line = strstr(line, "\r\n")) != NULL) {
		line += 2;
		if (strncasecmp(line, name, length) == 0 && line[length] == ':')
			return line + length + 1 + strspn(line + length + 1, " ");
	}
	return NULL;
}

static bool parse_answer(struct connection *connection, struct parsed *ret_parsed)
{
	char *blank = strstr(connection->in, "\r\n\r\n");
	char *end_of_number;

	if (blank == NULL)
		return false;
	char *body = blank + 4;
	char first = *body;
	*body = '\0'; /* the head ends here while it is searched */
	const char *length = header_value(connection->in, "Content-Length");
	const char *closes = header_value(connection->in, "Connection");
	*body = first;
	ck_assert_msg(length != NULL && strncmp(connection->in, "HTTP/1.1 ", 9) == 0, "answer: %s",
	              connection->in);
	ret_parsed->status = (int)strtol(connection->in + 9, &end_of_number, 10);
	ret_parsed->body = (struct text){body, strtoul(length, &end_of_number, 10)};
	ret_parsed->closes = closes != NULL && strncasecmp(closes, "close", 5) == 0;
	ck_assert_int_le(ret_parsed->status, LOAD_STATUS_MAX);
	return (size_t)(body - connection->in) + ret_parsed->body.len <= connection->len;
}

static void receive(struct load *load, struct connection *connection)
{
	struct parsed parsed;
	ssize_t count = recv(connection->fd, connection->in + connection->len,
	                     LOAD_ANSWER_BYTES_MAX - connection->len, MSG_DONTWAIT);

	if (count < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (count <= 0) { /* the end; a full buffer, too: no answer is so long */
		lose(load, connection);
		return;
	}
	connection->len += (size_t)count;
	connection->in[connection->len] = '\0';
	if (!parse_answer(connection, &parsed))
		return;
	connection->len = 0;
	load->result->answered++;
	load->result->by_status[parsed.status]++;
	load->plan->answered(load->plan->arg, connection->number, parsed.status, parsed.body);
	if (parsed.closes)
		end(load, connection);
	else
		send_next(load, connection);
}

static void open_all(struct load *load)
{
	load->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	ck_assert_int_ge(load->epoll_fd, 0);
	for (size_t i = 0; i < load->plan->connections; i++) {
		struct connection *connection = &load->connections[i];
		struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
		connection->fd = raw_connect(load->plan->port);
		int added = epoll_ctl(load->epoll_fd, EPOLL_CTL_ADD, connection->fd, &event);
		ck_assert_int_eq(added, 0);
		load->open++;
	}
}

static void run_to_end(struct load *load)
{
	struct epoll_event events[EVENTS_MAX];

	while (load->open > 0) {
		int count = epoll_wait(load->epoll_fd, events, EVENTS_MAX, SILENCE_MS_MAX);
		ck_assert(count >= 0 || errno == EINTR);
		if (count == 0)
			return;
		for (int i = 0; i < count; i++)
			receive(load, events[i].data.ptr);
	}
}

void load_run(const struct load_plan *plan, struct load_result *result)
{
	struct load *load = calloc(1, sizeof(*load));

	ck_assert(load != NULL && plan->connections <= LOAD_CONNECTIONS_MAX);
	*result = (struct load_result){0};
	load->plan = plan;
	load->result = result;
	buf_init(&load->request, REQUEST_BYTES_MAX);
	open_all(load);
	for (size_t i = 0; i < plan->connections; i++)
		send_next(load, &load->connections[i]);
	run_to_end(load);
	for (size_t i = 0; i < plan->connections; i++)
		if (load->connections[i].fd >= 0)
			end(load, &load->connections[i]);
	(void)close(load->epoll_fd);
	buf_release(&load->request);
	free(load);
}

void load_get(struct buf *out, const char *path)
{
	buf_addf(out, "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", path);
}

void load_post(struct buf *out, const char *path, const char *headers, const char *body)
{
	buf_addf(out,
	         "POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
	         "Content-Length: %zu\r\n%s\r\n%s",
	         path, strlen(body), headers, body);
}
