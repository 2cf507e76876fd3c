/* fault_vfs.c - a layer over SQLite's own VFS. Each file of ours has SQLite's file behind it in the
 * same memory. */
#include "unit/fault_vfs.h"

#include <pthread.h>

struct fault_file {
	sqlite3_file base;
	int kind; /* SQLITE_OPEN_MAIN_DB and so on */
};

#define KINDS (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL)

static sqlite3_vfs *real_vfs;

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER; /* guards the rest */
static struct fault_plan plan;
static bool is_armed, has_struck;
static int64_t calls_seen;

static struct fault_file *ours(sqlite3_file *file)
{
	return (struct fault_file *)file;
}

static sqlite3_file *real(sqlite3_file *file)
{
	return (sqlite3_file *)(ours(file) + 1);
}

static bool strikes(int kind, enum fault_call call)
{
	bool fails = false;

	pthread_mutex_lock(&mutex);
	if (is_armed && (plan.calls & (unsigned)call) != 0 &&
	    (plan.files == 0 || (plan.files & kind) != 0)) {
		calls_seen++;
		fails = calls_seen >= plan.nth && calls_seen - plan.nth < plan.count;
		has_struck = has_struck || fails;
	}
	pthread_mutex_unlock(&mutex);
	return fails;
}

static int fault_close(sqlite3_file *file)
{
	return real(file)->pMethods->xClose(real(file));
}

static int fault_read(sqlite3_file *file, void *bytes, int count, sqlite3_int64 at)
{
	if (strikes(ours(file)->kind, FAULT_READ))
		return SQLITE_IOERR_READ;
	return real(file)->pMethods->xRead(real(file), bytes, count, at);
}

static int fault_write(sqlite3_file *file, const void *bytes, int count, sqlite3_int64 at)
{
	if (!strikes(ours(file)->kind, FAULT_WRITE))
		return real(file)->pMethods->xWrite(real(file), bytes, count, at);
	if (plan.tears)
		(void)real(file)->pMethods->xWrite(real(file), bytes, count / 2, at);
	return SQLITE_IOERR_WRITE;
}

static int fault_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	if (strikes(ours(file)->kind, FAULT_TRUNCATE))
		return SQLITE_IOERR_TRUNCATE;
	return real(file)->pMethods->xTruncate(real(file), size);
}

static int fault_sync(sqlite3_file *file, int flags)
{
	if (strikes(ours(file)->kind, FAULT_SYNC))
		return SQLITE_IOERR_FSYNC;
	return real(file)->pMethods->xSync(real(file), flags);
}

static int fault_size(sqlite3_file *file, sqlite3_int64 *ret_size)
{
	return real(file)->pMethods->xFileSize(real(file), ret_size);
}

static int fault_lock(sqlite3_file *file, int level)
{
	return real(file)->pMethods->xLock(real(file), level);
}

static int fault_unlock(sqlite3_file *file, int level)
{
	return real(file)->pMethods->xUnlock(real(file), level);
}

static int fault_check_reserved(sqlite3_file *file, int *ret_is_reserved)
{
	return real(file)->pMethods->xCheckReservedLock(real(file), ret_is_reserved);
}

static int fault_control(sqlite3_file *file, int operation, void *arg)
{
	return real(file)->pMethods->xFileControl(real(file), operation, arg);
}

static int fault_sector_size(sqlite3_file *file)
{
	return real(file)->pMethods->xSectorSize(real(file));
}

static int fault_characteristics(sqlite3_file *file)
{
	return real(file)->pMethods->xDeviceCharacteristics(real(file));
}

static int fault_shm_map(sqlite3_file *file, int page, int size, int extend, void volatile **ret_at)
{
	if (strikes(ours(file)->kind, FAULT_INDEX))
		return SQLITE_IOERR_SHMMAP;
	return real(file)->pMethods->xShmMap(real(file), page, size, extend, ret_at);
}

static int fault_shm_lock(sqlite3_file *file, int offset, int count, int flags)
{
	return real(file)->pMethods->xShmLock(real(file), offset, count, flags);
}

static void fault_shm_barrier(sqlite3_file *file)
{
	real(file)->pMethods->xShmBarrier(real(file));
}

static int fault_shm_unmap(sqlite3_file *file, int deletes)
{
	return real(file)->pMethods->xShmUnmap(real(file), deletes);
}

static const sqlite3_io_methods methods = {
	.iVersion = 2, /* without memory-mapped pages, which would pass us by */
	.xClose = fault_close,
	.xRead = fault_read,
	.xWrite = fault_write,
	.xTruncate = fault_truncate,
	.xSync = fault_sync,
	.xFileSize = fault_size,
	.xLock = fault_lock,
	.xUnlock = fault_unlock,
	.xCheckReservedLock = fault_check_reserved,
	.xFileControl = fault_control,
	.xSectorSize = fault_sector_size,
	.xDeviceCharacteristics = fault_characteristics,
	.xShmMap = fault_shm_map,
	.xShmLock = fault_shm_lock,
	.xShmBarrier = fault_shm_barrier,
	.xShmUnmap = fault_shm_unmap,
};

static int fault_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
                      int *ret_flags)
{
	int code;

	(void)vfs;
	file->pMethods = NULL; /* SQLite then does not close it */
	ours(file)->kind = flags & KINDS;
	if (strikes(flags & KINDS, FAULT_OPEN))
		return SQLITE_CANTOPEN;
	code = real_vfs->xOpen(real_vfs, name, real(file), flags, ret_flags);
	if (code == SQLITE_OK)
		file->pMethods = &methods;
	return code;
}

void fault_install(void)
{
	static sqlite3_vfs vfs;

	real_vfs = sqlite3_vfs_find(NULL);
	ensure(real_vfs != NULL && real_vfs != &vfs);
	vfs = *real_vfs; /* its other functions look only at what is copied here */
	vfs.zName = "fault";
	vfs.szOsFile += (int)sizeof(struct fault_file);
	vfs.xOpen = fault_open;
	ensure(sqlite3_vfs_register(&vfs, 1) == SQLITE_OK);
}

void fault_arm(const struct fault_plan *new_plan)
{
	pthread_mutex_lock(&mutex);
	plan = *new_plan;
	is_armed = true;
	has_struck = false;
	calls_seen = 0;
	pthread_mutex_unlock(&mutex);
}

bool fault_disarm(void)
{
	bool struck;

	pthread_mutex_lock(&mutex);
	is_armed = false;
	struck = has_struck;
	pthread_mutex_unlock(&mutex);
	return struck;
}
