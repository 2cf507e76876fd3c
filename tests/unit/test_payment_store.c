/* test_payment_store.c - payments, orders and refunds: what is written is read. What is refused:
 * test_payment_schema.c. */
#include "payment-service/columns.h"
#include "unit/payment_rows.h"

#include <string.h>

static struct store store;
static struct buf kept;

static void setup(void)
{
	store = payments_store();
	buf_init(&kept, 4096);
	rows_add_order(store.db);
}

static void teardown(void)
{
	buf_release(&kept);
	store_close(&store);
}

/* What the row functions found. */
struct found {
	int64_t keys[8];
	size_t count;
	bool is_whole, is_empty;
	struct payment payment;
	struct order_place place;
	struct refund refund;
};

static void take_payment(void *arg, const struct db_row *row)
{
	struct found *found = arg;

	ck_assert_uint_lt(found->count, ARRAY_LEN(found->keys));
	found->is_empty = payment_row_is_empty(row);
	payment_place_from_row(row, &found->place);
	if (!found->is_empty) {
		found->is_whole = payment_from_row(row, &found->payment);
		buf_reset(&kept);
		payment_keep(&found->payment, &kept);
		ck_assert(!kept.full);
	}
	found->keys[found->count++] = found->payment.payment_key;
}

static void take_refund(void *arg, const struct db_row *row)
{
	struct found *found = arg;
	struct text *const texts[] = {&found->refund.reason, &found->refund.decline_code};

	ck_assert_uint_lt(found->count, ARRAY_LEN(found->keys));
	found->is_whole = refund_from_row(row, &found->refund);
	buf_reset(&kept);
	columns_keep(texts, ARRAY_LEN(texts), &kept);
	found->keys[found->count++] = found->refund.refund_key;
}

static struct found by_id(const char *payment_id)
{
	struct found found = {0};

	payment_send_by_id(store.db, text_of(payment_id), take_payment, &found);
	ck_assert_int_eq(db_flush(store.db), DB_OK);
	return found;
}

static struct found refund_by_id(const char *refund_id)
{
	struct found found = {0};

	refund_send_by_id(store.db, text_of(refund_id), take_refund, &found);
	ck_assert_int_eq(db_flush(store.db), DB_OK);
	return found;
}

static void check_text(struct text got, struct text want)
{
	ck_assert_msg(text_equal(got, want), "%.*s, not %.*s", (int)got.len, got.ptr, (int)want.len,
	              want.ptr);
}

static void check_payment(const struct payment *got, const struct payment *want)
{
	ck_assert_int_eq(got->payment_key, want->payment_key);
	ck_assert_str_eq(got->payment_id, want->payment_id);
	ck_assert_str_eq(got->order_id, want->order_id);
	ck_assert_ptr_eq(got->currency, want->currency);
	ck_assert_int_eq(got->amount_minor, want->amount_minor);
	ck_assert_int_eq(got->captured_minor, want->captured_minor);
	ck_assert_int_eq(got->refunded_minor, want->refunded_minor);
	ck_assert_int_eq(got->refund_pending_minor, want->refund_pending_minor);
	ck_assert_int_eq(got->refundable_minor, want->refundable_minor);
	ck_assert_int_eq(got->status, want->status);
	ck_assert_int_eq(got->capture, want->capture);
	ck_assert_int_eq(got->pending_operation, want->pending_operation);
	ck_assert_int_eq(got->pending_minor, want->pending_minor);
	ck_assert_int_eq(got->refunds_count, want->refunds_count);
	ck_assert_int_eq(got->has_key, want->has_key);
	ck_assert_int_eq(got->key_is_unknown, want->key_is_unknown);
	check_text(got->payment_method, want->payment_method);
	check_text(got->processor, want->processor);
	check_text(got->decline_code, want->decline_code);
	check_text(got->description, want->description);
	check_text(got->metadata, want->metadata);
	check_text(got->resolve_reason, want->resolve_reason);
	ck_assert_str_eq(got->processor_reference, want->processor_reference);
	ck_assert_int_eq(got->created_us, want->created_us);
	ck_assert_int_eq(got->updated_us, want->updated_us);
	ck_assert_int_eq(got->last_event_seq, want->last_event_seq);
	ck_assert_int_eq(got->intent_key, want->intent_key);
	ck_assert_int_eq(got->is_reversed, want->is_reversed);
}

static void check_refund(const struct refund *got, const struct refund *want)
{
	ck_assert_int_eq(got->refund_key, want->refund_key);
	ck_assert_str_eq(got->refund_id, want->refund_id);
	ck_assert_str_eq(got->payment_id, want->payment_id);
	ck_assert_str_eq(got->order_id, want->order_id);
	ck_assert_ptr_eq(got->currency, want->currency);
	ck_assert_int_eq(got->amount_minor, want->amount_minor);
	ck_assert_int_eq(got->status, want->status);
	check_text(got->reason, want->reason);
	check_text(got->decline_code, want->decline_code);
	ck_assert_str_eq(got->processor_reference, want->processor_reference);
	ck_assert_int_eq(got->created_us, want->created_us);
	ck_assert_int_eq(got->updated_us, want->updated_us);
	ck_assert_int_eq(got->last_event_seq, want->last_event_seq);
	ck_assert_int_eq(got->intent_key, want->intent_key);
}

static void check_stored(const struct payment *payment)
{
	struct found found = by_id(payment->payment_id);

	ck_assert(found.count == 1 && found.is_whole);
	check_payment(&found.payment, payment);
}

static void check_stored_refund(const struct refund *refund)
{
	struct found found = refund_by_id(refund->refund_id);

	ck_assert(found.count == 1 && found.is_whole);
	check_refund(&found.refund, refund);
}

/* ---- payments ---- */

/* Each state that a payment can be in; what is left out is the sample's or 0. */
static const struct state {
	int status, pending_operation;
	int64_t captured_minor, refunded_minor, refund_pending_minor, pending_minor, intent_key;
	const char *decline_code;
	bool is_reversed;
} states[] = {
	{PAYMENT_PROCESSING, OPERATION_NONE, .intent_key = 7},
	{PAYMENT_AUTHORIZED, OPERATION_NONE},
	{PAYMENT_AUTHORIZED, OPERATION_CAPTURE, .pending_minor = 500, .intent_key = 8},
	{PAYMENT_AUTHORIZED, OPERATION_VOID, .pending_minor = 1099, .intent_key = 9},
	{PAYMENT_SUCCESS, OPERATION_NONE, .captured_minor = 1099},
	{PAYMENT_SUCCESS, OPERATION_NONE, .captured_minor = 900, .refunded_minor = 300,
         .refund_pending_minor = 600},
	{PAYMENT_FAILED, OPERATION_NONE, .decline_code = "declined"},
	{PAYMENT_FAILED, OPERATION_NONE, .decline_code = "declined", .is_reversed = true,
         .intent_key = 10},
	{PAYMENT_VOIDED, OPERATION_NONE},
};

static void enter(struct payment *payment, const struct state *state)
{
	payment->status = state->status;
	payment->pending_operation = state->pending_operation;
	payment->captured_minor = state->captured_minor;
	payment->refunded_minor = state->refunded_minor;
	payment->refund_pending_minor = state->refund_pending_minor;
	payment->refundable_minor =
		state->captured_minor - state->refunded_minor - state->refund_pending_minor;
	payment->pending_minor = state->pending_minor;
	payment->intent_key = state->intent_key;
	payment->decline_code =
		state->decline_code == NULL ? TEXT_NONE : text_of(state->decline_code);
	payment->is_reversed = state->is_reversed;
}

START_TEST(a_payment_in_any_state_is_read_as_it_was_written)
{
	struct payment payment = sample_payment(0);
	struct found found;

	enter(&payment, &states[_i]);
	rows_add(store.db, &payment);
	found = by_id(payment.payment_id);
	ck_assert(found.count == 1 && found.is_whole);
	check_payment(&found.payment, &payment);
	ck_assert_int_eq(found.place.order_seq, ORDER_SEQ);
	ck_assert_uint_eq(found.place.order_hash, ORDER_HASH);
	ck_assert_int_eq(found.place.last_event_seq, ORDER_SEQ);
}
END_TEST

START_TEST(a_change_is_read_and_leaves_what_was_given)
{
	struct payment payment = sample_payment(0);

	payment.status = PAYMENT_AUTHORIZED;
	payment.captured_minor = payment.refundable_minor = 0;
	rows_add(store.db, &payment);
	enter(&payment, &states[_i]);
	payment.refunds_count = 2;
	payment.resolve_reason = TEXT_LITERAL("asked by phone");
	text_copy(TEXT_LITERAL("sbx_9"), payment.processor_reference, ID_SIZE);
	payment.updated_us += 5;
	payment.last_event_seq += 5;
	ck_assert_int_eq(db_begin(store.db), DB_OK);
	payment_write_change(store.db, &payment);
	rows_commit(store.db);
	check_stored(&payment);
}
END_TEST

/* As POST /pay makes it without a key, and as it is made again after a restore. */
START_TEST(what_was_left_out_is_absent)
{
	struct payment payment = sample_payment(0);

	payment.payment_method = payment.description = TEXT_NONE;
	payment.processor_reference[0] = '\0';
	payment.has_key = false;
	payment.key_is_unknown = _i == 1;
	payment.capture = CAPTURE_AUTOMATIC;
	rows_add(store.db, &payment);
	check_stored(&payment);
}
END_TEST

START_TEST(redaction_empties_free_texts_of_this_payment_alone)
{
	struct payment payment = sample_payment(0), other = sample_payment(1);
	struct refund refund = sample_refund(&payment, 99), others = sample_refund(&other, 0);

	payment.resolve_reason = other.resolve_reason = TEXT_LITERAL("asked by phone");
	rows_add(store.db, &payment);
	rows_add(store.db, &other);
	ck_assert_int_eq(db_begin(store.db), DB_OK);
	refund_write_new(store.db, &refund);
	refund_write_new(store.db, &others);
	payment_write_redacted(store.db, payment.payment_key);
	rows_commit(store.db);
	payment.description = payment.resolve_reason = refund.reason = TEXT_NONE;
	payment.metadata = TEXT_LITERAL("{}");
	check_stored(&payment);
	check_stored(&other);
	check_stored_refund(&refund);
	check_stored_refund(&others);
}
END_TEST

/* ---- orders and lists ---- */

static struct found of_order(uint64_t order_hash, const char *order_id)
{
	struct found found = {0};

	payment_send_order(store.db, order_hash, text_of(order_id), take_payment, &found);
	ck_assert_int_eq(db_flush(store.db), DB_OK);
	return found;
}

START_TEST(an_order_is_found_by_hash_and_id_together)
{
	ck_assert_uint_eq(of_order(ORDER_HASH, "o-7").count, 1);
	ck_assert(of_order(ORDER_HASH, "o-7").is_empty);
	ck_assert_uint_eq(of_order(ORDER_HASH, "o-8").count, 0);
	ck_assert_uint_eq(of_order(ORDER_HASH + 1, "o-7").count, 0);
}
END_TEST

START_TEST(an_order_tells_its_payments_and_its_last_event)
{
	struct payment first = sample_payment(0), last = sample_payment(99);
	struct order_place other = {.order_hash = ORDER_HASH};
	struct found found;

	rows_add(store.db, &first);
	rows_add(store.db, &last);
	ck_assert_int_eq(db_begin(store.db), DB_OK);
	known_order_write_event(store.db, ORDER_SEQ, 31);
	known_order_write_new(store.db, &other, TEXT_LITERAL("o-8"), 0);
	rows_commit(store.db);
	found = of_order(ORDER_HASH, "o-7");
	ck_assert_uint_eq(found.count, 2);
	ck_assert_int_eq(found.keys[0] + found.keys[1], first.payment_key + last.payment_key);
	ck_assert_int_eq(found.place.last_event_seq, 31);
	ck_assert(of_order(ORDER_HASH, "o-8").is_empty);
	ck_assert_int_eq(of_order(ORDER_HASH, "o-8").place.order_seq, ORDER_SEQ + 1);
	ck_assert_int_eq(of_order(ORDER_HASH, "o-8").place.last_event_seq, 0);
}
END_TEST

START_TEST(lists_go_back_from_a_payment)
{
	struct found all = {0}, older = {0}, of_it = {0};
	struct payment payments[4];

	for (int64_t i = 0; i < 4; i++) {
		payments[i] = sample_payment(i);
		rows_add(store.db, &payments[i]);
	}
	payment_send_page(store.db, TEXT_LITERAL("pay_~"), 3, take_payment, &all);
	payment_send_page(store.db, text_of(payments[2].payment_id), 3, take_payment, &older);
	payment_send_of_order(store.db, ORDER_HASH, TEXT_LITERAL("o-7"),
	                      text_of(payments[3].payment_id), 2, take_payment, &of_it);
	ck_assert_int_eq(db_flush(store.db), DB_OK);
	ck_assert_uint_eq(all.count, 3);
	ck_assert_uint_eq(older.count, 2);
	ck_assert_uint_eq(of_it.count, 2);
	for (size_t i = 0; i < 3; i++)
		ck_assert_int_eq(all.keys[i], payments[3 - i].payment_key);
	for (size_t i = 0; i < 2; i++) {
		ck_assert_int_eq(older.keys[i], payments[1 - i].payment_key);
		ck_assert_int_eq(of_it.keys[i], payments[2 - i].payment_key);
	}
}
END_TEST

/* ---- refunds ---- */

START_TEST(a_refund_in_any_state_is_read_as_it_was_written)
{
	struct payment payment = sample_payment(0);
	struct refund refund = sample_refund(&payment, 0);

	refund.status = _i;
	refund.intent_key = refund.status == REFUND_PROCESSING ? 21 : 0;
	if (refund.status == REFUND_FAILED)
		refund.decline_code = TEXT_LITERAL("declined");
	rows_add(store.db, &payment);
	ck_assert_int_eq(db_begin(store.db), DB_OK);
	refund_write_new(store.db, &refund);
	rows_commit(store.db);
	check_stored_refund(&refund);
	ck_assert_uint_eq(refund_by_id("ref_x").count, 0);
}
END_TEST

START_TEST(a_refund_is_settled)
{
	struct payment payment = sample_payment(0);
	struct refund refund = sample_refund(&payment, 0);

	refund.status = REFUND_PROCESSING;
	refund.intent_key = 21;
	rows_add(store.db, &payment);
	ck_assert_int_eq(db_begin(store.db), DB_OK);
	refund_write_new(store.db, &refund);
	refund.status = REFUND_FAILED;
	refund.intent_key = 0;
	refund.decline_code = TEXT_LITERAL("declined");
	text_copy(TEXT_LITERAL("sbx_9"), refund.processor_reference, ID_SIZE);
	refund.updated_us++;
	refund.last_event_seq++;
	refund_write_change(store.db, &refund);
	rows_commit(store.db);
	check_stored_refund(&refund);
}
END_TEST

START_TEST(refunds_go_back_within_their_payment)
{
	struct payment payment = sample_payment(0), next = sample_payment(1);
	struct found all = {0}, older = {0};
	int64_t first_key = payment.payment_key * REFUND_KEYS_PER_PAYMENT;

	rows_add(store.db, &payment);
	rows_add(store.db, &next);
	ck_assert_int_eq(db_begin(store.db), DB_OK);
	for (int64_t i = 0; i < 3; i++) {
		struct refund refund = sample_refund(&payment, i);

		refund_write_new(store.db, &refund);
	}
	struct refund of_next = sample_refund(&next, 0);
	id_make("ref_", of_next.created_us + US_PER_S * 9, fixture_random, of_next.refund_id);
	refund_write_new(store.db, &of_next);
	rows_commit(store.db);
	refund_send_of_payment(store.db, payment.payment_key, INT64_MAX, 9, take_refund, &all);
	refund_send_of_payment(store.db, payment.payment_key, first_key + 2, 1, take_refund,
	                       &older);
	ck_assert_int_eq(db_flush(store.db), DB_OK);
	ck_assert_uint_eq(all.count, 3);
	for (int64_t i = 0; i < 3; i++)
		ck_assert_int_eq(all.keys[i], first_key + 2 - i);
	ck_assert_uint_eq(older.count, 1);
	ck_assert_int_eq(older.keys[0], first_key + 1);
}
END_TEST

/* ---- damage ---- */

static const char *const damages[] = {
	"UPDATE payments SET currency = 'XXQ'",
	"UPDATE payments SET currency = ''",
	"UPDATE payments SET payment_status = 'paid'",
	"UPDATE payments SET capture = ''",
	"UPDATE payments SET pending_operation = 'dance'",
	"UPDATE payments SET amount_minor = -1",
	"UPDATE payments SET amount_minor = 1000000000000000",
	"UPDATE payments SET captured_minor = 1100",
	"UPDATE payments SET refunded_minor = 1100",
	"UPDATE payments SET refunded_minor = -9223372036854775807 - 1",
	"UPDATE payments SET refund_pending_minor = 9223372036854775807",
	"UPDATE payments SET payment_id = printf('%031d', 1)",
	"UPDATE payments SET processor_reference = printf('%099d', 1)",
};

START_TEST(a_damaged_payment_is_told_and_aborts_nothing)
{
	struct payment payment = sample_payment(0);
	struct found found = {0};

	rows_add(store.db, &payment);
	rows_damage(damages[_i]);
	payment_send_page(store.db, TEXT_LITERAL("pay_~"), 1, take_payment, &found);
	ck_assert_int_eq(db_flush(store.db), DB_OK);
	ck_assert_uint_eq(found.count, 1);
	ck_assert_msg(!found.is_whole, "%s", damages[_i]);
	ck_assert_int_eq(found.payment.created_us, payment.created_us);
}
END_TEST

START_TEST(a_damaged_refund_is_told_and_aborts_nothing)
{
	struct payment payment = sample_payment(0);
	struct refund refund = sample_refund(&payment, 0);

	rows_add(store.db, &payment);
	ck_assert_int_eq(db_begin(store.db), DB_OK);
	refund_write_new(store.db, &refund);
	rows_commit(store.db);
	rows_damage("UPDATE refunds SET refund_status = 'lost'");
	ck_assert(!refund_by_id(refund.refund_id).is_whole);
	rows_damage("UPDATE refunds SET refund_status = 'success', amount_minor = -5");
	ck_assert(!refund_by_id(refund.refund_id).is_whole);
	rows_damage("UPDATE refunds SET amount_minor = 5");
	ck_assert(refund_by_id(refund.refund_id).is_whole);
}
END_TEST

START_TEST(texts_without_memory_are_absent)
{
	struct payment payment = sample_payment(0);
	struct buf AUTO_BUF small;

	buf_init(&small, 8);
	payment_keep(&payment, &small);
	ck_assert(small.full);
	ck_assert_ptr_null(payment.processor.ptr);
	ck_assert_ptr_null(payment.metadata.ptr);
}
END_TEST

static Suite *payment_store_suite(void)
{
	Suite *suite = suite_create("payment_store");
	TCase *cases = tcase_create("payment_store");

	fixture_add(cases);
	tcase_add_checked_fixture(cases, setup, teardown);
	tcase_add_loop_test(cases, a_payment_in_any_state_is_read_as_it_was_written, 0,
	                    ARRAY_LEN(states));
	tcase_add_loop_test(cases, a_change_is_read_and_leaves_what_was_given, 0,
	                    ARRAY_LEN(states));
	tcase_add_loop_test(cases, what_was_left_out_is_absent, 0, 2);
	tcase_add_test(cases, redaction_empties_free_texts_of_this_payment_alone);
	tcase_add_test(cases, an_order_is_found_by_hash_and_id_together);
	tcase_add_test(cases, an_order_tells_its_payments_and_its_last_event);
	tcase_add_test(cases, lists_go_back_from_a_payment);
	tcase_add_loop_test(cases, a_refund_in_any_state_is_read_as_it_was_written,
	                    REFUND_PROCESSING, REFUND_FAILED + 1);
	tcase_add_test(cases, a_refund_is_settled);
	tcase_add_test(cases, refunds_go_back_within_their_payment);
	tcase_add_loop_test(cases, a_damaged_payment_is_told_and_aborts_nothing, 0,
	                    ARRAY_LEN(damages));
	tcase_add_test(cases, a_damaged_refund_is_told_and_aborts_nothing);
	tcase_add_test(cases, texts_without_memory_are_absent);
	suite_add_tcase(suite, cases);
	return suite;
}

TEST_MAIN(payment_store_suite)
