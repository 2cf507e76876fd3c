/* problem.c - errors as application/problem+json. Text comes from the error table, never from a
 * caller's values. */
#include "base/problem.h"

static void open_with(struct buf *out, enum error error, const char *detail, struct text request_id,
                      bool is_retryable)
{
	const struct error_row *row = error_row(error);

	json_open(out, '{');
	json_key(out, "type");
	buf_add_str(out, "\"/problems/");
	buf_add_str(out, row->slug);
	buf_add_char(out, '"');
	json_member_str(out, "title", row->title);
	json_member_int(out, "status", row->status);
	json_member_str(out, "detail", detail != NULL && *detail != '\0' ? detail : row->detail);
	json_member_string(out, "request_id", request_id);
	json_member_bool(out, "retryable", is_retryable);
}

void problem_open(struct buf *out, enum error error, const char *detail, struct text request_id)
{
	open_with(out, error, detail, request_id, error_row(error)->retryable);
}

void problem_render_for_now(struct buf *out, enum error error, const char *detail,
                            struct text request_id)
{
	open_with(out, error, detail, request_id, true);
	json_close(out, '}');
}

void problem_render(struct buf *out, enum error error, const char *detail, struct text request_id,
                    const struct field_errors *errors)
{
	problem_open(out, error, detail, request_id);
	if (errors != NULL && errors->count > 0) {
		json_key(out, "errors");
		json_open(out, '[');
		for (size_t i = 0; i < errors->count && i < FIELD_ERRORS_MAX; i++) {
			json_open(out, '{');
			json_member_str(out, "pointer", errors->rows[i].pointer);
			json_member_str(out, "detail", errors->rows[i].detail);
			json_close(out, '}');
		}
		json_close(out, ']');
	}
	json_close(out, '}');
}

enum error problem_of_fields(const struct field_errors *errors)
{
	size_t kept = errors->count < FIELD_ERRORS_MAX ? errors->count : FIELD_ERRORS_MAX;

	ensure(errors->count > 0);
	for (size_t i = 0; i < kept; i++)
		if (!errors->rows[i].is_money)
			return ERR_INVALID_REQUEST;
	return ERR_INVALID_AMOUNT;
}
