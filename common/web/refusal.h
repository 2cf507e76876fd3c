/* refusal.h - an error answer written straight to a socket: for a client that libmicrohttpd still
 * reads from and so takes no answer for. */
#ifndef WEB_REFUSAL_H
#define WEB_REFUSAL_H

#include "base/error.h"
#include "base/text.h"

/* Sends status line, headers and the problem+json body, without blocking and as far as the socket
 * takes it. The caller ends the connection. */
void refusal_send(int fd, enum error error, struct text body, int64_t now_us);

#endif
