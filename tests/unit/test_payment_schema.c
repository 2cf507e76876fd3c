/* test_payment_schema.c - the schema repeats the invariants of payments, refunds and orders: it
 * refuses what cannot be, whoever writes it. */
#include "unit/payment_rows.h"

#define AUTHORIZED "UPDATE payments SET payment_status = 'authorized', captured_minor = 0"
#define FAILED \
	"UPDATE payments SET payment_status = 'failed', captured_minor = 0, decline_code = 'd'"
#define REFUND \
	"INSERT INTO refunds (is_made_again, refund_key, refund_id, amount_minor, refund_status, " \
	"intent_key, processor_reference, decline_code, created_us, updated_us, last_event_seq) "

#define CAUSE "cause_source = 's', cause_seq = 1, cause_hash = zeroblob(32)"
/* A later value of a column is the one that counts. */
#define HEARD \
	"UPDATE orders SET currency = 'USD', total_minor = 1, expires_us = 1, excess_minor = 1, " \
	"ended = 'cancelled', " CAUSE
#define RETURN "INSERT INTO returns (payment_key, since_us, next_us) "

/* Of a captured payment of 1099. */
static const struct {
	const char *sql;
	enum db_result result;
} schema_rows[] = {
	/* The right neighbours of what is refused: else a row could be refused for another reason.
         */
	{"UPDATE payments SET refunded_minor = 99, refund_pending_minor = 1000", DB_OK},
	{AUTHORIZED, DB_OK},
	{AUTHORIZED ", pending_operation = 'void', pending_minor = 1099, intent_key = 8", DB_OK},
	{FAILED ", is_reversed = 1, intent_key = 8", DB_OK},
	{"UPDATE payments SET payment_status = 'voided', captured_minor = 0", DB_OK},
	{"UPDATE payments SET payment_status = 'processing', captured_minor = 0, intent_key = 7",
         DB_OK},
	{REFUND "VALUES (0, 1, printf('%030d', 1), 100, 'success', 0, '', NULL, 1, 1, 1)", DB_OK},
	{REFUND "VALUES (0, 1, printf('%030d', 1), 100, 'processing', 5, '', NULL, 1, 1, 1)",
         DB_OK},

	{"UPDATE payments SET refunded_minor = 1100", DB_CONFLICT},
	{"UPDATE payments SET refund_pending_minor = 1100", DB_CONFLICT},
	{"UPDATE payments SET refunded_minor = 100, refund_pending_minor = 1000", DB_CONFLICT},
	{"UPDATE payments SET refunded_minor = -1", DB_CONFLICT},
	{"UPDATE payments SET refund_pending_minor = -1", DB_CONFLICT},
	{"UPDATE payments SET captured_minor = 1100", DB_CONFLICT},
	{"UPDATE payments SET captured_minor = -1", DB_CONFLICT},
	{"UPDATE payments SET captured_minor = 0", DB_CONFLICT},
	{"UPDATE payments SET amount_minor = 0, captured_minor = 0", DB_CONFLICT},
	{"UPDATE payments SET amount_minor = 1000000000000000", DB_CONFLICT},
	{"UPDATE payments SET amount_minor = 'abc'", DB_CONFLICT},
	{"UPDATE payments SET currency = 'DOLLAR'", DB_CONFLICT},
	{"UPDATE payments SET currency = 'US$' || char(0)", DB_CONFLICT},
	{"UPDATE payments SET payment_status = 'paid'", DB_CONFLICT},
	{"UPDATE payments SET payment_status = 'authorized'", DB_CONFLICT},
	{"UPDATE payments SET payment_status = 'voided', captured_minor = 0, intent_key = 7",
         DB_CONFLICT},
	{"UPDATE payments SET intent_key = 7", DB_CONFLICT},
	{"UPDATE payments SET intent_key = -1", DB_CONFLICT},
	{"UPDATE payments SET payment_status = 'processing', captured_minor = 0", DB_CONFLICT},
	{"UPDATE payments SET payment_status = 'failed', captured_minor = 0", DB_CONFLICT},
	{"UPDATE payments SET decline_code = 'declined'", DB_CONFLICT},
	{"UPDATE payments SET refunds_count = 101", DB_CONFLICT},
	{"UPDATE payments SET refunds_count = -1", DB_CONFLICT},
	{"UPDATE payments SET capture = 'later'", DB_CONFLICT},
	{"UPDATE payments SET pending_operation = 'void', pending_minor = 1099, intent_key = 8",
         DB_CONFLICT},
	{AUTHORIZED ", pending_operation = 'refund', pending_minor = 1, intent_key = 8",
         DB_CONFLICT},
	{AUTHORIZED ", pending_operation = 'capture', pending_minor = 0, intent_key = 8",
         DB_CONFLICT},
	{AUTHORIZED ", pending_operation = 'capture', pending_minor = 1100, intent_key = 8",
         DB_CONFLICT},
	{AUTHORIZED ", pending_operation = 'capture', pending_minor = 1", DB_CONFLICT},
	{AUTHORIZED ", pending_minor = 1, intent_key = 8", DB_CONFLICT},
	{AUTHORIZED ", is_reversed = 1", DB_CONFLICT},
	{"UPDATE payments SET is_reversed = 1", DB_CONFLICT},
	{FAILED ", is_reversed = 2", DB_CONFLICT},
	{FAILED ", pending_operation = 'void', pending_minor = 1, intent_key = 8", DB_CONFLICT},
	{"UPDATE payments SET has_key = 2", DB_CONFLICT},
	{"UPDATE payments SET payment_id = 'pay_1'", DB_CONFLICT},
	{"UPDATE payments SET metadata = NULL", DB_CONFLICT},
	{"UPDATE payments SET created_us = 0", DB_CONFLICT},
	{"UPDATE payments SET updated_us = created_us - 1", DB_CONFLICT},
	{"UPDATE payments SET last_event_seq = 0", DB_CONFLICT},
	{"INSERT INTO payments SELECT * FROM payments", DB_CONFLICT},

	{REFUND "VALUES (0, 1, printf('%030d', 1), 0, 'success', 0, '', NULL, 1, 1, 1)",
         DB_CONFLICT},
	{REFUND "VALUES (0, 1, printf('%030d', 1), -1, 'success', 0, '', NULL, 1, 1, 1)",
         DB_CONFLICT},
	{REFUND "VALUES (0, 1, printf('%030d', 1), 1, 'voided', 0, '', NULL, 1, 1, 1)",
         DB_CONFLICT},
	{REFUND "VALUES (0, 1, printf('%030d', 1), 1, 'success', 5, '', NULL, 1, 1, 1)",
         DB_CONFLICT},
	{REFUND "VALUES (0, 1, printf('%030d', 1), 1, 'processing', 0, '', NULL, 1, 1, 1)",
         DB_CONFLICT},
	{REFUND "VALUES (0, 1, printf('%030d', 1), 1, 'failed', 0, '', NULL, 1, 1, 1)",
         DB_CONFLICT},
	{REFUND "VALUES (0, 1, printf('%030d', 1), 1, 'success', 0, '', 'd', 1, 1, 1)",
         DB_CONFLICT},
	{REFUND "VALUES (0, 1, printf('%030d', 1), 1, 'success', 0, '', NULL, 2, 1, 1)",
         DB_CONFLICT},
	{REFUND "VALUES (0, 1, printf('%030d', 1), 1, 'success', 0, '', NULL, 0, 1, 1)",
         DB_CONFLICT},
	{REFUND "VALUES (0, 1, printf('%030d', 1), 1, 'success', 0, '', NULL, 1, 1, 0)",
         DB_CONFLICT},
	{REFUND "VALUES (2, 1, printf('%030d', 1), 1, 'success', 0, '', NULL, 1, 1, 1)",
         DB_CONFLICT},
	{REFUND "VALUES (0, 1, 'ref_1', 1, 'success', 0, '', NULL, 1, 1, 1)", DB_CONFLICT},

	{"UPDATE orders SET last_event_seq = -1", DB_CONFLICT},
	{"UPDATE orders SET order_id = ''", DB_CONFLICT},
	{HEARD, DB_OK},
	{HEARD ", total_minor = NULL, expires_us = NULL, excess_minor = 0", DB_OK},
	{"UPDATE orders SET " CAUSE ", ended = 'expired'", DB_OK},
	{HEARD ", currency = 'DOLLAR'", DB_CONFLICT},
	{HEARD ", total_minor = 0", DB_CONFLICT},
	{HEARD ", total_minor = 1000000000000000", DB_CONFLICT},
	{HEARD ", total_minor = NULL", DB_CONFLICT},
	{HEARD ", expires_us = 0", DB_CONFLICT},
	{HEARD ", excess_minor = -1", DB_CONFLICT},
	{HEARD ", ended = 'paid'", DB_CONFLICT},
	{HEARD ", cause_seq = 0", DB_CONFLICT},
	{HEARD ", cause_seq = NULL", DB_CONFLICT},
	{HEARD ", cause_source = NULL", DB_CONFLICT},
	{HEARD ", cause_hash = x'00'", DB_CONFLICT},
	{"UPDATE orders SET total_minor = 1", DB_CONFLICT},
	{"UPDATE orders SET expires_us = 1", DB_CONFLICT},
	{"UPDATE orders SET ended = 'cancelled'", DB_CONFLICT},

	{RETURN "VALUES (1, 1, NULL)", DB_OK},
	{RETURN "VALUES (1, 0, 1)", DB_CONFLICT},
	{RETURN "VALUES (1, 1, 1), (1, 1, 1)", DB_CONFLICT},
	{"UPDATE orders SET order_hash = 'x'", DB_CONFLICT},
};

START_TEST(the_schema_refuses_what_cannot_be)
{
	struct store store = payments_store();
	struct payment payment = sample_payment(0);
	enum db_result result;

	rows_add_order(store.db);
	rows_add(store.db, &payment);
	result = rows_try(store.db, schema_rows[_i].sql);
	ck_assert_msg(result == schema_rows[_i].result, "%s: %d", schema_rows[_i].sql, result);
	store_close(&store);
}
END_TEST

START_TEST(no_check_fills_a_table_for_each_row)
{
	struct store store = payments_store();

	store_close(&store);
	fixture_check_no_tables(STORE_FILE);
}
END_TEST

static Suite *payment_schema_suite(void)
{
	Suite *suite = suite_create("payment_schema");
	TCase *cases = tcase_create("payment_schema");

	fixture_add(cases);
	tcase_add_loop_test(cases, the_schema_refuses_what_cannot_be, 0, ARRAY_LEN(schema_rows));
	tcase_add_test(cases, no_check_fills_a_table_for_each_row);
	suite_add_tcase(suite, cases);
	return suite;
}

TEST_MAIN(payment_schema_suite)
