/* own_url.c - LISTEN and PORT as a URL. */
#include "web/own_url.h"

#include <inttypes.h>
#include <string.h>

/* One cannot connect to "every address"; loopback is one of them. */
static const struct {
	const char *listen, *host;
} every_address[] = {
	{"0.0.0.0", "127.0.0.1"},
	{"::", "::1"},
};

static const char *host_of(const char *listen)
{
	for (size_t i = 0; i < ARRAY_LEN(every_address); i++)
		if (strcmp(every_address[i].listen, listen) == 0)
			return every_address[i].host;
	return listen;
}

bool own_url_add(const struct common_options *options, struct buf *out, struct buf *why)
{
	const char *host = host_of(options->listen);
	bool is_v6 = strchr(host, ':') != NULL;

	if (options->port == 0) {
		buf_add_str(why, "PORT must be the one that this service listens on");
		return false;
	}
	buf_addf(out, "http://%s%s%s:%" PRId64, is_v6 ? "[" : "", host, is_v6 ? "]" : "",
	         options->port);
	return true;
}
