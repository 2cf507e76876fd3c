/* test_resolver_thread.c - the resolver's thread behind a real writer: what is committed wakes it,
 * what it learns ends the wait of a caller, and it stops though something is open. */
#include "payment-service/resolver_thread.h"

#include <semaphore.h>
#include <stdio.h>

#include "payment-service/payment_commands.h"
#include "payment-service/payment_store.h"
#include "unit/engine_fixture.h"
#include "unit/unit.h"

#define TIMEOUT_S 120 /* of a test, on a slow machine with a sanitizer */
#define QUEUE_MAX 64
#define CALLS 8

struct call {
	struct job job;
	struct pay_command command;
};

static struct rig rig;
static struct writer *writer;
static struct resolver_thread *thread;
static struct call calls[CALLS];
static sem_t came_back; /* counts done() */
static sem_t was_asked; /* the processor; or it is to be asked */

static void start(const struct processor *processor)
{
	struct buf AUTO_BUF why;

	buf_init(&why, 1024);
	thread = resolver_start(rig.url, &env_system, processor, writer, &why);
	ck_assert_msg(thread != NULL, "%s", buf_str(&why));
}

static void stop(void)
{
	resolver_stop(thread);
	writer_stop(writer);
	rig_check_journal(&rig);
	rig_close(&rig);
}

static void setup(void)
{
	ck_assert_int_eq(sem_init(&came_back, 0, 0), 0);
	ck_assert_int_eq(sem_init(&was_asked, 0, 0), 0);
	rig_open(&rig, &payment_domain, &env_system, payment_migrations, payment_migrations_count);
	writer = writer_start(rig.engine, &env_system, QUEUE_MAX, NULL, NULL);
	ck_assert_ptr_nonnull(writer);
}

static void count_done(struct job *job)
{
	(void)job;
	(void)sem_post(&came_back);
}

/* Publishes a payment that is not decided in the process. */
static void publish(struct call *call, int number, const char *method)
{
	struct pay_command *command = &call->command;

	*command = (struct pay_command){.currency = currency_find(TEXT_LITERAL("USD")),
	                                .amount_minor = 1099,
	                                .payment_method = text_of(method),
	                                .metadata = TEXT_LITERAL("{}"),
	                                .processor = TEXT_LITERAL("sandbox"),
	                                .decision = {.verdict = VERDICT_OPEN}};
	(void)snprintf(command->order_id, sizeof(command->order_id), "o-%d", number);
	command->order_hash = hash_keyed(rig.store.sip_key, text_of(command->order_id));
	job_init(&call->job, &pay_kind, command);
	call->job.done = count_done;
	ck_assert_int_eq(writer_reserve(writer), ERR_NONE);
	writer_publish(writer, &call->job);
}

static void wait_for(sem_t *semaphore, size_t times)
{
	for (size_t i = 0; i < times; i++)
		while (sem_wait(semaphore) != 0)
			continue; /* interrupted */
}

START_TEST(a_caller_is_answered_when_the_processor_has_answered)
{
	start(&processor_sandbox);
	for (int i = 0; i < CALLS; i++)
		publish(&calls[i], i, i % 2 == 0 ? "pm_slow" : "pm_refund_fails");
	wait_for(&came_back, CALLS);
	stop();
	for (int i = 0; i < CALLS; i++) {
		job_check(&calls[i].job, 200, ERR_NONE, false);
		ck_assert(job_says(&calls[i].job, "\"payment_status\":\"success\""));
		job_release(&calls[i].job);
	}
}
END_TEST

static size_t say_nothing(const struct processor_request *request, struct processor_answer *answers)
{
	(void)request;
	(void)answers;
	(void)sem_post(&was_asked);
	return 0;
}

START_TEST(it_stops_though_something_is_open)
{
	const struct processor silent = {.final_after_us = US_PER_S, .authorize = say_nothing};

	start(&silent);
	publish(&calls[0], 0, "pm_timeout");
	wait_for(&was_asked, 1);
	stop();
	job_check(&calls[0].job, 202, ERR_NONE, false);
	job_release(&calls[0].job);
}
END_TEST

static void note_ask(void *arg)
{
	(void)arg;
	(void)sem_post(&was_asked);
}

static size_t approve(const struct processor_request *request, struct processor_answer *answers)
{
	(void)request;
	answers[0] = (struct processor_answer){.decision = {.verdict = VERDICT_APPROVED}};
	return 1;
}

START_TEST(what_is_open_at_the_start_is_asked_for_at_once)
{
	const struct processor asked = {.final_after_us = US_PER_S, .query = approve};

	payment_on_ask(note_ask, NULL);
	publish(&calls[0], 0, "pm_timeout");
	wait_for(&was_asked, 1);
	start(&asked);
	wait_for(&came_back, 1);
	stop();
	job_check(&calls[0].job, 200, ERR_NONE, false);
	job_release(&calls[0].job);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("resolver_thread");
	TCase *all = tcase_create("all");

	fixture_add(all);
	tcase_add_checked_fixture(all, setup, NULL);
	tcase_set_timeout(all, TIMEOUT_S);
	tcase_add_test(all, a_caller_is_answered_when_the_processor_has_answered);
	tcase_add_test(all, it_stops_though_something_is_open);
	tcase_add_test(all, what_is_open_at_the_start_is_asked_for_at_once);
	suite_add_tcase(suite, all);
	return suite;
}

TEST_MAIN(make_suite)
