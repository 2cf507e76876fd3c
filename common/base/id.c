/* id.c - prefixed ULIDs. Only upper case is valid: one id has one spelling, and ids compare
 * as bytes. */
#include "base/id.h"

#include "base/hash.h"

#include <string.h>

#define BITS_PER_CHAR 5
#define TIME_CHARS 10                        /* 50 bits, the upper two always 0 */
#define RANDOM_HALF_BYTES 5                  /* 40 bits */
#define RANDOM_HALF_CHARS 8                  /* 40 bits */
#define TIME_MS_MAX ((INT64_C(1) << 48) - 1) /* the year 10889 */

static_assert(TIME_CHARS + 2 * RANDOM_HALF_CHARS == ULID_CHARS, "the parts make a ULID");
static_assert(2 * RANDOM_HALF_BYTES == ULID_RANDOM_BYTES, "and use all random bytes");

/* Crockford's: no I, L, O or U. In ASCII order, so that ids sort as the numbers they stand for. */
static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/* Writes the lowest 5 * chars bits of value; returns what follows them. */
static char *put_base32(char *out, uint64_t value, size_t chars)
{
	for (size_t i = chars; i > 0; i--) {
		out[i - 1] = alphabet[value % (1 << BITS_PER_CHAR)];
		value >>= BITS_PER_CHAR;
	}
	return out + chars;
}

static uint64_t big_endian(const uint8_t *bytes, size_t count)
{
	uint64_t value = 0;

	for (size_t i = 0; i < count; i++)
		value = value << 8 | bytes[i];
	return value;
}

static void put_random(char *out, const uint8_t random[ULID_RANDOM_BYTES])
{
	out = put_base32(out, big_endian(random, RANDOM_HALF_BYTES), RANDOM_HALF_CHARS);
	out = put_base32(out, big_endian(random + RANDOM_HALF_BYTES, RANDOM_HALF_BYTES),
	                 RANDOM_HALF_CHARS);
	*out = '\0';
}

void id_make(const char *prefix, int64_t now_us, const uint8_t random[ULID_RANDOM_BYTES],
             char out[ID_SIZE])
{
	int64_t now_ms = now_us / US_PER_MS;

	ensure(strlen(prefix) == ID_PREFIX_CHARS);
	ensure(now_us >= 0);
	ensure(now_ms <= TIME_MS_MAX);
	memcpy(out, prefix, ID_PREFIX_CHARS);
	put_random(put_base32(out + ID_PREFIX_CHARS, (uint64_t)now_ms, TIME_CHARS), random);
}

void id_derive(const char *prefix, const char id[ID_SIZE], struct text text, char out[ID_SIZE])
{
	struct hash hash;

	ensure(strlen(prefix) == ID_PREFIX_CHARS);
	ensure(strlen(id) == ID_SIZE - 1);
	hash_sha256(text.ptr, text.len, &hash);
	memcpy(out, prefix, ID_PREFIX_CHARS);
	memcpy(out + ID_PREFIX_CHARS, id + ID_PREFIX_CHARS, TIME_CHARS);
	put_random(out + ID_PREFIX_CHARS + TIME_CHARS, hash.bytes);
}

bool id_is_valid(const char *prefix, struct text text)
{
	ensure(strlen(prefix) == ID_PREFIX_CHARS);
	if (text.len != ID_SIZE - 1 || memcmp(text.ptr, prefix, ID_PREFIX_CHARS) != 0)
		return false;

	const char *ulid = text.ptr + ID_PREFIX_CHARS;
	for (size_t i = 0; i < ULID_CHARS; i++)
		if (memchr(alphabet, ulid[i], sizeof(alphabet) - 1) == NULL)
			return false;
	return ulid[0] <= '7'; /* more is over 48 bits of time */
}
