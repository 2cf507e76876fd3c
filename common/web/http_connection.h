/* http_connection.h - what is kept for one of libmicrohttpd's connections. For http.c alone. */
#ifndef WEB_HTTP_CONNECTION_H
#define WEB_HTTP_CONNECTION_H

#include "web/clients.h"
#include "web/deadlines.h"

struct MHD_Connection;
struct tls;

/* Of a connection that has just begun; tls NULL: it is not encrypted, else *stalled_turns is set to
 * 0 with each record that is sent. NULL: no memory. */
must_use struct connection *http_connection_new(struct MHD_Connection *connection, struct tls *tls,
                                                const struct clients *clients, int *stalled_turns);
/* After the connection's end. NULL is fine. */
void http_connection_free(struct connection *peer);

#endif
