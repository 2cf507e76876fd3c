/* http_connection.c - socket, address and TLS of a new connection. libmicrohttpd gives each TLS
 * session credentials of its own before it tells of the connection, and takes others in their place
 * then; it ends the session before it tells that the connection is closed. */
#include "web/http_connection.h"

#include "web/listener.h"
#include "web/tls.h"

#include <microhttpd.h>
#include <stdlib.h>

static void on_opened(void *peer)
{
	deadlines_opened(peer);
}

static bool begin_tls(struct connection *peer, struct MHD_Connection *connection, struct tls *tls,
                      int *stalled_turns)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);

	peer->tls =
		tls_session_begin(tls, info->tls_session, peer->fd, stalled_turns, on_opened, peer);
	return peer->tls != NULL;
}

struct connection *http_connection_new(struct MHD_Connection *connection, struct tls *tls,
                                       const struct clients *clients, int *stalled_turns)
{
	const struct sockaddr *address =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS)
			->client_addr;
	struct connection *peer = calloc(1, sizeof(*peer));

	if (peer == NULL)
		return NULL;
	peer->fd =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
	listener_address(address, peer->address);
	peer->client = client_of(clients, address);
	if (tls == NULL || begin_tls(peer, connection, tls, stalled_turns))
		return peer;
	free(peer);
	return NULL;
}

void http_connection_free(struct connection *peer)
{
	if (peer == NULL)
		return;
	tls_session_end(peer->tls);
	free(peer);
}
