/* test_lifecycle.c - capture, void and refund over HTTP, with the sandbox deciding in the process:
 * what each answers, what it leaves, what it refuses, and that each transfer is in the ledger. */
#include "e2e/payments.h"

#include <stdio.h>
#include <string.h>

#define MANUAL "'capture':'manual'"
#define KEY(name) "Idempotency-Key: " name

/* ---- capture ---- */

START_TEST(an_authorized_payment_holds_money_and_takes_none)
{
	char path[PAYMENT_PATH_SIZE];

	pay_new("held", MANUAL ",'currency':'CHF'", 200, path);
	check_holds(&pay, "'payment_status':'authorized','amount_captured':0.00,");
	check_holds(&pay, "'amount_refundable':0.00,");
	ck_assert_str_eq(pay_balance("authorized_at_processor", "CHF"), "10.00");
	ck_assert_str_eq(pay_balance("held_for_merchant", "CHF"), "-10.00");
	ck_assert_str_eq(pay_balance("merchant", "CHF"), "0");
}
END_TEST

START_TEST(a_partial_capture_releases_the_rest)
{
	char path[PAYMENT_PATH_SIZE];

	pay_new("part", MANUAL ",'currency':'SEK'", 200, path);
	pay_do(path, "capture", KEY("part-1"), "{'amount':6.5}", 200);
	check_holds(&pay, "'payment_status':'success','amount_captured':6.50,");
	check_holds(&pay, "'amount_refundable':6.50,");
	ck_assert_str_eq(pay_balance("authorized_at_processor", "SEK"), "0.00");
	ck_assert_str_eq(pay_balance("held_for_merchant", "SEK"), "0.00");
	ck_assert_str_eq(pay_balance("processor", "SEK"), "6.50");
	ck_assert_str_eq(pay_balance("merchant", "SEK"), "-6.50");
	pay_do(path, "capture", NULL, "{'amount':6.50}", 200);
	ck_assert_str_eq(client_header(&pay, "Idempotent-Replayed"), "true");
	pay_do(path, "capture", NULL, NULL, 200);
	ck_assert_str_eq(client_header(&pay, "Idempotent-Replayed"), "true");
	pay_do(path, "capture", NULL, "{'amount':7}", 409);
	check_problem(&pay, "invalid-state");
	pay_do(path, "void", NULL, NULL, 409);
	check_problem(&pay, "invalid-state");
	check_holds(&pay, "captured already");
}
END_TEST

START_TEST(a_capture_is_at_most_what_was_authorized)
{
	static const struct {
		const char *amount, *slug;
	} bad[] = {
		{"10.01", "amount-exceeds-authorized"},
		{"999999999999", "amount-exceeds-authorized"},
		{"1.001", "invalid-amount"},
	};
	char path[PAYMENT_PATH_SIZE], body[64];

	pay_new("most", MANUAL, 200, path);
	int64_t head = pay_head();
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		(void)snprintf(body, sizeof(body), "{'amount':%s}", bad[i].amount);
		pay_do(path, "capture", NULL, body, 422);
		check_problem(&pay, bad[i].slug);
	}
	ck_assert_int_eq(pay_head(), head);
	pay_do(path, "capture", NULL, "{'amount':10.00}", 200);
}
END_TEST

START_TEST(a_void_releases_the_authorization_and_the_order)
{
	static const char *const voided[] = {"'payment_status':'voided'", "'amount_captured':0.00",
	                                     NULL};
	char path[PAYMENT_PATH_SIZE];

	pay_new("voided", MANUAL ",'currency':'NOK'", 200, path);
	post(&pay, "/pay", KEY("voided-early"),
	     "{'order_id':'voided','amount':10,'currency':'NOK'}", 409);
	check_problem(&pay, "order-already-paid");
	pay_do(path, "void", KEY("void-1"), NULL, 200);
	pay_check(path, voided);
	ck_assert_str_eq(pay_balance("held_for_merchant", "NOK"), "0.00");
	pay_do(path, "void", NULL, NULL, 200);
	ck_assert_str_eq(client_header(&pay, "Idempotent-Replayed"), "true");
	pay_do(path, "capture", NULL, NULL, 409);
	check_holds(&pay, "voided");
	post(&pay, "/pay", NULL, "{'order_id':'voided','amount':12,'currency':'NOK'}", 200);
}
END_TEST

/* ---- refunds ---- */

START_TEST(refunds_are_partial_and_repeated_and_never_above_what_was_captured)
{
	static const char *const all_back[] = {"'amount_refunded':10.00",
	                                       "'amount_refundable':0.00",
	                                       "'payment_status':'success'", NULL};
	char path[PAYMENT_PATH_SIZE], refund[PAYMENT_PATH_SIZE + 16];

	pay_new("refunds", "'currency':'DKK'", 200, path);
	pay_do(path, "refunds", KEY("refunds-1"), "{'amount':4,'reason':'late'}", 200);
	check_holds(&pay, "'refund_status':'success','reason':'late'");
	(void)snprintf(refund, sizeof(refund), "/refunds/%s", client_string(&pay, "refund_id"));
	char *first = strdup(buf_str(&pay.body));
	get(&pay, refund, NULL, 200);
	ck_assert_str_eq(buf_str(&pay.body), first);
	free(first);
	pay_do(path, "refunds", KEY("refunds-2"), "{'amount':6.01}", 422);
	check_problem(&pay, "amount-exceeds-refundable");
	pay_do(path, "refunds", NULL, "{'amount':1}", 400);
	check_problem(&pay, "idempotency-key-required");
	pay_do(path, "refunds", NULL, NULL, 200);
	check_holds(&pay, "'amount':6.00,'currency':'DKK'");
	pay_check(path, all_back);
	pay_do(path, "refunds", NULL, NULL, 422);
	check_problem(&pay, "amount-exceeds-refundable");
	ck_assert_str_eq(pay_balance("merchant", "DKK"), "0.00");
	pay_do(path, "refunds", KEY("refunds-1"), "{'amount':4,'reason':'late'}", 200);
	ck_assert_str_eq(client_header(&pay, "Idempotent-Replayed"), "true");
	(void)snprintf(refund, sizeof(refund), "%s/refunds", path);
	get(&pay, refund, NULL, 200);
	ck_assert_int_eq(cJSON_GetArraySize(answer_data(&pay)), 2);
	check_holds(&pay, "'amount':6.00");
}
END_TEST

static const struct {
	const char *name, *members, *before; /* before: a call that comes first, or NULL */
	const char *state;                   /* what the sentence says */
} not_refundable[] = {
	{"authorized", MANUAL, NULL, "authorized"},
	{"voided", MANUAL, "void", "voided"},
};

START_TEST(only_captured_money_goes_back)
{
	char path[PAYMENT_PATH_SIZE], order_id[64];

	(void)snprintf(order_id, sizeof(order_id), "back-%s", not_refundable[_i].name);
	pay_new(order_id, not_refundable[_i].members, 200, path);
	if (not_refundable[_i].before != NULL)
		pay_do(path, not_refundable[_i].before, NULL, NULL, 200);
	pay_do(path, "refunds", NULL, NULL, 409);
	check_problem(&pay, "invalid-state");
	check_holds(&pay, not_refundable[_i].state);
}
END_TEST

START_TEST(a_failed_payment_takes_no_command)
{
	static const char *const calls[] = {"capture", "void", "refunds"};
	char path[PAYMENT_PATH_SIZE];

	pay_new("failed", "'payment_method':'pm_declined'", 402, path);
	for (size_t i = 0; i < ARRAY_LEN(calls); i++) {
		pay_do(path, calls[i], NULL, NULL, 409);
		check_problem(&pay, "invalid-state");
		check_holds(&pay, "failed");
	}
}
END_TEST

START_TEST(an_unknown_payment_is_404)
{
	static const char *const calls[] = {"capture", "void", "refunds", "sync", "redact"};

	for (size_t i = 0; i < ARRAY_LEN(calls); i++) {
		pay_do("/payments/pay_01ARZ3NDEKTSV4RRFFQ69G5FAV", calls[i], KEY("nobody"), NULL,
		       404);
		check_problem(&pay, "not-found");
	}
}
END_TEST

/* ---- dry runs ---- */

START_TEST(a_dry_run_shows_the_transfers_and_commits_nothing)
{
	static const char *const unchanged[] = {"'payment_status':'authorized'",
	                                        "'amount_captured':0.00", NULL};
	char path[PAYMENT_PATH_SIZE];

	pay_new("dry", MANUAL, 200, path);
	int64_t head = pay_head();
	pay_do(path, "capture?dry_run=true", KEY("dry-1"), "{'amount':4}", 200);
	check_holds(&pay, "'dry_run':true");
	check_holds(&pay, "'payment_status':'success','amount_captured':4.00");
	check_holds(&pay, "'kind':'authorization_released','debit_account':'held_for_merchant',"
	                  "'credit_account':'authorized_at_processor','amount':6.00");
	check_holds(&pay, "'kind':'capture','debit_account':'processor',"
	                  "'credit_account':'merchant','amount':4.00");
	pay_do(path, "void?dry_run=true", NULL, NULL, 200);
	check_holds(&pay, "'payment_status':'voided'");
	pay_do(path, "capture?dry_run=true", NULL, "{'amount':11}", 422);
	pay_check(path, unchanged);
	ck_assert_int_eq(pay_head(), head);
	/* The key is still free, and dry_run=false is no dry run. */
	pay_do(path, "capture?dry_run=false", KEY("dry-1"), "{'amount':5}", 200);
	ck_assert_ptr_null(client_header(&pay, "Idempotent-Replayed"));
	check_lacks(&pay, "dry_run");
	pay_do(path, "refunds?dry_run=true", NULL, "{'amount':1}", 200);
	check_holds(&pay, "'refund_status':'success'");
	check_holds(&pay, "'kind':'refund'");
	pay_do(path, "refunds?dry_run=maybe", NULL, "{'amount':1}", 400);
}
END_TEST

static Suite *lifecycle_suite(void)
{
	Suite *suite = suite_create("lifecycle");
	TCase *tcase = tcase_create("lifecycle");

	tcase_set_timeout(tcase, 120);
	tcase_add_unchecked_fixture(tcase, pair_start, pair_stop);
	tcase_add_test(tcase, an_authorized_payment_holds_money_and_takes_none);
	tcase_add_test(tcase, a_partial_capture_releases_the_rest);
	tcase_add_test(tcase, a_capture_is_at_most_what_was_authorized);
	tcase_add_test(tcase, a_void_releases_the_authorization_and_the_order);
	tcase_add_test(tcase, refunds_are_partial_and_repeated_and_never_above_what_was_captured);
	tcase_add_loop_test(tcase, only_captured_money_goes_back, 0, ARRAY_LEN(not_refundable));
	tcase_add_test(tcase, a_failed_payment_takes_no_command);
	tcase_add_test(tcase, an_unknown_payment_is_404);
	tcase_add_test(tcase, a_dry_run_shows_the_transfers_and_commits_nothing);
	suite_add_tcase(suite, tcase);
	return suite;
}

TEST_MAIN(lifecycle_suite)
