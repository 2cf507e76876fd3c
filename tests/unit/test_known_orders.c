/* test_known_orders.c - orders that are told of, and end, while they are paid: whatever order
 * things come in, with a crash between any two of them, in the end nothing is kept of one that
 * ended. */
#include <stdio.h>
#include <string.h>

#include "payment-service/payment_audit.h"
#include "payment-service/payment_outcome.h"
#include "unit/shop_fixture.h"
#include "unit/unit.h"

#define AMOUNT_MINOR 1000
#define PART_MINOR 300

/* ---- every order of things ---- */

#define STEPS 5
/* Created, Paid, cancelled (X), the Merchant's own, a Turn of whoever works by itself. */
static const char letters[STEPS + 1] = "CPXMT";

static const struct way {
	const char *method;
	int capture;
	bool crashes;
} ways[] = {
	{"pm_success", CAPTURE_AUTOMATIC, false}, {"pm_success", CAPTURE_MANUAL, false},
	{"pm_slow", CAPTURE_AUTOMATIC, false},    {"pm_slow", CAPTURE_MANUAL, false},
	{"pm_timeout", CAPTURE_AUTOMATIC, false}, {"pm_timeout", CAPTURE_MANUAL, false},
	{"pm_success", CAPTURE_MANUAL, true},     {"pm_slow", CAPTURE_AUTOMATIC, true},
	{"pm_slow", CAPTURE_MANUAL, true},        {"pm_timeout", CAPTURE_AUTOMATIC, true},
};

static void step(char letter, const char *order_id, const struct way *way)
{
	switch (letter) {
	case 'C': ck_assert_int_eq(shop_create(order_id, AMOUNT_MINOR, "USD"), ERR_NONE); break;
	case 'P': (void)shop_pay(order_id, AMOUNT_MINOR, way->method, way->capture); break;
	case 'X': ck_assert_int_eq(shop_cancel(order_id), ERR_NONE); break;
	case 'M':
		if (way->capture == CAPTURE_MANUAL)
			shop_operate(&capture_kind, AMOUNT_MINOR);
		else
			shop_operate(&refund_kind, PART_MINOR);
		break;
	case 'T':
		(void)shop_turn();
		shop_commit();
		world.now_us += US_PER_S;
		break;
	default: ck_abort_msg("a letter");
	}
}

static void play(const char *order, int scenario, const struct way *way)
{
	char order_id[16];
	bool is_paid;

	(void)snprintf(order_id, sizeof(order_id), "o-%d", scenario);
	shop.payment_id[0] = '\0';
	for (int i = 0; i < STEPS; i++) {
		step(order[i], order_id, way);
		if (way->crashes && scenario % STEPS == i)
			shop_crash();
	}
	shop_rest();
	is_paid = strchr(order, 'P') < strchr(order, 'X');
	ck_assert_msg(shop_count(order_id, "true") == is_paid, "%s", order);
	ck_assert_msg(shop_count(order_id, "payment_status = 'voided' OR "
	                                   "captured_minor = refunded_minor") == is_paid,
	              "%s: money is kept", order);
	ck_assert_msg(shop_count(order_id, "refunds_count > 2") == 0,
	              "%s: more than the merchant's and the order's refund", order);
}

/* All orders of the letters (Heap's algorithm). */
static void play_all(char *order, int count, int *scenario, const struct way *way)
{
	if (count == 1) {
		play(order, (*scenario)++, way);
		return;
	}
	for (int i = 0; i < count; i++) {
		int other = count % 2 == 0 ? i : 0;
		char letter;

		play_all(order, count - 1, scenario, way);
		letter = order[other];
		order[other] = order[count - 1];
		order[count - 1] = letter;
	}
}

START_TEST(a_cancelled_order_keeps_no_money_whatever_comes_when)
{
	char order[STEPS + 1];
	int scenario = 0;

	memcpy(order, letters, sizeof(order));
	play_all(order, STEPS, &scenario, &ways[_i]);
	ck_assert_int_eq(scenario, 120);
	ck_assert_int_eq(rig_number(&shop.rig, "SELECT count(*) FROM returns"), 0);
	ck_assert_int_eq(rig_number(&shop.rig, "SELECT count(*) FROM intents"), 0);
	ck_assert_int_eq(rig_number(&shop.rig, "SELECT count(*) FROM accounts "
	                                       "WHERE debits_minor <> credits_minor"),
	                 0);
	shop_check_audit(0);
}
END_TEST

/* ---- one by one ---- */

START_TEST(part_payments_fill_the_total_and_go_back_together)
{
	ck_assert_int_eq(shop_create("o-1", 1000, "USD"), ERR_NONE);
	ck_assert_int_eq(shop_pay("o-1", 600, "pm_success", CAPTURE_AUTOMATIC), ERR_NONE);
	ck_assert_int_eq(shop_pay("o-1", 401, "pm_success", CAPTURE_MANUAL),
	                 ERR_AMOUNT_EXCEEDS_DUE);
	ck_assert_int_eq(shop_pay("o-1", 400, "pm_success", CAPTURE_MANUAL), ERR_NONE);
	ck_assert_int_eq(shop_cancel("o-1"), ERR_NONE);
	ck_assert_int_eq(shop_pay("o-1", 1, "pm_success", CAPTURE_AUTOMATIC), ERR_ORDER_CANCELLED);
	ck_assert_int_eq(rig_number(&shop.rig, "SELECT count(*) FROM returns"), 2);
	shop_check_audit(0);
	shop_rest();
	ck_assert_int_eq(shop_count("o-1", "refunded_minor = 600"), 1);
	ck_assert_int_eq(shop_count("o-1", "payment_status = 'voided'"), 1);
	shop_check_audit(0);
}
END_TEST

START_TEST(what_was_paid_in_another_currency_goes_back_and_the_order_can_be_paid)
{
	ck_assert_int_eq(shop_pay("o-1", 600, "pm_slow", CAPTURE_AUTOMATIC), ERR_NONE);
	ck_assert_int_eq(shop_create("o-1", 1000, "EUR"), ERR_NONE);
	ck_assert_int_eq(shop_pay("o-1", 400, "pm_success", CAPTURE_AUTOMATIC),
	                 ERR_CURRENCY_MISMATCH);
	shop_rest();
	ck_assert_int_eq(shop_count("o-1", "refunded_minor = 600"), 1);
	ck_assert_int_eq(rig_number(&shop.rig, "SELECT count(*) FROM orders WHERE cause_seq = 1 "
	                                       "AND ended IS NULL"),
	                 1);
	shop_check_audit(0);
}
END_TEST

START_TEST(what_is_claimed_above_a_late_total_stays_and_is_told)
{
	ck_assert_int_eq(shop_pay("o-1", 1500, "pm_success", CAPTURE_AUTOMATIC), ERR_NONE);
	shop_check_audit(0);
	ck_assert_int_eq(shop_create("o-1", 1000, "USD"), ERR_NONE);
	ck_assert(shop_metrics_say("\norders_overclaimed_total 1\n"));
	shop_rest();
	ck_assert_int_eq(shop_count("o-1", "refunds_count = 0"), 1);
	shop_check_audit(1);
	shop_operate(&refund_kind, 500);
	shop_check_audit(0);
	ck_assert_int_eq(shop_create("o-1", 1000, "USD"), ERR_NONE); /* again */
	ck_assert_int_eq(shop_create("o-1", 999, "USD"), ERR_NONE);  /* recorded, but rejected */
	ck_assert_int_eq(rig_number(&shop.rig, "SELECT count(*) FROM journal WHERE line LIKE "
	                                       "'%peer_event.rejected%order-exists%'"),
	                 1);
	ck_assert(shop_metrics_say("\norders_overclaimed_total 1\n"));
	ck_assert_int_eq(rig_number(&shop.rig, "SELECT total_minor FROM orders"), 1000);
}
END_TEST

START_TEST(an_order_that_was_heard_of_before_it_is_paid_has_no_event)
{
	ck_assert_int_eq(shop_create("o-1", 1000, "USD"), ERR_NONE);
	ck_assert_int_eq(shop_create("o-2", 1000, "USD"), ERR_NONE);
	ck_assert_int_eq(engine_head_seq(shop.rig.engine), 0);
	shop_check_audit(0);
	ck_assert_int_eq(shop_pay("o-2", 1000, "pm_success", CAPTURE_AUTOMATIC), ERR_NONE);
	ck_assert_int_eq(rig_number(&shop.rig, "SELECT order_seq * 10 + last_event_seq FROM orders "
	                                       "WHERE order_id = 'o-2'"),
	                 21);
	shop_check_audit(0);
}
END_TEST

START_TEST(a_refusal_says_that_it_rests_on_an_order_not_heard_of)
{
	static union payment_slot slot;
	static struct payment_effects effects;
	const struct pay_command command = {.order_id = "o-1",
	                                    .amount_minor = 1,
	                                    .currency = currency_find(TEXT_LITERAL("USD")),
	                                    .decision = {.verdict = VERDICT_APPROVED},
	                                    .rejects_unheard = true};
	const struct job job = {.command = &command};
	char detail[ANSWER_DETAIL_SIZE] = "";

	ck_assert_int_eq(pay_kind.decide(&job, &slot, &effects, detail), ERR_NOT_FOUND);
	ck_assert(effects.base.rests_on_unheard);
	ck_assert(!effects.base.writes);
}
END_TEST

/* Whoever has a database tool. */
static const struct {
	const char *sql, *finding;
} damages[] = {
	{"DELETE FROM returns", "return-missing: payments payment_id pay_"},
	{"UPDATE orders SET ended = NULL", "return: payments payment_id pay_"},
	{"UPDATE returns SET payment_key = 1", "return: returns payment_key 1: "},
	{"UPDATE orders SET total_minor = 999", "order-claims: orders order_seq 1: "},
	{"UPDATE orders SET currency = 'EUR'; DELETE FROM returns", "return-missing: payments "},
	{"INSERT INTO orders SELECT 2, order_hash, 'o-2', 0, NULL, NULL, NULL, NULL, 0, NULL, "
         "NULL, NULL FROM orders",
         "order-event: orders order_seq 2: it has no payment"},
	{"PRAGMA ignore_check_constraints = ON; UPDATE orders SET ended = 'lost'",
         "order-row: orders order_seq 1: "},
	{"PRAGMA ignore_check_constraints = ON; UPDATE orders SET cause_hash = x'00'",
         "order-row: orders order_seq 1: "},
};

START_TEST(an_audit_finds_what_is_kept_and_not_given_back)
{
	struct audit audit;

	ck_assert_int_eq(shop_create("o-1", 1000, "USD"), ERR_NONE);
	ck_assert_int_eq(shop_pay("o-1", 1000, "pm_success", CAPTURE_AUTOMATIC), ERR_NONE);
	ck_assert_int_eq(shop_cancel("o-1"), ERR_NONE);
	shop_check_audit(0);
	rig_tamper(&shop.rig, damages[_i].sql);
	audit_init(&audit);
	ck_assert_int_eq(payment_audit(&audit, &shop.rig.store), DB_OK);
	ck_assert_msg(strstr(fixture_findings(&audit), damages[_i].finding) != NULL, "%s",
	              fixture_findings(&audit));
	audit_release(&audit);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("known_orders");
	TCase *all = tcase_create("all");

	fixture_add(all);
	tcase_add_checked_fixture(all, shop_setup, shop_teardown);
	tcase_set_timeout(all, 120);
	tcase_add_loop_test(all, a_cancelled_order_keeps_no_money_whatever_comes_when, 0,
	                    ARRAY_LEN(ways));
	tcase_add_test(all, part_payments_fill_the_total_and_go_back_together);
	tcase_add_test(all, what_was_paid_in_another_currency_goes_back_and_the_order_can_be_paid);
	tcase_add_test(all, what_is_claimed_above_a_late_total_stays_and_is_told);
	tcase_add_test(all, an_order_that_was_heard_of_before_it_is_paid_has_no_event);
	tcase_add_test(all, a_refusal_says_that_it_rests_on_an_order_not_heard_of);
	tcase_add_loop_test(all, an_audit_finds_what_is_kept_and_not_given_back, 0,
	                    ARRAY_LEN(damages));
	suite_add_tcase(suite, all);
	return suite;
}

TEST_MAIN(make_suite)
