/* keys.h - the key file of a service under test. One thread. */
#ifndef E2E_KEYS_H
#define E2E_KEYS_H

#include "e2e/harness.h"

#define BEARER "Authorization: Bearer "

struct test_key {
	const char *name, *scopes, *secret;
	const char *expires; /* NULL: never */
};

/* AUTH=keys, and the file that keys_write writes. */
extern const char *const keys_settings[];

/* Puts a file with these keys (a row without a name ends them) in the place of the one before. */
void keys_write(const struct service *service, const struct test_key *keys);
/* The same with any text. */
void keys_write_text(const struct service *service, const char *text);

#endif
