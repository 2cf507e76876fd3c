/* hash.c - a thin layer over GnuTLS and libsodium; no cryptography is written here. */
#include "base/hash.h"

#include <endian.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <sodium.h>
#include <string.h>

static_assert(SIP_KEY_BYTES == crypto_shorthash_KEYBYTES, "libsodium's short hash is SipHash-2-4");
static_assert(sizeof(uint64_t) == crypto_shorthash_BYTES, "of 64 bits");

void hash_sha256(const void *bytes, size_t count, struct hash *ret_hash)
{
	ensure(gnutls_hash_fast(GNUTLS_DIG_SHA256, bytes, count, ret_hash->bytes) == 0);
}

bool hash_equal(const struct hash *a, const struct hash *b)
{
	return gnutls_memcmp(a->bytes, b->bytes, HASH_BYTES) == 0;
}

void hash_to_hex(const struct hash *hash, char out[HASH_HEX_SIZE])
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < HASH_BYTES; i++) {
		*out++ = digits[hash->bytes[i] >> 4];
		*out++ = digits[hash->bytes[i] & 0xF];
	}
	*out = '\0';
}

/* The value of a lower-case hexadecimal digit, or -1. */
static int hex_value(char c)
{
	if (char_is_digit(c))
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

bool hash_from_hex(struct text hex, struct hash *ret_hash)
{
	struct hash hash;

	if (hex.len != HASH_HEX_SIZE - 1)
		return false;
	for (size_t i = 0; i < HASH_BYTES; i++) {
		int high = hex_value(hex.ptr[2 * i]);
		int low = hex_value(hex.ptr[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		hash.bytes[i] = (uint8_t)(high << 4 | low);
	}
	*ret_hash = hash;
	return true;
}

static uint64_t sip(const uint8_t key[SIP_KEY_BYTES], const void *bytes, size_t count)
{
	uint64_t value;

	ensure(crypto_shorthash((unsigned char *)&value, bytes, count, key) == 0);
	return le64toh(value); /* the value is stored: the same on every machine */
}

uint64_t hash_keyed(const uint8_t key[SIP_KEY_BYTES], struct text text)
{
	return sip(key, text.ptr, text.len);
}

uint64_t hash_keyed_pair(const uint8_t key[SIP_KEY_BYTES], struct text first, struct text second)
{
	char joined[HASH_PAIR_BYTES_MAX + 1];

	ensure(first.len + second.len <= HASH_PAIR_BYTES_MAX);
	text_copy(first, joined, sizeof(joined)); /* its NUL is the separator */
	if (second.len > 0)
		memcpy(joined + first.len + 1, second.ptr, second.len);
	return sip(key, joined, first.len + 1 + second.len);
}
