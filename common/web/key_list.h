/* key_list.h - the API keys of a key file, and the grammar of its lines:
 *
 *   name scopes sha256:HEX [expires]
 *
 * with blanks between the parts; empty lines, and those that begin with #, do not count. HEX is the
 * SHA-256 of the secret, which the file does not hold. Lines may share a name: they are secrets of
 * one caller, as while one takes the place of another. Pure. */
#ifndef WEB_KEY_LIST_H
#define WEB_KEY_LIST_H

#include "base/buf.h"
#include "base/hash.h"

#define KEY_NAME_MAX 64
/* Every look-up compares with all of them: 256 times about 40 ns. */
#define KEYS_MAX 256
#define KEY_HASH_PREFIX "sha256:"

struct api_key {
	char name[KEY_NAME_MAX + 1];
	uint32_t scopes; /* a set (scope.h) */
	struct hash hash;
	int64_t expires_us; /* the first moment at which it is not valid; INT64_MAX: never */
};

struct key_list {
	size_t count;
	struct api_key keys[KEYS_MAX];
};

/* Reads a whole file, which has at least one key. False: why is "line N: " and what is wrong with
 * the first line that is; it shows nothing of the file. */
must_use bool key_list_parse(struct text text, struct key_list *ret_list, struct buf *why);
/* 1 to KEY_NAME_MAX of A-Z a-z 0-9 . _ : - but not "." or "..". */
bool key_name_is_valid(struct text name);
/* The place of the key with this hash, list->count where there is none. Takes the same time for any
 * hash. */
size_t key_list_find(const struct key_list *list, const struct hash *hash);

#endif
