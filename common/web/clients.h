/* clients.h - which of the open connections are one client's, and how many it may have. A client is
 * an IPv4 address, or an IPv6 /64: whoever has one address of that has them all. The I/O thread's.
 */
#ifndef WEB_CLIENTS_H
#define WEB_CLIENTS_H

#include "base/hash.h"
#include "runtime/shares.h"

#include <netinet/in.h>

struct clients {
	int64_t all, each;     /* connections in all, and of one client */
	struct shares *shares; /* of all, by client_of */
	uint8_t key[SIP_KEY_BYTES];
};

/* all becomes as many as are wanted and the limit of open files permits; each 0: half of that. The
 * caller frees shares. False: no memory. */
must_use bool clients_init(struct clients *clients, int64_t all_wanted, int64_t each);

/* Stands for the client: a keyed hash, so that nobody chooses its place in a table. */
uint64_t client_of(const struct clients *clients, const struct sockaddr *address);

#endif
