/* test_order_commands.c - POST /order through the engine and the store: what is written, what is
 * answered again, what an audit says. */
#include "order-service/order_commands.h"

#include <string.h>

#include "order-service/order_audit.h"
#include "order-service/order_store.h"
#include "unit/engine_fixture.h"
#include "unit/unit.h"

#define CALLS_MAX 8

struct call {
	struct job job;
	struct order_command command;
};

static struct rig rig;
static struct call calls[CALLS_MAX];
static size_t calls_count;
static int64_t wrong_hashes; /* that a test has stored: the audit's findings */

static void setup(void)
{
	order_register_metrics();
	rig_open(&rig, &order_domain, &fixture_env, order_migrations, order_migrations_count);
}

static void teardown(void)
{
	struct audit audit;

	audit_init(&audit);
	ck_assert_int_eq(order_audit(&audit, &rig.store), DB_OK);
	ck_assert_msg(audit.findings_count == wrong_hashes, "%s", buf_str(&audit.findings));
	audit_release(&audit);
	for (size_t i = 0; i < calls_count; i++)
		job_release(&calls[i].job);
	rig_close(&rig);
}

/* A call that is prepared as order_api.c does; its content is told apart by the amount alone. */
static struct call *add(const char *order_id, int64_t amount_minor, const char *key)
{
	struct call *call = &calls[calls_count++];
	struct order_command *command = &call->command;

	ck_assert_uint_le(calls_count, CALLS_MAX);
	*command = (struct order_command){
		.order_hash = hash_keyed(rig.store.sip_key, text_of(order_id)),
		.currency = currency_find(text_of("USD")),
		.amount_minor = amount_minor,
		.customer = TEXT_LITERAL("customer-7"),
		.metadata = TEXT_LITERAL("{}"),
	};
	text_copy(text_of(order_id), command->order_id, sizeof(command->order_id));
	hash_sha256(&amount_minor, sizeof(amount_minor), &command->content_hash);
	job_init(&call->job, &order_create_kind, command);
	if (key != NULL)
		job_set_key(&call->job, &rig, "", key, order_id);
	return call;
}

/* The call alone; its answer must be this. */
static struct call *order(struct call *call, int status, enum error error, bool replayed)
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

static void check_counts(int64_t orders, int64_t seen)
{
	ck_assert_int_eq(rig_number(&rig, "SELECT count(*) FROM orders"), orders);
	ck_assert_int_eq(rig_number(&rig, "SELECT count(*) FROM journal"), orders);
	ck_assert_int_eq(rig_number(&rig, "SELECT count(*) FROM seen"), seen);
}

static const struct {
	int64_t amount_minor;
	const char *answer;
} amounts[] = {
	{1099, "\"amount\":10.99,\"currency\":\"USD\",\"amount_paid\":0.00,"},
	{MONEY_NONE, "\"amount\":null,\"currency\":\"USD\",\"amount_paid\":0.00,"},
};

START_TEST(an_order_is_answered_and_stored)
{
	struct call *call = order(add("o-1", amounts[_i].amount_minor, NULL), 200, ERR_NONE, false);

	ck_assert(job_says(&call->job, "{\"order_id\":\"o-1\",\"order_status\":\"success\","
	                               "\"state\":\"pending\","));
	ck_assert(job_says(&call->job, amounts[_i].answer));
	check_counts(1, 0);
}
END_TEST

START_TEST(an_event_holds_no_customer)
{
	(void)order(add("o-1", 1099, NULL), 200, ERR_NONE, false);
	ck_assert_int_eq(rig_number(&rig, "SELECT count(*) FROM journal WHERE "
	                                  "line LIKE '%customer%'"),
	                 0);
	ck_assert_int_eq(rig_number(&rig, "SELECT count(*) FROM orders WHERE "
	                                  "customer = 'customer-7'"),
	                 1);
}
END_TEST

START_TEST(the_same_order_is_answered_again)
{
	struct call *first = order(add("o-1", 1099, NULL), 200, ERR_NONE, false);

	check_same_body(order(add("o-1", 1099, NULL), 200, ERR_NONE, true), first);
	check_same_body(order(add("o-1", 1099, "k"), 200, ERR_NONE, true), first);
	(void)order(add("o-1", 1098, NULL), 409, ERR_ORDER_EXISTS, false);
	check_counts(1, 1);
}
END_TEST

START_TEST(a_key_repeats_the_answer)
{
	if (_i == 1)
		(void)order(add("o-1", 5, NULL), 200, ERR_NONE, false);
	struct call *first = order(add("o-1", 1099, "k"), _i == 0 ? 200 : 409,
	                           _i == 0 ? ERR_NONE : ERR_ORDER_EXISTS, false);
	check_same_body(order(add("o-1", 1099, "k"), _i == 0 ? 200 : 409, ERR_NONE, true), first);
	check_counts(1, 1);
}
END_TEST

START_TEST(two_orders_that_share_a_hash_stay_apart)
{
	struct call *first = add("o-1", 1099, NULL), *second = add("o-2", 5, NULL);

	second->command.order_hash = first->command.order_hash;
	wrong_hashes = 1;
	(void)order(first, 200, ERR_NONE, false);
	(void)order(second, 200, ERR_NONE, false);
	check_counts(2, 0);
}
END_TEST

static Suite *order_commands_suite(void)
{
	Suite *suite = suite_create("order_commands");
	TCase *tests = tcase_create("order_commands");

	fixture_add(tests);
	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_loop_test(tests, an_order_is_answered_and_stored, 0, ARRAY_LEN(amounts));
	tcase_add_test(tests, an_event_holds_no_customer);
	tcase_add_test(tests, the_same_order_is_answered_again);
	tcase_add_loop_test(tests, a_key_repeats_the_answer, 0, 2);
	tcase_add_test(tests, two_orders_that_share_a_hash_stay_apart);
	suite_add_tcase(suite, tests);
	return suite;
}

TEST_MAIN(order_commands_suite)
