/* openapi.c - GET /openapi.json: an OpenAPI 3.1 document made from the endpoint and field tables,
 * and nothing else. */
#include "web/pages.h"

#include "base/problem.h"

#include <stdio.h>
#include <string.h>

static void add_ref(struct buf *out, const char *name, const char *ref)
{
	json_key(out, name);
	json_open(out, '{');
	json_member_str(out, "$ref", ref);
	json_close(out, '}');
}

static void add_header_parameter(struct buf *out, const char *name, const char *summary,
                                 int64_t length_max)
{
	json_open(out, '{');
	json_member_str(out, "name", name);
	json_member_str(out, "in", "header");
	json_member_str(out, "description", summary);
	json_key(out, "schema");
	json_open(out, '{');
	json_member_str(out, "type", "string");
	json_member_int(out, "maxLength", length_max);
	json_close(out, '}');
	json_close(out, '}');
}

static void add_parameters(struct buf *out, const struct endpoint *row)
{
	const char *brace = strchr(row->path, '{');

	json_key(out, "parameters");
	json_open(out, '[');
	if (brace != NULL) {
		struct text name = {brace + 1, strcspn(brace + 1, "}")};

		json_open(out, '{');
		json_member_string(out, "name", name);
		json_member_str(out, "in", "path");
		json_member_bool(out, "required", true);
		json_key(out, "schema");
		buf_addf(out, "{\"type\":\"string\",\"minLength\":1,\"maxLength\":%d}",
		         PATH_ID_MAX);
		json_close(out, '}');
	}
	if (row->query != NULL)
		field_query_parameters(row->query, out);
	if (row->kind == ENDPOINT_COMMAND)
		add_header_parameter(out, "Idempotency-Key", "Makes the call safe to repeat.",
		                     SEEN_KEY_MAX + 2);
	add_header_parameter(out, "X-Request-Id", "Echoed; made where it is left out.",
	                     REQUEST_ID_MAX);
	add_header_parameter(out, "traceparent", "W3C trace context: logged, and told in events.",
	                     TRACEPARENT_CHARS);
	json_close(out, ']');
}

static void add_body(struct buf *out, const struct endpoint *row)
{
	if (strcmp(row->method, "POST") != 0)
		return;
	json_key(out, "requestBody");
	json_open(out, '{');
	json_member_bool(out, "required", row->body_is_required);
	json_key(out, "content");
	json_open(out, '{');
	json_key(out, "application/json");
	json_open(out, '{');
	json_key(out, "schema");
	field_schema(row->body == NULL ? no_fields : row->body, false, out);
	json_close(out, '}');
	json_close(out, '}');
	json_close(out, '}');
}

/* All members of both; first NULL: of a problem. */
static void add_both(struct buf *out, const struct field *first, const struct field *second)
{
	json_open(out, '{');
	json_key(out, "allOf");
	json_open(out, '[');
	if (first != NULL)
		field_schema(first, true, out);
	else
		json_raw(out, TEXT_LITERAL("{\"$ref\":\"#/components/schemas/problem\"}"));
	field_schema(second, true, out);
	json_close(out, ']');
	json_close(out, '}');
}

static void add_dry_run_schema(struct buf *out, const struct endpoint *row)
{
	json_open(out, '{');
	json_key(out, "anyOf");
	json_open(out, '[');
	field_schema(row->answer, true, out);
	add_both(out, row->answer, row->dry_run_answer);
	json_close(out, ']');
	json_close(out, '}');
}

static void add_answer_schema(struct buf *out, const struct endpoint *row)
{
	json_key(out, "schema");
	if (row->answer == NULL) {
		json_raw(out, TEXT_LITERAL("{}"));
		return;
	}
	if (row->dry_run_answer != NULL) {
		add_dry_run_schema(out, row);
		return;
	}
	if (!row->answer_is_list) {
		field_schema(row->answer, true, out);
		return;
	}
	json_open(out, '{');
	json_member_str(out, "type", "object");
	json_key(out, "required");
	json_raw(out, TEXT_LITERAL("[\"data\",\"has_more\",\"next\"]"));
	json_key(out, "properties");
	json_open(out, '{');
	json_key(out, "data");
	json_open(out, '{');
	json_member_str(out, "type", "array");
	json_key(out, "items");
	field_schema(row->answer, true, out);
	json_close(out, '}');
	json_key(out, "has_more");
	json_raw(out, TEXT_LITERAL("{\"type\":\"boolean\"}"));
	json_key(out, "next");
	json_raw(out, TEXT_LITERAL("{\"type\":[\"string\",\"null\"]}"));
	json_close(out, '}');
	json_close(out, '}');
}

static void add_answer(struct buf *out, const struct endpoint *row, const char *status,
                       const char *description)
{
	static const char *const json_only[] = {"application/json", NULL};
	const char *const *media = row->media[0] == NULL ? json_only : row->media;

	json_key(out, status);
	json_open(out, '{');
	json_member_str(out, "description", description);
	json_key(out, "content");
	json_open(out, '{');
	for (; *media != NULL; media++) {
		json_key(out, *media);
		json_open(out, '{');
		add_answer_schema(out, row);
		json_close(out, '}');
	}
	json_close(out, '}');
	json_close(out, '}');
}

static void add_problem(struct buf *out, enum error error)
{
	char status[12];

	(void)snprintf(status, sizeof(status), "%d", error_row(error)->status);
	add_ref(out, status, "#/components/responses/problem");
}

/* The one problem that changed something: with what it changed. */
static void add_declined(struct buf *out, const struct endpoint *row)
{
	json_key(out, "402");
	json_open(out, '{');
	json_member_str(out, "description", error_row(ERR_PAYMENT_DECLINED)->title);
	json_key(out, "content");
	json_open(out, '{');
	json_key(out, PROBLEM_MEDIA_TYPE);
	json_open(out, '{');
	json_key(out, "schema");
	add_both(out, NULL, row->answer);
	json_close(out, '}');
	json_close(out, '}');
	json_close(out, '}');
}

static void add_answers(struct buf *out, const struct endpoint *row)
{
	json_key(out, "responses");
	json_open(out, '{');
	add_answer(out, row, "200", "As asked.");
	if (row->may_stay_open)
		add_answer(out, row, "202", "Accepted; the outcome is not known yet.");
	if (row->scope != NULL) {
		add_problem(out, ERR_UNAUTHENTICATED);
		add_problem(out, ERR_FORBIDDEN);
	}
	for (size_t i = 0; row->errors[i] != ERR_NONE; i++) {
		int status = error_row(row->errors[i])->status;
		bool is_told = false;

		for (size_t j = 0; j < i; j++)
			is_told = is_told || error_row(row->errors[j])->status == status;
		if (row->errors[i] == ERR_PAYMENT_DECLINED)
			add_declined(out, row);
		else if (!is_told)
			add_problem(out, row->errors[i]);
	}
	if (!row->is_health)
		add_ref(out, "429", "#/components/responses/rate_limited");
	add_ref(out, "default", "#/components/responses/problem");
	json_close(out, '}');
}

/* Also where AUTH is none: the document tells of the interface. For a scheme of HTTP the list names
 * what the key must be allowed to do (OpenAPI 3.1, "Security Requirement Object"). */
static void add_security(struct buf *out, const struct endpoint *row)
{
	json_key(out, "security");
	json_open(out, '[');
	if (row->scope != NULL)
		buf_addf(out, "{\"key\":[\"%s\"]}", row->scope);
	json_close(out, ']');
}

static void add_operation(struct buf *out, const struct endpoint *row)
{
	static const struct {
		const char *method, *key;
	} keys[] = {{"GET", "get"}, {"POST", "post"}, {"DELETE", "delete"}};
	size_t at = 0;

	while (strcmp(row->method, keys[at].method) != 0)
		ensure(++at < ARRAY_LEN(keys));
	json_key(out, keys[at].key);
	json_open(out, '{');
	json_member_str(out, "summary", row->summary);
	add_security(out, row);
	add_parameters(out, row);
	add_body(out, row);
	add_answers(out, row);
	json_close(out, '}');
}

/* Rows of one path need not stand together, a path of the document must. */
static void add_paths(struct buf *out, const struct api *api)
{
	size_t count = api_endpoints_count(api);

	json_key(out, "paths");
	json_open(out, '{');
	for (size_t i = 0; i < count; i++) {
		const char *path = api_endpoint(api, i)->path;
		bool is_told = false;

		for (size_t j = 0; j < i; j++)
			is_told = is_told || strcmp(api_endpoint(api, j)->path, path) == 0;
		if (is_told)
			continue;
		json_key(out, path);
		json_open(out, '{');
		for (size_t j = i; j < count; j++)
			if (strcmp(api_endpoint(api, j)->path, path) == 0)
				add_operation(out, api_endpoint(api, j));
		json_close(out, '}');
	}
	json_close(out, '}');
}

static const char components[] =
	"{\"securitySchemes\":{\"key\":{\"type\":\"http\",\"scheme\":\"bearer\","
	"\"description\":\"A key with the scope that the call names, where AUTH=keys.\"}},"
	"\"responses\":{\"problem\":{"
	"\"description\":\"An error, as RFC 9457 problem details.\",\"content\":"
	"{\"application/problem+json\":{\"schema\":{\"$ref\":\"#/components/schemas/problem\"}}}},"
	"\"rate_limited\":{\"description\":\"Too many requests of this key or address; told after "
	"half a second or more.\","
	"\"headers\":{"
	"\"Retry-After\":{\"description\":\"Seconds until there is more.\","
	"\"schema\":{\"type\":\"integer\"}},"
	"\"RateLimit-Policy\":{\"description\":\"q requests at once, all of them again after w "
	"seconds.\",\"schema\":{\"type\":\"string\"}},"
	"\"RateLimit\":{\"description\":\"r requests are left; there are more after t seconds.\","
	"\"schema\":{\"type\":\"string\"}}},\"content\":"
	"{\"application/problem+json\":{\"schema\":{\"$ref\":\"#/components/schemas/problem\"}}}}},"
	"\"schemas\":{\"problem\":{\"type\":\"object\","
	"\"required\":[\"type\",\"title\",\"status\",\"detail\",\"request_id\",\"retryable\"],"
	"\"properties\":{"
	"\"type\":{\"type\":\"string\"},\"title\":{\"type\":\"string\"},\"status\":{\"type\":"
	"\"integer\"},"
	"\"detail\":{\"type\":\"string\"},\"request_id\":{\"type\":\"string\"},\"retryable\":{"
	"\"type\":\"boolean\"},"
	"\"errors\":{\"type\":\"array\",\"items\":{\"type\":\"object\",\"required\":[\"pointer\","
	"\"detail\"],"
	"\"properties\":{\"pointer\":{\"type\":\"string\"},\"detail\":{\"type\":\"string\"}}}}}}"
	"}}";

enum error openapi_run(struct request *request, struct db *db)
{
	struct buf *out = &request->job.answer.body;

	(void)db;
	json_open(out, '{');
	json_member_str(out, "openapi", "3.1.0");
	json_key(out, "info");
	json_open(out, '{');
	json_member_str(out, "title", api_settings(request->api)->service);
	json_member_str(out, "version", version_number);
	json_close(out, '}');
	add_paths(out, request->api);
	json_key(out, "components");
	json_raw(out, text_of(components));
	json_close(out, '}');
	return ERR_NONE;
}
