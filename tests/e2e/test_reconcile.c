/* test_reconcile.c - the command reconcile of both binaries against two services that do not follow
 * each other: what one was not told, and what was changed in one's store, is found with both
 * sides' figures. The rules one by one: tests/unit/test_reconcile_compare.c. */
#include "e2e/payments.h"
#include "e2e/tamper.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define SETTING_SIZE 64
#define MANY 130 /* more than a page of a list */
#define TEXT_SIZE 1024
#define ID_CHARS 30
#define ORDERS_NOT_FOUND \
	"http_requests_total{method=\"GET\",route=\"/orders/{order_id}\",status=\"404\"} "

/* Begins service's reconcile against the daemon `peer`. */
static void begin_reconcile(const struct service *own, const struct service *peer,
                            const char *const *words, struct run *ret_run)
{
	char port[SETTING_SIZE], url[SETTING_SIZE];
	const char *settings[] = {port, url, NULL};

	(void)snprintf(port, sizeof(port), "PORT=%d", own->port);
	(void)snprintf(url, sizeof(url), "PEER_URL=http://127.0.0.1:%d/", peer->port);
	run_begin(own, settings, words, ret_run);
}

static void reconcile(const struct service *own, const struct service *peer,
                      const char *const *words, struct run *ret_run)
{
	begin_reconcile(own, peer, words, ret_run);
	run_end(ret_run);
}

static const char *const plain[] = {"reconcile", NULL}, *const json[] = {"reconcile", "--json",
                                                                         NULL};

static void check_told(const struct run *run, const char *const *lines, size_t count,
                       const char *sum)
{
	size_t bytes = strlen(sum);

	ck_assert_msg(run->status == (count > 0), "exit %d: %s%s", run->status, buf_str(&run->out),
	              buf_str(&run->err));
	for (size_t line = 0; line < count; line++) {
		tamper_check_line(buf_str(&run->out), lines[line]);
		bytes += strlen(lines[line]);
	}
	tamper_check_line(buf_str(&run->out), sum);
	ck_assert_msg(run->out.len == bytes, "more lines in\n%s", buf_str(&run->out));
	ck_assert_str_eq(buf_str(&run->err), "");
}

/* Both binaries say exactly this; lines in any order. Each takes 8 s to look again. */
static void check_lines(const char *const *lines, size_t count, const char *sum)
{
	struct run runs[2];

	begin_reconcile(&payment_service, &order_service, plain, &runs[0]);
	begin_reconcile(&order_service, &payment_service, plain, &runs[1]);
	for (size_t i = 0; i < ARRAY_LEN(runs); i++)
		run_end(&runs[i]);
	for (size_t i = 0; i < ARRAY_LEN(runs); i++) {
		check_told(&runs[i], lines, count, sum);
		run_release(&runs[i]);
	}
}

static void create(const char *id, const char *members)
{
	char body[TEXT_SIZE];

	(void)snprintf(body, sizeof(body), "{'order_id':'%s'%s}", id, members);
	post(&order, "/order", NULL, body, 200);
}

static void restart_order_service(const char *sql)
{
	client_close(&order);
	service_stop(&order_service);
	tamper_change(&order_service, sql, sql);
	service_start(&order_service, NULL);
	client_open(&order, order_service.port);
}

static void restart_payment_service(const char *sql)
{
	client_close(&pay);
	service_stop(&payment_service);
	tamper_change(&payment_service, sql, sql);
	service_start(&payment_service, NULL);
	client_open(&pay, payment_service.port);
}

START_TEST(what_was_not_told_is_a_difference)
{
	char path[PAYMENT_PATH_SIZE], unknown[TEXT_SIZE];

	check_lines(NULL, 0, "0 orders and 0 payments compared: 0 differences\n");
	create("unpaid", ",'amount':10");
	create("open", "");
	pay_new("unpaid", "'payment_method':'pm_declined'", 402, path);
	check_lines(NULL, 0, "2 orders and 1 payments compared: 0 differences\n");
	create("told", ",'amount':10");
	create("held", ",'amount':10");
	pay_new("told", "", 200, path);
	pay_new("open", "", 200, path);
	pay_new("held", "'capture':'manual'", 200, path);
	pay_new("nobody", "'currency':'EUR'", 200, path);
	(void)snprintf(unknown, sizeof(unknown),
	               "paid_without_order: order nobody, payment %s: order-service order none, "
	               "payment-service kept 10.00 EUR\n",
	               strrchr(path, '/') + 1);
	const char *const lines[] = {
		"amount_mismatch: order told: order-service amount_paid 0.00 USD, payment-service "
		"amount_captured 10.00 USD\n",
		"amount_mismatch: order open: order-service amount_paid 0.00 USD, payment-service "
		"amount_captured 10.00 USD\n",
		"amount_mismatch: order held: order-service amount_authorized 0.00 USD, "
		"payment-service authorized 10.00 USD\n",
		unknown,
	};
	check_lines(lines, ARRAY_LEN(lines), "4 orders and 5 payments compared: 4 differences\n");
}
END_TEST

/* As if the order service had been told of all payments, but for these orders. */
static const char damage_of_orders[] =
	"UPDATE orders SET state = 'paid', paid_minor = 1000;"
	"UPDATE orders SET state = 'cancelled' WHERE order_id = 'o-7';"
	"DELETE FROM orders WHERE order_id = 'o-0';"
	"UPDATE orders SET paid_minor = 900 WHERE order_id = 'o-1';"
	"UPDATE orders SET refunded_minor = 250 WHERE order_id = 'o-2'";
#define OF(order) \
	" WHERE payment_key = 1024 * (SELECT order_seq FROM orders WHERE order_id = '" order "')"
static const char damage_of_payments[] =
	"UPDATE payments SET payment_status = 'processing', captured_minor = 0, "
	"updated_us = created_us - 86400000000" OF("o-3") ";"
							  "DELETE FROM payments" OF("o-129");

START_TEST(damage_is_found_beyond_the_first_page)
{
	char id[20], ids[MANY][ID_CHARS + 1], path[PAYMENT_PATH_SIZE], told[4][TEXT_SIZE];
	const char *const lines[] = {
		told[0],
		told[1],
		told[2],
		told[3],
		"order_paid_without_payment: order o-129: order-service amount_paid 10.00 USD, "
		"payment-service amount_captured 0.00 USD\n",
		"amount_mismatch: order o-1: order-service amount_paid 9.00 USD, payment-service "
		"amount_captured 10.00 USD\n",
		"refund_mismatch: order o-2: order-service amount_refunded 2.50 USD, "
		"payment-service amount_refunded 0.00 USD\n"};

	for (int i = 0; i < MANY; i++) {
		(void)snprintf(id, sizeof(id), "o-%d", i);
		create(id, ",'amount':10");
		pay_new(id, "", 200, path);
		(void)snprintf(ids[i], sizeof(ids[i]), "%s", strrchr(path, '/') + 1);
	}
	restart_order_service(damage_of_orders);
	restart_payment_service(damage_of_payments);
	(void)snprintf(told[0], TEXT_SIZE,
	               "refund_mismatch: order o-7, payment %s: order-service owed by a cancelled "
	               "order 0.00 USD, payment-service kept 10.00 USD\n",
	               ids[7]);
	(void)snprintf(told[1], TEXT_SIZE,
	               "paid_without_order: order o-0, payment %s: order-service order none, "
	               "payment-service kept 10.00 USD\n",
	               ids[0]);
	(void)snprintf(told[2], TEXT_SIZE,
	               "stuck_processing: order o-3, payment %s: order-service amount_paid 10.00 "
	               "USD, payment-service processing 10.00 USD\n",
	               ids[3]);
	(void)snprintf(
		told[3], TEXT_SIZE,
		"order_paid_without_payment: order o-3: order-service amount_paid 10.00 USD, "
		"payment-service amount_captured 0.00 USD\n");
	check_lines(lines, ARRAY_LEN(lines),
	            "129 orders and 129 payments compared: 7 differences\n");
}
END_TEST

static int64_t json_int(const cJSON *object, const char *name)
{
	const cJSON *member = cJSON_GetObjectItemCaseSensitive(object, name);

	ck_assert_msg(cJSON_IsNumber(member), "no %s", name);
	return (int64_t)member->valuedouble;
}

START_TEST(json_is_one_object)
{
	char path[PAYMENT_PATH_SIZE], expected[TEXT_SIZE];
	struct run run;

	create("told", ",'amount':10");
	pay_new("told", "", 200, path);
	pay_new("nobody", "", 200, path);
	reconcile(&payment_service, &order_service, json, &run);
	ck_assert_int_eq(run.status, 1);
	(void)snprintf(expected, sizeof(expected),
	               "{\"differences\":[{\"kind\":\"amount_mismatch\",\"order_id\":\"told\","
	               "\"payment_id\":null,\"currency\":\"USD\",\"order_service\":{\"figure\":"
	               "\"amount_paid\",\"amount\":0.00},\"payment_service\":{\"figure\":"
	               "\"amount_captured\",\"amount\":10.00}},{\"kind\":\"paid_without_order\","
	               "\"order_id\":\"nobody\",\"payment_id\":\"%s\",\"currency\":\"USD\","
	               "\"order_service\":{\"figure\":\"order\",\"amount\":null},"
	               "\"payment_service\":{\"figure\":\"kept\",\"amount\":10.00}}],\"orders\":1,"
	               "\"payments\":2,\"differences_count\":2,\"complete\":true,\"ok\":false}\n",
	               strrchr(path, '/') + 1);
	ck_assert_str_eq(buf_str(&run.out), expected);
	run_release(&run);
}
END_TEST

START_TEST(a_side_that_cannot_be_read_is_no_agreement)
{
	struct run run;
	cJSON *object;

	client_close(&pay);
	service_stop(&payment_service);
	create("unread", ",'amount':10");
	reconcile(&order_service, &payment_service, json, &run);
	ck_assert_int_eq(run.status, 2);
	ck_assert_ptr_nonnull(strstr(buf_str(&run.err), "/payments?limit=100&order_id=unread could "
	                                                "not be read: "));
	object = cJSON_Parse(buf_str(&run.out));
	ck_assert(cJSON_IsFalse(cJSON_GetObjectItemCaseSensitive(object, "complete")));
	ck_assert(cJSON_IsFalse(cJSON_GetObjectItemCaseSensitive(object, "ok")));
	ck_assert_int_eq(json_int(object, "differences_count"), 0);
	cJSON_Delete(object);
	run_release(&run);
	service_start(&payment_service, NULL);
	client_open(&pay, payment_service.port);
}
END_TEST

static const struct {
	const char *settings[3], *why;
} wrong[] = {
	{{"PORT=5001", NULL}, "PEER_URL must be the other service's http or https URL"},
	{{"PORT=5001", "PEER_URL=ftp://127.0.0.1", NULL}, "PEER_URL must be the other service's"},
	{{"PORT=0", "PEER_URL=http://127.0.0.1:5000", NULL},
         "PORT must be the one that this service listens on"},
};

START_TEST(options_that_cannot_be_right_are_refused)
{
	struct run run;

	run_service(&order_service, wrong[_i].settings, plain, &run);
	ck_assert_int_eq(run.status, 2);
	ck_assert_str_eq(buf_str(&run.out), "");
	ck_assert_msg(strstr(buf_str(&run.err), wrong[_i].why) != NULL, "%s", buf_str(&run.err));
	run_release(&run);
}
END_TEST

START_TEST(a_peer_of_the_same_kind_is_refused)
{
	struct run run;

	reconcile(&order_service, &order_service, plain, &run);
	ck_assert_int_eq(run.status, 2);
	ck_assert_ptr_nonnull(strstr(buf_str(&run.err), "there is no such list"));
	run_release(&run);
}
END_TEST

/* Looks for an order that is not there. */
static int looks(struct client *client)
{
	const char *line;

	get(client, "/metrics", NULL, 200);
	line = strstr(buf_str(&client->body), ORDERS_NOT_FOUND);
	return line == NULL ? 0 : (int)strtol(line + strlen(ORDERS_NOT_FOUND), NULL, 10);
}

/* Refunds the payment once reconcile has found its order missing, and looks again. */
static _Noreturn void refund_at_the_second_look(const char *path)
{
	struct client metrics;

	client_open(&metrics, order_service.port);
	client_open(&pay, payment_service.port);
	while (looks(&metrics) < 2)
		;
	pay_do(path, "refunds", NULL, NULL, 200);
	_exit(0);
}

START_TEST(what_agrees_when_it_is_looked_at_again_is_not_told)
{
	char path[PAYMENT_PATH_SIZE];
	struct run run;
	int status;

	pay_new("late", "", 200, path);
	pid_t pid = fork();
	if (pid == 0)
		refund_at_the_second_look(path);
	reconcile(&payment_service, &order_service, plain, &run);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	ck_assert_msg(run.status == 0, "%s%s", buf_str(&run.out), buf_str(&run.err));
	run_release(&run);
}
END_TEST

static Suite *reconcile_suite(void)
{
	Suite *suite = suite_create("reconcile");
	TCase *tcase = tcase_create("fresh");

	tcase_set_timeout(tcase, 120);
	tcase_add_checked_fixture(tcase, pair_start, pair_stop);
	tcase_add_test(tcase, what_was_not_told_is_a_difference);
	tcase_add_test(tcase, damage_is_found_beyond_the_first_page);
	tcase_add_test(tcase, json_is_one_object);
	tcase_add_test(tcase, a_side_that_cannot_be_read_is_no_agreement);
	tcase_add_test(tcase, a_peer_of_the_same_kind_is_refused);
	tcase_add_test(tcase, what_agrees_when_it_is_looked_at_again_is_not_told);
	tcase_add_loop_test(tcase, options_that_cannot_be_right_are_refused, 0, ARRAY_LEN(wrong));
	suite_add_tcase(suite, tcase);
	return suite;
}

TEST_MAIN(reconcile_suite)
