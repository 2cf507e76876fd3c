/* test_reads.c - refunds, timelines and the ledger as they are read. */
#include "e2e/pair.h"

#include <stdio.h>
#include <string.h>

#define BODY_SIZE 256
#define PATH_SIZE 256
#define SHOWN_SIZE 1024

/* Authorizes an amount and captures a part of it; the payment's id. */
static void pay_in_part(const char *order_id, const char *currency, char ret_id[64])
{
	char text[BODY_SIZE];

	(void)snprintf(text, sizeof(text),
	               "{'order_id':'%s','amount':10,'currency':'%s','capture':'manual'}", order_id,
	               currency);
	post(&pay, "/pay", NULL, text, 200);
	(void)snprintf(ret_id, 64, "%s", client_string(&pay, "payment_id"));
	(void)snprintf(text, sizeof(text), "/payments/%s/capture", ret_id);
	post(&pay, text, NULL, "{'amount':8}", 200);
}

static void refund(const char *payment_id, const char *amount, const char *key, char ret_id[64])
{
	char path[PATH_SIZE], body[BODY_SIZE], header[BODY_SIZE];

	(void)snprintf(path, sizeof(path), "/payments/%s/refunds", payment_id);
	(void)snprintf(body, sizeof(body), "{'amount':%s}", amount);
	(void)snprintf(header, sizeof(header), "Idempotency-Key: %s", key);
	post(&pay, path, header, body, 200);
	(void)snprintf(ret_id, 64, "%s", client_string(&pay, "refund_id"));
}

static void read_of(const char *format, const char *id, int status)
{
	char path[PATH_SIZE];

	(void)snprintf(path, sizeof(path), "%.*s%s%s", (int)strcspn(format, "*"), format, id,
	               format + strcspn(format, "*") + 1);
	get(&pay, path, NULL, status);
}

static const char *text_in(const cJSON *object, const char *name)
{
	const cJSON *member = cJSON_GetObjectItemCaseSensitive(object, name);

	ck_assert_msg(cJSON_IsString(member), "%s is missing", name);
	return member->valuestring;
}

START_TEST(refunds_are_read_newest_first_and_one_by_one)
{
	char payment_id[64], other_id[64], first[64], second[64], cursor[128];

	pay_in_part("refunds-1", "SEK", payment_id);
	pay_in_part("refunds-2", "SEK", other_id);
	read_of("/payments/*/refunds", payment_id, 200);
	ck_assert_int_eq(cJSON_GetArraySize(answer_data(&pay)), 0);
	refund(payment_id, "1", "reads-1", first);
	refund(payment_id, "2.5", "reads-2", second);
	read_of("/payments/*/refunds", payment_id, 200);
	ck_assert_int_eq(cJSON_GetArraySize(answer_data(&pay)), 2);
	ck_assert_str_eq(text_in(answer_data(&pay)->child, "refund_id"), second);
	ck_assert_str_eq(text_in(answer_data(&pay)->child->next, "refund_id"), first);
	read_of("/payments/*/refunds?limit=1", payment_id, 200);
	(void)snprintf(cursor, sizeof(cursor), "/payments/*/refunds?after=%s",
	               client_string(&pay, "next"));
	read_of(cursor, other_id, 400);
	check_problem(&pay, "invalid-cursor");
	read_of(cursor, payment_id, 200);
	ck_assert_int_eq(cJSON_GetArraySize(answer_data(&pay)), 1);
	ck_assert_str_eq(text_in(answer_data(&pay)->child, "refund_id"), first);
	read_of("/refunds/*", second, 200);
	check_holds(&pay, "'amount':2.50,'currency':'SEK','refund_status':'success'");
	ck_assert_str_eq(client_string(&pay, "payment_id"), payment_id);
	ck_assert_str_eq(client_string(&pay, "order_id"), "refunds-1");
}
END_TEST

static const char *const unknown[] = {"/payments/*/refunds", "/payments/*/timeline", "/refunds/*"};

START_TEST(what_is_not_there_is_404)
{
	read_of(unknown[_i],
	        _i == 2 ? "ref_00000000000000000000000000" : "pay_00000000000000000000000000", 404);
	check_problem(&pay, "not-found");
	read_of(unknown[_i], "x", 404);
	check_problem(&pay, "not-found");
}
END_TEST

/* Each entry as the type of its event or the kind of its transfer. */
static void shown_timeline(char shown[SHOWN_SIZE], const char *payment_id)
{
	const cJSON *entry;
	size_t len = 0;

	cJSON_ArrayForEach (entry, answer_data(&pay)) {
		const char *type = text_in(entry, "type");
		const cJSON *object = cJSON_GetObjectItemCaseSensitive(entry, type);
		bool is_event = strcmp(type, "event") == 0;

		len += (size_t)snprintf(shown + len, SHOWN_SIZE - len, "%s ",
		                        text_in(object, is_event ? "type" : "kind"));
		ck_assert_uint_lt(len, SHOWN_SIZE);
		ck_assert_str_eq(text_in(entry, "at"),
		                 text_in(object, is_event ? "time" : "created_at"));
		if (is_event)
			ck_assert_uint_eq(strlen(text_in(object, "hash")), 64);
		else
			ck_assert_str_eq(text_in(object, "payment_id"), payment_id);
	}
}

START_TEST(a_timeline_holds_this_payments_events_with_their_transfers)
{
	char payment_id[64], declined_id[64], refund_id[64], shown[SHOWN_SIZE];

	post(&pay, "/pay", NULL,
	     "{'order_id':'line','amount':10,'currency':'SEK','payment_method':'pm_declined'}",
	     402);
	(void)snprintf(declined_id, sizeof(declined_id), "%s", client_string(&pay, "payment_id"));
	pay_in_part("line", "SEK", payment_id);
	refund(payment_id, "8", "reads-3", refund_id);
	read_of("/payments/*/timeline", payment_id, 200);
	shown_timeline(shown, payment_id);
	ck_assert_str_eq(shown, "payment.authorized authorize payment.captured "
	                        "authorization_captured authorization_released capture "
	                        "refund.succeeded refund ");
	read_of("/payments/*/timeline", declined_id, 200);
	shown_timeline(shown, declined_id);
	ck_assert_str_eq(shown, "payment.failed ");
}
END_TEST

START_TEST(accounts_tell_balances_with_their_sign)
{
	char payment_id[64], refund_id[64];

	pay_in_part("kwd", "KWD", payment_id);
	refund(payment_id, "0.125", "reads-4", refund_id);
	get(&pay, "/ledger/accounts", NULL, 200);
	check_holds(&pay, "{'account':'authorized_at_processor','currency':'KWD','debits':10.000,"
	                  "'credits':10.000,'balance':0.000}");
	check_holds(&pay, "{'account':'merchant','currency':'KWD','debits':0.125,'credits':8.000,"
	                  "'balance':-7.875}");
	check_holds(&pay, "{'account':'processor','currency':'KWD','debits':8.000,'credits':0.125,"
	                  "'balance':7.875}");
	check_holds(&pay, "{'currency':'KWD','debits':28.125,'credits':28.125,"
	                  "'difference':0.000}");
	get(&pay, "/metrics", NULL, 200);
	check_holds(&pay, "ledger_imbalance_minor{currency='KWD'} 0\n");
	check_holds(&pay, "ledger_imbalance_minor{currency='USD'} 0\n");
}
END_TEST

/* Of a payment that was captured in part, and refunded: four transfers of it and one refund. */
static const struct {
	const char *query;
	int status, shown;
} transfer_rows[] = {
	{"", 200, 5},
	{"&account=merchant", 200, 2},
	{"&account=processor", 200, 2},
	{"&account=held_for_merchant", 200, 3},
	{"&limit=2", 200, 2},
	{"&account=pocket", 400, 0},
	{"&after=1.0123456789abcdef", 400, 0},
};

START_TEST(transfers_are_filtered_by_payment_and_account)
{
	char payment_id[64], refund_id[64], path[PATH_SIZE];

	pay_in_part("transfers", "NOK", payment_id);
	refund(payment_id, "8", "reads-5", refund_id);
	for (size_t i = 0; i < ARRAY_LEN(transfer_rows); i++) {
		(void)snprintf(path, sizeof(path), "/ledger/transfers?payment_id=*%s",
		               transfer_rows[i].query);
		read_of(path, payment_id, transfer_rows[i].status);
		if (transfer_rows[i].status == 200)
			ck_assert_msg(cJSON_GetArraySize(answer_data(&pay)) ==
			                      transfer_rows[i].shown,
			              "%s: %s", path, buf_str(&pay.body));
	}
	get(&pay, "/ledger/transfers?payment_id=pay_00000000000000000000000000", NULL, 200);
	ck_assert_int_eq(cJSON_GetArraySize(answer_data(&pay)), 0);
	get(&pay, "/ledger/transfers?limit=1", NULL, 200);
	check_holds(&pay, "'kind':'refund','debit_account':'merchant','credit_account':'processor',"
	                  "'amount':8.00,'currency':'NOK'");
	(void)snprintf(path, sizeof(path), "/ledger/transfers?limit=1&after=%s",
	               client_string(&pay, "next"));
	get(&pay, path, NULL, 200);
	check_holds(&pay, "'kind':'capture'");
}
END_TEST

static Suite *reads_suite(void)
{
	Suite *suite = suite_create("reads");
	TCase *cases = tcase_create("reads");

	tcase_set_timeout(cases, 60);
	tcase_add_unchecked_fixture(cases, pair_start, pair_stop);
	tcase_add_test(cases, refunds_are_read_newest_first_and_one_by_one);
	tcase_add_loop_test(cases, what_is_not_there_is_404, 0, ARRAY_LEN(unknown));
	tcase_add_test(cases, a_timeline_holds_this_payments_events_with_their_transfers);
	tcase_add_test(cases, accounts_tell_balances_with_their_sign);
	tcase_add_test(cases, transfers_are_filtered_by_payment_and_account);
	suite_add_tcase(suite, cases);
	return suite;
}

TEST_MAIN(reads_suite)
