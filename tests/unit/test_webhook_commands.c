/* test_webhook_commands.c - what operators and the courier do to an endpoint, in a service whose
 * domain knows nothing of it. */
#include "unit/webhook_fixture.h"

#include <stdio.h>
#include <string.h>

static void secret_of(const struct job *job, char out[WEBHOOK_SECRET_TEXT_SIZE])
{
	const char *at = strstr(buf_str(&job->answer.body), "\"secret\":\"whsec_");

	ck_assert_msg(at != NULL, "no secret in %s", buf_str(&job->answer.body));
	text_copy((struct text){at + 10, WEBHOOK_SECRET_TEXT_SIZE - 1}, out,
	          WEBHOOK_SECRET_TEXT_SIZE);
}

static const struct command_kind *const telling[] = {&webhook_create_kind, &webhook_rotate_kind};

START_TEST(a_secret_is_told_once_and_a_replay_omits_it)
{
	char secret[WEBHOOK_SECRET_TEXT_SIZE];
	struct job first, again;

	if (telling[_i] != &webhook_create_kind)
		webhook_must(&webhook_create_kind, 1, NULL);
	webhook_do(&first, telling[_i], 1, NULL, "key-1");
	job_check(&first, 200, ERR_NONE, false);
	secret_of(&first, secret);
	webhook_do(&again, telling[_i], 1, NULL, "key-1");
	job_check(&again, 200, ERR_NONE, true);
	ck_assert(job_says(&again, webhook_id(1)));
	ck_assert(job_says(&again, "\"secret\":null"));
	ck_assert(!job_says(&again, "whsec_"));
	ck_assert_int_eq(rig_number(&rig, "SELECT count(*) FROM webhooks"), 1);
	ck_assert_int_eq(rig_number(&rig, "SELECT count(*) FROM seen WHERE body LIKE '%whsec_%'"),
	                 0);
	job_release(&first);
	job_release(&again);
}
END_TEST

START_TEST(what_an_operator_did_is_an_event_without_secrets)
{
	static const char *const types[] = {"created", "rotated", "deleted"};
	char sql[256];

	webhook_must(&webhook_create_kind, 1, "[\"a.b\"]");
	webhook_must(&webhook_rotate_kind, 1, NULL);
	webhook_must(&webhook_delete_kind, 1, NULL);
	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		(void)snprintf(sql, sizeof(sql),
		               "SELECT count(*) FROM journal WHERE line LIKE "
		               "'%%\"type\":\"webhook.%s\"%%https://hooks.example/path\"%%'",
		               types[i]);
		ck_assert_int_eq(rig_number(&rig, sql), 1);
	}
	ck_assert_int_eq(rig_number(&rig, "SELECT count(*) FROM journal WHERE "
	                                  "line LIKE '%whsec%' OR line LIKE '%hidden%'"),
	                 0);
	ck_assert_int_eq(rig_number(&rig, "SELECT count(*) FROM webhooks"), 0);
}
END_TEST

START_TEST(a_new_endpoint_starts_at_the_head)
{
	webhook_add_events(3);
	webhook_must(&webhook_create_kind, 1, NULL);
	ck_assert_int_eq(rig_number(&rig, "SELECT place FROM webhooks"),
	                 rig_number(&rig, "SELECT max(seq) FROM journal"));
}
END_TEST

START_TEST(an_unknown_endpoint_is_not_found)
{
	static const struct command_kind *const kinds[] = {
		&webhook_delete_kind, &webhook_enable_kind, &webhook_rotate_kind};
	struct job job;

	webhook_do(&job, kinds[_i], 1, NULL, "key-1");
	job_check(&job, 404, ERR_NOT_FOUND, false);
	job_release(&job);
}
END_TEST

START_TEST(an_endpoint_beyond_the_bound_is_refused)
{
	struct job job;

	for (int i = 0; i < WEBHOOKS_MAX; i++)
		webhook_must(&webhook_create_kind, i, NULL);
	webhook_do(&job, &webhook_create_kind, WEBHOOKS_MAX, NULL, NULL);
	job_check(&job, 409, ERR_INVALID_STATE, false);
	job_release(&job);
	webhook_must(&webhook_delete_kind, 7, NULL);
	webhook_must(&webhook_create_kind, WEBHOOKS_MAX, NULL);
}
END_TEST

START_TEST(a_rotation_keeps_the_secret_before_for_a_day)
{
	const int64_t began_us = world.now_us / US_PER_MS * US_PER_MS;

	webhook_must(&webhook_create_kind, 1, NULL);
	rig_tamper(&rig, "CREATE TABLE before AS SELECT secret FROM webhooks");
	webhook_must(&webhook_rotate_kind, 1, NULL);
	ck_assert_int_eq(rig_number(&rig, "SELECT count(*) FROM webhooks w JOIN before b "
	                                  "ON w.previous_secret = b.secret "
	                                  "WHERE w.secret <> b.secret"),
	                 1);
	ck_assert_int_eq(rig_number(&rig, "SELECT previous_until_us FROM webhooks"),
	                 began_us + WEBHOOK_ROTATION_US);
}
END_TEST

/* ---- notes ---- */

static struct webhook_note note_at(int64_t from_place, int64_t place)
{
	struct webhook_note note = {.from_place = from_place,
	                            .place = place,
	                            .changed_seq = 1,
	                            .attempts = 11,
	                            .next_us = INT64_MIN,
	                            .error = "answered 500",
	                            .status = WEBHOOK_DISABLED,
	                            .reason = WEBHOOK_EXHAUSTED};

	text_copy(text_of(webhook_id(1)), note.webhook_id, ID_SIZE);
	return note;
}

static void take_note(const struct webhook_note *note, int status, enum error error)
{
	struct job job, *jobs[] = {&job};

	job_init(&job, &webhook_note_kind, note);
	(void)rig_run(&rig, jobs, 1);
	job_check(&job, status, error, false);
	job_release(&job);
}

START_TEST(a_note_moves_the_place_and_leaves_no_event)
{
	struct webhook_note note = note_at(1, 3);

	webhook_must(&webhook_create_kind, 1, NULL);
	webhook_add_events(3);
	take_note(&note, 200, ERR_NONE);
	ck_assert_int_eq(rig_number(&rig, "SELECT place FROM webhooks WHERE attempts = 11 AND "
	                                  "status = 'disabled' AND last_error = 'answered 500' "
	                                  "AND disabled_reason = 'retries-ended'"),
	                 3);
	ck_assert_int_eq(rig_number(&rig, "SELECT max(seq) FROM journal"), 4);
	ck_assert_int_eq(rig_number(&rig, "SELECT seq FROM journal_head"), 4);
}
END_TEST

START_TEST(a_note_from_another_place_is_refused)
{
	struct webhook_note note = note_at(2, 3);

	webhook_must(&webhook_create_kind, 1, NULL);
	webhook_add_events(3);
	take_note(&note, 409, ERR_INVALID_STATE);
	ck_assert_int_eq(rig_number(&rig, "SELECT place FROM webhooks"), 1);
	webhook_must(&webhook_delete_kind, 1, NULL);
	take_note(&note, 404, ERR_NOT_FOUND);
}
END_TEST

START_TEST(a_note_does_not_undo_what_an_operator_did_since)
{
	struct webhook_note note = note_at(1, 1);

	webhook_must(&webhook_create_kind, 1, NULL);
	take_note(&note, 200, ERR_NONE);
	webhook_must(&webhook_enable_kind, 1, NULL);
	take_note(&note, 200, ERR_NONE);
	ck_assert_int_eq(rig_number(&rig, "SELECT attempts FROM webhooks WHERE "
	                                  "status = 'enabled' AND disabled_reason IS NULL"),
	                 0);
}
END_TEST

START_TEST(an_endpoint_that_is_enabled_already_is_not_changed)
{
	struct job job;

	webhook_must(&webhook_create_kind, 1, NULL);
	webhook_do(&job, &webhook_enable_kind, 1, NULL, NULL);
	job_check(&job, 200, ERR_NONE, true);
	job_release(&job);
	ck_assert_int_eq(rig_number(&rig, "SELECT max(seq) FROM journal"), 1);
}
END_TEST

static Suite *commands_suite(void)
{
	Suite *suite = suite_create("webhook_commands");
	TCase *tests = tcase_create("webhook_commands");

	fixture_add(tests);
	tcase_add_checked_fixture(tests, webhook_rig_open, webhook_rig_close);
	tcase_set_timeout(tests, 120);
	tcase_add_loop_test(tests, a_secret_is_told_once_and_a_replay_omits_it, 0,
	                    ARRAY_LEN(telling));
	tcase_add_test(tests, what_an_operator_did_is_an_event_without_secrets);
	tcase_add_test(tests, a_new_endpoint_starts_at_the_head);
	tcase_add_loop_test(tests, an_unknown_endpoint_is_not_found, 0, 3);
	tcase_add_test(tests, an_endpoint_beyond_the_bound_is_refused);
	tcase_add_test(tests, a_rotation_keeps_the_secret_before_for_a_day);
	tcase_add_test(tests, a_note_moves_the_place_and_leaves_no_event);
	tcase_add_test(tests, a_note_from_another_place_is_refused);
	tcase_add_test(tests, a_note_does_not_undo_what_an_operator_did_since);
	tcase_add_test(tests, an_endpoint_that_is_enabled_already_is_not_changed);
	suite_add_tcase(suite, tests);
	return suite;
}

TEST_MAIN(commands_suite)
