/* request.c - one request: its memory, the checks of its header in the contract's order, its
 * fields, and its answer's way into what http.c sends. */
#include "web/request.h"

#include "base/problem.h"
#include "web/caller.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define SCRATCH_BYTES_MAX (HTTP_TARGET_BYTES_MAX + 1024)
/* As many as a busy service has under way, of 4 to 17 KiB each. */
#define SPARE_REQUESTS_MAX 128
#define SPARE_BUF_BYTES_MAX 2048 /* what most answers need */

void request_problem(struct request *request, enum error error, const struct field_errors *errors)
{
	struct answer *answer = &request->job.answer;

	answer->error = error;
	answer->status = error_row(error)->status;
	answer->replayed = false;
	buf_reset(&answer->body);
	problem_render(&answer->body, error, answer->detail, text_of(request->request_id), errors);
}

void request_problem_detail(struct request *request, enum error error, const char *detail)
{
	(void)snprintf(request->job.answer.detail, ANSWER_DETAIL_SIZE, "%s", detail);
	request_problem(request, error, NULL);
}

static bool is_problem(const struct answer *answer)
{
	return answer->status >= 400;
}

/* Turns the request's answer into what http.c sends. */
void request_set_answer(struct request *request)
{
	struct http_exchange *x = request->exchange;
	struct answer *answer = &request->job.answer;

	if (answer->body.full)
		request_problem_detail(request, ERR_INTERNAL,
		                       "The answer is too large or memory is short: ask for less.");
	x->answer.status = answer->status;
	x->answer.body = buf_text(&answer->body);
	x->answer.has_file = request->file_fd >= 0;
	x->answer.file_fd = request->file_fd;
	x->answer.file_bytes = request->file_bytes;
	http_answer_header(x, "Content-Type",
	                   is_problem(answer) ? PROBLEM_MEDIA_TYPE : request->media_type);
	http_answer_header(x, "Cache-Control", "no-store");
	http_answer_header(x, "X-Content-Type-Options", "nosniff");
	http_answer_header(x, "X-Request-Id", request->request_id);
	if (answer->replayed)
		http_answer_header(x, "Idempotent-Replayed", "true");
	if (answer->error != ERR_NONE && error_row(answer->error)->retry_after_s > 0) {
		(void)snprintf(request->retry_after, sizeof(request->retry_after), "%d",
		               error_row(answer->error)->retry_after_s);
		http_answer_header(x, "Retry-After", request->retry_after);
	}
	if (answer->error == ERR_METHOD_NOT_ALLOWED)
		http_answer_header(x, "Allow", request->allow);
	if (request->challenge[0] != '\0')
		http_answer_header(x, "WWW-Authenticate", request->challenge);
	limits_add_headers(api_limits(request->api), request);
	if (request->file_name[0] != '\0')
		http_answer_header(x, "Content-Disposition", request->file_name);
	if (request->events_next[0] != '\0') {
		http_answer_header(x, "Events-Next", request->events_next);
		http_answer_header(x, "Events-Head", request->events_head);
		if (request->events_seen[0] != '\0')
			http_answer_header(x, "Events-Seen", request->events_seen);
	}
	if (api_is_draining(request->api))
		x->answer.close = true;
	else
		x->answer.is_held = answer->error == ERR_RATE_LIMITED;
}

static void take_request_id(struct request *request)
{
	struct text given = http_header_find(request->exchange, "X-Request-Id", NULL);
	const struct env *env = api_settings(request->api)->env;
	uint8_t random[ULID_RANDOM_BYTES];

	if (given.ptr != NULL && request_id_is_safe(given)) {
		text_copy(given, request->request_id, sizeof(request->request_id));
		return;
	}
	env_random(env, random, sizeof(random));
	id_make("req_", env_now_us(env), random, request->request_id);
}

void requests_init(struct requests *requests, struct api *api)
{
	*requests = (struct requests){.api = api};
	for (size_t i = 0; i < api_endpoints_count(api); i++) {
		size_t size = api_endpoint(api, i)->input_size;

		if (requests->input_size < size)
			requests->input_size = size;
	}
}

/* Memory with buffers that are empty and bounded as at first, all else undefined. */
static struct request *take_memory(struct requests *requests)
{
	struct request *request = requests->spare;

	if (request != NULL) {
		requests->spare = request->next_spare;
		requests->spare_count--;
		ensure(request->job.answer.body.bytes_max == ANSWER_BYTES_MAX);
		return request;
	}
	request = malloc(sizeof(*request) + requests->input_size);
	if (request == NULL)
		return NULL;
	buf_init(&request->scratch, SCRATCH_BYTES_MAX);
	buf_init(&request->key, HTTP_HEADER_BYTES_MAX);
	buf_init(&request->made, ANSWER_BYTES_MAX);
	answer_init(&request->job.answer);
	buf_init(&request->job.kept, ANSWER_BYTES_MAX);
	return request;
}

struct request *request_new(struct requests *requests, struct http_exchange *x,
                            const struct endpoint *endpoint)
{
	struct request *request = take_memory(requests);
	struct text traceparent;

	if (request == NULL) {
		x->answer.status = 503;
		x->answer.close = true;
		http_answer_header(x, "Retry-After", "1");
		return NULL;
	}
	*request = (struct request){
		.api = requests->api,
		.endpoint = endpoint,
		.exchange = x,
		.scratch = request->scratch,
		.made = request->made,
		.key = request->key,
		.job = {.answer = {.body = request->job.answer.body}, .kept = request->job.kept},
		.input = request + 1,
		.file_fd = -1,
		.media_type = endpoint == NULL || endpoint->media[0] == NULL ? "application/json"
	                                                                     : endpoint->media[0]};
	if (endpoint != NULL)
		memset(request->input, 0, endpoint->input_size);
	x->user = request;
	request->caller = text_of(request->caller_name);
	take_request_id(request);
	request->job.request_id = text_of(request->request_id);
	traceparent = http_header_find(x, "traceparent", NULL);
	if (traceparent.ptr != NULL && traceparent_is_valid(traceparent))
		request->traceparent = request->job.traceparent = traceparent;
	return request;
}

/* Several Accept fields are one list (RFC 9110 section 5.3). */
static void join_accept(const struct http_exchange *x, struct buf *out)
{
	for (size_t i = 0; i < x->headers_count; i++) {
		struct text name = x->headers[i].name;

		if (name.len != 6 || strncasecmp(name.ptr, "Accept", 6) != 0)
			continue;
		if (out->len > 0)
			buf_add_char(out, ',');
		buf_add_text(out, x->headers[i].value);
	}
}

int request_wants(const struct request *request, const char *media_type)
{
	size_t count;
	struct text accept = http_header_find(request->exchange, "Accept", &count);
	struct buf joined AUTO_BUF;

	buf_init(&joined, 2 * HTTP_HEADER_BYTES_MAX);
	if (count < 2)
		return accept_weight(accept, media_type);
	join_accept(request->exchange, &joined);
	return accept_weight(buf_text(&joined), media_type);
}

static enum error check_accept(const struct request *request)
{
	static const char *const json_only[] = {"application/json", NULL};
	const char *const *media =
		request->endpoint->media[0] == NULL ? json_only : request->endpoint->media;
	struct text expect = http_header_find(request->exchange, "Expect", NULL);
	bool admits = false;

	for (; *media != NULL; media++)
		admits = admits || request_wants(request, *media) > 0;
	if (!admits)
		return ERR_NOT_ACCEPTABLE;
	if (expect.ptr != NULL &&
	    !(expect.len == 12 && strncasecmp(expect.ptr, "100-continue", 12) == 0))
		return ERR_EXPECTATION_FAILED;
	return ERR_NONE;
}

static bool has_body(const struct http_exchange *x)
{
	return x->content_length > 0 || x->is_chunked;
}

static enum error check_body_kind(const struct request *request)
{
	const struct http_exchange *x = request->exchange;
	struct text type = http_header_find(x, "Content-Type", NULL);

	if (request->endpoint->body_is_required && !x->has_length && !x->is_chunked)
		return ERR_LENGTH_REQUIRED;
	if (x->content_length > HTTP_BODY_BYTES_MAX)
		return ERR_CONTENT_TOO_LARGE;
	if (request->endpoint->kind == ENDPOINT_COMMAND && has_body(x) &&
	    (type.ptr == NULL || !content_type_is_json(type)))
		return ERR_UNSUPPORTED_MEDIA_TYPE;
	return ERR_NONE;
}

struct seen_key request_seen_key(const struct request *request, struct text key)
{
	struct seen_key seen = {.caller = request->caller, .key = key};

	seen.key_hash = hash_keyed_pair(api_settings(request->api)->sip_key, seen.caller, key);
	return seen;
}

static enum error take_key(struct request *request)
{
	size_t count;
	struct text value = http_header_find(request->exchange, "Idempotency-Key", &count);

	if (request->endpoint->kind != ENDPOINT_COMMAND || count == 0)
		return ERR_NONE;
	if (count > 1 || !idempotency_key_parse(value, &request->key))
		return ERR_INVALID_IDEMPOTENCY_KEY;
	request->job.key = request_seen_key(request, buf_text(&request->key));
	return ERR_NONE;
}

/* The connection ends with the refusal, as the next one may show another certificate. A probe of a
 * container's health has none to show. */
static enum error check_client(struct request *request)
{
	struct http_exchange *x = request->exchange;

	if (x->client_is_trusted || request->endpoint->is_health)
		return ERR_NONE;
	(void)snprintf(request->job.answer.detail, ANSWER_DETAIL_SIZE,
	               "Connect with a client certificate that is valid here and has a name that "
	               "is let in.");
	x->answer.close = true;
	return ERR_FORBIDDEN;
}

/* What can be judged before the body. */
enum error request_check_head(struct request *request)
{
	enum error error;

	if (api_is_draining(request->api) && request->endpoint->scope != NULL)
		return ERR_SHUTTING_DOWN;
	enum error refusal = check_client(request);
	if (refusal == ERR_NONE)
		refusal = caller_check(request);
	/* Who is refused counts as well, or keys could be guessed at any pace. */
	if ((error = limits_take(api_limits(request->api), request)) != ERR_NONE)
		return error;
	/* Who is not let in cannot hold a connection by not sending a body. */
	request->exchange->answer.is_early = refusal != ERR_NONE && has_body(request->exchange);
	if ((error = refusal) != ERR_NONE)
		return error;
	if ((error = check_accept(request)) != ERR_NONE)
		return error;
	if ((error = check_body_kind(request)) != ERR_NONE)
		return error;
	return take_key(request);
}

static const struct field *table(const struct field *fields)
{
	return fields == NULL ? no_fields : fields;
}

/* method, route, path id and typed fields after defaults: white space and key order do not matter.
 */
static bool fingerprint(struct request *request)
{
	const struct endpoint *endpoint = request->endpoint;
	struct buf text AUTO_BUF;

	buf_init(&text, ANSWER_BYTES_MAX);
	buf_addf(&text, "%s %s\n%s\n", endpoint->method, endpoint->path, request->path_id);
	field_render(table(endpoint->body), request->input, &text);
	hash_sha256(buf_str(&text), text.len, &request->job.key.fingerprint);
	return !text.full;
}

bool request_read_query(struct request *request)
{
	char detail[FIELD_DETAIL_SIZE];

	if (field_parse_query(table(request->endpoint->query), request->query, &request->scratch,
	                      request->input, detail))
		return true;
	request_problem_detail(request, ERR_MALFORMED_REQUEST, detail);
	return false;
}

/* Body to fields. A refusal, ERR_NONE with errors, or ERR_NONE without. */
static enum error parse_body(struct request *request, struct field_errors *errors)
{
	const struct field *fields = table(request->endpoint->body);
	const struct currency *currency = api_settings(request->api)->currency;
	struct text body = request->exchange->body;
	const char *detail;
	size_t offset;

	if (body.len == 0 && !request->endpoint->body_is_required) {
		field_defaults(fields, currency, request->input);
		return ERR_NONE;
	}
	if (!json_parse(body, &request->doc, &detail, &offset)) {
		(void)snprintf(request->job.answer.detail, ANSWER_DETAIL_SIZE,
		               "%s (at byte %zu of the body).", detail, offset);
		return ERR_MALFORMED_JSON;
	}
	request->has_doc = true;
	if (!field_parse(fields, &request->doc, currency, request->input, errors))
		ensure(errors->count > 0);
	return ERR_NONE;
}

bool request_read_body(struct request *request)
{
	struct field_errors errors;
	enum error refusal;

	errors.count = 0;
	refusal = parse_body(request, &errors);
	if (refusal == ERR_NONE && errors.count == 0)
		refusal = request->endpoint->prepare(request, &errors);
	if (refusal == ERR_NONE && errors.count > 0)
		refusal = problem_of_fields(&errors);
	if (refusal == ERR_NONE && request->job.key.key.ptr != NULL && !fingerprint(request))
		refusal = ERR_OVERLOADED;
	if (refusal == ERR_NONE)
		return true;
	request_problem(request, refusal, &errors);
	return false;
}

static void empty(struct buf *buf)
{
	if (buf->size > SPARE_BUF_BYTES_MAX)
		buf_release(buf);
	else
		buf_reset(buf);
}

static void free_memory(struct request *request)
{
	buf_release(&request->scratch);
	buf_release(&request->key);
	buf_release(&request->made);
	answer_release(&request->job.answer);
	buf_release(&request->job.kept);
	free(request);
}

void request_end(struct requests *requests, struct request *request)
{
	if (request->has_doc)
		json_release(&request->doc);
	if (request->file_fd >= 0)
		(void)close(request->file_fd);
	if (requests->spare_count == SPARE_REQUESTS_MAX) {
		free_memory(request);
		return;
	}
	empty(&request->scratch);
	empty(&request->key);
	empty(&request->made);
	empty(&request->job.answer.body);
	request->job.answer.body.bytes_max = ANSWER_BYTES_MAX; /* some answers may be larger */
	empty(&request->job.kept);
	request->next_spare = requests->spare;
	requests->spare = request;
	requests->spare_count++;
}

void requests_release(struct requests *requests)
{
	while (requests->spare != NULL) {
		struct request *request = requests->spare;

		requests->spare = request->next_spare;
		free_memory(request);
	}
}
