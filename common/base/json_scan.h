/* json_scan.h - the strict scanner that stands in front of cJSON. Only json.c includes this. Pure.
 */
#ifndef BASE_JSON_SCAN_H
#define BASE_JSON_SCAN_H

#include "base/json.h"

/* Byte offsets into the text. */
struct json_place {
	uint32_t name_at; /* of the member's name; of the value itself where it is no member */
	uint32_t at;
	uint32_t len; /* numbers only */
};

struct json_scan {
	struct text text;
	size_t at;          /* the next byte; after a failure, where the fault is */
	const char *detail; /* after a failure: a static sentence */
	/* Every value in document order (a container before what it holds); the caller frees it. */
	struct json_place *places;
	size_t places_count;
	size_t places_size;
};

/* True: text is one JSON value that cJSON reads exactly as RFC 8259 means it. The caller sets text,
 * the rest is zero. */
must_use bool json_scan(struct json_scan *scan);

#endif
