/* restore.h - a backup becomes a store again: first as a copy in a scratch directory, where this
 * program's migrations run and everything is audited, then, for `restore`, in the place of the
 * store. The backup itself is only read. */
#ifndef STORAGE_RESTORE_H
#define STORAGE_RESTORE_H

#include "storage/audit_report.h"
#include "storage/store.h"

#include <limits.h>

#define RESTORE_NAME_SIZE 96

/* All borrowed. */
struct restore_plan {
	const char *file; /* the backup */
	const char *url;  /* of the live store, sqlite:PATH */
	const char *service;
	const struct migration *migrations;
	size_t migrations_count;
	audit_part_fn *part;
	int64_t now_us;
	uint8_t random[ULID_RANDOM_BYTES];
	bool has_peer; /* then the store begins as rolled back, until the peer is caught up */
};

struct restored {
	struct journal_head head; /* of the backup */
	char old_path[PATH_MAX]; /* where the store is now that was in its place; "": there was none
	                          */
};

/* Audits a copy of the backup, made in scratch_parent (NULL: beside the live store) and removed
 * again. Where there is a live
 * store, it must have the same source, and its journal the copy's head in it ("live-chain"). No
 * finding: the time is recorded beside the live store. False: it could not be tried, why says why.
 */
must_use bool restore_check(const struct restore_plan *plan, const char *scratch_parent,
                            struct audit *audit, struct restored *ret_restored, struct buf *why);
/* Adds the finding "live-chain" where the event at the backup's head is another in the live
 * journal; live is the hash of the live journal's line there, NULL: it has none. */
void restore_compare(struct audit *audit, const struct journal_head *head, const struct hash *live);
/* Takes the lock of the live store's directory and audits a copy of the backup there. No finding:
 * it gets the event journal.restored and is put in the store's place; the old store is set aside
 * whole. False: nothing was changed, or the old store was set aside already, and why says which. */
must_use bool restore_apply(const struct restore_plan *plan, struct audit *audit,
                            struct restored *ret_restored, struct buf *why);

/* When restore_check last recorded a success for the store at url, 0: never. */
int64_t restore_verified_us(const char *url);

#endif
