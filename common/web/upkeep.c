/* upkeep.c - GET /audit and GET /backup: what operators ask of a running service. On the thread
 * for what lasts long. */
#include "runtime/log.h"
#include "runtime/metrics.h"
#include "storage/backup.h"
#include "storage/backup_folder.h"
#include "storage/restore.h"
#include "web/pages.h"

#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define SNAPSHOT ".snapshot"

static void collect_verified(const struct metric *metric, struct buf *out)
{
	buf_addf(out, "%s %lld\n", metric->name,
	         (long long)(restore_verified_us(metric->arg) / US_PER_S));
}

/* What cannot be asked is left out. */
static bool read_disk(const struct metric *metric, struct statvfs *ret_disk)
{
	const char *path = db_file_path(metric->arg);

	return path != NULL && statvfs(path, ret_disk) == 0;
}

static void collect_disk_free(const struct metric *metric, struct buf *out)
{
	struct statvfs disk;

	if (read_disk(metric, &disk))
		buf_addf(out, "%s %llu\n", metric->name,
		         (unsigned long long)disk.f_bavail * disk.f_frsize);
}

static void collect_disk_size(const struct metric *metric, struct buf *out)
{
	struct statvfs disk;

	if (read_disk(metric, &disk))
		buf_addf(out, "%s %llu\n", metric->name,
		         (unsigned long long)disk.f_blocks * disk.f_frsize);
}

/* The arg of each is the URL of the store. */
static struct metric metrics[] = {
	{"last_verified_restore_timestamp_seconds", METRIC_GAUGE,
         "When restore-check last found a backup sound; 0 is never.", collect_verified, NULL, NULL},
	{"storage_disk_free_bytes", METRIC_GAUGE,
         "Bytes that may still be written to the file system of the store.", collect_disk_free,
         NULL, NULL},
	{"storage_disk_size_bytes", METRIC_GAUGE, "Size of the file system of the store.",
         collect_disk_size, NULL, NULL},
};

void upkeep_register_metrics(const char *database_url)
{
	for (size_t i = 0; i < ARRAY_LEN(metrics); i++) {
		metrics[i].arg = (void *)(uintptr_t)database_url;
		metric_register(&metrics[i]);
	}
}

enum error audit_run(struct request *request, struct db *db)
{
	const struct api_settings *settings = api_settings(request->api);
	struct store store = *settings->store;
	struct audit audit;

	store.db = db;
	audit_init(&audit);
	audit_all(&audit, &store, settings->audit);
	audit_render(&audit, settings->service, store.source, &request->job.answer.body);
	audit_release(&audit);
	/* The stop has interrupted it: what it says then is not about the store. */
	return api_is_draining(request->api) ? ERR_SHUTTING_DOWN : ERR_NONE;
}

/* False: the store is no file, or its path too long. */
static bool snapshot_path(const char *database_url, char out[PATH_MAX])
{
	const char *path = db_file_path(database_url);

	return path != NULL && snprintf(out, PATH_MAX, "%s" SNAPSHOT, path) < PATH_MAX;
}

static void name_file(struct request *request)
{
	const struct api_settings *settings = api_settings(request->api);
	char name[BACKUP_NAME_SIZE];

	backup_name(settings->service, env_now_us(settings->env), name);
	(void)snprintf(request->file_name, sizeof(request->file_name),
	               "attachment; filename=\"%s\"", name);
}

/* The snapshot has no name any more once it is sent: nothing is left of it, however that ends. */
enum error backup_run(struct request *request, struct db *db)
{
	const struct api_settings *settings = api_settings(request->api);
	struct answer *answer = &request->job.answer;
	char path[PATH_MAX];
	struct stat info;
	struct buf why AUTO_BUF;

	buf_init(&why, 4096);
	if (!snapshot_path(settings->database_url, path) ||
	    !backup_snapshot(db, path, &request->file_fd, &why)) {
		if (api_is_draining(request->api))
			return ERR_SHUTTING_DOWN;
		(void)snprintf(answer->detail, sizeof(answer->detail), "%s.", buf_str(&why));
		return ERR_STORAGE_UNAVAILABLE;
	}
	ensure(fstat(request->file_fd, &info) == 0);
	request->file_bytes = info.st_size;
	(void)unlink(path);
	name_file(request);
	return ERR_NONE;
}

void upkeep_clean(const char *database_url)
{
	char path[PATH_MAX];

	if (snapshot_path(database_url, path) && unlink(path) == 0)
		log_warn("snapshot_removed", L_STR("path", path));
}
