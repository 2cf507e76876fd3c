/* refusal.c - one error answer, from status line to body. */
#include "web/refusal.h"

#include "base/buf.h"
#include "base/problem.h"

#include <sys/socket.h>
#include <time.h>

#define ANSWER_BYTES_MAX 8192

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

void refusal_send(int fd, enum error error, struct text body, int64_t now_us)
{
	const struct error_row *row = error_row(error);
	struct buf answer AUTO_BUF;

	buf_init(&answer, ANSWER_BYTES_MAX);
	buf_addf(&answer, "HTTP/1.1 %d %s\r\nDate: ", row->status, row->title);
	add_date(now_us, &answer);
	buf_addf(&answer,
	         "\r\nContent-Type: " PROBLEM_MEDIA_TYPE "\r\nContent-Length: %zu\r\n"
	         "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"
	         "Connection: close\r\n\r\n",
	         body.len);
	buf_add_text(&answer, body);
	if (!answer.full)
		(void)send(fd, buf_str(&answer), answer.len, MSG_DONTWAIT | MSG_NOSIGNAL);
}
