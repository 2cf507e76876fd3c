/* orders.c - many payments, and the count of what is left of them (orders.h). */
#include "e2e/orders.h"

#include <inttypes.h>
#include <stdio.h>

#define CHECK_CONNECTIONS 32

void orders_init(struct orders *orders, const char *prefix, size_t count)
{
	*orders = (struct orders){.fates = calloc(count, sizeof(*orders->fates)), .count = count};
	ck_assert_ptr_nonnull(orders->fates);
	(void)snprintf(orders->prefix, sizeof(orders->prefix), "%s", prefix);
}

void orders_release(struct orders *orders)
{
	free(orders->fates);
}

static void make_payment(void *arg, uint64_t number, struct buf *out)
{
	struct orders *orders = arg;
	char body[128];

	orders->fates[number] = FATE_UNKNOWN;
	(void)snprintf(body, sizeof(body), "{\"order_id\":\"%s-%" PRIu64 "\",\"amount\":10.99}",
	               orders->prefix, number);
	load_post(out, "/pay", "", body);
}

static void take_answer(void *arg, uint64_t number, int status, struct text body)
{
	struct orders *orders = arg;

	(void)body;
	if (status == 200)
		orders->fates[number] = FATE_PAID;
	else if (status == 503)
		orders->fates[number] = FATE_REFUSED;
	else
		ck_assert_msg(status == 0, "order %" PRIu64 ": status %d", number, status);
	if (status != 0 && ++orders->answers == orders->answers_before)
		service_signal(orders->service, orders->signal_number);
}

void orders_pay(struct orders *orders, struct service *service, size_t connections,
                uint64_t answers_before, int signal_number, struct load_result *result)
{
	const struct load_plan plan = {
		.port = service->port,
		.connections = connections,
		.requests = orders->count,
		.make = make_payment,
		.answered = take_answer,
		.arg = orders,
	};

	orders->service = service;
	orders->answers_before = answers_before;
	orders->signal_number = signal_number;
	load_run(&plan, result);
}

/* ---- afterwards ---- */

struct check {
	const struct orders *orders;
	size_t *sent; /* the numbers of those that were sent, in order */
	size_t sent_count;
};

static void make_question(void *arg, uint64_t number, struct buf *out)
{
	const struct check *check = arg;
	char path[128];

	(void)snprintf(path, sizeof(path), "/payments?order_id=%s-%zu", check->orders->prefix,
	               check->sent[number]);
	load_get(out, path);
}

static void take_payments(void *arg, uint64_t number, int status, struct text body)
{
	const struct check *check = arg;
	size_t order = check->sent[number];
	enum fate fate = check->orders->fates[order];
	cJSON *json = cJSON_ParseWithLength(body.ptr, body.len);
	const cJSON *data = cJSON_GetObjectItemCaseSensitive(json, "data");

	ck_assert_int_eq(status, 200);
	ck_assert(cJSON_IsArray(data));
	int count = cJSON_GetArraySize(data);
	cJSON_Delete(json);
	ck_assert_msg(count <= 1, "order %zu has %d payments", order, count);
	ck_assert_msg(count == 1 || fate != FATE_PAID, "order %zu was acknowledged and is lost",
	              order);
	ck_assert_msg(count == 0 || fate != FATE_REFUSED, "order %zu was refused and is paid",
	              order);
}

void orders_check(const struct orders *orders, int port)
{
	struct check check = {.orders = orders, .sent = calloc(orders->count, sizeof(*check.sent))};
	struct load_result result;

	ck_assert_ptr_nonnull(check.sent);
	for (size_t i = 0; i < orders->count; i++)
		if (orders->fates[i] != FATE_UNSENT)
			check.sent[check.sent_count++] = i;
	const struct load_plan plan = {
		.port = port,
		.connections = CHECK_CONNECTIONS,
		.requests = check.sent_count,
		.make = make_question,
		.answered = take_payments,
		.arg = &check,
	};
	load_run(&plan, &result);
	ck_assert_uint_eq(result.answered, check.sent_count);
	free(check.sent);
}
