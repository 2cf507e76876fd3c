/* http_client.c - blocking sockets and as much HTTP as finding the end of an answer takes. */
#include "unit/http_client.h"

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define DRIBBLE_MS 5

static void set_waits(int fd)
{
	struct timeval wait = {.tv_sec = CLIENT_WAIT_S};

	ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)), 0);
	ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait)), 0);
}

static int open_v4(int port, bool *ret_is_open)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
	                         .sin_port = htons((uint16_t)port),
	                         .sin_addr = {htonl(INADDR_LOOPBACK)}};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_ge(fd, 0);
	*ret_is_open = connect(fd, (const void *)&to, sizeof(to)) == 0;
	return fd;
}

static int open_v6(int port, bool *ret_is_open)
{
	struct sockaddr_in6 to = {.sin6_family = AF_INET6,
	                          .sin6_port = htons((uint16_t)port),
	                          .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_ge(fd, 0);
	*ret_is_open = connect(fd, (const void *)&to, sizeof(to)) == 0;
	return fd;
}

int client_connect(const char *address, int port)
{
	bool is_open;
	int fd = strcmp(address, "::1") == 0 ? open_v6(port, &is_open) : open_v4(port, &is_open);

	ck_assert_msg(is_open, "cannot connect to %s port %d", address, port);
	set_waits(fd);
	return fd;
}

bool client_can_connect(int port)
{
	bool is_open;
	int fd = open_v4(port, &is_open);

	(void)close(fd);
	return is_open;
}

void client_send(int fd, struct text bytes)
{
	while (bytes.len > 0) {
		ssize_t count = send(fd, bytes.ptr, bytes.len, MSG_NOSIGNAL);

		if (count <= 0)
			return;
		bytes.ptr += count;
		bytes.len -= (size_t)count;
	}
}

void client_send_str(int fd, const char *bytes)
{
	client_send(fd, text_of(bytes));
}

void client_send_zeros(int fd, size_t count)
{
	static const char zeros[65536] = {'0'};

	for (size_t sent = 0; sent < count; sent += sizeof(zeros)) {
		size_t left = count - sent;

		client_send(fd, (struct text){zeros, left < sizeof(zeros) ? left : sizeof(zeros)});
	}
}

/* Byte by byte, to take nothing of the next answer. */
static size_t receive_header(int fd, char *answer)
{
	size_t len = 0;

	while (len < 4 || memcmp(answer + len - 4, "\r\n\r\n", 4) != 0) {
		ck_assert_uint_lt(len, CLIENT_ANSWER_BYTES_MAX - 1);
		if (recv(fd, answer + len, 1, 0) != 1) {
			ck_assert_msg(len == 0, "half an answer");
			break;
		}
		len++;
	}
	answer[len] = '\0';
	return len;
}

static int status_of(const char *answer)
{
	if (answer[0] == '\0')
		return 0;
	ck_assert_msg(strncmp(answer, "HTTP/1.1 ", 9) == 0, "not HTTP: %s", answer);
	return (int)strtol(answer + 9, NULL, 10);
}

static char own_buffer[CLIENT_ANSWER_BYTES_MAX];

int client_receive_header(int fd, char ret_answer[CLIENT_ANSWER_BYTES_MAX])
{
	char *answer = ret_answer == NULL ? own_buffer : ret_answer;

	(void)receive_header(fd, answer);
	return status_of(answer);
}

int client_receive(int fd, char ret_answer[CLIENT_ANSWER_BYTES_MAX])
{
	char *answer = ret_answer == NULL ? own_buffer : ret_answer;
	size_t len = receive_header(fd, answer);

	if (len > 0) {
		const char *line = strstr(answer, "\r\nContent-Length: ");

		ck_assert_ptr_nonnull(line);
		size_t body_len = strtoul(line + strlen("\r\nContent-Length: "), NULL, 10);
		ck_assert_uint_lt(len + body_len, CLIENT_ANSWER_BYTES_MAX);
		if (body_len > 0)
			ck_assert_int_eq(recv(fd, answer + len, body_len, MSG_WAITALL),
			                 (ssize_t)body_len);
		answer[len + body_len] = '\0';
	}
	return status_of(answer);
}

/* A reset counts as an end: the server may close while we still send. */
bool client_is_closed(int fd)
{
	char byte;
	struct pollfd readable = {.fd = fd, .events = POLLIN};

	return poll(&readable, 1, CLIENT_WAIT_S * 1000) == 1 && recv(fd, &byte, 1, 0) <= 0;
}

size_t client_read_to_end(int fd)
{
	static char part[65536];
	size_t total = 0;
	ssize_t count;

	while ((count = recv(fd, part, sizeof(part), 0)) > 0)
		total += (size_t)count;
	ck_assert_msg(count == 0 || errno == ECONNRESET, "the server does not end the connection");
	return total;
}

void client_dribble(int fd)
{
	struct pollfd readable = {.fd = fd, .events = POLLIN};

	for (int i = 0; i < CLIENT_WAIT_S * 1000 / DRIBBLE_MS; i++) {
		if (poll(&readable, 1, DRIBBLE_MS) != 0)
			return;
		client_send_str(fd, "a");
	}
	ck_abort_msg("the server lets a client dribble");
}
