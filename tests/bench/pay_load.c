/* pay_load.c - sends POST /pay, each with an order of its own, over many keep-alive connections,
 * each its next one when the last one was answered: for what wrk cannot tell, latencies by status,
 * a request that is never answered, and which payments were acknowledged. One thread, one epoll.
 * Prints one JSON object. usage: pay_load PORT CONNECTIONS REQUESTS [FILE] FILE  gets the
 * payment_id of each payment that was acknowledged, one a line. */
#include "base/base.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CONNECTIONS_MAX 4096
#define REQUEST_BYTES_MAX 512
#define ANSWER_BYTES_MAX 4096
#define EVENTS_MAX 256
#define PAYMENT_ID_CHARS 30
/* When nothing at all comes for so long, what is not answered yet never will be. */
#define SILENCE_MS 10000
/* Latencies are counted in steps of 10 us; the last one holds what took 2 s or more. */
#define STEP_US 10
#define STEPS 200000

enum verdict { ACCEPTED, REFUSED, OTHER, VERDICTS };
static const char *const verdict_names[] = {"accepted", "refused", "other"};

struct latencies {
	uint64_t count;
	uint32_t steps[STEPS];
};

struct connection {
	int fd; /* -1: ended */
	bool busy;
	int64_t sent_us; /* its request */
	size_t len;
	char in[ANSWER_BYTES_MAX + 1]; /* NUL-terminated */
};

struct load {
	struct sockaddr_in server;
	size_t connections_count, open_count, idle_count;
	uint64_t requests, sent, answered, lost;
	int64_t began_us;
	int64_t run_us; /* when it began; in the order ids, so that no other run has the same */
	int epoll_fd;
	FILE *acknowledged; /* NULL: not wanted */
	struct latencies latencies[VERDICTS];
	struct connection *idle[CONNECTIONS_MAX];
	struct connection connections[CONNECTIONS_MAX];
};

static _Noreturn void die(const char *what)
{
	(void)fprintf(stderr, "pay_load: %s: %s\n", what, strerror(errno));
	exit(2);
}

static int64_t clock_us(clockid_t clock)
{
	struct timespec now;

	(void)clock_gettime(clock, &now);
	return now.tv_sec * US_PER_S + now.tv_nsec / 1000;
}

static int64_t monotonic_us(void)
{
	return clock_us(CLOCK_MONOTONIC);
}

/* ---- latencies ---- */

static void latency_add(struct latencies *latencies, int64_t latency_us)
{
	int64_t step = latency_us / STEP_US;

	latencies->steps[step < STEPS ? step : STEPS - 1]++;
	latencies->count++;
}

static double latency_ms(const struct latencies *latencies, double percent)
{
	double wanted = (double)latencies->count * percent / 100;
	uint64_t seen = 0;

	for (int step = 0; step < STEPS; step++) {
		seen += latencies->steps[step];
		if (latencies->count > 0 && (double)seen >= wanted)
			return (double)(step + 1) * STEP_US / 1e3;
	}
	return 0;
}

/* ---- one connection ---- */

static void end(struct load *load, struct connection *connection)
{
	(void)close(connection->fd);
	connection->fd = -1;
	load->open_count--;
	if (connection->busy)
		load->lost++;
	connection->busy = false;
}

static void send_payment(struct load *load, struct connection *connection, int64_t sent_us)
{
	char body[REQUEST_BYTES_MAX / 2], request[REQUEST_BYTES_MAX];
	int body_len = snprintf(body, sizeof(body),
	                        "{\"order_id\":\"load-%" PRId64 "-%" PRIu64 "\",\"amount\":10.99}",
	                        load->run_us, load->sent);
	int len = snprintf(request, sizeof(request),
	                   "POST /pay HTTP/1.1\r\nHost: 127.0.0.1\r\n"
	                   "Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
	                   body_len, body);

	connection->busy = true;
	connection->sent_us = sent_us;
	connection->len = 0;
	load->sent++;
	if (send(connection->fd, request, (size_t)len, MSG_NOSIGNAL) != len)
		end(load, connection);
}

/* The status of an answer that is whole, else 0; *ret_body is its body. */
static long whole_answer(const struct connection *connection, const char **ret_body)
{
	static const char length_name[] = "Content-Length: ";
	const char *blank = strstr(connection->in, "\r\n\r\n");
	const char *length = strstr(connection->in, length_name);

	if (blank == NULL || length == NULL)
		return 0;
	*ret_body = blank + 4;
	size_t body_len = strtoul(length + sizeof(length_name) - 1, NULL, 10);
	if (connection->len < (size_t)(*ret_body - connection->in) + body_len)
		return 0;
	return strtol(connection->in + sizeof("HTTP/1.1 ") - 1, NULL, 10);
}

static void note_payment(const struct load *load, const char *body)
{
	static const char name[] = "\"payment_id\":\"";
	const char *id = strstr(body, name);

	if (load->acknowledged != NULL && id != NULL)
		(void)fprintf(load->acknowledged, "%.*s\n", PAYMENT_ID_CHARS,
		              id + sizeof(name) - 1);
}

static void receive(struct load *load, struct connection *connection)
{
	const char *body;
	ssize_t count = recv(connection->fd, connection->in + connection->len,
	                     ANSWER_BYTES_MAX - connection->len, MSG_DONTWAIT);

	if (count < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (count <= 0) { /* the end; a full buffer, too: no answer is so long */
		end(load, connection);
		return;
	}
	connection->len += (size_t)count;
	connection->in[connection->len] = '\0';
	long status = whole_answer(connection, &body);
	if (status == 0)
		return;
	enum verdict verdict = status == 200 ? ACCEPTED : status == 503 ? REFUSED : OTHER;
	latency_add(&load->latencies[verdict], monotonic_us() - connection->sent_us);
	if (verdict == ACCEPTED)
		note_payment(load, body);
	load->answered++;
	connection->busy = false;
	load->idle[load->idle_count++] = connection;
}

/* ---- all of them ---- */

static void open_all(struct load *load)
{
	load->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	for (size_t i = 0; i < load->connections_count; i++) {
		struct connection *connection = &load->connections[i];
		struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};

		connection->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (connection->fd < 0 ||
		    connect(connection->fd, (const struct sockaddr *)&load->server,
		            sizeof(load->server)) != 0 ||
		    epoll_ctl(load->epoll_fd, EPOLL_CTL_ADD, connection->fd, &event) != 0)
			die("cannot connect");
		load->idle[load->idle_count++] = connection;
		load->open_count++;
	}
}

static void send_next(struct load *load)
{
	while (load->idle_count > 0 && load->sent < load->requests) {
		struct connection *connection = load->idle[--load->idle_count];

		if (connection->fd >= 0) /* else the other side closed it meanwhile */
			send_payment(load, connection, monotonic_us());
	}
}

/* False when all was silent. */
static bool wait_and_receive(struct load *load)
{
	struct epoll_event events[EVENTS_MAX];
	int count = epoll_wait(load->epoll_fd, events, EVENTS_MAX, SILENCE_MS);

	if (count < 0 && errno != EINTR)
		die("cannot wait");
	for (int i = 0; i < count; i++)
		receive(load, events[i].data.ptr);
	return count != 0;
}

static void run_load(struct load *load)
{
	load->began_us = monotonic_us();
	do {
		send_next(load);
		if (load->sent == load->requests && load->answered + load->lost == load->sent)
			return;
	} while (load->open_count > 0 && wait_and_receive(load));
}

static void print_result(const struct load *load)
{
	double seconds = (double)(monotonic_us() - load->began_us) / 1e6;

	(void)printf("{\"seconds\":%.3f,\"sent\":%" PRIu64 ",\"lost\":%" PRIu64
	             ",\"stuck\":%" PRIu64,
	             seconds, load->sent, load->lost, load->sent - load->answered - load->lost);
	for (int i = 0; i < VERDICTS; i++)
		(void)printf(",\"%s\":{\"count\":%" PRIu64 ",\"p50_ms\":%.2f,\"p99_ms\":%.2f}",
		             verdict_names[i], load->latencies[i].count,
		             latency_ms(&load->latencies[i], 50),
		             latency_ms(&load->latencies[i], 99));
	(void)puts("}");
}

int main(int argc, char **argv)
{
	static struct load load;

	if (argc < 4 || argc > 5) {
		(void)fputs("usage: pay_load PORT CONNECTIONS REQUESTS [FILE]\n", stderr);
		return 2;
	}
	load.server = (struct sockaddr_in){.sin_family = AF_INET,
	                                   .sin_port = htons((uint16_t)strtoul(argv[1], NULL, 10)),
	                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	load.connections_count = strtoul(argv[2], NULL, 10);
	load.requests = strtoull(argv[3], NULL, 10);
	ensure(load.connections_count <= CONNECTIONS_MAX);
	load.run_us = clock_us(CLOCK_REALTIME);
	if (argc == 5 && (load.acknowledged = fopen(argv[4], "we")) == NULL)
		die(argv[4]);
	open_all(&load);
	run_load(&load);
	print_result(&load);
	if (load.acknowledged != NULL && fclose(load.acknowledged) != 0)
		die(argv[4]);
	return 0;
}
