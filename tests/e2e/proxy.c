/* proxy.c - passes bytes from one connection to another, or does not (proxy.h). */
#include "e2e/proxy.h"

#include "unit/unit.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define WAIT_S_MAX 60 /* only a fault of ours makes it that long */
#define PART_BYTES_MAX 65536
#define LATE_BYTES_MAX 4096
#define LATE_NS 2000000 /* for each part that is late */

/* ---- connections; the thread's ---- */

static bool is_free(const struct proxied *proxied)
{
	return proxied->client_fd < 0;
}

static void end(struct proxied *proxied)
{
	if (!is_free(proxied)) {
		(void)close(proxied->client_fd);
		(void)close(proxied->service_fd);
	}
	proxied->client_fd = proxied->service_fd = -1;
}

static int connect_to(int port)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	(void)close(fd);
	return -1;
}

/* Parts go on as they come, and one that nobody takes does not hold up the test's end. */
static void set_options(int fd)
{
	const struct timeval wait = {.tv_sec = WAIT_S_MAX};
	const int on = 1;

	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait));
}

static void hit(struct proxy *proxy)
{
	pthread_mutex_lock(&proxy->mutex);
	proxy->hits++;
	pthread_cond_broadcast(&proxy->changed);
	pthread_mutex_unlock(&proxy->mutex);
}

/* What the next connection meets, and where it goes. */
static struct proxied plan(struct proxy *proxy, int *ret_port)
{
	struct proxied proxied = {.client_fd = -1, .service_fd = -1};

	pthread_mutex_lock(&proxy->mutex);
	*ret_port = proxy->target_port;
	if (proxy->fault != FAULT_NONE && proxy->fault_times > 0) {
		proxied.fault = proxy->fault;
		proxied.answer_bytes_left = proxy->fault_bytes;
		proxy->fault_times -= proxy->fault_times == PROXY_TIMES_ALWAYS ? 0 : 1;
	}
	pthread_mutex_unlock(&proxy->mutex);
	return proxied;
}

static void take_connection(struct proxy *proxy)
{
	int port, fd = accept4(proxy->listen_fd, NULL, NULL, SOCK_CLOEXEC);
	struct proxied proxied = plan(proxy, &port);
	struct proxied *at = proxy->connections, *last = at + PROXY_CONNECTIONS_MAX;

	while (at < last && !is_free(at))
		at++;
	if (at < last && proxied.fault != FAULT_REFUSE && port != 0)
		proxied.service_fd = connect_to(port);
	if (proxied.service_fd < 0) {
		(void)close(fd);
	} else {
		proxied.client_fd = fd;
		set_options(proxied.client_fd);
		set_options(proxied.service_fd);
		*at = proxied;
	}
	/* The others strike when there are bytes. */
	if (proxied.fault == FAULT_REFUSE)
		hit(proxy);
}

/* ---- bytes; the thread's ---- */

static bool send_all(int fd, const char *bytes, size_t count)
{
	return send(fd, bytes, count, MSG_NOSIGNAL) == (ssize_t)count;
}

/* Each returns whether the connection goes on. */
static bool pass_request(struct proxy *proxy, struct proxied *proxied)
{
	char part[PART_BYTES_MAX];
	ssize_t count = recv(proxied->client_fd, part, sizeof(part), 0);

	if (count <= 0)
		return false;
	switch (proxied->fault) {
	case FAULT_SILENT: hit(proxy); return true;
	case FAULT_REPEAT:
		hit(proxy);
		if (!send_all(proxied->service_fd, part, (size_t)count))
			return false;
		break;
	default: break;
	}
	return send_all(proxied->service_fd, part, (size_t)count);
}

static bool pass_answer(struct proxy *proxy, struct proxied *proxied)
{
	char part[PART_BYTES_MAX];
	const struct timespec late = {.tv_nsec = LATE_NS};
	bool is_late = proxied->fault == FAULT_DELAY;
	ssize_t count = recv(proxied->service_fd, part, is_late ? LATE_BYTES_MAX : sizeof(part), 0);

	if (count <= 0)
		return false;
	if (is_late) {
		(void)nanosleep(&late, NULL);
		hit(proxy);
	}
	if (proxied->fault == FAULT_CUT && (size_t)count >= proxied->answer_bytes_left) {
		(void)send_all(proxied->client_fd, part, proxied->answer_bytes_left);
		hit(proxy);
		return false;
	}
	proxied->answer_bytes_left -= proxied->fault == FAULT_CUT ? (size_t)count : 0;
	return send_all(proxied->client_fd, part, (size_t)count);
}

/* ---- the thread ---- */

/* Whether it goes on. */
static bool take_wish(struct proxy *proxy)
{
	uint64_t count;

	ck_assert_int_eq(read(proxy->wake_fd, &count, sizeof(count)), sizeof(count));
	pthread_mutex_lock(&proxy->mutex);
	bool cutting = proxy->cutting, stopping = proxy->stopping;
	for (size_t i = 0; cutting && i < PROXY_CONNECTIONS_MAX; i++)
		end(&proxy->connections[i]);
	proxy->cutting = false;
	pthread_cond_broadcast(&proxy->changed);
	pthread_mutex_unlock(&proxy->mutex);
	return !stopping;
}

static void pass(struct proxy *proxy, struct proxied *proxied, const struct pollfd polled[2])
{
	if (!is_free(proxied) && polled[0].revents != 0 && !pass_request(proxy, proxied))
		end(proxied);
	if (!is_free(proxied) && polled[1].revents != 0 && !pass_answer(proxy, proxied))
		end(proxied);
}

static void *run(void *arg)
{
	struct proxy *proxy = arg;
	struct pollfd polled[2 + 2 * PROXY_CONNECTIONS_MAX];

	for (;;) {
		polled[0] = (struct pollfd){.fd = proxy->wake_fd, .events = POLLIN};
		polled[1] = (struct pollfd){.fd = proxy->listen_fd, .events = POLLIN};
		for (size_t i = 0; i < PROXY_CONNECTIONS_MAX; i++) {
			const struct proxied *at = &proxy->connections[i];

			polled[2 + 2 * i] = (struct pollfd){.fd = at->client_fd, .events = POLLIN};
			polled[3 + 2 * i] = (struct pollfd){.fd = at->service_fd, .events = POLLIN};
		}
		(void)poll(polled, ARRAY_LEN(polled), -1);
		if (polled[0].revents != 0 && !take_wish(proxy))
			return NULL;
		for (size_t i = 0; i < PROXY_CONNECTIONS_MAX; i++)
			pass(proxy, &proxy->connections[i], &polled[2 + 2 * i]);
		if (polled[1].revents != 0)
			take_connection(proxy);
	}
}

/* ---- the test's side ---- */

static void wake(struct proxy *proxy)
{
	const uint64_t one = 1;

	ck_assert_int_eq(write(proxy->wake_fd, &one, sizeof(one)), sizeof(one));
}

void proxy_start(struct proxy *proxy)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
	                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);

	*proxy = (struct proxy){.wake_fd = eventfd(0, EFD_CLOEXEC)};
	for (size_t i = 0; i < PROXY_CONNECTIONS_MAX; i++)
		proxy->connections[i] = (struct proxied){.client_fd = -1, .service_fd = -1};
	proxy->listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert(proxy->wake_fd >= 0 && proxy->listen_fd >= 0);
	ck_assert_int_eq(bind(proxy->listen_fd, (struct sockaddr *)&address, size), 0);
	ck_assert_int_eq(listen(proxy->listen_fd, PROXY_CONNECTIONS_MAX), 0);
	ck_assert_int_eq(getsockname(proxy->listen_fd, (struct sockaddr *)&address, &size), 0);
	proxy->port = ntohs(address.sin_port);
	pthread_mutex_init(&proxy->mutex, NULL);
	pthread_cond_init(&proxy->changed, NULL);
	ck_assert_int_eq(pthread_create(&proxy->thread, NULL, run, proxy), 0);
}

void proxy_stop(struct proxy *proxy)
{
	pthread_mutex_lock(&proxy->mutex);
	proxy->stopping = proxy->cutting = true;
	pthread_mutex_unlock(&proxy->mutex);
	wake(proxy);
	ck_assert_int_eq(pthread_join(proxy->thread, NULL), 0);
	(void)close(proxy->listen_fd);
	(void)close(proxy->wake_fd);
	pthread_cond_destroy(&proxy->changed);
	pthread_mutex_destroy(&proxy->mutex);
}

void proxy_target(struct proxy *proxy, int port)
{
	pthread_mutex_lock(&proxy->mutex);
	proxy->target_port = port;
	pthread_mutex_unlock(&proxy->mutex);
}

/* Returns when nothing is connected as it was before. */
void proxy_fault(struct proxy *proxy, enum fault fault, size_t bytes, size_t times)
{
	pthread_mutex_lock(&proxy->mutex);
	proxy->fault = fault;
	proxy->fault_bytes = bytes;
	proxy->fault_times = times;
	proxy->hits = 0;
	proxy->cutting = true;
	wake(proxy);
	while (proxy->cutting)
		pthread_cond_wait(&proxy->changed, &proxy->mutex);
	pthread_mutex_unlock(&proxy->mutex);
}

void proxy_mend(struct proxy *proxy)
{
	proxy_fault(proxy, FAULT_NONE, 0, 0);
}

void proxy_wait_hits(struct proxy *proxy, size_t hits)
{
	struct timespec until;
	int result = 0;

	ck_assert_int_eq(clock_gettime(CLOCK_REALTIME, &until), 0);
	until.tv_sec += WAIT_S_MAX;
	pthread_mutex_lock(&proxy->mutex);
	while (proxy->hits < hits && result == 0)
		result = pthread_cond_timedwait(&proxy->changed, &proxy->mutex, &until);
	size_t found = proxy->hits;
	pthread_mutex_unlock(&proxy->mutex);
	ck_assert_msg(found >= hits, "the fault struck %zu times, not %zu", found, hits);
}
