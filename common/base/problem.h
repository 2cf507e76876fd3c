/* problem.h - prints an error as application/problem+json (RFC 9457) with the members of api.md,
 * "Errors". Pure. */
#ifndef BASE_PROBLEM_H
#define BASE_PROBLEM_H

#include "base/error.h"
#include "base/field.h"

#define PROBLEM_MEDIA_TYPE "application/problem+json"

/* Prints the members up to `retryable`, leaving the object open so that the caller may add its own
 * and close it. detail NULL or "": the row's sentence. */
void problem_open(struct buf *out, enum error error, const char *detail, struct text request_id);
/* The whole object; errors (NULL: none) become `errors`. */
void problem_render(struct buf *out, enum error error, const char *detail, struct text request_id,
                    const struct field_errors *errors);
/* Of a refusal that may pass later, whatever its row says. */
void problem_render_for_now(struct buf *out, enum error error, const char *detail,
                            struct text request_id);
/* ERR_INVALID_AMOUNT where money is all that is wrong, else ERR_INVALID_REQUEST. */
enum error problem_of_fields(const struct field_errors *errors);

#endif
