/* test_linked_recovery.c - after a restore, what only the peer and the processor know is made
 * again, once, and what a client repeats is not charged twice. */
#include "base/id.h"
#include "e2e/side.h"

#include <stdio.h>

#define ASKED_COUNT 20
#define TRIES_MAX 60 /* of a second at most */

static const char *const methods[] = {"", "'payment_method':'pm_duplicate_answer',"};

/* What was paid, held, and given back before the backup and after it. */
static const char *const lost_orders[] = {"returned", "refunded", "captured", "voided",
                                          "paid",     "held",     "both"};

struct picture {
	char payment_id[ID_SIZE], refund_id[ID_SIZE], status[16];
	double captured, refunded;
};

static void authorize(const char *order_id, const char *method)
{
	char members[128];

	(void)snprintf(members, sizeof(members), "%s'capture':'manual'", method);
	linked_order(order_id, "10");
	linked_pay(order_id, "10", members, 200);
}

static void pay_by(const char *order_id, const char *method)
{
	char members[128];

	(void)snprintf(members, sizeof(members), "%s'capture':'automatic'", method);
	linked_order(order_id, "10");
	linked_pay(order_id, "10", members, 200);
}

static const cJSON *first_of(struct client *client)
{
	return cJSON_GetArrayItem(answer_data(client), 0);
}

static void take_str(const cJSON *object, const char *name, char *out, size_t size)
{
	const cJSON *member = cJSON_GetObjectItem(object, name);

	ck_assert_ptr_nonnull(member);
	(void)snprintf(out, size, "%s", member->valuestring);
}

static void take_picture(const char *order_id, struct picture *picture)
{
	char path[128];

	*picture = (struct picture){.refund_id = ""};
	(void)snprintf(path, sizeof(path), "/payments?order_id=%s", order_id);
	get(&pay, path, NULL, 200);
	ck_assert_int_eq(cJSON_GetArraySize(answer_data(&pay)), 1);
	take_str(first_of(&pay), "payment_id", picture->payment_id, ID_SIZE);
	take_str(first_of(&pay), "payment_status", picture->status, sizeof(picture->status));
	picture->captured = cJSON_GetObjectItem(first_of(&pay), "amount_captured")->valuedouble;
	picture->refunded = cJSON_GetObjectItem(first_of(&pay), "amount_refunded")->valuedouble;
	(void)snprintf(path, sizeof(path), "/payments/%s/refunds", picture->payment_id);
	get(&pay, path, NULL, 200);
	ck_assert_int_le(cJSON_GetArraySize(answer_data(&pay)), 1);
	if (first_of(&pay) != NULL)
		take_str(first_of(&pay), "refund_id", picture->refund_id, ID_SIZE);
}

static void change_payment(const char *order_id, const char *what, const char *body)
{
	struct picture picture;
	char path[128], key[64];

	take_picture(order_id, &picture);
	(void)snprintf(path, sizeof(path), "/payments/%s/%s", picture.payment_id, what);
	(void)snprintf(key, sizeof(key), "Idempotency-Key: %s-%s", order_id, what);
	post(&pay, path, key, body, 200);
}

static void make_loss(const char *method)
{
	side_cancel("returned");
	change_payment("refunded", "refunds", "{'amount':4}");
	change_payment("captured", "capture", "{'amount':7}");
	change_payment("voided", "void", "{}");
	pay_by("paid", method);
	authorize("held", method);
	authorize("both", method);
	change_payment("both", "capture", "{'amount':10}");
	linked_wait_order("refunded", "'amount_refunded':4.00");
	linked_wait_order("captured", "'amount_paid':7.00");
	linked_wait_order("voided", "'amount_authorized':0.00");
	linked_wait_order("held", "'amount_authorized':10.00");
	linked_wait_order("both", "'state':'paid'");
}

START_TEST(what_only_the_peer_and_the_processor_know_is_there_again)
{
	const char *method = methods[_i];
	struct picture before[ARRAY_LEN(lost_orders)], after;

	pay_by("returned", method);
	pay_by("refunded", method);
	authorize("captured", method);
	authorize("voided", method);
	linked_wait_order("voided", "'amount_authorized':10.00");
	side_run_command(&sides[0], "backup");
	make_loss(method);
	for (size_t i = 0; i < ARRAY_LEN(lost_orders); i++)
		take_picture(lost_orders[i], &before[i]);
	service_stop(&payment_service);
	side_run_command(&sides[0], "restore");
	linked_run(&payment_service, NULL);
	service_wait_log(&payment_service, "\"event\":\"rollback_ended\"");
	for (size_t i = 0; i < ARRAY_LEN(lost_orders); i++) {
		take_picture(lost_orders[i], &after);
		ck_assert_str_eq(before[i].payment_id, after.payment_id);
		ck_assert_str_eq(before[i].refund_id, after.refund_id);
		ck_assert_str_eq(before[i].status, after.status);
		ck_assert(before[i].captured == after.captured);
		ck_assert(before[i].refunded == after.refunded);
	}
	ck_assert_int_eq(get_metric(&pay, "references_recovered_total"), 7);
	ck_assert_int_eq(get_metric(&pay, "references_lost"), 0);
	ck_assert_int_eq(get_metric(&pay, "inquiries_open"), 0);
	side_accept_restored(&sides[0]);
	side_pay_order("after");
	check_agree();
}
END_TEST

/* What was answered, and what a repeat is told. */
static void pay_part(const char *key, const char *order_id, int status)
{
	char header[64], body[128];

	(void)snprintf(header, sizeof(header), "Idempotency-Key: %s", key);
	(void)snprintf(body, sizeof(body), "{'order_id':'%s','amount':4}", order_id);
	post(&pay, "/pay", header, body, status);
}

START_TEST(what_is_repeated_after_a_restore_is_not_charged_twice)
{
	static const char whole[] = "{'order_id':'whole','amount':10}";
	char payment_id[ID_SIZE];

	side_pay_order("before");
	side_run_command(&sides[0], "backup");
	linked_order("whole", "10");
	linked_order("parts", "10");
	linked_order("keyed", "4");
	post(&pay, "/pay", NULL, whole, 200);
	text_copy(text_of(answer_member(&pay, "payment_id")->valuestring), payment_id, ID_SIZE);
	pay_part("part", "parts", 200);
	pay_part("all", "keyed", 200);
	linked_wait_order("whole", "'state':'paid'");
	linked_wait_order("parts", "'amount_paid':4.00");
	linked_wait_order("keyed", "'state':'paid'");
	service_stop(&payment_service);
	proxy_fault(&to_orders, FAULT_REFUSE, 0, PROXY_TIMES_ALWAYS);
	side_run_command(&sides[0], "restore");
	linked_run(&payment_service, NULL);
	post(&pay, "/pay", NULL, whole, 503);
	check_problem(&pay, "rolled-back");
	pay_part("part", "parts", 503);
	proxy_mend(&to_orders);
	service_wait_log(&payment_service, "\"event\":\"rollback_ended\"");
	post_replay(&pay, "/pay", NULL, whole, 200, true);
	check_holds(&pay, payment_id);
	pay_part("part", "parts", 409);
	check_problem(&pay, "order-already-paid");
	pay_part("all", "keyed", 409);
	check_problem(&pay, "order-already-paid");
	post(&pay, "/pay", "Idempotency-Key: rest", "{'order_id':'parts','amount':6}", 200);
	side_accept_restored(&sides[0]);
	linked_wait_order("parts", "'state':'paid'");
	check_agree();
}
END_TEST

/* Not by the log: that line may have come before the kill. */
static void wait_until_intact(void)
{
	for (int tries = 0; get_metric(&pay, "rolled_back") > 0; tries++) {
		ck_assert_int_lt(tries, TRIES_MAX);
		(void)linked_next_event(&pay, linked_next_event(&pay, INT64_C(1) << 52));
	}
}

/* The processor's answers come one after the other: some before the kill, some after it. */
START_TEST(a_kill_while_the_processor_is_asked_loses_and_doubles_nothing)
{
	struct picture before[ASKED_COUNT], after;
	char order_id[32];

	side_run_command(&sides[0], "backup");
	for (int i = 0; i < ASKED_COUNT; i++) {
		(void)snprintf(order_id, sizeof(order_id), "asked-%d", i);
		side_pay_order(order_id);
		change_payment(order_id, "refunds", "{'amount':4}");
		linked_wait_order(order_id, "'amount_refunded':4.00");
		take_picture(order_id, &before[i]);
	}
	service_stop(&payment_service);
	side_run_command(&sides[0], "restore");
	linked_run(&payment_service, NULL);
	service_wait_log(&payment_service, "\"event\":\"reference_recovered\"");
	linked_kill(&payment_service);
	linked_run(&payment_service, NULL);
	wait_until_intact();
	for (int i = 0; i < ASKED_COUNT; i++) {
		(void)snprintf(order_id, sizeof(order_id), "asked-%d", i);
		take_picture(order_id, &after);
		ck_assert_str_eq(before[i].payment_id, after.payment_id);
		ck_assert_str_eq(before[i].refund_id, after.refund_id);
		ck_assert(before[i].captured == after.captured);
		ck_assert(before[i].refunded == after.refunded);
	}
	ck_assert_int_eq(get_metric(&pay, "references_lost"), 0);
	side_accept_restored(&sides[0]);
	side_pay_order("after");
	check_agree();
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("linked recovery");
	TCase *tcase = tcase_create("recovery");

	tcase_set_timeout(tcase, 300);
	tcase_add_checked_fixture(tcase, linked_start, linked_stop);
	tcase_add_loop_test(tcase, what_only_the_peer_and_the_processor_know_is_there_again, 0,
	                    ARRAY_LEN(methods));
	tcase_add_test(tcase, what_is_repeated_after_a_restore_is_not_charged_twice);
	tcase_add_test(tcase, a_kill_while_the_processor_is_asked_loses_and_doubles_nothing);
	suite_add_tcase(suite, tcase);
	return suite;
}

TEST_MAIN(make_suite)
