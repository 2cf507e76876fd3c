/* headers.h - judges the values of single header fields. Pure. */
#ifndef WEB_HEADERS_H
#define WEB_HEADERS_H

#include "base/buf.h"
#include "base/trace.h"

#define REQUEST_ID_MAX 128

/* How much an Accept value wants a media type such as "application/json", in thousandths: 0 is not
 * at all (RFC 9110 section 12.5.1: the most specific range that matches decides). An absent or
 * empty value wants everything. */
int accept_weight(struct text accept, const char *media_type);
/* Whether a Content-Type is application/json; parameters are allowed (RFC 9110 section 8.3.1). */
bool content_type_is_json(struct text value);
/* The token of "Bearer TOKEN" (RFC 6750 section 2.1; the scheme in any case), borrowed from value.
 */
must_use bool bearer_parse(struct text value, struct text *ret_token);
/* Reads an Idempotency-Key: bare, or a structured-field string (RFC 8941 section 3.3.3), unquoted
 * into out. False where it is malformed, or not 1 to SEEN_KEY_MAX characters. */
must_use bool idempotency_key_parse(struct text value, struct buf *out);
/* 1 to 128 of A-Z a-z 0-9 . _ : - / + = @ */
bool request_id_is_safe(struct text value);

#endif
