/* own_url.h - the URL at which a program on this machine reaches the service of these options. */
#ifndef WEB_OWN_URL_H
#define WEB_OWN_URL_H

#include "web/service.h"

/* Adds it, without a slash at its end. Where LISTEN is every address, it is loopback's. False, with
 * a sentence in why: PORT does not tell where the service listens. */
must_use bool own_url_add(const struct common_options *options, struct buf *out, struct buf *why);

#endif
