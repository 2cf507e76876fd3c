/* own_url.c - SERVICE_URL, PEER_URL, or LISTEN and PORT as URLs without a slash at the end. */
#include "web/own_url.h"

#include "runtime/fetch.h"

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

/* begun: the sentence that says what it must be, up to there. */
static bool add_url(const char *begun, const char *url, struct buf *out, struct buf *why)
{
	size_t len = strlen(url);

	if (!fetch_url_is_valid(url)) {
		buf_addf(why, "%s http or https URL, without user, query and fragment", begun);
		return false;
	}
	while (len > 0 && url[len - 1] == '/')
		len--;
	buf_add(out, url, len);
	return true;
}

bool peer_url_add(const struct common_options *options, struct buf *out, struct buf *why)
{
	return add_url("PEER_URL must be the other service's", options->peer_url, out, why);
}

bool own_url_add(const struct common_options *options, struct buf *out, struct buf *why)
{
	const char *host = host_of(options->listen);
	bool is_v6 = strchr(host, ':') != NULL;

	if (options->service_url[0] != '\0')
		return add_url("SERVICE_URL must be the service's", options->service_url, out, why);
	if (options->port == 0) {
		buf_add_str(why, "PORT must be the one that this service listens on");
		return false;
	}
	buf_addf(out, "%s://%s%s%s:%" PRId64,
	         options->tls.files.certificate[0] == '\0' ? "http" : "https", is_v6 ? "[" : "",
	         host, is_v6 ? "]" : "", options->port);
	return true;
}
