/* trace.h - the W3C traceparent, which ties what one request caused together. Pure. */
#ifndef BASE_TRACE_H
#define BASE_TRACE_H

#include "base/text.h"

#define TRACEPARENT_CHARS 55
#define TRACE_ID_CHARS 32

/* A traceparent of version 00 (w3.org/TR/trace-context section 3.2), ids not all zeros. */
bool traceparent_is_valid(struct text value);
/* The trace id of one that is valid; TEXT_NONE of anything of another length. */
struct text trace_id_of(struct text traceparent);

#endif
