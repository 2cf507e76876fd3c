/* test_reconcile_compare.c - what is a difference between an order and its payments, and what is
 * none, as a table; both sides' figures with each. */
#include <stdio.h>
#include <string.h>

#include "unit/unit.h"
#include "web/reconcile_compare.h"

#define NOW_US INT64_C(1795408200123456)
#define RECENT (NOW_US - STUCK_AFTER_US)
#define LONG_AGO (RECENT - 1)
#define PAYMENTS_MAX 3
#define TEXT_SIZE 512

#define ORDER(state_, paid_, authorized_, refunded_) \
	.has_order = true, .order = {.state = STATE_##state_, \
	                             .paid_minor = paid_, \
	                             .authorized_minor = authorized_, \
	                             .refunded_minor = refunded_}
/* Of an amount of 1000, in the order's currency. */
#define PAYMENT(status_, captured_, refunded_, pending_) \
	{ \
		.status = STATUS_##status_, .amount_minor = 1000, .captured_minor = captured_, \
		.refunded_minor = refunded_, .refund_pending_minor = pending_, \
		.updated_us = RECENT \
	}
#define OLD(status_, captured_, pending_, has_operation_) \
	{ \
		.status = STATUS_##status_, .amount_minor = 1000, .captured_minor = captured_, \
		.refund_pending_minor = pending_, .has_pending_operation = has_operation_, \
		.updated_us = LONG_AGO \
	}

/* Each difference as "kind payment order-figure/payment-figure;", -1: none. */
static const struct {
	const char *rule;
	bool has_order;
	struct reconciled_order order;
	struct reconciled_payment payments[PAYMENTS_MAX];
	const char *in_euro; /* the payments that are, as digits */
	const char *want;
} cases[] = {
	/* no differences */
	{"an order without payments", ORDER(PENDING, 0, 0, 0), .want = ""},
	{"a paid order", ORDER(PAID, 1000, 0, 0), {PAYMENT(SUCCESS, 1000, 0, 0)}, .want = ""},
	{"part payments",
         ORDER(PENDING, 900, 0, 0),
         {PAYMENT(SUCCESS, 400, 0, 0), PAYMENT(SUCCESS, 500, 0, 0)},
         .want = ""},
	{"authorized, failed and voided payments",
         ORDER(PENDING, 0, 1000, 0),
         {PAYMENT(AUTHORIZED, 0, 0, 0), PAYMENT(FAILED, 0, 0, 0), PAYMENT(VOIDED, 0, 0, 0)},
         .want = ""},
	{"refunded in part, more on its way",
         ORDER(FULFILLED, 1000, 0, 200),
         {PAYMENT(SUCCESS, 1000, 200, 300)},
         .want = ""},
	{"cancelled, the money went back",
         ORDER(CANCELLED, 1000, 0, 1000),
         {PAYMENT(SUCCESS, 1000, 1000, 0)},
         .want = ""},
	{"cancelled, the money is on its way",
         ORDER(CANCELLED, 1000, 0, 0),
         {PAYMENT(SUCCESS, 1000, 0, 1000)},
         .want = ""},
	{"another currency, the money is on its way",
         ORDER(PENDING, 0, 0, 0),
         {PAYMENT(SUCCESS, 1000, 400, 600)},
         .in_euro = "0",
         .want = ""},
	{"an unknown order whose payments came to nothing",
         .payments = {PAYMENT(FAILED, 0, 0, 0), PAYMENT(SUCCESS, 1000, 1000, 0),
                      PAYMENT(AUTHORIZED, 0, 0, 0)},
         .want = ""},
	{"processing, not for long",
         ORDER(PENDING, 0, 0, 0),
         {PAYMENT(PROCESSING, 0, 0, 0)},
         .want = ""},
	{"settled long ago", ORDER(PAID, 1000, 0, 0), {OLD(SUCCESS, 1000, 0, false)}, .want = ""},
	/* differences */
	{"an order that nobody heard of",
         .payments = {PAYMENT(SUCCESS, 1000, 100, 200), PAYMENT(SUCCESS, 1000, 0, 0)},
         .want = "paid_without_order pay_0 -1/700;paid_without_order pay_1 -1/1000;"},
	{"paid, and there is no payment", ORDER(PAID, 1000, 0, 0),
         .want = "order_paid_without_payment  1000/0;"},
	{"paid, and the payment failed",
         ORDER(PAID, 1000, 0, 0),
         {PAYMENT(FAILED, 0, 0, 0)},
         .want = "order_paid_without_payment  1000/0;"},
	{"paid in another currency",
         ORDER(PAID, 1000, 0, 0),
         {PAYMENT(SUCCESS, 1000, 0, 0)},
         .in_euro = "0",
         .want = "amount_mismatch pay_0 -1/1000;order_paid_without_payment  1000/0;"},
	{"not heard of a payment",
         ORDER(PENDING, 0, 0, 0),
         {PAYMENT(SUCCESS, 1000, 0, 0)},
         .want = "amount_mismatch  0/1000;"},
	{"not heard of one of two",
         ORDER(PENDING, 400, 0, 0),
         {PAYMENT(SUCCESS, 400, 0, 0), PAYMENT(SUCCESS, 1, 0, 0)},
         .want = "amount_mismatch  400/401;"},
	{"another amount held",
         ORDER(PENDING, 0, 999, 0),
         {PAYMENT(AUTHORIZED, 0, 0, 0)},
         .want = "amount_mismatch  999/1000;"},
	{"not heard of a refund",
         ORDER(PAID, 1000, 0, 0),
         {PAYMENT(SUCCESS, 1000, 300, 0)},
         .want = "refund_mismatch  0/300;"},
	{"a refund that the payment service does not know",
         ORDER(PAID, 1000, 0, 300),
         {PAYMENT(SUCCESS, 1000, 0, 0)},
         .want = "refund_mismatch  300/0;"},
	{"cancelled, and part of the money stays",
         ORDER(CANCELLED, 1000, 0, 500),
         {PAYMENT(SUCCESS, 1000, 500, 499)},
         .want = "refund_mismatch pay_0 0/1;"},
	{"cancelled, and money is held",
         ORDER(CANCELLED, 0, 1000, 0),
         {PAYMENT(AUTHORIZED, 0, 0, 0)},
         .want = "refund_mismatch pay_0 0/1000;"},
	{"processing for long",
         ORDER(PENDING, 0, 0, 0),
         {OLD(PROCESSING, 0, 0, false)},
         .want = "stuck_processing pay_0 0/1000;"},
	{"processing for long, of no order", .payments = {OLD(PROCESSING, 0, 0, false)},
         .want = "stuck_processing pay_0 -1/1000;"},
	{"a capture for long",
         ORDER(PENDING, 0, 1000, 0),
         {OLD(AUTHORIZED, 0, 0, true)},
         .want = "stuck_processing pay_0 0/1000;"},
	{"a void for long, of a cancelled order",
         ORDER(CANCELLED, 0, 1000, 0),
         {OLD(AUTHORIZED, 0, 0, true)},
         .want = "stuck_processing pay_0 0/1000;"},
	{"a refund for long",
         ORDER(PAID, 1000, 0, 0),
         {OLD(SUCCESS, 1000, 300, false)},
         .want = "stuck_processing pay_0 1000/300;"},
};

static void take(void *arg, const struct difference *difference)
{
	char *text = arg;
	size_t len = strlen(text);

	ck_assert_str_eq(difference->order_id, "o-1");
	(void)snprintf(text + len, TEXT_SIZE - len, "%s %s %lld/%lld;", difference->kind,
	               difference->payment_id, (long long)difference->order_minor,
	               (long long)difference->payment_minor);
}

START_TEST(exactly_what_differs_is_told)
{
	const struct currency *euro = currency_find(TEXT_LITERAL("EUR"));
	const struct currency *dollar = currency_find(TEXT_LITERAL("USD"));
	struct reconciled_order order = cases[_i].order;
	struct comparison comparison;
	char told[TEXT_SIZE] = "";

	order.currency = dollar;
	(void)snprintf(order.order_id, sizeof(order.order_id), "o-1");
	compare_begin(&comparison, cases[_i].has_order ? &order : NULL, NOW_US, take, told);
	for (size_t i = 0; i < PAYMENTS_MAX && cases[_i].payments[i].amount_minor > 0; i++) {
		struct reconciled_payment payment = cases[_i].payments[i];
		bool is_euro = cases[_i].in_euro != NULL && strchr(cases[_i].in_euro, '0' + (int)i);

		payment.currency = is_euro ? euro : dollar;
		(void)snprintf(payment.payment_id, sizeof(payment.payment_id), "pay_%zu", i);
		(void)snprintf(payment.order_id, sizeof(payment.order_id), "o-1");
		compare_payment(&comparison, &payment);
	}
	compare_end(&comparison);
	ck_assert_msg(strcmp(told, cases[_i].want) == 0, "%s: told \"%s\"", cases[_i].rule, told);
}
END_TEST

static Suite *reconcile_compare_suite(void)
{
	Suite *suite = suite_create("reconcile_compare");
	TCase *tcase = tcase_create("rules");

	tcase_add_loop_test(tcase, exactly_what_differs_is_told, 0, ARRAY_LEN(cases));
	suite_add_tcase(suite, tcase);
	return suite;
}

TEST_MAIN(reconcile_compare_suite)
