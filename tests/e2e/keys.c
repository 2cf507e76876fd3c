/* keys.c - writes key files (keys.h). */
#include "e2e/keys.h"

#include "base/buf.h"
#include "base/hash.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PATH_SIZE (PATH_MAX + 16)

const char *const keys_settings[] = {"AUTH=keys", "API_KEYS_FILE=keys", NULL};

void keys_write_text(const struct service *service, const char *text)
{
	char path[PATH_SIZE], fresh[PATH_SIZE];

	(void)snprintf(path, sizeof(path), "%s/keys", service->directory);
	(void)snprintf(fresh, sizeof(fresh), "%s/keys.new", service->directory);
	int fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0400);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	ck_assert_int_eq(close(fd), 0);
	ck_assert_int_eq(rename(fresh, path), 0);
}

void keys_write(const struct service *service, const struct test_key *keys)
{
	struct buf text AUTO_BUF;

	buf_init(&text, 65536);
	for (; keys->name != NULL; keys++) {
		char hex[HASH_HEX_SIZE];
		struct hash hash;

		hash_sha256(keys->secret, strlen(keys->secret), &hash);
		hash_to_hex(&hash, hex);
		buf_addf(&text, "%s %s sha256:%s %s\n", keys->name, keys->scopes, hex,
		         keys->expires == NULL ? "" : keys->expires);
	}
	keys_write_text(service, buf_str(&text));
}
