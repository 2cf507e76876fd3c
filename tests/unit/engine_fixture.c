/* engine_fixture.c - see engine_fixture.h. */
#include "unit/engine_fixture.h"

#include "storage/audit.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

/* ---- the world ---- */

struct world world = {.now_us = FIXTURE_NOW_US, .monotonic_us = US_PER_S};

static int64_t world_now_us(void *arg)
{
	return ((struct world *)arg)->now_us;
}

static int64_t world_monotonic_us(void *arg)
{
	return ((struct world *)arg)->monotonic_us;
}

static void world_random(void *arg, void *bytes, size_t count)
{
	struct world *own = arg;

	own->drawn++;
	memset(bytes, 0, count);
	memcpy(bytes, &own->drawn, count < sizeof(own->drawn) ? count : sizeof(own->drawn));
}

const struct env fixture_env = {
	.now_us = world_now_us,
	.monotonic_us = world_monotonic_us,
	.random = world_random,
	.arg = &world,
};

/* ---- the rig ---- */

void rig_open(struct rig *rig, const struct domain *domain, const struct env *env,
              const struct migration *migrations, size_t count)
{
	const struct engine_times times = {.key_ttl_us = KEY_TTL_US,
	                                   .outcome_wait_us = rig->outcome_wait_us == 0
	                                                              ? OUTCOME_WAIT_US
	                                                              : rig->outcome_wait_us,
	                                   .peer_wait_us = rig->peer_wait_us};
	struct buf AUTO_BUF why;

	buf_init(&why, 1024);
	if (rig->url == NULL)
		rig->url = fixture_url("store.db");
	bool is_open = store_open(rig->url, FIXTURE_SERVICE, migrations, count, fixture_random,
	                          FIXTURE_NOW_US, &rig->store, &why);
	ck_assert_msg(is_open, "%s", buf_str(&why));
	rig->engine = engine_new(&rig->store, domain, env, &times, &why);
	ck_assert_msg(rig->engine != NULL, "%s", buf_str(&why));
}

void rig_close(struct rig *rig)
{
	engine_free(rig->engine);
	store_close(&rig->store);
}

size_t rig_run(struct rig *rig, struct job *const *jobs, size_t count)
{
	struct batch batch = {.count = 0}, later = {.count = 0};
	size_t batches = 0;

	ck_assert_uint_le(count, BATCH_MAX);
	for (size_t i = 0; i < count; i++)
		batch.jobs[batch.count++] = jobs[i];
	for (; batch.count > 0; batches++) {
		engine_run(rig->engine, &batch, &later);
		engine_tend(rig->engine);
		batch = later;
		later.count = 0;
	}
	return batches;
}

void rig_check_journal(struct rig *rig)
{
	struct audit audit;

	audit_init(&audit);
	ck_assert_int_eq(audit_journal(&audit, rig->store.db, rig->store.source, NULL, NULL),
	                 DB_OK);
	ck_assert_msg(audit.findings_count == 0, "%s", fixture_findings(&audit));
	audit_release(&audit);
}

static sqlite3 *raw_open(const struct rig *rig)
{
	sqlite3 *handle;

	ck_assert_int_eq(sqlite3_open(db_file_path(rig->url), &handle), SQLITE_OK);
	(void)sqlite3_db_config(handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	(void)sqlite3_wal_autocheckpoint(handle, 0);
	return handle;
}

static int note_number(void *arg, int count, char **values, char **names)
{
	(void)names;
	ck_assert_int_eq(count, 1);
	*(int64_t *)arg = strtoll(values[0], NULL, 10);
	return 0;
}

int64_t rig_number(const struct rig *rig, const char *sql)
{
	sqlite3 *handle = raw_open(rig);
	int64_t number = INT64_MIN;

	ck_assert_int_eq(sqlite3_exec(handle, sql, note_number, &number, NULL), SQLITE_OK);
	ck_assert_int_eq(sqlite3_close(handle), SQLITE_OK);
	return number;
}

void rig_tamper(const struct rig *rig, const char *sql)
{
	sqlite3 *handle = raw_open(rig);

	ck_assert_int_eq(sqlite3_exec(handle, sql, NULL, NULL, NULL), SQLITE_OK);
	ck_assert_int_eq(sqlite3_close(handle), SQLITE_OK);
}

/* ---- jobs ---- */

void job_init(struct job *job, const struct command_kind *kind, const void *command)
{
	*job = (struct job){.kind = kind,
	                    .command = command,
	                    .request_id = TEXT_LITERAL("req-1"),
	                    .deadline_us = INT64_MAX};
	answer_init(&job->answer);
	buf_init(&job->kept, ANSWER_BYTES_MAX);
}

void job_set_key(struct job *job, const struct rig *rig, const char *caller, const char *key,
                 const char *fingerprinted)
{
	job->key.caller = text_of(caller);
	job->key.key = text_of(key);
	job->key.key_hash = hash_keyed_pair(rig->store.sip_key, job->key.caller, job->key.key);
	hash_sha256(fingerprinted, strlen(fingerprinted), &job->key.fingerprint);
}

void job_release(struct job *job)
{
	answer_release(&job->answer);
	buf_release(&job->kept);
}

void job_check(const struct job *job, int status, enum error error, bool replayed)
{
	const struct answer *answer = &job->answer;

	ck_assert_msg(answer->status == status && answer->error == error &&
	                      answer->replayed == replayed,
	              "status %d, error %d, replayed %d: %s", answer->status, answer->error,
	              answer->replayed, buf_str(&answer->body));
}

bool job_says(const struct job *job, const char *part)
{
	return strstr(buf_str(&job->answer.body), part) != NULL;
}

/* ---- entries ---- */

const struct migration entry_migrations[1] = {
	{.number = 1,
         .name = "0001-entries",
         .sql = "CREATE TABLE entries (seq INTEGER PRIMARY KEY, name TEXT NOT NULL, "
                "account INTEGER NOT NULL, amount INTEGER NOT NULL CHECK (amount <= 50)) STRICT"},
};
static_assert(ENTRY_AMOUNT_MAX == 50, "the table's CHECK");

static const struct statement account_get = {
	"SELECT count(*), coalesce(sum(amount), 0), coalesce(max(seq), 0) FROM entries "
	"WHERE account = $1",
	NULL};
static const struct statement entry_add = {
	"INSERT INTO entries (seq, name, account, amount) VALUES ($1, $2, $3, $4)", NULL};

struct entry_view {
	uint64_t account;
	int64_t count, total, last_seq;
};

struct entry_effects {
	struct effects base;
	int64_t count, total;
};

static uint64_t entry_conflict_key(const struct job *job, const void *view)
{
	const struct entry *entry = job->command;

	if (!entry->is_found_by_load)
		return entry->account;
	return view == NULL ? 0 : ((const struct entry_view *)view)->account;
}

static void note_account(void *arg, const struct db_row *row)
{
	struct entry_view *view = arg;

	view->count = db_int(row, 0);
	view->total = db_int(row, 1);
	view->last_seq = db_int(row, 2);
}

static void entry_load(struct db *db, struct job *job, void *view)
{
	const struct entry *entry = job->command;

	((struct entry_view *)view)->account = entry->account;
	DB_SEND(db, &account_get, note_account, view, V_INT((int64_t)entry->account));
}

static enum error entry_decide(const struct job *job, const void *view, void *effects, char *detail)
{
	const struct entry *entry = job->command;
	const struct entry_view *known = view;
	struct entry_effects *result = effects;

	result->base.resource = text_of(entry->name);
	result->base.rests_on_unheard = entry->amount == ENTRY_UNHEARD;
	if (entry->amount == ENTRY_NONE || entry->amount == ENTRY_UNHEARD)
		return ERR_NOT_FOUND;
	if (known->total + entry->amount > ENTRY_TOTAL_MAX) {
		(void)snprintf(detail, ANSWER_DETAIL_SIZE, "The account holds %lld.",
		               (long long)known->total);
		return ERR_INVALID_STATE;
	}
	result->base.writes = true;
	result->count = known->count + 1;
	result->total = known->total + entry->amount;
	return ERR_NONE;
}

static void entry_write(const struct writing *to, const struct job *job, const void *view,
                        void *effects)
{
	const struct entry *entry = job->command;
	const struct entry_view *known = view;
	const struct event event = {.type = "entry.added",
	                            .subject = text_of(entry->name),
	                            .data = TEXT_LITERAL("{}"),
	                            .order_prev_seq = known->last_seq,
	                            .cause = job->peer == NULL ? NULL : &job->peer->to};
	int64_t seq = journal_add(to->journal, &event, job->now_us, job->random);

	(void)effects;
	DB_SEND(to->db, &entry_add, NULL, NULL, V_INT(seq), v_str(entry->name),
	        V_INT((int64_t)entry->account), V_INT(entry->amount));
}

static void entry_render(const struct job *job, const void *effects, struct answer *answer)
{
	const struct entry_effects *result = effects;

	buf_addf(&answer->body, "{\"name\":\"%s\",\"count\":%lld,\"total\":%lld}",
	         ((const struct entry *)job->command)->name, (long long)result->count,
	         (long long)result->total);
}

const struct command_kind entry_kind = {
	.name = "entry",
	.conflict_key = entry_conflict_key,
	.load = entry_load,
	.decide = entry_decide,
	.write = entry_write,
	.render = entry_render,
};

void (*entry_committed)(const struct entry *entry);

static void committed(const struct job *job, const void *effects)
{
	(void)effects;
	if (entry_committed != NULL)
		entry_committed(job->command);
}

const struct domain entry_domain = {
	.view_size = sizeof(struct entry_view),
	.effects_size = sizeof(struct entry_effects),
	.committed = committed,
};

void entries_open(struct rig *rig, const struct env *env)
{
	rig_open(rig, &entry_domain, env, entry_migrations, ARRAY_LEN(entry_migrations));
}

void entry_init(struct entry *entry, const char *name, uint64_t account, int64_t amount)
{
	*entry = (struct entry){.name = name, .account = account, .amount = amount};
	job_init(&entry->job, &entry_kind, entry);
}

size_t entries_run(struct rig *rig, struct entry *entries, size_t count)
{
	struct job *jobs[BATCH_MAX];

	ck_assert_uint_le(count, BATCH_MAX);
	for (size_t i = 0; i < count; i++)
		jobs[i] = &entries[i].job;
	return rig_run(rig, jobs, count);
}

int64_t entry_count(const struct rig *rig, const char *name)
{
	char sql[128];

	(void)snprintf(sql, sizeof(sql), "SELECT count(*) FROM entries WHERE name = '%s'", name);
	return rig_number(rig, sql);
}

void entries_check(struct rig *rig)
{
	rig_check_journal(rig);
	ck_assert_int_eq(rig_number(rig, "SELECT count(*) FROM journal WHERE seq NOT IN "
	                                 "(SELECT seq FROM entries)"),
	                 0);
	ck_assert_int_eq(rig_number(rig, "SELECT count(*) FROM entries WHERE seq NOT IN "
	                                 "(SELECT seq FROM journal)"),
	                 0);
}
