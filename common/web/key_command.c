/* key_command.c - makes a key: a secret for the caller, and the line of the key file that admits
 * it. Nothing is written anywhere, so the secret cannot be had again. */
#include "runtime/env.h"
#include "web/commands.h"
#include "web/key_list.h"
#include "web/scope.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

/* Tells people and secret scanners what it is. */
#define SECRET_PREFIX "fk_"
#define SECRET_BYTES 32
#define BASE64 sodium_base64_VARIANT_URLSAFE_NO_PADDING
#define SECRET_SIZE (sizeof(SECRET_PREFIX) - 1 + sodium_base64_ENCODED_LEN(SECRET_BYTES, BASE64))

static bool words_are_right(const struct service *service, const char *const *words)
{
	struct buf names AUTO_BUF;
	uint32_t scopes;

	buf_init(&names, 1024);
	if (!key_name_is_valid(text_of(words[0]))) {
		(void)fprintf(
			stderr,
			"%s: a key's name has 1 to %d of the characters A-Z a-z 0-9 . _ : -\n",
			service->name, KEY_NAME_MAX);
		return false;
	}
	if (scopes_parse(text_of(words[1]), &scopes))
		return true;
	scopes_list(&names);
	(void)fprintf(stderr, "%s: a key's scopes are some of %s, joined by commas\n",
	              service->name, buf_str(&names));
	return false;
}

static void make_secret(char ret_secret[SECRET_SIZE])
{
	const size_t prefix_len = sizeof(SECRET_PREFIX) - 1;
	uint8_t random[SECRET_BYTES];

	env_random(&env_system, random, sizeof(random));
	memcpy(ret_secret, SECRET_PREFIX, prefix_len);
	(void)sodium_bin2base64(ret_secret + prefix_len, SECRET_SIZE - prefix_len, random,
	                        sizeof(random), BASE64);
	explicit_bzero(random, sizeof(random));
}

int run_key(const struct service *service, const struct common_options *options,
            const char *const *words)
{
	char secret[SECRET_SIZE], hex[HASH_HEX_SIZE];
	struct hash hash;

	(void)options;
	if (!words_are_right(service, words))
		return 2;
	make_secret(secret);
	hash_sha256(secret, strlen(secret), &hash);
	hash_to_hex(&hash, hex);
	/* On standard output these two alone, for scripts. */
	(void)printf("%s\n%s %s " KEY_HASH_PREFIX "%s\n", secret, words[0], words[1], hex);
	(void)fprintf(stderr, "The first line is the secret, told only here. Add the second to "
	                      "API_KEYS_FILE, then send SIGHUP to the service.\n");
	explicit_bzero(secret, sizeof(secret));
	return 0;
}
