/* receiver.c - HTTP/1.1 by hand, as little as our own requests need (receiver.h). */
#include "e2e/receiver.h"

#include "unit/unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define WAIT_S_MAX 60 /* only a fault makes it that long */
#define ENDLESS_BYTES (1 << 20)

/* ---- replies ---- */

static void say(int fd, const char *status, const char *header)
{
	char text[256];
	int len = snprintf(text, sizeof(text), "HTTP/1.1 %s\r\n%sContent-Length: 0\r\n\r\n", status,
	                   header);

	(void)send(fd, text, (size_t)len, MSG_NOSIGNAL);
}

static void say_endless(int fd)
{
	static const char head[] = "HTTP/1.1 200 OK\r\n\r\n";
	static char block[4096];

	(void)send(fd, head, sizeof(head) - 1, MSG_NOSIGNAL);
	for (size_t sent = 0; sent < ENDLESS_BYTES; sent += sizeof(block))
		if (send(fd, block, sizeof(block), MSG_NOSIGNAL) < 0)
			return;
}

/* False: the connection ends. */
static bool answer(const struct receiver *receiver, int fd, enum reply reply)
{
	const struct timespec late = {.tv_nsec = 100000000};
	char location[128];

	switch (reply) {
	case REPLY_NONE: return true;
	case REPLY_DROP: return false;
	case REPLY_LATE:
		(void)nanosleep(&late, NULL);
		say(fd, "200 OK", "");
		return true;
	case REPLY_OK: say(fd, "200 OK", ""); return true;
	case REPLY_ERROR: say(fd, "500 No", ""); return true;
	case REPLY_GONE: say(fd, "410 Gone", ""); return true;
	case REPLY_REDIRECT:
		(void)snprintf(location, sizeof(location),
		               "Location: http://127.0.0.1:%d/elsewhere\r\n", receiver->port);
		say(fd, "302 Found", location);
		return true;
	case REPLY_ENDLESS: say_endless(fd); return false;
	}
	return false;
}

/* ---- requests ---- */

static void copy_header(const char *head, const char *name, char out[RECEIVER_HEADER_SIZE])
{
	size_t len = strlen(name);

	out[0] = '\0';
	for (const char *line = head; line != NULL; line = strstr(line, "\r\n")) {
		line += line == head ? 0 : 2;
		if (strncasecmp(line, name, len) == 0 && line[len] == ':') {
			(void)snprintf(out, RECEIVER_HEADER_SIZE, "%.*s",
			               (int)strcspn(line + len + 2, "\r"), line + len + 2);
			return;
		}
	}
}

static enum reply keep(struct receiver *receiver, const char *head, const char *body, size_t len)
{
	struct received *kept;
	const char *seq;

	pthread_mutex_lock(&receiver->mutex);
	ck_assert_uint_lt(receiver->count, RECEIVER_KEPT_MAX);
	kept = &receiver->kept[receiver->count];
	kept->reply = receiver->count < receiver->script_count ? receiver->script[receiver->count]
	                                                       : receiver->otherwise;
	copy_header(head, "webhook-id", kept->id);
	copy_header(head, "webhook-timestamp", kept->timestamp);
	copy_header(head, "webhook-signature", kept->signature);
	kept->body = strndup(body, len);
	seq = strstr(kept->body, "\"seq\":");
	kept->seq = seq == NULL ? 0 : strtoll(seq + 6, NULL, 10);
	enum reply reply = kept->reply;
	pthread_mutex_unlock(&receiver->mutex);
	return reply;
}

static void count(struct receiver *receiver)
{
	pthread_mutex_lock(&receiver->mutex);
	receiver->count++;
	pthread_cond_broadcast(&receiver->came);
	pthread_mutex_unlock(&receiver->mutex);
}

/* Answers the request when it is whole. False: the connection ends. */
static bool take(struct receiver *receiver, struct connection *connection)
{
	char length[RECEIVER_HEADER_SIZE], *head_end;
	ssize_t got = recv(connection->fd, connection->bytes + connection->len,
	                   RECEIVER_BYTES_MAX - connection->len - 1, 0);

	if (got <= 0)
		return false;
	connection->len += (size_t)got;
	connection->bytes[connection->len] = '\0';
	head_end = strstr(connection->bytes, "\r\n\r\n");
	if (head_end == NULL)
		return true;
	copy_header(connection->bytes, "Content-Length", length);
	size_t body_len = strtoul(length, NULL, 10);
	if (connection->len < (size_t)(head_end + 4 - connection->bytes) + body_len)
		return true;
	*head_end = '\0';
	enum reply reply = keep(receiver, connection->bytes, head_end + 4, body_len);
	connection->len = 0;
	bool goes_on = answer(receiver, connection->fd, reply);
	count(receiver);
	return goes_on;
}

static void accept_one(struct receiver *receiver)
{
	int fd = accept(receiver->listen_fd, NULL, NULL);

	pthread_mutex_lock(&receiver->mutex);
	receiver->connected++;
	pthread_mutex_unlock(&receiver->mutex);
	for (size_t i = 0; i < RECEIVER_CONNECTIONS_MAX; i++) {
		if (receiver->connections[i].fd >= 0)
			continue;
		receiver->connections[i].fd = fd;
		receiver->connections[i].len = 0;
		return;
	}
	(void)close(fd);
}

static void *run(void *arg)
{
	struct receiver *receiver = arg;
	struct pollfd polled[RECEIVER_CONNECTIONS_MAX + 2];

	for (;;) {
		polled[0] = (struct pollfd){.fd = receiver->stop_fd, .events = POLLIN};
		polled[1] = (struct pollfd){.fd = receiver->listen_fd, .events = POLLIN};
		for (size_t i = 0; i < RECEIVER_CONNECTIONS_MAX; i++)
			polled[i + 2] = (struct pollfd){.fd = receiver->connections[i].fd,
			                                .events = POLLIN};
		(void)poll(polled, ARRAY_LEN(polled), -1);
		if (polled[0].revents != 0)
			return NULL;
		for (size_t i = 0; i < RECEIVER_CONNECTIONS_MAX; i++) {
			struct connection *connection = &receiver->connections[i];

			if (polled[i + 2].revents == 0 || take(receiver, connection))
				continue;
			(void)close(connection->fd);
			connection->fd = -1;
		}
		if (polled[1].revents != 0)
			accept_one(receiver);
	}
}

void receiver_start(struct receiver *receiver, const enum reply *script, size_t script_count)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
	                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);

	*receiver = (struct receiver){.script = script, .script_count = script_count};
	for (size_t i = 0; i < RECEIVER_CONNECTIONS_MAX; i++)
		receiver->connections[i].fd = -1;
	receiver->stop_fd = eventfd(0, EFD_CLOEXEC);
	receiver->listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert(receiver->stop_fd >= 0 && receiver->listen_fd >= 0);
	ck_assert_int_eq(bind(receiver->listen_fd, (struct sockaddr *)&address, size), 0);
	ck_assert_int_eq(listen(receiver->listen_fd, 16), 0);
	ck_assert_int_eq(getsockname(receiver->listen_fd, (struct sockaddr *)&address, &size), 0);
	receiver->port = ntohs(address.sin_port);
	pthread_mutex_init(&receiver->mutex, NULL);
	pthread_cond_init(&receiver->came, NULL);
	ck_assert_int_eq(pthread_create(&receiver->thread, NULL, run, receiver), 0);
}

void receiver_stop(struct receiver *receiver)
{
	const uint64_t one = 1;

	ck_assert_int_eq(write(receiver->stop_fd, &one, sizeof(one)), sizeof(one));
	ck_assert_int_eq(pthread_join(receiver->thread, NULL), 0);
	for (size_t i = 0; i < RECEIVER_CONNECTIONS_MAX; i++)
		if (receiver->connections[i].fd >= 0)
			(void)close(receiver->connections[i].fd);
	for (size_t i = 0; i < receiver->count; i++)
		free(receiver->kept[i].body);
	(void)close(receiver->listen_fd);
	(void)close(receiver->stop_fd);
	pthread_cond_destroy(&receiver->came);
	pthread_mutex_destroy(&receiver->mutex);
}

void receiver_reply_otherwise(struct receiver *receiver, enum reply reply)
{
	pthread_mutex_lock(&receiver->mutex);
	receiver->otherwise = reply;
	pthread_mutex_unlock(&receiver->mutex);
}

static bool has_taken(const struct receiver *receiver, int64_t seq)
{
	for (size_t i = 0; i < receiver->count; i++) {
		enum reply reply = receiver->kept[i].reply;

		if (receiver->kept[i].seq == seq &&
		    (reply == REPLY_OK || reply == REPLY_LATE || reply == REPLY_ENDLESS))
			return true;
	}
	return false;
}

/* Until the seq was taken, or there are so many; INT64_MAX and SIZE_MAX are never reached. */
static void wait_for(struct receiver *receiver, int64_t seq, size_t count_min)
{
	struct timespec until;
	int result = 0;

	ck_assert_int_eq(clock_gettime(CLOCK_REALTIME, &until), 0);
	until.tv_sec += WAIT_S_MAX;
	pthread_mutex_lock(&receiver->mutex);
	while (!has_taken(receiver, seq) && receiver->count < count_min && result == 0)
		result = pthread_cond_timedwait(&receiver->came, &receiver->mutex, &until);
	size_t came = receiver->count;
	pthread_mutex_unlock(&receiver->mutex);
	ck_assert_msg(result == 0, "event %lld did not come; %zu requests did", (long long)seq,
	              came);
}

void receiver_wait(struct receiver *receiver, int64_t seq)
{
	wait_for(receiver, seq, SIZE_MAX);
}

void receiver_wait_count(struct receiver *receiver, size_t count_min)
{
	wait_for(receiver, INT64_MAX, count_min);
}

size_t receiver_count(struct receiver *receiver)
{
	pthread_mutex_lock(&receiver->mutex);
	size_t came = receiver->count;
	pthread_mutex_unlock(&receiver->mutex);
	return came;
}
