/* test_healthcheck.c - the command healthcheck of both binaries: exit status 0 and silence where
 * the service on this machine is well, else 1 and one line on standard error that says why. */
#include "e2e/run.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SETTING_SIZE 32

static struct service service;

static void tear_down(void)
{
	service_release(&service);
}

/* text NULL: it is well; else the line must hold it. */
static void check_health(const char *listen, int port, const char *word, const char *text)
{
	const char *const arguments[] = {"healthcheck", word, NULL};
	char setting[SETTING_SIZE];
	const char *const settings[] = {setting, listen, NULL};
	struct run run;

	(void)snprintf(setting, sizeof(setting), "PORT=%d", port);
	run_service(&service, settings, arguments, &run);
	const char *line = buf_str(&run.err), *end = strchr(line, '\n');
	ck_assert_msg(run.status == (text == NULL ? 0 : 1), "exit %d: %s", run.status, line);
	ck_assert_str_eq(buf_str(&run.out), "");
	if (text == NULL) {
		ck_assert_str_eq(line, "");
	} else {
		ck_assert_msg(end != NULL && end[1] == '\0', "not one line: %s", line);
		ck_assert_msg(strstr(line, text) != NULL, "no \"%s\" in %s", text, line);
	}
	run_release(&run);
}

static const struct {
	const char *service, *listen;
} listeners[] = {
	{"payment-service", "LISTEN=127.0.0.1"}, {"order-service", "LISTEN=127.0.0.1"},
	{"payment-service", "LISTEN=127.0.0.2"}, {"payment-service", "LISTEN=0.0.0.0"},
	{"payment-service", "LISTEN=::1"},       {"payment-service", "LISTEN=::"},
};

START_TEST(a_service_that_can_serve_is_well)
{
	const char *listen = listeners[_i].listen;
	const char *settings[] = {listen, "ALLOW_ANONYMOUS=1", NULL};

	service_init(&service, listeners[_i].service);
	service_start(&service, settings);
	check_health(listen, service.port, NULL, NULL);
	check_health(listen, service.port, "live", NULL);
}
END_TEST

START_TEST(one_that_drains_is_alive_and_not_well)
{
	static const char *const settings[] = {"DRAIN_DELAY=1h", NULL};

	service_init(&service, "order-service");
	service_start(&service, settings);
	service_signal(&service, SIGTERM);
	service_wait_log(&service, "\"event\":\"stopping\"");
	check_health(NULL, service.port, NULL,
	             "/readyz was answered with status 503: The check serving fails");
	check_health(NULL, service.port, "live", NULL);
	service_signal(&service, SIGTERM);
	ck_assert_int_eq(service_wait(&service), 1);
}
END_TEST

/* On a port where nothing answers; a listener there accepts, and stays silent. */
START_TEST(one_that_does_not_answer_is_not_well)
{
	bool is_silent = _i == 1;
	struct sockaddr_in address = {.sin_family = AF_INET,
	                              .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
	socklen_t size = sizeof(address);

	service_init(&service, "payment-service");
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, size), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&address, &size), 0);
	if (is_silent)
		ck_assert_int_eq(listen(fd, 1), 0);
	check_health(NULL, ntohs(address.sin_port), "live", "/healthz was not answered: ");
	(void)close(fd);
}
END_TEST

START_TEST(any_free_port_tells_nothing)
{
	service_init(&service, "payment-service");
	check_health(NULL, 0, NULL, "PORT must be the one that this service listens on");
}
END_TEST

static Suite *healthcheck_suite(void)
{
	Suite *suite = suite_create("healthcheck");
	TCase *tcase = tcase_create("healthcheck");

	tcase_set_timeout(tcase, 60);
	tcase_add_checked_fixture(tcase, NULL, tear_down);
	tcase_add_loop_test(tcase, a_service_that_can_serve_is_well, 0, ARRAY_LEN(listeners));
	tcase_add_test(tcase, one_that_drains_is_alive_and_not_well);
	tcase_add_loop_test(tcase, one_that_does_not_answer_is_not_well, 0, 2);
	tcase_add_test(tcase, any_free_port_tells_nothing);
	suite_add_tcase(suite, tcase);
	return suite;
}

TEST_MAIN(healthcheck_suite)
