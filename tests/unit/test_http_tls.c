/* test_http_tls.c - the server over TLS: what goes through it, which deadline a handshake has, and
 * that certificates change while it serves. Who is let in: e2e/test_tls.c. */
#include "runtime/env.h"
#include "unit/http_fixture.h"
#include "unit/tls_tunnel.h"
#include "unit/unit.h"
#include "web/tls.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define SHORT_TIMEOUT_US (200 * US_PER_MS)
/* Half of what /big takes where the loop pauses after each record. */
#define ANSWER_TIMEOUT_US (5 * US_PER_S)
#define TLS13 "+VERS-TLS1.3"
#define NOW_US (env_now_us(&env_system))
#define RELOADS 50

static char directory[4096], certificate[8192], key[8192];
static struct tls *tls;

static void run_shell(const char *command)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		(void)execl("/bin/sh", "sh", "-c", command, (char *)NULL);
		_exit(127);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(status == 0, "%s", command);
}

/* Once for all tests. */
static void make_certificates(void)
{
	const char *parent = getenv("TMPDIR");
	char command[8192];

	(void)snprintf(directory, sizeof(directory), "%s/http_tls.XXXXXX",
	               parent == NULL ? "/tmp" : parent);
	ck_assert_ptr_nonnull(mkdtemp(directory));
	(void)snprintf(command, sizeof(command), "common/certs.sh '%s' >/dev/null", directory);
	run_shell(command);
	(void)snprintf(certificate, sizeof(certificate), "%s/payment-service.crt", directory);
	(void)snprintf(key, sizeof(key), "%s/payment-service.key", directory);
}

static void remove_certificates(void)
{
	char command[8192];

	(void)snprintf(command, sizeof(command), "rm -rf '%s'", directory);
	run_shell(command);
}

static void start(int64_t request_timeout_us)
{
	const struct tls_options tls_options = {
		.files = {.certificate = certificate, .key = key, .ca = ""}, .client_names = ""};
	struct http_options options = options_default();
	struct buf why AUTO_BUF;

	buf_init(&why, 1000);
	tls = tls_new(&tls_options, NOW_US, &why);
	ck_assert_msg(tls != NULL, "%s", buf_str(&why));
	options.tls = tls;
	options.request_timeout_us = request_timeout_us;
	options.answer_timeout_us = ANSWER_TIMEOUT_US;
	server_start(&options);
}

static void stop(void)
{
	server_stop();
	tls_free(tls);
}

static int tunnel_here(void)
{
	int fd = tls_tunnel(connect_here(), TLS13, NULL, NULL);

	ck_assert_int_ge(fd, 0);
	return fd;
}

/* A handshake that does not go on is cut: a clock without sleeping. */
static void let_a_deadline_pass(void)
{
	int fd = connect_here();

	ck_assert(client_is_closed(fd));
	(void)close(fd);
}

/* ---- what goes through ---- */

static const char *const versions[] = {"+VERS-TLS1.2", TLS13};

START_TEST(requests_go_through_whole)
{
	char body[60001];
	int fd;

	memset(body, 'b', sizeof(body) - 1);
	body[sizeof(body) - 1] = '\0';
	start(HTTP_REQUEST_TIMEOUT_US);
	fd = tls_tunnel(connect_here(), versions[_i], NULL, NULL);
	ck_assert_int_ge(fd, 0);
	client_send_str(fd, POST("/echo", "Content-Length: 60000\r\n"));
	client_send_str(fd, body);
	client_send_str(fd, GET("/wait") GET("/hello"));
	ck_assert_int_eq(client_receive(fd, answer), 200);
	ck_assert_str_eq(strstr(answer, "\r\n\r\n") + 4, body);
	ck_assert_int_eq(client_receive(fd, NULL), 200);
	ck_assert_int_eq(client_receive(fd, NULL), 200);
	client_send_str(fd, "GET /big HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
	ck_assert_uint_gt(client_read_to_end(fd), BIG_BYTES);
	(void)close(fd);
	stop();
}
END_TEST

START_TEST(many_wait_at_once)
{
	int fds[64];

	start(HTTP_REQUEST_TIMEOUT_US);
	for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
		fds[i] = tunnel_here();
		client_send_str(fds[i], GET("/wait"));
	}
	for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
		ck_assert_int_eq(client_receive(fds[i], NULL), 200);
		(void)close(fds[i]);
	}
	stop();
}
END_TEST

START_TEST(what_is_older_than_tls_1_2_is_refused)
{
	start(HTTP_REQUEST_TIMEOUT_US);
	ck_assert_int_eq(tls_tunnel(connect_here(), "+VERS-TLS1.1:+VERS-TLS1.0", NULL, NULL), -1);
	stop();
}
END_TEST

START_TEST(who_speaks_plainly_is_let_go)
{
	int fd, private_fd;

	start(HTTP_REQUEST_TIMEOUT_US);
	fd = connect_here();
	client_send_str(fd, GET("/hello"));
	ck_assert_uint_lt(client_read_to_end(fd), 64); /* an alert at most */
	private_fd = tunnel_here();
	client_send_str(private_fd, GET("/hello"));
	ck_assert_int_eq(client_receive(private_fd, NULL), 200);
	(void)close(fd);
	(void)close(private_fd);
	stop();
}
END_TEST

/* ---- deadlines ---- */

static const struct {
	const char *rule;
	struct text sent;
} stalled[] = {
	{"nothing is sent", {"", 0}},
	{"a handshake that has hardly begun", {"\x16\x03\x01", 3}},
	{"a hello that stops", {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11}},
};

/* Unchecked, the loop would turn some ten thousand times until the deadline. */
START_TEST(a_handshake_that_stalls_is_cut_and_costs_nothing)
{
	int fd;

	start(SHORT_TIMEOUT_US);
	fd = connect_here();
	client_send(fd, stalled[_i].sent);
	ck_assert_msg(client_is_closed(fd), "%s", stalled[_i].rule);
	ck_assert_int_eq(atomic_load(&http_stats(app.http)->request_timeouts_total), 1);
	ck_assert_int_lt(atomic_load(&app.turns), 1000);
	(void)close(fd);
	stop();
}
END_TEST

START_TEST(after_the_handshake_no_deadline_holds_until_a_request)
{
	int fresh, kept;

	start(SHORT_TIMEOUT_US);
	fresh = tls_tunnel(connect_here(), versions[_i], NULL, NULL);
	kept = tls_tunnel(connect_here(), versions[_i], NULL, NULL);
	client_send_str(kept, GET("/hello"));
	ck_assert_int_eq(client_receive(kept, NULL), 200);
	let_a_deadline_pass();
	let_a_deadline_pass();
	client_send_str(fresh, GET("/hello"));
	ck_assert_int_eq(client_receive(fresh, NULL), 200);
	client_send_str(kept, GET("/hello"));
	ck_assert_int_eq(client_receive(kept, NULL), 200);
	(void)close(fresh);
	(void)close(kept);
	stop();
}
END_TEST

START_TEST(a_late_request_is_told_so)
{
	int fd;

	start(SHORT_TIMEOUT_US);
	fd = tunnel_here();
	client_send_str(fd, POST("/echo", "Content-Length: 60000\r\n") "a");
	ck_assert_int_eq(client_receive(fd, answer), 408);
	ck_assert_ptr_nonnull(strstr(answer, "\r\n\r\nproblem"));
	ck_assert(client_is_closed(fd));
	(void)close(fd);
	stop();
}
END_TEST

/* ---- new certificates ---- */

START_TEST(certificates_change_under_connections_that_go_on)
{
	struct buf why AUTO_BUF;
	int kept, fd;

	buf_init(&why, 1000);
	start(HTTP_REQUEST_TIMEOUT_US);
	kept = tunnel_here();
	for (int i = 0; i < RELOADS; i++) {
		client_send_str(kept, GET("/hello"));
		ck_assert_msg(tls_reload(tls, NOW_US, &why), "%s", buf_str(&why));
		ck_assert_int_eq(client_receive(kept, NULL), 200);
		fd = tunnel_here();
		client_send_str(fd, GET("/hello"));
		ck_assert_int_eq(client_receive(fd, NULL), 200);
		(void)close(fd);
	}
	(void)close(kept);
	stop();
}
END_TEST

static Suite *http_tls_suite(void)
{
	Suite *suite = suite_create("http_tls");
	TCase *tcase = tcase_create("http_tls");
	int count = (int)ARRAY_LEN(versions);

	tcase_set_timeout(tcase, 60);
	tcase_add_unchecked_fixture(tcase, make_certificates, remove_certificates);
	tcase_add_loop_test(tcase, requests_go_through_whole, 0, count);
	tcase_add_test(tcase, many_wait_at_once);
	tcase_add_test(tcase, what_is_older_than_tls_1_2_is_refused);
	tcase_add_test(tcase, who_speaks_plainly_is_let_go);
	tcase_add_loop_test(tcase, a_handshake_that_stalls_is_cut_and_costs_nothing, 0,
	                    (int)ARRAY_LEN(stalled));
	tcase_add_loop_test(tcase, after_the_handshake_no_deadline_holds_until_a_request, 0, count);
	tcase_add_test(tcase, a_late_request_is_told_so);
	tcase_add_test(tcase, certificates_change_under_connections_that_go_on);
	suite_add_tcase(suite, tcase);
	return suite;
}

TEST_MAIN(http_tls_suite)
