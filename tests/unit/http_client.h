/* http_client.h - a client that sends exactly the bytes it is told to, for tests of the server.
 * Every wait ends after CLIENT_WAIT_S, so that a request that is never answered fails a test
 * instead of hanging it. */
#ifndef UNIT_HTTP_CLIENT_H
#define UNIT_HTTP_CLIENT_H

#include "base/text.h"

#define CLIENT_WAIT_S 20
#define CLIENT_ANSWER_BYTES_MAX 65536

/* Connects or fails the test. address is "127.0.0.1" or "::1". */
int client_connect(const char *address, int port);
/* False: refused. */
bool client_can_connect(int port);
/* Sends it all, unless the server has closed the connection. */
void client_send(int fd, struct text bytes);
void client_send_str(int fd, const char *bytes);
void client_send_zeros(int fd, size_t count);
/* The next answer's status, 0 where the connection ended instead. ret_answer (may be NULL): the
 * answer as it came, NUL-terminated. */
int client_receive(int fd, char ret_answer[CLIENT_ANSWER_BYTES_MAX]);
/* The header alone: after a HEAD, or 100 Continue. */
int client_receive_header(int fd, char ret_answer[CLIENT_ANSWER_BYTES_MAX]);
/* Whether the server ends the connection, with nothing more to read. */
bool client_is_closed(int fd);
/* How many bytes come until the server ends the connection. */
size_t client_read_to_end(int fd);
/* One byte every few milliseconds, until the server speaks or ends the connection. */
void client_dribble(int fd);

#endif
