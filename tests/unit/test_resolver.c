/* test_resolver.c - who calls the processor and asks again: the real store, engine and commands, a
 * clock that the test moves, and a processor that says what the test wants. */
#include "payment-service/resolver.h"

#include <stdio.h>
#include <string.h>

#include "payment-service/payment_commands.h"
#include "payment-service/payment_store.h"
#include "runtime/metrics.h"
#include "runtime/parking.h"
#include "runtime/slot.h"
#include "unit/engine_fixture.h"
#include "unit/scripted_processor.h"
#include "unit/unit.h"

#define MINUTE_US (60 * US_PER_S)
#define HOUR_US (60 * MINUTE_US)
#define START_US (FIXTURE_NOW_US / US_PER_MS * US_PER_MS) /* as commands are timed */

/* ---- the submitter: a queue that the test executes when it likes ---- */

static struct {
	enum error refusal; /* ERR_NONE: there is room */
	struct job *jobs[BATCH_MAX];
	size_t count;
	int64_t answers, came_back;
} queue;

static enum error reserve(void *arg)
{
	(void)arg;
	return queue.refusal;
}

static void publish(void *arg, struct job *job)
{
	(void)arg;
	ck_assert(text_is(job->request_id, "req-1"));
	ck_assert(text_is(job->traceparent, "trace-1"));
	ck_assert_uint_lt(queue.count, BATCH_MAX);
	queue.jobs[queue.count++] = job;
}

static void came_back(void *arg)
{
	(void)arg;
	queue.came_back++;
}

static struct rig rig;

/* Executes what was published. */
static void commit(void)
{
	size_t count = queue.count;

	queue.count = 0;
	(void)rig_run(&rig, queue.jobs, count);
	for (size_t i = 0; i < count; i++) {
		ck_assert_int_eq(queue.jobs[i]->answer.error, ERR_NONE);
		queue.answers += queue.jobs[i]->kind == &answer_kind;
		queue.jobs[i]->done(queue.jobs[i]);
	}
}

/* ---- the resolver ---- */

static struct db *reader;
static struct resolver *resolver;

static void start(void)
{
	const struct submitter submitter = {
		.reserve = reserve, .publish = publish, .came_back = came_back};
	struct buf AUTO_BUF why;

	buf_init(&why, 1024);
	ck_assert_int_eq(db_open(rig.url, DB_READER, &reader, &why), DB_OK);
	resolver = resolver_new(reader, &scripted_processor, submitter, &why);
	ck_assert_msg(resolver != NULL, "%s", buf_str(&why));
}

static void stop(void)
{
	resolver_free(resolver);
	db_close(reader);
}

static void setup(void)
{
	resolver_register_metrics();
	world.now_us = START_US;
	scripted.authorize = scripted.void_ = scripted.query = &script_silence;
	rig_open(&rig, &payment_domain, &fixture_env, payment_migrations, payment_migrations_count);
	start();
}

static void teardown(void)
{
	rig_check_journal(&rig);
	stop();
	rig_close(&rig);
}

static int64_t turn(void)
{
	return resolver_turn(resolver, world.now_us);
}

/* Turns at that age of what was paid at the start, until nothing is left to do. Returns the age
 * when there will be, INT64_MAX for never. */
static int64_t turn_at(int64_t age_us)
{
	int64_t next_us;
	size_t count;

	world.now_us = START_US + age_us;
	do {
		next_us = turn();
		count = queue.count;
		commit();
	} while (count > 0);
	return next_us == INT64_MAX ? next_us : next_us - START_US;
}

/* A payment that waits for the processor. Returns its id, valid until the test's end. */
static const char *pay(int64_t number)
{
	static char ids[SCRIPTED_HEARD_MAX][ID_SIZE];
	struct pay_command command = {.currency = currency_find(TEXT_LITERAL("USD")),
	                              .amount_minor = SCRIPTED_AMOUNT_MINOR,
	                              .metadata = TEXT_LITERAL("{}"),
	                              .processor = TEXT_LITERAL("scripted"),
	                              .decision = {.verdict = VERDICT_OPEN}};
	struct job job;
	struct job *const jobs[] = {&job};
	const char *body;

	(void)snprintf(command.order_id, sizeof(command.order_id), "o-%lld", (long long)number);
	command.order_hash = hash_keyed(rig.store.sip_key, text_of(command.order_id));
	job_init(&job, &pay_kind, &command);
	job.traceparent = TEXT_LITERAL("trace-1");
	(void)rig_run(&rig, jobs, 1);
	ck_assert_ptr_eq(
		parking_pop_ready(engine_parking(rig.engine, PARKED_FOR_OUTCOME), INT64_MAX), &job);
	job_check(&job, 202, ERR_NONE, false);
	body = strstr(buf_str(&job.answer.body), "pay_");
	ck_assert_ptr_nonnull(body);
	text_copy((struct text){body, ID_SIZE - 1}, ids[number], ID_SIZE);
	job_release(&job);
	return ids[number];
}

#define PAYMENTS(condition) rig_number(&rig, "SELECT count(*) FROM payments WHERE " condition)
#define INTENTS(condition) rig_number(&rig, "SELECT count(*) FROM intents WHERE " condition)

static bool metrics_say(const char *line)
{
	struct buf AUTO_BUF out;

	buf_init(&out, 1 << 20);
	metrics_print(&out);
	return strstr(buf_str(&out), line) != NULL;
}

/* ---- the schedule ---- */

static const int64_t ages_us[] = {
	0,       10 * US_PER_S, 30 * US_PER_S, 2 * MINUTE_US, 10 * MINUTE_US,
	HOUR_US, 6 * HOUR_US,   24 * HOUR_US};

START_TEST(what_is_not_answered_is_asked_for_at_each_age_and_then_stuck)
{
	const char *id = pay(1);

	for (size_t i = 0; i < ARRAY_LEN(ages_us); i++) {
		int64_t next_us = i + 1 < ARRAY_LEN(ages_us) ? ages_us[i + 1] : INT64_MAX;

		if (i > 0)
			ck_assert_int_eq(turn_at(ages_us[i] - US_PER_MS), ages_us[i]);
		scripted_check_heard("", id);
		ck_assert_int_eq(turn_at(ages_us[i]), next_us);
		scripted_check_heard(i == 0 ? "a" : "q", id);
		ck_assert_int_eq(INTENTS("is_called = 1"), 1);
	}
	ck_assert_int_eq(INTENTS("next_us IS NULL"), 1);
	ck_assert(metrics_say("\npayments_stuck 1\n"));
	ck_assert(metrics_say("{operation=\"query\",result=\"no_answer\"} 7\n"));
	ck_assert_int_eq(turn_at(48 * HOUR_US), INT64_MAX);
	scripted_check_heard("", id);
}
END_TEST

START_TEST(what_was_asked_late_goes_on_at_the_next_age)
{
	const char *id = pay(1);

	(void)turn_at(0);
	ck_assert_int_eq(turn_at(5 * MINUTE_US), 10 * MINUTE_US);
	scripted_check_heard("aq", id);
	ck_assert_int_eq(PAYMENTS("payment_status = 'processing'"), 1);
}
END_TEST

/* Its 202 waits for what comes of the question, and asks no second one. */
START_TEST(a_sync_asks_once)
{
	const char *id = pay(1);
	struct operation_command command = {.amount.digits = -1};
	struct job job;
	struct job *const jobs[] = {&job};

	(void)turn_at(0);
	scripted_check_heard("a", id);
	text_copy(text_of(id), command.payment_id, ID_SIZE);
	job_init(&job, &sync_kind, &command);
	(void)rig_run(&rig, jobs, 1);
	(void)turn_at(US_PER_S);
	scripted_check_heard("q", id);
	ck_assert_ptr_eq(parking_pop_again(engine_parking(rig.engine, PARKED_FOR_OUTCOME)), &job);
	(void)rig_run(&rig, jobs, 1);
	job_check(&job, 202, ERR_NONE, false);
	ck_assert_int_eq(turn_at(2 * US_PER_S), 10 * US_PER_S);
	scripted_check_heard("", id);
	job_release(&job);
}
END_TEST

START_TEST(an_answer_to_a_question_settles)
{
	const char *id = pay(1);

	(void)turn_at(0);
	scripted.query = &script_approves;
	ck_assert_int_eq(turn_at(10 * US_PER_S), INT64_MAX);
	scripted_check_heard("aq", id);
	ck_assert_int_eq(PAYMENTS("payment_status = 'success'"), 1);
	ck_assert_int_eq(INTENTS("true"), 0);
}
END_TEST

/* ---- never a second charge ---- */

START_TEST(after_a_start_all_that_is_stored_counts_as_sent)
{
	const char *id = pay(1);

	stop();
	start();
	(void)turn_at(0);
	scripted_check_heard("q", id);
	id = pay(2);
	ck_assert_int_eq(INTENTS("is_called = 0"), 1);
	(void)turn_at(0);
	scripted_check_heard("a", id);
}
END_TEST

START_TEST(what_waits_too_long_for_its_first_call_is_only_asked_for)
{
	const char *id = pay(1);

	scripted.query = &script_knows_it_not;
	(void)turn_at(SCRIPTED_FINAL_AFTER_US);
	scripted_check_heard("q", id);
}
END_TEST

START_TEST(what_it_knows_not_is_sent_again_and_given_up_when_that_is_final)
{
	const char *id = pay(1);

	scripted.query = &script_knows_it_not;
	(void)turn_at(0);
	(void)turn_at(10 * US_PER_S);
	(void)turn_at(SCRIPTED_FINAL_AFTER_US - US_PER_MS);
	scripted_check_heard("aqaqa", id);
	/* What was sent last may still take effect. */
	rig_tamper(&rig, "UPDATE intents SET next_us = 1");
	(void)turn_at(2 * SCRIPTED_FINAL_AFTER_US - US_PER_MS);
	scripted_check_heard("q", id);
	ck_assert_int_eq(PAYMENTS("payment_status = 'processing'"), 1);
	(void)turn_at(2 * SCRIPTED_FINAL_AFTER_US);
	scripted_check_heard("q", id);
	ck_assert_int_eq(PAYMENTS("decline_code = 'unknown_to_processor'"), 1);
}
END_TEST

START_TEST(unreachable_at_the_first_call_fails_the_payment)
{
	const char *id = pay(1);

	scripted.authorize = &script_unreachable;
	(void)turn_at(0);
	scripted_check_heard("a", id);
	ck_assert_int_eq(PAYMENTS("decline_code = 'processor_unreachable'"), 1);
}
END_TEST

START_TEST(unreachable_later_says_nothing_about_the_first_call)
{
	const char *id = pay(1);

	(void)turn_at(0);
	scripted.query = &script_knows_it_not;
	scripted.authorize = &script_unreachable;
	ck_assert_int_eq(turn_at(10 * US_PER_S), 30 * US_PER_S);
	scripted.query = &script_unreachable;
	ck_assert_int_eq(turn_at(30 * US_PER_S), 2 * MINUTE_US);
	scripted_check_heard("aqaq", id);
	ck_assert_int_eq(PAYMENTS("payment_status = 'processing'"), 1);
}
END_TEST

/* ---- answers that come by themselves ---- */

START_TEST(a_second_answer_is_delivered_also_when_it_is_settled)
{
	(void)pay(1);
	scripted.authorize = &script_approves_and_later;
	ck_assert_int_eq(turn_at(0), US_PER_S);
	ck_assert_int_eq(queue.answers, 1);
	ck_assert_int_eq(PAYMENTS("payment_status = 'success'"), 1);
	(void)turn_at(US_PER_S - US_PER_MS);
	ck_assert_int_eq(queue.answers, 1);
	ck_assert_int_eq(turn_at(US_PER_S), INT64_MAX);
	ck_assert_int_eq(queue.answers, 2);
	ck_assert_int_eq(PAYMENTS("payment_status = 'success' AND captured_minor = 1099"), 1);
}
END_TEST

START_TEST(a_late_approval_is_taken_back)
{
	const char *id = pay(1);

	scripted.authorize = &script_approves_late;
	scripted.void_ = &script_approves;
	(void)turn_at(0);
	ck_assert_int_eq(PAYMENTS("payment_status = 'failed' AND is_reversed = 0"), 1);
	ck_assert_int_eq(turn_at(US_PER_S), INT64_MAX); /* it is approved, and taken back */
	scripted_check_heard("av", id);
	ck_assert_int_eq(PAYMENTS("payment_status = 'failed' AND is_reversed = 1"), 1);
	ck_assert_int_eq(INTENTS("true"), 0);
}
END_TEST

START_TEST(a_refused_reversal_is_sent_again_until_it_is_approved)
{
	const char *id = pay(1);

	scripted.authorize = &script_approves_late;
	scripted.void_ = scripted.query = &script_declines;
	(void)turn_at(0);
	ck_assert_int_eq(turn_at(US_PER_S), 11 * US_PER_S);
	scripted_check_heard("av", id);
	ck_assert_int_eq(turn_at(11 * US_PER_S), 31 * US_PER_S);
	scripted_check_heard("qv", id);
	scripted.void_ = &script_unreachable;
	ck_assert_int_eq(turn_at(HOUR_US), HOUR_US + US_PER_S);
	scripted_check_heard("qv", id);
	scripted.query = &script_approves;
	ck_assert_int_eq(turn_at(6 * HOUR_US), INT64_MAX);
	scripted_check_heard("q", id);
	ck_assert_int_eq(INTENTS("true"), 0);
}
END_TEST

START_TEST(later_answers_are_bounded_and_the_rest_is_asked_for)
{
	enum { PAID = RESOLVER_INTENTS_MAX };

	scripted.authorize = &script_approves_later_twice;
	for (int64_t i = 0; i < PAID; i++)
		(void)pay(i);
	(void)turn_at(0);
	(void)pay(PAID);
	(void)turn_at(0);
	ck_assert(metrics_say("\nprocessor_answers_dropped_total 2\n"));
	(void)turn_at(2 * US_PER_S);
	ck_assert_int_eq(queue.answers, RESOLVER_LATER_MAX);
	ck_assert_int_eq(PAYMENTS("payment_status = 'success'"), PAID);
	scripted.query = &script_approves;
	(void)turn_at(10 * US_PER_S);
	ck_assert_int_eq(PAYMENTS("payment_status = 'success'"), PAID + 1);
}
END_TEST

START_TEST(a_decline_is_not_believed_where_what_comes_later_has_no_room)
{
	enum { FAILED = RESOLVER_LATER_MAX };

	scripted.authorize = &script_approves_late;
	scripted.void_ = scripted.query = &script_approves;
	for (int64_t i = 0; i <= FAILED; i++)
		(void)pay(i);
	(void)turn_at(0);
	ck_assert_int_eq(PAYMENTS("payment_status = 'failed'"), FAILED);
	ck_assert_int_eq(PAYMENTS("payment_status = 'processing'"), 1);
	(void)turn_at(10 * US_PER_S);
	ck_assert_int_eq(PAYMENTS("is_reversed = 1 AND intent_key = 0"), FAILED);
	ck_assert_int_eq(PAYMENTS("payment_status = 'success'"), 1);
}
END_TEST

/* ---- the queue ---- */

START_TEST(a_word_that_finds_no_place_waits_and_its_intent_is_not_called_again)
{
	const char *id = pay(1);

	scripted.authorize = &script_approves;
	queue.refusal = ERR_OVERLOADED;
	ck_assert_int_eq(turn(), START_US + US_PER_S);
	ck_assert_int_eq(turn(), START_US + US_PER_S);
	ck_assert_uint_eq(queue.count, 0);
	queue.refusal = ERR_NONE;
	(void)turn_at(US_PER_S);
	scripted_check_heard("a", id);
	ck_assert_int_eq(PAYMENTS("payment_status = 'success'"), 1);
}
END_TEST

START_TEST(a_word_that_was_not_committed_is_told_again)
{
	const char *id = pay(1);
	struct job *job;

	scripted.authorize = &script_approves;
	(void)turn();
	ck_assert(!resolver_is_idle(resolver));
	ck_assert_uint_eq(queue.count, 1);
	job = queue.jobs[--queue.count];
	job_refuse(job, ERR_STORAGE_UNAVAILABLE);
	job->done(job);
	ck_assert_int_eq(queue.came_back, 1);
	ck_assert(resolver_is_idle(resolver));
	ck_assert_int_eq(turn(), START_US + US_PER_S);
	(void)turn_at(US_PER_S);
	scripted_check_heard("a", id);
	ck_assert_int_eq(PAYMENTS("payment_status = 'success'"), 1);
}
END_TEST

START_TEST(no_more_are_in_flight_than_the_bound)
{
	enum { PAID = RESOLVER_INTENTS_MAX + 10 };

	scripted.authorize = &script_approves;
	for (int64_t i = 0; i < PAID; i++)
		(void)pay(i);
	(void)turn();
	(void)turn();
	ck_assert_uint_eq(scripted.heard_count, RESOLVER_INTENTS_MAX);
	ck_assert_uint_eq(queue.count, RESOLVER_INTENTS_MAX);
	commit();
	(void)turn();
	ck_assert_uint_eq(scripted.heard_count, PAID);
	commit();
	ck_assert_int_eq(PAYMENTS("payment_status = 'success'"), PAID);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("resolver");
	TCase *all = tcase_create("all");

	fixture_add(all);
	tcase_add_checked_fixture(all, setup, teardown);
	tcase_set_timeout(all, 120);
	tcase_add_test(all, what_is_not_answered_is_asked_for_at_each_age_and_then_stuck);
	tcase_add_test(all, what_was_asked_late_goes_on_at_the_next_age);
	tcase_add_test(all, a_sync_asks_once);
	tcase_add_test(all, an_answer_to_a_question_settles);
	tcase_add_test(all, after_a_start_all_that_is_stored_counts_as_sent);
	tcase_add_test(all, what_waits_too_long_for_its_first_call_is_only_asked_for);
	tcase_add_test(all, what_it_knows_not_is_sent_again_and_given_up_when_that_is_final);
	tcase_add_test(all, unreachable_at_the_first_call_fails_the_payment);
	tcase_add_test(all, unreachable_later_says_nothing_about_the_first_call);
	tcase_add_test(all, a_second_answer_is_delivered_also_when_it_is_settled);
	tcase_add_test(all, a_late_approval_is_taken_back);
	tcase_add_test(all, a_refused_reversal_is_sent_again_until_it_is_approved);
	tcase_add_test(all, later_answers_are_bounded_and_the_rest_is_asked_for);
	tcase_add_test(all, a_decline_is_not_believed_where_what_comes_later_has_no_room);
	tcase_add_test(all, a_word_that_finds_no_place_waits_and_its_intent_is_not_called_again);
	tcase_add_test(all, a_word_that_was_not_committed_is_told_again);
	tcase_add_test(all, no_more_are_in_flight_than_the_bound);
	suite_add_tcase(suite, all);
	return suite;
}

TEST_MAIN(make_suite)
