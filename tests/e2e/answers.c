/* answers.c - short requests and common checks (answers.h). */
#include "e2e/answers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_SIZE 8192

/* A copy with " in the place of '. */
static const char *quoted(const char *text, char out[TEXT_SIZE])
{
	size_t len = strlen(text);

	ck_assert_uint_lt(len, TEXT_SIZE);
	for (size_t i = 0; i <= len; i++)
		out[i] = (char)(text[i] == '\'' ? '"' : text[i]);
	return out;
}

static void check_header(struct client *client, const char *name, const char *value)
{
	const char *found = client_header(client, name);

	ck_assert_msg(found != NULL && strcmp(found, value) == 0, "%s: %s", name,
	              found == NULL ? "none" : found);
}

/* What every answer has. */
static void check_answer(struct client *client, const char *path, int status)
{
	ck_assert_msg(client->status == status, "%s: %d instead of %d: %s", path, client->status,
	              status, buf_str(&client->body));
	check_header(client, "Cache-Control", "no-store");
	check_header(client, "X-Content-Type-Options", "nosniff");
	ck_assert_ptr_nonnull(client_header(client, "X-Request-Id"));
	ck_assert_ptr_nonnull(client_header(client, "Content-Type"));
}

void get(struct client *client, const char *path, const char *header, int status)
{
	const char *headers[] = {header, NULL};

	(void)client_send(client, "GET", path, headers, NULL);
	check_answer(client, path, status);
}

int64_t get_metric(struct client *client, const char *name)
{
	char line[128];

	get(client, "/metrics", NULL, 200);
	(void)snprintf(line, sizeof(line), "\n%s ", name);
	const char *at = strstr(buf_str(&client->body), line);
	ck_assert_msg(at != NULL, "no metric %s", name);
	return strtoll(at + strlen(line), NULL, 10);
}

void post(struct client *client, const char *path, const char *header, const char *body, int status)
{
	const char *headers[] = {header, NULL};
	char bytes[TEXT_SIZE];

	(void)client_send(client, "POST", path, headers, quoted(body, bytes));
	check_answer(client, body, status);
}

void post_replay(struct client *client, const char *path, const char *header, const char *body,
                 int status, bool is_replay)
{
	post(client, path, header, body, status);
	if (is_replay)
		check_header(client, "Idempotent-Replayed", "true");
	else
		ck_assert_ptr_null(client_header(client, "Idempotent-Replayed"));
}

static const char *string_of(const cJSON *json, const char *member)
{
	const char *value = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, member));

	ck_assert_msg(value != NULL && value[0] != '\0', "no text %s", member);
	return value;
}

void check_problem_form(const cJSON *json, int status, const char *slug)
{
	char type[128];

	(void)snprintf(type, sizeof(type), "/problems/%s", slug);
	ck_assert_str_eq(string_of(json, "type"), type);
	(void)string_of(json, "title");
	(void)string_of(json, "detail");
	(void)string_of(json, "request_id");
	ck_assert_int_eq(cJSON_GetObjectItemCaseSensitive(json, "status")->valueint, status);
	ck_assert(cJSON_IsBool(cJSON_GetObjectItemCaseSensitive(json, "retryable")));
}

void check_problem(struct client *client, const char *slug)
{
	check_header(client, "Content-Type", "application/problem+json");
	check_problem_form(client->json, client->status, slug);
	check_header(client, "X-Request-Id", client_string(client, "request_id"));
	if (client->status == 405)
		ck_assert_ptr_nonnull(client_header(client, "Allow"));
	if (client->status == 429 || client->status == 503)
		ck_assert_ptr_nonnull(client_header(client, "Retry-After"));
}

void check_field_problem(struct client *client, const char *slug, const char *pointer)
{
	ck_assert_int_eq(client->status, 422);
	check_problem_form(client->json, 422, slug);
	const cJSON *errors = answer_member(client, "errors");
	ck_assert_int_eq(cJSON_GetArraySize(errors), 1);
	ck_assert_str_eq(string_of(cJSON_GetArrayItem(errors, 0), "pointer"), pointer);
	(void)string_of(cJSON_GetArrayItem(errors, 0), "detail");
}

void check_holds(const struct client *client, const char *text)
{
	char bytes[TEXT_SIZE];

	ck_assert_msg(strstr(buf_str(&client->body), quoted(text, bytes)) != NULL, "no %s in %s",
	              text, buf_str(&client->body));
}

void check_lacks(const struct client *client, const char *text)
{
	char bytes[TEXT_SIZE];

	ck_assert_msg(strstr(buf_str(&client->body), quoted(text, bytes)) == NULL, "%s is in %s",
	              text, buf_str(&client->body));
}

const cJSON *answer_member(const struct client *client, const char *name)
{
	const cJSON *member = cJSON_GetObjectItemCaseSensitive(client->json, name);

	ck_assert_msg(member != NULL, "no %s in %s", name, buf_str(&client->body));
	return member;
}

int64_t answer_int(const struct client *client, const char *name)
{
	const cJSON *member = answer_member(client, name);

	ck_assert(cJSON_IsNumber(member));
	return (int64_t)member->valuedouble;
}

const cJSON *answer_data(const struct client *client)
{
	const cJSON *data = answer_member(client, "data");

	ck_assert(cJSON_IsArray(data));
	return data;
}
