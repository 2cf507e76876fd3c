/* own_url.h - the URLs at which a command reaches the running service of these options, and its
 * peer. */
#ifndef WEB_OWN_URL_H
#define WEB_OWN_URL_H

#include "web/service.h"

/* Adds SERVICE_URL, else LISTEN and PORT as a URL (where LISTEN is every address: loopback's),
 * without a slash at its end. False, with a sentence in why: they do not tell where the service
 * listens. */
must_use bool own_url_add(const struct common_options *options, struct buf *out, struct buf *why);
/* The same for PEER_URL. */
must_use bool peer_url_add(const struct common_options *options, struct buf *out, struct buf *why);

#endif
