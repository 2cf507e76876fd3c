/* time_text.h - times as RFC 3339 UTC text. Inside, a time is int64 microseconds since
 * 1970-01-01T00:00:00Z. Pure. */
#ifndef BASE_TIME_TEXT_H
#define BASE_TIME_TEXT_H

#include "base/text.h"

#define TIME_TEXT_SIZE sizeof("2026-11-23T04:30:00.123Z")

/* Milliseconds, rounded down; for times of the years 0000 to 9999, which is all that time_parse
 * gives. */
void time_render(int64_t time_us, char out[TIME_TEXT_SIZE]);
/* RFC 3339 date-time (section 5.6) with any offset and up to 9 decimals of a second, rounded down;
 * false otherwise. A leap second is taken at the end of a UTC day and is the same time as the
 * second after it. */
must_use bool time_parse(struct text text, int64_t *ret_time_us);

#endif
