/* webhook_sign.c - see webhook_sign.h. */
#include "base/webhook_sign.h"

#include <gnutls/crypto.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define SECRET_PREFIX "whsec_"
#define SIGNATURE_PREFIX "v1,"
#define HMAC_BYTES 32
#define BASE64_SIZE 45 /* 32 bytes in base64, and the NUL */

static_assert(BASE64_SIZE == sodium_base64_ENCODED_LEN(HMAC_BYTES, sodium_base64_VARIANT_ORIGINAL),
              "as libsodium prints it");
static_assert(WEBHOOK_SECRET_BYTES == HMAC_BYTES, "so both have the same length in base64");
static_assert(WEBHOOK_SECRET_TEXT_SIZE == sizeof(SECRET_PREFIX) - 1 + BASE64_SIZE, "whole");
static_assert(WEBHOOK_SIGNATURE_SIZE == sizeof(SIGNATURE_PREFIX) - 1 + BASE64_SIZE, "whole");

static void print(const char *prefix, const uint8_t bytes[HMAC_BYTES], char *out)
{
	size_t len = strlen(prefix);

	memcpy(out, prefix, len);
	(void)sodium_bin2base64(out + len, BASE64_SIZE, bytes, HMAC_BYTES,
	                        sodium_base64_VARIANT_ORIGINAL);
}

void webhook_secret_print(const struct webhook_secret *secret, char out[WEBHOOK_SECRET_TEXT_SIZE])
{
	print(SECRET_PREFIX, secret->bytes, out);
}

bool webhook_sign(struct text key, struct text id, int64_t timestamp_s, struct text body,
                  char out[WEBHOOK_SIGNATURE_SIZE])
{
	char time_text[24];
	uint8_t digest[HMAC_BYTES];
	gnutls_hmac_hd_t hmac;
	bool is_whole;

	(void)snprintf(time_text, sizeof(time_text), ".%" PRId64 ".", timestamp_s);
	if (gnutls_hmac_init(&hmac, GNUTLS_MAC_SHA256, key.ptr, key.len) != 0)
		return false;
	is_whole = gnutls_hmac(hmac, id.ptr, id.len) == 0 &&
	           gnutls_hmac(hmac, time_text, strlen(time_text)) == 0 &&
	           gnutls_hmac(hmac, body.ptr, body.len) == 0;
	gnutls_hmac_deinit(hmac, digest);
	if (is_whole)
		print(SIGNATURE_PREFIX, digest, out);
	return is_whole;
}
