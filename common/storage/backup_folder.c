/* backup_folder.c - names of backups in a folder, which sort by their time (backup_folder.h). */
#include "storage/backup_folder.h"

#include "storage/backup.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define TIME_FORMAT "%Y%m%dT%H%M%SZ"
#define TIME_SHAPE "00000000T000000Z" /* 0: any digit */
#define SUFFIX ".db"

void backup_name(const char *service, int64_t now_us, char ret_name[BACKUP_NAME_SIZE])
{
	time_t now = (time_t)(now_us / US_PER_S);
	char time_text[sizeof(TIME_SHAPE)];
	struct tm parts;

	ensure(gmtime_r(&now, &parts) != NULL);
	ensure(strftime(time_text, sizeof(time_text), TIME_FORMAT, &parts) > 0);
	int len = snprintf(ret_name, BACKUP_NAME_SIZE, "%s-%s" SUFFIX, service, time_text);
	ensure(len > 0 && len < BACKUP_NAME_SIZE);
}

bool backup_folder_is(const char *word)
{
	size_t len = strlen(word);

	return len > 0 && word[len - 1] == '/';
}

bool backup_folder_path(const char *folder, const char *name, char ret_path[PATH_MAX],
                        struct buf *why)
{
	int len = snprintf(ret_path, PATH_MAX, "%s%s", folder, name);

	if (len > 0 && len < PATH_MAX)
		return true;
	buf_add_str(why, "the name of the backup is too long");
	return false;
}

static bool has_time_shape(const char *text)
{
	for (size_t i = 0; i < sizeof(TIME_SHAPE) - 1; i++)
		if (TIME_SHAPE[i] == '0' ? !char_is_digit(text[i]) : text[i] != TIME_SHAPE[i])
			return false;
	return true;
}

/* Whether it is SERVICE-TIME and that end. */
static bool is_named(const char *name, const char *service, const char *end)
{
	size_t service_len = strlen(service);
	size_t time_len = sizeof(TIME_SHAPE) - 1;

	return strncmp(name, service, service_len) == 0 && name[service_len] == '-' &&
	       has_time_shape(name + service_len + 1) &&
	       strcmp(name + service_len + 1 + time_len, end) == 0;
}

static bool is_backup(const char *name, const char *service)
{
	return is_named(name, service, SUFFIX);
}

struct names {
	struct dirent **entries; /* by name, so by time; each owned, as is the array */
	int count;
};

static void names_release(struct names *names)
{
	for (int i = 0; i < names->count; i++)
		free(names->entries[i]);
	free(names->entries);
}

static bool read_names(const char *folder, struct names *ret_names, struct buf *why)
{
	ret_names->count = scandir(folder, &ret_names->entries, NULL, alphasort);
	if (ret_names->count >= 0)
		return true;
	*ret_names = (struct names){0};
	buf_addf(why, "%s cannot be read: %s", folder, strerror(errno));
	return false;
}

bool backup_folder_newest(const char *folder, const char *service, char ret_path[PATH_MAX],
                          struct buf *why)
{
	struct names names __attribute__((cleanup(names_release))) = {0};

	if (!read_names(folder, &names, why))
		return false;
	for (int i = names.count - 1; i >= 0; i--)
		if (is_backup(names.entries[i]->d_name, service))
			return backup_folder_path(folder, names.entries[i]->d_name, ret_path, why);
	buf_addf(why, "there is no backup of %s in %s: make one first", service, folder);
	return false;
}

bool backup_folder_trim(const char *folder, const char *service, int64_t keep, struct buf *why)
{
	struct names names __attribute__((cleanup(names_release))) = {0};
	char path[PATH_MAX];

	if (keep == 0)
		return true;
	if (!read_names(folder, &names, why))
		return false;
	for (int i = names.count - 1; i >= 0; i--) {
		const char *name = names.entries[i]->d_name;
		bool is_whole = is_backup(name, service);

		if (!is_whole && !is_named(name, service, SUFFIX BACKUP_PARTIAL))
			continue;
		if (keep > 0) {
			keep -= is_whole;
			continue;
		}
		if (!backup_folder_path(folder, name, path, why))
			return false;
		if (unlink(path) != 0) {
			buf_addf(why, "%s cannot be removed: %s", path, strerror(errno));
			return false;
		}
	}
	return true;
}
