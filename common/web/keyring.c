/* keyring.c - the keys in force. A look-up copies the key that it finds, so that a request knows
 * its caller however the keys change meanwhile. What is compared are hashes: of secrets, nothing is
 * kept. */
#include "web/keyring.h"

#include "runtime/key_file.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define FAULT_BYTES_MAX 1024

struct keyring {
	const char *path;
	pthread_mutex_t mutex; /* guards the rest */
	struct key_list *keys; /* owned */
};

/* NULL: why. */
static struct key_list *load(const char *path, struct buf *why)
{
	struct key_file file AUTO_KEY_FILE = {0};
	struct buf fault AUTO_BUF;
	struct key_list *keys;

	buf_init(&fault, FAULT_BYTES_MAX);
	if (!key_file_read("API_KEYS_FILE", path, KEY_FILE_SECRET, &file, why))
		return NULL;
	keys = malloc(sizeof(*keys));
	if (keys == NULL)
		buf_add_str(&fault, "memory is short");
	else if (key_list_parse(key_file_text(&file), keys, &fault))
		return keys;
	buf_addf(why, "API_KEYS_FILE: cannot use %s: %s.", path, buf_str(&fault));
	free(keys);
	return NULL;
}

static void lock(struct keyring *keyring)
{
	ensure(pthread_mutex_lock(&keyring->mutex) == 0);
}

static void unlock(struct keyring *keyring)
{
	ensure(pthread_mutex_unlock(&keyring->mutex) == 0);
}

struct keyring *keyring_open(const char *path, struct buf *why)
{
	struct key_list *keys = load(path, why);
	struct keyring *keyring = keys == NULL ? NULL : malloc(sizeof(*keyring));

	if (keyring == NULL) {
		if (keys != NULL)
			buf_add_str(why, "There is not enough memory.");
		free(keys);
		return NULL;
	}
	*keyring = (struct keyring){.path = path, .keys = keys};
	ensure(pthread_mutex_init(&keyring->mutex, NULL) == 0);
	return keyring;
}

void keyring_close(struct keyring *keyring)
{
	if (keyring == NULL)
		return;
	ensure(pthread_mutex_destroy(&keyring->mutex) == 0);
	free(keyring->keys);
	free(keyring);
}

bool keyring_reload(struct keyring *keyring, struct buf *why)
{
	struct key_list *keys = load(keyring->path, why);

	if (keys == NULL)
		return false;
	lock(keyring);
	struct key_list *old = keyring->keys;
	keyring->keys = keys;
	unlock(keyring);
	free(old);
	return true;
}

bool keyring_find(struct keyring *keyring, struct text secret, int64_t now_us,
                  struct api_key *ret_key)
{
	struct hash hash;

	hash_sha256(secret.ptr, secret.len, &hash);
	lock(keyring);
	size_t at = key_list_find(keyring->keys, &hash);
	bool is_found = at < keyring->keys->count && now_us < keyring->keys->keys[at].expires_us;
	if (is_found)
		*ret_key = keyring->keys->keys[at];
	unlock(keyring);
	explicit_bzero(&hash, sizeof(hash));
	return is_found;
}
