/* certificates.h - the files of certificates and keys that a service runs with: reads and checks
 * them, shows as a metric when they expire, and warns in the log before that. What is done with
 * them: web/tls.h (whoever calls us) and peer_access.h (whom we call). */
#ifndef RUNTIME_CERTIFICATES_H
#define RUNTIME_CERTIFICATES_H

#include "base/buf.h"

#include <gnutls/gnutls.h>

enum certificates_side {
	CERTIFICATES_SERVER, /* TLS_CERT_FILE, TLS_KEY_FILE, TLS_CLIENT_CA_FILE */
	CERTIFICATES_PEER,   /* PEER_CERT_FILE, PEER_KEY_FILE, PEER_CA_FILE */
	CERTIFICATES_SIDES,
};

/* Paths of PEM files, borrowed; "": none. */
struct certificates_files {
	const char *certificate; /* with the CAs between it and the root, if there are any */
	const char *key;
	const char *ca; /* those whose certificates are believed */
};

/* What was read of them. Times are since 1970 UTC; 0: there is no such file. */
struct certificates {
	gnutls_certificate_credentials_t credentials; /* owned */
	int64_t expires_us;                           /* when the first of the chain does */
	int64_t ca_expires_us; /* when the last does: old CAs may stand beside new ones */
};

/* On failure why is one sentence that names option and path: a file that cannot be read or has
 * expired, a key that others can read or that is another certificate's, a certificate without a
 * key. Any thread. */
must_use bool certificates_read(enum certificates_side side, const struct certificates_files *files,
                                int64_t now_us, struct certificates *ret_certificates,
                                struct buf *why);
void certificates_release(struct certificates *certificates);

/* From now on these are what the service runs with. Any thread. */
void certificates_show(enum certificates_side side, const struct certificates *certificates);
/* One line for each that is shown and has less than CERTIFICATES_WARN_US left. Any thread. */
void certificates_warn(int64_t now_us);

#define CERTIFICATES_WARN_US (14 * 24 * 3600 * US_PER_S)

void certificates_register_metrics(void);

#endif
