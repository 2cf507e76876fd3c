/* listener.h - what a server needs of the operating system before it serves: a listening socket,
 * and descriptors for its connections. */
#ifndef WEB_LISTENER_H
#define WEB_LISTENER_H

#include "base/buf.h"
#include "base/text.h"

#include <netinet/in.h>

/* A TCP socket that listens on an IPv4 or IPv6 address ("::" takes IPv4 too) and port (0: any free
 * one, *ret_port says which), without blocking; the caller closes it. -1: why is one clear
 * sentence. */
must_use int listener_open(const char *address, int64_t port, int *ret_port, struct buf *why);

/* How many of the wanted connections the limit of open files permits, once it is raised as far as
 * it can be. At least 1. */
int64_t listener_connections_max(int64_t wanted);

/* A client's address as text; IPv4 over an IPv6 socket is shown as IPv4. */
void listener_address(const struct sockaddr *address, char out[INET6_ADDRSTRLEN]);
/* The bytes of it that tell one client from another, borrowed: of IPv4 all, also over an IPv6
 * socket; of IPv6 the first 64 bits, since whoever has one address of a /64 has them all. */
struct text listener_client(const struct sockaddr *address);

#endif
