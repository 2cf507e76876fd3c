/* webhook_url.c - takes a URL apart as strictly as possible (RFC 3986, in ASCII), so that no other
 * reader of it finds another host in it. */
#include "base/webhook_url.h"

#include "base/address.h"

#include <string.h>
#include <strings.h>

#define PORT_MAX 65535

static bool begins_with(struct text url, const char *scheme)
{
	size_t len = strlen(scheme);

	return url.len > len && strncasecmp(url.ptr, scheme, len) == 0;
}

/* Characters that a URL may hold at all; "%XX" is left as it is. */
static bool is_url_text(struct text url)
{
	for (size_t i = 0; i < url.len; i++)
		if (url.ptr[i] <= ' ' || url.ptr[i] > '~' ||
		    strchr("\"<>\\^`{|}", url.ptr[i]) != NULL)
			return false;
	return true;
}

static bool is_host_name(struct text host)
{
	for (size_t i = 0; i < host.len; i++) {
		char c = host.ptr[i];
		bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');

		if (!is_letter && !char_is_digit(c) && strchr("-._", c) == NULL)
			return false;
		if (c == '.' && (i == 0 || host.ptr[i - 1] == '.'))
			return false;
	}
	return host.len > 0 && host.len <= 253;
}

/* Parts "HOST" or "HOST:PORT"; false: there is no such port. */
static bool split_authority(struct text authority, struct text *ret_host)
{
	const char *end = authority.ptr + authority.len;
	const char *bracket = memrchr(authority.ptr, ']', authority.len);
	const char *from = bracket == NULL ? authority.ptr : bracket;
	const char *colon = memchr(from, ':', (size_t)(end - from));
	int64_t port;

	*ret_host = authority;
	if (colon == NULL)
		return true;
	ret_host->len = (size_t)(colon - authority.ptr);
	return text_to_int((struct text){colon + 1, (size_t)(end - colon - 1)}, PORT_MAX, &port) &&
	       port > 0;
}

/* "localhost" and what is below it (RFC 6761), and the names that some systems give it. */
static bool is_localhost(struct text host)
{
	static const char *const names[] = {"localhost", "localhost.localdomain", "ip6-localhost",
	                                    "ip6-loopback"};

	if (host.ptr[host.len - 1] == '.')
		host.len--;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		size_t len = strlen(names[i]);
		const char *tail = host.ptr + host.len - len;

		if (host.len >= len && strncasecmp(tail, names[i], len) == 0 &&
		    (host.len == len || tail[-1] == '.'))
			return true;
	}
	return false;
}

static const char *host_fault(struct text host, bool allow_private)
{
	static const char not_public[] =
		"must have a host that everybody can reach, not a private or reserved address";
	struct address address;

	switch (address_read(host, &address)) {
	case ADDRESS_IS_MALFORMED: break;
	case ADDRESS_IS_LITERAL:
		return allow_private || address_special(&address) == NULL ? NULL : not_public;
	case ADDRESS_IS_NAME:
		if (is_host_name(host))
			return allow_private || !is_localhost(host) ? NULL : not_public;
		break;
	}
	return "must have a host: a name in ASCII letters, digits, - . and _, or an IP address";
}

const char *webhook_url_fault(struct text url, bool allow_private)
{
	struct text authority, host;

	if (!begins_with(url, "https://") && !(allow_private && begins_with(url, "http://")))
		return allow_private ? "must begin with https:// or http://"
		                     : "must begin with https://";
	if (!is_url_text(url))
		return "must be a URL of ASCII characters without blanks; write others as %XX";
	if (memchr(url.ptr, '#', url.len) != NULL)
		return "must have no fragment (#...)";
	authority.ptr = (const char *)memchr(url.ptr, '/', url.len) + 2;
	authority.len = (size_t)(url.ptr + url.len - authority.ptr);
	for (size_t i = 0; i < authority.len; i++)
		if (authority.ptr[i] == '/' || authority.ptr[i] == '?')
			authority.len = i;
	if (memchr(authority.ptr, '@', authority.len) != NULL)
		return "must hold no credentials: sign and verify with the secret instead";
	if (!split_authority(authority, &host))
		return "must have a port from 1 to 65535, or none";
	return host_fault(host, allow_private);
}

struct text webhook_url_plain(struct text url)
{
	const char *mark = memchr(url.ptr, '?', url.len);

	return mark == NULL ? url : (struct text){url.ptr, (size_t)(mark - url.ptr)};
}
