/* refusal.c - one answer, from status line to body. */
#include "web/refusal.h"

#include "web/tls.h"

#include <sys/socket.h>
#include <time.h>

#define REFUSAL_BYTES_MAX 8192

/* "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110, section 5.6.7). */
static void add_date(int64_t now_us, struct buf *out)
{
	time_t now = (time_t)(now_us / US_PER_S);
	struct tm parts;
	char text[64];

	ensure(gmtime_r(&now, &parts) != NULL);
	ensure(strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S GMT", &parts) > 0);
	buf_add_str(out, text);
}

void refusal_send(const struct connection *connection, const struct http_answer *answer,
                  int64_t now_us)
{
	struct buf out AUTO_BUF;

	buf_init(&out, REFUSAL_BYTES_MAX);
	/* The words after the status are optional, the space is not (RFC 9112, section 4). */
	buf_addf(&out, "HTTP/1.1 %d \r\nDate: ", answer->status);
	add_date(now_us, &out);
	buf_addf(&out, "\r\nConnection: close\r\nContent-Length: %zu\r\n", answer->body.len);
	for (size_t i = 0; i < answer->headers_count; i++)
		buf_addf(&out, "%s: %s\r\n", answer->headers[i].name, answer->headers[i].value);
	buf_add_str(&out, "\r\n");
	buf_add_text(&out, answer->body);
	if (out.full)
		return;
	if (connection->tls != NULL)
		tls_session_finish(connection->tls, buf_str(&out), out.len);
	else
		(void)send(connection->fd, buf_str(&out), out.len, MSG_DONTWAIT | MSG_NOSIGNAL);
	(void)shutdown(connection->fd, SHUT_WR);
}
