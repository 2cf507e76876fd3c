/* receiver.h - someone who receives webhooks, on a thread of its own: answers each request as it is
 * told, and keeps what came. */
#ifndef E2E_RECEIVER_H
#define E2E_RECEIVER_H

#include "base/base.h"

#include <pthread.h>

#define RECEIVER_KEPT_MAX 512
#define RECEIVER_CONNECTIONS_MAX 32
#define RECEIVER_BYTES_MAX 32768
#define RECEIVER_HEADER_SIZE 256

enum reply {
	REPLY_OK,
	REPLY_LATE,     /* 200, a tenth of a second later */
	REPLY_NONE,     /* never */
	REPLY_DROP,     /* closes without an answer */
	REPLY_ERROR,    /* 500 */
	REPLY_REDIRECT, /* 302, to itself */
	REPLY_GONE,     /* 410 */
	REPLY_ENDLESS,  /* 200, and a body that does not end */
};

struct received {
	enum reply reply;
	int64_t seq; /* of the event */
	char id[RECEIVER_HEADER_SIZE], timestamp[RECEIVER_HEADER_SIZE],
		signature[RECEIVER_HEADER_SIZE];
	char *body; /* owned */
};

struct connection {
	int fd; /* -1: free */
	size_t len;
	char bytes[RECEIVER_BYTES_MAX];
};

struct receiver {
	int port;
	/* The replies to the first requests, one after the other; then `otherwise`. */
	const enum reply *script;
	size_t script_count;
	enum reply otherwise;
	int listen_fd, stop_fd;
	pthread_t thread;
	struct connection connections[RECEIVER_CONNECTIONS_MAX]; /* the thread's */
	pthread_mutex_t mutex; /* guards the rest, `otherwise` too */
	pthread_cond_t came;
	struct received kept[RECEIVER_KEPT_MAX];
	size_t count;
	size_t connected; /* connections that ever came */
};

/* script may be NULL where script_count is 0. */
void receiver_start(struct receiver *receiver, const enum reply *script, size_t script_count);
void receiver_stop(struct receiver *receiver);
void receiver_reply_otherwise(struct receiver *receiver, enum reply reply);
/* Waits until the event was answered with 200; a long time without fails the test. */
void receiver_wait(struct receiver *receiver, int64_t seq);
/* Waits until so many requests came. */
void receiver_wait_count(struct receiver *receiver, size_t count);
size_t receiver_count(struct receiver *receiver);

#endif
