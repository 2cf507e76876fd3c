/* test_order.c - POST /order and GET /orders/{order_id} over HTTP. */
#include "e2e/pair.h"

#include "base/id.h"
#include "base/time_text.h"

#include <stdio.h>
#include <string.h>

#define BODY_SIZE 1024

/* ---- totals ---- */

#define ITEM(quantity, price) "{'sku':'s','quantity':" quantity ",'unit_price':" price "}"

static const struct {
	const char *name, *members;
	const char *amount; /* as printed */
} totals[] = {
	{"nothing: open", "'customer':'c'", "null"},
	{"an amount", "'amount':10.9", "10.90"},
	{"an item", "'items':[" ITEM("1", "33.33") "]", "33.33"},
	{"a quantity", "'items':[" ITEM("3", "0.1") "]", "0.30"},
	{"several items", "'items':[" ITEM("3", "0.1") "," ITEM("2", "1") "]", "2.30"},
	{"an item for nothing beside another", "'items':[" ITEM("1", "0") "," ITEM("1", "1") "]",
         "1.00"},
	{"items and their total",
         "'amount':'2.300','items':[" ITEM("1", "0.3") "," ITEM("2", "1") "]", "2.30"},
	{"no decimals", "'currency':'JPY','items':[" ITEM("3", "7") "]", "21"},
	{"three decimals", "'currency':'KWD','items':[" ITEM("7", "0.001") "]", "0.007"},
	{"the largest", "'currency':'KWD','items':[" ITEM("1", "999999999999.999") "]",
         "999999999999.999"},
	{"the largest quantity", "'items':[" ITEM("1000000", "999999.99") "]", "999999990000.00"},
};

START_TEST(the_amount_is_the_total_of_the_items)
{
	char body[BODY_SIZE], text[128], path[64];

	(void)snprintf(body, sizeof(body), "{'order_id':'total-%d',%s}", _i, totals[_i].members);
	post_replay(&order, "/order", NULL, body, 200, false);
	(void)snprintf(text, sizeof(text), "'state':'pending','amount':%s,", totals[_i].amount);
	check_holds(&order, text);
	(void)snprintf(text, sizeof(text), "'amount_due':%s,", totals[_i].amount);
	check_holds(&order, text);

	char *first = strdup(buf_str(&order.body));
	(void)snprintf(path, sizeof(path), "/orders/total-%d", _i);
	get(&order, path, NULL, 200);
	ck_assert_str_eq(buf_str(&order.body), first);
	free(first);
}
END_TEST

static const struct {
	const char *name, *members, *pointer, *slug;
} refused[] = {
	{"an amount that is not the total", "'amount':0.31,'items':[" ITEM("3", "0.1") "]",
         "#/amount", "invalid-amount"},
	{"a total of nothing", "'items':[" ITEM("3", "0") "]", "#/items", "invalid-amount"},
	{"a total above the limit", "'items':[" ITEM("2", "999999999999") "]", "#/items",
         "invalid-amount"},
	{"a total beyond any number", "'items':[" ITEM("1000000", "999999999999") "]", "#/items",
         "invalid-amount"},
	{"no items in the list", "'items':[]", "#/items", "invalid-request"},
	{"a quantity of nothing", "'items':[" ITEM("0", "1") "]", "#/items/0/quantity",
         "invalid-request"},
	{"too many of an item", "'items':[" ITEM("1000001", "1") "]", "#/items/0/quantity",
         "invalid-request"},
	{"a fraction of an item", "'items':[" ITEM("1.5", "1") "]", "#/items/0/quantity",
         "invalid-request"},
	{"a price with too many decimals", "'items':[" ITEM("1", "1") "," ITEM("1", "0.001") "]",
         "#/items/1/unit_price", "invalid-amount"},
	{"an item without a name for it", "'items':[{'quantity':1,'unit_price':1}]",
         "#/items/0/sku", "invalid-request"},
	{"an unknown member of an item",
         "'items':[{'sku':'s','quantity':1,'unit_price':1,'weight':2}]", "#/items/0/weight",
         "invalid-request"},
	{"an amount of nothing", "'amount':0", "#/amount", "invalid-amount"},
	{"an end before it begins", "'expires_in':0", "#/expires_in", "invalid-request"},
	{"an end in more than a year", "'expires_in':31536001", "#/expires_in", "invalid-request"},
	{"a number in metadata", "'metadata':{'a':1}", "#/metadata/a", "invalid-request"},
	{"null", "'customer':null", "#/customer", "invalid-request"},
	{"a member of an answer", "'state':'paid'", "#/state", "invalid-request"},
};

START_TEST(what_cannot_be_an_order_is_refused_by_field)
{
	char body[BODY_SIZE];

	(void)snprintf(body, sizeof(body), "{'order_id':'refused-%d',%s}", _i, refused[_i].members);
	post(&order, "/order", NULL, body, 422);
	check_field_problem(&order, refused[_i].slug, refused[_i].pointer);
	(void)snprintf(body, sizeof(body), "/orders/refused-%d", _i);
	get(&order, body, NULL, 404);
	check_problem(&order, "not-found");
}
END_TEST

START_TEST(an_order_takes_100_items_and_not_one_more)
{
	char body[8000] = "{'order_id':'hundred','items':[" ITEM("1", "1");
	size_t len = strlen(body);

	for (int i = 1; i < 100; i++)
		len += (size_t)snprintf(body + len, sizeof(body) - len, "," ITEM("1", "1"));
	(void)snprintf(body + len, sizeof(body) - len, "," ITEM("1", "1") "]}");
	post(&order, "/order", NULL, body, 422);
	check_field_problem(&order, "invalid-request", "#/items");
	(void)snprintf(body + len, sizeof(body) - len, "]}");
	post(&order, "/order", NULL, body, 200);
	check_holds(&order, "'amount':100.00,");
	ck_assert_int_eq(cJSON_GetArraySize(answer_member(&order, "items")), 100);
}
END_TEST

/* ---- all fields ---- */

START_TEST(an_order_shows_what_was_sent)
{
	post(&order, "/order", NULL,
	     "{'order_id':'whole','items':[{'sku':'S-1','name':'Caf\xC3\xA9','quantity':2,"
	     "'unit_price':1.5}],'customer':'someone','description':'two\\nlines',"
	     "'metadata':{'b':'2','a':'1'},'currency':'EUR'}",
	     200);
	check_holds(&order, "{'order_id':'whole','order_status':'success','state':'pending',"
	                    "'amount':3.00,'currency':'EUR','amount_paid':0.00,"
	                    "'amount_authorized':0.00,'amount_refunded':0.00,'amount_due':3.00,"
	                    "'amount_overpaid':0.00,'items':[{'sku':'S-1','name':'Caf\xC3\xA9',"
	                    "'quantity':2,'unit_price':1.50}],'customer':'someone',"
	                    "'description':'two\\nlines','metadata':{'a':'1','b':'2'},"
	                    "'cancel_reason':null,'expires_at':null,'created_at':'");
}
END_TEST

START_TEST(an_order_without_an_id_is_given_one)
{
	char first[ID_SIZE], path[64];

	post_replay(&order, "/order", NULL, "{}", 200, false);
	ck_assert(id_is_valid("ord_", text_of(client_string(&order, "order_id"))));
	(void)snprintf(first, sizeof(first), "%s", client_string(&order, "order_id"));
	post_replay(&order, "/order", NULL, "{}", 200, false);
	ck_assert_str_ne(client_string(&order, "order_id"), first);
	(void)snprintf(path, sizeof(path), "/orders/%s", first);
	get(&order, path, NULL, 200);
}
END_TEST

static const struct {
	const char *name, *seconds;
	int64_t seconds_value;
} ends[] = {{"a second", "1", 1}, {"an hour", "3600", 3600}, {"a year", "31536000", 31536000}};

START_TEST(an_order_expires_so_many_seconds_after_it_was_accepted)
{
	char body[BODY_SIZE];
	int64_t created_us, expires_us;

	(void)snprintf(body, sizeof(body), "{'order_id':'expires-%d','expires_in':%s}", _i,
	               ends[_i].seconds);
	post(&order, "/order", NULL, body, 200);
	ck_assert(time_parse(text_of(client_string(&order, "created_at")), &created_us));
	ck_assert(time_parse(text_of(client_string(&order, "expires_at")), &expires_us));
	ck_assert_int_eq(expires_us - created_us, ends[_i].seconds_value * US_PER_S);
}
END_TEST

/* ---- the same order again ---- */

#define FIRST "'amount':3,'items':[" ITEM("3", "1") "],'metadata':{'a':'1','b':'2'},'expires_in':60"

static const struct {
	const char *name, *members;
	bool is_same;
} repeats[] = {
	{"the same", FIRST, true},
	{"spelled otherwise",
         "'expires_in':60, 'metadata':{'b':'2','a':'1'}, 'currency':'USD', 'amount':'3.0',"
         "'items':[{'unit_price':1.00,'quantity':3,'sku':'s'}]",
         true},
	{"another amount", "'amount':4", false},
	{"another price",
         "'amount':6,'items':[" ITEM("3", "2") "],'metadata':{'a':'1','b':'2'},"
                                               "'expires_in':60",
         false},
	{"another currency", FIRST ",'currency':'EUR'", false},
	{"another customer", FIRST ",'customer':'c'", false},
	{"another description", FIRST ",'description':'d'", false},
	{"other metadata",
         "'amount':3,'items':[" ITEM("3", "1") "],'metadata':{'a':'1'},'expires_in':60", false},
	{"another end",
         "'amount':3,'items':[" ITEM("3", "1") "],'metadata':{'a':'1','b':'2'},"
                                               "'expires_in':61",
         false},
	{"nothing else", "'amount':3", false},
};

START_TEST(an_order_is_accepted_once)
{
	char body[BODY_SIZE];

	(void)snprintf(body, sizeof(body), "{'order_id':'again-%d'," FIRST "}", _i);
	post_replay(&order, "/order", NULL, body, 200, false);
	char *first = strdup(buf_str(&order.body));
	(void)snprintf(body, sizeof(body), "{'order_id':'again-%d',%s}", _i, repeats[_i].members);
	post_replay(&order, "/order", NULL, body, repeats[_i].is_same ? 200 : 409,
	            repeats[_i].is_same);
	if (repeats[_i].is_same)
		ck_assert_str_eq(buf_str(&order.body), first);
	else
		check_problem(&order, "order-exists");
	(void)snprintf(body, sizeof(body), "/orders/again-%d", _i);
	get(&order, body, NULL, 200);
	ck_assert_str_eq(buf_str(&order.body), first);
	free(first);
}
END_TEST

static Suite *order_suite(void)
{
	Suite *suite = suite_create("order");
	TCase *tcase = tcase_create("order");

	tcase_set_timeout(tcase, 120);
	tcase_add_unchecked_fixture(tcase, pair_start, pair_stop);
	tcase_add_loop_test(tcase, the_amount_is_the_total_of_the_items, 0, ARRAY_LEN(totals));
	tcase_add_loop_test(tcase, what_cannot_be_an_order_is_refused_by_field, 0,
	                    ARRAY_LEN(refused));
	tcase_add_test(tcase, an_order_takes_100_items_and_not_one_more);
	tcase_add_test(tcase, an_order_shows_what_was_sent);
	tcase_add_test(tcase, an_order_without_an_id_is_given_one);
	tcase_add_loop_test(tcase, an_order_expires_so_many_seconds_after_it_was_accepted, 0,
	                    ARRAY_LEN(ends));
	tcase_add_loop_test(tcase, an_order_is_accepted_once, 0, ARRAY_LEN(repeats));
	suite_add_tcase(suite, tcase);
	return suite;
}

TEST_MAIN(order_suite)
