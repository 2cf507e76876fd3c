/* scope.c - the table of scopes. A row of the endpoint table names one of them (api_new ensures
 * it). */
#include "web/scope.h"

#include <string.h>

#define ADMIN "admin"

/* A scope's place is its bit. */
static const char *const names[] = {
	"payments:write", "payments:read", "refunds:write", "orders:write",   "orders:read",
	"events:read",    "ledger:read",   "metrics:read",  "webhooks:write", ADMIN,
};

static_assert(ARRAY_LEN(names) < 32, "a set is an uint32_t");

uint32_t scope_find(struct text name)
{
	if (text_is(name, ADMIN))
		return (UINT32_C(1) << ARRAY_LEN(names)) - 1;
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (text_is(name, names[i]))
			return UINT32_C(1) << i;
	return 0;
}

bool scopes_parse(struct text list, uint32_t *ret_scopes)
{
	uint32_t scopes = 0;

	for (;;) {
		const char *comma = memchr(list.ptr, ',', list.len);
		size_t len = comma == NULL ? list.len : (size_t)(comma - list.ptr);
		uint32_t scope = scope_find((struct text){list.ptr, len});

		if (scope == 0)
			return false;
		scopes |= scope;
		if (comma == NULL)
			break;
		list.ptr += len + 1;
		list.len -= len + 1;
	}
	*ret_scopes = scopes;
	return true;
}

void scopes_list(struct buf *out)
{
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		buf_addf(out, "%s%s", i == 0 ? "" : ", ", names[i]);
}
