/* route.c - paths against the endpoint table: a walk over some twenty rows, no index needed. */
#include "web/route.h"

#include <stdio.h>
#include <string.h>

bool route_matches(const char *pattern, struct text path, struct text *ret_id)
{
	const char *at = path.ptr, *end = path.ptr + path.len;

	*ret_id = TEXT_NONE;
	while (*pattern != '\0') {
		if (*pattern == '{') {
			const char *slash = memchr(at, '/', (size_t)(end - at));

			*ret_id = (struct text){at, (size_t)((slash == NULL ? end : slash) - at)};
			at += ret_id->len;
			pattern = strchr(pattern, '}') + 1;
			continue;
		}
		if (at == end || *at != *pattern)
			return false;
		at++;
		pattern++;
	}
	return at == end;
}

static bool method_matches(const struct endpoint *row, struct text method)
{
	return text_is(method, row->method) ||
	       (text_is(method, "HEAD") && strcmp(row->method, "GET") == 0);
}

const struct endpoint *route_find(const struct api *api, struct text method, struct text path,
                                  struct text *ret_id, char allow[ALLOW_SIZE])
{
	size_t used = 0;

	allow[0] = '\0';
	for (size_t i = 0; i < api_endpoints_count(api); i++) {
		const struct endpoint *row = api_endpoint(api, i);

		if (!route_matches(row->path, path, ret_id))
			continue;
		if (method_matches(row, method))
			return row;
		used += (size_t)snprintf(
			allow + used, ALLOW_SIZE - used, "%s%s", used > 0 ? ", " : "",
			strcmp(row->method, "GET") == 0 ? "GET, HEAD" : row->method);
		ensure(used < ALLOW_SIZE);
	}
	return NULL;
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

bool route_decode_id(struct text raw, char *out)
{
	size_t len = 0;

	for (size_t i = 0; i < raw.len; i++) {
		char c = raw.ptr[i];

		if (c == '%') {
			int high = raw.len - i > 2 ? hex_value(raw.ptr[i + 1]) : -1;
			int low = raw.len - i > 2 ? hex_value(raw.ptr[i + 2]) : -1;

			if (high < 0 || low < 0)
				return false;
			c = (char)(high * 16 + low);
			i += 2;
		}
		if (len == PATH_ID_MAX || c < ' ' || c > '~')
			return false;
		out[len++] = c;
	}
	out[len] = '\0';
	return len > 0;
}
