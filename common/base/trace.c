/* trace.c - see trace.h. */
#include "base/trace.h"

#include <string.h>

static bool is_lower_hex(struct text part)
{
	for (size_t i = 0; i < part.len; i++)
		if (!char_is_digit(part.ptr[i]) && (part.ptr[i] < 'a' || part.ptr[i] > 'f'))
			return false;
	return true;
}

static bool is_zeros(struct text part)
{
	for (size_t i = 0; i < part.len; i++)
		if (part.ptr[i] != '0')
			return false;
	return true;
}

bool traceparent_is_valid(struct text value)
{
	if (value.len != TRACEPARENT_CHARS || memcmp(value.ptr, "00-", 3) != 0 ||
	    value.ptr[35] != '-' || value.ptr[52] != '-')
		return false;

	struct text trace_id = {value.ptr + 3, TRACE_ID_CHARS};
	struct text parent_id = {value.ptr + 36, 16};
	struct text flags = {value.ptr + 53, 2};

	return is_lower_hex(trace_id) && !is_zeros(trace_id) && is_lower_hex(parent_id) &&
	       !is_zeros(parent_id) && is_lower_hex(flags);
}

struct text trace_id_of(struct text traceparent)
{
	if (traceparent.len != TRACEPARENT_CHARS)
		return TEXT_NONE;
	return (struct text){traceparent.ptr + 3, TRACE_ID_CHARS};
}
