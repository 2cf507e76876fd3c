/* key_file.h - reads what an option names by path: keys, tokens, certificates. What is secret must
 * not be readable by others, and is wiped from memory when it is released. */
#ifndef RUNTIME_KEY_FILE_H
#define RUNTIME_KEY_FILE_H

#include "base/buf.h"

#define KEY_FILE_BYTES_MAX (1 << 20)

/* The whole contents of a file. */
struct key_file {
	char *bytes; /* owned, NUL-terminated; NULL: none */
	size_t len;
};

enum key_file_kind {
	KEY_FILE_PUBLIC, /* certificates */
	KEY_FILE_SECRET, /* refused where others have any access or the group may write: owner 0400
	                    or, as Kubernetes mounts secrets, owner and group 0440 */
};

/* Reads a regular file of 1 to KEY_FILE_BYTES_MAX bytes without NUL; links to one are followed. On
 * failure why is one sentence that names option and path and says what to do, and *ret_file is
 * unchanged. Any thread. */
must_use bool key_file_read(const char *option, const char *path, enum key_file_kind kind,
                            struct key_file *ret_file, struct buf *why);
/* Wipes and frees the contents; *file is then {NULL, 0}. */
void key_file_release(struct key_file *file);
struct text key_file_text(const struct key_file *file);

#define AUTO_KEY_FILE __attribute__((cleanup(key_file_release)))

#endif
