/* test_http_deadlines.c - when a connection is late, on a clock of our own; slow clients over real
 * sockets are in test_http_lifecycle.c. */
#include "unit/unit.h"
#include "web/deadlines.h"

#define REQUEST_US 100
#define ANSWER_US 300
#define QUIESCE_US 50
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
	if (state == CONNECTION_TAKING)
		deadlines_answer_began(deadlines, connection, now_us);
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

static Suite *http_deadlines_suite(void)
{
	Suite *suite = suite_create("http_deadlines");
	TCase *tcase = tcase_create("http_deadlines");

	tcase_add_loop_test(tcase, a_connection_is_late_at_its_time, 0, (int)ARRAY_LEN(rows));
	tcase_add_test(tcase, a_kept_connection_has_no_deadline_of_the_request_before);
	suite_add_tcase(suite, tcase);
	return suite;
}

TEST_MAIN(http_deadlines_suite)
