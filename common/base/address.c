/* address.c - the special-purpose blocks (IANA's registries for IPv4 and IPv6), and literal
 * addresses as they may be written. What is not known to be public is not: of IPv6 only 2000::/3
 * is. */
#include "base/address.h"

#include <arpa/inet.h>
#include <string.h>

struct block {
	uint8_t prefix[ADDRESS_V6_BYTES];
	unsigned bits;
	const char *word;
};

static const struct block blocks_v4[] = {
	{{0}, 8, "unspecified"},
	{{10}, 8, "private"},
	{{100, 64}, 10, "private"}, /* of carriers' own networks */
	{{127}, 8, "loopback"},
	{{169, 254}, 16, "link-local"}, /* where clouds have their metadata */
	{{172, 16}, 12, "private"},
	{{192, 0, 0}, 24, "reserved"},
	{{192, 0, 2}, 24, "documentation"},
	{{192, 88, 99}, 24, "reserved"}, /* relays of 6to4 */
	{{192, 168}, 16, "private"},
	{{198, 18}, 15, "benchmarking"},
	{{198, 51, 100}, 24, "documentation"},
	{{203, 0, 113}, 24, "documentation"},
	{{224}, 4, "multicast"},
	{{240}, 4, "reserved"}, /* broadcast included */
};

/* After the forms that embed an IPv4 address. */
static const struct block blocks_v6[] = {
	{{0x20, 0x01, 0x0d, 0xb8}, 32, "documentation"},
	{{0x20, 0x01}, 23, "reserved"}, /* protocols and benchmarks */
	{{0x3f, 0xff}, 20, "documentation"},
	{{0xfc}, 7, "private"},
	{{0xfe, 0x80}, 10, "link-local"},
	{{0xfe, 0xc0}, 10, "private"}, /* of sites, as it was */
	{{0xff}, 8, "multicast"},
};

/* Where IPv6 holds IPv4: addresses with this prefix hold it from the byte `at` on. */
static const struct embedding {
	uint8_t prefix[ADDRESS_V6_BYTES];
	unsigned bits;
	size_t at;
	uint8_t flip; /* Teredo hides the client's address so */
} embeddings[] = {
	{{[10] = 0xff, 0xff}, 96, 12, 0},            /* ::ffff:a.b.c.d, mapped */
	{{[8] = 0xff, 0xff}, 96, 12, 0},             /* ::ffff:0:a.b.c.d, translated */
	{{0x00, 0x64, 0xff, 0x9b}, 96, 12, 0},       /* 64:ff9b::a.b.c.d, NAT64 */
	{{0x00, 0x64, 0xff, 0x9b, 0, 1}, 48, 12, 0}, /* NAT64 of a network of its own */
	{{0x20, 0x02}, 16, 2, 0},                    /* 6to4 */
	{{0x20, 0x01}, 32, 12, 0xff},                /* Teredo */
	{{0}, 96, 12, 0},                            /* ::a.b.c.d, compatible */
};

/* ISATAP embeds by its interface identifier, below any prefix. */
static const uint8_t isatap[][4] = {{0x00, 0x00, 0x5e, 0xfe}, {0x02, 0x00, 0x5e, 0xfe}};

static bool has_prefix(const uint8_t *bytes, const uint8_t *prefix, unsigned bits)
{
	unsigned whole = bits / 8, rest = bits % 8;

	if (memcmp(bytes, prefix, whole) != 0)
		return false;
	return rest == 0 || (bytes[whole] ^ prefix[whole]) >> (8 - rest) == 0;
}

static const char *find(const struct block *blocks, size_t count, const uint8_t *bytes)
{
	for (size_t i = 0; i < count; i++)
		if (has_prefix(bytes, blocks[i].prefix, blocks[i].bits))
			return blocks[i].word;
	return NULL;
}

static const char *judge_v4(const uint8_t *bytes)
{
	return find(blocks_v4, ARRAY_LEN(blocks_v4), bytes);
}

static const char *judge_embedded(const uint8_t *bytes, size_t at, uint8_t flip)
{
	uint8_t v4[ADDRESS_V4_BYTES];

	for (size_t i = 0; i < ADDRESS_V4_BYTES; i++)
		v4[i] = (uint8_t)(bytes[at + i] ^ flip);
	return judge_v4(v4);
}

static const char *judge_v6(const uint8_t *bytes)
{
	static const uint8_t loopback[ADDRESS_V6_BYTES] = {[15] = 1};
	static const uint8_t public_prefix[] = {0x20};
	const char *word;

	if (memcmp(bytes, loopback, ADDRESS_V6_BYTES) == 0)
		return "loopback";
	for (size_t i = 0; i < ARRAY_LEN(embeddings); i++)
		if (has_prefix(bytes, embeddings[i].prefix, embeddings[i].bits))
			return judge_embedded(bytes, embeddings[i].at, embeddings[i].flip);
	word = find(blocks_v6, ARRAY_LEN(blocks_v6), bytes);
	if (word != NULL)
		return word;
	if (!has_prefix(bytes, public_prefix, 3))
		return "reserved";
	for (size_t i = 0; i < ARRAY_LEN(isatap); i++)
		if (memcmp(bytes + 8, isatap[i], sizeof(isatap[i])) == 0)
			return judge_embedded(bytes, 12, 0);
	return NULL;
}

const char *address_special(const struct address *address)
{
	return address->is_v6 ? judge_v6(address->bytes) : judge_v4(address->bytes);
}

/* ---- spelling ---- */

#define HOST_SIZE 256

/* A host whose last part begins with a digit is an address (as browsers have it): no top-level
 * domain does. */
static bool means_v4(const char *host)
{
	const char *dot = strrchr(host, '.');

	return char_is_digit(*(dot == NULL ? host : dot + 1));
}

enum address_spelling address_read(struct text host, struct address *ret_address)
{
	char copy[HOST_SIZE];
	struct in_addr v4;

	*ret_address = (struct address){.is_v6 = false};
	if (host.len == 0 || host.len >= sizeof(copy))
		return ADDRESS_IS_MALFORMED;
	text_copy(host, copy, sizeof(copy));
	if (copy[0] == '[') {
		if (copy[host.len - 1] != ']')
			return ADDRESS_IS_MALFORMED;
		copy[host.len - 1] = '\0';
		ret_address->is_v6 = true;
		return inet_pton(AF_INET6, copy + 1, ret_address->bytes) == 1
		               ? ADDRESS_IS_LITERAL
		               : ADDRESS_IS_MALFORMED;
	}
	if (copy[host.len - 1] == '.')
		copy[host.len - 1] = '\0';
	if (!means_v4(copy))
		return ADDRESS_IS_NAME;
	if (inet_aton(copy, &v4) == 0)
		return ADDRESS_IS_MALFORMED;
	memcpy(ret_address->bytes, &v4, ADDRESS_V4_BYTES);
	return ADDRESS_IS_LITERAL;
}
