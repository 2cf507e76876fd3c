/* ask.h - one GET of the running service by a command: at SERVICE_URL, as who we are to the other
 * service; else at LISTEN and PORT of this machine. There we show and believe nothing: what is
 * asked does not leave the machine, is open to everyone (health), and the certificate need not have
 * such an address among its names. One thread. */
#ifndef WEB_ASK_H
#define WEB_ASK_H

#include "runtime/fetch.h"
#include "web/service.h"

struct ask {
	struct peer_access *access; /* NULL on this machine */
	struct fetcher *fetcher;
	struct fetch *fetch;
	const struct common_options *options; /* borrowed */
};

/* accept and bytes_max as fetch_new has them. False, with a sentence in why: no memory, or a file
 * of PEER_* is not right. Close it in any case. */
must_use bool ask_open(struct ask *ask, const struct common_options *options, const char *accept,
                       size_t bytes_max, struct buf *why);
void ask_close(struct ask *ask);
/* path is "/readyz" and the like. True: answered with 200, and the body is ask->fetch's. False: why
 * it was not, with the detail of the problem that was answered. */
must_use bool ask_get(struct ask *ask, const char *path, int64_t timeout_us, struct buf *why);

#define AUTO_ASK __attribute__((cleanup(ask_close)))

#endif
