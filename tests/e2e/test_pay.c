/* test_pay.c - POST /pay over HTTP: its shape, its amounts, declines, and what a call without a key
 * may repeat. */
#include "e2e/pair.h"

#include <stdio.h>
#include <string.h>

#define BODY_SIZE 512

/* ---- the two original calls ---- */

static const struct {
	const char *name;
	struct client *client;
	const char *path, *body, *answer; /* how the answer begins, or holds */
	const char *status;
} originals[] = {
	{"pay, as documented", &pay, "/pay", "{\"order_id\": \"o-1\", \"amount\": 10.99}",
         "'order_id':'o-1','amount':10.99,", "'payment_status':'success'"},
	{"order, as documented", &order, "/order", "{\"order_id\": \"o-1\"}", "{'order_id':'o-1',",
         "'order_status':'success'"},
	{"pay 99.99", &pay, "/pay", "{'order_id':'o-2','amount':99.99}",
         "'order_id':'o-2','amount':99.99,", "'payment_status':'success'"},
	{"pay, an integer as id", &pay, "/pay", "{'order_id':12345,'amount':99.99}",
         "'order_id':'12345','amount':99.99,", "'payment_status':'success'"},
	{"order, an integer as id", &order, "/order", "{'order_id':12345}", "{'order_id':'12345',",
         "'order_status':'success'"},
	{"pay, the largest integer", &pay, "/pay", "{'order_id':9007199254740991,'amount':1}",
         "'order_id':'9007199254740991','amount':1.00,", "'payment_status':'success'"},
};

START_TEST(the_original_calls_keep_their_shape)
{
	struct client *client = originals[_i].client;

	post_replay(client, originals[_i].path, NULL, originals[_i].body, 200, false);
	check_holds(client, originals[_i].answer);
	check_holds(client, originals[_i].status);
	ck_assert_str_eq(client_header(client, "Content-Type"), "application/json");
}
END_TEST

START_TEST(an_integer_and_its_text_are_one_order)
{
	post_replay(&pay, "/pay", NULL, "{'order_id':777,'amount':5}", 200, false);
	post_replay(&pay, "/pay", NULL, "{'order_id':'777','amount':5}", 200, true);
}
END_TEST

/* ---- amounts ---- */

/* printed NULL: 422 invalid-amount. */
static const struct {
	const char *sent, *currency, *printed;
} amounts[] = {
	{"0.01", "USD", "0.01"},
	{"10.990", "USD", "10.99"},
	{"'10.9'", "USD", "10.90"},
	{"999999999999", "USD", "999999999999.00"},
	{"999999999999.99", "USD", "999999999999.99"},
	{"1", "JPY", "1"},
	{"7.00", "JPY", "7"},
	{"999999999999", "JPY", "999999999999"},
	{"0.001", "KWD", "0.001"},
	{"999999999999.999", "KWD", "999999999999.999"},
	{"123456789.012", "KWD", "123456789.012"},
	{"0.0001", "CLF", "0.0001"},
	{"99999999999.9999", "CLF", "99999999999.9999"},
	{"0", "USD", NULL},
	{"0.00", "USD", NULL},
	{"-1", "USD", NULL},
	{"1e2", "USD", NULL},
	{"10.999", "USD", NULL},
	{"0.5", "JPY", NULL},
	{"0.0001", "KWD", NULL},
	{"1000000000000", "USD", NULL},
	{"999999999999.9999", "CLF", NULL},
	{"'10,99'", "USD", NULL},
	{"' 10.99'", "USD", NULL},
	{"''", "USD", NULL},
};

START_TEST(amounts_are_exact_or_refused)
{
	char body[BODY_SIZE], printed[128], path[128];

	(void)snprintf(body, sizeof(body), "{'order_id':'amount-%d','amount':%s,'currency':'%s'}",
	               _i, amounts[_i].sent, amounts[_i].currency);
	if (amounts[_i].printed == NULL) {
		post(&pay, "/pay", NULL, body, 422);
		check_field_problem(&pay, "invalid-amount", "#/amount");
		return;
	}
	post(&pay, "/pay", NULL, body, 200);
	(void)snprintf(printed, sizeof(printed), "'amount':%s,'currency':'%s',",
	               amounts[_i].printed, amounts[_i].currency);
	check_holds(&pay, printed);
	(void)snprintf(printed, sizeof(printed), "'amount_captured':%s,", amounts[_i].printed);
	check_holds(&pay, printed);

	char *first = strdup(buf_str(&pay.body));
	(void)snprintf(path, sizeof(path), "/payments/%s", client_string(&pay, "payment_id"));
	get(&pay, path, NULL, 200);
	ck_assert_str_eq(buf_str(&pay.body), first);
	free(first);
}
END_TEST

/* ---- declines ---- */

static const struct {
	const char *method, *code;
} declines[] = {
	{"pm_declined", "declined"},
	{"pm_insufficient_funds", "insufficient_funds"},
	{"pm_expired_card", "expired_card"},
};

START_TEST(a_decline_is_402_with_the_whole_payment_and_leaves_the_order_open)
{
	char body[BODY_SIZE], path[128];

	(void)snprintf(body, sizeof(body),
	               "{'order_id':'declined-%d','amount':7.5,'payment_method':'%s'}", _i,
	               declines[_i].method);
	post_replay(&pay, "/pay", NULL, body, 402, false);
	check_problem(&pay, "payment-declined");
	ck_assert_str_eq(client_string(&pay, "decline_code"), declines[_i].code);
	ck_assert_str_eq(client_string(&pay, "payment_status"), "failed");
	check_holds(&pay, "'amount':7.50,'currency':'USD','payment_status':'failed',"
	                  "'amount_captured':0.00,'amount_refunded':0.00,");

	char *members = strdup(strstr(buf_str(&pay.body), "\"payment_id\""));
	(void)snprintf(path, sizeof(path), "/payments/%s", client_string(&pay, "payment_id"));
	get(&pay, path, NULL, 200);
	ck_assert_str_eq(buf_str(&pay.body) + 1, members);
	free(members);

	post_replay(&pay, "/pay", NULL, body, 402, false); /* a new attempt is a new payment */
	ck_assert_ptr_null(strstr(path, client_string(&pay, "payment_id")));
	(void)snprintf(body, sizeof(body), "{'order_id':'declined-%d','amount':7.5}", _i);
	post_replay(&pay, "/pay", NULL, body, 200, false);
	(void)snprintf(path, sizeof(path), "/payments?order_id=declined-%d", _i);
	get(&pay, path, NULL, 200);
	ck_assert_int_eq(cJSON_GetArraySize(answer_data(&pay)), 3);
}
END_TEST

START_TEST(an_unknown_method_is_refused_by_name)
{
	post(&pay, "/pay", NULL,
	     "{'order_id':'method','amount':1,'payment_method':'pm_nobody_has_this'}", 422);
	check_field_problem(&pay, "invalid-request", "#/payment_method");
	check_lacks(&pay, "pm_nobody_has_this");
	get(&pay, "/payments?order_id=method", NULL, 200);
	ck_assert_int_eq(cJSON_GetArraySize(answer_data(&pay)), 0);
}
END_TEST

START_TEST(every_bad_field_is_named_at_once)
{
	static const char *const pointers[] = {"#/order_id",      "#/currency", "#/capture",
	                                       "#/metadata/a~1b", "#/tip",      "#/amount"};

	post(&pay, "/pay", NULL,
	     "{'order_id':'..','currency':'usd','capture':'later','metadata':{'a/b':'1'},'tip':1}",
	     422);
	check_problem(&pay, "invalid-request");
	const cJSON *errors = answer_member(&pay, "errors");
	ck_assert_int_eq(cJSON_GetArraySize(errors), ARRAY_LEN(pointers));
	for (size_t i = 0; i < ARRAY_LEN(pointers); i++) {
		char text[128];
		(void)snprintf(text, sizeof(text), "{'pointer':'%s',", pointers[i]);
		check_holds(&pay, text);
	}
}
END_TEST

/* ---- the natural key ---- */

/* After {'order_id':..., 'amount':10.99}. */
static const struct {
	const char *name, *members;
	int status; /* 200: the same payment again; 409: order-already-paid */
} repeats[] = {
	{"the same", "'amount':10.99", 200},
	{"the amount as a text", "'amount':'10.990'", 200},
	{"the defaults written out", "'amount':10.99,'currency':'USD','capture':'automatic'", 200},
	{"other texts", "'amount':10.99,'description':'x','metadata':{'a':'b'}", 200},
	{"a smaller amount", "'amount':10.98", 409},
	{"a larger amount", "'amount':11", 409},
	{"another currency", "'amount':10.99,'currency':'EUR'", 409},
	{"another method", "'amount':10.99,'payment_method':'pm_declined'", 409},
};

START_TEST(a_call_without_a_key_never_pays_an_order_twice)
{
	char body[BODY_SIZE];

	(void)snprintf(body, sizeof(body), "{'order_id':'natural-%d','amount':10.99}", _i);
	post_replay(&pay, "/pay", NULL, body, 200, false);
	char *first = strdup(buf_str(&pay.body));
	(void)snprintf(body, sizeof(body), "{'order_id':'natural-%d',%s}", _i, repeats[_i].members);
	post_replay(&pay, "/pay", NULL, body, repeats[_i].status, repeats[_i].status == 200);
	if (repeats[_i].status == 200)
		ck_assert_str_eq(buf_str(&pay.body), first);
	else
		check_problem(&pay, "order-already-paid");
	free(first);
	(void)snprintf(body, sizeof(body), "/payments?order_id=natural-%d", _i);
	get(&pay, body, NULL, 200);
	ck_assert_int_eq(cJSON_GetArraySize(answer_data(&pay)), 1);
}
END_TEST

START_TEST(a_key_does_not_pay_a_paid_order)
{
	post(&pay, "/pay", NULL, "{'order_id':'full','amount':10.99}", 200);
	post(&pay, "/pay", "Idempotency-Key: full-1", "{'order_id':'full','amount':10.99}", 409);
	check_problem(&pay, "order-already-paid");
}
END_TEST

static Suite *pay_suite(void)
{
	Suite *suite = suite_create("pay");
	TCase *tcase = tcase_create("pay");

	tcase_set_timeout(tcase, 120);
	tcase_add_unchecked_fixture(tcase, pair_start, pair_stop);
	tcase_add_loop_test(tcase, the_original_calls_keep_their_shape, 0, ARRAY_LEN(originals));
	tcase_add_test(tcase, an_integer_and_its_text_are_one_order);
	tcase_add_loop_test(tcase, amounts_are_exact_or_refused, 0, ARRAY_LEN(amounts));
	tcase_add_loop_test(tcase,
	                    a_decline_is_402_with_the_whole_payment_and_leaves_the_order_open, 0,
	                    ARRAY_LEN(declines));
	tcase_add_test(tcase, an_unknown_method_is_refused_by_name);
	tcase_add_test(tcase, every_bad_field_is_named_at_once);
	tcase_add_loop_test(tcase, a_call_without_a_key_never_pays_an_order_twice, 0,
	                    ARRAY_LEN(repeats));
	tcase_add_test(tcase, a_key_does_not_pay_a_paid_order);
	suite_add_tcase(suite, tcase);
	return suite;
}

TEST_MAIN(pay_suite)
