/* tls.h - TLS for http.c, by GnuTLS: which certificate a connection gets, and whether its client
 * has shown one that counts. Knows neither HTTP nor sockets.
 *
 * The certificates are read when they are made, and again by tls_reload. Each connection has those
 * that were current when it began, and keeps them alive until it ends; whether a client is trusted
 * is always judged by the current ones. */
#ifndef WEB_TLS_H
#define WEB_TLS_H

#include "runtime/certificates.h"

#include <gnutls/abstract.h>

/* TLS 1.2 and 1.3, forward secrecy, authenticated ciphers.
 * Not SECURE192, which signs with SHA-384 and longer and knows no curve below P-384: a certificate
 * with a P-256 key would find no client, and a client with such a key no way in. Its level also
 * asks 3072 bits of a client's RSA key, where most CAs sign 2048. No finite-field groups: they cost
 * the server ten times what curves do. */
#define TLS_PRIORITIES \
	"SECURE128:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-KX-ALL:+ECDHE-ECDSA:+ECDHE-RSA:" \
	"-CIPHER-ALL:+AES-256-GCM:+CHACHA20-POLY1305:+AES-128-GCM:-MAC-ALL:+AEAD:" \
	"-GROUP-ALL:+GROUP-X25519:+GROUP-SECP256R1:+GROUP-SECP384R1:+GROUP-SECP521R1:" \
	"%SERVER_PRECEDENCE:%PROFILE_MEDIUM"

struct tls_options {
	struct certificates_files files; /* ca "": no client is asked for a certificate */
	const char *client_names;        /* DNS names, comma separated, one of which the
	                                    certificate must have; "": no client is asked for one */
};

struct tls;

/* One of the options is set. */
bool tls_is_wanted(const struct tls_options *options);
/* NULL, and one sentence in why, where options or files are not right. */
must_use struct tls *tls_new(const struct tls_options *options, int64_t now_us, struct buf *why);
void tls_free(struct tls *tls); /* after its sessions; NULL is fine */
/* Reads all files again, for connections from now on. False: why says what is not right, and
 * nothing has changed. Any thread. */
must_use bool tls_reload(struct tls *tls, int64_t now_us, struct buf *why);

/* The TLS of one connection; one thread. */
struct tls_session;

/* Before its handshake. session is GnuTLS's over this socket, and its user pointer becomes ours.
 * opened is called with arg once the client has done its part of the handshake; *stalled_turns is
 * set to 0 with each record that is sent. NULL: no memory; then the handshake fails. */
struct tls_session *tls_session_begin(struct tls *tls, gnutls_session_t session, int fd,
                                      int *stalled_turns, void (*opened)(void *arg), void *arg);
/* Also after GnuTLS's session has ended. NULL is fine. */
void tls_session_end(struct tls_session *session);
/* Whether the client has shown a certificate that a CA of the file vouches for, that is for clients
 * and valid now, and that has one of the names. Always true where none is asked for. */
bool tls_session_is_trusted(struct tls_session *session, int64_t now_us);
/* Sends the last bytes of a connection, without blocking and as far as it takes them. */
void tls_session_finish(struct tls_session *session, const char *bytes, size_t count);

/* What libmicrohttpd asks for a certificate on a connection without a tls_session: there is none.
 */
gnutls_certificate_retrieve_function2 tls_no_certificate;

#endif
