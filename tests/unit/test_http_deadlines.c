/* test_http_deadlines.c - when a connection is late, on a clock of our own; slow clients over real
 * sockets are in test_http_lifecycle.c. */
#include "unit/unit.h"
#include "web/deadlines.h"

#include <arpa/inet.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define REQUEST_US 100
#define ANSWER_US 300
#define QUIESCE_US 50
#define HOLD_US 50
#define NEVER INT64_MAX
#define LONG_AFTER 1000000

static const struct {
	const char *rule;
	enum connection_state state; /* reached at began_us */
	int64_t began_us, quiesced_us, late_us;
} rows[] = {
	{"a request has its time", CONNECTION_SENDING, 20, NEVER, 120},
	{"so has an answer", CONNECTION_TAKING, 20, NEVER, 320},
	{"who waits for us is never late", CONNECTION_BUSY, 20, NEVER, NEVER},
	{"nor is who sends nothing", CONNECTION_BETWEEN, 20, NEVER, NEVER},
	{"a quiesce shortens a request", CONNECTION_SENDING, 20, 30, 80},
	{"a quiesce shortens an answer", CONNECTION_TAKING, 20, 30, 80},
	{"a quiesce does not end who waits for us", CONNECTION_BUSY, 20, 30, NEVER},
	{"what is held has its time", CONNECTION_HELD, 20, NEVER, 70},
	{"a quiesce holds nothing back", CONNECTION_HELD, 20, 30, 30},
	{"a quiesce ends who sends nothing", CONNECTION_BETWEEN, 20, 30, 80},
	{"a quiesce prolongs no request", CONNECTION_SENDING, 20, 110, 120},
	{"a quiesce prolongs no answer", CONNECTION_TAKING, 20, 310, 320},
	{"a request after a quiesce has what is left", CONNECTION_SENDING, 40, 30, 80},
	{"an answer after a quiesce has its time", CONNECTION_TAKING, 200, 30, 250},
};

static void enter(const struct deadlines *deadlines, struct connection *connection,
                  enum connection_state state, int64_t now_us)
{
	if (state != CONNECTION_BETWEEN)
		deadlines_request_began(deadlines, connection, NULL, now_us);
	if (state == CONNECTION_BUSY || state == CONNECTION_TAKING)
		deadlines_request_whole(connection);
	if (state == CONNECTION_HELD)
		deadlines_request_held(connection, now_us + HOLD_US);
	if (state == CONNECTION_TAKING)
		deadlines_answer_began(deadlines, connection, false, now_us);
}

static void count_late(void *arg, struct connection *connection)
{
	(void)connection;
	(*(int *)arg)++;
}

/* How often the connection of a row is called late by one look at this time. */
static int lates_at(int row, int64_t now_us)
{
	struct connection connection = {.fd = -1};
	struct deadlines deadlines;
	int lates = 0;

	deadlines_init(&deadlines, REQUEST_US, ANSWER_US, QUIESCE_US);
	deadlines_add(&deadlines, &connection, 0);
	if (rows[row].quiesced_us < rows[row].began_us)
		deadlines_quiesce(&deadlines, rows[row].quiesced_us);
	enter(&deadlines, &connection, rows[row].state, rows[row].began_us);
	if (rows[row].quiesced_us != NEVER && rows[row].quiesced_us >= rows[row].began_us)
		deadlines_quiesce(&deadlines, rows[row].quiesced_us);
	(void)deadlines_sweep(&deadlines, now_us, count_late, &lates);
	return lates;
}

START_TEST(a_connection_is_late_at_its_time)
{
	if (rows[_i].late_us == NEVER) {
		ck_assert_msg(lates_at(_i, LONG_AFTER) == 0, "%s", rows[_i].rule);
		return;
	}
	ck_assert_msg(lates_at(_i, rows[_i].late_us - 1) == 0, "%s: too early", rows[_i].rule);
	ck_assert_msg(lates_at(_i, rows[_i].late_us) == 1, "%s: too late", rows[_i].rule);
}
END_TEST

START_TEST(a_kept_connection_has_no_deadline_of_the_request_before)
{
	struct connection connection = {.fd = -1};
	struct deadlines deadlines;
	int lates = 0;

	deadlines_init(&deadlines, REQUEST_US, ANSWER_US, QUIESCE_US);
	deadlines_add(&deadlines, &connection, 0);
	enter(&deadlines, &connection, CONNECTION_TAKING, 0);
	deadlines_request_ended(&deadlines, &connection);
	(void)deadlines_sweep(&deadlines, LONG_AFTER, count_late, &lates);
	ck_assert_int_eq(lates, 0);
}
END_TEST

/* ---- downloads ---- */

/* Both ends of a connection over the loopback. */
static void connect_pair(int *ret_server, int *ret_client)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
	                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_eq(bind(listener, (struct sockaddr *)&address, size), 0);
	ck_assert_int_eq(listen(listener, 1), 0);
	ck_assert_int_eq(getsockname(listener, (struct sockaddr *)&address, &size), 0);
	*ret_client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(connect(*ret_client, (struct sockaddr *)&address, size), 0);
	*ret_server = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	ck_assert_int_ge(*ret_server, 0);
	ck_assert_int_eq(close(listener), 0);
}

/* The client takes so many bytes, and the kernel has heard that it did. */
static void take(int server, int client, size_t count)
{
	static char bytes[4096];
	int unsent = 1;

	for (size_t taken = 0; taken < count; taken += sizeof(bytes)) {
		ck_assert_int_eq(send(server, bytes, sizeof(bytes), 0), sizeof(bytes));
		ck_assert_int_eq(recv(client, bytes, sizeof(bytes), MSG_WAITALL), sizeof(bytes));
	}
	while (unsent > 0) /* sent and not acknowledged */
		ck_assert_int_eq(ioctl(server, SIOCOUTQ, &unsent), 0);
}

static const struct {
	const char *rule;
	bool is_download;
	size_t taken;
	int64_t quiesced_us, late_us; /* the bytes are looked at first at 100 */
} downloads[] = {
	{"a download that goes on has its time anew", true, DOWNLOAD_BYTES_MIN, NEVER, 400},
	{"one that hardly goes on has not", true, DOWNLOAD_BYTES_MIN - 4096, NEVER, 300},
	{"another answer has one deadline in all", false, DOWNLOAD_BYTES_MIN, NEVER, 300},
	{"a quiesce does not wait for a download", true, DOWNLOAD_BYTES_MIN, 150, 200},
};

START_TEST(a_download_may_last_while_it_goes_on)
{
	struct connection connection = {0};
	struct deadlines deadlines;
	int client, lates = 0;

	connect_pair(&connection.fd, &client);
	take(connection.fd, client, 8192); /* an answer before */
	deadlines_init(&deadlines, REQUEST_US, ANSWER_US, QUIESCE_US);
	deadlines_add(&deadlines, &connection, 0);
	deadlines_request_began(&deadlines, &connection, NULL, 0);
	deadlines_answer_began(&deadlines, &connection, downloads[_i].is_download, 0);
	take(connection.fd, client, downloads[_i].taken);
	if (downloads[_i].quiesced_us != NEVER)
		deadlines_quiesce(&deadlines, downloads[_i].quiesced_us);
	(void)deadlines_sweep(&deadlines, 100, count_late, &lates);
	(void)deadlines_sweep(&deadlines, downloads[_i].late_us - 10, count_late, &lates);
	ck_assert_msg(lates == 0, "%s: too early", downloads[_i].rule);
	(void)deadlines_sweep(&deadlines, downloads[_i].late_us, count_late, &lates);
	ck_assert_msg(lates == 1, "%s: too late", downloads[_i].rule);
	ck_assert_int_eq(close(client), 0);
	ck_assert_int_eq(close(connection.fd), 0);
}
END_TEST

static Suite *http_deadlines_suite(void)
{
	Suite *suite = suite_create("http_deadlines");
	TCase *tcase = tcase_create("http_deadlines");

	tcase_add_loop_test(tcase, a_connection_is_late_at_its_time, 0, (int)ARRAY_LEN(rows));
	tcase_add_test(tcase, a_kept_connection_has_no_deadline_of_the_request_before);
	tcase_add_loop_test(tcase, a_download_may_last_while_it_goes_on, 0,
	                    (int)ARRAY_LEN(downloads));
	suite_add_tcase(suite, tcase);
	return suite;
}

TEST_MAIN(http_deadlines_suite)
