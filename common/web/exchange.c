/* exchange.c - what an application does with an exchange: reads its headers, sets those of the
 * answer. Pure. Nothing here knows of sockets; http.c moves the exchange over the wire. */
#include "web/http.h"

#include <string.h>
#include <strings.h>

struct text http_header_find(const struct http_exchange *x, const char *name, size_t *ret_count)
{
	size_t len = strlen(name);
	struct text found = TEXT_NONE;
	size_t count = 0;

	for (size_t i = 0; i < x->headers_count; i++) {
		const struct http_header *header = &x->headers[i];

		if (header->name.len != len || strncasecmp(header->name.ptr, name, len) != 0)
			continue;
		if (count == 0)
			found = header->value;
		count++;
	}
	if (ret_count != NULL)
		*ret_count = count;
	return found;
}

void http_answer_header(struct http_exchange *x, const char *name, const char *value)
{
	struct http_answer *answer = &x->answer;

	ensure(answer->headers_count < HTTP_ANSWER_HEADERS_MAX);
	answer->headers[answer->headers_count].name = name;
	answer->headers[answer->headers_count].value = value;
	answer->headers_count++;
}
