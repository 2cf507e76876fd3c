/* test_linked_kill.c - either service, or both, killed at random under load: what was answered is
 * there, once, and both agree in the end. */
#include "e2e/agree.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#define ROUNDS 8
#define ORDERS_A_ROUND 640
#define ORDERS_MAX (5 * ROUNDS * ORDERS_A_ROUND)
#define CONNECTIONS 16
#define BLOCK 8 /* orders, of which the first is cancelled */

/* UNKNOWN: sent, and not answered or not executed. REFUSED: for what was known then. */
enum fate { FATE_UNSENT, FATE_UNKNOWN, FATE_DONE, FATE_REFUSED };

/* An order of 100 and its payments of 60 and 40. */
struct fates {
	unsigned char ordered, paid[2];
};
static const int parts[] = {60, 40};

/* Shared with the processes that send. */
static struct fates *fates;
static uint64_t first, count; /* orders of the present round */

static unsigned char fate_of(int status)
{
	return status == 200                  ? FATE_DONE
	       : status == 0 || status == 503 ? FATE_UNKNOWN
	                                      : FATE_REFUSED;
}

static bool is_cancelled(uint64_t number)
{
	return number % BLOCK == 0;
}

/* ---- what is sent ---- */

static void add_order(uint64_t number, struct buf *out)
{
	char body[128];

	fates[number].ordered = FATE_UNKNOWN;
	(void)snprintf(body, sizeof(body), "{\"order_id\":\"k-%" PRIu64 "\",\"amount\":100}",
	               number);
	load_post(out, "/order", "", body);
}

static void add_cancel(uint64_t number, struct buf *out)
{
	char path[128];

	(void)snprintf(path, sizeof(path), "/orders/k-%" PRIu64 "/cancel", number);
	load_post(out, path, "", "{}");
}

/* One that was refused is another attempt. */
static void add_payment(uint64_t number, size_t part, struct buf *out)
{
	char key[128], body[128];
	unsigned char *fate = &fates[number].paid[part];

	(void)snprintf(key, sizeof(key), "Idempotency-Key: k-%" PRIu64 "-%d%s\r\n", number,
	               parts[part], *fate == FATE_REFUSED ? "-again" : "");
	*fate = FATE_UNKNOWN;
	(void)snprintf(body, sizeof(body), "{\"order_id\":\"k-%" PRIu64 "\",\"amount\":%d}", number,
	               parts[part]);
	load_post(out, "/pay", key, body);
}

/* After each block of orders its first is cancelled. */
static void make_order(void *arg, uint64_t request, struct buf *out)
{
	uint64_t block = first + request / (BLOCK + 1) * BLOCK, at = request % (BLOCK + 1);

	(void)arg;
	if (at == BLOCK)
		add_cancel(block, out);
	else
		add_order(block + at, out);
}

static void take_order(void *arg, uint64_t request, int status, struct text body)
{
	uint64_t block = first + request / (BLOCK + 1) * BLOCK, at = request % (BLOCK + 1);

	(void)arg;
	ck_assert_msg(status == 0 || status == 200 || status == 503 ||
	                      (at == BLOCK && status == 404),
	              "%d %.*s", status, (int)body.len, body.ptr);
	if (at < BLOCK)
		fates[block + at].ordered = fate_of(status);
}

static void make_payment(void *arg, uint64_t request, struct buf *out)
{
	(void)arg;
	add_payment(first + request / 2, request % 2, out);
}

static void take_payment(void *arg, uint64_t request, int status, struct text body)
{
	(void)arg;
	ck_assert_msg(status == 0 || status == 200 || status == 409 || status == 422 ||
	                      status == 503,
	              "%d %.*s", status, (int)body.len, body.ptr);
	fates[first + request / 2].paid[request % 2] = fate_of(status);
}

static struct load_plan order_plan(void)
{
	return (struct load_plan){.port = order_service.port,
	                          .connections = CONNECTIONS,
	                          .requests = count / BLOCK * (BLOCK + 1),
	                          .make = make_order,
	                          .answered = take_order};
}

static struct load_plan payment_plan(void)
{
	return (struct load_plan){.port = payment_service.port,
	                          .connections = CONNECTIONS,
	                          .requests = count * 2,
	                          .make = make_payment,
	                          .answered = take_payment};
}

/* ---- rounds ---- */

static void kill_one(struct chance *chance)
{
	static struct service *const services[] = {&payment_service, &order_service};
	size_t which = chance_below(chance, 3); /* 2: both */
	struct service *service = services[which % 2], *other = services[1 - which % 2];

	linked_kill_after(service, 1 + chance_below(chance, count));
	if (which == 2)
		linked_kill(other);
	linked_run(service, NULL);
	if (which == 2)
		linked_run(other, NULL);
}

static void run_round(struct chance *chance)
{
	const struct load_plan orders = order_plan(), payments = payment_plan();
	pid_t ordering = linked_send(&orders), paying = linked_send(&payments);

	kill_one(chance);
	linked_join(ordering);
	linked_join(paying);
}

/* ---- the end ---- */

static int64_t paid_of(void)
{
	return llround(answer_member(&order, "amount_paid")->valuedouble);
}

/* Each part counts once, or not at all where it was not answered. */
static void check_paid(uint64_t number)
{
	int64_t paid = paid_of(), least = 0, most = 0;
	bool fits = false;

	for (size_t part = 0; part < ARRAY_LEN(parts); part++) {
		unsigned char fate = fates[number].paid[part];

		least += fate == FATE_DONE ? parts[part] : 0;
		most += fate == FATE_DONE || fate == FATE_UNKNOWN ? parts[part] : 0;
	}
	fits = paid == least || paid == most ||
	       (least == 0 && most == 100 && (paid == parts[0] || paid == parts[1]));
	ck_assert_msg(fits, "k-%" PRIu64 ": paid %" PRId64 ", %" PRId64 " to %" PRId64 " sent",
	              number, paid, least, most);
}

static void check_orders(uint64_t total, bool are_paid)
{
	char path[64];

	for (uint64_t number = 0; number < total; number++) {
		if (fates[number].ordered != FATE_DONE)
			continue;
		(void)snprintf(path, sizeof(path), "/orders/k-%" PRIu64, number);
		get(&order, path, NULL, 200);
		if (are_paid)
			check_paid(number);
	}
}

/* Sends all again, each call as often as it is not executed; repeats change nothing. */
static void repeat_all(struct load_plan plan)
{
	struct load_result result;

	load_run(&plan, &result);
	ck_assert_uint_eq(result.answered, plan.requests);
	ck_assert_uint_eq(result.by_status[503], 0);
}

static void check_all_is_paid(void)
{
	for (uint64_t number = 0; number < count; number++) {
		const struct fates *at = &fates[number];

		ck_assert_int_eq(at->ordered, FATE_DONE);
		if (!is_cancelled(number))
			ck_assert_msg(at->paid[0] == FATE_DONE && at->paid[1] == FATE_DONE,
			              "k-%" PRIu64 " is not paid", number);
	}
}

START_TEST(what_was_answered_survives_kills_and_both_agree)
{
	uint64_t rounds = scaled(ROUNDS), total = rounds * ORDERS_A_ROUND;
	struct chance chance;

	ck_assert_uint_le(total, ORDERS_MAX);
	fates = mmap(NULL, ORDERS_MAX * sizeof(*fates), PROT_READ | PROT_WRITE,
	             MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert(fates != MAP_FAILED);
	chance_init(&chance);
	count = ORDERS_A_ROUND;
	for (first = 0; first < total; first += ORDERS_A_ROUND)
		run_round(&chance);
	first = 0;
	count = total;
	check_orders(total, false);
	repeat_all(order_plan());
	check_agree();
	check_orders(total, true);
	repeat_all(payment_plan());
	check_all_is_paid();
	check_agree();
	check_orders(total, true);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("linked kill");
	TCase *tcase = tcase_create("kill");

	tcase_set_timeout(tcase, 600);
	tcase_add_checked_fixture(tcase, linked_start, linked_stop);
	tcase_add_test(tcase, what_was_answered_survives_kills_and_both_agree);
	suite_add_tcase(suite, tcase);
	return suite;
}

TEST_MAIN(make_suite)
