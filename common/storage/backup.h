/* backup.h - copies of a store as one file, made beside the daemon. Only reads the store: what
 * makes one of such a file again is restore.h. */
#ifndef STORAGE_BACKUP_H
#define STORAGE_BACKUP_H

#include "storage/db.h"

/* Left free on the disk by a copy, for the service that goes on writing there. */
#define BACKUP_SPARE_BYTES (INT64_C(64) << 20)
/* Added to the name of a file that is not whole yet; one whose writer was killed keeps it. */
#define BACKUP_PARTIAL ".partial"

/* Writes the store as of now into the new file `path` (0600), where there is room for it. The
 * caller closes *ret_fd, which can be read from. On failure why is one sentence, and there is no
 * file. */
must_use bool backup_snapshot(struct db *db, const char *path, int *ret_fd, struct buf *why);
/* Fills the new, empty file `path`, open as fd. False: it could not, and why says so. */
typedef bool backup_fill_fn(void *arg, const char *path, int fd, struct buf *why);
/* Makes `file` of what fill writes: durable and whole, or not there at all. A file that exists is
 * refused. */
must_use bool backup_write(const char *file, backup_fill_fn *fill, void *arg, struct buf *why);
/* Makes the backup `file` of the store at url in this way. */
must_use bool backup_make(const char *url, const char *file, struct buf *why);
/* Whether the file system of fd takes so many bytes more, and BACKUP_SPARE_BYTES. path is named in
 * why. */
must_use bool backup_has_room(int fd, const char *path, int64_t bytes, struct buf *why);

#endif
