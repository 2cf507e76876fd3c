/* http_daemon.h - libmicrohttpd's daemon with our limits. For http.c. */
#ifndef WEB_HTTP_DAEMON_H
#define WEB_HTTP_DAEMON_H

#include "web/http.h"

#include <microhttpd.h>

/* What it calls, each with the same arg first. */
struct http_callbacks {
	MHD_AcceptPolicyCallback accept;
	MHD_AccessHandlerCallback request;
	void *(*request_line)(void *arg, const char *target, struct MHD_Connection *connection);
	MHD_RequestCompletedCallback request_ended;
	MHD_NotifyConnectionCallback connection;
};

/* Without a thread of its own. It owns listen_fd from then on; NULL: no memory or descriptor, and
 * listen_fd is still the caller's. */
must_use struct MHD_Daemon *http_daemon_start(const struct http_options *options, int listen_fd,
                                              int64_t connections_max,
                                              const struct http_callbacks *callbacks, void *arg);

#endif
