/* load.h - many keep-alive connections at once: each sends its next request as soon as its last one
 * is answered. One thread, one epoll. Knows just enough HTTP for that: status, Content-Length,
 * Connection: close. */
#ifndef E2E_LOAD_H
#define E2E_LOAD_H

#include "base/buf.h"

#define LOAD_CONNECTIONS_MAX 512
#define LOAD_ANSWER_BYTES_MAX 16384
#define LOAD_STATUS_MAX 599

struct load_plan {
	int port;
	size_t connections;
	uint64_t requests; /* numbered 0, 1, 2, ... in the order of sending */
	/* Adds the bytes of a request to out. */
	void (*make)(void *arg, uint64_t number, struct buf *out);
	/* The answer to a request, whole. status 0: the connection ended without one. */
	void (*answered)(void *arg, uint64_t number, int status, struct text body);
	void *arg;
};

struct load_result {
	uint64_t sent;
	uint64_t answered;
	uint64_t lost; /* the connection ended first; what is neither answered nor lost is stuck */
	uint64_t by_status[LOAD_STATUS_MAX + 1];
};

/* Opens all connections, then runs until every request has its answer, or every connection has
 * ended: one that the other side ended is not opened again. When nothing at all arrives for a long
 * time, what is not answered by then is stuck. */
void load_run(const struct load_plan *plan, struct load_result *result);

/* Requests, for `make`. headers are whole lines, each with its CRLF, or "". */
void load_get(struct buf *out, const char *path);
void load_post(struct buf *out, const char *path, const char *headers, const char *body);

#endif
