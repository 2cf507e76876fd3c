/* raw_request.h - splits the bytes of a request's header in place, in the way of libmicrohttpd
 * 0.9.75 and with its faults, so that framing_check can be tested without a socket. For tests and
 * fuzz targets. */
#ifndef UNIT_RAW_REQUEST_H
#define UNIT_RAW_REQUEST_H

#include "web/framing.h"

#include <string.h>

#define RAW_BYTES_MAX HTTP_HEADER_BYTES_MAX

struct raw_request {
	struct http_exchange x;
	struct framing_lines lines;
	struct http_header headers[HTTP_HEADERS_MAX];
	char bytes[RAW_BYTES_MAX + 1];
	char target[RAW_BYTES_MAX + 1];
	char glued[RAW_BYTES_MAX + 1]; /* names with the lines that were folded into them */
	size_t glued_bytes;
	char *rest; /* what has not been split */
};

/* The next line, ended by a NUL in place of LF or CRLF; NULL: none is whole. */
static inline char *raw_next_line(struct raw_request *raw, const char *end)
{
	char *line = raw->rest;
	char *lf = memchr(line, '\n', (size_t)(end - line));

	if (lf == NULL)
		return NULL;
	raw->rest = lf + 1;
	*lf = '\0';
	if (lf > line && lf[-1] == '\r')
		lf[-1] = '\0';
	return line;
}

/* `raw->rest - line` tells the line's length even where it holds a NUL. */
static inline bool raw_split_request_line(struct raw_request *raw, char *line)
{
	char *end = raw->rest - 1;
	char *target = memchr(line, ' ', (size_t)(end - line));

	while (end > line && end[-1] == '\0')
		end--;
	if (target == NULL || target >= end)
		return false;
	*target++ = '\0';
	while (*target == ' ')
		target++;
	char *version = end;
	while (version > target && version[-1] != ' ')
		version--;
	if (version <= target)
		return false;
	version[-1] = '\0';
	memcpy(raw->target, target, strlen(target) + 1);
	raw->x.method = text_of(line);
	raw->x.target = text_of(raw->target);
	raw->lines.target_at = target;
	raw->lines.version = text_of(version);
	return true;
}

/* A folded line goes to the end of the name before it, which is moved. */
static inline bool raw_fold(struct raw_request *raw, const char *line)
{
	if (raw->x.headers_count == 0)
		return false;
	struct http_header *header = &raw->headers[raw->x.headers_count - 1];
	char *moved = raw->glued + raw->glued_bytes;
	size_t len = strlen(line);

	if (raw->glued_bytes + header->name.len + len >= sizeof(raw->glued))
		return false;
	memcpy(moved, header->name.ptr, header->name.len);
	memcpy(moved + header->name.len, line, len);
	header->name = (struct text){moved, header->name.len + len};
	raw->glued_bytes += header->name.len;
	return true;
}

static inline bool raw_split_header(struct raw_request *raw, char *line)
{
	char *value = strchr(line, ':');

	if (value == NULL || raw->x.headers_count == HTTP_HEADERS_MAX)
		return false;
	*value++ = '\0';
	while (*value == ' ' || *value == '\t')
		value++;
	raw->headers[raw->x.headers_count++] =
		(struct http_header){.name = text_of(line), .value = text_of(value)};
	return true;
}

/* False: libmicrohttpd answers, or waits for more, before anyone is asked. */
static inline bool raw_split(struct raw_request *raw, const char *bytes, size_t count)
{
	const char *end = raw->bytes + count;
	char *line;

	memset(raw, 0, sizeof(*raw));
	if (count > RAW_BYTES_MAX)
		return false;
	memcpy(raw->bytes, bytes, count);
	raw->rest = raw->bytes;
	raw->x.headers = raw->headers;
	line = raw_next_line(raw, end);
	if (line == NULL || !raw_split_request_line(raw, line))
		return false;
	while ((line = raw_next_line(raw, end)) != NULL && *line != '\0') {
		bool is_folded = *line == ' ' || *line == '\t';

		if (!(is_folded ? raw_fold(raw, line) : raw_split_header(raw, line)))
			return false;
	}
	raw->lines.bytes = (size_t)(raw->rest - raw->x.method.ptr);
	return line != NULL;
}

#endif
