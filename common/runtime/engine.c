/* engine.c - one batch: begin, load, decide, write, commit; and what happens when one of these
 * fails. Invariants: (1) within a batch no two commands share an order or an idempotency key, so no
 * view is stale; (2) no job has a success answer before the commit that holds its effect; (3) after
 * an unknown COMMIT, or another failure of the disk, nothing is written until the store was
 * reopened, checkpointed and its journal's tail verified; (4) who waits for an outcome is answered
 * after the commit that settles it; (5) the events of the peer in a batch follow each other without
 * a gap from the place that the same transaction read, and it moves that place behind the last. */
#include "runtime/engine.h"

#include "runtime/engine_metrics.h"
#include "runtime/log.h"
#include "storage/audit.h"
#include "storage/peer.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define ATTEMPTS_MAX 5 /* of a batch that met a busy database or a serialization failure */
#define TAIL_EVENTS (2 * BATCH_MAX) /* verified after a recovery: what two whole batches hold */
#define EXPIRE_ROWS 500 /* idempotency keys deleted a tick; each new key deletes two as well */

static_assert(BATCH_MAX <= HASH_INDEX_ADDS_MAX, "one row in an index for each command");

struct engine {
	struct store *store;
	const struct domain *domain;
	const struct env *env;
	struct journal *journal;
	struct hash_index *indexes[3]; /* of idempotency keys, the domain's, NULL */
	struct engine_times times;
	void *totals; /* of the attempt */
	struct parking parkings[PARKINGS];
	struct peer_place peer; /* as of this transaction */
	bool peer_is_elsewhere; /* the peer's events in it do not begin at that place */
	struct slot slots[BATCH_MAX];
	char *memory; /* of all views and effects */
	struct conflicts conflicts;
	int64_t stamped_us; /* the time of the last command, and how many had it before */
	uint16_t stamped_count;
	bool is_short_of_memory; /* an answer of this attempt is truncated */
	_Atomic bool healthy;
	_Atomic int64_t head_seq, peer_ticket;
};

static size_t aligned(size_t size)
{
	return (size + 15) / 16 * 16;
}

static enum db_result load_indexes(struct engine *engine)
{
	enum db_result result = DB_OK;

	for (size_t i = 0; engine->indexes[i] != NULL && result == DB_OK; i++)
		result = hash_index_load(engine->indexes[i], engine->store->db);
	return result;
}

struct engine *engine_new(struct store *store, const struct domain *domain, const struct env *env,
                          const struct engine_times *times, struct buf *why)
{
	struct engine *engine = calloc(1, sizeof(*engine));
	size_t view_size = aligned(domain_view_size(domain));
	size_t effects_size = aligned(domain_effects_size(domain));
	struct journal_head head;

	if (engine == NULL ||
	    (engine->memory = calloc(BATCH_MAX, view_size + effects_size)) == NULL ||
	    (engine->totals = calloc(1, aligned(domain->totals_size + 1))) == NULL ||
	    (engine->journal = journal_new(store->source)) == NULL) {
		buf_add_str(why, "There is not enough memory to start.");
		engine_free(engine);
		return NULL;
	}
	engine->store = store;
	engine->indexes[0] = &seen_by_key_hash;
	engine->indexes[1] = domain->index;
	if (journal_read_head(store->db, &head) != DB_OK || load_indexes(engine) != DB_OK) {
		buf_addf(why, "The store cannot be read: %s.", db_why(store->db));
		engine_free(engine);
		return NULL;
	}
	for (size_t i = 0; i < BATCH_MAX; i++) {
		char *view = engine->memory + i * (view_size + effects_size);

		slot_init(&engine->slots[i], view, view + view_size);
	}
	engine->domain = domain;
	engine->env = env;
	engine->times = *times;
	engine->parkings[PARKED_FOR_OUTCOME].wait_us = times->outcome_wait_us;
	engine->parkings[PARKED_FOR_PEER].wait_us = times->peer_wait_us;
	atomic_store(&engine->healthy, true);
	atomic_store(&engine->head_seq, head.seq);
	return engine;
}

void engine_free(struct engine *engine)
{
	if (engine == NULL)
		return;
	for (size_t i = 0; i < BATCH_MAX; i++)
		slot_release(&engine->slots[i]);
	for (size_t i = 0; engine->indexes[i] != NULL; i++)
		hash_index_close(engine->indexes[i]);
	journal_free(engine->journal);
	free(engine->totals);
	free(engine->memory);
	free(engine);
}

bool engine_is_healthy(const struct engine *engine)
{
	return atomic_load(&engine->healthy);
}

int64_t engine_head_seq(const struct engine *engine)
{
	return atomic_load(&engine->head_seq);
}

int64_t engine_key_ttl_us(const struct engine *engine)
{
	return engine->times.key_ttl_us;
}

struct parking *engine_parking(struct engine *engine, enum engine_parking which)
{
	return &engine->parkings[which];
}

int64_t engine_peer_ticket(const struct engine *engine)
{
	return atomic_load(&engine->peer_ticket);
}

static enum db_result load(struct engine *engine, struct batch *batch)
{
	struct db *db = engine->store->db;
	int64_t expired_us = env_now_us(engine->env) - engine->times.key_ttl_us;
	struct peer_step step;

	journal_load(engine->journal, db);
	if (batch_join_steps(batch, &step))
		peer_load(db, &engine->peer);
	memset(engine->totals, 0, engine->domain->totals_size);
	for (size_t i = 0; i < batch->count; i++)
		slot_load(&engine->slots[i], engine->domain, db, batch->jobs[i], expired_us);
	return db_flush(db);
}

/* The first two random bytes count up within a millisecond, so that ids sort in the order of the
 * commit (what is beyond 65535 commands a millisecond only sorts anyhow). */
static void stamp(struct engine *engine, struct job *job)
{
	if (engine->times.peer_wait_us == 0)
		job->peer_is_fresh = true;
	slot_stamp(job, engine->env, journal_head(engine->journal)->time_us);
	if (job->now_us != engine->stamped_us)
		engine->stamped_count = 0;
	engine->stamped_us = job->now_us;
	for (size_t id = 0; id < sizeof(job->random); id += ULID_RANDOM_BYTES) {
		job->random[id] = (uint8_t)(engine->stamped_count >> 8);
		job->random[id + 1] = (uint8_t)engine->stamped_count;
	}
	if (engine->stamped_count < UINT16_MAX)
		engine->stamped_count++;
}

static enum db_result commit(struct engine *engine, size_t commands)
{
	int64_t began_us = env_monotonic_us(engine->env);
	enum db_result result = db_commit(engine->store->db);

	engine_count_commit(env_monotonic_us(engine->env) - began_us, commands);
	return result;
}

/* Asked for once a batch: the generator makes 64 bytes at a time, and a command needs 20. */
static void take_random(const struct engine *engine, const struct batch *batch)
{
	uint8_t random[BATCH_MAX][sizeof(batch->jobs[0]->random)];

	env_random(engine->env, random, batch->count * sizeof(random[0]));
	for (size_t i = 0; i < batch->count; i++)
		memcpy(batch->jobs[i]->random, random[i], sizeof(random[i]));
}

/* Decides all and sends what they write. True when that is anything. */
static bool execute(struct engine *engine, const struct batch *batch)
{
	const struct domain *domain = engine->domain;
	struct db *db = engine->store->db;
	const struct writing to = {db, engine->journal, engine->totals};
	int64_t keys = 0;
	struct peer_step step;
	bool has_peer = batch_join_steps(batch, &step);
	bool writes;

	engine->peer_is_elsewhere = has_peer && !peer_step_fits(&step, &engine->peer);
	writes = has_peer && !engine->peer_is_elsewhere;
	if (writes)
		peer_write_step(db, &step);
	take_random(engine, batch);
	for (size_t i = 0; i < batch->count; i++) {
		struct slot *slot = &engine->slots[i];

		if (batch->jobs[i]->peer != NULL && engine->peer_is_elsewhere) {
			job_refuse(batch->jobs[i], ERR_INVALID_STATE);
			continue;
		}
		stamp(engine, batch->jobs[i]);
		slot_execute(slot, &to, batch->jobs[i]);
		writes = writes || slot->writes;
		keys += slot->has_key ? 1 : 0;
		if (!slot_is_whole(slot, batch->jobs[i]))
			engine->is_short_of_memory = true;
	}
	if (writes && domain->write_totals != NULL)
		domain->write_totals(db, engine->totals);
	if (writes)
		journal_write(engine->journal, db);
	for (size_t i = 0; engine->indexes[i] != NULL; i++)
		hash_index_write(engine->indexes[i], db);
	if (keys > 0) /* twice as many as came, so that the table cannot grow without end */
		seen_expire(db, env_now_us(engine->env) - engine->times.key_ttl_us, 2 * keys);
	return writes;
}

/* One whole transaction. Anything but DB_OK left nothing behind, DB_UNKNOWN apart. */
static enum db_result attempt(struct engine *engine, struct batch *batch, struct batch *later)
{
	struct db *db = engine->store->db;
	enum db_result result = db_begin(db);
	bool writes = false;

	engine->is_short_of_memory = false;
	for (size_t i = 0; engine->indexes[i] != NULL; i++)
		hash_index_begin(engine->indexes[i]);
	batch_postpone(batch, later, engine->slots, &engine->conflicts, false);
	if (result == DB_OK)
		result = load(engine, batch);
	if (result == DB_OK) {
		batch_postpone(batch, later, engine->slots, &engine->conflicts, true);
		writes = execute(engine, batch);
		result = db_flush(db);
		if (engine->is_short_of_memory && result == DB_OK)
			result = DB_CONFLICT; /* so that only the culprit fails */
	}
	if (result == DB_OK && writes)
		return commit(engine, batch->count);
	db_rollback(db);
	return result;
}

/* The batch's end moves it to a parking. */
static void note_open(struct engine *engine, struct job *job, const struct effects *effects)
{
	job->parked.which = PARKED_FOR_OUTCOME;
	if (job->answer.error == ERR_PEER_LAGGING) {
		job->parked.which = PARKED_FOR_PEER;
		job->awaits = atomic_fetch_add(&engine->peer_ticket, 1) + 1;
		return;
	}
	if (effects->awaits == 0 || job->answer.status != 202)
		return;
	if (effects->awaits_asking && job->runs_again)
		return;
	job->awaits = effects->awaits;
	job->parked.is_asking = effects->awaits_asking;
}

static void tell_committed(const struct engine *engine, const struct job *job,
                           const struct slot *slot)
{
	const struct effects *effects = slot->effects;

	if (job->peer != NULL)
		engine_count_peer_event(job, slot);
	if (!effects->writes)
		return;
	if (job->kind->committed != NULL)
		job->kind->committed(job, effects);
	else
		engine->domain->committed(job, effects);
}

static void after_commit(struct engine *engine, const struct batch *batch)
{
	struct parking *parkings = engine->parkings;

	for (size_t i = 0; engine->indexes[i] != NULL; i++)
		hash_index_committed(engine->indexes[i]);
	atomic_store(&engine->head_seq, journal_head(engine->journal)->seq);
	for (size_t i = 0; i < batch->count; i++) {
		const struct effects *effects = engine->slots[i].effects;

		tell_committed(engine, batch->jobs[i], &engine->slots[i]);
		if (effects->settles != 0)
			parking_settle(&parkings[PARKED_FOR_OUTCOME], effects->settles,
			               &engine->slots[i].settled);
		if (effects->asked != 0)
			parking_ask(&parkings[PARKED_FOR_OUTCOME], effects->asked);
		if (effects->heard != 0)
			parking_hear(&parkings[PARKED_FOR_PEER], effects->heard);
		note_open(engine, batch->jobs[i], effects);
	}
}

/* A failed checkpoint or rollback shows only in the next transaction, as DB_FAILED: that needs a
 * recovery as well. */
static void note_health(struct engine *engine, enum db_result result)
{
	if (result == DB_UNKNOWN || result == DB_FAILED)
		atomic_store(&engine->healthy, false);
}

/* The end of a batch that could not be committed. */
static void fail(struct engine *engine, struct batch *batch, enum db_result result)
{
	static const struct {
		enum error error;
		const char *event;
	} ends[] = {
		[DB_CONFLICT] = {ERR_INTERNAL, "command_conflicts"},
		[DB_RETRY] = {ERR_STORAGE_UNAVAILABLE, "database_busy"},
		[DB_UNKNOWN] = {ERR_OUTCOME_UNKNOWN, "commit_unknown"},
		[DB_FAILED] = {ERR_STORAGE_UNAVAILABLE, "batch_failed"},
	};

	ensure(result != DB_OK);
	engine_count_failure();
	if (engine->is_short_of_memory && result == DB_CONFLICT) {
		log_error("no_memory", L_INT("commands", (int64_t)batch->count));
		batch_refuse(batch, ERR_OVERLOADED);
		journal_forget(engine->journal);
		return;
	}
	log_error(ends[result].event, L_INT("commands", (int64_t)batch->count),
	          L_STR("why", db_why(engine->store->db)));
	batch_refuse(batch, ends[result].error);
	journal_forget(engine->journal);
	note_health(engine, result);
}

/* Whether a conflict that one event of the peer has met is to be recorded instead. */
static bool turns_to_rejection(const struct engine *engine, const struct batch *batch)
{
	struct job *job = batch->jobs[0];

	if (job->peer == NULL || job->peer_conflicts || engine->is_short_of_memory)
		return false;
	job->peer_conflicts = true;
	return true;
}

static enum db_result attempt_again(struct engine *engine, struct batch *batch, struct batch *later)
{
	enum db_result result = DB_RETRY;

	for (int i = 0; i < ATTEMPTS_MAX && result == DB_RETRY; i++) {
		journal_forget(engine->journal);
		result = attempt(engine, batch, later);
	}
	return result;
}

/* Retries what may pass the second time; true when the batch's jobs have their answers. */
static bool attempts(struct engine *engine, struct batch *batch, struct batch *later)
{
	enum db_result result = attempt_again(engine, batch, later);

	if (result == DB_CONFLICT && batch->count == 1 && turns_to_rejection(engine, batch))
		result = attempt_again(engine, batch, later);
	if (result == DB_OK) {
		after_commit(engine, batch);
		return true;
	}
	if (result == DB_CONFLICT && batch->count > 1) {
		journal_forget(engine->journal);
		return false;
	}
	fail(engine, batch, result);
	return true;
}

/* A constraint refused something in the batch: each command alone, so that only the culprit fails.
 */
static void one_by_one(struct engine *engine, const struct batch *batch, struct batch *later)
{
	for (size_t i = 0; i < batch->count; i++) {
		struct batch single = {.jobs = {batch->jobs[i]}, .count = 1};

		if (!engine_is_healthy(engine)) {
			batch_refuse(&single, ERR_STORAGE_UNAVAILABLE);
			continue;
		}
		bool ended = attempts(engine, &single, later);
		ensure(ended && single.count == 1);
	}
}

static void park(struct engine *engine, struct batch *batch)
{
	int64_t now_us = env_monotonic_us(engine->env);
	size_t kept = 0;

	for (size_t i = 0; i < batch->count; i++) {
		struct job *job = batch->jobs[i];

		if (job->awaits != 0)
			parking_add(&engine->parkings[job->parked.which], job, now_us);
		else
			batch->jobs[kept++] = job;
	}
	batch->count = kept;
}

void engine_run(struct engine *engine, struct batch *batch, struct batch *later)
{
	struct batch overdue = {.count = 0};

	ensure(batch->count <= BATCH_MAX && later->count == 0);
	if (!engine_is_healthy(engine)) {
		batch_refuse(batch, ERR_STORAGE_UNAVAILABLE);
		return;
	}
	batch_expire(batch, &overdue, env_monotonic_us(engine->env));
	if (batch->count > 0 && !attempts(engine, batch, later))
		one_by_one(engine, batch, later);
	park(engine, batch);
	memcpy(&batch->jobs[batch->count], overdue.jobs, overdue.count * sizeof(overdue.jobs[0]));
	batch->count += overdue.count;
}

/* Reopens the store after an unknown COMMIT and believes only what it can verify. */
static void recover(struct engine *engine)
{
	struct db *db = engine->store->db;
	struct audit audit;

	if (db_recover(db) != DB_OK || load_indexes(engine) != DB_OK) {
		log_error("recovery_failed", L_STR("why", db_why(db)));
		return;
	}
	audit_init(&audit);
	if (audit_journal_tail(&audit, db, engine->store->source, TAIL_EVENTS) != DB_OK ||
	    audit.findings_count > 0) {
		log_error("recovery_failed",
		          L_STR("why", "the end of the journal does not verify: run audit"));
	} else {
		atomic_store(&engine->head_seq, audit.head.seq);
		atomic_store(&engine->healthy, true);
		log_warn("recovered", L_INT("head", audit.head.seq));
	}
	audit_release(&audit);
}

static void expire_keys(struct engine *engine)
{
	struct db *db = engine->store->db;
	enum db_result result = db_begin(db);

	if (result == DB_OK) {
		seen_expire(db, env_now_us(engine->env) - engine->times.key_ttl_us, EXPIRE_ROWS);
		result = db_flush(db);
	}
	if (result == DB_OK)
		result = db_commit(db);
	else
		db_rollback(db);
	if (result == DB_OK)
		return;
	log_error("expiry_failed", L_STR("why", db_why(db)));
	note_health(engine, result);
}

void engine_tend(struct engine *engine)
{
	db_tend(engine->store->db);
}

void engine_tick(struct engine *engine)
{
	if (!engine_is_healthy(engine))
		recover(engine);
	else
		expire_keys(engine);
}
