/* test_order_commands.c - orders through the engine and the store: what is written, what is
 * answered again, what a redaction leaves, what an audit says. */
#include "order-service/order_commands.h"

#include <string.h>

#include "order-service/order_audit.h"
#include "order-service/order_metrics.h"
#include "order-service/order_store.h"
#include "unit/engine_fixture.h"
#include "unit/unit.h"

#define CALLS_MAX 8

struct call {
	struct job job;
	struct order_command command;
	struct order_change_command change;
};

static struct rig rig;
static struct call calls[CALLS_MAX];
static size_t calls_count;
static int64_t wrong_hashes; /* that a test has stored: the audit's findings */
static const char *finding;  /* one that the audit must tell, or NULL */

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
	if (finding == NULL)
		ck_assert_msg(audit.findings_count == wrong_hashes, "%s", fixture_findings(&audit));
	else
		ck_assert_msg(strstr(fixture_findings(&audit), finding) != NULL, "no %s: %s",
		              finding, fixture_findings(&audit));
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

START_TEST(no_check_fills_a_table_for_each_row)
{
	fixture_check_no_tables("store.db");
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

/* ---- redaction ---- */

#define ITEMS "[{\"sku\":\"tea\",\"name\":\"for Ann\",\"quantity\":2,\"unit_price\":12.50}]"
#define REDACTED_ITEMS "[{\"sku\":\"tea\",\"name\":null,\"quantity\":2,\"unit_price\":12.50}]"

static struct call *add_redaction(const char *order_id)
{
	struct call *call = &calls[calls_count++];

	ck_assert_uint_le(calls_count, CALLS_MAX);
	text_copy(text_of(order_id), call->change.order_id, sizeof(call->change.order_id));
	call->change.order_hash = hash_keyed(rig.store.sip_key, text_of(order_id));
	job_init(&call->job, &order_redact_kind, &call->change);
	return call;
}

static struct call *add_with_texts(const char *key)
{
	struct call *call = add("o-1", 2500, key);

	call->command.items = TEXT_LITERAL(ITEMS);
	call->command.description = TEXT_LITERAL("for Ann's birthday");
	call->command.metadata = TEXT_LITERAL("{\"phone\":\"555\"}");
	return call;
}

static void check_has_no_texts(const struct call *call)
{
	ck_assert(job_says(&call->job, "\"items\":" REDACTED_ITEMS ",\"customer\":null,"
	                               "\"description\":null,\"metadata\":{},"));
	ck_assert(job_says(&call->job, "\"amount\":25.00,"));
}

START_TEST(a_redaction_empties_the_free_texts_once)
{
	struct call *redaction;

	(void)order(add_with_texts(NULL), 200, ERR_NONE, false);
	world.now_us += US_PER_S;
	redaction = order(add_redaction("o-1"), 200, ERR_NONE, false);
	check_has_no_texts(redaction);
	world.now_us += US_PER_S;
	check_same_body(order(add_redaction("o-1"), 200, ERR_NONE, true), redaction);
	check_same_body(order(add_with_texts(NULL), 200, ERR_NONE, true), redaction);
	ck_assert_int_eq(rig_number(&rig, "SELECT count(*) FROM journal WHERE seq = 2 AND "
	                                  "order_prev_seq = 1 AND line LIKE '%order.redacted%'"),
	                 1);
	ck_assert_int_eq(engine_head_seq(rig.engine), 2);
	ck_assert_int_eq(rig_number(&rig, "SELECT count(*) FROM orders WHERE items LIKE '%Ann%' OR "
	                                  "customer IS NOT NULL OR description IS NOT NULL OR "
	                                  "metadata <> '{}'"),
	                 0);
}
END_TEST

START_TEST(a_redaction_empties_the_stored_answers)
{
	(void)order(add_with_texts("k"), 200, ERR_NONE, false);
	(void)order(add("o-2", 5, "k2"), 200, ERR_NONE, false);
	(void)order(add_redaction("o-1"), 200, ERR_NONE, false);
	ck_assert_str_eq(buf_str(&order(add_with_texts("k"), 200, ERR_NONE, true)->job.answer.body),
	                 "{\"redacted\":true,\"resource\":\"o-1\"}");
	ck_assert(job_says(&order(add("o-2", 5, "k2"), 200, ERR_NONE, true)->job, "customer-7"));
}
END_TEST

START_TEST(what_has_no_free_text_has_nothing_to_lose)
{
	struct call *plain = add("o-1", 5, NULL);

	plain->command.customer = TEXT_NONE;
	(void)order(plain, 200, ERR_NONE, false);
	check_same_body(order(add_redaction("o-1"), 200, ERR_NONE, true), plain);
	(void)order(add_redaction("o-9"), 404, ERR_NOT_FOUND, false);
	check_counts(1, 0);
}
END_TEST

static const struct {
	const char *sql, *finding;
} tampers[] = {
	{"UPDATE journal SET order_prev_seq = 0 WHERE seq = 2",
         "journal-links: orders order_seq 1: "},
	{"UPDATE journal SET order_prev_seq = 0 WHERE seq = 2", "order-missing: journal seq 2: "},
	{"UPDATE orders SET last_event_seq = 1, updated_us = created_us",
         "order-missing: journal seq 2: "},
	{"UPDATE orders SET updated_us = created_us",
         "order-state: orders order_seq 1: updated_us"},
	{"UPDATE orders SET created_us = created_us + 1000",
         "order-state: orders order_seq 1: created_us"},
	{"UPDATE orders SET amount_minor = 1", "order-state: orders order_seq 1: the row says"},
	{"UPDATE orders SET order_seq = 0", "order-missing: journal seq 1: "},
	{"INSERT INTO orders SELECT 0, order_hash, order_id, content_hash, state, amount_minor, "
         "was_open, currency, paid_minor, authorized_minor, refunded_minor, items, customer, "
         "description, metadata, cancel_reason, expires_us, created_us, created_us, 1 FROM orders",
         "journal-links: orders order_seq 0: "},
};

START_TEST(an_audit_knows_both_events_of_an_order)
{
	(void)order(add_with_texts(NULL), 200, ERR_NONE, false);
	world.now_us += US_PER_S;
	(void)order(add_redaction("o-1"), 200, ERR_NONE, false);
	rig_tamper(&rig, tampers[_i].sql);
	finding = tampers[_i].finding;
}
END_TEST

static Suite *order_commands_suite(void)
{
	Suite *suite = suite_create("order_commands");
	TCase *tests = tcase_create("order_commands");

	fixture_add(tests);
	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_loop_test(tests, an_order_is_answered_and_stored, 0, ARRAY_LEN(amounts));
	tcase_add_test(tests, no_check_fills_a_table_for_each_row);
	tcase_add_test(tests, an_event_holds_no_customer);
	tcase_add_test(tests, the_same_order_is_answered_again);
	tcase_add_loop_test(tests, a_key_repeats_the_answer, 0, 2);
	tcase_add_test(tests, two_orders_that_share_a_hash_stay_apart);
	tcase_add_test(tests, a_redaction_empties_the_free_texts_once);
	tcase_add_test(tests, a_redaction_empties_the_stored_answers);
	tcase_add_test(tests, what_has_no_free_text_has_nothing_to_lose);
	tcase_add_loop_test(tests, an_audit_knows_both_events_of_an_order, 0, ARRAY_LEN(tampers));
	suite_add_tcase(suite, tests);
	return suite;
}

TEST_MAIN(order_commands_suite)
