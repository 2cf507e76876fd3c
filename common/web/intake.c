/* intake.c - decides what happens to a request while it comes in.
 *
 *   intake_target --> intake_head --> intake_body, any number of times --> intake_whole, which is
 *                                        called again after each INTAKE_WAIT and the INTAKE_HOLD
 *
 * An answer in the middle of a request is INTAKE_TELL where the rest is read all the same: to close
 * the socket on bytes that are not read resets the connection, and the client may lose its answer.
 *
 * Invariants: (1) what follows INTAKE_ANSWER, INTAKE_REFUSE or INTAKE_ABORT is intake_free; (2) an
 * answer in the middle of a request closes the connection, whatever is still to come of it. */
#include "web/intake.h"

#include "web/framing.h"

#include <stdlib.h>
#include <string.h>

struct intake *intake_new(const struct http_app *app, const char *target, int64_t now_us)
{
	size_t target_len = strlen(target);
	struct intake *in = malloc(sizeof(*in) + target_len + 1);

	if (in == NULL)
		return NULL;
	*in = (struct intake){.app = app, .target_at = target};
	memcpy(in->target, target, target_len + 1);
	buf_init(&in->body, HTTP_BODY_BYTES_MAX);
	in->x.target = (struct text){in->target, target_len};
	in->x.began_us = now_us;
	return in;
}

void intake_free(struct intake *in)
{
	if (in->is_known)
		in->app->ended(in->app->arg, &in->x);
	buf_release(&in->body);
	free(in->headers);
	free(in);
}

void intake_problem(struct intake *in, enum error error, const char *detail)
{
	in->is_known = true;
	in->x.answer = (struct http_answer){0};
	in->app->problem(in->app->arg, &in->x, error, detail);
	in->x.answer.close = true;
}

enum intake_step intake_target(struct intake *in)
{
	size_t parameters = 1;

	for (size_t i = 0; i < in->x.target.len; i++)
		parameters += in->x.target.ptr[i] == '&';
	if (parameters <= QUERY_PARAMETERS_MAX)
		return INTAKE_READ;
	intake_problem(in, ERR_MALFORMED_REQUEST, "Send at most 32 query parameters.");
	return INTAKE_REFUSE;
}

/* Room for what is there, not for 3 KiB of headers: most requests have a few, and small memory is
 * found sooner. */
bool intake_expect_headers(struct intake *in, size_t count)
{
	size_t room = count < HTTP_HEADERS_MAX ? count : HTTP_HEADERS_MAX;

	ensure(in->headers == NULL);
	if (room == 0)
		return true;
	in->headers = malloc(room * sizeof(in->headers[0]));
	in->x.headers = in->headers;
	in->headers_room = room;
	return in->headers != NULL;
}

bool intake_header(struct intake *in, struct text name, struct text value)
{
	if (in->x.headers_count == HTTP_HEADERS_MAX) {
		in->has_too_many_headers = true;
		return false;
	}
	ensure(in->x.headers_count < in->headers_room);
	in->headers[in->x.headers_count++] = (struct http_header){name, value};
	return true;
}

static enum error judge(struct intake *in, const char *version, size_t header_bytes,
                        const char **ret_detail)
{
	struct framing_lines lines = {in->target_at, text_of(version), header_bytes};

	if (in->has_too_many_headers || header_bytes > HTTP_HEADER_BYTES_MAX) {
		*ret_detail = "Send at most 100 headers, and 16 KiB of them.";
		return ERR_HEADER_TOO_LARGE;
	}
	enum error error = framing_check(&in->x, &lines, ret_detail);
	framing_trim(in->headers, in->x.headers_count);
	return error;
}

/* Whether a body that nobody wants is read all the same, so that the client reads its answer and
 * can keep the connection. Who asks for 100 Continue sends nothing until it is answered. */
static bool is_worth_discarding(const struct http_exchange *x)
{
	return x->content_length <= HTTP_DISCARD_BYTES_MAX &&
	       http_header_find(x, "Expect", NULL).ptr == NULL;
}

enum intake_step intake_head(struct intake *in, const char *method, const char *version,
                             size_t header_bytes)
{
	const char *detail = NULL;

	in->x.method = text_of(method);
	enum error error = judge(in, version, header_bytes, &detail);
	if (error != ERR_NONE) {
		intake_problem(in, error, detail);
		return INTAKE_ANSWER;
	}
	in->is_known = true;
	in->is_answered = !in->app->head(in->app->arg, &in->x);
	if (!in->is_answered)
		return INTAKE_READ;
	if (is_worth_discarding(&in->x)) {
		in->was_told = in->x.answer.is_early;
		return in->was_told ? INTAKE_TELL : INTAKE_READ;
	}
	in->x.answer.close = true;
	return INTAKE_ANSWER;
}

static enum intake_step discard(struct intake *in, size_t count)
{
	in->discarded_bytes += count;
	if (in->discarded_bytes <= HTTP_DISCARD_BYTES_MAX)
		return INTAKE_READ;
	if (in->was_told)
		return INTAKE_ABORT;
	intake_problem(in, ERR_CONTENT_TOO_LARGE, NULL);
	return INTAKE_REFUSE;
}

enum intake_step intake_body(struct intake *in, const char *bytes, size_t count)
{
	ensure(in->is_known && !in->is_whole);
	if (!in->is_answered && count > HTTP_BODY_BYTES_MAX - in->body.len) {
		in->x.body_too_large = true;
		buf_release(&in->body);
	}
	if (in->is_answered || in->x.body_too_large)
		return discard(in, count);
	buf_add(&in->body, bytes, count);
	return in->body.full ? INTAKE_ABORT : INTAKE_READ; /* within the cap: no memory */
}

enum intake_step intake_whole(struct intake *in)
{
	ensure(in->is_known);
	if (in->was_told)
		return INTAKE_ABORT;
	in->x.resumed = in->is_whole;
	in->is_whole = true;
	in->x.body = buf_text(&in->body);
	if (!in->is_answered && !in->app->body(in->app->arg, &in->x))
		return INTAKE_WAIT;
	in->is_answered = true;
	if (!in->x.answer.is_held || in->was_held)
		return INTAKE_ANSWER;
	in->was_held = true;
	return INTAKE_HOLD;
}
