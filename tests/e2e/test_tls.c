/* test_tls.c - TLS and mTLS of one service: who is let in, what sslscan finds, and new files on
 * SIGHUP. The start: test_tls_start.c; the pair: test_linked_tls.c. */
#include "e2e/answers.h"
#include "e2e/certificates.h"
#include "e2e/run.h"

#include <stdio.h>
#include <string.h>

static struct service service;

static void set_up(void)
{
	service_init(&service, "payment-service");
}

static void tear_down(void)
{
	service_release(&service);
}

/* GET by the program curl, whose OpenSSL shows a certificate whoever is asked for; shown NULL:
 * none. The status, 0 where there is no answer; type: the answer's. */
static int ask(const char *path, const char *shown, const char *ca, char ret_type[64])
{
	char commands[1024], pair[256] = "", told[CERTIFICATES_PATH_SIZE];
	struct buf text AUTO_BUF;
	char *type;

	if (shown != NULL)
		(void)snprintf(pair, sizeof(pair), "--cert %s.crt --key %s.key", shown, shown);
	(void)snprintf(
		commands, sizeof(commands),
		"{ curl -s --noproxy '*' --max-time 60 --cacert %s %s -o body "
		"-w '%%{http_code} %%{content_type}' https://127.0.0.1:%d%s >told || true; }",
		ca, pair, service.port, path);
	certificates_shell(commands);
	certificates_path("told", told);
	buf_init(&text, 1024);
	read_file(told, &text);
	long status = strtol(buf_str(&text), &type, 10);
	(void)snprintf(ret_type, 64, "%s", type + strspn(type, " "));
	return (int)status;
}

static const struct {
	const char *rule, *shown;
	int status;
} clients[] = {
	{"one with a name is let in", "own/operator", 200},
	{"so is one with a second name, in capitals", "own/second-name", 200},
	{"so is one with an RSA key of 2048 bits", "own/rsa", 200},
	{"without a certificate", NULL, 403},
	{"another CA's", "other/operator", 403},
	{"signed by itself", "own/self", 403},
	{"expired", "own/expired", 403},
	{"with another name", "own/stranger", 403},
	{"with the name elsewhere", "own/common-name", 403},
	{"with the name as a URI", "own/uri", 403},
	{"with a wildcard", "own/wildcard", 403},
	{"for servers only", "own/server-only", 403},
};

START_TEST(only_clients_with_the_right_certificate_are_let_in)
{
	static const char *const paths[] = {"/payments", "/metrics", "/version", "/openapi.json"};
	const char *shown = clients[_i].shown;
	char type[64];

	settings_begin("own/payment-service");
	settings_add_clients("TLS_CLIENT_NAMES=order-service, operator");
	service_start(&service, certificates_settings);
	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		int status = ask(paths[i], shown, "own/ca.crt", type);

		ck_assert_msg(status == clients[_i].status, "%s: %d", clients[_i].rule, status);
		if (status == 403)
			ck_assert_str_eq(type, "application/problem+json");
	}
	ck_assert_int_eq(ask("/healthz", shown, "own/ca.crt", type), 200);
	ck_assert_int_eq(ask("/readyz", shown, "own/ca.crt", type), 200);
	if (shown != NULL && clients[_i].status == 403)
		service_wait_log(&service, "client_certificate_refused");
}
END_TEST

static const char *const servers[] = {"own/server-rsa", "own/server-ecdsa"};

START_TEST(both_libraries_of_tls_connect)
{
	char type[64];
	struct client client;

	settings_begin(servers[_i]);
	service_start(&service, certificates_settings);
	ck_assert_int_eq(ask("/version", NULL, "own/ca.crt", type), 200); /* OpenSSL */
	ck_assert_int_eq(ask("/version", NULL, "other/ca.crt", type), 0); /* and does judge */
	client_open(&client, service.port);
	client.tls = certificates_client("own/ca.crt", NULL);
	get(&client, "/version", NULL, 200); /* GnuTLS */
	get(&client, "/metrics", NULL, 200);
	check_holds(&client, "certificate_expiry_timestamp_seconds{certificate='server'} ");
	check_lacks(&client, "certificate='client_ca'");
	client_close(&client);
}
END_TEST

/* ---- what sslscan finds ---- */

/* "Accepted  TLSv1.2  256 bits  ECDHE-RSA-AES256-GCM-SHA384 ..." */
static void check_cipher(const char *line)
{
	char version[16], bits[8], name[64];

	ck_assert_int_eq(sscanf(line, "%*s %15s %7s bits %63s", version, bits, name), 3);
	ck_assert_msg(strcmp(version, "TLSv1.2") == 0 || strcmp(version, "TLSv1.3") == 0, "%s",
	              line);
	ck_assert_msg(strtol(bits, NULL, 10) >= 128, "%s", line);
	ck_assert_msg(strstr(name, "GCM") != NULL || strstr(name, "CHACHA20") != NULL, "%s", line);
	ck_assert_msg(strncmp(name, "ECDHE-", 6) == 0 || strncmp(name, "TLS_", 4) == 0, "%s", line);
}

START_TEST(sslscan_finds_nothing_old_or_weak)
{
	static const char *const wanted[] = {
		"SSLv2     disabled", "SSLv3     disabled", "TLSv1.0   disabled",
		"TLSv1.1   disabled", "TLSv1.2   enabled",  "TLSv1.3   enabled",
		"not supported", /* renegotiation */
	};
	char commands[128], path[CERTIFICATES_PATH_SIZE], *rest;
	struct buf text AUTO_BUF;
	size_t ciphers = 0;

	settings_begin(servers[_i]);
	service_start(&service, certificates_settings);
	(void)snprintf(commands, sizeof(commands), "sslscan --no-colour 127.0.0.1:%d >scan",
	               service.port);
	certificates_shell(commands);
	certificates_path("scan", path);
	buf_init(&text, 65536);
	read_file(path, &text);
	for (size_t i = 0; i < ARRAY_LEN(wanted); i++)
		ck_assert_msg(strstr(buf_str(&text), wanted[i]) != NULL, "%s: %s", wanted[i],
		              buf_str(&text));
	for (char *line = strtok_r(text.data, "\n", &rest); line != NULL;
	     line = strtok_r(NULL, "\n", &rest)) {
		if (strncmp(line, "Accepted", 8) == 0 || strncmp(line, "Preferred", 9) == 0) {
			check_cipher(line);
			ciphers++;
		}
	}
	ck_assert_uint_ge(ciphers, 4);
}
END_TEST

/* ---- new files ---- */

START_TEST(sighup_takes_new_files_and_leaves_connections_alone)
{
	char type[64];
	struct client kept;

	certificates_go_live("own/payment-service", "own/payment-service");
	settings_begin("live");
	service_start(&service, certificates_settings);
	client_open(&kept, service.port);
	kept.tls = certificates_client("own/ca.crt", NULL);
	get(&kept, "/version", NULL, 200);
	certificates_go_live("other/payment-service", "other/payment-service");
	ck_assert_int_eq(ask("/version", NULL, "own/ca.crt", type),
	                 200); /* not before the signal */
	service_signal(&service, SIGHUP);
	service_wait_log(&service, "\"event\":\"reloaded\"");
	ck_assert_int_eq(ask("/version", NULL, "own/ca.crt", type), 0);
	ck_assert_int_eq(ask("/version", NULL, "other/ca.crt", type), 200);
	get(&kept, "/version", NULL, 200);
	ck_assert(!client_connected_anew(&kept));
	certificates_go_live("own/payment-service", "other/payment-service");
	service_signal(&service, SIGHUP);
	service_wait_log(&service, "\"event\":\"reload_failed\"");
	service_wait_log(&service, "it is not the key of the certificate in");
	ck_assert_int_eq(ask("/version", NULL, "other/ca.crt", type), 200); /* what was */
	get(&kept, "/metrics", NULL, 200);
	check_holds(&kept, "\nconfig_last_reload_successful 0\n");
	client_close(&kept);
}
END_TEST

START_TEST(sighup_judges_clients_anew_also_on_open_connections)
{
	struct client client;

	certificates_shell("cp -f own/ca.crt live-ca");
	settings_begin("own/payment-service");
	settings_add_file("TLS_CLIENT_CA_FILE", "live-ca");
	settings_add("TLS_CLIENT_NAMES=operator");
	service_start(&service, certificates_settings);
	client_open(&client, service.port);
	client.tls = certificates_client("own/ca.crt", "own/operator");
	get(&client, "/version", NULL, 200);
	certificates_shell("cp -f other/ca.crt live-ca");
	service_signal(&service, SIGHUP);
	service_wait_log(&service, "\"event\":\"reloaded\"");
	get(&client, "/version", NULL, 403);
	ck_assert(!client_connected_anew(&client));
	check_problem(&client, "forbidden");
	client_close(&client);
}
END_TEST

static Suite *tls_suite(void)
{
	Suite *suite = suite_create("tls");
	TCase *tcase = tcase_create("tls");

	tcase_set_timeout(tcase, 120);
	tcase_add_unchecked_fixture(tcase, certificates_make, certificates_remove);
	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_loop_test(tcase, only_clients_with_the_right_certificate_are_let_in, 0,
	                    ARRAY_LEN(clients));
	tcase_add_loop_test(tcase, both_libraries_of_tls_connect, 0, ARRAY_LEN(servers));
	tcase_add_loop_test(tcase, sslscan_finds_nothing_old_or_weak, 0, ARRAY_LEN(servers));
	tcase_add_test(tcase, sighup_takes_new_files_and_leaves_connections_alone);
	tcase_add_test(tcase, sighup_judges_clients_anew_also_on_open_connections);
	suite_add_tcase(suite, tcase);
	return suite;
}

TEST_MAIN(tls_suite)
