/* payment_rows.c - see payment_rows.h. */
#include "unit/payment_rows.h"

#include <stdio.h>

struct store payments_store(void)
{
	struct store store;
	struct buf AUTO_BUF why;

	buf_init(&why, 1024);
	bool is_open =
		store_open(fixture_url(STORE_FILE), FIXTURE_SERVICE, payment_migrations,
	                   payment_migrations_count, fixture_random, FIXTURE_NOW_US, &store, &why);
	ck_assert_msg(is_open, "%s", buf_str(&why));
	ck_assert_int_eq(hash_index_load(&paid_order_index, store.db), DB_OK);
	return store;
}

struct payment sample_payment(int64_t number)
{
	int64_t created_us = FIXTURE_NOW_US + number * US_PER_S;
	struct payment payment = {
		.payment_key = ORDER_SEQ * PAYMENT_KEYS_PER_ORDER + number,
		.order_id = "o-7",
		.currency = currency_find(TEXT_LITERAL("USD")),
		.amount_minor = 1099,
		.captured_minor = 1099,
		.refundable_minor = 1099,
		.status = PAYMENT_SUCCESS,
		.capture = CAPTURE_MANUAL,
		.pending_operation = OPERATION_NONE,
		.has_key = true,
		.payment_method = TEXT_LITERAL("pm_x"),
		.processor = TEXT_LITERAL("sandbox"),
		.description = TEXT_LITERAL("tea"),
		.metadata = TEXT_LITERAL("{\"a\":\"b\"}"),
		.processor_reference = "sbx_1",
		.created_us = created_us,
		.updated_us = created_us + 1,
		.last_event_seq = ORDER_SEQ + number,
	};

	id_make("pay_", created_us, fixture_random, payment.payment_id);
	return payment;
}

struct refund sample_refund(const struct payment *payment, int64_t number)
{
	int64_t created_us = payment->created_us + number * US_PER_S;
	struct refund refund = {
		.refund_key = payment->payment_key * REFUND_KEYS_PER_PAYMENT + number,
		.currency = payment->currency,
		.amount_minor = 100,
		.status = REFUND_SUCCESS,
		.reason = TEXT_LITERAL("cold"),
		.processor_reference = "sbx_2",
		.created_us = created_us,
		.updated_us = created_us + 1,
		.last_event_seq = 20 + number,
	};

	id_make("ref_", created_us, fixture_random, refund.refund_id);
	text_copy(text_of(payment->payment_id), refund.payment_id, ID_SIZE);
	text_copy(text_of(payment->order_id), refund.order_id, sizeof(refund.order_id));
	return refund;
}

void rows_commit(struct db *db)
{
	hash_index_write(&paid_order_index, db);
	enum db_result result = db_commit(db);

	ck_assert_msg(result == DB_OK, "%s", db_why(db));
	hash_index_committed(&paid_order_index);
}

void rows_add_order(struct db *db)
{
	struct order_place place = {.order_hash = ORDER_HASH};

	ck_assert_int_eq(db_begin(db), DB_OK);
	known_order_write_new(db, &place, TEXT_LITERAL("o-7"), ORDER_SEQ);
	rows_commit(db);
}

/* Whether an event after its first one made it what it is. */
static bool was_changed(const struct payment *payment)
{
	return payment->refunded_minor + payment->refund_pending_minor > 0 ||
	       payment->refunds_count > 0 || payment->pending_operation != OPERATION_NONE ||
	       payment->is_reversed || payment->resolve_reason.ptr != NULL;
}

static void write_changed(struct db *db, const struct payment *payment)
{
	struct payment made = *payment;

	made.refunded_minor = made.refund_pending_minor = made.pending_minor = 0;
	made.refunds_count = 0;
	made.pending_operation = OPERATION_NONE;
	made.is_reversed = false;
	made.resolve_reason = TEXT_NONE;
	payment_write_new(db, &made);
	payment_write_change(db, payment);
}

void rows_add(struct db *db, const struct payment *payment)
{
	ck_assert_int_eq(db_begin(db), DB_OK);
	if (was_changed(payment))
		write_changed(db, payment);
	else
		payment_write_new(db, payment);
	rows_commit(db);
}

enum db_result rows_try(struct db *db, const char *sql)
{
	enum db_result result;

	ck_assert_int_eq(db_begin(db), DB_OK);
	result = db_script(db, sql);
	if (result == DB_OK)
		return db_commit(db);
	db_rollback(db);
	return result;
}

void rows_damage(const char *sql)
{
	char script[512];

	(void)snprintf(script, sizeof(script), "PRAGMA ignore_check_constraints = ON; %s", sql);
	fixture_tamper(STORE_FILE, script);
}
