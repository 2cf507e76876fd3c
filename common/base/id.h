/* id.h - our own ids: a prefix and a ULID (26 characters of Crockford base 32: 48 bits of
 * milliseconds, 80 random bits; github.com/ulid/spec), so that they sort by time. Pure: time and
 * random bytes come from the caller, or follow from what the caller gives. */
#ifndef BASE_ID_H
#define BASE_ID_H

#include "base/text.h"

#define ULID_CHARS 26
#define ULID_RANDOM_BYTES 10
#define ID_PREFIX_CHARS 4                          /* "pay_", "ref_", "ord_", "evt_", "whe_" */
#define ID_SIZE (ID_PREFIX_CHARS + ULID_CHARS + 1) /* with the NUL */

/* prefix has ID_PREFIX_CHARS characters; out takes ID_SIZE bytes. */
void id_make(const char *prefix, int64_t now_us, const uint8_t random[ULID_RANDOM_BYTES],
             char out[ID_SIZE]);
/* An id that follows from another one and a text: the same each time. It sorts with that one. */
void id_derive(const char *prefix, const char id[ID_SIZE], struct text text, char out[ID_SIZE]);
bool id_is_valid(const char *prefix, struct text text);

#endif
