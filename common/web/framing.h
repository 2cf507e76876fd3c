/* framing.h - judges what libmicrohttpd 0.9.75 lets pass: the request line, the header's syntax and
 * the framing of the body (RFC 9112; the list is in framing.c). Pure, so that it can be fuzzed and
 * tested without a socket. */
#ifndef WEB_FRAMING_H
#define WEB_FRAMING_H

#include "base/error.h"
#include "web/http.h"

/* Where the header stands in libmicrohttpd's buffer, besides the texts of the exchange, which point
 * into it too (only the target is a copy). */
struct framing_lines {
	const char *target_at; /* the target's first byte */
	struct text version;   /* as sent, "HTTP/1.1" */
	size_t bytes;          /* from the method to the end of the empty line */
};

/* Looks at method, target and headers of x and sets has_length, content_length and is_chunked.
 * ERR_NONE, or the error, with *ret_detail a static sentence. After an error the connection is
 * closed. */
must_use enum error framing_check(struct http_exchange *x, const struct framing_lines *lines,
                                  const char **ret_detail);

/* White space at the end of a value does not belong to it (RFC 9112, section 5.1), but
 * libmicrohttpd leaves it there. After framing_check, which must see what libmicrohttpd has seen.
 */
void framing_trim(struct http_header *headers, size_t count);

#endif
