/* http_daemon.c - how libmicrohttpd is set up: its limits, and what it calls. */
#include "web/http_daemon.h"

#include "web/intake.h"
#include "web/tls.h"

#include <string.h>

/* Each of headers and parameters costs libmicrohttpd one entry of its connection memory. */
#define ENTRY_BYTES 64
#define ANSWER_HEADER_BYTES_MAX 2048
/* libmicrohttpd clears this for each request: as small as the limits allow. */
#define CONNECTION_BYTES \
	(HTTP_HEADER_BYTES_MAX + ENTRY_BYTES * (HTTP_HEADERS_MAX + QUERY_PARAMETERS_MAX) + \
	 ANSWER_HEADER_BYTES_MAX)

static size_t keep_escapes(void *arg, struct MHD_Connection *connection, char *text)
{
	(void)arg;
	(void)connection;
	return strlen(text);
}

struct MHD_Daemon *http_daemon_start(const struct http_options *options, int listen_fd,
                                     int64_t connections_max,
                                     const struct http_callbacks *callbacks, void *arg)
{
	static char priorities[] = TLS_PRIORITIES; /* libmicrohttpd only reads it */
	bool has_tls = options->tls != NULL;
	int64_t idle_s = (options->idle_timeout_us + US_PER_S - 1) / US_PER_S;
	const struct MHD_OptionItem items[] = {
		{MHD_OPTION_LISTEN_SOCKET, listen_fd, NULL},
		{MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_BYTES, NULL},
		{MHD_OPTION_CONNECTION_LIMIT, connections_max, NULL},
		{MHD_OPTION_CONNECTION_TIMEOUT, idle_s, NULL},
		{MHD_OPTION_UNESCAPE_CALLBACK, (intptr_t)keep_escapes, NULL},
		{MHD_OPTION_URI_LOG_CALLBACK, (intptr_t)callbacks->request_line, arg},
		{MHD_OPTION_NOTIFY_COMPLETED, (intptr_t)callbacks->request_ended, arg},
		{MHD_OPTION_NOTIFY_CONNECTION, (intptr_t)callbacks->connection, arg},
		/* The rest is for TLS alone. */
		{has_tls ? MHD_OPTION_HTTPS_PRIORITIES : MHD_OPTION_END, 0, priorities},
		{MHD_OPTION_HTTPS_CERT_CALLBACK, 0, (void *)(uintptr_t)tls_no_certificate},
		{MHD_OPTION_END, 0, NULL},
	};
	unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME;

	return MHD_start_daemon(has_tls ? flags | MHD_USE_TLS : flags, 0, callbacks->accept, arg,
	                        callbacks->request, arg, MHD_OPTION_ARRAY, items, MHD_OPTION_END);
}
