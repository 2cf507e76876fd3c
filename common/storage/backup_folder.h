/* backup_folder.h - backups that are made again and again into one folder: each is named by its
 * service and time, SERVICE-YYYYMMDDTHHMMSSZ.db, and the oldest go. Files of other names are never
 * touched. */
#ifndef STORAGE_BACKUP_FOLDER_H
#define STORAGE_BACKUP_FOLDER_H

#include "base/buf.h"

#include <limits.h>

#define BACKUP_NAME_SIZE 48

/* The name of a backup made at now_us (UTC). */
void backup_name(const char *service, int64_t now_us, char ret_name[BACKUP_NAME_SIZE]);
/* Whether a command's word names a folder: it ends with "/". */
bool backup_folder_is(const char *word);
/* The path of a backup in the folder. False: it is too long. */
must_use bool backup_folder_path(const char *folder, const char *name, char ret_path[PATH_MAX],
                                 struct buf *why);
/* The newest backup of the service there. False: there is none, or the folder cannot be read. */
must_use bool backup_folder_newest(const char *folder, const char *service, char ret_path[PATH_MAX],
                                   struct buf *why);
/* Removes all but the newest `keep` backups of the service, and what a killed writer left behind
 * before those (0: nothing is removed). */
must_use bool backup_folder_trim(const char *folder, const char *service, int64_t keep,
                                 struct buf *why);

#endif
