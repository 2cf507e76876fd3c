/* test_restart.c - a stored answer is given again byte for byte, also after the daemon was
 * restarted or killed. */
#include "e2e/client.h"
#include "e2e/harness.h"

#include <stdio.h>
#include <string.h>

static const struct {
	const char *name, *service, *path, *key, *body;
	int status;
} calls[] = {
	{"a payment", "payment-service", "/pay", "Idempotency-Key: paid",
         "{\"order_id\":\"o-1\",\"amount\":99.99,\"metadata\":{\"b\":\"2\",\"a\":\"1\"}}", 200},
	{"a payment without a key", "payment-service", "/pay", NULL,
         "{\"order_id\":2,\"amount\":0.01}", 200},
	{"a declined payment", "payment-service", "/pay", "Idempotency-Key: declined",
         "{\"order_id\":\"o-3\",\"amount\":5,\"payment_method\":\"pm_declined\"}", 402},
	{"a refusal by stored state", "payment-service", "/pay", "Idempotency-Key: refused",
         "{\"order_id\":\"o-1\",\"amount\":99.99}", 409},
	{"an order", "order-service", "/order", "Idempotency-Key: ordered",
         "{\"order_id\":\"o-1\",\"items\":[{\"sku\":\"s\",\"quantity\":3,\"unit_price\":33.33}]}",
         200},
	{"an order without a key", "order-service", "/order", NULL, "{\"order_id\":2}", 200},
	{"a refused order", "order-service", "/order", "Idempotency-Key: exists",
         "{\"order_id\":\"o-1\",\"amount\":1}", 409},
};

static const struct {
	const char *service;
	int signal_number;
} ends[] = {
	{"payment-service", SIGTERM},
	{"payment-service", SIGKILL},
	{"order-service", SIGTERM},
	{"order-service", SIGKILL},
};

/* Sends the calls of one service; the bodies of the answers are kept, or compared with those kept
 * before. */
static void send_calls(const struct service *service, char *bodies[ARRAY_LEN(calls)])
{
	struct client client;

	client_open(&client, service->port);
	for (size_t i = 0; i < ARRAY_LEN(calls); i++) {
		const char *headers[] = {calls[i].key, NULL};
		if (strcmp(calls[i].service, service->name) != 0)
			continue;
		int status = client_send(&client, "POST", calls[i].path, headers, calls[i].body);
		ck_assert_msg(status == calls[i].status, "%s: %d %s", calls[i].name, status,
		              buf_str(&client.body));
		const char *replayed = client_header(&client, "Idempotent-Replayed");
		if (bodies[i] == NULL) {
			ck_assert_ptr_null(replayed);
			bodies[i] = strdup(buf_str(&client.body));
			continue;
		}
		ck_assert_msg(replayed != NULL && strcmp(replayed, "true") == 0, "%s: no replay",
		              calls[i].name);
		ck_assert_str_eq(buf_str(&client.body), bodies[i]);
	}
	client_close(&client);
}

START_TEST(stored_answers_survive_a_restart_byte_for_byte)
{
	struct service service;
	char *bodies[ARRAY_LEN(calls)] = {NULL};

	service_init(&service, ends[_i].service);
	service_start(&service, NULL);
	send_calls(&service, bodies);
	send_calls(&service, bodies);
	service_signal(&service, ends[_i].signal_number);
	(void)service_wait(&service);
	service_start(&service, NULL);
	send_calls(&service, bodies);
	service_release(&service);
	for (size_t i = 0; i < ARRAY_LEN(calls); i++)
		free(bodies[i]);
}
END_TEST

static Suite *restart_suite(void)
{
	Suite *suite = suite_create("restart");
	TCase *tcase = tcase_create("answers");

	tcase_set_timeout(tcase, 300);
	tcase_add_loop_test(tcase, stored_answers_survive_a_restart_byte_for_byte, 0,
	                    (int)ARRAY_LEN(ends));
	suite_add_tcase(suite, tcase);
	return suite;
}

TEST_MAIN(restart_suite)
