/* place.c - the directory a store lives in.
 * Invariant: while the descriptor that place_open returned is open, no other process gets one for
 * the same directory; so exactly one process writes and checkpoints. */
#include "storage/place.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define DIRECTORY_MODE 0700

#define GFS2_MAGIC 0x01161970 /* these two are not in linux/magic.h */
#define LUSTRE_SUPER_MAGIC 0x0BD00BD0

/* WAL keeps its index in memory that all processes map, and trusts file locks: neither works across
 * machines. FUSE is not here: it is local as often as not, and does not tell which. */
static const struct {
	unsigned long type;
	const char *name;
} network_file_systems[] = {
	{AFS_FS_MAGIC, "AFS"},          {AFS_SUPER_MAGIC, "AFS"},   {CEPH_SUPER_MAGIC, "Ceph"},
	{CIFS_SUPER_MAGIC, "SMB"},      {CODA_SUPER_MAGIC, "Coda"}, {GFS2_MAGIC, "GFS2"},
	{LUSTRE_SUPER_MAGIC, "Lustre"}, {NCP_SUPER_MAGIC, "NCP"},   {NFS_SUPER_MAGIC, "NFS"},
	{OCFS2_SUPER_MAGIC, "OCFS2"},   {SMB2_SUPER_MAGIC, "SMB"},  {SMB_SUPER_MAGIC, "SMB"},
};

const char *place_network_name(unsigned long type)
{
	for (size_t i = 0; i < ARRAY_LEN(network_file_systems); i++)
		if (network_file_systems[i].type == type)
			return network_file_systems[i].name;
	return NULL;
}

bool place_parent(const char *path, char out[PATH_MAX])
{
	const char *slash = strrchr(path, '/');
	struct text parent = text_of(".");

	if (slash != NULL)
		parent = (struct text){path, slash == path ? 1 : (size_t)(slash - path)};
	if (parent.len >= PATH_MAX)
		return false;
	text_copy(parent, out, PATH_MAX);
	return true;
}

bool place_sync_parent(const char *path)
{
	char parent[PATH_MAX];

	if (!place_parent(path, parent))
		return false;

	int fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return false;
	bool is_synced = fsync(fd) == 0;
	(void)close(fd);
	return is_synced;
}

static bool make_directory(const char *directory)
{
	struct stat info;

	if (mkdir(directory, DIRECTORY_MODE) == 0)
		return place_sync_parent(directory); /* only then is it on disk */

	int error = errno; /* which one does not matter if the directory is there */
	if (stat(directory, &info) == 0)
		return true;
	errno = error;
	return false;
}

static bool make_directories(const char *directory)
{
	char part[PATH_MAX];

	for (size_t i = 1; directory[i] != '\0'; i++) {
		if (directory[i] != '/')
			continue;
		text_copy((struct text){directory, i}, part, sizeof(part));
		if (!make_directory(part))
			return false;
	}
	return make_directory(directory);
}

static bool is_local(int fd, const char *directory, struct buf *why)
{
	struct statfs info;
	const char *network_name;

	if (fstatfs(fd, &info) != 0) {
		buf_addf(why, "directory %s cannot be examined: %s", directory, strerror(errno));
		return false;
	}
	network_name = place_network_name((unsigned long)info.f_type);
	if (network_name == NULL)
		return true;
	buf_addf(why,
	         "directory %s is on a network file system (%s), where SQLite is not safe; point "
	         "DATABASE_URL to a local disk",
	         directory, network_name);
	return false;
}

/* Who may write there may replace the store. A sticky bit does not help: its -wal and -shm files
 * come and go. */
static bool is_guarded(int fd, const char *directory, struct buf *why)
{
	struct stat info;

	if (fstat(fd, &info) != 0) {
		buf_addf(why, "directory %s cannot be examined: %s", directory, strerror(errno));
		return false;
	}
	if ((info.st_mode & (S_IWGRP | S_IWOTH)) == 0)
		return true;
	buf_addf(why,
	         "directory %s may be written by %s (mode %04o); chmod go-w it, or point "
	         "DATABASE_URL to one of this user's own",
	         directory, (info.st_mode & S_IWOTH) != 0 ? "everyone" : "its group",
	         (unsigned)info.st_mode & 07777);
	return false;
}

static bool lock_directory(int fd, const char *directory, struct buf *why)
{
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		return true;
	if (errno == EWOULDBLOCK)
		buf_addf(why,
		         "another process holds %s; stop it first, or point DATABASE_URL elsewhere",
		         directory);
	else
		buf_addf(why, "directory %s cannot be locked: %s", directory, strerror(errno));
	return false;
}

bool place_open(const char *path, int *ret_fd, struct buf *why)
{
	char directory[PATH_MAX];
	int fd;

	if (!place_parent(path, directory)) {
		buf_add_str(why, "the path in DATABASE_URL is too long: choose a shorter one");
		return false;
	}
	if (!make_directories(directory)) {
		buf_addf(why,
		         "directory %s cannot be made: %s; make it for this user, or point "
		         "DATABASE_URL "
		         "elsewhere",
		         directory, strerror(errno));
		return false;
	}
	fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) {
		buf_addf(why,
		         "directory %s cannot be opened: %s; correct DATABASE_URL or its "
		         "permissions",
		         directory, strerror(errno));
		return false;
	}
	if (!is_local(fd, directory, why) || !is_guarded(fd, directory, why) ||
	    !lock_directory(fd, directory, why)) {
		(void)close(fd);
		return false;
	}
	*ret_fd = fd;
	return true;
}
