/* test_order_payments.c - the payment service's events through parser, engine and store: what an
 * order becomes, what is kept, what an audit says. */
#include "order-service/order_payments.h"

#include <stdio.h>
#include <string.h>

#include "order-service/order_audit.h"
#include "order-service/order_commands.h"
#include "order-service/order_store.h"
#include "unit/engine_fixture.h"
#include "unit/unit.h"

#define LINE_SIZE 1024
#define ID_A "pay_01M83AP0DV0000000000000000"
#define ID_B "pay_01M83AP0DV0000000000000001"

static struct rig rig;
static const char *finding; /* one that the audit must tell, or NULL: none */
static int64_t peer_seq;    /* the last event that was told */

static void setup(void)
{
	peer_seq = 0;
	rig_open(&rig, &order_domain, &fixture_env, order_migrations, order_migrations_count);
}

static void teardown(void)
{
	struct audit audit;

	audit_init(&audit);
	ck_assert_int_eq(order_audit(&audit, &rig.store), DB_OK);
	if (finding == NULL)
		ck_assert_msg(audit.findings_count == 0, "%s", fixture_findings(&audit));
	else
		ck_assert_msg(strstr(fixture_findings(&audit), finding) != NULL, "no %s: %s",
		              finding, fixture_findings(&audit));
	audit_release(&audit);
	rig_close(&rig);
}

/* step: of an event of the peer, or NULL. */
static void run(const struct command_kind *kind, const void *command, const struct peer_step *step)
{
	struct job job, *jobs[] = {&job};

	world.now_us += US_PER_S;
	job_init(&job, kind, command);
	job.peer = step;
	(void)rig_run(&rig, jobs, 1);
	ck_assert_int_eq(job.answer.error, ERR_NONE);
	job_release(&job);
}

static void create(int64_t amount_minor)
{
	struct order_command command = {.order_id = "o-1",
	                                .order_hash =
	                                        hash_keyed(rig.store.sip_key, TEXT_LITERAL("o-1")),
	                                .currency = currency_find(TEXT_LITERAL("USD")),
	                                .amount_minor = amount_minor,
	                                .customer = TEXT_LITERAL("someone"),
	                                .metadata = TEXT_LITERAL("{}")};

	run(&order_create_kind, &command, NULL);
}

static void change(const struct command_kind *kind, const char *reason)
{
	struct order_change_command command = {
		.order_id = "o-1",
		.order_hash = hash_keyed(rig.store.sip_key, TEXT_LITERAL("o-1")),
		.reason = reason == NULL ? TEXT_NONE : text_of(reason)};

	run(kind, &command, NULL);
}

static void add_line(int64_t seq, const char *type, const char *id, const char *members,
                     char line[LINE_SIZE])
{
	(void)snprintf(line, LINE_SIZE,
	               "{\"specversion\":\"1.0\",\"type\":\"%s\",\"subject\":\"o-1\","
	               "\"time\":\"2026-11-23T04:30:%02lld.000Z\",\"seq\":%lld,"
	               "\"data\":{\"payment_id\":\"%s\",%s}}",
	               type, (long long)seq, (long long)seq, id, members);
}

static enum paid_event_fault read_line(const char *line, struct order_payment_command *command,
                                       const char **why)
{
	struct json_doc AUTO_JSON doc = {0};
	size_t offset;

	ck_assert(json_parse(text_of(line), &doc, why, &offset));
	return order_payment_from_event(text_of(line), &doc, rig.store.sip_key, command, why);
}

#define AUTHORIZED(amount) \
	"\"amount\":" amount ",\"currency\":\"USD\",\"payment_status\":\"authorized\"," \
	"\"amount_captured\":0.00,\"amount_refunded\":0.00"
#define CAPTURED(amount, refunded) \
	"\"amount\":" amount ",\"currency\":\"USD\",\"payment_status\":\"success\"," \
	"\"amount_captured\":" amount ",\"amount_refunded\":" refunded

static void tell(int64_t seq, const char *type, const char *id, const char *members)
{
	struct peer_step step = {.from_seq = peer_seq,
	                         .to = {.source = "/payment-service/x", .seq = peer_seq + 1},
	                         .type = text_of(type),
	                         .subject = TEXT_LITERAL("o-1")};
	struct order_payment_command command;
	char line[LINE_SIZE];
	const char *why = "";

	peer_seq++;
	add_line(seq, type, id, members, line);
	ck_assert_msg(read_line(line, &command, &why) == PAID_EVENT_OK, "%s", why);
	run(&order_payment_kind, &command, &step);
}

static void check(const char *what, int64_t count)
{
	char sql[600];

	(void)snprintf(sql, sizeof(sql), "SELECT count(*) FROM %s", what);
	ck_assert_msg(rig_number(&rig, sql) == count, "not %lld: %s", (long long)count, what);
}

/* Each count of order_counts, as the audit compares it too. */
static void check_counted(const char *name)
{
	char what[200];

	(void)snprintf(what, sizeof(what),
	               "order_counts WHERE name = '%s' AND orders = 1 AND "
	               "(SELECT sum(orders) FROM order_counts WHERE name <> 'overpaid') = 1",
	               name);
	check(what, 1);
}

START_TEST(captured_payments_that_cover_an_order_make_it_paid)
{
	create(1000);
	tell(1, "payment.authorized", ID_A, AUTHORIZED("4.00"));
	check("orders WHERE state = 'pending' AND authorized_minor = 400 AND paid_minor = 0", 1);
	tell(2, "payment.captured", ID_A, CAPTURED("4.00", "0.00"));
	check("orders WHERE state = 'pending' AND authorized_minor = 0 AND paid_minor = 400", 1);
	check_counted("pending");
	tell(3, "payment.captured", ID_B, CAPTURED("6.00", "0.00"));
	check("orders WHERE state = 'paid' AND paid_minor = 1000", 1);
	check_counted("paid");
	check("journal WHERE line LIKE '%\"type\":\"order.%'", 2);
	check("journal WHERE seq = 4 AND order_prev_seq = 1 AND line LIKE '%order.paid%' AND "
	      "line LIKE '%\"amount_paid\":10.00%'",
	      1);
	tell(4, "refund.succeeded", ID_B, CAPTURED("6.00", "6.00"));
	check("orders WHERE state = 'paid' AND refunded_minor = 600", 1);
	check("journal WHERE line LIKE '%\"type\":\"order.%'", 2);
	check("payment_events", 4);
}
END_TEST

START_TEST(an_event_again_changes_nothing)
{
	create(1000);
	for (int i = 0; i < 2; i++)
		tell(2, "payment.captured", ID_A, CAPTURED("4.00", "0.00"));
	tell(1, "payment.authorized", ID_A, AUTHORIZED("4.00"));
	check("orders WHERE paid_minor = 400 AND authorized_minor = 0", 1);
	check("payments", 1);
	check("payment_events", 1);
}
END_TEST

START_TEST(money_that_a_journal_tells_of_after_it_went_back_counts)
{
	create(1000);
	tell(1, "payment.captured", ID_A, CAPTURED("10.00", "0.00"));
	tell(5, "refund.succeeded", ID_A, CAPTURED("10.00", "1.00"));
	tell(3, "refund.succeeded", ID_A, CAPTURED("10.00", "6.00"));
	check("orders WHERE paid_minor = 1000 AND refunded_minor = 600", 1);
	tell(2, "refund.succeeded", ID_A, CAPTURED("10.00", "2.00"));
	check("orders WHERE refunded_minor = 600", 1);
	tell(9, "payment.authorized", ID_B, AUTHORIZED("3.00"));
	tell(4, "payment.voided", ID_B,
	     "\"amount\":3.00,\"currency\":\"USD\",\"payment_status\":\"voided\","
	     "\"amount_captured\":0.00,\"amount_refunded\":0.00");
	check("orders WHERE authorized_minor = 0", 1);
	tell(3, "payment.authorized", ID_B, AUTHORIZED("3.00"));
	check("orders WHERE authorized_minor = 0", 1);
}
END_TEST

/* So that a payment service that lost its store hears which references it has used. */
START_TEST(the_journal_bears_witness_of_each_payment_that_was_heard_of)
{
	create(1000);
	tell(1, "payment.authorized", ID_A, AUTHORIZED("10.00") ",\"capture\":\"manual\"");
	tell(2, "payment.captured", ID_A, CAPTURED("10.00", "0.00"));
	tell(3, "refund.succeeded", ID_A,
	     CAPTURED("10.00", "4.00") ",\"refund_id\":\"ref_01M83AP0DV0000000000000000\","
	                               "\"refund_amount\":4.00");
	check("journal WHERE seq = 2 AND line LIKE '%peer_event.applied%" ID_A
	      "%manual%authorized%cause%\"seq\":1,%'",
	      1);
	check("journal WHERE seq = 3 AND line LIKE '%order.paid%" ID_A
	      "%success%cause%\"seq\":2,%'",
	      1);
	check("journal WHERE seq = 4 AND line LIKE '%peer_event.applied%ref_01M8%4.00%cause%'", 1);
	tell(3, "refund.succeeded", ID_A, CAPTURED("10.00", "4.00"));
	check("journal", 4); /* what was heard before is told once */
}
END_TEST

START_TEST(payments_that_came_first_are_applied_when_the_order_comes)
{
	tell(1, "payment.authorized", ID_A, AUTHORIZED("7.00"));
	tell(2, "payment.captured", ID_A, CAPTURED("7.00", "0.00"));
	check("payments WHERE order_seq IS NULL", 1);
	check("journal WHERE line LIKE '%\"type\":\"order.%'", 0);
	create(_i == 0 ? 700 : _i == 1 ? MONEY_NONE : 701);
	check("payments WHERE order_seq = 3", 1);
	check("orders WHERE order_seq = 3 AND state = 'paid' AND amount_minor = 700 AND "
	      "last_event_seq = 4",
	      _i == 2 ? 0 : 1);
	check("journal WHERE line LIKE '%order.created%' AND line LIKE '%\"amount_paid\":0.00%'",
	      1);
	tell(3, "payment.captured", ID_B, CAPTURED("1.00", "0.00"));
	check("orders WHERE state = 'paid' AND paid_minor = 800", 1);
	check("order_counts WHERE name = 'overpaid' AND orders = 1", 1);
	tell(4, "refund.succeeded", ID_B, CAPTURED("1.00", "1.00"));
	check("order_counts WHERE name = 'overpaid' AND orders = 0", 1);
}
END_TEST

#define FAILED \
	"\"amount\":10.00,\"currency\":\"USD\",\"payment_status\":\"failed\"," \
	"\"amount_captured\":0.00,\"amount_refunded\":0.00"

/* While the processor cannot be reached, each attempt fails and is told of; an order may come in
 * the middle of them. */
START_TEST(failed_payments_leave_room_for_one_that_succeeds)
{
	const int count = ORDER_PAYMENTS_MAX + 5;
	char id[ID_SIZE];

	for (int i = 0; i < count; i++) {
		if (i == _i)
			create(1000);
		(void)snprintf(id, sizeof(id), "pay_01M83AP0DV0000000000000%03d", i);
		tell(i + 1, "payment.failed", id, FAILED);
	}
	tell(1, "payment.failed", "pay_01M83AP0DV0000000000000000", FAILED); /* it is known */
	check("payments WHERE payment_status = 'failed' AND order_seq = "
	      "(SELECT order_seq FROM orders)",
	      count);
	check("payment_events", count);
	tell(count + 1, "payment.captured", "pay_01M83AP0DV0000000000000999",
	     CAPTURED("10.00", "0.00"));
	check("orders WHERE state = 'paid' AND paid_minor = 1000", 1);
}
END_TEST

START_TEST(a_cancelled_order_records_its_payments)
{
	create(1000);
	change(&order_cancel_kind, "out of stock");
	tell(1, "payment.captured", ID_A, CAPTURED("20.00", "0.00"));
	check("orders WHERE state = 'cancelled' AND paid_minor = 2000 AND "
	      "cancel_reason = 'out of stock'",
	      1);
	check("order_counts WHERE name = 'overpaid' AND orders = 0", 1);
	check_counted("cancelled");
	change(&order_redact_kind, NULL);
	check("orders WHERE cancel_reason IS NULL AND state = 'cancelled'", 1);
	check("journal WHERE line LIKE '%stock%'", 0);
}
END_TEST

START_TEST(a_paid_order_is_fulfilled_once)
{
	create(1000);
	tell(1, "payment.captured", ID_A, CAPTURED("10.00", "0.00"));
	change(&order_fulfill_kind, NULL);
	change(&order_fulfill_kind, NULL);
	check_counted("fulfilled");
	check("journal", 3);
}
END_TEST

/* ---- events that are none ---- */

static const struct {
	const char *type, *id, *members;
	enum paid_event_fault fault;
} events[] = {
	{"payment.captured", ID_A, CAPTURED("10.99", "10.99"), PAID_EVENT_OK},
	{"payment.voided", ID_A, CAPTURED("0.29", "0.00"), PAID_EVENT_OK},
	{"refund.failed", ID_A, AUTHORIZED("999999999999.99"), PAID_EVENT_OK},
	{"refund.processing", ID_A, AUTHORIZED("9999999999999.99"), PAID_EVENT_MALFORMED},
	{"payment.redacted", "x", "\"a\":1", PAID_EVENT_OTHER},
	{"order.created", "x", "\"a\":1", PAID_EVENT_OTHER},
	{"payment.captured", "pay_1", CAPTURED("1.00", "0.00"), PAID_EVENT_MALFORMED},
	{"payment.captured", "", CAPTURED("1.00", "0.00"), PAID_EVENT_MALFORMED},
	{"payment.captured", ID_A, CAPTURED("1.00", "1.01"), PAID_EVENT_MALFORMED},
	{"payment.captured", ID_A, CAPTURED("0.00", "0.00"), PAID_EVENT_MALFORMED},
	{"payment.captured", ID_A, CAPTURED("1.001", "0.00"), PAID_EVENT_MALFORMED},
	{"payment.captured", ID_A, CAPTURED("-1.00", "0.00"), PAID_EVENT_MALFORMED},
	{"payment.captured", ID_A, CAPTURED("\"1.00\"", "0.00"), PAID_EVENT_MALFORMED},
	{"payment.captured", ID_A, CAPTURED("null", "0.00"), PAID_EVENT_MALFORMED},
	{"payment.captured", ID_A, "\"currency\":\"USD\"", PAID_EVENT_MALFORMED},
	{"payment.captured", ID_A,
         "\"amount\":1,\"currency\":\"ABC\",\"payment_status\":\"success\","
         "\"amount_captured\":1,\"amount_refunded\":0",
         PAID_EVENT_MALFORMED},
	{"payment.captured", ID_A,
         "\"amount\":1,\"currency\":\"USD\",\"payment_status\":\"done\","
         "\"amount_captured\":1,\"amount_refunded\":0",
         PAID_EVENT_MALFORMED},
	{"payment.captured", ID_A,
         "\"amount\":1,\"currency\":\"USD\",\"payment_status\":\"authorized\","
         "\"amount_captured\":1,\"amount_refunded\":0",
         PAID_EVENT_MALFORMED},
};

START_TEST(what_no_payment_can_be_is_refused)
{
	struct order_payment_command command = {.order_hash = 7};
	char line[LINE_SIZE];
	const char *why = NULL;

	add_line(_i + 1, events[_i].type, events[_i].id, events[_i].members, line);
	ck_assert_msg(read_line(line, &command, &why) == events[_i].fault, "%d: %s", _i, line);
	ck_assert((why != NULL) == (events[_i].fault == PAID_EVENT_MALFORMED));
	ck_assert((command.order_hash != 7) == (events[_i].fault == PAID_EVENT_OK));
}
END_TEST

static const struct {
	const char *line;
	enum paid_event_fault fault;
} frames[] = {
	{"{\"type\":\"payment.captured\",\"subject\":\"o 1\",\"seq\":1,\"data\":{" CAPTURED(
		 "1.00", "0.00") ",\"payment_id\":\"" ID_A "\"}}",
         PAID_EVENT_MALFORMED},
	{"{\"type\":\"payment.captured\",\"seq\":1,\"data\":{" CAPTURED(
		 "1.00", "0.00") ",\"payment_id\":\"" ID_A "\"}}",
         PAID_EVENT_MALFORMED},
	{"{\"type\":\"payment.captured\",\"subject\":\"o-1\",\"seq\":0,\"data\":{" CAPTURED(
		 "1.00", "0.00") ",\"payment_id\":\"" ID_A "\"}}",
         PAID_EVENT_MALFORMED},
	{"{\"type\":\"payment.captured\",\"subject\":\"o-1\",\"seq\":1}", PAID_EVENT_MALFORMED},
	{"{\"type\":\"payment.captured\",\"subject\":\"o-1\",\"seq\":1,\"data\":7}",
         PAID_EVENT_MALFORMED},
	{"{\"type\":7}", PAID_EVENT_OTHER},
	{"[]", PAID_EVENT_OTHER},
};

START_TEST(what_no_event_can_be_is_refused)
{
	struct order_payment_command command;
	const char *why;

	ck_assert_int_eq(read_line(frames[_i].line, &command, &why), frames[_i].fault);
}
END_TEST

/* ---- audits ---- */

static const struct {
	const char *sql, *finding;
} tampers[] = {
	{"UPDATE orders SET paid_minor = 1100", "order-sums: orders order_seq 1: "},
	{"UPDATE orders SET authorized_minor = 1", "order-sums: orders order_seq 1: "},
	{"UPDATE orders SET refunded_minor = 3", "order-sums: orders order_seq 1: "},
	{"UPDATE orders SET state = 'fulfilled'", "order-state: orders order_seq 1: the row says"},
	{"UPDATE orders SET state = 'cancelled'", "order-state: orders order_seq 1: the row says"},
	{"UPDATE payments SET captured_minor = 999", "payment-state: payments payment_key 1: "},
	{"UPDATE payments SET refunded_minor = 0", "payment-state: payments payment_key 1: "},
	{"UPDATE payments SET currency = 'EUR'", "payment-state: payments payment_key 1: "},
	{"UPDATE payments SET seq = 9", "payment-state: payments payment_key 1: "},
	{"UPDATE payments SET order_seq = NULL", "order-sums: orders order_seq 1: "},
	{"UPDATE payments SET order_seq = 7", "payment-order: payments payment_key 1: "},
	{"UPDATE payments SET order_hash = order_hash + 1", "order-hash: payments payment_key 1: "},
	{"DELETE FROM payments", "order-sums: orders order_seq 1: "},
	{"DELETE FROM payment_events", "payment-state: payments payment_key 1: "},
	{"UPDATE order_counts SET orders = 2 WHERE name = 'paid'",
         "order-counts: order_counts paid: it says 2, there are 1"},
	{"UPDATE order_counts SET orders = 1 WHERE name = 'overpaid'",
         "order-counts: order_counts overpaid: "},
	{"UPDATE journal SET line = replace(line, 'order.paid', 'order.fulfilled')",
         "order-event: journal seq 2: it cannot follow"},
	{"UPDATE journal SET line = replace(line, 'order.paid', 'order.cancelled')",
         "order-event: journal seq 2: it tells of another state"},
	{"UPDATE journal SET line = replace(line, 'order.paid', 'order.lost')",
         "order-event: journal seq 2: there is no such"},
	{"UPDATE journal SET order_prev_seq = 0", "order-missing: journal seq 1: "},
};

START_TEST(an_audit_knows_what_payments_make_of_an_order)
{
	create(1000);
	tell(1, "payment.captured", ID_A, CAPTURED("10.00", "0.00"));
	tell(2, "refund.succeeded", ID_A, CAPTURED("10.00", "0.02"));
	rig_tamper(&rig, tampers[_i].sql);
	finding = tampers[_i].finding;
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("order_payments");
	TCase *all = tcase_create("all");

	fixture_add(all);
	tcase_add_checked_fixture(all, setup, teardown);
	tcase_add_test(all, captured_payments_that_cover_an_order_make_it_paid);
	tcase_add_test(all, an_event_again_changes_nothing);
	tcase_add_test(all, money_that_a_journal_tells_of_after_it_went_back_counts);
	tcase_add_test(all, the_journal_bears_witness_of_each_payment_that_was_heard_of);
	tcase_add_loop_test(all, payments_that_came_first_are_applied_when_the_order_comes, 0, 3);
	tcase_add_loop_test(all, failed_payments_leave_room_for_one_that_succeeds, 0, 3);
	tcase_add_test(all, a_cancelled_order_records_its_payments);
	tcase_add_test(all, a_paid_order_is_fulfilled_once);
	tcase_add_loop_test(all, what_no_payment_can_be_is_refused, 0, ARRAY_LEN(events));
	tcase_add_loop_test(all, what_no_event_can_be_is_refused, 0, ARRAY_LEN(frames));
	tcase_add_loop_test(all, an_audit_knows_what_payments_make_of_an_order, 0,
	                    ARRAY_LEN(tampers));
	suite_add_tcase(suite, all);
	return suite;
}

TEST_MAIN(make_suite)
