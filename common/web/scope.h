/* scope.h - what a key can be allowed to do (api.md, "Access"): the one list of scopes. A set of
 * scopes is a bit for each. Pure. */
#ifndef WEB_SCOPE_H
#define WEB_SCOPE_H

#include "base/buf.h"

/* The set that holds a scope alone, and for "admin" all of them. 0: there is no such scope. */
uint32_t scope_find(struct text name);
/* Reads "payments:read,orders:read". False where a name is none of the list's, or empty. */
must_use bool scopes_parse(struct text list, uint32_t *ret_scopes);
/* All names with ", " between them, for messages. */
void scopes_list(struct buf *out);

#endif
