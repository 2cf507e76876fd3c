/* proxy.h - a TCP proxy in front of a service, on a thread of its own: one address that lasts while
 * the service dies and comes back on another port, and a network that fails as it is told. */
#ifndef E2E_PROXY_H
#define E2E_PROXY_H

#include "base/base.h"

#include <pthread.h>

#define PROXY_CONNECTIONS_MAX 32
#define PROXY_TIMES_ALWAYS SIZE_MAX

enum fault {
	FAULT_NONE,
	FAULT_REFUSE, /* a connection is closed as soon as it comes */
	FAULT_SILENT, /* bytes are swallowed, and nothing is closed */
	FAULT_DELAY,  /* answers come in small pieces, each of them late */
	FAULT_CUT,    /* the connection ends after some bytes of its answers */
	FAULT_REPEAT, /* the bytes of a request reach the service twice */
};

/* One connection and the one made for it. The thread's. */
struct proxied {
	int client_fd, service_fd; /* both -1: free */
	enum fault fault;          /* as it was when the connection came */
	size_t answer_bytes_left;  /* of FAULT_CUT */
};

struct proxy {
	int port;
	int listen_fd, wake_fd;
	pthread_t thread;
	struct proxied connections[PROXY_CONNECTIONS_MAX];
	pthread_mutex_t mutex; /* guards the rest */
	pthread_cond_t changed;
	bool stopping, cutting;
	int target_port; /* 0: there is no service */
	enum fault fault;
	size_t fault_bytes, fault_times;
	size_t hits; /* how many connections the present fault has struck */
};

/* On a free port. Connections are closed at once until there is a target. */
void proxy_start(struct proxy *proxy);
void proxy_stop(struct proxy *proxy);
/* Where the service is now; 0: nowhere. Connections that there are stay. */
void proxy_target(struct proxy *proxy, int port);
/* Ends what is connected; the next `times` connections meet the fault, those behind them do not.
 * bytes: after how many of its answers FAULT_CUT ends a connection. */
void proxy_fault(struct proxy *proxy, enum fault fault, size_t bytes, size_t times);
/* FAULT_NONE, from now on, of new connections; ends those that there are. */
void proxy_mend(struct proxy *proxy);
/* Waits until the fault has struck so many connections; a long time without fails the test. */
void proxy_wait_hits(struct proxy *proxy, size_t hits);

#endif
