/* test_redact.c - what an order loses by POST /orders/{order_id}/redact, and what a caller can
 * learn of its own Idempotency-Key. */
#include "e2e/answers.h"
#include "e2e/harness.h"

#include <limits.h>
#include <stdio.h>

#include "storage/seen.h"

#define HEADER_SIZE 1024
#define ORDERS 40 /* of some pages */

static struct service service;
static struct client client;

static void start(void)
{
	service_init(&service, "order-service");
	service_start(&service, NULL);
	client_open(&client, service.port);
}

static void stop(void)
{
	client_close(&client);
	service_stop(&service);
	ck_assert_int_eq(service_command(&service, "audit"), 0);
	service_release(&service);
}

#define ORDER \
	"{'order_id':'o-1','items':[{'sku':'tea','name':'for " \
	"Ann','quantity':2,'unit_price':12.5}]," \
	"'customer':'Ann','description':'Ann moved','metadata':{'to':'Ann'}}"
#define KEY "Idempotency-Key: k-1"

static void check_says_nothing(void)
{
	check_lacks(&client, "Ann");
	check_holds(&client, "'items':[{'sku':'tea','name':null,'quantity':2,'unit_price':12.50}],"
	                     "'customer':null,'description':null,'metadata':{}");
}

START_TEST(a_redacted_order_tells_nothing_of_people_anywhere)
{
	post_replay(&client, "/order", KEY, ORDER, 200, false);
	check_holds(&client, "Ann");
	ck_assert_int_eq(client_send(&client, "POST", "/orders/o-1/redact", NULL, NULL), 200);
	check_says_nothing();
	post_replay(&client, "/orders/o-1/redact", NULL, "{}", 200, true);
	check_says_nothing();
	get(&client, "/orders/o-1", NULL, 200);
	check_says_nothing();
	get(&client, "/orders", NULL, 200);
	check_says_nothing();
	get(&client, "/orders?customer=Ann", NULL, 200);
	check_holds(&client, "'data':[]");
	post_replay(&client, "/order", NULL, ORDER, 200, true);
	check_says_nothing();
	post_replay(&client, "/order", KEY, ORDER, 200, true);
	ck_assert_str_eq(buf_str(&client.body), "{\"redacted\":true,\"resource\":\"o-1\"}");
	get(&client, "/events", NULL, 200);
	check_lacks(&client, "Ann");
	check_holds(&client, "'type':'order.redacted'");
}
END_TEST

/* grep's exit status: 0 when the text is in the file, 1 when it is not. */
static int grep_store(const struct service *of, const char *text)
{
	char path[PATH_MAX + 32];

	(void)snprintf(path, sizeof(path), "%s/data/order/order.db", of->directory);
	return program_run((const char *const[]){"grep", "-qa", text, path, NULL});
}

START_TEST(a_redacted_text_does_not_stay_in_the_file)
{
	struct service own;
	struct client to;
	char header[64], body[128], path[64];

	service_init(&own, "order-service");
	service_start(&own, NULL);
	client_open(&to, own.port);
	for (int i = 0; i < ORDERS; i++) {
		(void)snprintf(header, sizeof(header), "Idempotency-Key: k-%d", i);
		(void)snprintf(body, sizeof(body),
		               "{'order_id':'o-%d','amount':1,'description':'Ann moved'}", i);
		post(&to, "/order", header, body, 200);
	}
	for (int i = 0; i < ORDERS; i++) {
		(void)snprintf(path, sizeof(path), "/orders/o-%d/redact", i);
		post(&to, path, NULL, "{}", 200);
	}
	post(&to, "/order", NULL, "{'amount':1,'description':'Bob stays'}", 200);
	client_close(&to);
	service_stop(&own); /* which moves all of the WAL into the file */
	ck_assert_int_eq(grep_store(&own, "Bob stays"), 0);
	ck_assert_int_eq(grep_store(&own, "Ann moved"), 1);
	service_release(&own);
}
END_TEST

START_TEST(only_an_order_can_be_redacted)
{
	post(&client, "/orders/o-9/redact", NULL, "{}", 404);
	check_problem(&client, "not-found");
	post(&client, "/orders/o%209/redact", NULL, "{}", 404);
	check_problem(&client, "not-found");
	post(&client, "/orders/o-9/redact", NULL, "{'reason':'x'}", 422);
	check_field_problem(&client, "invalid-request", "#/reason");
}
END_TEST

START_TEST(a_key_tells_what_became_of_it)
{
	post(&client, "/order", "Idempotency-Key: k-2", "{'order_id':'o-2','amount':5}", 200);
	get(&client, "/idempotency-keys/k-2", NULL, 200);
	check_holds(&client, "{'key':'k-2','state':'completed','status':200,'resource':'o-2',"
	                     "'created_at':'");
	ck_assert_str_lt(client_string(&client, "created_at"),
	                 client_string(&client, "expires_at"));
	post(&client, "/order", "Idempotency-Key: k-3", "{'order_id':'o-2','amount':6}", 409);
	get(&client, "/idempotency-keys/k-3", NULL, 200);
	check_holds(&client, "'status':409,'resource':'o-2'");
	get(&client, "/idempotency-keys/never", NULL, 404);
	check_problem(&client, "not-found");
	get(&client, "/idempotency-keys/", NULL, 404);
}
END_TEST

/* Every character that a key may have, in its place in a path. */
START_TEST(any_key_fits_into_the_path)
{
	struct buf header AUTO_BUF, path AUTO_BUF;

	buf_init(&header, HEADER_SIZE);
	buf_init(&path, HEADER_SIZE);
	buf_add_str(&header, "Idempotency-Key: \"a/ b%?#\\\"\\\\~");
	buf_add_str(&path, "/idempotency-keys/a%2F%20b%25%3f%23%22%5C~");
	for (size_t i = 10; i < SEEN_KEY_MAX; i++) {
		buf_add_char(&header, 'x');
		buf_add_str(&path, "%78");
	}
	buf_add_char(&header, '"');
	post(&client, "/order", buf_str(&header), "{'order_id':'o-3','amount':5}", 200);
	get(&client, buf_str(&path), NULL, 200);
	check_holds(&client, "'resource':'o-3'");
	buf_add_char(&path, 'x');
	get(&client, buf_str(&path), NULL, 404);
}
END_TEST

static Suite *redact_suite(void)
{
	Suite *suite = suite_create("redact");
	TCase *tcase = tcase_create("redact");

	tcase_set_timeout(tcase, 60);
	tcase_add_unchecked_fixture(tcase, start, stop);
	tcase_add_test(tcase, a_redacted_order_tells_nothing_of_people_anywhere);
	tcase_add_test(tcase, a_redacted_text_does_not_stay_in_the_file);
	tcase_add_test(tcase, only_an_order_can_be_redacted);
	tcase_add_test(tcase, a_key_tells_what_became_of_it);
	tcase_add_test(tcase, any_key_fits_into_the_path);
	suite_add_tcase(suite, tcase);
	return suite;
}

TEST_MAIN(redact_suite)
