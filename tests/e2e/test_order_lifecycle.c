/* test_order_lifecycle.c - what becomes of an order by calls and by its end, over HTTP. What
 * payments make of it: tests/unit/test_order_payments.c. */
#include "e2e/pair.h"
#include "e2e/tamper.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/time_text.h"

#define LAPSE_TRIES 3000 /* of 10 ms: far more than the two seconds that it takes */

static void call(const char *id, const char *what, const char *header, const char *body, int status,
                 bool is_replay)
{
	char path[100];

	(void)snprintf(path, sizeof(path), "/orders/%s/%s", id, what);
	post_replay(&order, path, header, body, status, is_replay);
}

static void create(const char *id, const char *members)
{
	char body[300];

	(void)snprintf(body, sizeof(body), "{'order_id':'%s'%s}", id, members);
	post(&order, "/order", NULL, body, 200);
}

static void get_order(const char *id, const char *what)
{
	char path[100];

	(void)snprintf(path, sizeof(path), "/orders/%s%s", id, what);
	get(&order, path, NULL, 200);
}

START_TEST(a_cancelled_order_stays_so_and_says_why)
{
	create("c-1", ",'amount':10");
	call("c-1", "cancel", "Idempotency-Key: c-1", "{'reason':'out of stock'}", 200, false);
	check_holds(&order, "'state':'cancelled'");
	check_holds(&order, "'amount_due':0.00");
	check_holds(&order, "'cancel_reason':'out of stock'");
	char *first = strdup(buf_str(&order.body));
	call("c-1", "cancel", "Idempotency-Key: c-1", "{'reason':'out of stock'}", 200, true);
	ck_assert_str_eq(buf_str(&order.body), first);
	call("c-1", "cancel", NULL, "{'reason':'another'}", 200, true);
	ck_assert_str_eq(buf_str(&order.body), first);
	call("c-1", "cancel", NULL, "", 200, true);
	get_order("c-1", "");
	ck_assert_str_eq(buf_str(&order.body), first);
	free(first);
	call("c-1", "fulfill", NULL, "", 409, false);
	check_problem(&order, "order-cancelled");
}
END_TEST

START_TEST(a_reason_is_redacted_with_the_other_texts)
{
	create("c-2", ",'amount':10");
	call("c-2", "cancel", "Idempotency-Key: c-2", "{'reason':'moved to 5 High St'}", 200,
	     false);
	call("c-2", "redact", NULL, "", 200, false);
	check_holds(&order, "'cancel_reason':null");
	call("c-2", "cancel", "Idempotency-Key: c-2", "{'reason':'moved to 5 High St'}", 200, true);
	check_holds(&order, "{'redacted':true,'resource':'c-2'}");
	get(&order, "/events?limit=1000", NULL, 200);
	check_lacks(&order, "High St");
}
END_TEST

static const struct {
	const char *name, *members, *detail;
} unpaid[] = {
	{"an amount", ",'amount':10.5", "10.50 USD of the amount is missing"},
	{"a currency without decimals", ",'amount':7,'currency':'JPY'", "7 JPY of the amount"},
	{"an open amount", "", "The amount is open"},
};

START_TEST(what_is_not_paid_is_not_fulfilled)
{
	char id[20];

	(void)snprintf(id, sizeof(id), "f-%d", _i);
	create(id, unpaid[_i].members);
	call(id, "fulfill", NULL, "", 409, false);
	check_problem(&order, "invalid-state");
	check_holds(&order, unpaid[_i].detail);
	get_order(id, "");
	check_holds(&order, "'state':'pending'");
}
END_TEST

static const char *const calls[] = {"cancel", "fulfill"};

START_TEST(a_call_names_an_order_and_known_fields)
{
	const char *what = calls[_i];
	char body[300];

	call("nobody", what, NULL, "", 404, false);
	check_problem(&order, "not-found");
	create(what, "");
	call(what, what, NULL, "{'force':true}", 422, false);
	check_field_problem(&order, "invalid-request", "#/force");
	if (_i > 0)
		return;
	call(what, what, NULL, "{'reason':'4242 4242 4242 4242'}", 422, false);
	check_field_problem(&order, "invalid-request", "#/reason");
	(void)snprintf(body, sizeof(body), "{'reason':'%0201d'}", 0);
	call(what, what, NULL, body, 422, false);
	check_field_problem(&order, "invalid-request", "#/reason");
}
END_TEST

START_TEST(an_order_without_money_lapses)
{
	const struct timespec pause = {.tv_nsec = 10 * 1000 * 1000};
	int tries = 0;
	int64_t updated_us, expires_us;

	create("lapses", ",'amount':10,'expires_in':1");
	do {
		ck_assert_int_lt(tries++, LAPSE_TRIES);
		(void)nanosleep(&pause, NULL);
		get_order("lapses", "");
	} while (strcmp(client_string(&order, "state"), "pending") == 0);
	check_holds(&order, "'state':'cancelled'");
	check_holds(&order, "'cancel_reason':null");
	ck_assert(time_parse(text_of(client_string(&order, "updated_at")), &updated_us));
	ck_assert(time_parse(text_of(client_string(&order, "expires_at")), &expires_us));
	ck_assert_int_ge(updated_us, expires_us);
	get_order("lapses", "/timeline");
	check_holds(&order, "'type':'order.expired'");
}
END_TEST

START_TEST(a_timeline_tells_the_events_from_the_first)
{
	static const char *const types[] = {"order.created", "order.redacted", "order.cancelled"};
	const cJSON *entry;
	size_t i = 0;

	create("told", ",'amount':10,'customer':'someone'");
	create("between", "");
	call("told", "redact", NULL, "", 200, false);
	call("told", "cancel", NULL, "", 200, false);
	get_order("told", "/timeline");
	cJSON_ArrayForEach (entry, answer_data(&order)) {
		const cJSON *event = cJSON_GetObjectItemCaseSensitive(entry, "event");

		ck_assert_uint_lt(i, ARRAY_LEN(types));
		ck_assert_str_eq(cJSON_GetObjectItemCaseSensitive(event, "type")->valuestring,
		                 types[i++]);
		ck_assert_str_eq(cJSON_GetObjectItemCaseSensitive(event, "subject")->valuestring,
		                 "told");
		ck_assert_uint_eq(
			strlen(cJSON_GetObjectItemCaseSensitive(event, "hash")->valuestring), 64);
		ck_assert_str_eq(cJSON_GetObjectItemCaseSensitive(event, "time")->valuestring,
		                 cJSON_GetObjectItemCaseSensitive(entry, "at")->valuestring);
	}
	ck_assert_uint_eq(i, ARRAY_LEN(types));
	get(&order, "/orders/nobody/timeline", NULL, 404);
	check_problem(&order, "not-found");
}
END_TEST

/* Nobody tells of payments yet, so what is told of one is put into the store. */
static const char told_of_a_payment[] =
	"INSERT INTO payment_events (line, prev_event_key) SELECT '{\"type\":\"' || type || "
	"'\",\"time\":\"' || year || '-01-01T00:00:00.000Z\",\"data\":{}}', prev FROM ("
	"SELECT 'payment.authorized' AS type, 2000 AS year, 0 AS prev "
	"UNION ALL SELECT 'payment.captured', 2000, 1 "
	"UNION ALL SELECT 'refund.succeeded', 2100, 2);"
	"INSERT INTO payments SELECT 1, 'pay_01M83AP0DV0000000000000000', order_seq, order_hash, "
	"order_id, currency, 'success', 1000, 1000, 1000, 2, 3, 3 FROM orders "
	"WHERE order_id = 'merged'";

static void change_store(const char *sql)
{
	char path[TAMPER_PATH_SIZE], *why = NULL;
	sqlite3 *db;

	service_stop(&order_service);
	tamper_path(&order_service, path);
	ck_assert_int_eq(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
	ck_assert_msg(sqlite3_exec(db, sql, NULL, NULL, &why) == SQLITE_OK, "%s", why);
	ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
	client_close(&order);
	service_start(&order_service, NULL);
	client_open(&order, order_service.port);
}

START_TEST(a_timeline_merges_the_events_of_payments_by_time)
{
	static const char *const types[] = {"payment.authorized", "payment.captured",
	                                    "order.created", "refund.succeeded"};
	const cJSON *entry;
	size_t i = 0;

	create("merged", ",'amount':10");
	change_store(told_of_a_payment);
	get_order("merged", "/timeline");
	cJSON_ArrayForEach (entry, answer_data(&order)) {
		const cJSON *event = cJSON_GetObjectItemCaseSensitive(entry, "event");

		ck_assert_uint_lt(i, ARRAY_LEN(types));
		ck_assert_str_eq(cJSON_GetObjectItemCaseSensitive(event, "type")->valuestring,
		                 types[i++]);
	}
	ck_assert_uint_eq(i, ARRAY_LEN(types));
}
END_TEST

START_TEST(lists_and_metrics_tell_states_apart)
{
	static const char *const shown[] = {
		"orders{state=\"pending\"} ", "orders{state=\"paid\"} 0\n",
		"orders{state=\"fulfilled\"} 0\n", "orders_overpaid 0\n",
		"order_expiries_moved_total 0\n"};
	char line[60];
	int cancelled;

	create("listed", "");
	call("listed", "cancel", NULL, "", 200, false);
	get(&order, "/orders?state=cancelled&limit=100", NULL, 200);
	cancelled = cJSON_GetArraySize(answer_data(&order));
	ck_assert_int_ge(cancelled, 1);
	check_holds(&order, "'order_id':'listed'");
	check_lacks(&order, "'state':'pending'");
	get(&order, "/orders?state=fulfilled", NULL, 200);
	ck_assert_int_eq(cJSON_GetArraySize(answer_data(&order)), 0);
	get(&order, "/metrics", NULL, 200);
	for (size_t i = 0; i < ARRAY_LEN(shown); i++)
		ck_assert_ptr_nonnull(strstr(buf_str(&order.body), shown[i]));
	(void)snprintf(line, sizeof(line), "orders{state=\"cancelled\"} %d\n", cancelled);
	ck_assert_ptr_nonnull(strstr(buf_str(&order.body), line));
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("order_lifecycle");
	TCase *all = tcase_create("all"), *changed = tcase_create("changed");

	tcase_set_timeout(all, 120);
	tcase_add_unchecked_fixture(all, pair_start, pair_stop);
	tcase_add_test(all, a_cancelled_order_stays_so_and_says_why);
	tcase_add_test(all, a_reason_is_redacted_with_the_other_texts);
	tcase_add_loop_test(all, what_is_not_paid_is_not_fulfilled, 0, ARRAY_LEN(unpaid));
	tcase_add_loop_test(all, a_call_names_an_order_and_known_fields, 0, ARRAY_LEN(calls));
	tcase_add_test(all, an_order_without_money_lapses);
	tcase_add_test(all, a_timeline_tells_the_events_from_the_first);
	tcase_add_test(all, lists_and_metrics_tell_states_apart);
	suite_add_tcase(suite, all);
	tcase_set_timeout(changed, 120);
	tcase_add_checked_fixture(changed, pair_start, pair_stop);
	tcase_add_test(changed, a_timeline_merges_the_events_of_payments_by_time);
	suite_add_tcase(suite, changed);
	return suite;
}

TEST_MAIN(make_suite)
