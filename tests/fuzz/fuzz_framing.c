/* fuzz_framing.c - whatever the bytes of a header are: framing_check reads nothing outside of them,
 * and what it takes leaves no room for a second opinion. */
#include "unit/raw_request.h"

#include <strings.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t count_lines(const uint8_t *data, size_t size)
{
	size_t lines = 0;

	for (size_t i = 1; i < size; i++)
		lines += data[i - 1] == '\r' && data[i] == '\n';
	return lines;
}

/* A NUL beside an LF is taken for the CR that libmicrohttpd has overwritten. */
static bool is_beside_lf(const uint8_t *data, size_t size, size_t i)
{
	size_t first = i > 2 ? i - 2 : 0;
	size_t last = i + 2 < size ? i + 2 : size - 1;

	return memchr(data + first, '\n', last - first + 1) != NULL;
}

/* Facts about an accepted header, found in its bytes without the code under test. */
static void check_accepted(const struct raw_request *raw, const uint8_t *data)
{
	size_t size = raw->lines.bytes;
	size_t count;

	for (size_t i = 0; i < size; i++) {
		bool is_line_end = data[i] == '\r' || data[i] == '\n' ||
		                   (data[i] == '\0' && is_beside_lf(data, size, i));

		ensure(is_line_end || data[i] == '\t' || (data[i] >= ' ' && data[i] != 0x7f));
	}
	ensure(raw->x.target.ptr[0] == '/' && raw->x.target.len <= HTTP_TARGET_BYTES_MAX);
	ensure(!raw->x.has_length || !raw->x.is_chunked);
	ensure(!raw->x.has_length || raw->x.content_length <= INT64_MAX);
	ensure(raw->x.headers_count + 2 >= count_lines(data, size));
	(void)http_header_find(&raw->x, "Host", &count);
	ensure(count == 1 || (count == 0 && text_is(raw->lines.version, "HTTP/1.0")));
	(void)http_header_find(&raw->x, "Content-Length", &count);
	ensure(count == (raw->x.has_length ? 1 : 0));
	(void)http_header_find(&raw->x, "Transfer-Encoding", &count);
	ensure(count == (raw->x.is_chunked ? 1 : 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct raw_request raw;
	const char *detail = NULL;

	if (!raw_split(&raw, (const char *)data, size))
		return 0;
	if (framing_check(&raw.x, &raw.lines, &detail) == ERR_NONE)
		check_accepted(&raw, data);
	else
		ensure(detail != NULL);
	framing_trim(raw.headers, raw.x.headers_count);
	return 0;
}
