/* backup.c - copies of a store as one file.
 * Invariant: a file has its final name only when all of it is on disk. */
#include "storage/backup.h"

#include "storage/place.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define FILE_MODE 0600

/* At least as much as the copy will be: that leaves out free pages. */
static const struct statement store_bytes = {
	.sql = "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()",
};

static bool refuse_errno(struct buf *why, const char *path, const char *problem)
{
	buf_addf(why, "%s %s: %s", path, problem, strerror(errno));
	return false;
}

bool backup_has_room(int fd, const char *path, int64_t bytes, struct buf *why)
{
	struct statvfs info;

	if (fstatvfs(fd, &info) != 0)
		return refuse_errno(why, path, "cannot be examined");
	uint64_t free_bytes = (uint64_t)info.f_bavail * info.f_frsize;
	if (free_bytes >= (uint64_t)bytes + BACKUP_SPARE_BYTES)
		return true;
	buf_addf(why,
	         "there is no room for %s: it takes %" PRId64 " MiB, and %" PRId64
	         " MiB must stay free, but only %" PRIu64 " MiB are; free some space",
	         path, (bytes >> 20) + 1, BACKUP_SPARE_BYTES >> 20, free_bytes >> 20);
	return false;
}

static void note_bytes(void *arg, const struct db_row *row)
{
	*(int64_t *)arg = db_int(row, 0);
}

static bool fill_snapshot(void *arg, const char *path, int fd, struct buf *why)
{
	struct db *db = arg;
	int64_t bytes = 0;

	DB_SEND0(db, &store_bytes, note_bytes, &bytes);
	if (db_flush(db) == DB_OK) {
		if (!backup_has_room(fd, path, bytes, why))
			return false;
		if (db_snapshot(db, path) == DB_OK)
			return true;
	}
	buf_addf(why, "%s cannot be written: %s", path, db_why(db));
	return false;
}

/* A new file that fill fills, or none. */
static bool create(const char *path, backup_fill_fn *fill, void *arg, int *ret_fd, struct buf *why)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, FILE_MODE);

	if (fd < 0 && errno == EEXIST) {
		buf_addf(why,
		         "%s exists: another backup is being written, or was cut off; wait for "
		         "it, or remove that file",
		         path);
		return false;
	}
	if (fd < 0)
		return refuse_errno(why, path, "cannot be made");
	if (!fill(arg, path, fd, why)) {
		(void)unlink(path);
		(void)close(fd);
		return false;
	}
	*ret_fd = fd;
	return true;
}

bool backup_snapshot(struct db *db, const char *path, int *ret_fd, struct buf *why)
{
	return create(path, fill_snapshot, db, ret_fd, why);
}

/* Nobody's file is ever replaced. Some network file systems only know the plain rename. */
static bool put_in_place(const char *partial, const char *file)
{
	if (renameat2(AT_FDCWD, partial, AT_FDCWD, file, RENAME_NOREPLACE) == 0)
		return true;
	return errno == EINVAL && access(file, F_OK) != 0 && rename(partial, file) == 0;
}

bool backup_write(const char *file, backup_fill_fn *fill, void *arg, struct buf *why)
{
	char partial[PATH_MAX];
	int fd;

	if (snprintf(partial, sizeof(partial), "%s" BACKUP_PARTIAL, file) >= (int)sizeof(partial)) {
		buf_add_str(why, "the name of the backup is too long");
		return false;
	}
	if (access(file, F_OK) == 0) {
		buf_addf(why, "%s exists: give the backup another name", file);
		return false;
	}
	if (!create(partial, fill, arg, &fd, why))
		return false;
	bool is_placed = fsync(fd) == 0 && put_in_place(partial, file) && place_sync_parent(file);
	if (!is_placed) {
		(void)refuse_errno(why, file, "cannot be written");
		(void)unlink(partial);
	}
	(void)close(fd);
	return is_placed;
}

bool backup_make(const char *url, const char *file, struct buf *why)
{
	struct db *db;

	if (db_open(url, DB_READER, &db, why) != DB_OK)
		return false;
	bool is_made = backup_write(file, fill_snapshot, db, why);
	db_close(db);
	return is_made;
}
