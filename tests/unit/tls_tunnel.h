/* tls_tunnel.h - the client's end of TLS, so that tests of the server speak plainly through it: a
 * thread carries bytes both ways. */
#ifndef UNIT_TLS_TUNNEL_H
#define UNIT_TLS_TUNNEL_H

#include "base/base.h"

/* Takes a connection that nothing was sent on, and does the handshake; gives a socket whose other
 * end is plain. Close it to end the connection. certificate and key: paths of what is shown, or
 * NULL. versions: as in a priority string. -1: there was no handshake, and fd is closed. */
int tls_tunnel(int fd, const char *versions, const char *certificate, const char *key);

#endif
