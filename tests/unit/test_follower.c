/* test_follower.c - a follower on a real store and writer, against a peer over real HTTP: each
 * event takes effect exactly once, in order, whatever the peer does; and what is no continuation of
 * what was followed is not. */
#include "runtime/follower.h"

#include "runtime/peer_commands.h"
#include "storage/peer.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "unit/engine_fixture.h"
#include "unit/fake_peer.h"
#include "unit/unit.h"

#define TIMEOUT_S 120 /* of a test, on a slow machine with a sanitizer */
#define QUEUE_MAX 64
#define CREATED "order.created"
#define OTHER "order.redacted"

static struct rig rig;
static struct writer *writer;
static struct follower *follower;
static struct db *reader;

/* ---- what an event becomes ---- */

static bool read_created(const struct peer_event *event, const uint8_t *sip_key, void *command,
                         char why[PEER_WHY_SIZE])
{
	const cJSON *refused = json_member(event->data, "refused");
	struct entry *entry = command;

	(void)sip_key;
	entry->name = "event";
	entry->account = (uint64_t)event->seq;
	entry->amount = 1;
	if (refused != NULL)
		(void)snprintf(why, PEER_WHY_SIZE, "It is refused.");
	return refused == NULL;
}

static const struct peer_kind kinds[] = {
	{.type = CREATED,
         .kind = &entry_kind,
         .command_size = sizeof(struct entry),
         .read = read_created},
	{0},
};

/* ---- the rig ---- */

static void after_batch(void *arg)
{
	(void)arg;
	follower_wanted(follower, engine_peer_ticket(rig.engine));
}

static void start(void)
{
	struct follower_options options = {
		.url = fake_url(), .queue_max = QUEUE_MAX, .kinds = kinds};
	struct buf AUTO_BUF why;

	buf_init(&why, 1024);
	rig.peer_wait_us = 100 * US_PER_S;
	entries_open(&rig, &env_system);
	options.database_url = rig.url;
	follower = follower_new(&options, &rig.store, &env_system, &why);
	ck_assert_msg(follower != NULL, "%s", buf_str(&why));
	ck_assert_int_eq(db_open(rig.url, DB_READER, &reader, &why), DB_OK);
	writer = writer_start(rig.engine, &env_system, QUEUE_MAX, after_batch, NULL);
	ck_assert_ptr_nonnull(writer);
	ck_assert(follower_start(follower, writer, &why));
}

static void stop(void)
{
	follower_stop(follower);
	writer_stop(writer);
	follower_free(follower);
	db_close(reader);
	rig_check_journal(&rig);
	rig_close(&rig);
}

static void setup(void)
{
	fake_open();
}

static void teardown(void)
{
	fake_close();
}

static void pause_briefly(void)
{
	(void)nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
}

static struct peer_place place(void)
{
	struct peer_place now;

	ck_assert_int_eq(peer_read(reader, &now), DB_OK);
	return now;
}

static void wait_for_place(int64_t seq)
{
	while (place().seq != seq)
		pause_briefly();
}

static void wait_until(bool (*is_so)(void))
{
	while (!is_so())
		pause_briefly();
}

static bool is_broken(void)
{
	const char *trouble = follower_trouble(follower);

	return trouble != NULL && strcmp(trouble, "peer-broken") == 0;
}

static bool is_away(void)
{
	const char *trouble = follower_trouble(follower);

	return trouble != NULL && strcmp(trouble, "peer-away") == 0;
}

static bool is_well(void)
{
	return follower_trouble(follower) == NULL;
}

static bool is_rolled_back(void)
{
	return follower_is_rolled_back(follower);
}

static bool is_not_rolled_back(void)
{
	return !follower_is_rolled_back(follower);
}

static bool is_caught_up(void)
{
	return !follower_is_catching_up(follower);
}

static void add(int count)
{
	for (int i = 0; i < count; i++)
		(void)fake_add(CREATED, NULL);
}

static int64_t events(void)
{
	return rig_number(&rig, "SELECT count(DISTINCT account) FROM entries");
}

static void check_once(int64_t count)
{
	ck_assert_int_eq(events(), count);
	ck_assert_int_eq(entry_count(&rig, "event"), count);
}

/* As POST /peer/accept commits it. */
static void accept_seq(int64_t seq)
{
	char sql[80];

	stop();
	(void)snprintf(sql, sizeof(sql), "UPDATE peer SET accepted_seq = %lld, rollback = 0",
	               (long long)seq);
	fixture_tamper("store.db", sql);
	start();
}

/* ---- following ---- */

START_TEST(each_event_takes_effect_once_and_as_it_comes)
{
	add(2500);
	start();
	ck_assert(follower_is_catching_up(follower) || place().seq > 0);
	wait_for_place(2500);
	wait_until(is_caught_up);
	add(3);
	wait_for_place(2503);
	check_once(2503);
	stop();
}
END_TEST

START_TEST(it_goes_on_where_it_stopped)
{
	add(300);
	for (int64_t i = 1; i <= 5; i++) {
		start(); /* stopped at once: somewhere in between */
		stop();
		add(100);
	}
	start();
	wait_for_place(800);
	check_once(800);
	stop();
}
END_TEST

START_TEST(unknown_types_move_the_place_by_themselves)
{
	add(1);
	(void)fake_add(OTHER, NULL);
	(void)fake_add(OTHER, NULL);
	start();
	wait_for_place(3);
	add(1);
	wait_for_place(4);
	check_once(2);
	stop();
}
END_TEST

START_TEST(what_cannot_be_read_is_recorded_as_rejected)
{
	struct hash prev;
	char line[512], hex[HASH_HEX_SIZE];

	add(1);
	prev = fake_hash(1);
	hash_to_hex(&prev, hex);
	(void)snprintf(line, sizeof(line),
	               "{\"source\":\"/order-service/jrn_1\",\"type\":\"" CREATED
	               "\",\"subject\":\"not an order\",\"time\":\"2026-11-23T04:30:00.123Z\","
	               "\"seq\":2,\"prev_hash\":\"%s\",\"data\":{\"refused\":1}}",
	               hex);
	fake_add_line(line);
	add(1);
	start();
	wait_for_place(3);
	check_once(2);
	ck_assert_int_eq(rig_number(&rig, "SELECT count(*) FROM journal WHERE line LIKE "
	                                  "'%\"subject\":\"\"%peer_event.rejected%' OR line LIKE "
	                                  "'%peer_event.rejected\",\"subject\":\"\"%"
	                                  "\"reason\":\"invalid-request\"%\"seq\":2,%'"),
	                 1);
	stop();
}
END_TEST

/* ---- a peer in trouble ---- */

static const enum fake_fault faults[] = {FAKE_ERROR, FAKE_NO_HEAD, FAKE_CUT, FAKE_HALF, FAKE_HUGE};

START_TEST(a_bad_answer_is_asked_for_again)
{
	add(5);
	start();
	wait_for_place(5);
	fake_set_fault(faults[_i]);
	add(5);
	wait_until(is_away);
	fake_set_fault(FAKE_NONE);
	wait_for_place(10);
	wait_until(is_well);
	check_once(10);
	stop();
}
END_TEST

START_TEST(a_peer_that_leaves_is_waited_for)
{
	add(5);
	start();
	wait_for_place(5);
	fake_leave();
	wait_until(is_away);
	ck_assert(!follower_is_catching_up(follower));
	add(5);
	fake_return();
	wait_for_place(10);
	check_once(10);
	stop();
}
END_TEST

START_TEST(a_peer_that_is_not_there_does_not_hold_up_the_start)
{
	fake_leave();
	start();
	wait_until(is_away);
	ck_assert(!follower_is_catching_up(follower));
	stop();
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
	add(10);
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
	add(10);
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
	add(5);
	start();
	wait_for_place(5);
	fake_leave();
	changes[_i]();
	fake_return();
	wait_until(is_broken);
	ck_assert_int_eq(place().seq, 5);
	check_once(5);
	accept_seq(3);
	if (changes[_i] == leave_one_out || changes[_i] == add_no_event) {
		wait_until(is_broken);
	} else {
		while (place().accepted_seq >= 0)
			pause_briefly();
		wait_until(is_well);
		add(1);
		while (place().hash.bytes[0] == 0 || place().seq < 4)
			pause_briefly();
	}
	stop();
}
END_TEST

START_TEST(a_line_that_is_changed_in_mid_page_stops_before_it)
{
	add(5);
	leave_one_out();
	start();
	wait_until(is_broken);
	wait_for_place(5);
	check_once(5);
	stop();
}
END_TEST

/* ---- this service was rolled back ---- */

START_TEST(an_event_that_came_of_one_that_is_gone_tells_of_a_rollback)
{
	struct cause cause = {.seq = 5000};

	start();
	text_copy(text_of(rig.store.source), cause.source, sizeof(cause.source));
	add(1);
	wait_for_place(1);
	ck_assert(!follower_is_rolled_back(follower));
	if (_i == 1)
		cause.seq = 1; /* there, with another hash */
	(void)fake_add(CREATED, &cause);
	wait_until(is_rolled_back);
	wait_for_place(2);
	ck_assert_int_eq(place().rollback, PEER_ROLLED_BACK);
	check_once(2);
	stop();
	start();
	ck_assert(follower_is_rolled_back(follower));
	accept_seq(2);
	ck_assert(!follower_is_rolled_back(follower));
	add(1);
	wait_for_place(3);
	ck_assert(!follower_is_rolled_back(follower));
	stop();
}
END_TEST

START_TEST(an_event_that_came_of_one_that_is_there_does_not)
{
	struct cause cause = {.seq = 1};
	struct journal_head head;

	add(1);
	start();
	wait_for_place(1);
	text_copy(text_of(rig.store.source), cause.source, sizeof(cause.source));
	ck_assert_int_eq(journal_read_head(reader, &head), DB_OK);
	cause.hash = head.hash;
	(void)fake_add(CREATED, &cause);
	wait_for_place(2);
	ck_assert(!follower_is_rolled_back(follower));
	stop();
}
END_TEST

START_TEST(a_restored_store_serves_once_the_peer_is_caught_up)
{
	struct cause cause = {.source = "", .seq = 5000};

	start();
	text_copy(text_of(rig.store.source), cause.source, sizeof(cause.source));
	stop();
	fixture_tamper("store.db", "UPDATE peer SET rollback = 2");
	fake_leave();
	start();
	ck_assert(follower_is_rolled_back(follower));
	(void)fake_add(CREATED, &cause);
	fake_return();
	wait_until(is_not_rolled_back);
	check_once(1);
	while (place().rollback != PEER_INTACT)
		pause_briefly();
	stop();
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
	add(5);
	start();
	wait_for_place(5);
	entry_init(&asking, "asking", 7, ENTRY_UNHEARD);
	asking.job.done = note_done;
	ck_assert_int_eq(writer_reserve(writer), ERR_NONE);
	(void)fake_add(OTHER, NULL);
	writer_publish(writer, &asking.job);
	wait_until(has_come_back);
	job_check(&asking.job, 404, ERR_NOT_FOUND, false);
	job_release(&asking.job);
	stop();
}
END_TEST

/* ---- options ---- */

static const char *const bad_urls[] = {
	"localhost:5000",       "ftp://localhost/",      "http://",
	"http://u:p@localhost", "http://localhost/?a=1", "http://localhost/#a"};

START_TEST(a_url_that_is_none_is_refused_at_the_start)
{
	struct follower_options options = {.url = bad_urls[_i], .queue_max = QUEUE_MAX};
	struct buf AUTO_BUF why;

	buf_init(&why, 1024);
	entries_open(&rig, &env_system);
	options.database_url = rig.url;
	ck_assert_ptr_null(follower_new(&options, &rig.store, &env_system, &why));
	ck_assert_ptr_nonnull(strstr(buf_str(&why), "PEER_URL"));
	rig_close(&rig);
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
	                    2);
	tcase_add_test(cases, an_event_that_came_of_one_that_is_there_does_not);
	tcase_add_test(cases, a_restored_store_serves_once_the_peer_is_caught_up);
	tcase_add_test(cases, a_refusal_is_told_once_the_head_was_reached);
	tcase_add_loop_test(cases, a_url_that_is_none_is_refused_at_the_start, 0,
	                    ARRAY_LEN(bad_urls));
	suite_add_tcase(suite, cases);
	return suite;
}

TEST_MAIN(follower_suite)
