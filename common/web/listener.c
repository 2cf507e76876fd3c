/* listener.c - opens the listening socket, with an error that says what to do, and raises the limit
 * of open files. */
#include "web/listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

/* Bursts of new connections wait here; the kernel cuts it to net.core.somaxconn (4096 by default).
 */
#define BACKLOG 4096
/* For the database, outgoing calls and the log. */
#define OTHER_FILES_MAX 128

#define IPV4_BYTES 4
#define IPV6_NETWORK_BYTES 8

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static bool address_parse(const char *text, int64_t port, union address *ret_address,
                          socklen_t *ret_size)
{
	union address address = {0};
	uint16_t port_net = htons((uint16_t)port);

	if (inet_pton(AF_INET, text, &address.v4.sin_addr) == 1) {
		address.v4.sin_family = AF_INET;
		address.v4.sin_port = port_net;
		*ret_size = sizeof(address.v4);
	} else if (inet_pton(AF_INET6, text, &address.v6.sin6_addr) == 1) {
		address.v6.sin6_family = AF_INET6;
		address.v6.sin6_port = port_net;
		*ret_size = sizeof(address.v6);
	} else {
		return false;
	}
	*ret_address = address;
	return true;
}

/* What the operator can do about a failed bind. */
static const char *advice(int error)
{
	switch (error) {
	case EADDRINUSE: return "the port is in use; stop what listens there, or set another PORT";
	case EADDRNOTAVAIL:
		return "this machine has no such address; set LISTEN to one that it has";
	case EACCES: return "ports below 1024 need a privilege; set PORT to 1024 or more";
	default: return strerrordesc_np(error);
	}
}

static bool set_on(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof(value)) == 0;
}

/* Accepted sockets inherit TCP_NODELAY. */
static bool listen_at(int fd, const union address *address, socklen_t size)
{
	if (!set_on(fd, SOL_SOCKET, SO_REUSEADDR, 1) || !set_on(fd, IPPROTO_TCP, TCP_NODELAY, 1))
		return false;
	if (address->any.sa_family == AF_INET6 && !set_on(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0))
		return false;
	return bind(fd, &address->any, size) == 0 && listen(fd, BACKLOG) == 0;
}

static int port_of(int fd)
{
	union address address = {0};
	socklen_t size = sizeof(address);

	ensure(getsockname(fd, &address.any, &size) == 0);
	return ntohs(address.any.sa_family == AF_INET ? address.v4.sin_port : address.v6.sin6_port);
}

int listener_open(const char *address, int64_t port, int *ret_port, struct buf *why)
{
	union address parsed;
	socklen_t size;

	if (!address_parse(address, port, &parsed, &size)) {
		buf_addf(why, "cannot listen on \"%s\": set LISTEN to an IPv4 or IPv6 address",
		         address);
		return -1;
	}

	int fd = socket(parsed.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0 || !listen_at(fd, &parsed, size)) {
		buf_addf(why, "cannot listen on %s port %lld: %s", address, (long long)port,
		         advice(errno));
		if (fd >= 0)
			(void)close(fd);
		return -1;
	}
	*ret_port = port_of(fd);
	return fd;
}

int64_t listener_connections_max(int64_t wanted)
{
	rlim_t needed = (rlim_t)wanted + OTHER_FILES_MAX;
	struct rlimit limit;

	ensure(wanted > 0);
	ensure(getrlimit(RLIMIT_NOFILE, &limit) == 0);
	if (limit.rlim_cur < needed) {
		limit.rlim_cur = limit.rlim_max < needed ? limit.rlim_max : needed;
		ensure(setrlimit(RLIMIT_NOFILE, &limit) == 0);
	}
	if (limit.rlim_cur >= needed)
		return wanted;
	return limit.rlim_cur > OTHER_FILES_MAX ? (int64_t)limit.rlim_cur - OTHER_FILES_MAX : 1;
}

/* The address's bytes; IPv4 over an IPv6 socket is IPv4. */
static const void *bytes_of(const struct sockaddr *address, int *ret_family)
{
	const struct sockaddr_in *v4 = (const void *)address;
	const struct sockaddr_in6 *v6 = (const void *)address;

	*ret_family = AF_INET;
	if (address->sa_family == AF_INET)
		return &v4->sin_addr;
	if (IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr))
		return &v6->sin6_addr.s6_addr[12];
	*ret_family = AF_INET6;
	return &v6->sin6_addr;
}

void listener_address(const struct sockaddr *address, char out[INET6_ADDRSTRLEN])
{
	int family;
	const void *bytes = bytes_of(address, &family);

	ensure(inet_ntop(family, bytes, out, INET6_ADDRSTRLEN) != NULL);
}

struct text listener_client(const struct sockaddr *address)
{
	int family;
	const void *bytes = bytes_of(address, &family);

	return (struct text){bytes, family == AF_INET ? IPV4_BYTES : IPV6_NETWORK_BYTES};
}
