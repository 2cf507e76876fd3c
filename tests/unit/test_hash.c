/* test_hash.c - the hashes against their published vectors: stored chains and index keys depend on
 * them. */
#include "unit/unit.h"

#include "base/hash.h"

#include <signal.h>
#include <string.h>

#define HEX_EMPTY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define HEX_ABC "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

/* FIPS 180-4 and its published examples. */
static const struct {
	const char *message;
	const char *hex;
} sha256_vectors[] = {
	{"", HEX_EMPTY},
	{"abc", HEX_ABC},
	{"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
};

START_TEST(sha256_is_that_of_fips_180)
{
	struct hash hash;
	char hex[HASH_HEX_SIZE];

	hash_sha256(sha256_vectors[_i].message, strlen(sha256_vectors[_i].message), &hash);
	hash_to_hex(&hash, hex);
	ck_assert_str_eq(hex, sha256_vectors[_i].hex);
}
END_TEST

START_TEST(sha256_of_a_million_times_a_is_that_of_fips_180)
{
	static char message[1000000];
	struct hash hash;
	char hex[HASH_HEX_SIZE];

	memset(message, 'a', sizeof(message));
	hash_sha256(message, sizeof(message), &hash);
	hash_to_hex(&hash, hex);
	ck_assert_str_eq(hex, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}
END_TEST

START_TEST(hexadecimal_leads_back_to_its_hash)
{
	struct hash hash, back;
	char hex[HASH_HEX_SIZE];

	hash_sha256("abc", 3, &hash);
	hash_to_hex(&hash, hex);
	ck_assert(hash_from_hex(text_of(hex), &back));
	ck_assert(hash_equal(&hash, &back));
}
END_TEST

static const char *const bad_hex[] = {
	"",
	"ba7816bf",
	"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015a",   /* 63 */
	"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015add", /* 65 */
	"BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD",
	"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015aD",
	"ga7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
	"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015a ",
	"0x7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
	"ba7816bf8f01cfea414140de5dae2223 b00361a396177a9cb410ff61f20015a",
};

START_TEST(no_other_text_is_a_hash)
{
	struct hash hash, before;

	hash_sha256("", 0, &hash);
	before = hash;
	ck_assert_msg(!hash_from_hex(text_of(bad_hex[_i]), &hash), "%s", bad_hex[_i]);
	ck_assert(hash_equal(&hash, &before));
}
END_TEST

START_TEST(hashes_that_differ_in_any_bit_are_not_equal)
{
	struct hash hash, other;

	hash_sha256("abc", 3, &hash);
	for (size_t bit = 0; bit < 8 * HASH_BYTES; bit++) {
		other = hash;
		ck_assert(hash_equal(&hash, &other));
		other.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		ck_assert(!hash_equal(&hash, &other));
	}
}
END_TEST

/* Key and message of the SipHash paper, appendix A: bytes counting up from 0. */
static const uint8_t sip_key[SIP_KEY_BYTES] = {0, 1, 2,  3,  4,  5,  6,  7,
                                               8, 9, 10, 11, 12, 13, 14, 15};
static const char sip_message[] = "\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e";

START_TEST(the_keyed_hash_is_that_of_the_siphash_paper)
{
	ck_assert_uint_eq(hash_keyed(sip_key, (struct text){sip_message, 15}),
	                  UINT64_C(0xa129ca6149be45e5));
	/* The first line of the authors' list of vectors: no bytes. */
	ck_assert_uint_eq(hash_keyed(sip_key, TEXT_LITERAL("")), UINT64_C(0x726fdb47dd0e0e31));
	ck_assert_uint_eq(hash_keyed(sip_key, TEXT_NONE), UINT64_C(0x726fdb47dd0e0e31));
}
END_TEST

START_TEST(another_key_gives_another_value)
{
	uint8_t key[SIP_KEY_BYTES];

	memcpy(key, sip_key, sizeof(key));
	key[SIP_KEY_BYTES - 1] ^= 1;
	ck_assert_uint_ne(hash_keyed(sip_key, TEXT_LITERAL("o-1")),
	                  hash_keyed(key, TEXT_LITERAL("o-1")));
}
END_TEST

START_TEST(a_pair_is_hashed_as_if_joined_by_a_nul)
{
	ck_assert_uint_eq(hash_keyed_pair(sip_key, TEXT_LITERAL("caller"), TEXT_LITERAL("key")),
	                  hash_keyed(sip_key, TEXT_LITERAL("caller\0key")));
	ck_assert_uint_eq(hash_keyed_pair(sip_key, TEXT_LITERAL(""), TEXT_LITERAL("key")),
	                  hash_keyed(sip_key, TEXT_LITERAL("\0key")));
	ck_assert_uint_eq(hash_keyed_pair(sip_key, TEXT_NONE, TEXT_NONE),
	                  hash_keyed(sip_key, TEXT_LITERAL("\0")));
	ck_assert_uint_ne(hash_keyed_pair(sip_key, TEXT_LITERAL("ab"), TEXT_LITERAL("c")),
	                  hash_keyed_pair(sip_key, TEXT_LITERAL("a"), TEXT_LITERAL("bc")));
}
END_TEST

START_TEST(the_longest_pair_is_hashed)
{
	char joined[HASH_PAIR_BYTES_MAX + 1];

	memset(joined, 'x', sizeof(joined));
	joined[64] = '\0';
	ck_assert_uint_eq(hash_keyed_pair(sip_key, (struct text){joined, 64},
	                                  (struct text){joined + 65, HASH_PAIR_BYTES_MAX - 64}),
	                  hash_keyed(sip_key, (struct text){joined, sizeof(joined)}));
}
END_TEST

START_TEST(a_longer_pair_is_a_bug)
{
	static char bytes[HASH_PAIR_BYTES_MAX];

	(void)hash_keyed_pair(sip_key, (struct text){bytes, 1},
	                      (struct text){bytes, sizeof(bytes)});
}
END_TEST

static Suite *hash_suite(void)
{
	Suite *suite = suite_create("hash");
	TCase *tcase = tcase_create("hash");

	tcase_add_loop_test(tcase, sha256_is_that_of_fips_180, 0, ARRAY_LEN(sha256_vectors));
	tcase_add_test(tcase, sha256_of_a_million_times_a_is_that_of_fips_180);
	tcase_add_test(tcase, hexadecimal_leads_back_to_its_hash);
	tcase_add_loop_test(tcase, no_other_text_is_a_hash, 0, ARRAY_LEN(bad_hex));
	tcase_add_test(tcase, hashes_that_differ_in_any_bit_are_not_equal);
	tcase_add_test(tcase, the_keyed_hash_is_that_of_the_siphash_paper);
	tcase_add_test(tcase, another_key_gives_another_value);
	tcase_add_test(tcase, a_pair_is_hashed_as_if_joined_by_a_nul);
	tcase_add_test(tcase, the_longest_pair_is_hashed);
	tcase_add_test_raise_signal(tcase, a_longer_pair_is_a_bug, SIGABRT);
	suite_add_tcase(suite, tcase);
	return suite;
}

TEST_MAIN(hash_suite)
