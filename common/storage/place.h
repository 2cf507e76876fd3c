/* place.h - the directory a store lives in: made, judged and locked. Knows nothing of the database
 * in it. Any thread. */
#ifndef STORAGE_PLACE_H
#define STORAGE_PLACE_H

#include "base/buf.h"

#include <limits.h>

/* Makes the directory of the file `path` (0700, with its parents) where missing, refuses a network
 * file system and a directory that others may write, and takes the lock that keeps a second process
 * out. *ret_fd holds the lock until it is closed. On failure why is one sentence. */
must_use bool place_open(const char *path, int *ret_fd, struct buf *why);

/* The directory that holds path; false: it is too long. */
must_use bool place_parent(const char *path, char out[PATH_MAX]);
/* Makes what was done to the name `path` durable: syncs its directory. */
must_use bool place_sync_parent(const char *path);

/* The network file system of a statfs type, or NULL for any other. */
const char *place_network_name(unsigned long type);

#endif
