/* test_follower.c - a follower on a real store and writer, against a peer over real HTTP: each
 * event takes effect exactly once, in order, whatever the peer does; and what is no continuation of
 * what was followed is not. */
#include "runtime/peer_commands.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "unit/following.h"

#define TIMEOUT_S 120 /* of a test, on a slow machine with a sanitizer */

static void setup(void)
{
	fake_open();
}

static void teardown(void)
{
	fake_close();
}

/* ---- following ---- */

START_TEST(each_event_takes_effect_once_and_as_it_comes)
{
	following_add(2500);
	following_start();
	ck_assert(follower_is_catching_up(following) || following_place().seq > 0);
	following_wait_for_place(2500);
	following_wait_until(following_is_caught_up);
	following_add(3);
	following_wait_for_place(2503);
	following_check_once(2503);
	following_stop();
}
END_TEST

START_TEST(it_goes_on_where_it_stopped)
{
	following_add(300);
	for (int64_t i = 1; i <= 5; i++) {
		following_start(); /* stopped at once: somewhere in between */
		following_stop();
		following_add(100);
	}
	following_start();
	following_wait_for_place(800);
	following_check_once(800);
	following_stop();
}
END_TEST

START_TEST(unknown_types_move_the_place_by_themselves)
{
	following_add(1);
	(void)fake_add(OTHER, NULL);
	(void)fake_add(OTHER, NULL);
	following_start();
	following_wait_for_place(3);
	following_add(1);
	following_wait_for_place(4);
	following_check_once(2);
	following_stop();
}
END_TEST

START_TEST(what_cannot_be_read_is_recorded_as_rejected)
{
	struct hash prev;
	char line[512], hex[HASH_HEX_SIZE];

	following_add(1);
	prev = fake_hash(1);
	hash_to_hex(&prev, hex);
	(void)snprintf(line, sizeof(line),
	               "{\"source\":\"/order-service/jrn_1\",\"type\":\"" CREATED
	               "\",\"subject\":\"not an order\",\"time\":\"2026-11-23T04:30:00.123Z\","
	               "\"seq\":2,\"prev_hash\":\"%s\",\"data\":{\"refused\":1}}",
	               hex);
	fake_add_line(line);
	following_add(1);
	following_start();
	following_wait_for_place(3);
	following_check_once(2);
	ck_assert_int_eq(rig_number(&following_rig,
	                            "SELECT count(*) FROM journal WHERE line LIKE "
	                            "'%\"subject\":\"\"%peer_event.rejected%' OR line LIKE "
	                            "'%peer_event.rejected\",\"subject\":\"\"%"
	                            "\"reason\":\"invalid-request\"%\"seq\":2,%'"),
	                 1);
	following_stop();
}
END_TEST

/* ---- a peer in trouble ---- */

static const enum fake_fault faults[] = {FAKE_ERROR, FAKE_NO_HEAD, FAKE_CUT,
                                         FAKE_HALF,  FAKE_HUGE,    FAKE_OTHER};

START_TEST(a_bad_answer_is_asked_for_again)
{
	following_add(5);
	following_start();
	following_wait_for_place(5);
	fake_set_fault(faults[_i]);
	following_add(5);
	following_wait_until(following_is_away);
	fake_set_fault(FAKE_NONE);
	following_wait_for_place(10);
	following_wait_until(following_is_well);
	following_check_once(10);
	following_stop();
}
END_TEST

START_TEST(a_peer_that_leaves_is_waited_for)
{
	following_add(5);
	following_start();
	following_wait_for_place(5);
	fake_leave();
	following_wait_until(following_is_away);
	ck_assert(!follower_is_catching_up(following));
	following_add(5);
	fake_return();
	following_wait_for_place(10);
	following_check_once(10);
	following_stop();
}
END_TEST

START_TEST(a_peer_that_is_not_there_does_not_hold_up_the_start)
{
	fake_leave();
	following_start();
	following_wait_until(following_is_away);
	ck_assert(!follower_is_catching_up(following));
	following_stop();
	fake_return();
}
END_TEST

/* ---- a journal that is not the one that was followed ---- */

static void go_back(void)
{
	fake_go_back(3);
}

static void go_back_and_on(void)
{
	fake_go_back(3);
	(void)fake_add(OTHER, NULL);
	following_add(10);
}

static void change_the_last(void)
{
	fake_go_back(4);
	(void)fake_add(OTHER, NULL);
}

static void change_source(void)
{
	fake_go_back(0);
	fake_set_source("/order-service/jrn_2");
	following_add(10);
}

static void leave_one_out(void)
{
	fake_add_line("{\"source\":\"/order-service/jrn_1\",\"type\":\"" CREATED
	              "\",\"time\":\"2026-11-23T04:30:00.123Z\",\"seq\":7,\"prev_hash\":"
	              "\"0000000000000000000000000000000000000000000000000000000000000000\","
	              "\"data\":{}}");
}

static void add_no_event(void)
{
	fake_add_line("[]");
}

static void (*const changes[])(void) = {go_back,       go_back_and_on, change_the_last,
                                        change_source, leave_one_out,  add_no_event};

START_TEST(another_journal_is_not_followed_until_it_is_accepted)
{
	following_add(5);
	following_start();
	following_wait_for_place(5);
	fake_leave();
	changes[_i]();
	fake_return();
	following_wait_until(following_is_broken);
	ck_assert_int_eq(following_place().seq, 5);
	following_check_once(5);
	following_accept_seq(3);
	if (changes[_i] == leave_one_out || changes[_i] == add_no_event) {
		following_wait_until(following_is_broken);
	} else {
		while (following_place().accepted_seq >= 0)
			following_pause();
		following_wait_until(following_is_well);
		following_add(1);
		while (following_place().hash.bytes[0] == 0 || following_place().seq < 4)
			following_pause();
	}
	following_stop();
}
END_TEST

START_TEST(a_line_that_is_changed_in_mid_page_stops_before_it)
{
	following_add(5);
	leave_one_out();
	following_start();
	following_wait_until(following_is_broken);
	following_wait_for_place(5);
	following_check_once(5);
	following_stop();
}
END_TEST

/* ---- this service was rolled back ---- */

START_TEST(an_event_that_came_of_one_that_is_gone_tells_of_a_rollback)
{
	struct cause cause = {.seq = 5000};

	following_start();
	text_copy(text_of(following_rig.store.source), cause.source, sizeof(cause.source));
	following_add(1);
	following_wait_for_place(1);
	ck_assert(!follower_is_rolled_back(following));
	if (_i == 1)
		cause.seq = 1; /* there, with another hash */
	if (_i == 2)
		/* Of a journal that is lost. */
		(void)memset(strrchr(cause.source, '/') + 1, 'x', 4);
	(void)fake_add(CREATED, &cause);
	following_wait_until(following_is_rolled_back);
	following_wait_for_place(2);
	ck_assert_int_eq(following_place().rollback, PEER_ROLLED_BACK);
	following_check_once(2);
	following_stop();
	following_start();
	ck_assert(follower_is_rolled_back(following));
	following_accept_seq(2);
	ck_assert(!follower_is_rolled_back(following));
	following_add(1);
	following_wait_for_place(3);
	ck_assert(!follower_is_rolled_back(following));
	following_stop();
}
END_TEST

#define LONG_US \
	(100 * US_PER_S) /* the peer answers, or is not there: nothing waits for its end \
	                  */

START_TEST(the_first_answer_is_waited_for)
{
	struct cause cause = {.seq = 5000};

	following_start();
	text_copy(text_of(following_rig.store.source), cause.source, sizeof(cause.source));
	following_stop();
	(void)fake_add(CREATED, &cause);
	following_start();
	follower_wait_first(following, LONG_US);
	ck_assert(follower_is_rolled_back(following));
	following_stop();
	fake_leave();
	following_start();
	follower_wait_first(following, LONG_US);
	ck_assert(following_is_away());
	follower_wait_first(following, 0); /* what came is told once */
	following_stop();
	fake_return();
}
END_TEST

START_TEST(an_event_that_came_of_one_that_is_there_does_not)
{
	struct cause cause = {.seq = 1};
	struct journal_head head;

	following_add(1);
	following_start();
	following_wait_for_place(1);
	text_copy(text_of(following_rig.store.source), cause.source, sizeof(cause.source));
	ck_assert_int_eq(journal_read_head(following_reader, &head), DB_OK);
	cause.hash = head.hash;
	(void)fake_add(CREATED, &cause);
	following_wait_for_place(2);
	ck_assert(!follower_is_rolled_back(following));
	following_stop();
}
END_TEST

START_TEST(a_restored_store_serves_once_the_peer_is_caught_up)
{
	struct cause cause = {.source = "", .seq = 5000};

	following_start();
	text_copy(text_of(following_rig.store.source), cause.source, sizeof(cause.source));
	following_stop();
	fixture_tamper("store.db", "UPDATE peer SET rollback = 2");
	fake_leave();
	following_start();
	ck_assert(follower_is_rolled_back(following));
	(void)fake_add(CREATED, &cause);
	fake_return();
	following_wait_until(following_is_not_rolled_back);
	following_check_once(1);
	while (following_place().rollback != PEER_INTACT)
		following_pause();
	following_stop();
}
END_TEST

/* ---- news that a refusal waits for ---- */

static struct entry asking;
static _Atomic bool came_back;

static void note_done(struct job *job)
{
	(void)job;
	atomic_store(&came_back, true);
}

static bool has_come_back(void)
{
	return atomic_load(&came_back);
}

START_TEST(a_refusal_is_told_once_the_head_was_reached)
{
	following_add(5);
	following_start();
	following_wait_for_place(5);
	entry_init(&asking, "asking", 7, ENTRY_UNHEARD);
	asking.job.done = note_done;
	ck_assert_int_eq(writer_reserve(following_writer), ERR_NONE);
	(void)fake_add(OTHER, NULL);
	writer_publish(following_writer, &asking.job);
	following_wait_until(has_come_back);
	job_check(&asking.job, 404, ERR_NOT_FOUND, false);
	job_release(&asking.job);
	following_stop();
}
END_TEST

/* ---- options ---- */

static const char *const bad_urls[] = {
	"localhost:5000",       "ftp://localhost/",      "http://",
	"http://u:p@localhost", "http://localhost/?a=1", "http://localhost/#a"};

START_TEST(a_url_that_is_none_is_refused_at_the_start)
{
	struct follower_options options = {.url = bad_urls[_i], .queue_max = FOLLOWING_QUEUE_MAX};
	struct buf AUTO_BUF why;

	buf_init(&why, 1024);
	entries_open(&following_rig, &env_system);
	options.database_url = following_rig.url;
	ck_assert_ptr_null(follower_new(&options, &following_rig.store, &env_system, &why));
	ck_assert_ptr_nonnull(strstr(buf_str(&why), "PEER_URL"));
	rig_close(&following_rig);
}
END_TEST

static Suite *follower_suite(void)
{
	Suite *suite = suite_create("follower");
	TCase *cases = tcase_create("all");

	fixture_add(cases);
	tcase_add_checked_fixture(cases, setup, teardown);
	tcase_set_timeout(cases, TIMEOUT_S);
	tcase_add_test(cases, each_event_takes_effect_once_and_as_it_comes);
	tcase_add_test(cases, it_goes_on_where_it_stopped);
	tcase_add_test(cases, unknown_types_move_the_place_by_themselves);
	tcase_add_test(cases, what_cannot_be_read_is_recorded_as_rejected);
	tcase_add_loop_test(cases, a_bad_answer_is_asked_for_again, 0, ARRAY_LEN(faults));
	tcase_add_test(cases, a_peer_that_leaves_is_waited_for);
	tcase_add_test(cases, a_peer_that_is_not_there_does_not_hold_up_the_start);
	tcase_add_loop_test(cases, another_journal_is_not_followed_until_it_is_accepted, 0,
	                    ARRAY_LEN(changes));
	tcase_add_test(cases, a_line_that_is_changed_in_mid_page_stops_before_it);
	tcase_add_loop_test(cases, an_event_that_came_of_one_that_is_gone_tells_of_a_rollback, 0,
	                    3);
	tcase_add_test(cases, the_first_answer_is_waited_for);
	tcase_add_test(cases, an_event_that_came_of_one_that_is_there_does_not);
	tcase_add_test(cases, a_restored_store_serves_once_the_peer_is_caught_up);
	tcase_add_test(cases, a_refusal_is_told_once_the_head_was_reached);
	tcase_add_loop_test(cases, a_url_that_is_none_is_refused_at_the_start, 0,
	                    ARRAY_LEN(bad_urls));
	suite_add_tcase(suite, cases);
	return suite;
}

TEST_MAIN(follower_suite)
