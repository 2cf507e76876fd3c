/* fault_vfs.h - SQLite's way to the disk with a fault in it: the n-th call of some kind fails, and
 * as many as you like after it. Any thread. */
#ifndef UNIT_FAULT_VFS_H
#define UNIT_FAULT_VFS_H

#include "base/base.h"

#include <sqlite3.h>

enum fault_call {
	FAULT_OPEN = 1,
	FAULT_READ = 2,
	FAULT_WRITE = 4,
	FAULT_SYNC = 8,
	FAULT_TRUNCATE = 16,
	FAULT_INDEX = 32, /* the mapping of the WAL's index */
	FAULT_ANY = 63,
};

#define FAULT_LASTS INT64_MAX

struct fault_plan {
	unsigned calls; /* enum fault_call, any of these */
	int files;      /* SQLITE_OPEN_MAIN_DB, SQLITE_OPEN_WAL; 0: every file */
	int64_t nth;    /* the first that fails; 1 is the next one */
	int64_t count;  /* so many fail */
	bool tears;     /* of a write that fails the first half is written */
};

/* Makes it SQLite's default, for connections opened from now on. */
void fault_install(void);
void fault_arm(const struct fault_plan *plan);
/* True when a call has failed since fault_arm. */
bool fault_disarm(void);

#endif
