/* test_pages.c - what both services serve beside their business: health, metrics, version, OpenAPI.
 */
#include "base/field.h"
#include "e2e/pair.h"
#include "e2e/run.h"
#include "order-service/order_api.h"
#include "payment-service/payment_api.h"
#include "web/pages.h"

#include <stdio.h>
#include <string.h>

#define TEXT_SIZE 256

/* ---- health ---- */

START_TEST(a_service_is_alive_and_ready)
{
	get(&pay, "/healthz", NULL, 200);
	get(&pay, "/readyz", NULL, 200);
	get(&order, "/healthz", NULL, 200);
	get(&order, "/readyz", NULL, 200);
}
END_TEST

START_TEST(a_service_that_drains_serves_on_and_is_not_ready)
{
	static const char *const settings[] = {"DRAIN_DELAY=10m", NULL};
	struct service service;
	struct client client;

	service_init(&service, "payment-service");
	service_start(&service, settings);
	client_open(&client, service.port);
	service_signal(&service, SIGTERM);
	/* No event tells when the signal has arrived; asking is bounded by the test's own time. */
	while (client_send(&client, "GET", "/readyz", NULL, NULL) == 200)
		continue;
	ck_assert_int_eq(client.status, 503);
	check_problem(&client, "shutting-down");
	ck_assert_str_eq(client_string(&client, "check"), "serving");
	get(&client, "/healthz", NULL, 200);
	post(&client, "/pay", NULL, "{'order_id':'late','amount':1}", 200);
	client_close(&client);
	service_signal(&service, SIGTERM);
	(void)service_wait(&service);
	service_release(&service);
}
END_TEST

/* ---- metrics ---- */

/* One sample of each promised family, and by how much a call moves it. */
static const struct {
	struct client *client;
	const char *name, *type, *sample;
	double step;
} families[] = {
	{&pay, "http_requests_total", "counter", "{method='POST',route='/pay',status='200'}", 1},
	{&pay, "http_request_duration_seconds", "histogram", "_count{method='POST',route='/pay'}",
         1},
	{&pay, "batch_size_commands", "histogram", "_count", 1},
	{&pay, "batch_size_commands", "histogram", "_bucket{le='1'}", 1},
	{&pay, "commit_duration_seconds", "histogram", "_count", 1},
	{&pay, "queue_depth_commands", "gauge", "", 0},
	{&pay, "queue_max_commands", "gauge", "", 0},
	{&pay, "audit_interval_seconds", "gauge", "", 0},
	{&pay, "rolled_back", "gauge", "", 0},
	{&pay, "storage_disk_size_bytes", "gauge", "", 0},
	{&pay, "journal_head_seq", "gauge", "", 1},
	{&pay, "payments_total", "counter", "{payment_status='success'}", 1},
	{&pay, "payments_total", "counter", "{payment_status='failed'}", 0},
	{&pay, "captured_minor_total", "counter", "{currency='KWD'}", 10990},
	{&pay, "build_info", "gauge", "{service='payment-service',version='", 0},
	{&order, "http_requests_total", "counter", "{method='POST',route='/order',status='200'}",
         1},
	{&order, "journal_head_seq", "gauge", "", 1},
	{&order, "orders_created_total", "counter", "", 1},
	{&order, "ordered_minor_total", "counter", "{currency='KWD'}", 10990},
	{&order, "build_info", "gauge", "{service='order-service',version='", 0},
};

/* The value of a sample, 0 where it is not there yet. */
static double sample_value(struct client *client, const char *name, const char *rest)
{
	char line[TEXT_SIZE];

	get(client, "/metrics", NULL, 200);
	ck_assert_str_eq(client_header(client, "Content-Type"),
	                 "text/plain; version=0.0.4; charset=utf-8");
	(void)snprintf(line, sizeof(line), "\n%s%s", name, rest);
	for (char *quote; (quote = strchr(line, '\'')) != NULL;)
		*quote = '"';
	const char *at = strstr(buf_str(&client->body), line);
	return at == NULL ? 0 : strtod(strchr(at + 1, ' '), NULL);
}

START_TEST(each_promised_metric_is_described_and_moves)
{
	struct client *client = families[_i].client;
	char text[TEXT_SIZE];

	double before = sample_value(client, families[_i].name, families[_i].sample);
	(void)snprintf(text, sizeof(text), "# HELP %s ", families[_i].name);
	check_holds(client, text);
	(void)snprintf(text, sizeof(text), "# TYPE %s %s\n", families[_i].name, families[_i].type);
	check_holds(client, text);
	(void)snprintf(text, sizeof(text), "{'order_id':'m-%d','amount':10.990,'currency':'KWD'}",
	               _i);
	post(client, client == &pay ? "/pay" : "/order", NULL, text, 200);
	double after = sample_value(client, families[_i].name, families[_i].sample);
	ck_assert_double_eq(after - before, families[_i].step);
}
END_TEST

START_TEST(what_builds_the_service_is_a_metric)
{
	ck_assert_double_eq(sample_value(&pay, "build_info", "{service='payment-service'"), 1);
	ck_assert_double_eq(sample_value(&order, "build_info", "{service='order-service'"), 1);
}
END_TEST

START_TEST(limits_are_metrics)
{
	ck_assert_double_eq(sample_value(&pay, "queue_max_commands", " "), 1024);
	ck_assert_double_eq(sample_value(&pay, "audit_interval_seconds", " "), 3600);
}
END_TEST

START_TEST(the_disk_of_the_store_is_a_metric)
{
	double free_bytes = sample_value(&pay, "storage_disk_free_bytes", " ");
	double size_bytes = sample_value(&pay, "storage_disk_size_bytes", " ");

	ck_assert_double_gt(free_bytes, 0);
	ck_assert_double_ge(size_bytes, free_bytes);
}
END_TEST

/* ---- version ---- */

START_TEST(the_version_is_the_same_everywhere)
{
	static const char *const command[] = {"version", NULL};
	char line[TEXT_SIZE];
	struct run run;

	get(&pay, "/version", NULL, 200);
	ck_assert_str_eq(client_string(&pay, "service"), "payment-service");
	(void)snprintf(line, sizeof(line), "payment-service %s (%s)\n",
	               client_string(&pay, "version"), client_string(&pay, "commit"));
	run_service(&payment_service, NULL, command, &run);
	ck_assert_int_eq(run.status, 0);
	ck_assert_str_eq(buf_str(&run.out), line);
	run_release(&run);
}
END_TEST

/* ---- OpenAPI ---- */

static const cJSON *member(const cJSON *json, const char *name)
{
	const cJSON *found = cJSON_GetObjectItemCaseSensitive(json, name);

	ck_assert_msg(found != NULL, "no %s", name);
	return found;
}

static void check_parameters(const cJSON *operation, const struct field *query)
{
	for (; query != NULL && query->kind != FIELD_KIND_END; query++) {
		const cJSON *parameter;
		bool found = false;

		cJSON_ArrayForEach (parameter, member(operation, "parameters"))
			found = found || strcmp(cJSON_GetStringValue(member(parameter, "name")),
			                        query->name) == 0;
		ck_assert_msg(found, "no parameter %s", query->name);
	}
}

static void check_properties(const cJSON *schema, const struct field *fields)
{
	for (; fields->kind != FIELD_KIND_END; fields++)
		(void)member(member(schema, "properties"), fields->name);
}

static void check_schema(const cJSON *content, const struct field *fields)
{
	const cJSON *schema = member(member(content, "application/json"), "schema");

	if (cJSON_GetObjectItemCaseSensitive(member(schema, "properties"), "data") != NULL)
		schema = member(member(member(schema, "properties"), "data"), "items");
	check_properties(schema, fields);
}

/* What a 402 tells besides the problem, and a dry run besides what else is answered. */
static void check_further(const cJSON *responses, const struct endpoint *row)
{
	const cJSON *schema, *declined = cJSON_GetObjectItemCaseSensitive(responses, "402");

	if (declined != NULL) {
		schema = member(member(member(declined, "content"), "application/problem+json"),
		                "schema");
		check_properties(cJSON_GetArrayItem(member(schema, "allOf"), 1), row->answer);
	}
	if (row->dry_run_answer == NULL)
		return;
	schema = member(member(member(member(responses, "200"), "content"), "application/json"),
	                "schema");
	schema = cJSON_GetArrayItem(member(schema, "anyOf"), 1);
	check_properties(cJSON_GetArrayItem(member(schema, "allOf"), 0), row->answer);
	check_properties(cJSON_GetArrayItem(member(schema, "allOf"), 1), row->dry_run_answer);
}

/* Without a scope the list is empty: no key is needed. */
static void check_security(const cJSON *operation, const char *scope)
{
	const cJSON *security = member(operation, "security");
	const cJSON *responses = member(operation, "responses");

	ck_assert_int_eq(cJSON_GetArraySize(security), scope == NULL ? 0 : 1);
	if (scope == NULL)
		return;
	const cJSON *scopes = member(cJSON_GetArrayItem(security, 0), "key");
	ck_assert_int_eq(cJSON_GetArraySize(scopes), 1);
	ck_assert_str_eq(cJSON_GetStringValue(cJSON_GetArrayItem(scopes, 0)), scope);
	(void)member(responses, "401");
	(void)member(responses, "403");
}

static const char *key_of(const char *method)
{
	return strcmp(method, "GET") == 0 ? "get" : strcmp(method, "POST") == 0 ? "post" : "delete";
}

/* What the document says of a row; how many rows there are. */
static size_t check_rows(const cJSON *document, const struct endpoint *rows)
{
	size_t count = 0;

	for (; rows[count].method != NULL; count++) {
		const struct endpoint *row = &rows[count];
		const cJSON *operation =
			member(member(member(document, "paths"), row->path), key_of(row->method));

		ck_assert_str_eq(cJSON_GetStringValue(member(operation, "summary")), row->summary);
		check_parameters(operation, row->query);
		check_security(operation, row->scope);
		if (row->body != NULL)
			check_schema(member(member(operation, "requestBody"), "content"),
			             row->body);
		const cJSON *responses = member(operation, "responses");
		(void)member(responses, "default");
		check_further(responses, row);
		if (row->answer != NULL && row->dry_run_answer == NULL)
			check_schema(member(member(responses, "200"), "content"), row->answer);
	}
	return count;
}

static const struct {
	struct client *client;
	const struct endpoint *tables[5];
} documents[] = {
	{&pay,
         {payment_endpoints, operation_endpoints, payment_read_endpoints, common_endpoints, NULL}},
	{&order, {order_endpoints, order_read_endpoints, common_endpoints, NULL}},
};

START_TEST(the_document_tells_of_every_row_of_the_table_and_of_nothing_else)
{
	struct client *client = documents[_i].client;
	const cJSON *path;
	size_t operations = 0;

	get(client, "/openapi.json", NULL, 200);
	ck_assert_str_eq(client_string(client, "openapi"), "3.1.0");
	size_t rows = 0;
	for (size_t i = 0; documents[_i].tables[i] != NULL; i++)
		rows += check_rows(client->json, documents[_i].tables[i]);
	cJSON_ArrayForEach (path, answer_member(client, "paths"))
		operations += (size_t)cJSON_GetArraySize(path);
	ck_assert_uint_eq(operations, rows);
	(void)member(member(answer_member(client, "components"), "responses"), "problem");
	(void)member(member(answer_member(client, "components"), "schemas"), "problem");
	const cJSON *scheme =
		member(member(answer_member(client, "components"), "securitySchemes"), "key");
	ck_assert_str_eq(cJSON_GetStringValue(member(scheme, "type")), "http");
	ck_assert_str_eq(cJSON_GetStringValue(member(scheme, "scheme")), "bearer");
}
END_TEST

/* What stands in the place of a parameter, in a path that exists. */
static const struct {
	const char *parameter;
	struct client *client;
	const char *path, *body; /* what makes it; NULL: it is there */
	const char *member;      /* of the answer, or the value itself */
} parameters[] = {
	{"{name}", NULL, NULL, NULL, "not-found"},
	{"{order_id}", &order, "/order", "{'order_id':'example'}", "order_id"},
	{"{payment_id}", &pay, "/pay", "{'order_id':'example','amount':1}", "payment_id"},
	/* Below the payment that make_examples gives. */
	{"{refund_id}", &pay, NULL, "{}", "refund_id"},
	{"{key}", NULL, NULL, NULL, "example-key"},
	{"{webhook_id}", NULL, NULL, NULL, "whe_00000000000000000000000000"},
};

/* A payment with one refund, whose path makes the refund; and a key, in both services. */
static const char *make_examples(char refunds[TEXT_SIZE])
{
	static const char *const key = "Idempotency-Key: example-key";

	post(&order, "/order", key, "{'order_id':'key-example'}", 200);
	post(&pay, "/pay", key, "{'order_id':'key-example','amount':1}", 200);
	(void)snprintf(refunds, TEXT_SIZE, "/payments/%s/refunds",
	               client_string(&pay, "payment_id"));
	return refunds;
}

static const char *example_of(const char *path, char example[TEXT_SIZE])
{
	const char *brace = strchr(path, '{'), *end = strchr(path, '}'), *value = NULL;
	char refunds[TEXT_SIZE];

	if (brace == NULL)
		return path;
	for (size_t i = 0; i < ARRAY_LEN(parameters) && value == NULL; i++) {
		const char *name = parameters[i].parameter;

		if (strncmp(brace, name, strlen(name)) != 0)
			continue;
		value = parameters[i].member;
		if (parameters[i].body == NULL)
			continue;
		post(parameters[i].client,
		     parameters[i].path == NULL ? make_examples(refunds) : parameters[i].path, NULL,
		     parameters[i].body, 200);
		value = client_string(parameters[i].client, parameters[i].member);
	}
	ck_assert_msg(value != NULL, "no example of %s", path);
	(void)snprintf(example, TEXT_SIZE, "%.*s%s%s", (int)(brace - path), path, value, end + 1);
	return example;
}

/* A GET answers; a POST or DELETE looks at its body. */
START_TEST(every_route_of_the_document_is_served)
{
	struct client *client = documents[_i].client;
	const cJSON *path;
	char refunds[TEXT_SIZE], example[TEXT_SIZE];

	(void)make_examples(refunds);
	get(client, "/openapi.json", NULL, 200);
	cJSON *document = cJSON_Duplicate(client->json, true);
	cJSON_ArrayForEach (path, member(document, "paths")) {
		const char *known = example_of(path->string, example);
		if (cJSON_GetObjectItemCaseSensitive(path, "get") != NULL)
			get(client, known, NULL, 200);
		if (cJSON_GetObjectItemCaseSensitive(path, "post") != NULL)
			post(client, known, NULL, "{", 400);
		if (cJSON_GetObjectItemCaseSensitive(path, "delete") != NULL)
			ck_assert_int_eq(client_send(client, "DELETE", known, NULL, "{"), 400);
	}
	cJSON_Delete(document);
}
END_TEST

static Suite *pages_suite(void)
{
	Suite *suite = suite_create("pages");
	TCase *tcase = tcase_create("pages");

	tcase_set_timeout(tcase, 120);
	tcase_add_unchecked_fixture(tcase, pair_start, pair_stop);
	tcase_add_test(tcase, a_service_is_alive_and_ready);
	tcase_add_test(tcase, a_service_that_drains_serves_on_and_is_not_ready);
	tcase_add_loop_test(tcase, each_promised_metric_is_described_and_moves, 0,
	                    ARRAY_LEN(families));
	tcase_add_test(tcase, what_builds_the_service_is_a_metric);
	tcase_add_test(tcase, limits_are_metrics);
	tcase_add_test(tcase, the_disk_of_the_store_is_a_metric);
	tcase_add_test(tcase, the_version_is_the_same_everywhere);
	tcase_add_loop_test(tcase, the_document_tells_of_every_row_of_the_table_and_of_nothing_else,
	                    0, ARRAY_LEN(documents));
	tcase_add_loop_test(tcase, every_route_of_the_document_is_served, 0, ARRAY_LEN(documents));
	suite_add_tcase(suite, tcase);
	return suite;
}

TEST_MAIN(pages_suite)
