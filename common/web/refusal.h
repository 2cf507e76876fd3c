/* refusal.h - an answer written straight to a socket: for a client that libmicrohttpd still reads
 * from and so takes no answer for. */
#ifndef WEB_REFUSAL_H
#define WEB_REFUSAL_H

#include "web/http.h"

/* Sends status line, headers and body, without blocking and as far as the socket takes it. The
 * caller ends the connection. */
void refusal_send(int fd, const struct http_answer *answer, int64_t now_us);

#endif
