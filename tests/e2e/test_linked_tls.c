/* test_linked_tls.c - two services that follow each other over mTLS, or with a key; and the
 * commands that ask them, beside them or from elsewhere. */
#include "e2e/certificates.h"
#include "e2e/keys.h"
#include "e2e/linked.h"
#include "e2e/run.h"

#include <stdio.h>
#include <string.h>

/* Both stopped: they have spoken plainly so far. */
static void set_up(void)
{
	linked_start();
	service_stop(&payment_service);
	service_stop(&order_service);
	pay.tls = order.tls = certificates_client("own/ca.crt", "own/operator");
}

static void set_service(struct service *own, const char *peer_ca, const char *shown)
{
	static char peer_url[64];
	bool pays = own == &payment_service;
	const char *name = pays ? "own/payment-service" : "own/order-service";

	settings_begin(name);
	/* Its own name is reconcile's. */
	settings_add_clients("TLS_CLIENT_NAMES=payment-service,order-service,operator");
	settings_add_pair("PEER", shown == NULL ? name : shown);
	settings_add_file("PEER_CA_FILE", peer_ca);
	(void)snprintf(peer_url, sizeof(peer_url), "PEER_URL=https://127.0.0.1:%d",
	               pays ? to_orders.port : to_payments.port);
	settings_add(peer_url);
}

/* shown NULL: its own certificate. */
static void start(struct service *own, const char *peer_ca, const char *shown)
{
	set_service(own, peer_ca, shown);
	linked_run(own, certificates_settings);
}

/* A command beside the daemon and with its settings: its exit status. */
static int run_command(struct service *own, const char *command)
{
	const char *const arguments[] = {command, NULL};
	char port[32];
	struct run run;

	(void)snprintf(port, sizeof(port), "PORT=%d", own->port);
	set_service(own, "own/ca.crt", NULL);
	settings_add(port);
	run_service(own, certificates_settings, arguments, &run);
	ck_assert_msg(run.err.len == 0, "%s", buf_str(&run.err));
	int status = run.status;
	run_release(&run);
	return status;
}

START_TEST(the_pair_follows_each_other_over_mtls)
{
	start(&payment_service, "own/ca.crt", NULL);
	start(&order_service, "own/ca.crt", NULL);
	linked_order("mtls", "10");
	linked_wait_heard();
	linked_pay("mtls", "10", "", 200);
	linked_wait_order("mtls", "'state':'paid'");
	ck_assert_int_eq(run_command(&payment_service, "reconcile"), 0);
	ck_assert_int_eq(run_command(&order_service, "healthcheck"), 0);
}
END_TEST

START_TEST(a_peer_that_another_ca_vouches_for_is_not_followed)
{
	start(&payment_service, "own/ca.crt", NULL);
	start(&order_service, "other/ca.crt", NULL);
	service_wait_log(&order_service, "certificate verification failed");
	get(&order, "/readyz", NULL, 200);
	check_holds(&order, "{'status':'degraded','check':'peer-away'}");
}
END_TEST

START_TEST(a_peer_that_does_not_let_us_in_is_not_followed)
{
	start(&payment_service, "own/ca.crt", NULL);
	start(&order_service, "own/ca.crt", "own/stranger");
	service_wait_log(&order_service, "\"status\":403");
	service_wait_log(&payment_service, "None of its DNS names is in TLS_CLIENT_NAMES.");
}
END_TEST

/* A key that the other service does not know, then one that it does, by SIGHUP. */
START_TEST(the_peer_is_shown_the_key_of_the_moment)
{
	static const struct test_key keys[] = {{"peer", "events:read", "right-secret", NULL},
	                                       {NULL}};

	keys_write(&payment_service, keys);
	linked_run(&payment_service, keys_settings);
	certificates_shell("umask 077 && echo wrong-secret >peer-key");
	settings_begin(NULL);
	settings_add_file("PEER_API_KEY_FILE", "peer-key");
	linked_run(&order_service, certificates_settings);
	service_wait_log(&order_service, "\"status\":401");
	certificates_shell("echo right-secret >peer-key");
	service_signal(&order_service, SIGHUP);
	service_wait_log(&order_service, "\"event\":\"peer_back\"");
}
END_TEST

/* ---- with certificates and keys ---- */

static const struct test_key closed_keys[] = {
	{"peer", "events:read,payments:read,orders:read", "peer-secret", NULL},
	{"operator", "admin", "operator-secret", NULL},
	{NULL},
};

static void set_closed(struct service *own)
{
	set_service(own, "own/ca.crt", NULL);
	settings_add("AUTH=keys");
	settings_add("API_KEYS_FILE=keys");
	settings_add_file("PEER_API_KEY_FILE", "peer-key");
}

static void start_closed(void)
{
	certificates_shell("umask 077 && echo peer-secret >peer-key && "
	                   "echo operator-secret >operator-key");
	keys_write(&payment_service, closed_keys);
	keys_write(&order_service, closed_keys);
	set_closed(&payment_service);
	linked_run(&payment_service, certificates_settings);
	set_closed(&order_service);
	linked_run(&order_service, certificates_settings);
}

/* Runs the command with the settings made so far: it ends so, and prints the text. */
static void check_run(const struct service *where, const char *const *arguments, int status,
                      const char *printed)
{
	struct run run;

	run_service(where, certificates_settings, arguments, &run);
	bool is_right = run.status == status &&
	                strstr(buf_str(status == 0 ? &run.out : &run.err), printed) != NULL;
	ck_assert_msg(is_right, "%s ended with %d and printed: %s%s", arguments[0], run.status,
	              buf_str(&run.out), buf_str(&run.err));
	run_release(&run);
}

START_TEST(the_commands_beside_a_closed_pair_are_let_in)
{
	const char *reconcile[] = {"reconcile", NULL}, *healthcheck[] = {"healthcheck", NULL};
	char port[32];

	start_closed();
	set_closed(&payment_service);
	(void)snprintf(port, sizeof(port), "PORT=%d", payment_service.port);
	settings_add(port);
	check_run(&payment_service, reconcile, 0, ": 0 differences");
	check_run(&payment_service, healthcheck, 0, "");
}
END_TEST

static const struct {
	const char *words[3];
	const char *shown, *key;
	int status;
	const char *printed;
} from_elsewhere[] = {
	{{"healthcheck"}, NULL, NULL, 0, ""},
	{{"audit"}, "own/operator", "operator-key", 0, ": 0 findings"},
	{{"backup", "copy.db"}, "own/operator", "operator-key", 0, "copy.db is written"},
	{{"audit"}, NULL, "operator-key", 2, "status 403: Connect with a client certificate"},
	{{"audit"}, "own/stranger", "operator-key", 2, "status 403: Connect with a client"},
	{{"audit"}, "own/operator", NULL, 2, "status 401: Send Authorization: Bearer KEY"},
	{{"backup", "no.db"}, "own/operator", "peer-key", 2, "status 403: Use a key that has the"},
	{{"restore-check", "copy.db"}, "own/operator", "operator-key", 0, ": 0 findings"},
};

/* Where there is no store, as in a job's pod. */
START_TEST(commands_from_elsewhere_are_let_in_with_certificate_and_key)
{
	struct service elsewhere;
	char url[64];

	start_closed();
	service_init(&elsewhere, "payment-service");
	(void)snprintf(url, sizeof(url), "SERVICE_URL=https://127.0.0.1:%d", payment_service.port);
	for (size_t i = 0; i < ARRAY_LEN(from_elsewhere); i++) {
		settings_begin(NULL);
		settings_add(url);
		settings_add("TMPDIR=.");
		settings_add_file("PEER_CA_FILE", "own/ca.crt");
		if (from_elsewhere[i].shown != NULL)
			settings_add_pair("PEER", from_elsewhere[i].shown);
		if (from_elsewhere[i].key != NULL)
			settings_add_file("PEER_API_KEY_FILE", from_elsewhere[i].key);
		check_run(&elsewhere, from_elsewhere[i].words, from_elsewhere[i].status,
		          from_elsewhere[i].printed);
	}
	service_release(&elsewhere);
}
END_TEST

static Suite *linked_tls_suite(void)
{
	Suite *suite = suite_create("linked_tls");
	TCase *tcase = tcase_create("linked_tls");

	tcase_set_timeout(tcase, 120);
	tcase_add_unchecked_fixture(tcase, certificates_make, certificates_remove);
	tcase_add_checked_fixture(tcase, set_up, linked_stop);
	tcase_add_test(tcase, the_pair_follows_each_other_over_mtls);
	tcase_add_test(tcase, a_peer_that_another_ca_vouches_for_is_not_followed);
	tcase_add_test(tcase, a_peer_that_does_not_let_us_in_is_not_followed);
	tcase_add_test(tcase, the_peer_is_shown_the_key_of_the_moment);
	tcase_add_test(tcase, the_commands_beside_a_closed_pair_are_let_in);
	tcase_add_test(tcase, commands_from_elsewhere_are_let_in_with_certificate_and_key);
	suite_add_tcase(suite, tcase);
	return suite;
}

TEST_MAIN(linked_tls_suite)
