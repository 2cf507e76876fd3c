/* error.h - every error that a caller can be told, one row each (api.md, "Errors"). Pure. */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include "base/base.h"

enum error {
	ERR_NONE,
	ERR_MALFORMED_JSON,
	ERR_MALFORMED_REQUEST,
	ERR_INVALID_IDEMPOTENCY_KEY,
	ERR_IDEMPOTENCY_KEY_REQUIRED,
	ERR_INVALID_CURSOR,
	ERR_UNAUTHENTICATED,
	ERR_FORBIDDEN,
	ERR_PAYMENT_DECLINED,
	ERR_NOT_FOUND,
	ERR_METHOD_NOT_ALLOWED,
	ERR_NOT_ACCEPTABLE,
	ERR_REQUEST_TIMEOUT,
	ERR_ORDER_EXISTS,
	ERR_ORDER_ALREADY_PAID,
	ERR_ORDER_CANCELLED,
	ERR_INVALID_STATE,
	ERR_REQUEST_IN_PROGRESS,
	ERR_LENGTH_REQUIRED,
	ERR_CONTENT_TOO_LARGE,
	ERR_URI_TOO_LONG,
	ERR_UNSUPPORTED_MEDIA_TYPE,
	ERR_EXPECTATION_FAILED,
	ERR_INVALID_REQUEST,
	ERR_INVALID_AMOUNT,
	ERR_AMOUNT_EXCEEDS_DUE,
	ERR_AMOUNT_EXCEEDS_AUTHORIZED,
	ERR_AMOUNT_EXCEEDS_REFUNDABLE,
	ERR_CURRENCY_MISMATCH,
	ERR_IDEMPOTENCY_KEY_REUSED,
	ERR_RATE_LIMITED,
	ERR_HEADER_TOO_LARGE,
	ERR_INTERNAL,
	ERR_OUTCOME_UNKNOWN,
	ERR_NOT_IMPLEMENTED,
	ERR_OVERLOADED,
	ERR_STORAGE_UNAVAILABLE,
	ERR_PROCESSOR_UNREACHABLE,
	ERR_PEER_LAGGING,
	ERR_ROLLED_BACK,
	ERR_SHUTTING_DOWN,
	ERR_VERSION_NOT_SUPPORTED,
	ERROR_COUNT
};

struct error_row {
	int status;       /* HTTP */
	const char *slug; /* the type is "/problems/SLUG" */
	const char *title;
	const char *detail; /* what the caller should do, where nothing more exact is known */
	bool retryable;     /* the same request may succeed later */
	int retry_after_s;  /* 0: no Retry-After header */
};

/* Never NULL; error is not ERR_NONE. */
const struct error_row *error_row(enum error error);
/* ERR_NONE where there is no such slug. */
enum error error_by_slug(const char *slug);

#endif
