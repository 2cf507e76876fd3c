/* refusal.h - an answer written straight to a connection: for a client that libmicrohttpd still
 * reads from and so takes no answer for. */
#ifndef WEB_REFUSAL_H
#define WEB_REFUSAL_H

#include "web/deadlines.h"
#include "web/http.h"

/* Sends status line, headers and body, without blocking and as far as the connection takes it; then
 * nothing more can be sent. The caller ends the connection. */
void refusal_send(const struct connection *connection, const struct http_answer *answer,
                  int64_t now_us);

#endif
