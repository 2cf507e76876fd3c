/* test_intent.c - what is open at the processor: stored, found when it is due, gone when it is
 * settled. */
#include "payment-service/intent.h"
#include "unit/payment_rows.h"

#include <stdio.h>
#include <string.h>

#define NOW_US FIXTURE_NOW_US

static struct store store;
static struct payment payment;
static struct refund refund;

/* An authorized payment with a pending capture of 5.00, and one refund of it. */
static void setup(void)
{
	store = payments_store();
	rows_add_order(store.db);
	payment = sample_payment(0);
	payment.status = PAYMENT_AUTHORIZED;
	payment.captured_minor = payment.refundable_minor = 0;
	payment.pending_operation = OPERATION_CAPTURE;
	payment.pending_minor = 500;
	payment.intent_key = 8;
	refund = sample_refund(&payment, 0);
	rows_add(store.db, &payment);
	ck_assert_int_eq(db_begin(store.db), DB_OK);
	refund_write_new(store.db, &refund);
	rows_commit(store.db);
}

static void teardown(void)
{
	store_close(&store);
}

/* Each has its own. */
static const char *reference_of(int64_t intent_key)
{
	static char reference[ID_SIZE];

	(void)snprintf(reference, sizeof(reference), "evt_%026lld", (long long)intent_key);
	return reference;
}

static void add(int64_t intent_key, enum operation operation, int64_t created_us)
{
	ck_assert_int_eq(db_begin(store.db), DB_OK);
	intent_write_new(store.db, intent_key, payment.payment_key,
	                 operation == OPERATION_REFUND ? refund.refund_key : 0, operation,
	                 reference_of(intent_key), TEXT_LITERAL("req-1"),
	                 TEXT_LITERAL("00-ab-cd-01"), created_us);
	rows_commit(store.db);
}

static void asked(int64_t intent_key, int64_t next_us)
{
	ck_assert_int_eq(db_begin(store.db), DB_OK);
	intent_write_asked(store.db, intent_key, next_us);
	rows_commit(store.db);
}

struct found {
	struct intent intents[8];
	size_t count;
};

static void take(void *arg, const struct db_row *row)
{
	struct found *found = arg;

	ck_assert_uint_lt(found->count, ARRAY_LEN(found->intents));
	intent_from_row(row, &found->intents[found->count++]);
}

static struct found due(int64_t now_us, int64_t count)
{
	struct found found = {0};

	intent_send_due(store.db, now_us, count, take, &found);
	ck_assert_int_eq(db_flush(store.db), DB_OK);
	return found;
}

struct numbers {
	int64_t values[3];
	int columns;
	bool is_null;
};

static void take_numbers(void *arg, const struct db_row *row)
{
	struct numbers *numbers = arg;

	numbers->is_null = db_is_null(row, 0);
	for (int i = 0; i < numbers->columns; i++)
		numbers->values[i] = db_int(row, i);
}

static struct numbers state(void)
{
	struct numbers numbers = {.columns = 3};

	intent_send_state(store.db, take_numbers, &numbers);
	ck_assert_int_eq(db_flush(store.db), DB_OK);
	return numbers;
}

static struct numbers open_of(const char *payment_id)
{
	struct numbers numbers = {.columns = 1};

	intent_send_open(store.db, text_of(payment_id), take_numbers, &numbers);
	ck_assert_int_eq(db_flush(store.db), DB_OK);
	return numbers;
}

static const struct {
	enum operation operation;
	int64_t amount_minor;
} operations[] = {
	{OPERATION_AUTHORIZE, 1099}, {OPERATION_CAPTURE, 500},  {OPERATION_VOID, 1099},
	{OPERATION_REFUND, 100},     {OPERATION_REVERSE, 1099},
};

START_TEST(an_intent_is_read_with_what_the_processor_needs)
{
	bool is_refund = operations[_i].operation == OPERATION_REFUND;
	struct found found;
	const struct intent *intent = &found.intents[0];

	add(8, operations[_i].operation, NOW_US);
	found = due(NOW_US, 9);
	ck_assert_uint_eq(found.count, 1);
	ck_assert_int_eq(intent->intent_key, 8);
	ck_assert_int_eq(intent->payment_key, payment.payment_key);
	ck_assert_int_eq(intent->refund_key, is_refund ? refund.refund_key : 0);
	ck_assert_int_eq(intent->operation, operations[_i].operation);
	ck_assert_int_eq(intent->amount_minor, operations[_i].amount_minor);
	ck_assert(!intent->is_called);
	ck_assert_str_eq(intent->request_id, "req-1");
	ck_assert_str_eq(intent->traceparent, "00-ab-cd-01");
	ck_assert_int_eq(intent->created_us, NOW_US);
	ck_assert_str_eq(intent->payment_id, payment.payment_id);
	ck_assert_str_eq(intent->refund_id, is_refund ? refund.refund_id : "");
	ck_assert_ptr_eq(intent->currency, payment.currency);
	ck_assert_int_eq(intent->capture, CAPTURE_MANUAL);
	ck_assert_str_eq(intent->payment_method, "pm_x");
}
END_TEST

START_TEST(the_longest_due_come_first)
{
	struct found found;

	add(8, OPERATION_CAPTURE, NOW_US + 30);
	add(9, OPERATION_REFUND, NOW_US + 10);
	add(10, OPERATION_REFUND, NOW_US + 10);
	add(11, OPERATION_REFUND, NOW_US + 40);
	found = due(NOW_US + 30, 9);
	ck_assert_uint_eq(found.count, 3);
	ck_assert_int_eq(found.intents[0].intent_key, 9);
	ck_assert_int_eq(found.intents[1].intent_key, 10);
	ck_assert_int_eq(found.intents[2].intent_key, 8);
	ck_assert_uint_eq(due(NOW_US + 30, 1).count, 1);
	ck_assert_uint_eq(due(NOW_US + 9, 9).count, 0);
}
END_TEST

START_TEST(what_was_asked_waits_for_its_next_time)
{
	struct found found;

	add(8, OPERATION_CAPTURE, NOW_US);
	asked(8, NOW_US + 50);
	ck_assert_uint_eq(due(NOW_US + 49, 9).count, 0);
	found = due(NOW_US + 50, 9);
	ck_assert_uint_eq(found.count, 1);
	ck_assert(found.intents[0].is_called);
	ck_assert_int_eq(found.intents[0].created_us, NOW_US);
}
END_TEST

START_TEST(stuck_ones_are_counted_and_never_due)
{
	struct numbers numbers = state();

	ck_assert(numbers.is_null && numbers.values[1] == 0 && numbers.values[2] == 0);
	add(8, OPERATION_CAPTURE, NOW_US);
	add(9, OPERATION_REFUND, NOW_US + 10);
	add(10, OPERATION_REFUND, NOW_US + 20);
	asked(8, INT64_MAX);
	asked(10, INT64_MAX);
	numbers = state();
	ck_assert_int_eq(numbers.values[0], NOW_US + 10);
	ck_assert_int_eq(numbers.values[1], 1);
	ck_assert_int_eq(numbers.values[2], 1);
	asked(9, INT64_MAX);
	numbers = state();
	ck_assert(numbers.is_null);
	ck_assert_int_eq(numbers.values[2], 2);
	ck_assert_uint_eq(due(INT64_MAX, 9).count, 0);
}
END_TEST

START_TEST(all_of_a_payment_become_due_at_once)
{
	struct payment other = sample_payment(1);
	struct found found;

	rows_add(store.db, &other);
	add(8, OPERATION_CAPTURE, NOW_US);
	add(9, OPERATION_REFUND, NOW_US);
	asked(8, INT64_MAX);
	asked(9, NOW_US + 1000);
	ck_assert_int_eq(db_begin(store.db), DB_OK);
	intent_write_new(store.db, 10, other.payment_key, 0, OPERATION_AUTHORIZE, reference_of(10),
	                 TEXT_LITERAL("req-2"), TEXT_NONE, NOW_US + 2000);
	intent_write_due(store.db, payment.payment_key, NOW_US + 5);
	rows_commit(store.db);
	ck_assert_uint_eq(due(NOW_US + 1999, 9).count, 2);
	found = due(NOW_US + 2000, 9);
	ck_assert_uint_eq(found.count, 3);
	ck_assert(found.intents[0].intent_key == 8 && found.intents[0].is_called);
	ck_assert(found.intents[2].intent_key == 10 && !found.intents[2].is_called);
	ck_assert_str_eq(found.intents[2].traceparent, "");
}
END_TEST

START_TEST(a_payments_last_open_one_is_told_until_it_ends)
{
	ck_assert(open_of(payment.payment_id).is_null);
	add(8, OPERATION_CAPTURE, NOW_US);
	add(12, OPERATION_REFUND, NOW_US);
	ck_assert_int_eq(open_of(payment.payment_id).values[0], 12);
	ck_assert(open_of("pay_x").is_null);
	ck_assert_int_eq(db_begin(store.db), DB_OK);
	intent_write_end(store.db, 12);
	rows_commit(store.db);
	ck_assert_int_eq(open_of(payment.payment_id).values[0], 8);
	ck_assert_uint_eq(due(NOW_US, 9).count, 1);
}
END_TEST

static const struct {
	const char *sql;
	enum db_result result;
} schema_rows[] = {
	{"UPDATE intents SET next_us = NULL, traceparent = NULL", DB_OK},
	{"UPDATE intents SET operation = 'reverse'", DB_OK},
	{"UPDATE intents SET operation = 'charge'", DB_CONFLICT},
	{"UPDATE intents SET operation = 'refund'", DB_CONFLICT},
	{"UPDATE intents SET refund_key = 5", DB_CONFLICT},
	{"UPDATE intents SET is_called = 2", DB_CONFLICT},
	{"UPDATE intents SET request_id = NULL", DB_CONFLICT},
	{"UPDATE intents SET created_us = 0", DB_CONFLICT},
	{"UPDATE intents SET next_us = 'soon'", DB_CONFLICT},
	{"INSERT INTO intents SELECT * FROM intents", DB_CONFLICT},
};

START_TEST(the_schema_refuses_what_cannot_be)
{
	enum db_result result;

	add(8, OPERATION_CAPTURE, NOW_US);
	result = rows_try(store.db, schema_rows[_i].sql);
	ck_assert_msg(result == schema_rows[_i].result, "%s: %d", schema_rows[_i].sql, result);
}
END_TEST

static Suite *intent_suite(void)
{
	Suite *suite = suite_create("intent");
	TCase *cases = tcase_create("intent");

	fixture_add(cases);
	tcase_add_checked_fixture(cases, setup, teardown);
	tcase_add_loop_test(cases, an_intent_is_read_with_what_the_processor_needs, 0,
	                    ARRAY_LEN(operations));
	tcase_add_test(cases, the_longest_due_come_first);
	tcase_add_test(cases, what_was_asked_waits_for_its_next_time);
	tcase_add_test(cases, stuck_ones_are_counted_and_never_due);
	tcase_add_test(cases, all_of_a_payment_become_due_at_once);
	tcase_add_test(cases, a_payments_last_open_one_is_told_until_it_ends);
	tcase_add_loop_test(cases, the_schema_refuses_what_cannot_be, 0, ARRAY_LEN(schema_rows));
	suite_add_tcase(suite, cases);
	return suite;
}

TEST_MAIN(intent_suite)
