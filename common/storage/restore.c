/* restore.c - from a backup back to a store.
 *
 *   FILE --copy--> DIRECTORY/restore.XXXXXX/copy.db --migrate--> --audit--> sound
 *   sound --journal.restored, checkpoint--> renamed over the live store, which has been linked
 *   aside before
 *
 * Invariants: (1) at any moment there is a whole store in the live place, the old or the new one;
 * (2) the old store stays, under its own name; (3) a scratch directory lives no longer than the
 * call that made it. */
#include "storage/restore.h"

#include "base/time_text.h"
#include "storage/backup.h"
#include "storage/peer.h"
#include "storage/place.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define FILE_MODE 0600
#define COPY_STEP_BYTES (1 << 20)
#define URL_SIZE (PATH_MAX + 16)
#define OLD_NAME_SIZE 64
#define SCRATCH "/restore.XXXXXX"
#define COPY "/copy.db"
#define VERIFIED ".restore-verified"

#define CHECK_BACKUP "backup"
#define CHECK_LIVE "live-chain"

/* What SQLite keeps beside a database. */
static const char *const companions[] = {"-wal", "-shm", "-journal"};

/* A directory with a copy of the backup, and the copy opened. */
struct scratch {
	char directory[PATH_MAX];
	char path[PATH_MAX];
	struct store store; /* db NULL: not opened */
};

static bool refuse_errno(struct buf *why, const char *path, const char *problem)
{
	buf_addf(why, "%s %s: %s", path, problem, strerror(errno));
	return false;
}

static bool join(char out[PATH_MAX], const char *first, const char *second)
{
	size_t first_len = strlen(first), second_len = strlen(second);

	if (first_len + second_len >= PATH_MAX)
		return false;
	memcpy(out, first, first_len);
	memcpy(out + first_len, second, second_len + 1);
	return true;
}

/* The live store's file and directory. */
static bool find_live(const struct restore_plan *plan, const char **ret_path,
                      char directory[PATH_MAX], struct buf *why)
{
	*ret_path = db_file_path(plan->url);
	if (*ret_path != NULL && place_parent(*ret_path, directory))
		return true;
	buf_add_str(why, "DATABASE_URL must be sqlite:PATH, and no longer than a path may be");
	return false;
}

/* ---- the copy ---- */

static bool copy_bytes(int from, int to)
{
	char *step = malloc(COPY_STEP_BYTES);
	ssize_t count = -1;

	if (step == NULL)
		return false;
	while ((count = read(from, step, COPY_STEP_BYTES)) > 0) {
		ssize_t written = write(to, step, (size_t)count);

		if (written != count) {
			errno = written < 0 ? errno : ENOSPC;
			count = -1;
			break;
		}
	}
	free(step);
	return count == 0;
}

static bool copy_into(int from, const char *path, struct buf *why)
{
	struct stat info;
	int to = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, FILE_MODE);

	if (to < 0)
		return refuse_errno(why, path, "cannot be made");
	bool is_copied = fstat(from, &info) == 0 && backup_has_room(to, path, info.st_size, why);
	if (is_copied) {
		is_copied = copy_bytes(from, to) && fsync(to) == 0;
		if (!is_copied)
			(void)refuse_errno(why, path, "cannot be filled from the backup");
	}
	(void)close(to);
	return is_copied;
}

static bool copy_backup(const char *file, const char *path, struct buf *why)
{
	struct stat info;
	int from = open(file, O_RDONLY | O_CLOEXEC);

	if (from < 0)
		return refuse_errno(why, file, "cannot be opened");
	bool is_file = fstat(from, &info) == 0 && S_ISREG(info.st_mode);
	if (!is_file)
		buf_addf(why, "%s is not a file", file);
	bool is_copied = is_file && copy_into(from, path, why);
	(void)close(from);
	return is_copied;
}

static bool scratch_make(struct scratch *scratch, const char *parent, struct buf *why)
{
	*scratch = (struct scratch){.store = {.lock_fd = -1}};
	if (!join(scratch->path, parent, SCRATCH COPY "-journal")) { /* the longest name in it */
		buf_addf(why, "the path of %s is too long", parent);
		return false;
	}
	(void)join(scratch->directory, parent, SCRATCH);
	if (mkdtemp(scratch->directory) == NULL)
		return refuse_errno(why, parent,
		                    "takes no scratch directory (TMPDIR may name another)");
	(void)join(scratch->path, scratch->directory, COPY);
	return true;
}

static void scratch_remove(struct scratch *scratch)
{
	char path[PATH_MAX];

	store_close(&scratch->store);
	for (size_t i = 0; i < ARRAY_LEN(companions); i++)
		if (join(path, scratch->path, companions[i]))
			(void)unlink(path);
	(void)unlink(scratch->path);
	(void)rmdir(scratch->directory);
}

/* ---- the check ---- */

/* A copy of the file alone would lack what the log holds. */
static void check_is_whole(const struct restore_plan *plan, struct audit *audit)
{
	char path[PATH_MAX];
	struct stat info;

	for (size_t i = 0; i < ARRAY_LEN(companions); i++) {
		bool holds_data = strcmp(companions[i], "-shm") != 0;

		if (holds_data && join(path, plan->file, companions[i]) && stat(path, &info) == 0 &&
		    info.st_size > 0)
			audit_finding(audit, CHECK_BACKUP, path,
			              "a part of the store is beside the file, so that alone is no "
			              "backup; make one with the command backup");
	}
}

/* A copy that this program would not serve is opened all the same, to say what is wrong with it. */
static void open_copy(const struct restore_plan *plan, struct scratch *scratch, struct audit *audit)
{
	struct buf why AUTO_BUF;
	char url[URL_SIZE];

	buf_init(&why, 4096);
	(void)snprintf(url, sizeof(url), "sqlite:%s", scratch->path);
	if (store_open(url, plan->service, plan->migrations, plan->migrations_count, NULL,
	               plan->now_us, &scratch->store, &why))
		return;
	audit_finding(audit, CHECK_BACKUP, plan->file, "%s", buf_str(&why));
	if (!store_open_reader(url, plan->service, plan->migrations, plan->migrations_count,
	                       &scratch->store, &why))
		scratch->store.db = NULL;
}

void restore_compare(struct audit *audit, const struct journal_head *head, const struct hash *live)
{
	char where[FINDING_WHERE_SIZE];

	(void)snprintf(where, sizeof(where), "journal seq %" PRId64, head->seq);
	if (live == NULL)
		audit_finding(audit, CHECK_LIVE, where,
		              "the live journal does not have this event: it was cut, or begun "
		              "anew");
	else if (!hash_equal(live, &head->hash))
		audit_finding(audit, CHECK_LIVE, where,
		              "the live journal has another event here: one of the two was "
		              "changed");
}

static void check_live_line(struct db *live, struct audit *audit)
{
	const struct journal_head *head = &audit->head;
	struct journal_line line;

	if (journal_read_line(live, head->seq, &line) != DB_OK)
		audit_finding(audit, CHECK_LIVE, "live store", "it cannot be read: %s",
		              db_why(live));
	else
		restore_compare(audit, head, line.seq == head->seq ? &line.hash : NULL);
}

/* Against the live store, if there is one: its source, and the line at the copy's head. */
static void check_live(const struct restore_plan *plan, const struct scratch *scratch,
                       bool with_chain, struct audit *audit)
{
	struct store live;
	struct buf why AUTO_BUF;

	buf_init(&why, 4096);
	if (access(db_file_path(plan->url), F_OK) != 0 && errno == ENOENT)
		return;
	if (!store_open_reader(plan->url, plan->service, plan->migrations, plan->migrations_count,
	                       &live, &why)) {
		if (with_chain)
			audit_finding(audit, CHECK_LIVE, "live store", "%s", buf_str(&why));
		return;
	}
	if (strcmp(live.source, scratch->store.source) != 0)
		audit_finding(audit, CHECK_LIVE, "live store",
		              "its journal is %s, that of the backup %s", live.source,
		              scratch->store.source);
	else if (with_chain && audit->head.seq > 0)
		check_live_line(live.db, audit);
	store_close(&live);
}

/* Copies the backup and audits the copy, which stays open. */
static bool examine(const struct restore_plan *plan, const char *parent, bool with_chain,
                    struct scratch *scratch, struct audit *audit, struct restored *ret_restored,
                    struct buf *why)
{
	if (!scratch_make(scratch, parent, why))
		return false;
	if (!copy_backup(plan->file, scratch->path, why)) {
		scratch_remove(scratch);
		return false;
	}
	check_is_whole(plan, audit);
	open_copy(plan, scratch, audit);
	if (scratch->store.db != NULL) {
		audit_all(audit, &scratch->store, plan->part);
		check_live(plan, scratch, with_chain, audit);
	}
	ret_restored->head = audit->head;
	ret_restored->old_path[0] = '\0';
	return true;
}

/* ---- the record of a success ---- */

static bool write_whole(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, FILE_MODE);

	if (fd < 0)
		return false;
	bool is_written = write(fd, text, strlen(text)) == (ssize_t)strlen(text) && fsync(fd) == 0;
	(void)close(fd);
	return is_written;
}

static bool record(const char *live, int64_t now_us, struct buf *why)
{
	char path[PATH_MAX], partial[PATH_MAX], time_text[TIME_TEXT_SIZE];

	if (access(live, F_OK) != 0)
		return true; /* no daemon to tell */
	time_render(now_us, time_text);
	if (join(path, live, VERIFIED) && join(partial, path, ".partial") &&
	    write_whole(partial, time_text) && rename(partial, path) == 0 &&
	    place_sync_parent(path))
		return true;
	return refuse_errno(why, live,
	                    "is sound as a backup, but that cannot be recorded beside it");
}

int64_t restore_verified_us(const char *url)
{
	const char *live = db_file_path(url);
	char path[PATH_MAX], text[TIME_TEXT_SIZE] = "";
	int64_t time_us;
	int fd = live != NULL && join(path, live, VERIFIED) ? open(path, O_RDONLY | O_CLOEXEC) : -1;

	if (fd < 0)
		return 0;
	bool is_read = read(fd, text, sizeof(text) - 1) > 0;
	(void)close(fd);
	return is_read && time_parse(text_of(text), &time_us) ? time_us : 0;
}

bool restore_check(const struct restore_plan *plan, const char *scratch_parent, struct audit *audit,
                   struct restored *ret_restored, struct buf *why)
{
	const char *live;
	char directory[PATH_MAX];
	struct scratch scratch;

	if (!find_live(plan, &live, directory, why) ||
	    !examine(plan, scratch_parent != NULL ? scratch_parent : directory, true, &scratch,
	             audit, ret_restored, why))
		return false;
	scratch_remove(&scratch);
	return audit->findings_count > 0 || record(live, plan->now_us, why);
}

/* ---- the restore ---- */

static bool append_event(struct db *db, struct journal *journal, const struct restore_plan *plan,
                         const struct journal_head *head)
{
	static const struct peer_place restored = {.rollback = PEER_RESTORED};
	struct buf *data = journal_data(journal);
	char hash[HASH_HEX_SIZE];

	hash_to_hex(&head->hash, hash);
	json_open(data, '{');
	json_member_int(data, "head_seq", head->seq);
	json_member_str(data, "head_hash", hash);
	json_close(data, '}');
	const struct event event = {.type = JOURNAL_RESTORED,
	                            .subject = text_of(plan->service),
	                            .data = buf_text(data)};
	if (db_begin(db) != DB_OK)
		return false;
	journal_load(journal, db);
	if (db_flush(db) == DB_OK) {
		(void)journal_add(journal, &event,
		                  plan->now_us > head->time_us ? plan->now_us : head->time_us,
		                  plan->random);
		journal_write(journal, db);
		if (plan->has_peer)
			peer_write_rollback(db, &restored);
	}
	return db_commit(db) == DB_OK;
}

/* Whether the database's log holds anything. */
static bool has_log(const char *path)
{
	char log[PATH_MAX];
	struct stat info;

	return join(log, path, "-wal") && stat(log, &info) == 0 && info.st_size > 0;
}

/* Tells in the journal that it goes on from a backup, and brings all into the one file. */
static bool finish_copy(const struct restore_plan *plan, struct scratch *scratch,
                        const struct journal_head *head, struct buf *why)
{
	struct journal *journal = journal_new(scratch->store.source);

	if (journal == NULL || !append_event(scratch->store.db, journal, plan, head)) {
		buf_addf(why, "the event %s cannot be written: %s", JOURNAL_RESTORED,
		         db_why(scratch->store.db));
		journal_free(journal);
		return false;
	}
	journal_free(journal);
	store_close(&scratch->store);
	if (has_log(scratch->path)) {
		buf_addf(why, "%s cannot be written: its log stays beside it", scratch->path);
		return false;
	}
	return true;
}

static void render_old_name(int64_t now_us, char out[OLD_NAME_SIZE])
{
	time_t now = (time_t)(now_us / US_PER_S);
	struct tm parts;

	ensure(gmtime_r(&now, &parts) != NULL);
	ensure(strftime(out, OLD_NAME_SIZE, ".before-restore-%Y%m%dT%H%M%SZ", &parts) > 0);
}

/* Where the old store still opens, its log is brought into its file: a crash between the moves of
 * the two would else leave a store without its last commits in the live place. Where it does not
 * open, its log goes with it. */
static bool tend_old(const char *url, const char *live, struct buf *why)
{
	struct buf broken AUTO_BUF;
	struct db *db;

	buf_init(&broken, 4096);
	if (db_open(url, DB_WRITER, &db, &broken) != DB_OK)
		return true;
	db_close(db);
	if (!has_log(live))
		return true;
	buf_addf(why,
	         "%s cannot be set aside: its log cannot be brought into it; stop what still reads "
	         "it, such as an audit or a backup, or free some space",
	         live);
	return false;
}

/* What SQLite keeps beside a store, else the new one would take it for its own; it may be there
 * without the store, where that was lost. */
static bool move_companions(const char *live, const char *old)
{
	char from[PATH_MAX], to[PATH_MAX];

	for (size_t i = 0; i < ARRAY_LEN(companions); i++)
		if (!join(from, live, companions[i]) || !join(to, old, companions[i]) ||
		    (rename(from, to) != 0 && errno != ENOENT))
			return false;
	return true;
}

/* A second name for the old store; "" where there is none. */
static bool set_aside(const struct restore_plan *plan, const char *live, char old[PATH_MAX],
                      struct buf *why)
{
	bool is_there = access(live, F_OK) == 0 || errno != ENOENT;
	char name[OLD_NAME_SIZE];

	render_old_name(plan->now_us, name);
	if (is_there && !tend_old(plan->url, live, why))
		return false;
	if (!join(old, live, name) ||
	    (is_there && (link(live, old) != 0 || !place_sync_parent(live))))
		return refuse_errno(why, live, "cannot be set aside");
	if (!move_companions(live, old))
		return refuse_errno(why, live, "cannot be set aside whole");
	if (!is_there)
		old[0] = '\0';
	return place_sync_parent(live) || refuse_errno(why, live, "cannot be set aside durably");
}

static bool put_in_place(const struct restore_plan *plan, const char *live, struct scratch *scratch,
                         struct restored *restored, struct buf *why)
{
	if (!finish_copy(plan, scratch, &restored->head, why) ||
	    !set_aside(plan, live, restored->old_path, why))
		return false;
	if (rename(scratch->path, live) == 0 && place_sync_parent(live))
		return true;
	return refuse_errno(why, live, "cannot be replaced");
}

bool restore_apply(const struct restore_plan *plan, struct audit *audit,
                   struct restored *ret_restored, struct buf *why)
{
	const char *live;
	char directory[PATH_MAX];
	struct scratch scratch;
	int lock_fd;

	if (!find_live(plan, &live, directory, why))
		return false;
	if (!place_open(live, &lock_fd, why))
		return false;
	bool is_done = examine(plan, directory, false, &scratch, audit, ret_restored, why);
	if (is_done) {
		if (audit->findings_count == 0)
			is_done = put_in_place(plan, live, &scratch, ret_restored, why);
		scratch_remove(&scratch);
	}
	(void)close(lock_fd);
	return is_done;
}
