/* test_inquirer.c - what only the order service's journal tells of, from the event to what is there
 * afterwards: with the real store and engine, and crashes between. */
#include "payment-service/payment_audit.h"

#include "unit/shop_fixture.h"
#include "unit/unit.h"

#include <stdio.h>
#include <string.h>

#define LOST_COUNT 3
#define NEWER_US (3600 * US_PER_S) /* long after the processor's final_after */

static void make_lost(int number, int status, struct inquiry *inquiry)
{
	*inquiry = (struct inquiry){.currency = currency_find(TEXT_LITERAL("USD")),
	                            .status = status,
	                            .capture = CAPTURE_AUTOMATIC,
	                            .amount_minor = 1000,
	                            .captured_minor = status == PAYMENT_SUCCESS ? 1000 : 0,
	                            .refund_minor = MONEY_NONE};
	(void)snprintf(inquiry->order_id, sizeof(inquiry->order_id), "o-%d", number);
	(void)snprintf(inquiry->payment_id, ID_SIZE, "pay_01M83AP0DV%016d", number);
}

static void tell_lost(int number, int status)
{
	struct inquiry inquiry;

	make_lost(number, status, &inquiry);
	ck_assert_int_eq(shop_tell_lost(&inquiry), ERR_NONE);
}

static void tell_refund(int number)
{
	struct inquiry inquiry;

	make_lost(number, PAYMENT_SUCCESS, &inquiry);
	inquiry.refund_minor = 400;
	(void)snprintf(inquiry.refund_id, ID_SIZE, "ref_01M83AP0DV%016d", number);
	ck_assert_int_eq(shop_tell_lost(&inquiry), ERR_NONE);
}

static void execute(const struct statement *statement)
{
	struct db *db = shop.rig.store.db;

	ck_assert_int_eq(db_begin(db), DB_OK);
	DB_SEND0(db, statement, NULL, NULL);
	ck_assert_int_eq(db_commit(db), DB_OK);
}

/* The processor approves what the order service was told had failed. */
START_TEST(what_is_lost_is_shown_until_an_operator_accepts)
{
	tell_lost(1, PAYMENT_FAILED);
	shop_rest();
	ck_assert(shop_metrics_say("inquiries_open 0\n"));
	ck_assert(shop_metrics_say("references_lost 1\n"));
	shop_check_audit(1);
	execute(&inquiries_accepted);
	shop_rest();
	ck_assert(shop_metrics_say("references_lost 0\n"));
	shop_check_audit(0);
}
END_TEST

/* It holds up nothing of the same payment. */
START_TEST(what_is_told_of_it_later_is_asked_about)
{
	tell_lost(1, PAYMENT_FAILED);
	shop_rest();
	tell_refund(1);
	shop_rest();
	shop_check_audit(2); /* the refund of a payment that is not there */
	tell_lost(1, PAYMENT_SUCCESS);
	shop_rest();
	ck_assert_int_eq(shop_count("o-1", "payment_status = 'success'"), 1);
	shop_check_audit(1);
	tell_refund(1);
	shop_rest();
	ck_assert_int_eq(shop_count("o-1", "refunded_minor = 400"), 1);
	shop_check_audit(0);
}
END_TEST

START_TEST(an_operator_ends_only_what_is_lost)
{
	tell_lost(1, PAYMENT_SUCCESS);
	execute(&inquiries_accepted);
	shop_rest();
	ck_assert_int_eq(shop_count("o-1", "payment_status = 'success'"), 1);
}
END_TEST

/* A call with a key that was used before the restore. */
START_TEST(a_refund_that_was_made_again_is_not_made_once_more)
{
	tell_lost(1, PAYMENT_SUCCESS);
	tell_refund(1);
	shop_rest();
	(void)snprintf(shop.payment_id, ID_SIZE, "pay_01M83AP0DV%016d", 1);
	shop_operate(&refund_kind, 400);
	ck_assert_int_eq(shop_count("o-1", "refunds_count = 1"), 1);
	shop_operate(&refund_kind, 300);
	ck_assert_int_eq(shop_count("o-1", "refunded_minor = 700"), 1);
	world.now_us += KEY_DOUBT_US;
	shop_operate(&refund_kind, 300); /* of two that this store has made */
	shop_rest();
	ck_assert_int_eq(shop_count("o-1", "refunded_minor = 1000"), 1);
	shop_check_audit(0);
}
END_TEST

/* Before and after each commit, while others are open. */
START_TEST(a_crash_between_loses_and_doubles_nothing)
{
	for (int i = 0; i < LOST_COUNT; i++) {
		tell_lost(i, PAYMENT_SUCCESS);
		tell_refund(i);
	}
	world.now_us += NEWER_US;
	for (int i = 0; i < LOST_COUNT; i++) {
		shop_crash(); /* asked, and not written down */
		(void)shop_turn();
		shop_commit();
		shop_crash();
	}
	ck_assert_int_eq(rig_number(&shop.rig, "SELECT count(*) FROM inquiries"), LOST_COUNT);
	shop_rest();
	ck_assert_int_eq(rig_number(&shop.rig, "SELECT count(*) FROM payments"), LOST_COUNT);
	ck_assert_int_eq(rig_number(&shop.rig, "SELECT count(*) FROM refunds"), LOST_COUNT);
	ck_assert_int_eq(rig_number(&shop.rig, "SELECT count(*) FROM inquiries"), 0);
	ck_assert_int_eq(rig_number(&shop.rig, "SELECT count(*) FROM journal"), 2 * LOST_COUNT);
	shop_check_audit(0);
}
END_TEST

static const char *const damages[] = {
	"UPDATE inquiries SET currency = 'XYZ'",
	"UPDATE inquiries SET order_hash = order_hash + 1",
	"UPDATE inquiries SET order_id = 'o-2'",
};

START_TEST(an_audit_finds_a_row_that_was_changed)
{
	const struct statement damage = {damages[_i], NULL};
	struct audit audit;

	tell_lost(1, PAYMENT_SUCCESS);
	shop_check_audit(0);
	execute(&damage);
	audit_init(&audit);
	ck_assert_int_eq(payment_audit(&audit, &shop.rig.store), DB_OK);
	ck_assert_int_eq(audit.findings_count, 1);
	ck_assert_ptr_nonnull(strstr(fixture_findings(&audit), "inquiry-row"));
	audit_release(&audit);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("inquirer");
	TCase *all = tcase_create("all");

	fixture_add(all);
	tcase_add_checked_fixture(all, shop_setup, shop_teardown);
	tcase_set_timeout(all, 120);
	tcase_add_test(all, what_is_lost_is_shown_until_an_operator_accepts);
	tcase_add_test(all, what_is_told_of_it_later_is_asked_about);
	tcase_add_test(all, an_operator_ends_only_what_is_lost);
	tcase_add_test(all, a_refund_that_was_made_again_is_not_made_once_more);
	tcase_add_test(all, a_crash_between_loses_and_doubles_nothing);
	tcase_add_loop_test(all, an_audit_finds_a_row_that_was_changed, 0, ARRAY_LEN(damages));
	suite_add_tcase(suite, all);
	return suite;
}

TEST_MAIN(make_suite)
