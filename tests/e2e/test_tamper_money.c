/* test_tamper_money.c - for each invariant of payments, refunds, the ledger and what is open at the
 * processor, a change to a stopped store with a payment in every state: exactly those checks that
 * watch over it fail. The store is put back after each. */
#include "e2e/payments.h"
#include "e2e/tamper.h"

#include <stdio.h>
#include <string.h>

#define MANUAL "'capture':'manual'"
#define METHOD(name) "'payment_method':'" name "'"
#define KEY(name) "Idempotency-Key: " name
#define CHECKS_SIZE 256

static const char *const impatient[] = {"PROCESSOR_TIMEOUT=100ms", NULL};
static const char *const audit_command[] = {"audit", NULL};

static void fill_in_process(void)
{
	char path[PAYMENT_PATH_SIZE];

	pay_new("held", MANUAL, 200, path);
	pay_new("part", MANUAL, 200, path);
	pay_do(path, "capture", NULL, "{'amount':6.5}", 200);
	pay_new("voided", MANUAL, 200, path);
	pay_do(path, "void", NULL, NULL, 200);
	post(&pay, "/pay", NULL, "{'order_id':'voided','amount':12}", 200);
	pay_new("failed", METHOD("pm_declined"), 402, path);
	pay_new("redacted", "'description':'x'", 200, path);
	pay_do(path, "redact", NULL, NULL, 200);
}

static void fill_with_intents(void)
{
	char path[PAYMENT_PATH_SIZE];

	pay_new("late", METHOD("pm_late_approval"), 402, path);
	do
		get(&pay, "/events?wait=30&limit=1000&types=payment.reversed", NULL, 200);
	while (strstr(buf_str(&pay.body), strrchr(path, '/') + 1) == NULL);
	pay_new("unknown", METHOD("pm_timeout"), 202, path);
	pay_new("capturing", METHOD("pm_timeout") "," MANUAL, 202, path);
	pay_do(path, "sync", NULL, NULL, 200);
	pay_do(path, "capture", KEY("capturing"), "{'amount':4}", 202);
	pay_new("refused", METHOD("pm_refund_fails"), 200, path);
	pay_do(path, "refunds", KEY("refused"), "{'amount':3}", 402);
	pay_new("on-its-way", METHOD("pm_refund_timeout"), 200, path);
	pay_do(path, "refunds", KEY("way"), "{'amount':7}", 202);
}

/* The last event is a refund's. */
static void fill_and_stop(void)
{
	char path[PAYMENT_PATH_SIZE];

	service_init(&payment_service, "payment-service");
	service_start(&payment_service, impatient);
	client_open(&pay, payment_service.port);
	fill_in_process();
	fill_with_intents();
	pay_new("refunded", "", 200, path);
	pay_do(path, "refunds", KEY("refunded-1"), "{'amount':4}", 200);
	pay_do(path, "refunds", KEY("refunded-2"), "{'amount':3}", 200);
	client_close(&pay);
	service_stop(&payment_service);
}

static void release(void)
{
	service_release(&payment_service);
}

#define ORDER_SEQ(order) "(SELECT order_seq FROM orders WHERE order_id = '" order "')"
#define OF(order) " WHERE payment_key = " ORDER_SEQ(order) " * 1024"
#define REFUND(order, number) " WHERE refund_key = " ORDER_SEQ(order) " * 131072 + " #number
#define LAST_LINE(from, to) \
	"UPDATE journal SET line = replace(line, '" from "', '" to "') " \
	"WHERE seq = (SELECT seq FROM journal_head);" \
	"UPDATE journal_head SET hash = (SELECT hash(line) FROM journal j " \
	"WHERE j.seq = journal_head.seq)"
#define OTHER_REFUND(key) \
	"INSERT INTO refunds SELECT " key ", substr(refund_id, 1, 29) || '!', amount_minor, " \
	"refund_status, is_made_again, intent_key, reason, processor_reference, decline_code, " \
	"created_us, " \
	"updated_us, last_event_seq FROM refunds" REFUND("refunded", 1)

static const struct {
	const char *name, *sql;
	const char *checks; /* all that find something, each followed by a space */
} tampers[] = {
	/* accounts */
	{"a side of an account",
         "UPDATE accounts SET debits_minor = debits_minor + 1 WHERE account = 'processor'",
         "account-balance trial-balance "},
	{"both sides of the ledger",
         "UPDATE accounts SET debits_minor = debits_minor + 1 WHERE account = 'processor';"
         "UPDATE accounts SET credits_minor = credits_minor + 1 WHERE account = 'merchant'",
         "account-balance "},
	{"an account is gone", "DELETE FROM accounts WHERE account = 'merchant'",
         "account-balance trial-balance "},
	{"an account was made up", "INSERT INTO accounts VALUES ('cash', 'USD', 0, 0)",
         "account-row "},
	{"an account's currency is unknown",
         "INSERT INTO accounts VALUES ('merchant', 'XQX', 0, 0)", "account-row "},
	/* transfers */
	{"a transfer's amount",
         "UPDATE transfers SET amount_minor = amount_minor + 1" OF("part") " AND kind = 'capture'",
         "account-balance event-transfers "},
	{"a transfer is gone", "DELETE FROM transfers" OF("part") " AND kind = 'capture'",
         "account-balance event-transfers "},
	{"a transfer was made up, and the accounts with it",
         "INSERT INTO transfers SELECT transfer_key + 1, payment_key, kind, debit_account, "
         "credit_account, currency, amount_minor, created_us FROM transfers" OF(
		 "redacted") ";"
                             "UPDATE accounts SET debits_minor = debits_minor + 1000 WHERE account "
                             "= 'processor';"
                             "UPDATE accounts SET credits_minor = credits_minor + 1000 WHERE "
                             "account = 'merchant'",
         "event-transfers "},
	{"a transfer goes the other way",
         "UPDATE transfers SET debit_account = credit_account, credit_account = debit_account" OF(
		 "held"),
         "account-balance transfer-accounts "},
	{"a transfer's kind", "UPDATE transfers SET kind = 'refund'" OF("redacted"),
         "event-transfers transfer-accounts "},
	{"a transfer's kind is unknown", "UPDATE transfers SET kind = 'gift'" OF("redacted"),
         "event-transfers transfer-accounts "},
	{"a transfer's currency", "UPDATE transfers SET currency = 'EUR'" OF("redacted"),
         "account-balance event-transfers "},
	{"a transfer's currency is unknown", "UPDATE transfers SET currency = 'XQX'" OF("redacted"),
         "account-balance event-transfers transfer-row "},
	{"a transfer's payment", "UPDATE transfers SET payment_key = 128" OF("redacted"),
         "event-transfers "},
	{"a transfer's time", "UPDATE transfers SET created_us = created_us - 1000" OF("redacted"),
         "event-transfers "},
	{"a transfer's event", "UPDATE transfers SET transfer_key = 4 * 900000" OF("redacted"),
         "account-balance event-transfers transfer-event "},
	/* amounts and values of payments */
	{"more captured than the amount",
         "UPDATE payments SET captured_minor = amount_minor + 1" OF("part"), "payment-limits "},
	{"more refunded than captured",
         "UPDATE payments SET refunded_minor = captured_minor + 1" OF("refunded"),
         "payment-limits "},
	{"more on its way than captured",
         "UPDATE payments SET refund_pending_minor = captured_minor + 1" OF("on-its-way"),
         "payment-limits "},
	{"a pending capture of nothing", "UPDATE payments SET pending_minor = 0" OF("capturing"),
         "payment-limits "},
	{"a negative amount",
         "UPDATE payments SET amount_minor = -1, captured_minor = 0" OF("held"), "payment-row "},
	{"an unknown status", "UPDATE payments SET payment_status = 'lost'" OF("part"),
         "payment-row "},
	{"an unknown currency", "UPDATE payments SET currency = 'XQX'" OF("part"), "payment-row "},
	/* payments against events and refunds */
	{"what was captured", "UPDATE payments SET captured_minor = captured_minor + 1" OF("part"),
         "payment-state "},
	{"a final state was left", "UPDATE payments SET payment_status = 'authorized'" OF("part"),
         "payment-state "},
	{"a decline code", "UPDATE payments SET decline_code = 'x'" OF("failed"), "payment-state "},
	{"when a payment was made", "UPDATE payments SET created_us = created_us - 1000" OF("part"),
         "payment-state "},
	{"when a payment changed", "UPDATE payments SET updated_us = updated_us + 1000" OF("part"),
         "payment-state "},
	{"a payment's last event",
         "UPDATE payments SET last_event_seq = last_event_seq - 1" OF("part"),
         "order-event payment-state "},
	{"a reversal", "UPDATE payments SET is_reversed = 0" OF("late"), "payment-state "},
	{"what was refunded",
         "UPDATE payments SET refunded_minor = refunded_minor - 1" OF("refunded"),
         "payment-refunds payment-state "},
	{"what is on its way",
         "UPDATE payments SET refund_pending_minor = refund_pending_minor - 1" OF("on-its-way"),
         "payment-refunds payment-state "},
	{"the number of refunds", "UPDATE payments SET refunds_count = 3" OF("refunded"),
         "payment-refunds "},
	{"a second live payment",
         "UPDATE payments SET payment_status = 'success', captured_minor = 1000" OF("voided"),
         "order-claims payment-state "},
	{"a second live payment in another currency",
         "UPDATE payments SET payment_status = 'success', captured_minor = 1000, currency = "
         "'EUR'" OF("voided"),
         "order-claims order-currency payment-state "},
	/* refunds */
	{"a refund's amount",
         "UPDATE refunds SET amount_minor = amount_minor + 1" REFUND("refunded", 1),
         "payment-refunds refund-state "},
	{"a refund's status", "UPDATE refunds SET refund_status = 'failed'" REFUND("refunded", 1),
         "payment-refunds refund-state "},
	{"a refund's status is unknown",
         "UPDATE refunds SET refund_status = 'lost'" REFUND("refunded", 1),
         "payment-refunds refund-row "},
	{"when a refund was made",
         "UPDATE refunds SET created_us = created_us - 1000" REFUND("refunded", 1),
         "refund-state "},
	{"a refund's last event", "UPDATE refunds SET last_event_seq = 1" REFUND("refunded", 1),
         "refund-state "},
	{"a refund is gone", "DELETE FROM refunds" REFUND("refunded", 1),
         "payment-refunds refund-missing "},
	{"a refund was made up", OTHER_REFUND("refund_key + 1"), "payment-refunds refund-state "},
	{"a refund was made up for no payment", OTHER_REFUND("900000 * 131072"), "refund-payment "},
	{"a refund's id",
         "UPDATE refunds SET refund_id = substr(refund_id, 1, 29) || '!'" REFUND("refunded", 1),
         "refund-missing refund-state "},
	{"a refund's number",
         "UPDATE refunds SET refund_key = refund_key + 5" REFUND("refunded", 1), "refund-key "},
	/* events, with the chain made whole again */
	{"an event's type", LAST_LINE("refund.succeeded", "refund.failed"), "payment-event "},
	{"an event's status",
         LAST_LINE("\"payment_status\":\"success\"", "\"payment_status\":\"voided\""),
         "payment-event payment-state "},
	{"an event's captured amount",
         LAST_LINE("\"amount_captured\":10.00", "\"amount_captured\":9.00"),
         "payment-event payment-state "},
	{"an event's refunded amount",
         LAST_LINE("\"amount_refunded\":7.00", "\"amount_refunded\":6.00"),
         "payment-event payment-state "},
	{"an event's refund amount", LAST_LINE("\"refund_amount\":3.00", "\"refund_amount\":2.00"),
         "payment-event refund-state "},
	{"an event's currency", LAST_LINE("\"USD\"", "\"EUR\""), "payment-event payment-state "},
	/* what is open */
	{"a payment's intent is gone", "DELETE FROM intents" OF("unknown"),
         "payment-intent seen-open "},
	{"a refund's intent is gone", "DELETE FROM intents" OF("on-its-way"),
         "refund-intent seen-open "},
	{"an intent's operation", "UPDATE intents SET operation = 'void'" OF("unknown"),
         "intent-reference payment-intent "},
	{"an authorization's reference", "UPDATE intents SET reference = 'x'" OF("unknown"),
         "intent-reference "},
	{"a capture's reference", "UPDATE intents SET reference = 'x'" OF("capturing"),
         "intent-reference "},
	{"a refund's reference", "UPDATE intents SET reference = 'x'" OF("on-its-way"),
         "intent-reference "},
	{"an intent that nothing waits for",
         "INSERT INTO intents SELECT 900000, payment_key, refund_key, operation, "
         "reference || '!', is_called, request_id, traceparent, created_us, next_us "
         "FROM intents" OF("unknown"),
         "intent "},
	{"a payment that waits for nothing", "UPDATE payments SET intent_key = 0" OF("unknown"),
         "intent payment-intent "},
	{"a final payment that waits", "UPDATE payments SET intent_key = 1" OF("part"),
         "payment-intent "},
	{"a final refund that waits", "UPDATE refunds SET intent_key = 1" REFUND("refunded", 1),
         "refund-intent "},
	{"a key that awaits nothing", "UPDATE seen SET awaits = NULL WHERE status = 202",
         "seen-open "},
	{"a key that awaits another thing", "UPDATE seen SET awaits = 900000 WHERE status = 202",
         "seen-open "},
	{"a key that is answered and awaits", "UPDATE seen SET status = 200 WHERE status = 202",
         "seen-open "},
};

/* Each check of the list has a finding, and no other. */
static void check_checks(const char *name, const char *out, const char *checks)
{
	char expected[CHECKS_SIZE], found[CHECKS_SIZE];
	size_t len;

	(void)snprintf(expected, sizeof(expected), " %s", checks);
	for (const char *line = out; strchr(line, '\n')[1] != '\0'; line = strchr(line, '\n') + 1) {
		(void)snprintf(found, sizeof(found), " %.*s ", (int)strcspn(line, ":"), line);
		ck_assert_msg(strstr(expected, found) != NULL, "%s: not%sin\n%s", name, found, out);
	}
	for (; *checks != '\0'; checks += len + 1) {
		len = strcspn(checks, " ");
		(void)snprintf(found, sizeof(found), "%.*s: ", (int)len, checks);
		tamper_check_line(out, found);
	}
}

START_TEST(exactly_the_checks_of_the_invariant_fail)
{
	struct run run;

	tamper_audit(&payment_service, tampers[_i].name, tampers[_i].sql, &run);
	ck_assert_msg(run.status == 1, "%s: exit %d", tampers[_i].name, run.status);
	check_checks(tampers[_i].name, buf_str(&run.out), tampers[_i].checks);
	run_release(&run);
}
END_TEST

START_TEST(a_payment_in_every_state_is_sound)
{
	struct run run;

	run_service(&payment_service, NULL, audit_command, &run);
	ck_assert_msg(run.status == 0, "%s%s", buf_str(&run.out), buf_str(&run.err));
	run_release(&run);
}
END_TEST

START_TEST(what_is_stuck_is_told_and_no_finding)
{
	struct run run;

	tamper_audit(&payment_service, "stuck", "UPDATE intents SET next_us = NULL" OF("capturing"),
	             &run);
	ck_assert_int_eq(run.status, 0);
	tamper_check_line(buf_str(&run.out), "stuck: payments payment_id pay_");
	ck_assert_ptr_nonnull(strstr(buf_str(&run.out), "(4.00 USD)"));
	run_release(&run);
}
END_TEST

static Suite *tamper_money_suite(void)
{
	Suite *suite = suite_create("tamper_money");
	TCase *tcase = tcase_create("changed");

	tcase_set_timeout(tcase, 120);
	tcase_add_unchecked_fixture(tcase, fill_and_stop, release);
	tcase_add_test(tcase, a_payment_in_every_state_is_sound);
	tcase_add_test(tcase, what_is_stuck_is_told_and_no_finding);
	tcase_add_loop_test(tcase, exactly_the_checks_of_the_invariant_fail, 0, ARRAY_LEN(tampers));
	suite_add_tcase(suite, tcase);
	return suite;
}

TEST_MAIN(tamper_money_suite)
