/* key_file.c - reads keys, tokens and certificates from files. The contents are read straight into
 * memory of their own size, so that no copy of a secret stays behind. */
#include "runtime/key_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What is wrong with the file itself, or NULL. */
static const char *fault(const struct stat *status, enum key_file_kind kind)
{
	if (!S_ISREG(status->st_mode))
		return "it is not a regular file: name one";
	if (status->st_size == 0)
		return "it is empty";
	if (status->st_size > KEY_FILE_BYTES_MAX)
		return "it is larger than 1 MiB: name another";
	if (kind == KEY_FILE_SECRET && (status->st_mode & S_IRWXO) != 0)
		return "everyone has access to it: chmod 0400 it";
	if (kind == KEY_FILE_SECRET && (status->st_mode & S_IWGRP) != 0)
		return "its group may write it: chmod 0400 it";
	return NULL;
}

static bool read_all(int fd, struct key_file *file)
{
	size_t at = 0;

	while (at < file->len) {
		ssize_t count = read(fd, file->bytes + at, file->len - at);
		if (count <= 0)
			return false; /* it shrinks while it is read, or cannot be */
		at += (size_t)count;
	}
	return memchr(file->bytes, '\0', file->len) == NULL;
}

static const char *read_open(int fd, enum key_file_kind kind, struct key_file *ret_file)
{
	struct stat status;
	const char *wrong;

	if (fstat(fd, &status) != 0)
		return strerrordesc_np(errno);
	wrong = fault(&status, kind);
	if (wrong != NULL)
		return wrong;

	struct key_file file = {calloc(1, (size_t)status.st_size + 1), (size_t)status.st_size};
	if (file.bytes == NULL)
		return "memory is short";
	if (!read_all(fd, &file)) {
		key_file_release(&file);
		return "it cannot be read as a text";
	}
	*ret_file = file;
	return NULL;
}

bool key_file_read(const char *option, const char *path, enum key_file_kind kind,
                   struct key_file *ret_file, struct buf *why)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe without a writer */
	const char *wrong = fd < 0 ? strerrordesc_np(errno) : read_open(fd, kind, ret_file);

	if (fd >= 0)
		(void)close(fd);
	if (wrong == NULL)
		return true;
	buf_addf(why, "%s: cannot use %s: %s.", option, path, wrong);
	return false;
}

void key_file_release(struct key_file *file)
{
	if (file->bytes != NULL)
		explicit_bzero(file->bytes, file->len);
	free(file->bytes);
	*file = (struct key_file){NULL, 0};
}

struct text key_file_text(const struct key_file *file)
{
	return (struct text){file->bytes, file->len};
}
