/* test_parallel.c - calls that arrive at the same moment have the effect of one. */
#include "e2e/client.h"
#include "e2e/harness.h"
#include "e2e/load.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define CALLERS_MAX 50
#define ROUNDS 20

/* How each of the parallel calls differs from the others, and what is right for them. */
enum sameness { SAME_KEY, NO_KEY, OWN_KEY, OWN_AMOUNT };

struct call_row {
	const char *name;
	const char *service, *path;
	enum sameness sameness;
	size_t callers;
	const char *refusal; /* all but one get this problem; NULL: all get the same answer, byte
	                        for byte */
};

#define PAY "payment-service", "/pay"
#define ORDER "order-service", "/order"

static const struct call_row rows[] = {
	{"one key: one payment", PAY, SAME_KEY, 50, NULL},
	{"no key: one payment", PAY, NO_KEY, 50, NULL},
	{"a key each: one is paid", PAY, OWN_KEY, 30, "/problems/order-already-paid"},
	{"an amount each: one is paid", PAY, OWN_AMOUNT, 30, "/problems/order-already-paid"},
	{"one key: one order", ORDER, SAME_KEY, 50, NULL},
	{"no key: one order", ORDER, NO_KEY, 50, NULL},
	{"a key each: one order", ORDER, OWN_KEY, 50, NULL},
	{"an amount each: one is accepted", ORDER, OWN_AMOUNT, 30, "/problems/order-exists"},
};

struct burst {
	const struct call_row *row;
	size_t round;
	char body[1024]; /* of the first success */
	size_t successes;
};

static void make_call(void *arg, uint64_t number, struct buf *out)
{
	const struct burst *burst = arg;
	char body[128], key[128] = "";

	(void)snprintf(body, sizeof(body), "{\"order_id\":\"o-%zu\",\"amount\":%" PRIu64 ".99}",
	               burst->round, burst->row->sameness == OWN_AMOUNT ? number : 10);
	if (burst->row->sameness == SAME_KEY)
		(void)snprintf(key, sizeof(key), "Idempotency-Key: k-%zu\r\n", burst->round);
	if (burst->row->sameness == OWN_KEY)
		(void)snprintf(key, sizeof(key), "Idempotency-Key: k-%zu-%" PRIu64 "\r\n",
		               burst->round, number);
	load_post(out, burst->row->path, key, body);
}

static void check_answer(void *arg, uint64_t number, int status, struct text body)
{
	struct burst *burst = arg;
	const struct call_row *row = burst->row;
	char text[1024];

	(void)number;
	(void)snprintf(text, sizeof(text), "%.*s", (int)body.len, body.ptr);
	if (status != 200) {
		ck_assert_msg(status == 409 && row->refusal != NULL, "%s: %d %s", row->name, status,
		              text);
		ck_assert_msg(strstr(text, row->refusal) != NULL, "%s: %s", row->name, text);
		return;
	}
	if (burst->successes++ == 0)
		(void)snprintf(burst->body, sizeof(burst->body), "%s", text);
	ck_assert_msg(burst->successes == 1 || row->refusal == NULL, "%s: a second success",
	              row->name);
	ck_assert_str_eq(text, burst->body);
}

/* Each round has made one event. */
static void check_stored(struct client *client, const struct burst *burst)
{
	char path[128];

	(void)snprintf(path, sizeof(path), "/events?limit=1000&after=%zu", burst->round);
	ck_assert_int_eq(client_send(client, "GET", path, NULL, NULL), 200);
	const cJSON *events = cJSON_GetObjectItemCaseSensitive(client->json, "events");
	ck_assert_int_eq(cJSON_GetArraySize(events), 1);
	(void)snprintf(path, sizeof(path), "o-%zu", burst->round);
	ck_assert_str_eq(cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(
				 cJSON_GetArrayItem(events, 0), "subject")),
	                 path);
}

START_TEST(parallel_calls_have_one_effect)
{
	struct burst burst = {.row = &rows[_i]};
	struct load_plan plan = {
		.connections = rows[_i].callers,
		.requests = rows[_i].callers,
		.make = make_call,
		.answered = check_answer,
		.arg = &burst,
	};
	struct load_result result;
	struct service service;
	struct client client;

	service_init(&service, rows[_i].service);
	service_start(&service, NULL);
	client_open(&client, service.port);
	plan.port = service.port;
	for (burst.round = 0; burst.round < ROUNDS; burst.round++) {
		burst.successes = 0;
		load_run(&plan, &result);
		ck_assert_uint_eq(result.answered, plan.requests);
		ck_assert_uint_ge(burst.successes, 1);
		check_stored(&client, &burst);
	}
	client_close(&client);
	service_release(&service);
}
END_TEST

static Suite *parallel_suite(void)
{
	Suite *suite = suite_create("parallel");
	TCase *tcase = tcase_create("calls");

	tcase_set_timeout(tcase, 300);
	tcase_add_loop_test(tcase, parallel_calls_have_one_effect, 0, (int)ARRAY_LEN(rows));
	suite_add_tcase(suite, tcase);
	return suite;
}

TEST_MAIN(parallel_suite)
