/* test_idempotency.c - the contract's table of idempotency keys, over HTTP, for each POST. */
#include "e2e/pair.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

#define BODY_SIZE 512
#define HEADER_SIZE 400
#define POLL_MS 20

static int64_t journal_head(struct client *client)
{
	get(client, "/events?limit=1", NULL, 200);
	return answer_int(client, "head");
}

/* Sends a request; what is answered is compared with the answer before, byte for byte. */
static void check_replayed(struct client *client, const char *path, const char *header,
                           const char *body, int status)
{
	char *first = strdup(buf_str(&client->body));

	post_replay(client, path, header, body, status, true);
	ck_assert_str_eq(buf_str(&client->body), first);
	free(first);
}

/* ---- first use, replay, reuse ---- */

static const struct {
	const char *name;
	struct client *client;
	const char *path, *before, *body, *other; /* before: sent without a key, or NULL */
	int status;
} calls[] = {
	{"a payment", &pay, "/pay", NULL, "{'order_id':'key-1','amount':10}",
         "{'order_id':'key-1','amount':11}", 200},
	{"a decline", &pay, "/pay", NULL,
         "{'order_id':'key-2','amount':10,'payment_method':'pm_declined'}",
         "{'order_id':'key-2','amount':10}", 402},
	{"a paid order", &pay, "/pay", "{'order_id':'key-3','amount':10}",
         "{'order_id':'key-3','amount':10}", "{'order_id':'key-3-other','amount':10}", 409},
	{"an order", &order, "/order", NULL, "{'order_id':'key-1','amount':10}",
         "{'order_id':'key-1'}", 200},
	{"an order whose id is made", &order, "/order", NULL, "{'amount':10}",
         "{'amount':10,'customer':'c'}", 200},
	{"another order of this id", &order, "/order", "{'order_id':'key-2'}",
         "{'order_id':'key-2','amount':10}", "{'order_id':'key-2-other','amount':10}", 409},
};

START_TEST(a_key_has_one_answer_for_ever_and_one_request)
{
	struct client *client = calls[_i].client;
	const char *path = calls[_i].path;
	char key[HEADER_SIZE];

	(void)snprintf(key, sizeof(key), "Idempotency-Key: call-%d", _i);
	if (calls[_i].before != NULL)
		post(client, path, NULL, calls[_i].before, 200);
	int64_t before = journal_head(client);
	post_replay(client, path, key, calls[_i].body, calls[_i].status, false);
	check_replayed(client, path, key, calls[_i].body, calls[_i].status);
	check_replayed(client, path, key, calls[_i].body, calls[_i].status);
	post_replay(client, path, key, calls[_i].other, 422, false);
	check_problem(client, "idempotency-key-reused");
	int64_t effects = calls[_i].status == 409 ? 0 : 1;
	ck_assert_int_eq(journal_head(client), before + effects);
}
END_TEST

/* ---- what is the same request ---- */

static const struct {
	const char *name, *body;
} same[] = {
	{"as before", "{'order_id':'same','amount':12.5,'metadata':{'a':'1','b':'2'}}"},
	{"white space",
         " {\n\t'amount' : 12.5 ,\r\n 'order_id':'same' , 'metadata':{'a':'1','b':'2'} } "},
	{"the order of members", "{'metadata':{'b':'2','a':'1'},'order_id':'same','amount':12.5}"},
	{"escapes", "{'order\\u005fid':'same','amount':12.5,'metadata':{'\\u0061':'1','b':'2'}}"},
	{"zeros at the end", "{'order_id':'same','amount':12.500,'metadata':{'a':'1','b':'2'}}"},
	{"a text", "{'order_id':'same','amount':'12.5','metadata':{'a':'1','b':'2'}}"},
	{"the defaults written out", "{'order_id':'same','amount':12.5,'currency':'USD',"
                                     "'metadata':{'a':'1','b':'2'},'capture':'automatic'}"},
};

START_TEST(spelling_is_not_part_of_a_request)
{
	const char *key = "Idempotency-Key: same";

	post_replay(&pay, "/pay", key, same[0].body, 200, false);
	for (size_t i = 0; i < ARRAY_LEN(same); i++)
		check_replayed(&pay, "/pay", key, same[i].body, 200);
}
END_TEST

/* Members that a fingerprint holds: each alone makes another request. */
static const char *const different[] = {
	"'amount':1.01",
	"'amount':1,'currency':'EUR'",
	"'amount':1,'payment_method':'pm_success'",
	"'amount':1,'description':''",
	"'amount':1,'metadata':{'a':'1'}",
};

START_TEST(every_field_is_part_of_a_request)
{
	char key[HEADER_SIZE], body[BODY_SIZE];

	(void)snprintf(key, sizeof(key), "Idempotency-Key: different-%d", _i);
	(void)snprintf(body, sizeof(body), "{'order_id':'different-%d','amount':1}", _i);
	post(&pay, "/pay", key, body, 200);
	(void)snprintf(body, sizeof(body), "{'order_id':'different-%d',%s}", _i, different[_i]);
	post(&pay, "/pay", key, body, 422);
	check_problem(&pay, "idempotency-key-reused");
}
END_TEST

/* ---- how a key is written ---- */

START_TEST(a_bare_and_a_quoted_key_are_the_same)
{
	const char *body = "{'order_id':'quoted','amount':3}";

	post_replay(&pay, "/pay", "Idempotency-Key: 8e03978e-40d5", body, 200, false);
	check_replayed(&pay, "/pay", "Idempotency-Key: \"8e03978e-40d5\"", body, 200);
	body = "{'order_id':'escaped','amount':3}";
	post_replay(&pay, "/pay", "Idempotency-Key: a\"b\\c", body, 200, false);
	check_replayed(&pay, "/pay", "Idempotency-Key: \"a\\\"b\\\\c\"", body, 200);
	post_replay(&pay, "/pay", "Idempotency-Key: \"with space\"",
	            "{'order_id':'space','amount':3}", 200, false);
}
END_TEST

static const char *const bad_keys[] = {
	"Idempotency-Key: \"open",      "Idempotency-Key: \"\"",      "Idempotency-Key;",
	"Idempotency-Key: two words",   "Idempotency-Key: \"a\"b",    "Idempotency-Key: \"a\\b\"",
	"Idempotency-Key: caf\xC3\xA9", "Idempotency-Key: \"a\";p=1",
};

START_TEST(a_malformed_key_is_refused)
{
	post(&pay, "/pay", bad_keys[_i], "{'order_id':'bad-key','amount':3}", 400);
	check_problem(&pay, "invalid-idempotency-key");
}
END_TEST

START_TEST(a_key_has_at_most_255_characters_and_one_header)
{
	static const char *const twice[] = {"Idempotency-Key: a", "Idempotency-Key: a", NULL};
	const char *body = "{'order_id':'length','amount':3}";
	char key[HEADER_SIZE];

	(void)snprintf(key, sizeof(key), "Idempotency-Key: %0255d", 0);
	post(&pay, "/pay", key, body, 200);
	(void)snprintf(key, sizeof(key), "Idempotency-Key: %0256d", 0);
	post(&pay, "/pay", key, body, 400);
	check_problem(&pay, "invalid-idempotency-key");
	ck_assert_int_eq(client_send(&pay, "POST", "/pay", twice, "{}"), 400);
	check_problem(&pay, "invalid-idempotency-key");
}
END_TEST

/* ---- what leaves a key free ---- */

static const struct {
	const char *name, *path, *body;
	int status;
} not_stored[] = {
	{"a bad field", "/pay", "{'order_id':'free','amount':0}", 422},
	{"no JSON", "/pay", "{'order_id':'free',", 400},
	{"no such path", "/pays", "{'order_id':'free','amount':1}", 404},
	{"no such method", "/payments", "{'order_id':'free','amount':1}", 405},
	{"a bad query", "/pay?x=1", "{'order_id':'free','amount':1}", 400},
};

START_TEST(what_is_refused_before_the_stored_state_leaves_the_key_free)
{
	char key[HEADER_SIZE], body[BODY_SIZE];

	(void)snprintf(key, sizeof(key), "Idempotency-Key: free-%d", _i);
	post_replay(&pay, not_stored[_i].path, key, not_stored[_i].body, not_stored[_i].status,
	            false);
	(void)snprintf(body, sizeof(body), "{'order_id':'free-%d','amount':1}", _i);
	post_replay(&pay, "/pay", key, body, 200, false);
}
END_TEST

/* A reuse is not stored either: the first request keeps its answer. */
START_TEST(a_refused_reuse_does_not_take_the_key)
{
	const char *key = "Idempotency-Key: kept", *body = "{'order_id':'kept','amount':1}";

	post(&pay, "/pay", key, body, 200);
	char *first = strdup(buf_str(&pay.body));
	post(&pay, "/pay", key, "{'order_id':'kept-2','amount':1}", 422);
	post_replay(&pay, "/pay", key, body, 200, true);
	ck_assert_str_eq(buf_str(&pay.body), first);
	free(first);
	get(&pay, "/payments?order_id=kept-2", NULL, 200);
	ck_assert_int_eq(cJSON_GetArraySize(answer_data(&pay)), 0);
}
END_TEST

/* ---- expiry ---- */

START_TEST(a_key_is_free_again_when_its_time_is_over)
{
	static const char *const settings[] = {"IDEMPOTENCY_TTL=1s", NULL};
	static const char *const key[] = {"Idempotency-Key: short", NULL};
	struct service service;
	struct client client;

	service_init(&service, "payment-service");
	service_start(&service, settings);
	client_open(&client, service.port);
	post(&client, "/pay", key[0], "{'order_id':'first','amount':1}", 200);
	/* No event tells of it; asking is bounded by the test's own time. */
	while (client_send(&client, "POST", "/pay", key, "{\"order_id\":\"next\",\"amount\":1}") !=
	       200) {
		ck_assert_int_eq(client.status, 422);
		check_problem(&client, "idempotency-key-reused");
		(void)poll(NULL, 0, POLL_MS);
	}
	check_replayed(&client, "/pay", key[0], "{'order_id':'next','amount':1}", 200);
	client_close(&client);
	service_release(&service);
}
END_TEST

static Suite *idempotency_suite(void)
{
	Suite *suite = suite_create("idempotency");
	TCase *tcase = tcase_create("keys");
	TCase *expiry = tcase_create("expiry");

	tcase_set_timeout(tcase, 120);
	tcase_add_unchecked_fixture(tcase, pair_start, pair_stop);
	tcase_add_loop_test(tcase, a_key_has_one_answer_for_ever_and_one_request, 0,
	                    ARRAY_LEN(calls));
	tcase_add_test(tcase, spelling_is_not_part_of_a_request);
	tcase_add_loop_test(tcase, every_field_is_part_of_a_request, 0, ARRAY_LEN(different));
	tcase_add_test(tcase, a_bare_and_a_quoted_key_are_the_same);
	tcase_add_loop_test(tcase, a_malformed_key_is_refused, 0, ARRAY_LEN(bad_keys));
	tcase_add_test(tcase, a_key_has_at_most_255_characters_and_one_header);
	tcase_add_loop_test(tcase, what_is_refused_before_the_stored_state_leaves_the_key_free, 0,
	                    ARRAY_LEN(not_stored));
	tcase_add_test(tcase, a_refused_reuse_does_not_take_the_key);
	suite_add_tcase(suite, tcase);
	tcase_set_timeout(expiry, 120);
	tcase_add_test(expiry, a_key_is_free_again_when_its_time_is_over);
	suite_add_tcase(suite, expiry);
	return suite;
}

TEST_MAIN(idempotency_suite)
