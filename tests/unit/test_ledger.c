/* test_ledger.c - transfers, the accounts that they add up to, and what tells of both. */
#include "payment-service/ledger.h"
#include "payment-service/ledger_metrics.h"
#include "runtime/metrics.h"
#include "unit/payment_rows.h"

#include <string.h>

static struct store store;
static struct ledger_totals totals;
static const struct transfer captured = {TRANSFER_CAPTURE, 1099};

static void setup(void)
{
	store = payments_store();
	totals = (struct ledger_totals){0};
	rows_add_order(store.db);
}

static void teardown(void)
{
	store_close(&store);
}

/* What the row functions found. */
struct found {
	int64_t keys[32];
	size_t count;
	struct transfer_row transfer; /* the last one; its texts are gone */
	bool is_whole;
	char kind[40], debit[40], credit[40], payment_id[ID_SIZE];
};

static void take_transfer(void *arg, const struct db_row *row)
{
	struct found *found = arg;

	ck_assert_uint_lt(found->count, ARRAY_LEN(found->keys));
	found->is_whole = transfer_from_row(row, &found->transfer);
	text_copy(found->transfer.kind, found->kind, sizeof(found->kind));
	text_copy(found->transfer.debit_account, found->debit, sizeof(found->debit));
	text_copy(found->transfer.credit_account, found->credit, sizeof(found->credit));
	text_copy(found->transfer.payment_id, found->payment_id, sizeof(found->payment_id));
	found->keys[found->count++] = found->transfer.transfer_key;
}

static void check_keys(const struct found *found, const int64_t *keys, size_t count)
{
	ck_assert_uint_eq(found->count, count);
	for (size_t i = 0; i < count; i++)
		ck_assert_int_eq(found->keys[i], keys[i]);
}
#define CHECK_KEYS(found, ...) \
	check_keys(found, (const int64_t[]){__VA_ARGS__}, \
	           sizeof((const int64_t[]){__VA_ARGS__}) / sizeof(int64_t))

/* One event's transfers, committed with their totals. */
static void write(int64_t seq, const struct payment *payment, const struct transfer *transfers,
                  size_t count)
{
	totals = (struct ledger_totals){0};
	ck_assert_int_eq(db_begin(store.db), DB_OK);
	ledger_write(store.db, &totals, seq, payment, transfers, count);
	ledger_write_totals(store.db, &totals);
	rows_commit(store.db);
}

static int64_t number(const char *sql)
{
	return fixture_number(STORE_FILE, sql);
}

/* api.md, "Ledger". */
static const struct {
	enum transfer_kind kind;
	const char *name, *debit, *credit;
} kinds[] = {
	{TRANSFER_AUTHORIZE, "authorize", "authorized_at_processor", "held_for_merchant"},
	{TRANSFER_AUTHORIZATION_CAPTURED, "authorization_captured", "held_for_merchant",
         "authorized_at_processor"},
	{TRANSFER_AUTHORIZATION_RELEASED, "authorization_released", "held_for_merchant",
         "authorized_at_processor"},
	{TRANSFER_AUTHORIZATION_VOIDED, "authorization_voided", "held_for_merchant",
         "authorized_at_processor"},
	{TRANSFER_CAPTURE, "capture", "processor", "merchant"},
	{TRANSFER_REFUND, "refund", "merchant", "processor"},
};

START_TEST(a_transfer_is_read_as_it_was_written)
{
	struct payment payment = sample_payment(1);
	struct transfer transfer = {kinds[_i].kind, MONEY_MINOR_MAX};
	struct found found = {0};

	rows_add(store.db, &payment);
	write(9, &payment, &transfer, 1);
	ledger_send_page(store.db, INT64_MAX, 9, take_transfer, &found);
	ck_assert_int_eq(db_flush(store.db), DB_OK);
	CHECK_KEYS(&found, 36);
	ck_assert(found.is_whole);
	ck_assert_int_eq(found.transfer.payment_key, payment.payment_key);
	ck_assert_str_eq(found.payment_id, payment.payment_id);
	ck_assert_str_eq(found.kind, kinds[_i].name);
	ck_assert_str_eq(found.debit, kinds[_i].debit);
	ck_assert_str_eq(found.credit, kinds[_i].credit);
	ck_assert_ptr_eq(found.transfer.currency, payment.currency);
	ck_assert_int_eq(found.transfer.amount_minor, MONEY_MINOR_MAX);
	ck_assert_int_eq(found.transfer.created_us, payment.updated_us);
}
END_TEST

START_TEST(transfers_of_an_event_count_up_and_a_page_goes_back)
{
	struct payment payment = sample_payment(0);
	const struct transfer capture[] = {{TRANSFER_AUTHORIZATION_CAPTURED, 1000},
	                                   {TRANSFER_AUTHORIZATION_RELEASED, 99},
	                                   {TRANSFER_CAPTURE, 1000}};
	struct found newest = {0}, older = {0};

	rows_add(store.db, &payment);
	write(8, &payment, &captured, 1);
	write(9, &payment, capture, ARRAY_LEN(capture));
	write(10, &payment, &captured, 1);
	ledger_send_page(store.db, INT64_MAX, 2, take_transfer, &newest);
	ledger_send_page(store.db, 38, 9, take_transfer, &older);
	ck_assert_int_eq(db_flush(store.db), DB_OK);
	CHECK_KEYS(&newest, 40, 38);
	CHECK_KEYS(&older, 37, 36, 32);
}
END_TEST

/* ---- accounts ---- */

#define SUM "(SELECT sum(amount_minor) FROM transfers t WHERE t.currency = a.currency AND "
/* How many accounts are not what the transfers add up to. */
#define WRONG_ACCOUNTS \
	"SELECT count(*) FROM accounts a WHERE debits_minor <> ifnull(" SUM \
	"t.debit_account = a.account), 0) OR credits_minor <> ifnull(" SUM \
	"t.credit_account = a.account), 0)"

START_TEST(accounts_are_what_their_transfers_add_up_to)
{
	struct payment payment = sample_payment(0), yen = sample_payment(1);
	const struct transfer authorized = {TRANSFER_AUTHORIZE, 1099},
			      refunded = {TRANSFER_REFUND, 300};

	yen.currency = currency_find(TEXT_LITERAL("JPY"));
	rows_add(store.db, &payment);
	write(8, &payment, &authorized, 1);
	write(9, &payment, &captured, 1);
	write(10, &yen, &captured, 1);
	write(11, &payment, &refunded, 1);
	write(12, &payment, &refunded, 1);
	ck_assert_int_eq(number("SELECT count(*) FROM accounts"), 6);
	ck_assert_int_eq(number(WRONG_ACCOUNTS), 0);
	ck_assert_int_eq(number("SELECT debits_minor - credits_minor FROM accounts "
	                        "WHERE account = 'processor' AND currency = 'USD'"),
	                 1099 - 600);
}
END_TEST

START_TEST(a_batch_adds_each_account_once)
{
	struct payment payment = sample_payment(0);

	ck_assert_int_eq(db_begin(store.db), DB_OK);
	for (int64_t seq = 8; seq < 108; seq++)
		ledger_write(store.db, &totals, seq, &payment, &captured, 1);
	ck_assert_uint_eq(totals.count, 2);
	ck_assert_int_eq(totals.rows[0].debits_minor + totals.rows[0].credits_minor, 109900);
	ledger_write_totals(store.db, &totals);
	rows_commit(store.db);
	ck_assert_int_eq(number(WRONG_ACCOUNTS), 0);
}
END_TEST

/* 40 currencies, two accounts each, so that the totals are full in the middle of an event. */
START_TEST(more_accounts_than_totals_hold_are_all_written)
{
	struct payment payment = sample_payment(0);
	const struct transfer both[] = {{TRANSFER_AUTHORIZE, 5}, {TRANSFER_CAPTURE, 7}};

	ck_assert_int_eq(db_begin(store.db), DB_OK);
	for (int64_t round = 0; round < 2; round++)
		for (int64_t i = 0; i < 40; i++) {
			payment.currency = &currencies[i];
			ledger_write(store.db, &totals, 8 + round * 40 + i, &payment, both, 2);
		}
	ck_assert_uint_le(totals.count, LEDGER_TOTALS_MAX);
	ledger_write_totals(store.db, &totals);
	rows_commit(store.db);
	ck_assert_int_eq(number("SELECT count(*) FROM accounts"), 160);
	ck_assert_int_eq(number(WRONG_ACCOUNTS), 0);
}
END_TEST

static void take_account(void *arg, const struct db_row *row)
{
	struct account_row account;
	struct buf *out = arg;
	bool is_whole = account_from_row(row, &account);

	ck_assert(is_whole);
	buf_addf(out, "%.*s %s %lld %lld\n", (int)account.account.len,
	         account.account.ptr == NULL ? "" : account.account.ptr, account.currency->code,
	         (long long)account.debits_minor, (long long)account.credits_minor);
}

START_TEST(accounts_and_trial_balance_are_told_by_currency)
{
	struct payment payment = sample_payment(0), yen = sample_payment(1);
	struct buf AUTO_BUF out;

	buf_init(&out, 4096);
	yen.currency = currency_find(TEXT_LITERAL("JPY"));
	write(9, &payment, &captured, 1);
	write(10, &yen, &(struct transfer){TRANSFER_REFUND, 5}, 1);
	write(11, &payment, &(struct transfer){TRANSFER_REFUND, 99}, 1);
	ledger_send_accounts(store.db, take_account, &out);
	ledger_send_trial(store.db, take_account, &out);
	ck_assert_int_eq(db_flush(store.db), DB_OK);
	ck_assert_str_eq(buf_str(&out), "merchant JPY 5 0\nprocessor JPY 0 5\n"
	                                "merchant USD 99 1099\nprocessor USD 1099 99\n"
	                                " JPY 5 5\n USD 1198 1198\n");
}
END_TEST

/* ---- by way of the order's events ---- */

/* Events 7 to 11 of the order in a row; event 9 belongs to another order. Two payments, whose last
 * events are 10 and 11. */
static void add_events(struct payment *first, struct payment *second)
{
	*first = sample_payment(0);
	*second = sample_payment(1);
	first->last_event_seq = 10;
	second->last_event_seq = 11;
	rows_add(store.db, first);
	rows_add(store.db, second);
	ck_assert_int_eq(rows_try(store.db,
	                          "INSERT INTO journal (seq, order_prev_seq, line) VALUES "
	                          "(7, 0, 'seven'), (8, 7, 'eight'), (9, 0, 'nine'), "
	                          "(10, 8, 'ten'), (11, 10, 'eleven')"),
	                 DB_OK);
	write(7, first, &captured, 1);
	write(8, second, &captured, 1);
	write(9, first, &captured, 1); /* cannot be: shows that the walk goes by the order */
	write(10, first, (const struct transfer[]){{TRANSFER_REFUND, 1}, {TRANSFER_REFUND, 2}}, 2);
}

START_TEST(a_payments_transfers_are_found_by_its_orders_events)
{
	struct payment first, second;
	struct found all = {0}, older = {0}, limited = {0}, others = {0}, none = {0};

	add_events(&first, &second);
	ledger_send_of_payment(store.db, first.payment_key, INT64_MAX, 9, take_transfer, &all);
	ledger_send_of_payment(store.db, first.payment_key, 41, 9, take_transfer, &older);
	ledger_send_of_payment(store.db, first.payment_key, INT64_MAX, 2, take_transfer, &limited);
	ledger_send_of_payment(store.db, second.payment_key, INT64_MAX, 9, take_transfer, &others);
	ledger_send_of_payment(store.db, 0, INT64_MAX, 9, take_transfer, &none);
	ck_assert_int_eq(db_flush(store.db), DB_OK);
	CHECK_KEYS(&all, 41, 40, 28);
	CHECK_KEYS(&older, 40, 28);
	CHECK_KEYS(&limited, 41, 40);
	CHECK_KEYS(&others, 32);
	ck_assert_uint_eq(none.count, 0);
}
END_TEST

static void take_entry(void *arg, const struct db_row *row)
{
	struct text line = db_text(row, LEDGER_LINE_COLUMN);

	buf_addf(arg, "%lld %.*s %lld\n", (long long)db_int(row, LEDGER_SEQ_COLUMN), (int)line.len,
	         line.ptr, (long long)db_int(row, 0));
}

START_TEST(a_timeline_goes_forward_with_each_events_transfers)
{
	struct payment first, second;
	struct buf AUTO_BUF out;

	buf_init(&out, 4096);
	add_events(&first, &second);
	ledger_send_timeline(store.db, second.payment_key, take_entry, &out);
	ck_assert_int_eq(db_flush(store.db), DB_OK);
	ck_assert_str_eq(buf_str(&out),
	                 "7 seven 28\n8 eight 32\n10 ten 40\n10 ten 41\n11 eleven 0\n");
}
END_TEST

START_TEST(a_walk_ends_whatever_is_stored)
{
	struct payment first, second;
	struct found found = {0};

	add_events(&first, &second);
	rows_damage("UPDATE journal SET order_prev_seq = 10 WHERE seq = 7");
	ledger_send_of_payment(store.db, first.payment_key, INT64_MAX, 9, take_transfer, &found);
	ck_assert_int_eq(db_flush(store.db), DB_OK);
	CHECK_KEYS(&found, 41, 40, 28);
}
END_TEST

/* ---- the schema ---- */

static const struct {
	const char *sql;
	enum db_result result;
} schema_rows[] = {
	{"UPDATE transfers SET amount_minor = 999999999999999", DB_OK},
	{"UPDATE accounts SET debits_minor = 0", DB_OK},
	{"UPDATE transfers SET amount_minor = 0", DB_CONFLICT},
	{"UPDATE transfers SET amount_minor = -5", DB_CONFLICT},
	{"UPDATE transfers SET amount_minor = 1000000000000000", DB_CONFLICT},
	{"UPDATE transfers SET credit_account = debit_account", DB_CONFLICT},
	{"UPDATE transfers SET currency = 'US'", DB_CONFLICT},
	{"UPDATE transfers SET created_us = 0", DB_CONFLICT},
	{"INSERT INTO transfers SELECT * FROM transfers", DB_CONFLICT},
	{"UPDATE accounts SET account = 'pocket' WHERE account = 'merchant'", DB_CONFLICT},
	{"UPDATE accounts SET account = 'merchant'", DB_CONFLICT},
	{"UPDATE accounts SET currency = 'USDT'", DB_CONFLICT},
	{"UPDATE accounts SET debits_minor = -1", DB_CONFLICT},
	{"UPDATE accounts SET credits_minor = -1", DB_CONFLICT},
};

START_TEST(the_schema_refuses_what_cannot_be)
{
	struct payment payment = sample_payment(0);
	enum db_result result;

	write(9, &payment, &captured, 1);
	result = rows_try(store.db, schema_rows[_i].sql);
	ck_assert_msg(result == schema_rows[_i].result, "%s: %d", schema_rows[_i].sql, result);
}
END_TEST

/* ---- the metric ---- */

static void check_metric(const char *samples)
{
	const struct currency *euro = currency_find(TEXT_LITERAL("EUR"));
	struct buf AUTO_BUF out;
	const char *at;

	buf_init(&out, 4096);
	ledger_read_metrics(store.db, euro);
	metrics_print(&out);
	at = strstr(buf_str(&out), "gauge\n");
	ck_assert_ptr_nonnull(at);
	ck_assert_str_eq(at + strlen("gauge\n"), samples);
}

START_TEST(the_imbalance_is_what_is_stored)
{
	struct payment payment = sample_payment(0);

	ledger_register_metrics();
	check_metric("ledger_imbalance_minor{currency=\"EUR\"} 0\n");
	write(9, &payment, &captured, 1);
	check_metric("ledger_imbalance_minor{currency=\"EUR\"} 0\n"
	             "ledger_imbalance_minor{currency=\"USD\"} 0\n");
	rows_damage("UPDATE accounts SET credits_minor = 1109 WHERE account = 'merchant'");
	check_metric("ledger_imbalance_minor{currency=\"EUR\"} 0\n"
	             "ledger_imbalance_minor{currency=\"USD\"} -10\n");
	rows_damage("UPDATE accounts SET currency = 'XXQ' WHERE account = 'merchant'");
	check_metric(""); /* not known is not 0 */
	rows_damage("DELETE FROM accounts");
	check_metric("ledger_imbalance_minor{currency=\"EUR\"} 0\n");
}
END_TEST

static Suite *ledger_suite(void)
{
	Suite *suite = suite_create("ledger");
	TCase *cases = tcase_create("ledger");

	fixture_add(cases);
	tcase_add_checked_fixture(cases, setup, teardown);
	tcase_add_loop_test(cases, a_transfer_is_read_as_it_was_written, 0, ARRAY_LEN(kinds));
	tcase_add_test(cases, transfers_of_an_event_count_up_and_a_page_goes_back);
	tcase_add_test(cases, accounts_are_what_their_transfers_add_up_to);
	tcase_add_test(cases, a_batch_adds_each_account_once);
	tcase_add_test(cases, more_accounts_than_totals_hold_are_all_written);
	tcase_add_test(cases, accounts_and_trial_balance_are_told_by_currency);
	tcase_add_test(cases, a_payments_transfers_are_found_by_its_orders_events);
	tcase_add_test(cases, a_timeline_goes_forward_with_each_events_transfers);
	tcase_add_test(cases, a_walk_ends_whatever_is_stored);
	tcase_add_loop_test(cases, the_schema_refuses_what_cannot_be, 0, ARRAY_LEN(schema_rows));
	tcase_add_test(cases, the_imbalance_is_what_is_stored);
	suite_add_tcase(suite, cases);
	return suite;
}

TEST_MAIN(ledger_suite)
