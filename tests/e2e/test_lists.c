/* test_lists.c - GET /payments and GET /orders: filters, limits, cursors. */
#include "e2e/pair.h"

#include <stdio.h>
#include <string.h>

#define BODY_SIZE 256
#define PATH_SIZE 512

static int shown(struct client *client, const char *path)
{
	get(client, path, NULL, 200);
	return cJSON_GetArraySize(answer_data(client));
}

/* ---- filters ---- */

static const char *const filtered[] = {
	"{'order_id':'f-1','amount':1,'currency':'SEK'}",
	"{'order_id':'f-2','amount':1,'currency':'SEK','payment_method':'pm_declined'}",
	"{'order_id':'f-2','amount':1,'currency':'SEK'}",
	"{'order_id':'f-3','amount':1,'currency':'NOK'}",
	"{'order_id':'f-3','amount':1,'currency':'NOK','payment_method':'pm_declined'}",
};

static const struct {
	const char *query;
	int shown;
} filters[] = {
	{"currency=SEK", 3},
	{"currency=NOK", 1}, /* the fifth was refused: its order is paid */
	{"currency=DKK", 0},
	{"currency=SEK&payment_status=success", 2},
	{"currency=SEK&payment_status=failed", 1},
	{"order_id=f-2", 2},
	{"order_id=f-2&payment_status=failed", 1},
	{"order_id=f-2&currency=NOK", 0},
	{"order_id=f%2D2", 2},
	{"order_id=nobody", 0},
	{"currency=SEK&created_after=2020-01-01T00:00:00Z", 3},
	{"currency=SEK&created_before=2020-01-01T00:00:00Z", 0},
	{"currency=SEK&created_after=2999-01-01T00:00:00Z", 0},
};

START_TEST(a_filter_shows_only_what_fits)
{
	char path[PATH_SIZE];

	for (size_t i = 0; i < ARRAY_LEN(filtered); i++) {
		char body[BODY_SIZE];

		(void)snprintf(body, sizeof(body), "%s", filtered[i]);
		post(&pay, "/pay", NULL, body, i == 1 ? 402 : i == 4 ? 409 : 200);
	}
	for (size_t i = 0; i < ARRAY_LEN(filters); i++) {
		(void)snprintf(path, sizeof(path), "/payments?%s", filters[i].query);
		ck_assert_msg(shown(&pay, path) == filters[i].shown, "%s: %s", filters[i].query,
		              buf_str(&pay.body));
	}
}
END_TEST

static const struct {
	struct client *client;
	const char *post_path, *id_before, *id_after, *list_path;
} timed[] = {
	{&pay, "/pay", "{'order_id':'time-", "','amount':1,'currency':'CZK'}",
         "/payments?currency=CZK"},
	{&order, "/order", "{'order_id':'time-", "','customer':'timer'}", "/orders?customer=timer"},
};

/* The bounds are exclusive, and compare what created_at shows. */
START_TEST(a_time_filter_is_exclusive)
{
	struct client *client = timed[_i].client;
	char path[PATH_SIZE], created[64];

	for (int i = 0; i < 20; i++) {
		char body[BODY_SIZE];

		(void)snprintf(body, sizeof(body), "%s%d%s", timed[_i].id_before, i,
		               timed[_i].id_after);
		post(client, timed[_i].post_path, NULL, body, 200);
		(void)snprintf(created, sizeof(created), "%s", client_string(client, "created_at"));
		(void)snprintf(path, sizeof(path), "%s&created_after=%s", timed[_i].list_path,
		               created);
		ck_assert_int_eq(shown(client, path), 0);
		(void)snprintf(path, sizeof(path), "%s&created_before=%s", timed[_i].list_path,
		               created);
		ck_assert_int_le(shown(client, path), i);
		check_lacks(client, created);
	}
}
END_TEST

/* ---- what is refused ---- */

static const struct {
	struct client *client;
	const char *path, *named; /* the parameter that the detail names */
} bad_queries[] = {
	{&pay, "/payments?limit=0", "limit"},
	{&pay, "/payments?limit=101", "limit"},
	{&pay, "/payments?limit=-1", "limit"},
	{&pay, "/payments?limit=1.5", "limit"},
	{&pay, "/payments?limit=ten", "limit"},
	{&pay, "/payments?limit=", "limit"},
	{&pay, "/payments?limit", "limit"},
	{&pay, "/payments?limit=1&limit=1", "limit"},
	{&pay, "/payments?order=o-1", "order"},
	{&pay, "/payments?order_id=..", "order_id"},
	{&pay, "/payments?payment_status=paid", "payment_status"},
	{&pay, "/payments?currency=usd", "currency"},
	{&pay, "/payments?created_after=yesterday", "created_after"},
	{&pay, "/payments?created_before=2026-01-01", "created_before"},
	{&order, "/orders?limit=101", "limit"},
	{&order, "/orders?state=done", "state"},
	{&order, "/orders?customer=", "customer"},
	{&order, "/orders?currency=USD", "currency"},
};

START_TEST(a_wrong_parameter_is_refused_by_name)
{
	get(bad_queries[_i].client, bad_queries[_i].path, NULL, 400);
	check_problem(bad_queries[_i].client, "malformed-request");
	ck_assert_ptr_nonnull(
		strstr(client_string(bad_queries[_i].client, "detail"), bad_queries[_i].named));
}
END_TEST

START_TEST(a_page_has_20_rows_unless_told_otherwise)
{
	char body[BODY_SIZE];

	for (int i = 0; i < 101; i++) {
		(void)snprintf(body, sizeof(body), "{'order_id':'limit-%d'}", i);
		post(&order, "/order", NULL, body, 200);
	}
	ck_assert_int_eq(shown(&order, "/orders"), 20);
	ck_assert_int_eq(shown(&order, "/orders?limit=1"), 1);
	ck_assert_int_eq(shown(&order, "/orders?limit=100"), 100);
}
END_TEST

START_TEST(a_cursor_is_bound_to_its_list)
{
	char cursor[128], path[PATH_SIZE];

	for (int i = 0; i < 3; i++) {
		(void)snprintf(path, sizeof(path),
		               "{'order_id':'cursor-%d','amount':1,"
		               "'currency':'PLN'}",
		               i);
		post(&pay, "/pay", NULL, path, 200);
	}
	ck_assert_int_eq(shown(&pay, "/payments?currency=PLN&limit=1"), 1);
	(void)snprintf(cursor, sizeof(cursor), "%s", client_string(&pay, "next"));
	(void)snprintf(path, sizeof(path), "/payments?currency=PLN&limit=2&after=%s", cursor);
	ck_assert_int_eq(shown(&pay, path), 2); /* another limit is the same list */

	static const char *const others[] = {"/payments?after=", "/payments?currency=EUR&after=",
	                                     "/payments?currency=PLN&payment_status=success&after=",
	                                     "/payments?currency=PLN&after=x",
	                                     "/payments?currency=PLN&after=0123456789"};
	for (size_t i = 0; i < ARRAY_LEN(others); i++) {
		(void)snprintf(path, sizeof(path), "%s%s", others[i], cursor);
		get(&pay, path, NULL, 400);
		check_problem(&pay, "invalid-cursor");
	}
	for (size_t i = 0; i < strlen(cursor); i++) {
		char changed[128];

		memcpy(changed, cursor, sizeof(changed));
		changed[i] = changed[i] == '0' ? '1' : '0';
		(void)snprintf(path, sizeof(path), "/payments?currency=PLN&after=%s", changed);
		get(&pay, path, NULL, 400);
		check_problem(&pay, "invalid-cursor");
	}
}
END_TEST

static Suite *lists_suite(void)
{
	Suite *suite = suite_create("lists");
	TCase *tcase = tcase_create("lists");

	tcase_set_timeout(tcase, 120);
	tcase_add_unchecked_fixture(tcase, pair_start, pair_stop);
	tcase_add_test(tcase, a_filter_shows_only_what_fits);
	tcase_add_loop_test(tcase, a_time_filter_is_exclusive, 0, ARRAY_LEN(timed));
	tcase_add_loop_test(tcase, a_wrong_parameter_is_refused_by_name, 0, ARRAY_LEN(bad_queries));
	tcase_add_test(tcase, a_page_has_20_rows_unless_told_otherwise);
	tcase_add_test(tcase, a_cursor_is_bound_to_its_list);
	suite_add_tcase(suite, tcase);
	return suite;
}

TEST_MAIN(lists_suite)
