/* orders.c - many calls, and the count of their effects (orders.h). */
#include "e2e/orders.h"

#include "e2e/answers.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define REPEAT_CONNECTIONS 32

const struct order_call order_calls[ORDER_CALLS] = {
	{"payment-service", "/pay", "payment.captured"},
	{"order-service", "/order", "order.created"},
};

void orders_init(struct orders *orders, const struct order_call *call, const char *prefix,
                 size_t count)
{
	*orders = (struct orders){.call = call, .count = count};
	orders->fates = calloc(count, sizeof(*orders->fates));
	ck_assert_ptr_nonnull(orders->fates);
	(void)snprintf(orders->prefix, sizeof(orders->prefix), "%s", prefix);
}

void orders_release(struct orders *orders)
{
	free(orders->fates);
}

/* ---- sending ---- */

static void add_call(const struct orders *orders, uint64_t number, struct buf *out)
{
	char body[128];

	(void)snprintf(body, sizeof(body), "{\"order_id\":\"%s-%" PRIu64 "\",\"amount\":10.99}",
	               orders->prefix, number);
	load_post(out, orders->call->path, "", body);
}

static void make_call(void *arg, uint64_t number, struct buf *out)
{
	struct orders *orders = arg;

	orders->fates[number] = FATE_UNKNOWN;
	add_call(orders, number, out);
}

static void take_answer(void *arg, uint64_t number, int status, struct text body)
{
	struct orders *orders = arg;

	(void)body;
	if (status == 200)
		orders->fates[number] = FATE_DONE;
	else if (status == 503)
		orders->fates[number] = FATE_REFUSED;
	else
		ck_assert_msg(status == 0, "order %" PRIu64 ": status %d", number, status);
	if (status != 0 && ++orders->answers == orders->answers_before)
		service_signal(orders->service, orders->signal_number);
}

void orders_send(struct orders *orders, struct service *service, size_t connections,
                 uint64_t answers_before, int signal_number, struct load_result *result)
{
	const struct load_plan plan = {
		.port = service->port,
		.connections = connections,
		.requests = orders->count,
		.make = make_call,
		.answered = take_answer,
		.arg = orders,
	};

	orders->service = service;
	orders->answers_before = answers_before;
	orders->signal_number = signal_number;
	load_run(&plan, result);
}

/* ---- sending again ---- */

struct repeat {
	struct orders *orders;
	size_t *numbers; /* of those without an answer */
	size_t count;
};

static void make_again(void *arg, uint64_t number, struct buf *out)
{
	const struct repeat *repeat = arg;

	add_call(repeat->orders, repeat->numbers[number], out);
}

static void take_again(void *arg, uint64_t number, int status, struct text body)
{
	const struct repeat *repeat = arg;
	size_t order = repeat->numbers[number];

	ck_assert_msg(status == 200, "order %zu again: status %d %.*s", order, status,
	              (int)body.len, body.ptr);
	repeat->orders->fates[order] = FATE_DONE;
}

void orders_repeat(struct orders *orders, int port)
{
	struct repeat repeat = {.orders = orders,
	                        .numbers = calloc(orders->count, sizeof(*repeat.numbers))};
	struct load_result result;

	ck_assert_ptr_nonnull(repeat.numbers);
	for (size_t i = 0; i < orders->count; i++)
		if (orders->fates[i] == FATE_UNKNOWN)
			repeat.numbers[repeat.count++] = i;
	const struct load_plan plan = {
		.port = port,
		.connections = REPEAT_CONNECTIONS,
		.requests = repeat.count,
		.make = make_again,
		.answered = take_again,
		.arg = &repeat,
	};
	load_run(&plan, &result);
	ck_assert_uint_eq(result.answered, repeat.count);
	free(repeat.numbers);
}

/* ---- counting ---- */

/* The number of the order that the event is about; false: it is not one of these orders. */
static bool order_number(const struct orders *orders, const cJSON *event, size_t *ret_number)
{
	const cJSON *member = cJSON_GetObjectItemCaseSensitive(event, "subject");
	const char *subject = cJSON_GetStringValue(member);
	size_t length = strlen(orders->prefix);

	ck_assert_ptr_nonnull(subject);
	if (strncmp(subject, orders->prefix, length) != 0 || subject[length] != '-')
		return false;
	*ret_number = strtoul(subject + length + 1, NULL, 10);
	ck_assert_uint_lt(*ret_number, orders->count);
	return true;
}

static void count_page(const struct orders *orders, const cJSON *events, unsigned *counts)
{
	const cJSON *event;
	size_t number;

	ck_assert(cJSON_IsArray(events));
	cJSON_ArrayForEach (event, events)
		if (order_number(orders, event, &number))
			counts[number]++;
}

static void count_effects(const struct orders *orders, int port, unsigned *counts)
{
	struct client client;
	int64_t next = 0;
	char path[128];

	client_open(&client, port);
	do {
		(void)snprintf(path, sizeof(path), "/events?limit=1000&types=%s&after=%" PRId64,
		               orders->call->effect, next);
		get(&client, path, NULL, 200);
		count_page(orders, answer_member(&client, "events"), counts);
		next = answer_int(&client, "next");
	} while (next < answer_int(&client, "head"));
	client_close(&client);
}

void orders_check(const struct orders *orders, int port)
{
	unsigned *counts = calloc(orders->count, sizeof(*counts));

	ck_assert_ptr_nonnull(counts);
	count_effects(orders, port, counts);
	for (size_t i = 0; i < orders->count; i++) {
		unsigned wanted = orders->fates[i] == FATE_DONE ? 1 : 0;
		ck_assert_msg(counts[i] == wanted, "order %s-%zu has fate %d and %u effects",
		              orders->prefix, i, (int)orders->fates[i], counts[i]);
	}
	free(counts);
}
