/* test_poster.c - over TLS nothing is delivered to who cannot prove to be the host: a server whose
 * certificate it has signed itself gets no request. */
#include "runtime/poster.h"

#include <arpa/inet.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "unit/unit.h"

#define KEY_BITS 256
#define WAIT_US (30 * US_PER_S)

static struct {
	int listen_fd, port;
	gnutls_certificate_credentials_t credentials;
	pthread_t thread;
	bool has_heard; /* a byte of a request */
} server;

/* One connection; until the other side ends it. */
static void *serve(void *arg)
{
	int fd = accept(server.listen_fd, NULL, NULL);
	gnutls_session_t session;
	char byte;

	(void)arg;
	ck_assert_int_eq(gnutls_init(&session, GNUTLS_SERVER), 0);
	ck_assert_int_eq(gnutls_set_default_priority(session), 0);
	ck_assert_int_eq(
		gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, server.credentials), 0);
	gnutls_transport_set_int(session, fd);
	if (gnutls_handshake(session) == 0)
		server.has_heard = gnutls_record_recv(session, &byte, 1) > 0;
	gnutls_deinit(session);
	(void)close(fd);
	return NULL;
}

static void make_certificate(void)
{
	gnutls_x509_privkey_t key;
	gnutls_x509_crt_t certificate;
	const uint8_t serial = 1;

	ck_assert_int_eq(gnutls_x509_privkey_init(&key), 0);
	ck_assert_int_eq(gnutls_x509_privkey_generate(key, GNUTLS_PK_ECDSA, KEY_BITS, 0), 0);
	ck_assert_int_eq(gnutls_x509_crt_init(&certificate), 0);
	ck_assert_int_eq(gnutls_x509_crt_set_version(certificate, 3), 0);
	ck_assert_int_eq(gnutls_x509_crt_set_serial(certificate, &serial, sizeof(serial)), 0);
	ck_assert_int_eq(gnutls_x509_crt_set_activation_time(certificate, time(NULL) - 60), 0);
	ck_assert_int_eq(gnutls_x509_crt_set_expiration_time(certificate, time(NULL) + 3600), 0);
	ck_assert_int_eq(gnutls_x509_crt_set_dn(certificate, "CN=localhost", NULL), 0);
	ck_assert_int_eq(gnutls_x509_crt_set_subject_alt_name(certificate, GNUTLS_SAN_DNSNAME,
	                                                      "localhost", 9, GNUTLS_FSAN_SET),
	                 0);
	ck_assert_int_eq(gnutls_x509_crt_set_key(certificate, key), 0);
	ck_assert_int_eq(gnutls_x509_crt_sign2(certificate, certificate, key, GNUTLS_DIG_SHA256, 0),
	                 0);
	ck_assert_int_eq(gnutls_certificate_allocate_credentials(&server.credentials), 0);
	ck_assert_int_eq(gnutls_certificate_set_x509_key(server.credentials, &certificate, 1, key),
	                 0);
	gnutls_x509_crt_deinit(certificate);
	gnutls_x509_privkey_deinit(key);
}

static void start_server(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
	                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);

	make_certificate();
	server.listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_ge(server.listen_fd, 0);
	ck_assert_int_eq(bind(server.listen_fd, (struct sockaddr *)&address, size), 0);
	ck_assert_int_eq(listen(server.listen_fd, 1), 0);
	ck_assert_int_eq(getsockname(server.listen_fd, (struct sockaddr *)&address, &size), 0);
	server.port = ntohs(address.sin_port);
	ck_assert_int_eq(pthread_create(&server.thread, NULL, serve, NULL), 0);
}

static void stop_server(void)
{
	ck_assert_int_eq(pthread_join(server.thread, NULL), 0);
	gnutls_certificate_free_credentials(server.credentials);
	(void)close(server.listen_fd);
}

static void keep(void *arg, size_t slot, const struct post_result *result)
{
	ck_assert_uint_eq(slot, 0);
	*(struct post_result *)arg = *result;
}

START_TEST(a_certificate_that_nobody_vouches_for_is_not_trusted)
{
	struct post_result result = {.status = -1};
	struct buf why AUTO_BUF;
	char url[64];

	buf_init(&why, 256);
	start_server();
	struct poster *poster = poster_new(true, &why);
	ck_assert_ptr_nonnull(poster);
	(void)snprintf(url, sizeof(url), "https://localhost:%d/", server.port);
	const struct post post = {.url = text_of(url),
	                          .body = TEXT_LITERAL("{}"),
	                          .id = "evt_1",
	                          .signatures = "v1,none"};
	ck_assert(poster_post(poster, 0, &post));
	while (result.status < 0)
		poster_wait(poster, WAIT_US, keep, &result);
	poster_free(poster);
	stop_server();
	ck_assert_int_eq(result.status, 0);
	ck_assert_msg(strstr(result.error, "certificate") != NULL, "%s", result.error);
	ck_assert(!server.has_heard);
}
END_TEST

static Suite *poster_suite(void)
{
	Suite *suite = suite_create("poster");
	TCase *tests = tcase_create("poster");

	tcase_set_timeout(tests, 120);
	tcase_add_test(tests, a_certificate_that_nobody_vouches_for_is_not_trusted);
	suite_add_tcase(suite, tests);
	return suite;
}

TEST_MAIN(poster_suite)
