/* test_payment_commands.c - POST /pay through the engine and the store: what is written, what is
 * answered again, what an audit says. */
#include "payment-service/payment_commands.h"

#include <string.h>

#include "payment-service/payment_audit.h"
#include "payment-service/payment_store.h"
#include "payment-service/processor.h"
#include "unit/engine_fixture.h"
#include "unit/unit.h"

#define CALLS_MAX 128

struct call {
	struct job job;
	struct pay_command command;
};

static struct rig rig;
static struct call calls[CALLS_MAX];
static size_t calls_count;
static int64_t wrong_hashes; /* that a test has stored: the audit's findings */

static void setup(void)
{
	payment_register_metrics();
	rig_open(&rig, &payment_domain, &fixture_env, payment_migrations, payment_migrations_count);
}

static void teardown(void)
{
	struct audit audit;

	audit_init(&audit);
	ck_assert_int_eq(payment_audit(&audit, &rig.store), DB_OK);
	ck_assert_msg(audit.findings_count == wrong_hashes, "%s", fixture_findings(&audit));
	audit_release(&audit);
	for (size_t i = 0; i < calls_count; i++)
		job_release(&calls[i].job);
	rig_close(&rig);
}

/* A call that is prepared as payment_api.c does; key and method may be NULL. */
static struct call *add(const char *order_id, int64_t amount_minor, const char *method,
                        const char *key)
{
	struct call *call = &calls[calls_count++];
	struct pay_command *command = &call->command;

	ck_assert_uint_le(calls_count, CALLS_MAX);
	*command = (struct pay_command){
		.order_hash = hash_keyed(rig.store.sip_key, text_of(order_id)),
		.currency = currency_find(text_of("USD")),
		.amount_minor = amount_minor,
		.payment_method = method == NULL ? TEXT_NONE : text_of(method),
		.metadata = TEXT_LITERAL("{}"),
		.has_key = key != NULL,
	};
	text_copy(text_of(order_id), command->order_id, sizeof(command->order_id));
	ck_assert(processor_decide_pay(command));
	job_init(&call->job, &pay_kind, command);
	if (key != NULL)
		job_set_key(&call->job, &rig, "", key, order_id);
	return call;
}

/* The call alone; its answer must be this. */
static struct call *pay(struct call *call, int status, enum error error, bool replayed)
{
	struct job *jobs[] = {&call->job};

	(void)rig_run(&rig, jobs, 1);
	job_check(&call->job, status, error, replayed);
	return call;
}

static void check_same_body(const struct call *a, const struct call *b)
{
	ck_assert_str_eq(buf_str(&a->job.answer.body), buf_str(&b->job.answer.body));
}

static void check_counts(int64_t orders, int64_t payments, int64_t seen)
{
	ck_assert_int_eq(rig_number(&rig, "SELECT count(*) FROM orders"), orders);
	ck_assert_int_eq(rig_number(&rig, "SELECT count(*) FROM payments"), payments);
	ck_assert_int_eq(rig_number(&rig, "SELECT count(*) FROM journal"), payments);
	ck_assert_int_eq(rig_number(&rig, "SELECT count(*) FROM seen"), seen);
}

START_TEST(a_payment_is_answered_and_stored)
{
	struct call *call = pay(add("o-1", 1099, NULL, NULL), 200, ERR_NONE, false);

	ck_assert(job_says(&call->job, "\"order_id\":\"o-1\",\"amount\":10.99,\"currency\":\"USD\","
	                               "\"payment_status\":\"success\",\"amount_captured\":10.99,"
	                               "\"amount_refunded\":0.00,"));
	ck_assert(job_says(&call->job, "\"created_at\":\"2026-11-23T04:30:00.123Z\""));
	check_counts(1, 1, 0);
	ck_assert_int_eq(rig_number(&rig, "SELECT count(*) FROM journal WHERE "
	                                  "line LIKE '%\"type\":\"payment.captured\",'"
	                                  " || '\"subject\":\"o-1\"%'"),
	                 1);
}
END_TEST

START_TEST(a_decline_answers_with_the_payment)
{
	struct call *call = add("o-1", 1099, "pm_expired_card", NULL);

	(void)pay(call, 402, ERR_PAYMENT_DECLINED, false);
	ck_assert(job_says(&call->job, "\"type\":\"/problems/payment-declined\""));
	ck_assert(job_says(&call->job, "\"payment_status\":\"failed\",\"amount_captured\":0.00"));
	ck_assert(job_says(&call->job, "\"decline_code\":\"expired_card\""));
	(void)pay(add("o-1", 1099, NULL, NULL), 200, ERR_NONE, false);
	check_counts(1, 2, 0);
}
END_TEST

START_TEST(the_same_call_without_a_key_is_the_same_payment)
{
	struct call *first = pay(add("o-1", 1099, NULL, NULL), 200, ERR_NONE, false);

	check_same_body(pay(add("o-1", 1099, NULL, NULL), 200, ERR_NONE, true), first);
	(void)pay(add("o-1", 1098, NULL, NULL), 409, ERR_ORDER_ALREADY_PAID, false);
	check_counts(1, 1, 0);
}
END_TEST

static const struct {
	const char *rule;
	int64_t paid_before_minor; /* 0: not */
	const char *method;
	int status;
	enum error error;
} keyed[] = {
	{"a payment", 0, NULL, 200, ERR_NONE},
	{"a decline", 0, "pm_declined", 402, ERR_PAYMENT_DECLINED},
	{"a refusal", 500, NULL, 409, ERR_ORDER_ALREADY_PAID},
};

START_TEST(a_key_repeats_the_answer)
{
	if (keyed[_i].paid_before_minor > 0)
		(void)pay(add("o-1", keyed[_i].paid_before_minor, NULL, NULL), 200, ERR_NONE,
		          false);
	struct call *first = pay(add("o-1", 1099, keyed[_i].method, "k"), keyed[_i].status,
	                         keyed[_i].error, false);
	int64_t seq = engine_head_seq(rig.engine);
	check_same_body(
		pay(add("o-1", 1099, keyed[_i].method, "k"), keyed[_i].status, ERR_NONE, true),
		first);
	ck_assert_int_eq(engine_head_seq(rig.engine), seq);
	check_counts(1, 1, 1);
}
END_TEST

START_TEST(many_keys_on_one_order_make_one_payment)
{
	static const char *const keys[] = {"k1", "k2", "k3", "k4", "k5"};
	struct job *jobs[ARRAY_LEN(keys)];
	int paid = 0;

	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		jobs[i] = &add("o-1", 1099, NULL, keys[i])->job;
	(void)rig_run(&rig, jobs, ARRAY_LEN(jobs));
	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		paid += jobs[i]->answer.status == 200;
	ck_assert_int_eq(paid, 1);
	check_counts(1, 1, ARRAY_LEN(keys));
}
END_TEST

START_TEST(two_orders_that_share_a_hash_stay_apart)
{
	struct call *first = add("o-1", 1099, NULL, NULL), *second = add("o-2", 5, NULL, NULL);

	second->command.order_hash = first->command.order_hash;
	wrong_hashes = 1;
	(void)pay(first, 200, ERR_NONE, false);
	(void)pay(second, 200, ERR_NONE, false);
	ck_assert(job_says(&second->job, "\"order_id\":\"o-2\",\"amount\":0.05"));
	check_counts(2, 2, 0);
}
END_TEST

START_TEST(an_order_takes_100_payments_and_no_more)
{
	for (int i = 0; i < PAYMENTS_PER_ORDER_MAX; i++)
		(void)pay(add("o-1", 1099, "pm_declined", NULL), 402, ERR_PAYMENT_DECLINED, false);
	(void)pay(add("o-2", 1, NULL, NULL), 200, ERR_NONE, false);
	struct call *call = pay(add("o-1", 1099, NULL, NULL), 422, ERR_INVALID_REQUEST, false);
	ck_assert(job_says(&call->job, "An order takes at most 100 payments"));
	check_counts(2, PAYMENTS_PER_ORDER_MAX + 1, 0);
}
END_TEST

static Suite *payment_commands_suite(void)
{
	Suite *suite = suite_create("payment_commands");
	TCase *tests = tcase_create("payment_commands");

	fixture_add(tests);
	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, a_payment_is_answered_and_stored);
	tcase_add_test(tests, a_decline_answers_with_the_payment);
	tcase_add_test(tests, the_same_call_without_a_key_is_the_same_payment);
	tcase_add_loop_test(tests, a_key_repeats_the_answer, 0, ARRAY_LEN(keyed));
	tcase_add_test(tests, many_keys_on_one_order_make_one_payment);
	tcase_add_test(tests, two_orders_that_share_a_hash_stay_apart);
	tcase_add_test(tests, an_order_takes_100_payments_and_no_more);
	suite_add_tcase(suite, tests);
	return suite;
}

TEST_MAIN(payment_commands_suite)
