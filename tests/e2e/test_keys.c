/* test_keys.c - who may call what with AUTH=keys: every row of both endpoint tables with every kind
 * of key; what is refused is refused before its body is read, and no key is told anywhere. */
#include "e2e/answers.h"
#include "e2e/harness.h"
#include "e2e/keys.h"
#include "e2e/run.h"
#include "order-service/order_api.h"
#include "payment-service/payment_api.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define TEXT_SIZE 512

/* ---- the table ---- */

/* A key for each scope, whose secret is the scope's own name (api.md, "Access"), and others. */
static const struct test_key keys[] = {
	{"payments-writer", "payments:write", "payments:write", NULL},
	{"payments-reader", "payments:read", "payments:read", "2099-01-01"},
	{"refunds-writer", "refunds:write", "refunds:write", NULL},
	{"orders-writer", "orders:write", "orders:write", NULL},
	{"orders-reader", "orders:read", "orders:read", NULL},
	{"events-reader", "events:read", "events:read", NULL},
	{"ledger-reader", "ledger:read", "ledger:read", NULL},
	{"metrics-reader", "metrics:read", "metrics:read", NULL},
	{"webhooks-writer", "webhooks:write", "webhooks:write", NULL},
	{"operator", "admin", "admin", NULL},
	{"former", "admin", "expired-secret", "2026-01-01T00:00:00Z"},
	{"shop", "payments:write,payments:read,orders:write,orders:read", "shop-secret", NULL},
	{"other", "payments:write,payments:read", "other-secret", NULL},
	{NULL},
};
#define SCOPES 10

static const struct {
	const char *service;
	const struct endpoint *tables[5];
} sides[] = {
	{"payment-service",
         {payment_endpoints, operation_endpoints, payment_read_endpoints, common_endpoints, NULL}},
	{"order-service", {order_endpoints, order_read_endpoints, common_endpoints, NULL}},
};

static const struct {
	const char *parameter, *value;
} examples[] = {
	{"{payment_id}", "pay_00000000000000000000000000"},
	{"{refund_id}", "ref_00000000000000000000000000"},
	{"{webhook_id}", "whe_00000000000000000000000000"},
	{"{order_id}", "o-1"},
	{"{key}", "k-1"},
	{"{name}", "not-found"},
};

static struct service service;
static struct client client;

static void start(const char *name)
{
	service_init(&service, name);
	keys_write(&service, keys);
	service_start(&service, keys_settings);
	client_open(&client, service.port);
}

static void set_up(void)
{
	start("payment-service");
}

static void tear_down(void)
{
	client_close(&client);
	service_release(&service);
}

static const char *path_of(const struct endpoint *row, char out[TEXT_SIZE])
{
	const char *brace = strchr(row->path, '{');

	for (size_t i = 0; brace != NULL && i < ARRAY_LEN(examples); i++) {
		size_t len = strlen(examples[i].parameter);

		if (strncmp(brace, examples[i].parameter, len) != 0)
			continue;
		(void)snprintf(out, TEXT_SIZE, "%.*s%s%s", (int)(brace - row->path), row->path,
		               examples[i].value, brace + len);
		return out;
	}
	ck_assert_msg(brace == NULL, "no example for %s", row->path);
	return row->path;
}

/* Its status; the body is none that could have an effect. */
static int call(const struct endpoint *row, const char *secret)
{
	char path[TEXT_SIZE], bearer[TEXT_SIZE];
	const char *headers[] = {secret == NULL ? NULL : bearer, NULL};
	const char *body = strcmp(row->method, "GET") == 0 ? NULL : "{";

	(void)snprintf(bearer, sizeof(bearer), BEARER "%s", secret == NULL ? "" : secret);
	return client_send(&client, row->method, path_of(row, path), headers, body);
}

static void check_challenge(const char *text)
{
	const char *challenge = client_header(&client, "WWW-Authenticate");

	ck_assert_msg(challenge != NULL && strstr(challenge, text) != NULL, "no %s in %s", text,
	              challenge == NULL ? "no challenge" : challenge);
}

static void check_refused(const struct endpoint *row, const char *secret, const char *challenge)
{
	ck_assert_msg(call(row, secret) == 401, "%s with %s: %d", row->path, secret, client.status);
	check_problem(&client, "unauthenticated");
	check_challenge("Bearer realm=\"");
	check_challenge(challenge);
}

static void check_forbidden(const struct endpoint *row, const char *secret)
{
	ck_assert_msg(client.status == 403, "%s %s with %s: %d", row->method, row->path, secret,
	              client.status);
	check_problem(&client, "forbidden");
	ck_assert_ptr_nonnull(strstr(client_string(&client, "detail"), row->scope));
	check_challenge("error=\"insufficient_scope\"");
	check_challenge(row->scope);
}

static void check_row(const struct endpoint *row)
{
	for (size_t i = 0; i < SCOPES; i++) {
		const char *scope = keys[i].scopes;
		int status = call(row, scope);

		if (row->scope != NULL && strcmp(scope, row->scope) != 0 &&
		    strcmp(scope, "admin") != 0)
			check_forbidden(row, scope);
		else
			ck_assert_msg(status != 401 && status != 403, "%s %s with %s: %d",
			              row->method, row->path, scope, status);
	}
	if (row->scope == NULL) {
		ck_assert_int_eq(call(row, NULL), 200);
		ck_assert_int_eq(call(row, "wrong-secret"), 200);
		return;
	}
	check_refused(row, NULL, "-service\"");
	check_refused(row, "wrong-secret", "error=\"invalid_token\"");
	check_refused(row, "expired-secret", "error=\"invalid_token\"");
}

START_TEST(every_call_takes_the_keys_of_its_scope_and_no_others)
{
	size_t rows = 0, open = 0;

	start(sides[_i].service);
	for (size_t i = 0; sides[_i].tables[i] != NULL; i++) {
		const struct endpoint *row = sides[_i].tables[i];

		for (; row->method != NULL; row++, rows++) {
			check_row(row);
			open += row->scope == NULL;
		}
	}
	ck_assert_uint_gt(rows, 15);
	ck_assert_uint_eq(open, 5); /* health twice, version, OpenAPI, problems */
	tear_down();
}
END_TEST

/* ---- what is sent ---- */

static const struct {
	const char *header, *second;
	int status;
} headers_sent[] = {
	{BEARER "shop-secret", NULL, 200},
	{"authorization: bEARER   shop-secret  ", NULL, 200},
	{"Authorization: Basic shop-secret", NULL, 401},
	{"Authorization: Bearer", NULL, 401},
	{"Authorization: shop-secret", NULL, 401},
	{BEARER "shop-secre", NULL, 401},
	{BEARER "shop-secretx", NULL, 401},
	{BEARER "SHOP-SECRET", NULL, 401},
	{BEARER "shop", NULL, 401},
	{BEARER "shop-secret", BEARER "shop-secret", 401},
	{BEARER "shop-secret", BEARER "wrong-secret", 401},
};

START_TEST(a_key_comes_in_one_bearer_header)
{
	const char *headers[] = {headers_sent[_i].header, headers_sent[_i].second, NULL};

	ck_assert_int_eq(client_send(&client, "GET", "/payments", headers, NULL),
	                 headers_sent[_i].status);
}
END_TEST

/* Only the header is sent: each answer comes without a body having been waited for. */
static const char *const heads[] = {
	"Content-Type: application/json\r\nContent-Length: 27\r\n",
	"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n",
	"Content-Type: application/json\r\nContent-Length: 27\r\nExpect: 100-continue\r\n",
	"Content-Type: application/json\r\nContent-Length: 1048577\r\n",
	"Content-Type: text/plain\r\nContent-Length: 99999999\r\n",
	"Idempotency-Key: \"\r\nAccept: text/html\r\nContent-Length: 1\r\n",
};

START_TEST(a_caller_without_a_key_is_refused_before_the_body_is_read)
{
	struct buf answer AUTO_BUF;
	char request[TEXT_SIZE];

	buf_init(&answer, 65536);
	(void)snprintf(request, sizeof(request), "POST /pay HTTP/1.1\r\nHost: h\r\n%s\r\n",
	               heads[_i]);
	int fd = raw_connect(service.port);
	ck_assert_int_eq(send(fd, request, strlen(request), 0), (ssize_t)strlen(request));
	raw_read_to_end(fd, &answer);
	(void)close(fd);
	ck_assert_msg(strncmp(buf_str(&answer), "HTTP/1.1 401 ", 13) == 0, "%s", buf_str(&answer));
}
END_TEST

START_TEST(a_key_says_nothing_on_a_call_that_is_open_or_not_there)
{
	get(&client, "/healthz", BEARER "wrong-secret", 200);
	get(&client, "/nowhere", NULL, 404);
	get(&client, "/payments/no-id", NULL, 404);
	ck_assert_int_eq(client_send(&client, "DELETE", "/pay", NULL, NULL), 405);
}
END_TEST

/* ---- what belongs to a caller ---- */

#define PAY_1 "{'order_id':'o-1','amount':1}"
#define PAY_2 "{'order_id':'o-2','amount':2}"

static void pay_with_key(const char *bearer, const char *body, int status, const char *replayed)
{
	const char *headers[] = {bearer, "Idempotency-Key: same", NULL};
	char text[TEXT_SIZE];

	(void)snprintf(text, sizeof(text), "%s", body);
	for (char *quote = text; (quote = strchr(quote, '\'')) != NULL;)
		*quote = '"';
	ck_assert_msg(client_send(&client, "POST", "/pay", headers, text) == status, "%d: %s",
	              client.status, buf_str(&client.body));
	const char *value = client_header(&client, "Idempotent-Replayed");
	ck_assert_str_eq(value == NULL ? "" : value, replayed);
}

START_TEST(an_idempotency_key_belongs_to_its_caller)
{
	char first[64];

	pay_with_key(BEARER "shop-secret", PAY_1, 200, "");
	(void)snprintf(first, sizeof(first), "%s", client_string(&client, "payment_id"));
	get(&client, "/idempotency-keys/same", BEARER "other-secret", 404);
	pay_with_key(BEARER "other-secret", PAY_2, 200, "");
	get(&client, "/idempotency-keys/same", BEARER "shop-secret", 200);
	ck_assert_str_eq(client_string(&client, "resource"), first);
	get(&client, "/idempotency-keys/same", BEARER "other-secret", 200);
	ck_assert_str_ne(client_string(&client, "resource"), first);
	pay_with_key(BEARER "shop-secret", PAY_1, 200, "true");
	pay_with_key(BEARER "other-secret", PAY_1, 422, "");
}
END_TEST

START_TEST(a_caller_keeps_its_idempotency_keys_with_another_secret_and_after_a_restart)
{
	static const struct test_key rotated[] = {
		{"shop", "payments:write", "shop-secret", NULL},
		{"shop", "payments:write", "new-secret", NULL},
		{NULL},
	};

	pay_with_key(BEARER "shop-secret", PAY_1, 200, "");
	service_stop(&service);
	keys_write(&service, rotated);
	service_start(&service, keys_settings);
	client.port = service.port;
	pay_with_key(BEARER "new-secret", PAY_1, 200, "true");
	pay_with_key(BEARER "new-secret", PAY_2, 422, "");
}
END_TEST

/* ---- what is told ---- */

START_TEST(log_metrics_and_errors_name_callers_and_show_no_key)
{
	static const char *const secrets[] = {"shop-secret", "wrong-secret", "expired-secret"};
	static const char *const paths[] = {"/payments", "/ledger/accounts"};
	struct buf told AUTO_BUF;
	char bearer[TEXT_SIZE];

	buf_init(&told, 1 << 24);
	for (size_t i = 0; i < ARRAY_LEN(secrets); i++) {
		const char *headers[] = {bearer, NULL};

		(void)snprintf(bearer, sizeof(bearer), BEARER "%s", secrets[i]);
		for (size_t j = 0; j < ARRAY_LEN(paths); j++) {
			(void)client_send(&client, "GET", paths[j], headers, NULL);
			buf_add_text(&told, buf_text(&client.body));
		}
	}
	get(&client, "/metrics", BEARER "metrics:read", 200);
	buf_add_text(&told, buf_text(&client.body));
	ck_assert_ptr_null(strstr(buf_str(&told), "shop")); /* no label */
	service_stop(&service);
	read_file(service.log_path, &told);
	ck_assert(!told.full);
	for (size_t i = 0; i < ARRAY_LEN(secrets); i++)
		ck_assert_ptr_null(strstr(buf_str(&told), secrets[i]));
	ck_assert_ptr_nonnull(strstr(buf_str(&told), "\"caller\":\"shop\""));
	ck_assert_ptr_nonnull(strstr(buf_str(&told), "\"caller\":\"\""));
	ck_assert_ptr_null(strstr(buf_str(&told), "no_authentication"));
}
END_TEST

static Suite *keys_suite(void)
{
	Suite *suite = suite_create("keys");
	TCase *rows = tcase_create("rows"), *requests = tcase_create("requests");

	tcase_set_timeout(rows, 120);
	tcase_add_loop_test(rows, every_call_takes_the_keys_of_its_scope_and_no_others, 0,
	                    ARRAY_LEN(sides));
	suite_add_tcase(suite, rows);
	tcase_set_timeout(requests, 120);
	tcase_add_checked_fixture(requests, set_up, tear_down);
	tcase_add_loop_test(requests, a_key_comes_in_one_bearer_header, 0, ARRAY_LEN(headers_sent));
	tcase_add_loop_test(requests, a_caller_without_a_key_is_refused_before_the_body_is_read, 0,
	                    ARRAY_LEN(heads));
	tcase_add_test(requests, a_key_says_nothing_on_a_call_that_is_open_or_not_there);
	tcase_add_test(requests, an_idempotency_key_belongs_to_its_caller);
	tcase_add_test(requests,
	               a_caller_keeps_its_idempotency_keys_with_another_secret_and_after_a_restart);
	tcase_add_test(requests, log_metrics_and_errors_name_callers_and_show_no_key);
	suite_add_tcase(suite, requests);
	return suite;
}

TEST_MAIN(keys_suite)
