/* db_sqlite_wal.c - gathers the writes of a write-ahead log.
 *
 * Why this is safe, with synchronous=FULL and one connection that writes (the lock on the data
 * directory sees to it): SQLite syncs the log before it tells other connections of the new frames
 * (the index in shared memory), and before COMMIT returns. So nobody reads frames that are still in
 * memory, but for the connection itself, whose reads flush first. A write that fails shows in a
 * later call instead, the sync of the same COMMIT at the latest, and every write after it fails as
 * well until the file is opened anew (db_recover). */
#include "storage/db_sqlite_wal.h"

#include "base/base.h"

#include <pthread.h>
#include <sqlite3.h>
#include <string.h>

/* 15 frames of 24 and 8192 bytes; SQLite's own VFS takes less than 128 KiB a call. */
#define GATHER_BYTES (15 * (24 + 8192))
/* Room for a file of the default VFS, or of one that a test has put in front of it. */
#define FILE_BYTES_MAX 1024

struct wal_file {
	sqlite3_file base;
	sqlite3_file *real; /* behind this struct */
	char *gathered;     /* GATHER_BYTES, owned */
	sqlite3_int64 at;   /* where in the file it belongs */
	int len;
	int failed; /* the code of the first flush that failed, then the file's for good */
};

static sqlite3_vfs vfs;

static sqlite3_vfs *real_vfs(void)
{
	return sqlite3_vfs_find(NULL);
}

static struct wal_file *wal_of(sqlite3_file *file)
{
	return (struct wal_file *)(void *)file;
}

static sqlite3_file *real_of(sqlite3_file *file)
{
	return wal_of(file)->real;
}

static int flush(struct wal_file *wal)
{
	int len = wal->len;

	wal->len = 0;
	if (wal->failed == SQLITE_OK && len > 0)
		wal->failed = wal->real->pMethods->xWrite(wal->real, wal->gathered, len, wal->at);
	return wal->failed;
}

static int wal_write(sqlite3_file *file, const void *bytes, int count, sqlite3_int64 at)
{
	struct wal_file *wal = wal_of(file);

	ensure(count <= GATHER_BYTES); /* a page or a frame's header */
	if (wal->len > 0 && (at != wal->at + wal->len || count > GATHER_BYTES - wal->len))
		(void)flush(wal);
	if (wal->failed != SQLITE_OK)
		return wal->failed;
	if (wal->len == 0)
		wal->at = at;
	memcpy(wal->gathered + wal->len, bytes, (size_t)count);
	wal->len += count;
	return SQLITE_OK;
}

/* For calls that look at the file: what it held before a failure can still be read. */
static int settle(struct wal_file *wal)
{
	return wal->len > 0 ? flush(wal) : SQLITE_OK;
}

static int wal_read(sqlite3_file *file, void *bytes, int count, sqlite3_int64 at)
{
	int code = settle(wal_of(file));

	return code != SQLITE_OK ? code
	                         : real_of(file)->pMethods->xRead(real_of(file), bytes, count, at);
}

static int wal_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	int code = flush(wal_of(file));

	return code != SQLITE_OK ? code : real_of(file)->pMethods->xTruncate(real_of(file), size);
}

static int wal_sync(sqlite3_file *file, int flags)
{
	int code = flush(wal_of(file));

	return code != SQLITE_OK ? code : real_of(file)->pMethods->xSync(real_of(file), flags);
}

static int wal_size(sqlite3_file *file, sqlite3_int64 *ret_size)
{
	int code = settle(wal_of(file));

	return code != SQLITE_OK ? code
	                         : real_of(file)->pMethods->xFileSize(real_of(file), ret_size);
}

static int wal_close(sqlite3_file *file)
{
	struct wal_file *wal = wal_of(file);
	int flushed = flush(wal);
	int closed = wal->real->pMethods->xClose(wal->real);

	sqlite3_free(wal->gathered);
	return flushed != SQLITE_OK ? flushed : closed;
}

static int wal_lock(sqlite3_file *file, int level)
{
	return real_of(file)->pMethods->xLock(real_of(file), level);
}

static int wal_unlock(sqlite3_file *file, int level)
{
	return real_of(file)->pMethods->xUnlock(real_of(file), level);
}

static int wal_reserved(sqlite3_file *file, int *ret_is)
{
	return real_of(file)->pMethods->xCheckReservedLock(real_of(file), ret_is);
}

static int wal_control(sqlite3_file *file, int operation, void *arg)
{
	return real_of(file)->pMethods->xFileControl(real_of(file), operation, arg);
}

static int wal_sector(sqlite3_file *file)
{
	return real_of(file)->pMethods->xSectorSize(real_of(file));
}

static int wal_traits(sqlite3_file *file)
{
	return real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
}

/* Version 1: shared memory and mapping are the database file's, never the log's. */
static const sqlite3_io_methods wal_methods = {
	.iVersion = 1,
	.xClose = wal_close,
	.xRead = wal_read,
	.xWrite = wal_write,
	.xTruncate = wal_truncate,
	.xSync = wal_sync,
	.xFileSize = wal_size,
	.xLock = wal_lock,
	.xUnlock = wal_unlock,
	.xCheckReservedLock = wal_reserved,
	.xFileControl = wal_control,
	.xSectorSize = wal_sector,
	.xDeviceCharacteristics = wal_traits,
};

static int open_wal(const char *name, struct wal_file *wal, int flags, int *ret_flags)
{
	int code;

	wal->real = (sqlite3_file *)(void *)(wal + 1);
	wal->len = 0;
	wal->failed = SQLITE_OK;
	wal->gathered = sqlite3_malloc(GATHER_BYTES);
	if (wal->gathered == NULL)
		return SQLITE_NOMEM;
	code = real_vfs()->xOpen(real_vfs(), name, wal->real, flags, ret_flags);
	if (code == SQLITE_OK)
		wal->base.pMethods = &wal_methods;
	else
		sqlite3_free(wal->gathered);
	return code;
}

static int vfs_open(sqlite3_vfs *self, const char *name, sqlite3_file *file, int flags,
                    int *ret_flags)
{
	(void)self;
	ensure(real_vfs()->szOsFile <= FILE_BYTES_MAX);
	if ((flags & SQLITE_OPEN_WAL) == 0)
		return real_vfs()->xOpen(real_vfs(), name, file, flags, ret_flags);
	file->pMethods = NULL;
	return open_wal(name, wal_of(file), flags, ret_flags);
}

static int vfs_delete(sqlite3_vfs *self, const char *name, int syncs_directory)
{
	(void)self;
	return real_vfs()->xDelete(real_vfs(), name, syncs_directory);
}

static int vfs_access(sqlite3_vfs *self, const char *name, int flags, int *ret_may)
{
	(void)self;
	return real_vfs()->xAccess(real_vfs(), name, flags, ret_may);
}

static int vfs_full_path(sqlite3_vfs *self, const char *name, int size, char *out)
{
	(void)self;
	return real_vfs()->xFullPathname(real_vfs(), name, size, out);
}

static void vfs_register(void)
{
	vfs = *real_vfs(); /* time, random bytes and sleep are its */
	vfs.zName = "gathering-wal";
	vfs.szOsFile = (int)sizeof(struct wal_file) + FILE_BYTES_MAX;
	vfs.pNext = NULL;
	vfs.xOpen = vfs_open;
	vfs.xDelete = vfs_delete;
	vfs.xAccess = vfs_access;
	vfs.xFullPathname = vfs_full_path;
	ensure(sqlite3_vfs_register(&vfs, 0) == SQLITE_OK);
}

const char *db_sqlite_wal_vfs(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	ensure(pthread_once(&once, vfs_register) == 0);
	return vfs.zName;
}
