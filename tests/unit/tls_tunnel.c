/* tls_tunnel.c - GnuTLS between two sockets. The server proves nothing here. */
#include "unit/tls_tunnel.h"

#include <check.h>
#include <errno.h>
#include <gnutls/gnutls.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define PART_BYTES 16384

struct tunnel {
	gnutls_certificate_credentials_t credentials;
	gnutls_session_t session;
	int server, plain;
};

static void tunnel_free(struct tunnel *tunnel)
{
	gnutls_deinit(tunnel->session);
	gnutls_certificate_free_credentials(tunnel->credentials);
	(void)close(tunnel->server);
	(void)close(tunnel->plain);
	free(tunnel);
}

static bool send_all(struct tunnel *tunnel, const char *bytes, size_t count)
{
	while (count > 0) {
		ssize_t sent = gnutls_record_send(tunnel->session, bytes, count);

		if (sent < 0)
			return false;
		bytes += sent;
		count -= (size_t)sent;
	}
	return true;
}

/* From the server; false at the end, whichever kind it is. */
static bool carry_back(struct tunnel *tunnel)
{
	char part[PART_BYTES];
	ssize_t count;

	do {
		count = gnutls_record_recv(tunnel->session, part, sizeof(part));
		if (count == GNUTLS_E_AGAIN)
			return true; /* a message of TLS itself, as a session ticket */
		if (count <= 0)
			return false;
		if (send(tunnel->plain, part, (size_t)count, MSG_NOSIGNAL) != count)
			return false;
	} while (gnutls_record_check_pending(tunnel->session) > 0);
	return true;
}

static bool carry_there(struct tunnel *tunnel)
{
	char part[PART_BYTES];
	ssize_t count = recv(tunnel->plain, part, sizeof(part), 0);

	return count > 0 && send_all(tunnel, part, (size_t)count);
}

static void *run(void *arg)
{
	struct tunnel *tunnel = arg;
	struct pollfd ends[] = {{.fd = tunnel->server, .events = POLLIN},
	                        {.fd = tunnel->plain, .events = POLLIN}};
	bool goes_on = true;

	while (goes_on && poll(ends, ARRAY_LEN(ends), -1) > 0) {
		if (ends[0].revents != 0)
			goes_on = carry_back(tunnel);
		if (goes_on && ends[1].revents != 0)
			goes_on = carry_there(tunnel);
	}
	tunnel_free(tunnel);
	return NULL;
}

int tls_tunnel(int fd, const char *versions, const char *certificate, const char *key)
{
	struct tunnel *tunnel = calloc(1, sizeof(*tunnel));
	pthread_t thread;
	char priorities[256];
	int ends[2], result;

	ck_assert_ptr_nonnull(tunnel);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	tunnel->server = fd;
	tunnel->plain = ends[1];
	ck_assert_int_eq(gnutls_init(&tunnel->session, GNUTLS_CLIENT | GNUTLS_FORCE_CLIENT_CERT),
	                 0);
	(void)snprintf(priorities, sizeof(priorities), "NORMAL:-VERS-ALL:%s", versions);
	ck_assert_int_eq(gnutls_priority_set_direct(tunnel->session, priorities, NULL), 0);
	ck_assert_int_eq(gnutls_certificate_allocate_credentials(&tunnel->credentials), 0);
	if (certificate != NULL)
		ck_assert_int_eq(gnutls_certificate_set_x509_key_file(tunnel->credentials,
		                                                      certificate, key,
		                                                      GNUTLS_X509_FMT_PEM),
		                 0);
	ck_assert_int_eq(gnutls_credentials_set(tunnel->session, GNUTLS_CRD_CERTIFICATE,
	                                        tunnel->credentials),
	                 0);
	gnutls_transport_set_int(tunnel->session, fd);
	do {
		result = gnutls_handshake(tunnel->session);
	} while (result < 0 && gnutls_error_is_fatal(result) == 0);
	if (result < 0) {
		tunnel_free(tunnel);
		(void)close(ends[0]);
		return -1;
	}
	ck_assert_int_eq(pthread_create(&thread, NULL, run, tunnel), 0);
	ck_assert_int_eq(pthread_detach(thread), 0);
	return ends[0];
}
