/* test_courier.c - what is delivered when: the real store, engine and commands, a clock that the
 * test moves, and hands that the test answers for. */
#include "runtime/courier_target.h"

#include <stdio.h>
#include <string.h>

#include "unit/webhook_fixture.h"

#define MINUTE_US (60 * US_PER_S)
#define HOUR_US (60 * MINUTE_US)

/* ---- the hands ---- */

static struct {
	enum error refusal; /* of a place in the queue; ERR_NONE: there is one */
	struct job *jobs[BATCH_MAX];
	size_t count;
	int64_t notes;
	/* What is being tried in each slot: the event's seq, 0: nothing. */
	int64_t posting[WEBHOOKS_MAX];
	char signatures[WEBHOOKS_MAX][COURIER_SIGNATURES_SIZE];
	int64_t cancelled;
} hands;

static struct db *reader;
static struct courier *courier;

static bool hand_post(void *arg, size_t slot, const struct post *post)
{
	const char *seq = strstr(post->body.ptr, "\"seq\":");

	(void)arg;
	ck_assert_int_eq(hands.posting[slot], 0);
	ck_assert_int_eq(post->timestamp_s, world.now_us / US_PER_S);
	ck_assert(text_is(post->url, WEBHOOK_URL));
	ck_assert(text_equal(text_of(post->id), journal_line_member(post->body, "id")));
	hands.posting[slot] = strtoll(seq + 6, NULL, 10);
	text_copy(text_of(post->signatures), hands.signatures[slot], COURIER_SIGNATURES_SIZE);
	return true;
}

static void hand_cancel(void *arg, size_t slot)
{
	(void)arg;
	ck_assert_int_ne(hands.posting[slot], 0);
	hands.posting[slot] = 0;
	hands.cancelled++;
}

static enum error hand_reserve(void *arg)
{
	(void)arg;
	return hands.refusal;
}

static void hand_publish(void *arg, struct job *job)
{
	(void)arg;
	ck_assert_uint_lt(hands.count, BATCH_MAX);
	hands.jobs[hands.count++] = job;
}

static void hand_came_back(void *arg)
{
	(void)arg;
	hands.notes++;
}

/* Executes what was published. */
static void commit(void)
{
	size_t count = hands.count;

	hands.count = 0;
	(void)rig_run(&rig, hands.jobs, count);
	for (size_t i = 0; i < count; i++)
		hands.jobs[i]->done(hands.jobs[i]);
}

/* ---- the courier ---- */

static void start(void)
{
	const struct courier_hands own = {.post = hand_post,
	                                  .cancel = hand_cancel,
	                                  .reserve = hand_reserve,
	                                  .publish = hand_publish,
	                                  .came_back = hand_came_back};
	struct buf AUTO_BUF why;

	buf_init(&why, 1024);
	ck_assert_int_eq(db_open(rig.url, DB_READER, &reader, &why), DB_OK);
	courier = courier_new(reader, &fixture_env, own);
	ck_assert_ptr_nonnull(courier);
}

static void end(void)
{
	courier_end(courier);
	commit();
	ck_assert(courier_settle(courier));
	courier_free(courier);
	db_close(reader);
}

/* What is lost when the process dies. */
static void die(void)
{
	commit();
	ck_assert(courier_settle(courier));
	memset(hands.posting, 0, sizeof(hands.posting));
	courier_free(courier);
	db_close(reader);
	start();
}

/* Turns until the courier has nothing more to do now; when it has. */
static int64_t turn(void)
{
	int64_t next_us = courier_turn(courier, true, true, world.now_us);

	for (int i = 0; i < 100 && (next_us <= world.now_us || hands.count > 0); i++) {
		commit();
		next_us = courier_turn(courier, false, false, world.now_us);
	}
	ck_assert_int_gt(next_us, world.now_us);
	return next_us;
}

static void answer_after(size_t slot, int status, int64_t retry_after_us)
{
	const struct post_result result = {
		.status = status, .retry_after_us = retry_after_us, .error = "it is unplugged"};

	ck_assert_int_ne(hands.posting[slot], 0);
	hands.posting[slot] = 0;
	courier_posted(courier, slot, &result, world.now_us);
}

static void answer(size_t slot, int status)
{
	answer_after(slot, status, 0);
}

static int64_t stored(const char *column)
{
	char sql[128];

	(void)snprintf(sql, sizeof(sql), "SELECT %s FROM webhooks", column);
	return rig_number(&rig, sql);
}

static bool is_disabled(const char *reason)
{
	char sql[160];

	(void)snprintf(sql, sizeof(sql),
	               "SELECT count(*) FROM webhooks WHERE status = 'disabled' AND "
	               "disabled_reason = '%s'",
	               reason);
	return rig_number(&rig, sql) == 1;
}

/* Delivers the next events to the slot's endpoint: exactly these. */
static void deliver(size_t slot, int64_t from_seq, int64_t to_seq)
{
	for (int64_t seq = from_seq; seq <= to_seq; seq++) {
		(void)turn();
		ck_assert_int_eq(hands.posting[slot], seq);
		answer(slot, 200);
	}
	(void)turn();
	ck_assert_int_eq(hands.posting[slot], 0);
}

static void setup(void)
{
	webhook_rig_open();
	start();
	webhook_add_events(2); /* before any endpoint: seq 1 and 2 */
}

static void teardown(void)
{
	end();
	webhook_rig_close();
}

START_TEST(events_are_delivered_in_order_from_the_head_on)
{
	webhook_must(&webhook_create_kind, 1, NULL); /* seq 3 */
	(void)turn();
	ck_assert_int_eq(hands.posting[0], 0);
	webhook_add_events(5);
	deliver(0, 4, 8);
	webhook_add_events(1);
	deliver(0, 9, 9);
}
END_TEST

START_TEST(an_endpoint_that_hangs_delays_no_other)
{
	webhook_must(&webhook_create_kind, 1, NULL); /* seq 3 */
	webhook_must(&webhook_create_kind, 2, NULL); /* seq 4 */
	webhook_add_events(20);
	(void)turn();
	ck_assert_int_eq(hands.posting[0], 4);
	deliver(1, 5, 24);
	ck_assert_int_eq(hands.posting[0], 4);
}
END_TEST

START_TEST(only_the_types_that_are_wanted_are_delivered)
{
	webhook_must(&webhook_create_kind, 1, "[\"entry\",\"webhook.rotated\"]"); /* seq 3 */
	webhook_add_events(250);
	webhook_must(&webhook_rotate_kind, 1, NULL); /* seq 254 */
	webhook_add_events(250);
	deliver(0, 254, 254);
	world.now_us += US_PER_S;
	(void)turn();
	ck_assert_int_eq(stored("place"), 504);
}
END_TEST

START_TEST(places_are_stored_once_a_second)
{
	webhook_must(&webhook_create_kind, 1, NULL); /* seq 3 */
	webhook_add_events(50);
	deliver(0, 4, 53);
	ck_assert_int_eq(hands.notes, 0);
	ck_assert_int_eq(turn(), world.now_us + US_PER_S);
	world.now_us += US_PER_S;
	ck_assert_int_eq(turn(), INT64_MAX);
	ck_assert_int_eq(hands.notes, 1);
	ck_assert_int_eq(stored("place"), 53);
}
END_TEST

START_TEST(what_was_not_stored_is_delivered_again_after_a_crash)
{
	webhook_must(&webhook_create_kind, 1, NULL); /* seq 3 */
	webhook_add_events(4);
	deliver(0, 4, 5 + 2);
	world.now_us += US_PER_S;
	(void)turn();
	webhook_add_events(2);
	deliver(0, 8, 9);
	die();
	deliver(0, 8, 9);
}
END_TEST

START_TEST(a_stop_stores_the_place_and_delivers_nothing_twice)
{
	webhook_must(&webhook_create_kind, 1, NULL); /* seq 3 */
	webhook_add_events(4);
	(void)turn();
	answer(0, 204);
	(void)turn();
	ck_assert_int_eq(hands.posting[0], 5);
	end();
	ck_assert_int_eq(hands.cancelled, 1);
	ck_assert_int_eq(stored("place"), 4);
	start();
	deliver(0, 5, 7);
}
END_TEST

static const int64_t delays_us[] = {
	0,           5 * US_PER_S, 5 * MINUTE_US, 30 * MINUTE_US, 2 * HOUR_US,
	5 * HOUR_US, 10 * HOUR_US, 14 * HOUR_US,  20 * HOUR_US,   24 * HOUR_US};

START_TEST(an_event_is_tried_on_the_schedule_and_then_its_endpoint_is_disabled)
{
	int64_t next_us;

	webhook_must(&webhook_create_kind, 1, NULL); /* seq 3 */
	webhook_add_events(2);
	for (size_t i = 0; i < ARRAY_LEN(delays_us); i++) {
		(void)turn();
		ck_assert_int_eq(hands.posting[0], 4);
		answer(0, i % 2 == 0 ? 500 : 0);
		if (delays_us[i] == 0)
			continue;
		next_us = turn();
		ck_assert_int_eq(hands.posting[0], 0);
		ck_assert_int_eq(stored("attempts"), (int64_t)i + 1);
		ck_assert_int_eq(stored("next_us"), next_us);
		ck_assert_int_ge(next_us, world.now_us + delays_us[i]);
		ck_assert_int_le(next_us, world.now_us + delays_us[i] * 11 / 10);
		if (i == 5)
			die(); /* the schedule goes on */
		world.now_us = next_us;
	}
	(void)turn();
	answer(0, 302);
	ck_assert_int_eq(turn(), INT64_MAX);
	ck_assert(is_disabled("retries-ended"));
	ck_assert_int_eq(stored("place"), 3);

	/* Nothing is lost. */
	webhook_add_events(2);
	ck_assert_int_eq(turn(), INT64_MAX);
	webhook_must(&webhook_enable_kind, 1, NULL); /* seq 8 */
	deliver(0, 4, 8);
	ck_assert_int_eq(stored("attempts"), 0);
}
END_TEST

START_TEST(a_success_begins_the_schedule_anew)
{
	webhook_must(&webhook_create_kind, 1, NULL); /* seq 3 */
	webhook_add_events(2);
	(void)turn();
	answer(0, 500);
	(void)turn();
	ck_assert_int_eq(hands.posting[0], 4);
	answer(0, 500);
	world.now_us = turn();
	(void)turn();
	answer(0, 200);
	(void)turn();
	ck_assert_int_eq(hands.posting[0], 5);
	answer(0, 500);
	(void)turn();
	ck_assert_int_eq(stored("attempts"), 1);
	ck_assert_int_eq(stored("place"), 4);
}
END_TEST

START_TEST(an_endpoint_that_is_gone_is_disabled_at_once)
{
	webhook_must(&webhook_create_kind, 1, NULL); /* seq 3 */
	webhook_add_events(1);
	(void)turn();
	answer(0, 410);
	ck_assert_int_eq(turn(), INT64_MAX);
	ck_assert(is_disabled("gone"));
	ck_assert_int_eq(stored("place"), 3);
}
END_TEST

static const struct {
	int64_t asked_us, least_us;
} retry_afters[] = {
	{2 * US_PER_S, 2 * US_PER_S},
	{HOUR_US, HOUR_US},
	{24 * HOUR_US, 24 * HOUR_US},
	{1000 * HOUR_US, 24 * HOUR_US},
};

START_TEST(a_retry_waits_as_long_as_it_is_asked_to_within_a_day)
{
	int64_t least_us = retry_afters[_i].least_us;

	webhook_must(&webhook_create_kind, 1, NULL); /* seq 3 */
	webhook_add_events(1);
	(void)turn();
	answer_after(0, 503, retry_afters[_i].asked_us);
	int64_t next_us = turn();
	ck_assert_int_ge(next_us, world.now_us + least_us);
	ck_assert_int_le(next_us, world.now_us + least_us * 11 / 10);
}
END_TEST

START_TEST(both_secrets_sign_during_a_rotation)
{
	char before[COURIER_SIGNATURES_SIZE];

	webhook_must(&webhook_create_kind, 1, NULL); /* seq 3 */
	webhook_add_events(1);
	(void)turn();
	text_copy(text_of(hands.signatures[0]), before, sizeof(before));
	answer(0, 500);
	webhook_must(&webhook_rotate_kind, 1, NULL);
	(void)turn();
	ck_assert_int_eq(hands.posting[0], 4);
	const char *second = strchr(hands.signatures[0], ' ');
	ck_assert_ptr_nonnull(second);
	ck_assert_str_eq(second + 1, before); /* the same event, the same second */
	answer(0, 500);
	world.now_us += WEBHOOK_ROTATION_US;
	(void)turn();
	ck_assert_ptr_null(strchr(hands.signatures[0], ' '));
	ck_assert_uint_eq(strlen(hands.signatures[0]), WEBHOOK_SIGNATURE_SIZE - 1);
}
END_TEST

START_TEST(a_change_by_an_operator_repeats_no_event)
{
	webhook_must(&webhook_create_kind, 1, NULL); /* seq 3 */
	webhook_add_events(3);
	deliver(0, 4, 6); /* which is not stored yet */
	webhook_must(&webhook_rotate_kind, 1, NULL);
	deliver(0, 7, 7);
}
END_TEST

START_TEST(a_deleted_endpoint_gets_nothing_more)
{
	static const struct webhook_secret wiped;

	webhook_must(&webhook_create_kind, 1, NULL); /* seq 3 */
	webhook_add_events(1);
	(void)turn();
	webhook_must(&webhook_delete_kind, 1, NULL);
	ck_assert_int_eq(turn(), INT64_MAX);
	ck_assert_int_eq(hands.cancelled, 1);
	ck_assert_uint_eq(courier_targets_count(courier), 0);
	ck_assert_mem_eq(&courier->targets[0].webhook.secret, &wiped, sizeof(wiped));
}
END_TEST

START_TEST(one_that_is_deleted_while_its_note_is_under_way_goes_too)
{
	webhook_must(&webhook_create_kind, 1, NULL); /* seq 3 */
	webhook_add_events(1);
	(void)turn();
	answer(0, 500);
	(void)courier_turn(courier, false, false, world.now_us);
	ck_assert_uint_eq(hands.count, 1);
	webhook_must(&webhook_delete_kind, 1, NULL);
	webhook_must(&webhook_create_kind, 2, NULL); /* seq 6 */
	(void)courier_turn(courier, true, true, world.now_us);
	webhook_add_events(1);
	(void)turn();
	ck_assert_uint_eq(courier_targets_count(courier), 1);
	ck_assert_int_eq(hands.posting[0] + hands.posting[1], 7);
}
END_TEST

START_TEST(enabling_while_the_last_note_is_under_way_is_not_undone)
{
	webhook_must(&webhook_create_kind, 1, NULL); /* seq 3 */
	webhook_add_events(1);
	(void)turn();
	answer(0, 410);
	(void)turn();                                /* disabled */
	webhook_must(&webhook_enable_kind, 1, NULL); /* seq 5 */
	(void)turn();
	answer(0, 410);
	(void)courier_turn(courier, false, false, world.now_us);
	ck_assert_uint_eq(hands.count, 1);
	webhook_must(&webhook_rotate_kind, 1, NULL); /* seq 6; the note is older */
	deliver(0, 4, 6);
	ck_assert_int_eq(rig_number(&rig, "SELECT count(*) FROM webhooks WHERE status = 'enabled'"),
	                 1);
}
END_TEST

START_TEST(a_full_queue_only_delays_what_is_stored)
{
	webhook_must(&webhook_create_kind, 1, NULL); /* seq 3 */
	webhook_add_events(2);
	hands.refusal = ERR_OVERLOADED;
	deliver(0, 4, 5);
	world.now_us += US_PER_S;
	ck_assert_int_eq(turn(), world.now_us + US_PER_S);
	ck_assert_int_eq(stored("place"), 3);
	hands.refusal = ERR_NONE;
	world.now_us += US_PER_S;
	ck_assert_int_eq(turn(), INT64_MAX);
	ck_assert_int_eq(stored("place"), 5);
}
END_TEST

static Suite *courier_suite(void)
{
	Suite *suite = suite_create("courier");
	TCase *tests = tcase_create("courier");

	fixture_add(tests);
	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_set_timeout(tests, 120);
	tcase_add_test(tests, events_are_delivered_in_order_from_the_head_on);
	tcase_add_test(tests, an_endpoint_that_hangs_delays_no_other);
	tcase_add_test(tests, only_the_types_that_are_wanted_are_delivered);
	tcase_add_test(tests, places_are_stored_once_a_second);
	tcase_add_test(tests, what_was_not_stored_is_delivered_again_after_a_crash);
	tcase_add_test(tests, a_stop_stores_the_place_and_delivers_nothing_twice);
	tcase_add_test(tests, an_event_is_tried_on_the_schedule_and_then_its_endpoint_is_disabled);
	tcase_add_test(tests, a_success_begins_the_schedule_anew);
	tcase_add_test(tests, an_endpoint_that_is_gone_is_disabled_at_once);
	tcase_add_loop_test(tests, a_retry_waits_as_long_as_it_is_asked_to_within_a_day, 0,
	                    ARRAY_LEN(retry_afters));
	tcase_add_test(tests, both_secrets_sign_during_a_rotation);
	tcase_add_test(tests, a_change_by_an_operator_repeats_no_event);
	tcase_add_test(tests, a_deleted_endpoint_gets_nothing_more);
	tcase_add_test(tests, one_that_is_deleted_while_its_note_is_under_way_goes_too);
	tcase_add_test(tests, enabling_while_the_last_note_is_under_way_is_not_undone);
	tcase_add_test(tests, a_full_queue_only_delays_what_is_stored);
	suite_add_tcase(suite, tests);
	return suite;
}

TEST_MAIN(courier_suite)
