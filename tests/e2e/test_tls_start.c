/* test_tls_start.c - files of certificates and keys that are not right: exit status 2 and one line
 * that names the option and says what to do; those that soon will not be: a warning. */
#include "e2e/certificates.h"
#include "e2e/run.h"

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

static const struct {
	const char *text; /* of the one line */
	struct {
		const char *option, *file;
	} files[4];
	const char *setting; /* or NULL */
} wrong[] = {
	{"TLS_CERT_FILE and TLS_KEY_FILE belong together", {{"TLS_CERT_FILE", "own/operator.crt"}}},
	{"TLS_CERT_FILE and TLS_KEY_FILE belong together", {{"TLS_KEY_FILE", "own/operator.key"}}},
	{"TLS_KEY_FILE: cannot use",
         {{"TLS_CERT_FILE", "own/server-rsa.crt"}, {"TLS_KEY_FILE", "own/server-ecdsa.key"}}},
	{"it is not the key of the certificate in",
         {{"TLS_CERT_FILE", "own/operator.crt"}, {"TLS_KEY_FILE", "own/server-ecdsa.key"}}},
	{"it has expired: put a new one in its place",
         {{"TLS_CERT_FILE", "own/server-expired.crt"}, {"TLS_KEY_FILE", "own/server-expired.key"}}},
	{"everyone has access to it: chmod 0400 it",
         {{"TLS_CERT_FILE", "own/operator.crt"}, {"TLS_KEY_FILE", "open.key"}}},
	{"it is no certificate in PEM",
         {{"TLS_CERT_FILE", "text"}, {"TLS_KEY_FILE", "own/operator.key"}}},
	{"TLS_KEY_FILE: cannot use",
         {{"TLS_CERT_FILE", "own/operator.crt"}, {"TLS_KEY_FILE", "text.key"}}},
	{"TLS_CERT_FILE: cannot use",
         {{"TLS_CERT_FILE", "no-such-file"}, {"TLS_KEY_FILE", "own/operator.key"}}},
	{"TLS_CLIENT_CA_FILE and TLS_CLIENT_NAMES are for TLS",
         {{"TLS_CLIENT_CA_FILE", "own/ca.crt"}}},
	{"TLS_CLIENT_CA_FILE and TLS_CLIENT_NAMES belong together",
         {{"TLS_CERT_FILE", "own/server-ecdsa.crt"},
          {"TLS_KEY_FILE", "own/server-ecdsa.key"},
          {"TLS_CLIENT_CA_FILE", "own/ca.crt"}}},
	{"TLS_CLIENT_CA_FILE and TLS_CLIENT_NAMES belong together",
         {{"TLS_CERT_FILE", "own/server-ecdsa.crt"}, {"TLS_KEY_FILE", "own/server-ecdsa.key"}},
         "TLS_CLIENT_NAMES=operator"},
	{"TLS_CLIENT_NAMES: a name is empty",
         {{"TLS_CERT_FILE", "own/server-ecdsa.crt"},
          {"TLS_KEY_FILE", "own/server-ecdsa.key"},
          {"TLS_CLIENT_CA_FILE", "own/ca.crt"}},
         "TLS_CLIENT_NAMES=operator,"},
	{"PEER_CERT_FILE and PEER_KEY_FILE belong together", {{"PEER_CERT_FILE", "own/rsa.crt"}}},
	{"PEER_CERT_FILE: cannot use",
         {{"PEER_CERT_FILE", "own/expired.crt"}, {"PEER_KEY_FILE", "own/expired.key"}}},
	{"PEER_CA_FILE: cannot use", {{"PEER_CA_FILE", "text"}}},
	{"PEER_API_KEY_FILE: cannot use", {{"PEER_API_KEY_FILE", "open.key"}}},
	{"it must hold one key on one line", {{"PEER_API_KEY_FILE", "words"}}},
	{"of at most 4096 characters", {{"PEER_API_KEY_FILE", "long"}}},
};

START_TEST(wrong_files_are_refused_at_the_start)
{
	struct run run;

	settings_begin(NULL);
	for (size_t i = 0; i < ARRAY_LEN(wrong[_i].files) && wrong[_i].files[i].option != NULL; i++)
		settings_add_file(wrong[_i].files[i].option, wrong[_i].files[i].file);
	if (wrong[_i].setting != NULL)
		settings_add(wrong[_i].setting);
	run_service(&service, certificates_settings, NULL, &run);
	const char *line = buf_str(&run.err), *end = strchr(line, '\n');
	ck_assert_msg(run.status == 2, "exit %d: %s", run.status, line);
	ck_assert_msg(end != NULL && end[1] == '\0', "not one line: %s", line);
	ck_assert_msg(strstr(line, wrong[_i].text) != NULL, "no \"%s\" in %s", wrong[_i].text,
	              line);
	run_release(&run);
}
END_TEST

START_TEST(a_certificate_that_expires_soon_is_warned_of)
{
	settings_begin("own/server-soon");
	service_start(&service, certificates_settings);
	service_wait_log(&service, "\"event\":\"certificate_expires_soon\"");
	service_wait_log(&service, "\"option\":\"TLS_CERT_FILE\"");
}
END_TEST

static Suite *tls_start_suite(void)
{
	Suite *suite = suite_create("tls_start");
	TCase *tcase = tcase_create("tls_start");

	tcase_set_timeout(tcase, 60);
	tcase_add_unchecked_fixture(tcase, certificates_make, certificates_remove);
	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_loop_test(tcase, wrong_files_are_refused_at_the_start, 0, ARRAY_LEN(wrong));
	tcase_add_test(tcase, a_certificate_that_expires_soon_is_warned_of);
	suite_add_tcase(suite, tcase);
	return suite;
}

TEST_MAIN(tls_start_suite)
