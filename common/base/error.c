/* error.c - the table of errors. To add one: a name in error.h, a row here; its page, its OpenAPI
 * entry and its status follow from the row. */
#include "base/error.h"

#include <string.h>

static const struct error_row rows[ERROR_COUNT] = {
	[ERR_MALFORMED_JSON] =
		{400, "malformed-json", "The body is not well-formed JSON",
                 "Send one JSON object in UTF-8, at most 8 levels deep, with no duplicate names."},
	[ERR_MALFORMED_REQUEST] = {400, "malformed-request", "The request is malformed",
                                   "Send a well-formed HTTP/1.1 request."},
	[ERR_INVALID_IDEMPOTENCY_KEY] =
		{400, "invalid-idempotency-key", "The Idempotency-Key is malformed",
                 "Send 1 to 255 printable ASCII characters, bare or as one quoted string."},
	[ERR_IDEMPOTENCY_KEY_REQUIRED] = {400, "idempotency-key-required",
                                          "An Idempotency-Key is required",
                                          "Repeat the request with an Idempotency-Key header."},
	[ERR_INVALID_CURSOR] =
		{400, "invalid-cursor", "The cursor is not valid here",
                 "Pass the value of next unchanged and with the same filters, or leave out after."},
	[ERR_UNAUTHENTICATED] = {401, "unauthenticated", "A valid API key is required",
                                 "Send Authorization: Bearer KEY with a key that is valid now."},
	[ERR_FORBIDDEN] = {403, "forbidden", "The caller is not allowed to do this",
                           "Use a key that has the scope of this call."},
	[ERR_PAYMENT_DECLINED] = {402, "payment-declined", "The payment was declined",
                                  "Ask the payer for another payment method, then pay again."},
	[ERR_NOT_FOUND] = {404, "not-found", "There is nothing here",
                           "Check the path and the id in it."},
	[ERR_METHOD_NOT_ALLOWED] = {405, "method-not-allowed", "The method is not allowed here",
                                    "Use one of the methods in the Allow header."},
	[ERR_NOT_ACCEPTABLE] = {406, "not-acceptable", "No acceptable representation",
                                "Accept application/json, or leave out the Accept header."},
	[ERR_REQUEST_TIMEOUT] = {408, "request-timeout", "The request did not arrive in time",
                                 "Send header and body without delay.", .retryable = true},
	[ERR_ORDER_EXISTS] = {409, "order-exists", "The order exists with other content",
                              "Use another order_id, or send exactly the order that was accepted."},
	[ERR_ORDER_ALREADY_PAID] =
		{409, "order-already-paid", "The order is already paid",
                 "Read the order's payments; a part payment needs an Idempotency-Key."},
	[ERR_ORDER_CANCELLED] = {409, "order-cancelled", "The order is cancelled",
                                 "Create a new order and pay that."},
	[ERR_INVALID_STATE] = {409, "invalid-state", "The state does not allow this",
                               "Read the current state and decide anew."},
	[ERR_REQUEST_IN_PROGRESS] = {409, "request-in-progress",
                                     "The same request is still being executed",
                                     "Repeat the request with the same key a little later.",
                                     .retryable = true, .retry_after_s = 1},
	[ERR_LENGTH_REQUIRED] = {411, "length-required", "The length of the body is missing",
                                 "Send a Content-Length header, or a chunked body."},
	[ERR_CONTENT_TOO_LARGE] = {413, "content-too-large", "The body is too large",
                                   "Send at most 64 KiB."},
	[ERR_URI_TOO_LONG] = {414, "uri-too-long", "The request target is too long",
                              "Send a target of at most 8000 bytes."},
	[ERR_UNSUPPORTED_MEDIA_TYPE] = {415, "unsupported-media-type",
                                        "The body's media type is not supported",
                                        "Send Content-Type: application/json."},
	[ERR_EXPECTATION_FAILED] = {417, "expectation-failed", "The expectation cannot be met",
                                    "Send no Expect header other than 100-continue."},
	[ERR_INVALID_REQUEST] =
		{422, "invalid-request", "Some fields are not valid",
                 "Correct the fields that errors names and send the request again."},
	[ERR_INVALID_AMOUNT] =
		{422, "invalid-amount", "The amount is not valid",
                 "Send plain decimal digits with no more decimals than the currency has."},
	[ERR_AMOUNT_EXCEEDS_DUE] = {422, "amount-exceeds-due", "The amount is above what is due",
                                    "Pay at most the amount due."},
	[ERR_AMOUNT_EXCEEDS_AUTHORIZED] = {422, "amount-exceeds-authorized",
                                           "The amount is above what was authorized",
                                           "Capture at most the authorized amount."},
	[ERR_AMOUNT_EXCEEDS_REFUNDABLE] = {422, "amount-exceeds-refundable",
                                           "The amount is above what can be refunded",
                                           "Refund at most amount_refundable."},
	[ERR_CURRENCY_MISMATCH] = {422, "currency-mismatch", "The currency is not the order's",
                                   "Use the currency of the order."},
	[ERR_IDEMPOTENCY_KEY_REUSED] = {422, "idempotency-key-reused",
                                        "The key was used for another request",
                                        "Use a fresh Idempotency-Key for a new request, or repeat "
                                        "the first one unchanged."},
	[ERR_RATE_LIMITED] = {429, "rate-limited", "Too many requests",
                              "Wait as Retry-After says, then go slower.", .retryable = true,
                              .retry_after_s = 1},
	[ERR_HEADER_TOO_LARGE] = {431, "header-too-large", "The header is too large",
                                  "Send at most 16 KiB of header."},
	[ERR_INTERNAL] =
		{500, "internal-error", "The service failed",
                 "Repeat the request with the same Idempotency-Key, or read what is stored.",
                 .retryable = true},
	[ERR_OUTCOME_UNKNOWN] =
		{500, "outcome-unknown", "It is not known whether the effect was stored",
                 "Repeat the request with the same Idempotency-Key, or read what is stored.",
                 .retryable = true},
	[ERR_NOT_IMPLEMENTED] =
		{501, "not-implemented", "The method or transfer coding is not implemented",
                 "Use GET, HEAD or POST, and no transfer coding other than chunked."},
	[ERR_OVERLOADED] = {503, "overloaded", "The service is at its limit",
                            "The request was not executed: repeat it a little later.",
                            .retryable = true, .retry_after_s = 1},
	[ERR_STORAGE_UNAVAILABLE] = {503, "storage-unavailable", "The store is not available",
                                     "The request was not executed: repeat it a little later.",
                                     .retryable = true, .retry_after_s = 5},
	[ERR_PROCESSOR_UNREACHABLE] = {503, "processor-unreachable",
                                       "The payment processor cannot be reached",
                                       "Nothing was done: repeat the request a little later.",
                                       .retryable = true, .retry_after_s = 30},
	[ERR_PEER_LAGGING] = {503, "peer-lagging", "The news of the order has not arrived yet",
                              "The request was not executed: repeat it a little later.",
                              .retryable = true, .retry_after_s = 1},
	[ERR_ROLLED_BACK] = {503, "rolled-back",
                             "The store was rolled back and waits for an operator",
                             "Nothing moves until an operator has reconciled the two services.",
                             .retryable = true, .retry_after_s = 60},
	[ERR_SHUTTING_DOWN] = {503, "shutting-down", "The service is stopping",
                               "The request was not executed: repeat it on a new connection.",
                               .retryable = true, .retry_after_s = 1},
	[ERR_VERSION_NOT_SUPPORTED] = {505, "http-version-not-supported",
                                       "The HTTP version is not supported", "Use HTTP/1.1."},
};

const struct error_row *error_row(enum error error)
{
	ensure(error > ERR_NONE && error < ERROR_COUNT);
	ensure(rows[error].slug != NULL);
	return &rows[error];
}

enum error error_by_slug(const char *slug)
{
	for (int error = ERR_NONE + 1; error < ERROR_COUNT; error++)
		if (strcmp(rows[error].slug, slug) == 0)
			return (enum error)error;
	return ERR_NONE;
}
