/* test_payment_walk.c - random commands and answers on one order of several payments, and what is
 * told of the order, kept in memory as the store would: whatever comes, in whatever order, the
 * invariants of its money hold.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "payment-service/known_order.h"
#include "payment-service/operation.h"
#include "unit/unit.h"

#define NOW_US INT64_C(1795408200123000)
#define WALKS 400
#define STEPS 300
#define AMOUNT_MAX 12 /* small, so that the limits are met all the time */
/* ck_assert writes to a file each time, which is too slow for so many. */
#define HOLDS(fact) ((fact) ? (void)0 : ck_abort_msg("%s", #fact))
#define REFUNDS_MAX (PAYMENTS_PER_ORDER_MAX * REFUNDS_PER_PAYMENT_MAX)

/* What is stored. */
static struct payment payments[PAYMENTS_PER_ORDER_MAX];
static struct refund refunds[REFUNDS_MAX];
static int payments_count, refunds_count;
static int64_t last_seq;
/* Balance of each account, of each payment. */
static int64_t balances[PAYMENTS_PER_ORDER_MAX][ACCOUNT_COUNT];
static int reversals[PAYMENTS_PER_ORDER_MAX];

/* What was heard of the order, and whether each payment is to be given back. */
static struct order_heard heard;
static bool returns[PAYMENTS_PER_ORDER_MAX];
static int64_t excess_minor;

static uint64_t random_state;

/* splitmix64 (Steele, Lea, Flood 2014). */
static int random_below(int bound)
{
	uint64_t z = random_state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return (int)((z ^ (z >> 31)) % (uint64_t)bound);
}

static struct decision random_decision(int verdicts)
{
	return (struct decision){.verdict = (enum verdict)random_below(verdicts),
	                         .reference = "sbx_1"};
}

/* ---- what the store does ---- */

static void store_refund(const struct payment_outcome *outcome)
{
	int64_t key = outcome->refund.refund_key;
	int place = 0;

	while (place < refunds_count && refunds[place].refund_key != key)
		place++;
	HOLDS((place == refunds_count) == outcome->refund_is_new);
	/* Final states never change. */
	HOLDS(outcome->refund_is_new || refunds[place].status == REFUND_PROCESSING);
	refunds_count += outcome->refund_is_new ? 1 : 0;
	refunds[place] = outcome->refund;
	if (outcome->asks)
		refunds[place].intent_key = last_seq;
}

static void store(const struct payment_outcome *outcome, int number)
{
	struct payment *payment = &payments[number];
	bool is_final = payment->status == PAYMENT_FAILED || payment->status == PAYMENT_SUCCESS ||
	                payment->status == PAYMENT_VOIDED;

	HOLDS(!is_final || outcome->is_new || outcome->payment.status == payment->status);
	*payment = outcome->payment;
	last_seq++;
	if (outcome->asks && outcome->operation != OPERATION_REFUND) {
		HOLDS(payment->intent_key == 0);
		payment->intent_key = last_seq;
	}
	if (outcome->asks && outcome->operation == OPERATION_REVERSE)
		reversals[number]++;
	if (outcome->has_refund)
		store_refund(outcome);
	for (size_t i = 0; i < outcome->transfers_count; i++) {
		const struct transfer *transfer = &outcome->transfers[i];

		balances[number][transfer_accounts[transfer->kind].debit] += transfer->amount_minor;
		balances[number][transfer_accounts[transfer->kind].credit] -=
			transfer->amount_minor;
	}
}

static void apply(enum error error, const struct payment_outcome *outcome, int number)
{
	bool is_refusal = error != ERR_NONE && error != ERR_PAYMENT_DECLINED;
	bool writes = outcome->is_new || outcome->is_changed;

	HOLDS(!(writes && (is_refusal || outcome->replays)));
	HOLDS(writes == (outcome->event_type != NULL));
	HOLDS(writes || (!outcome->asks && outcome->transfers_count == 0));
	if (writes)
		store(outcome, number);
}

/* ---- steps ---- */

static struct payment_moment moment(void)
{
	static const uint8_t random_bytes[ULID_RANDOM_BYTES] = "0123456789";

	return (struct payment_moment){.now_us = NOW_US, .random = random_bytes};
}

/* Mostly one of them. */
static const struct currency *random_currency(void)
{
	return currency_find(random_below(8) > 0 ? TEXT_LITERAL("USD") : TEXT_LITERAL("EUR"));
}

static void pay(void)
{
	const struct payment_moment now = moment();
	const struct pay_command command = {
		.order_id = "o-1",
		.currency = random_currency(),
		.amount_minor = 1 + random_below(AMOUNT_MAX),
		.capture = random_below(2),
		.decision = random_decision(VERDICT_DECLINED + 1),
		.has_key = random_below(2) == 0,
	};
	struct payment_view view = {.heard = heard};
	struct payment_outcome outcome = {0};
	char detail[PAYMENT_DETAIL_SIZE] = "";
	enum error error;

	for (int i = payments_count - 1; i >= 0; i--)
		(void)payment_view_add(&view, &payments[i]);
	error = payment_decide_pay(&view, &command, &now, &outcome, detail);
	if (outcome.is_new) {
		HOLDS(payments_count < PAYMENTS_PER_ORDER_MAX);
		HOLDS(outcome.payment.payment_key == payments_count);
		HOLDS(heard.end == ORDER_LIVES);
		HOLDS(heard.total_minor == 0 || heard.currency == command.currency);
		outcome.payment.payment_key += PAYMENT_KEYS_PER_ORDER;
	}
	apply(error, &outcome, outcome.is_new ? payments_count++ : 0);
}

/* The order service's word: a creation, or, seldom, an end. */
static void tell(void)
{
	struct known_order_command command = {.order_id = "o-1"};
	struct known_order_view view = {0};
	struct known_order_outcome outcome = {0};
	char detail[PAYMENT_DETAIL_SIZE] = "";

	if (random_below(4) == 0)
		command.heard.end = ORDER_CANCELLED;
	else
		command.heard = (struct order_heard){
			.currency = random_currency(),
			.total_minor = random_below(2 * AMOUNT_MAX),
		};
	known_order_view_begin(&view, &heard, &command);
	for (int i = payments_count - 1; i >= 0; i--)
		known_order_view_add(&view, &payments[i]);
	if (known_order_decide(&view, &command, &outcome, detail) != ERR_NONE)
		return;
	HOLDS(outcome.is_changed || outcome.heard.end == heard.end);
	heard = outcome.heard;
	excess_minor += outcome.excess_minor;
	for (int i = 0; i < payments_count && outcome.is_changed; i++)
		returns[i] = returns[i] || view.returns[i];
}

/* Mostly the last payment: the others have ended. */
static int random_payment(void)
{
	return random_below(3) > 0 ? payments_count - 1 : random_below(payments_count);
}

static int random_refund(int number)
{
	int first = refunds_count == 0 ? 0 : random_below(refunds_count);

	for (int i = 0; i < refunds_count; i++) {
		int place = (first + i) % refunds_count;

		if (refunds[place].refund_key / REFUND_KEYS_PER_PAYMENT ==
		    payments[number].payment_key)
			return place;
	}
	return -1;
}

/* An answer may be to what is open, come twice, or be about what was never asked. */
static void operate(void)
{
	static operation_decide_fn *const decides[] = {
		operation_decide_capture, operation_decide_void,   operation_decide_refund,
		operation_decide_refund,  operation_decide_sync,   operation_decide_redact,
		operation_decide_resolve, operation_decide_answer, operation_decide_answer,
		operation_decide_answer,
	};
	operation_decide_fn *decide = decides[random_below((int)ARRAY_LEN(decides))];
	bool answers = decide == operation_decide_answer,
	     resolves = decide == operation_decide_resolve;
	const struct payment_moment now = moment();
	int number = random_payment(), refund = random_refund(number);
	struct operation_view view = {
		.found = true,
		.payment = payments[number],
		.decision = random_decision(VERDICT_DECLINED + 1),
	};
	struct operation_command command = {
		.amount = {random_below(3) == 0 ? -1 : 1 + random_below(AMOUNT_MAX), 2},
		.has_key = random_below(2) == 0,
		.operation = (enum operation)random_below(OPERATION_COUNT),
		.decision = random_decision(resolves ? 2 : 3),
	};
	struct payment_outcome outcome = {0};
	char detail[PAYMENT_DETAIL_SIZE] = "";
	enum error error;

	command.decision.verdict++; /* never VERDICT_OPEN */
	if (refund >= 0 && random_below(2) == 0) {
		view.refund_found = true;
		view.refund = refunds[refund];
		text_copy(text_of(view.refund.refund_id), command.refund_id, ID_SIZE);
		if (answers)
			command.operation = OPERATION_REFUND;
	} else if (answers && command.operation == OPERATION_REFUND) {
		return; /* about no refund */
	}
	error = decide(&view, &command, &now, &outcome, detail);
	apply(error, &outcome, number);
}

/* ---- what holds after each ---- */

static int64_t claim(const struct payment *payment)
{
	if (payment->status == PAYMENT_SUCCESS)
		return payment->captured_minor;
	return payment->status == PAYMENT_PROCESSING || payment->status == PAYMENT_AUTHORIZED
	               ? payment->amount_minor
	               : 0;
}

static void check_amounts(const struct payment *payment, const int64_t *balance)
{
	int64_t held_minor = payment->status == PAYMENT_AUTHORIZED ? payment->amount_minor : 0;
	int64_t left_minor = payment->captured_minor - payment->refunded_minor;

	HOLDS(payment->refunded_minor >= 0);
	HOLDS(payment->refund_pending_minor >= 0);
	HOLDS(left_minor >= payment->refund_pending_minor);
	HOLDS(payment->captured_minor <= payment->amount_minor);
	HOLDS(payment->refundable_minor == left_minor - payment->refund_pending_minor);
	HOLDS(balance[ACCOUNT_AUTHORIZED_AT_PROCESSOR] == held_minor);
	HOLDS(balance[ACCOUNT_HELD_FOR_MERCHANT] == -held_minor);
	HOLDS(balance[ACCOUNT_PROCESSOR] == left_minor);
	HOLDS(balance[ACCOUNT_MERCHANT] == -left_minor);
}

/* As the schema's CHECKs have it. */
static void check_state(const struct payment *payment)
{
	bool is_pending = payment->pending_operation != OPERATION_NONE;
	bool is_open = payment->intent_key > 0;

	HOLDS((payment->status == PAYMENT_SUCCESS) == (payment->captured_minor > 0));
	HOLDS((payment->status == PAYMENT_FAILED) == (payment->decline_code.ptr != NULL));
	HOLDS(is_pending == (payment->pending_minor > 0));
	HOLDS(!is_pending || payment->status == PAYMENT_AUTHORIZED);
	HOLDS(!payment->is_reversed || payment->status == PAYMENT_FAILED);
	switch ((enum payment_status)payment->status) {
	case PAYMENT_PROCESSING: HOLDS(is_open); break;
	case PAYMENT_AUTHORIZED: HOLDS(is_open == is_pending); break;
	case PAYMENT_FAILED: HOLDS(!is_open || payment->is_reversed); break;
	case PAYMENT_SUCCESS:
	case PAYMENT_VOIDED: HOLDS(!is_open); break;
	}
}

static void check_refunds(int number)
{
	int64_t refunded_minor = 0, pending_minor = 0;
	int count = 0;

	for (int i = 0; i < refunds_count; i++) {
		const struct refund *refund = &refunds[i];

		if (refund->refund_key / REFUND_KEYS_PER_PAYMENT != payments[number].payment_key)
			continue;
		count++;
		refunded_minor += refund->status == REFUND_SUCCESS ? refund->amount_minor : 0;
		pending_minor += refund->status == REFUND_PROCESSING ? refund->amount_minor : 0;
		HOLDS((refund->status == REFUND_PROCESSING) == (refund->intent_key > 0));
		HOLDS((refund->status == REFUND_FAILED) == (refund->decline_code.ptr != NULL));
	}
	HOLDS(payments[number].refunds_count == count);
	HOLDS(payments[number].refunded_minor == refunded_minor);
	HOLDS(payments[number].refund_pending_minor == pending_minor);
}

/* No payment comes to be given back later than by the word on its order; one that has nothing to be
 * kept any more stays so. */
static void check_return(int number)
{
	const struct payment *payment = &payments[number];

	if (payment_keeps_money(payment))
		HOLDS(known_order_returns(&heard, payment) == returns[number]);
	else
		HOLDS(payment->refundable_minor == 0 && payment->refund_pending_minor == 0);
}

static void check_all(void)
{
	int64_t claimed_minor = 0, total_minor = heard.total_minor;
	int natural = 0;

	for (int i = 0; i < payments_count; i++) {
		int64_t claims = claim(&payments[i]);

		check_amounts(&payments[i], balances[i]);
		check_state(&payments[i]);
		check_refunds(i);
		check_return(i);
		if (known_order_is_in_other_currency(&heard, payments[i].currency))
			continue;
		HOLDS(reversals[i] <= 1);
		HOLDS(reversals[i] == payments[i].is_reversed);
		total_minor = total_minor == 0 ? claims : total_minor;
		claimed_minor += claims;
		natural += claims > 0 && !payments[i].has_key ? 1 : 0;
	}
	HOLDS(claimed_minor <= total_minor + excess_minor);
	HOLDS(natural <= 1);
}

static uint64_t seed_of(void)
{
	const char *given = getenv("SEED");

	return given == NULL ? (uint64_t)time(NULL) : strtoull(given, NULL, 10);
}

static void walk(void)
{
	payments_count = refunds_count = 0;
	last_seq = 0;
	memset(balances, 0, sizeof(balances));
	memset(reversals, 0, sizeof(reversals));
	memset(payments, 0, sizeof(payments));
	memset(returns, 0, sizeof(returns));
	heard = (struct order_heard){0};
	excess_minor = 0;
	for (int step = 0; step < STEPS; step++) {
		if (payments_count == 0 || random_below(6) == 0)
			pay();
		else if (random_below(60) == 0)
			tell();
		else
			operate();
		check_all();
	}
}

START_TEST(money_is_right_whatever_comes_in_whatever_order)
{
	uint64_t seed = seed_of();

	printf("SEED=%" PRIu64 "\n", seed);
	(void)fflush(stdout);
	random_state = seed;
	for (int i = 0; i < WALKS; i++)
		walk();
}
END_TEST

static Suite *payment_walk_suite(void)
{
	Suite *suite = suite_create("payment_walk");
	TCase *tests = tcase_create("payment_walk");

	tcase_add_test(tests, money_is_right_whatever_comes_in_whatever_order);
	suite_add_tcase(suite, tests);
	return suite;
}

TEST_MAIN(payment_walk_suite)
