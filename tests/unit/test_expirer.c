/* test_expirer.c - whose end has come: the real store, engine and commands, a clock that the test
 * moves; and the thread behind a real writer. */
#include "order-service/expirer.h"

#include <stdio.h>

#include "order-service/expirer_thread.h"
#include "order-service/order_audit.h"
#include "order-service/order_commands.h"
#include "order-service/order_store.h"
#include "runtime/slot.h"
#include "unit/engine_fixture.h"
#include "unit/unit.h"

static struct {
	enum error refusal; /* ERR_NONE: there is room */
	struct job *jobs[EXPIRER_ORDERS_MAX];
	size_t count;
	int64_t came_back;
} queue;

static enum error reserve(void *arg)
{
	(void)arg;
	return queue.refusal;
}

static void publish(void *arg, struct job *job)
{
	(void)arg;
	queue.jobs[queue.count++] = job;
}

static void came_back(void *arg)
{
	(void)arg;
	queue.came_back++;
}

static struct rig rig;
static struct db *reader;
static struct expirer *expirer;

static void setup(void)
{
	const struct submitter submitter = {
		.reserve = reserve, .publish = publish, .came_back = came_back};
	struct buf AUTO_BUF why;

	buf_init(&why, 1024);
	rig_open(&rig, &order_domain, &fixture_env, order_migrations, order_migrations_count);
	ck_assert_int_eq(db_open(rig.url, DB_READER, &reader, &why), DB_OK);
	expirer = expirer_new(reader, submitter, &why);
	ck_assert_ptr_nonnull(expirer);
}

static void teardown(void)
{
	struct audit audit;

	audit_init(&audit);
	ck_assert_int_eq(order_audit(&audit, &rig.store), DB_OK);
	ck_assert_msg(audit.findings_count == 0, "%s", fixture_findings(&audit));
	audit_release(&audit);
	expirer_free(expirer);
	db_close(reader);
	rig_close(&rig);
}

/* Executes what was published. */
static size_t commit(enum error error)
{
	size_t count = queue.count;

	queue.count = 0;
	if (error == ERR_NONE)
		(void)rig_run(&rig, queue.jobs, count);
	for (size_t i = 0; i < count; i++) {
		if (error != ERR_NONE)
			job_refuse(queue.jobs[i], error);
		ck_assert_int_eq(queue.jobs[i]->answer.error, error);
		queue.jobs[i]->done(queue.jobs[i]);
	}
	return count;
}

static void create(int number, int64_t expires_in_s)
{
	struct order_command command = {.currency = currency_find(TEXT_LITERAL("USD")),
	                                .amount_minor = 1000,
	                                .metadata = TEXT_LITERAL("{}"),
	                                .expires_in_s = expires_in_s};
	struct job job, *jobs[] = {&job};

	(void)snprintf(command.order_id, sizeof(command.order_id), "o-%d", number);
	command.order_hash = hash_keyed(rig.store.sip_key, text_of(command.order_id));
	job_init(&job, &order_create_kind, &command);
	(void)rig_run(&rig, jobs, 1);
	job_check(&job, 200, ERR_NONE, false);
	job_release(&job);
}

static int64_t cancelled(void)
{
	return rig_number(&rig, "SELECT count(*) FROM orders WHERE state = 'cancelled'");
}

START_TEST(an_order_lapses_when_its_end_has_come)
{
	world.now_us = FIXTURE_NOW_US / US_PER_MS * US_PER_MS;
	create(1, 10);
	create(2, 20);
	create(3, 0);
	world.now_us += 10 * US_PER_S - 1;
	ck_assert_int_eq(expirer_turn(expirer, world.now_us), world.now_us + 1);
	ck_assert_uint_eq(commit(ERR_NONE), 0);
	world.now_us += 1;
	(void)expirer_turn(expirer, world.now_us);
	ck_assert_int_eq(expirer_turn(expirer, world.now_us), INT64_MAX); /* it is under way */
	ck_assert(!expirer_is_idle(expirer));
	ck_assert_uint_eq(commit(ERR_NONE), 1);
	ck_assert_int_eq(queue.came_back, 1);
	ck_assert_int_eq(rig_number(&rig, "SELECT count(*) FROM orders WHERE order_id = 'o-1' AND "
	                                  "state = 'cancelled' AND cancel_reason IS NULL"),
	                 1);
	ck_assert_int_eq(rig_number(&rig, "SELECT count(*) FROM journal WHERE "
	                                  "line LIKE '%order.expired%'"),
	                 1);
	(void)expirer_turn(expirer, world.now_us);
	ck_assert_uint_eq(commit(ERR_NONE), 0);
	ck_assert_int_eq(cancelled(), 1);
}
END_TEST

START_TEST(more_than_there_is_room_for_lapse_in_turns)
{
	for (int i = 0; i < EXPIRER_ORDERS_MAX + 1; i++)
		create(i, 1);
	world.now_us += US_PER_S;
	(void)expirer_turn(expirer, world.now_us);
	ck_assert_uint_eq(commit(ERR_NONE), EXPIRER_ORDERS_MAX);
	(void)expirer_turn(expirer, world.now_us);
	ck_assert_uint_eq(commit(ERR_NONE), 1);
	ck_assert_int_eq(cancelled(), EXPIRER_ORDERS_MAX + 1);
}
END_TEST

START_TEST(what_was_not_taken_or_committed_is_tried_again_a_second_later)
{
	create(1, 1);
	world.now_us += US_PER_S;
	queue.refusal = ERR_OVERLOADED;
	ck_assert_int_eq(expirer_turn(expirer, world.now_us), world.now_us + US_PER_S);
	queue.refusal = ERR_NONE;
	(void)expirer_turn(expirer, world.now_us);
	ck_assert_uint_eq(commit(ERR_STORAGE_UNAVAILABLE), 1);
	ck_assert_int_eq(expirer_turn(expirer, world.now_us), world.now_us + US_PER_S);
	(void)expirer_turn(expirer, world.now_us);
	ck_assert_uint_eq(commit(ERR_NONE), 1);
	ck_assert_int_eq(cancelled(), 1);
}
END_TEST

START_TEST(the_thread_stops_when_all_is_back)
{
	struct writer *writer =
		writer_start(rig.engine, &fixture_env, EXPIRER_ORDERS_MAX, NULL, NULL);
	struct expirer_thread *thread;
	struct buf AUTO_BUF why;

	buf_init(&why, 1024);
	for (int i = 0; i < EXPIRER_ORDERS_MAX; i++)
		create(i, 1);
	world.now_us += US_PER_S;
	thread = expirer_start(rig.url, &fixture_env, writer, &why);
	ck_assert_msg(thread != NULL, "%s", buf_str(&why));
	expirer_stop(thread);
	writer_stop(writer);
	ck_assert_int_eq(cancelled(), EXPIRER_ORDERS_MAX); /* the first turn is before the stop */
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("expirer");
	TCase *all = tcase_create("all");

	fixture_add(all);
	tcase_add_checked_fixture(all, setup, teardown);
	tcase_set_timeout(all, 60);
	tcase_add_test(all, an_order_lapses_when_its_end_has_come);
	tcase_add_test(all, more_than_there_is_room_for_lapse_in_turns);
	tcase_add_test(all, what_was_not_taken_or_committed_is_tried_again_a_second_later);
	tcase_add_test(all, the_thread_stops_when_all_is_back);
	suite_add_tcase(suite, all);
	return suite;
}

TEST_MAIN(make_suite)
