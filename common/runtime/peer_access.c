/* peer_access.c - checks the files of the peer's side, and keeps the API key. */
#include "runtime/peer_access.h"

#include "runtime/key_file.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define API_KEY_BYTES_MAX 4096 /* a header of it is no longer than servers take */

struct peer_access {
	struct peer_files files;
	pthread_mutex_t mutex; /* guards the rest */
	struct key_file api_key;
};

/* One line of what a header may hold (RFC 6750, section 2.1). */
static struct text token_of(const struct key_file *file)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				      "0123456789-._~+/=";
	struct text text = key_file_text(file);

	while (text.len > 0 && (text.ptr[text.len - 1] == '\n' || text.ptr[text.len - 1] == '\r'))
		text.len--;
	return strspn(text.ptr, allowed) == text.len ? text : TEXT_NONE;
}

static bool read_api_key(const char *path, struct key_file *ret_key, struct buf *why)
{
	struct key_file key AUTO_KEY_FILE = {NULL, 0};

	if (path[0] == '\0')
		return true;
	if (!key_file_read("PEER_API_KEY_FILE", path, KEY_FILE_SECRET, &key, why))
		return false;
	size_t len = token_of(&key).len;
	if (len == 0 || len > API_KEY_BYTES_MAX) {
		buf_addf(why,
		         "PEER_API_KEY_FILE: cannot use %s: it must hold one key on one line, of "
		         "at most %d characters.",
		         path, API_KEY_BYTES_MAX);
		return false;
	}
	*ret_key = key;
	key = (struct key_file){NULL, 0};
	return true;
}

bool peer_access_reload(struct peer_access *access, int64_t now_us, struct buf *why)
{
	struct key_file key = {NULL, 0};
	struct certificates certificates;

	if (!certificates_read(CERTIFICATES_PEER, &access->files.certificates, now_us,
	                       &certificates, why))
		return false;
	bool is_right = read_api_key(access->files.api_key, &key, why);
	if (is_right) {
		certificates_show(CERTIFICATES_PEER, &certificates);
		ensure(pthread_mutex_lock(&access->mutex) == 0);
		key_file_release(&access->api_key);
		access->api_key = key;
		ensure(pthread_mutex_unlock(&access->mutex) == 0);
	}
	certificates_release(&certificates);
	return is_right;
}

struct peer_access *peer_access_new(const struct peer_files *files, int64_t now_us, struct buf *why)
{
	struct peer_access *access = calloc(1, sizeof(*access));

	if (access == NULL) {
		buf_add_str(why, "There is not enough memory to start.");
		return NULL;
	}
	access->files = *files;
	ensure(pthread_mutex_init(&access->mutex, NULL) == 0);
	if (peer_access_reload(access, now_us, why))
		return access;
	peer_access_free(access);
	return NULL;
}

void peer_access_free(struct peer_access *access)
{
	if (access == NULL)
		return;
	key_file_release(&access->api_key);
	ensure(pthread_mutex_destroy(&access->mutex) == 0);
	free(access);
}

const struct certificates_files *peer_access_files(const struct peer_access *access)
{
	return &access->files.certificates;
}

void peer_access_authorize(struct peer_access *access, struct buf *out)
{
	ensure(pthread_mutex_lock(&access->mutex) == 0);
	if (access->api_key.bytes != NULL) {
		buf_add_str(out, "Authorization: Bearer ");
		buf_add_text(out, token_of(&access->api_key));
	}
	ensure(pthread_mutex_unlock(&access->mutex) == 0);
}
