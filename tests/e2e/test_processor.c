/* test_processor.c - a processor outside of the process, over HTTP: outcomes that come late, twice,
 * too late or never; what the caller is told meanwhile and afterwards; and that nothing is charged
 * twice. The service waits for an outcome for a short time only, so that 202 comes soon. */
#include "e2e/payments.h"
#include "e2e/run.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

#define BODY_SIZE 512
#define POLL_MS 20

static const char *const impatient[] = {"PROCESSOR_TIMEOUT=100ms", NULL};
static const char *const patient[] = {"PROCESSOR_TIMEOUT=30s", NULL};

static void start(const char *const *settings)
{
	service_init(&payment_service, "payment-service");
	service_start(&payment_service, settings);
	client_open(&pay, payment_service.port);
}

static void start_impatient(void)
{
	start(impatient);
}

static void start_patient(void)
{
	start(patient);
}

static void stop(void)
{
	client_close(&pay);
	service_release(&payment_service);
}

/* Asks until the payment shows the text; no event is told to a client that waits. Bounded by the
 * test's own time. */
static void wait_for(const char *path, const char *text)
{
	char wanted[BODY_SIZE];

	for (size_t i = 0; i <= strlen(text); i++)
		wanted[i] = (char)(text[i] == '\'' ? '"' : text[i]);
	for (get(&pay, path, NULL, 200); strstr(buf_str(&pay.body), wanted) == NULL;
	     get(&pay, path, NULL, 200))
		(void)poll(NULL, 0, POLL_MS);
}

static void make_body(const char *order_id, const char *method, const char *more,
                      char body[BODY_SIZE])
{
	(void)snprintf(body, BODY_SIZE, "{'order_id':'%s','amount':10,'payment_method':'%s'%s}",
	               order_id, method, more);
}

/* ---- what the caller is told, once the outcome is known within the time ---- */

static const struct {
	const char *method;
	int status;
	const char *holds;
} outcomes[] = {
	{"pm_slow", 200, "'payment_status':'success'"},
	{"pm_duplicate_answer", 200, "'payment_status':'success'"},
	{"pm_late_approval", 402, "'payment_status':'failed'"},
	{"pm_refund_fails", 200, "'payment_status':'success'"},
	{"pm_refund_timeout", 200, "'payment_status':'success'"},
	{"pm_unreachable", 503, "processor-unreachable"},
};

START_TEST(a_call_waits_for_its_outcome)
{
	char body[BODY_SIZE], key[64];
	int64_t head;

	make_body(outcomes[_i].method, outcomes[_i].method, "", body);
	(void)snprintf(key, sizeof(key), "Idempotency-Key: wait-%d", _i);
	post_replay(&pay, "/pay", key, body, outcomes[_i].status, false);
	check_holds(&pay, outcomes[_i].holds);
	if (outcomes[_i].status == 503) {
		ck_assert_ptr_nonnull(client_header(&pay, "Retry-After"));
		post_replay(&pay, "/pay", key, body, 503, false); /* the key is free */
		return;
	}
	char *first = strdup(buf_str(&pay.body));
	head = pay_head();
	post_replay(&pay, "/pay", key, body, outcomes[_i].status, true);
	ck_assert_str_eq(buf_str(&pay.body), first);
	ck_assert_int_ge(pay_head(), head);
	free(first);
}
END_TEST

START_TEST(an_answer_that_comes_twice_takes_effect_once)
{
	char path[PAYMENT_PATH_SIZE];

	pay_new("twice", "'payment_method':'pm_duplicate_answer','currency':'MXN'", 200, path);
	pay_do(path, "refunds", "Idempotency-Key: twice-refund", "{'amount':10}", 200);
	/* The second answers came before this one, which is sent last and answered last. */
	pay_new("after-twice", "'payment_method':'pm_slow'", 200, path);
	ck_assert_str_eq(pay_balance("merchant", "MXN"), "0.00");
	get(&pay, "/payments?order_id=twice", NULL, 200);
	ck_assert_int_eq(cJSON_GetArraySize(answer_data(&pay)), 1);
}
END_TEST

START_TEST(a_late_approval_is_reversed_and_the_payment_stays_failed)
{
	static const char *const failed[] = {"'payment_status':'failed'", "'amount_captured':0.00",
	                                     NULL};
	char path[PAYMENT_PATH_SIZE];

	pay_new("late", "'payment_method':'pm_late_approval'", 402, path);
	do
		get(&pay, "/events?wait=30&limit=1000&types=payment.reversed", NULL, 200);
	while (strstr(buf_str(&pay.body), strrchr(path, '/') + 1) == NULL);
	pay_check(path, failed);
	get(&pay, "/metrics", NULL, 200);
	check_lacks(&pay, "processor_contradictions_total 0");
}
END_TEST

START_TEST(a_refund_that_the_processor_refuses_moves_nothing)
{
	static const char *const open_again[] = {"'amount_refunded':0.00",
	                                         "'amount_refund_pending':0.00",
	                                         "'amount_refundable':10.00", NULL};
	char path[PAYMENT_PATH_SIZE];

	pay_new("refused", "'payment_method':'pm_refund_fails'", 200, path);
	pay_do(path, "refunds", "Idempotency-Key: refused", "{'amount':3}", 402);
	check_problem(&pay, "payment-declined");
	check_holds(&pay, "'refund_status':'failed'");
	check_holds(&pay, "so nothing went back: see decline_code, then refund it anew");
	pay_check(path, open_again);
}
END_TEST

/* ---- what is unknown ---- */

static const struct {
	const char *method, *slug; /* NULL: it succeeds in the end */
	int status;
} unknown[] = {
	{"pm_timeout", NULL, 200},
	{"pm_lost_answer", NULL, 200},
	{"pm_timeout_declined", "payment-declined", 402},
};

START_TEST(an_unknown_outcome_is_202_until_it_is_known_and_then_one_answer_for_ever)
{
	char body[BODY_SIZE], key[64], path[PAYMENT_PATH_SIZE], order_id[64];

	(void)snprintf(order_id, sizeof(order_id), "unknown-%d", _i);
	(void)snprintf(key, sizeof(key), "Idempotency-Key: unknown-%d", _i);
	make_body(order_id, unknown[_i].method, "", body);
	post_replay(&pay, "/pay", key, body, 202, false);
	check_holds(&pay, "'payment_status':'processing'");
	(void)snprintf(path, sizeof(path), "/payments/%s", client_string(&pay, "payment_id"));
	post_replay(&pay, "/pay", key, body, 202, true);
	/* Another payment of the order has to wait, and its key stays free. */
	(void)snprintf(key, sizeof(key), "Idempotency-Key: other-%d", _i);
	make_body(order_id, "pm_success", "", body);
	post(&pay, "/pay", key, body, 409);
	check_problem(&pay, "order-already-paid");

	pay_do(path, "sync", NULL, NULL, 200);
	check_holds(&pay, unknown[_i].slug == NULL ? "'payment_status':'success'"
	                                           : "'payment_status':'failed'");
	post_replay(&pay, "/pay", key, body, unknown[_i].slug == NULL ? 409 : 200, false);

	(void)snprintf(key, sizeof(key), "Idempotency-Key: unknown-%d", _i);
	make_body(order_id, unknown[_i].method, "", body);
	post_replay(&pay, "/pay", key, body, unknown[_i].status, true);
	if (unknown[_i].slug != NULL)
		check_holds(&pay, unknown[_i].slug);
	char *first = strdup(buf_str(&pay.body));
	post_replay(&pay, "/pay", key, body, unknown[_i].status, true);
	ck_assert_str_eq(buf_str(&pay.body), first);
	free(first);
}
END_TEST

START_TEST(without_a_key_an_order_that_is_processing_is_answered_with_that_payment)
{
	char body[BODY_SIZE];

	make_body("natural", "pm_timeout", "", body);
	post_replay(&pay, "/pay", NULL, body, 202, false);
	char *first = strdup(buf_str(&pay.body));
	post_replay(&pay, "/pay", NULL, body, 202, true);
	ck_assert_str_eq(buf_str(&pay.body), first);
	free(first);
}
END_TEST

START_TEST(a_pending_capture_excludes_everything_else)
{
	char path[PAYMENT_PATH_SIZE];

	pay_new("pending", "'payment_method':'pm_timeout','capture':'manual'", 202, path);
	pay_do(path, "sync", NULL, NULL, 200);
	check_holds(&pay, "'payment_status':'authorized'");
	pay_do(path, "capture", "Idempotency-Key: pending", "{'amount':4}", 202);
	check_holds(&pay, "'payment_status':'authorized'");
	check_holds(&pay, "'pending_operation':'capture'");
	pay_do(path, "void", "Idempotency-Key: pending-void", NULL, 409);
	check_problem(&pay, "request-in-progress");
	check_holds(&pay, "'retryable':true");
	pay_do(path, "capture", NULL, "{'amount':4}", 409);
	check_problem(&pay, "request-in-progress");
	check_holds(&pay, "'retryable':true");
	pay_do(path, "sync", NULL, NULL, 200);
	check_holds(&pay, "'payment_status':'success','amount_captured':4.00");
	pay_do(path, "capture", "Idempotency-Key: pending", "{'amount':4}", 200);
	ck_assert_str_eq(client_header(&pay, "Idempotent-Replayed"), "true");
	pay_do(path, "void", "Idempotency-Key: pending-void", NULL, 409); /* its key was free */
	check_problem(&pay, "invalid-state");
}
END_TEST

START_TEST(a_refund_on_its_way_counts_in_every_limit)
{
	static const char *const on_its_way[] = {"'amount_refunded':0.00",
	                                         "'amount_refund_pending':7.00",
	                                         "'amount_refundable':3.00", NULL};
	static const char *const arrived[] = {"'amount_refunded':7.00",
	                                      "'amount_refund_pending':0.00", NULL};
	char path[PAYMENT_PATH_SIZE];

	pay_new("way", "'payment_method':'pm_refund_timeout'", 200, path);
	pay_do(path, "refunds", "Idempotency-Key: way-1", "{'amount':7}", 202);
	check_holds(&pay, "'refund_status':'processing'");
	pay_check(path, on_its_way);
	pay_do(path, "refunds", "Idempotency-Key: way-2", "{'amount':3.01}", 422);
	check_problem(&pay, "amount-exceeds-refundable");
	pay_do(path, "sync", NULL, NULL, 200);
	wait_for(path, "'amount_refund_pending':0.00");
	pay_check(path, arrived);
	pay_do(path, "refunds", "Idempotency-Key: way-1", "{'amount':7}", 200);
	check_holds(&pay, "'refund_status':'success'");
}
END_TEST

START_TEST(an_operator_ends_what_is_never_settled)
{
	char path[PAYMENT_PATH_SIZE];

	pay_new("resolve", "'payment_method':'pm_timeout'", 202, path);
	pay_do(path, "resolve", NULL, "{'outcome':'failed'}", 422);
	pay_do(path, "resolve", NULL, "{'outcome':'failed','reason':'bank says no'}", 200);
	check_holds(&pay, "'payment_status':'failed'");
	check_holds(&pay, "'resolve_reason':'bank says no'");
	post_replay(&pay, "/pay", "Idempotency-Key: pay-resolve",
	            "{'order_id':'resolve','amount':10,'payment_method':'pm_timeout'}", 402, true);
	pay_do(path, "resolve", NULL, "{'outcome':'success','reason':'bank says yes'}", 409);
	check_problem(&pay, "invalid-state");
	get(&pay, "/events?limit=1000", NULL, 200);
	check_holds(&pay, "'resolved_by':'operator'");
	check_lacks(&pay, "bank says"); /* free text is no event's business */
}
END_TEST

START_TEST(after_a_kill_what_was_open_is_asked_for_and_not_charged_again)
{
	char path[PAYMENT_PATH_SIZE], body[BODY_SIZE];

	pay_new("killed", "'payment_method':'pm_timeout','currency':'PLN'", 202, path);
	service_signal(&payment_service, SIGKILL);
	(void)service_wait(&payment_service);
	service_start(&payment_service, impatient);
	client_close(&pay);
	client_open(&pay, payment_service.port);
	pay_do(path, "sync", NULL, NULL, 200);
	check_holds(&pay, "'payment_status':'success'");
	(void)snprintf(body, sizeof(body), "{'order_id':'killed','amount':10,%s}",
	               "'payment_method':'pm_timeout','currency':'PLN'");
	post_replay(&pay, "/pay", "Idempotency-Key: pay-killed", body, 200, true);
	ck_assert_str_eq(pay_balance("processor", "PLN"), "10.00");
}
END_TEST

static Suite *processor_suite(void)
{
	Suite *suite = suite_create("processor");
	TCase *known = tcase_create("known in time"), *open = tcase_create("unknown");

	tcase_set_timeout(known, 120);
	tcase_add_unchecked_fixture(known, start_patient, stop);
	tcase_add_loop_test(known, a_call_waits_for_its_outcome, 0, ARRAY_LEN(outcomes));
	tcase_add_test(known, an_answer_that_comes_twice_takes_effect_once);
	tcase_add_test(known, a_late_approval_is_reversed_and_the_payment_stays_failed);
	tcase_add_test(known, a_refund_that_the_processor_refuses_moves_nothing);
	suite_add_tcase(suite, known);
	tcase_set_timeout(open, 120);
	tcase_add_unchecked_fixture(open, start_impatient, stop);
	tcase_add_loop_test(
		open, an_unknown_outcome_is_202_until_it_is_known_and_then_one_answer_for_ever, 0,
		ARRAY_LEN(unknown));
	tcase_add_test(open,
	               without_a_key_an_order_that_is_processing_is_answered_with_that_payment);
	tcase_add_test(open, a_pending_capture_excludes_everything_else);
	tcase_add_test(open, a_refund_on_its_way_counts_in_every_limit);
	tcase_add_test(open, an_operator_ends_what_is_never_settled);
	suite_add_tcase(suite, open);
	TCase *killed = tcase_create("killed");
	tcase_set_timeout(killed, 120);
	tcase_add_checked_fixture(killed, start_impatient, stop);
	tcase_add_test(killed, after_a_kill_what_was_open_is_asked_for_and_not_charged_again);
	suite_add_tcase(suite, killed);
	return suite;
}

TEST_MAIN(processor_suite)
