/* test_order_walk.c - random commands and payment events on one order, kept in memory as the store
 * would, the order created somewhere on the way: whatever comes, the invariants hold. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "order-service/order.h"
#include "unit/unit.h"

#define NOW_US INT64_C(1795408200123000)
#define WALKS 2000
#define STEPS 60
#define PAYMENTS 5
#define AMOUNT_MAX 12 /* small, so that the limits are met all the time */
/* ck_assert writes to a file each time, which is too slow for so many. */
#define HOLDS(fact) ((fact) ? (void)0 : ck_abort_msg("%s", #fact))

static struct order_view stored;
static struct order_payment told[PAYMENTS]; /* by the payment service, so far */
static int64_t seq, now_us;
static uint64_t random_state;

/* splitmix64 (Steele, Lea, Flood 2014). */
static int random_below(int bound)
{
	uint64_t z = random_state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return (int)((z ^ (z >> 31)) % (uint64_t)bound);
}

static const struct currency *random_currency(void)
{
	return currency_find(random_below(4) == 0 ? TEXT_LITERAL("EUR") : TEXT_LITERAL("USD"));
}

/* ---- the payment service ---- */

static void move_on(struct order_payment *payment)
{
	switch (payment->status) {
	case PAID_PROCESSING:
		payment->status = random_below(PAID_VOIDED);
		payment->captured_minor =
			payment->status == PAID_SUCCESS ? payment->amount_minor : 0;
		break;
	case PAID_AUTHORIZED:
		payment->status = random_below(3) == 0 ? PAID_VOIDED : PAID_SUCCESS;
		payment->captured_minor = payment->status == PAID_SUCCESS
		                                  ? 1 + random_below((int)payment->amount_minor)
		                                  : 0;
		break;
	case PAID_SUCCESS:
		payment->refunded_minor +=
			random_below((int)(payment->captured_minor - payment->refunded_minor) + 1);
		break;
	default: break;
	}
	payment->seq = ++seq;
}

static void start_payment(struct order_payment *payment, int number)
{
	*payment = (struct order_payment){.currency = random_currency(),
	                                  .amount_minor = 1 + random_below(AMOUNT_MAX)};
	payment->seq = ++seq;
	(void)snprintf(payment->payment_id, ID_SIZE, "pay_%d", number);
}

/* ---- what the store does ---- */

static void store(const struct order_outcome *outcome)
{
	const struct order *before = &stored.order;

	if (outcome->payment_is_changed) {
		size_t i = 0;

		while (i < stored.payments.count &&
		       strcmp(stored.payments.rows[i].payment_id, outcome->payment.payment_id) != 0)
			i++;
		stored.payments.rows[i] = outcome->payment;
		if (i == stored.payments.count)
			stored.payments.count++;
	}
	if (!outcome->is_new && !outcome->is_changed)
		return;
	HOLDS(outcome->is_new == !stored.order_known);
	/* Final states are final, what was paid stays so, and a settled amount stays settled. */
	if (stored.order_known) {
		HOLDS(before->state != ORDER_FULFILLED || outcome->order.state == ORDER_FULFILLED);
		HOLDS(before->state != ORDER_CANCELLED || outcome->order.state == ORDER_CANCELLED);
		HOLDS(before->state == ORDER_PENDING || outcome->order.state != ORDER_PENDING);
		HOLDS(before->amount_minor == MONEY_NONE ||
		      (before->amount_minor == outcome->order.amount_minor &&
		       before->currency == outcome->order.currency));
		HOLDS((outcome->event == ORDER_EVENT_NONE) ==
		      (before->state == outcome->order.state));
	}
	stored.order_known = true;
	stored.order = outcome->order;
}

static void tell(int number)
{
	struct order_payment_command command = {.order_id = "o-1"};
	struct order_outcome outcome = {0};

	command.payment = told[number];
	order_decide_payment(&stored, &command, now_us, &outcome);
	store(&outcome);
	outcome = (struct order_outcome){0};
	order_decide_payment(&stored, &command, now_us, &outcome);
	HOLDS(outcome.replays && !outcome.payment_is_changed && !outcome.is_changed);
}

static void create(void)
{
	const struct order_command command = {
		.order_id = "o-1",
		.currency = random_currency(),
		.amount_minor = random_below(3) == 0 ? MONEY_NONE : 1 + random_below(AMOUNT_MAX),
		.expires_in_s = random_below(2) * (1 + random_below(9))};
	struct order_outcome outcome = {0};

	if (stored.order_known)
		return;
	HOLDS(order_decide_create(&stored, &command, now_us, &outcome) == ERR_NONE);
	store(&outcome);
}

static void change(order_decide_fn *decide)
{
	const struct order_change_command command = {.order_id = "o-1"};
	struct order_outcome outcome = {0};
	char detail[ORDER_DETAIL_SIZE];
	int64_t kept_minor = stored.order.paid_minor - stored.order.refunded_minor;

	if (decide(&stored, &command, now_us, &outcome, detail) != ERR_NONE)
		return;
	if (outcome.event == ORDER_EVENT_FULFILLED)
		HOLDS(kept_minor >= stored.order.amount_minor);
	if (outcome.event == ORDER_EVENT_EXPIRED)
		HOLDS(stored.order.paid_minor == 0 && stored.order.authorized_minor == 0 &&
		      stored.order.expires_us <= now_us);
	store(&outcome);
}

static void step(void)
{
	int number = random_below(PAYMENTS);

	now_us += random_below(3) * US_PER_S;
	switch (random_below(24)) {
	case 0: create(); break;
	case 1: change(order_decide_cancel); break;
	case 2:
	case 3: change(order_decide_fulfill); break;
	case 4:
	case 5: change(order_decide_expire); break;
	default:
		if (told[number].seq == 0)
			start_payment(&told[number], number);
		else
			move_on(&told[number]);
		tell(number);
	}
}

static void check(void)
{
	const struct order *order = &stored.order;
	int64_t paid = 0, authorized = 0, refunded = 0;

	if (!stored.order_known)
		return;
	for (int i = 0; i < PAYMENTS; i++) {
		if (told[i].seq == 0 || told[i].currency != order->currency)
			continue;
		paid += told[i].captured_minor;
		refunded += told[i].refunded_minor;
		authorized += told[i].status == PAID_AUTHORIZED ? told[i].amount_minor : 0;
	}
	HOLDS(order->paid_minor == paid);
	HOLDS(order->authorized_minor == authorized);
	HOLDS(order->refunded_minor == refunded);
	if (order->state != ORDER_CANCELLED)
		HOLDS((order->state != ORDER_PENDING) ==
		      (order->amount_minor != MONEY_NONE && paid >= order->amount_minor));
	HOLDS(order->due_minor == MONEY_NONE || order->due_minor >= 0);
	HOLDS(order->overpaid_minor >= 0);
}

START_TEST(the_invariants_hold_on_every_walk)
{
	const char *seed = getenv("SEED");
	uint64_t first = seed != NULL ? strtoull(seed, NULL, 10) : (uint64_t)time(NULL);

	(void)printf("SEED=%" PRIu64 "\n", first);
	random_state = first;
	for (int walk = 0; walk < WALKS; walk++) {
		memset(&stored, 0, sizeof(stored));
		memset(told, 0, sizeof(told));
		seq = 0;
		now_us = NOW_US;
		for (int i = 0; i < STEPS; i++) {
			step();
			check();
		}
	}
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("order_walk");
	TCase *all = tcase_create("all");

	tcase_set_timeout(all, 120);
	tcase_add_test(all, the_invariants_hold_on_every_walk);
	suite_add_tcase(suite, all);
	return suite;
}

TEST_MAIN(make_suite)
