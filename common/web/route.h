/* route.h - finds the endpoint row of a path. Pure. */
#ifndef WEB_ROUTE_H
#define WEB_ROUTE_H

#include "web/api.h"

/* Whether path fits the pattern of a row; *ret_id is then the raw segment that stands for the
 * braces, or TEXT_NONE. */
bool route_matches(const char *pattern, struct text path, struct text *ret_id);
/* The row for a method and path. NULL with an empty allow: no such path; NULL with "GET, HEAD":
 * other methods only. */
const struct endpoint *route_find(const struct api *api, struct text method, struct text path,
                                  struct text *ret_id, char allow[ALLOW_SIZE]);
/* Decodes %XX of a path segment into out (PATH_ID_MAX + 1 bytes). False: malformed, too long,
 * empty, or characters that no id has. */
must_use bool route_decode_id(struct text raw, char *out);

#endif
