/* clients.c - connections by client. */
#include "web/clients.h"

#include "runtime/env.h"
#include "runtime/log.h"
#include "web/listener.h"

bool clients_init(struct clients *clients, int64_t all_wanted, int64_t each)
{
	clients->all = listener_connections_max(all_wanted);
	clients->each = each > 0 ? each : shares_half(clients->all);
	if (clients->all < all_wanted)
		log_warn("connections_limited_by_open_files",
		         L_INT("connections_max", clients->all), L_INT("wanted", all_wanted));
	env_random(&env_system, clients->key, sizeof(clients->key));
	clients->shares = shares_new(clients->all, clients->each);
	return clients->shares != NULL;
}

uint64_t client_of(const struct clients *clients, const struct sockaddr *address)
{
	return hash_keyed(clients->key, listener_client(address));
}
