/* address.h - IP addresses: how a host of a URL spells one, and whether it is one that everybody
 * can reach. Pure. */
#ifndef BASE_ADDRESS_H
#define BASE_ADDRESS_H

#include "base/text.h"

#define ADDRESS_V4_BYTES 4
#define ADDRESS_V6_BYTES 16

struct address {
	bool is_v6;
	uint8_t bytes[ADDRESS_V6_BYTES]; /* in network order; the first four where not is_v6 */
};

enum address_spelling {
	ADDRESS_IS_NAME, /* not an address: to be resolved */
	ADDRESS_IS_LITERAL,
	ADDRESS_IS_MALFORMED, /* meant as one, and none */
};

/* The host of a URL: a name, [IPv6], or IPv4 in any form that inet_aton takes (decimal, octal or
 * hexadecimal; one to four parts; a dot at the end). */
enum address_spelling address_read(struct text host, struct address *ret_address);

/* Why not everybody can reach it, as in "is a PRIVATE address": a static word, or NULL where
 * everybody can. An IPv6 address that embeds an IPv4 address is judged by that. */
const char *address_special(const struct address *address);

#endif
