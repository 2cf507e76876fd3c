/* peer_access.h - who this service is to the other one, and whom it believes to be the other one: a
 * certificate with its key, an API key, a CA. Each may be absent: then no certificate is shown, no
 * key is sent, the system's CAs are believed.
 * libcurl reads the files of certificates itself, at each new connection; reading them here tells
 * at the start and on SIGHUP whether they are right, and when they expire. */
#ifndef RUNTIME_PEER_ACCESS_H
#define RUNTIME_PEER_ACCESS_H

#include "runtime/certificates.h"

struct peer_files {
	struct certificates_files certificates;
	const char *api_key; /* path, borrowed; "": none */
};

struct peer_access;

/* NULL, and one sentence in why, where a file is not right. */
must_use struct peer_access *peer_access_new(const struct peer_files *files, int64_t now_us,
                                             struct buf *why);
void peer_access_free(struct peer_access *access); /* NULL is fine */

/* Any thread from here on. */

/* Reads all again. False: why says which file is not right, and the API key stays what it was. */
must_use bool peer_access_reload(struct peer_access *access, int64_t now_us, struct buf *why);
const struct certificates_files *peer_access_files(const struct peer_access *access);
/* Adds the header "Authorization: Bearer KEY", or nothing where there is no key. A secret: wipe out
 * when it is done with. */
void peer_access_authorize(struct peer_access *access, struct buf *out);

#endif
