/* hash.h - SHA-256 (GnuTLS) for chains and fingerprints, keyed 64-bit SipHash-2-4 (libsodium) for
 * index keys that clients choose. Pure. */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include "base/text.h"

#define HASH_BYTES 32
#define HASH_HEX_SIZE (2 * HASH_BYTES + 1)
#define SIP_KEY_BYTES 16
#define HASH_PAIR_BYTES_MAX \
	512 /* a caller's name (64) and an idempotency key (255) have ample room */

struct hash {
	uint8_t bytes[HASH_BYTES];
};

void hash_sha256(const void *bytes, size_t count, struct hash *ret_hash);
/* In constant time: it also compares the hashes of secrets. */
bool hash_equal(const struct hash *a, const struct hash *b);
/* Lower-case hexadecimal with its NUL. */
void hash_to_hex(const struct hash *hash, char out[HASH_HEX_SIZE]);
/* Takes nothing but what hash_to_hex gives: one hash has one text. */
must_use bool hash_from_hex(struct text hex, struct hash *ret_hash);

/* Different texts can share a value: compare the full text as well. */
uint64_t hash_keyed(const uint8_t key[SIP_KEY_BYTES], struct text text);
/* The same over two texts, as if joined by a NUL; together they have at most HASH_PAIR_BYTES_MAX
 * bytes. */
uint64_t hash_keyed_pair(const uint8_t key[SIP_KEY_BYTES], struct text first, struct text second);

#endif
