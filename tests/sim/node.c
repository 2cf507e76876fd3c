/* node.c - see node.h. */
#include "sim/node.h"

#include "storage/peer.h"
#include "unit/fault_vfs.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define KEY_TTL_US (72 * 3600 * US_PER_S)
#define OUTCOME_WAIT_US (5 * US_PER_S)
#define TICK_US US_PER_S
#define DISK_CALLS 40 /* about as many as a batch makes: where the fault falls */

static void plan_turn(struct node *node, int64_t delay_us);
static void plan_work(struct node *node, int64_t delay_us);

/* ---- start ---- */

static enum error reserve(void *arg)
{
	struct node *node = arg;

	return !node->is_calm && world_chance(node->world, 20) ? ERR_OVERLOADED : ERR_NONE;
}

static void publish(void *arg, struct job *job)
{
	node_submit(arg, job);
}

static void came_back(void *arg)
{
	plan_work(arg, 0);
}

_Noreturn static void fail_start(struct node *node, struct buf *why)
{
	world_fail(node->world, WORLD_NO_ORDER, "%s does not start: %s", node->service->name,
	           buf_str(why));
}

void node_start(struct node *node)
{
	const struct node_service *service = node->service;
	const struct engine_times times = {KEY_TTL_US, OUTCOME_WAIT_US, node->peer_wait_us};
	const struct submitter submitter = {reserve, publish, came_back, node};
	uint8_t random[SIP_KEY_BYTES + ULID_RANDOM_BYTES];
	struct buf why AUTO_BUF;

	buf_init(&why, 4096);
	env_random(&node->world->env, random, sizeof(random));
	if (!store_open(node->url, service->name, service->migrations, *service->migrations_count,
	                random, node->world->now_us, &node->store, &why) ||
	    !store_open_reader(node->url, service->name, service->migrations,
	                       *service->migrations_count, &node->reader, &why))
		fail_start(node, &why);
	node->engine = engine_new(&node->store, service->domain, &node->world->env, &times, &why);
	node->work = service->work_new(node->reader.db, submitter, &why);
	if (node->engine == NULL || node->work == NULL)
		fail_start(node, &why);
	node->is_up = true;
	node->work_us = INT64_MAX;
	node->ticked_us = node->world->now_us;
	plan_work(node, 0);
}

void node_open(struct node *node, struct world *world, const struct node_service *service,
               const char *directory, int64_t peer_wait_us, struct node_owner owner)
{
	*node = (struct node){
		.world = world, .service = service, .owner = owner, .peer_wait_us = peer_wait_us};
	(void)snprintf(node->url, sizeof(node->url), "sqlite:%s/%s/store.db", directory,
	               service->name);
	node_start(node);
}

void node_calm(struct node *node)
{
	node->is_calm = true;
}

/* ---- the end of a life ---- */

static void gather_parked(struct parking *parking, struct job_queue *jobs)
{
	struct job *job;

	while ((job = parking_pop_ready(parking, INT64_MAX)) != NULL)
		job_queue_add(jobs, job);
	while ((job = parking_pop_again(parking)) != NULL)
		job_queue_add(jobs, job);
}

/* Takes all jobs from where they wait. */
static void gather(struct node *node, struct job_queue *jobs)
{
	struct job *job;

	for (size_t i = 0; i < node->batch.count; i++)
		job_queue_add(jobs, node->batch.jobs[i]);
	for (size_t i = 0; i < node->later.count; i++)
		job_queue_add(jobs, node->later.jobs[i]);
	node->batch.count = node->later.count = 0;
	while ((job = job_queue_take(&node->inbox)) != NULL)
		job_queue_add(jobs, job);
	for (enum engine_parking i = 0; i < PARKINGS; i++)
		gather_parked(engine_parking(node->engine, i), jobs);
}

/* What is closed here has lost its power: nothing more reaches the disk. The work stays, as its
 * jobs do. */
static void cut_power(struct node *node)
{
	const struct fault_plan dead = {.calls = FAULT_ANY, .nth = 1, .count = FAULT_LASTS};

	node->is_up = false;
	node->life++;
	engine_free(node->engine);
	fault_arm(&dead);
	store_close(&node->store);
	(void)fault_disarm();
	store_close(&node->reader);
}

static void drop_all(struct node *node, struct job_queue *jobs, void *work)
{
	struct job *job;

	while ((job = job_queue_take(jobs)) != NULL)
		node->owner.lost(node->owner.arg, job);
	node->service->work_free(work);
}

void node_close(struct node *node)
{
	struct job_queue jobs = {0};

	if (!node->is_up)
		return;
	gather(node, &jobs);
	cut_power(node);
	drop_all(node, &jobs, node->work);
}

static void start_again(void *arg, int64_t life)
{
	struct node *node = arg;

	if (node->life != life || node->is_up)
		return;
	world_note(node->world, WORLD_NO_ORDER, "%s starts", node->service->name);
	node_start(node);
}

void node_crash(struct node *node)
{
	static const int64_t down_us[] = {0, US_PER_MS, US_PER_S, 60 * US_PER_S, 600 * US_PER_S};

	if (!node->is_up)
		return;
	node->crashes++;
	world_note(node->world, WORLD_NO_ORDER, "%s crashes", node->service->name);
	node_close(node);
	world_after(node->world, down_us[world_pick(node->world, ARRAY_LEN(down_us))], start_again,
	            node, node->life);
}

/* ---- a batch ---- */

void node_submit(struct node *node, struct job *job)
{
	if (!node->is_up) {
		node->owner.lost(node->owner.arg, job);
		return;
	}
	job_queue_add(&node->inbox, job);
	plan_turn(node, world_pick(node->world, 2 * US_PER_MS));
}

/* What the disk holds, read behind the engine's back. */
struct mark {
	int64_t head_seq, keys, peer_seq;
};

static void note_number(void *arg, const struct db_row *row)
{
	*(int64_t *)arg += db_int(row, 0);
}

static struct mark look(struct node *node, struct job *const *jobs, size_t count)
{
	static const struct statement seen = {
		"SELECT count(*) FROM seen WHERE key_hash = $1 AND created_us >= $2", NULL};
	struct mark mark = {0};
	struct journal_head head = {0};
	struct peer_place place = {0};
	bool is_read = journal_read_head(node->reader.db, &head) == DB_OK &&
	               peer_read(node->reader.db, &place) == DB_OK;

	mark.head_seq = head.seq;
	mark.peer_seq = place.seq;
	for (size_t i = 0; i < count; i++)
		if (jobs[i]->key.key.ptr != NULL)
			DB_SEND(node->reader.db, &seen, note_number, &mark.keys,
			        V_INT((int64_t)jobs[i]->key.key_hash),
			        V_INT(node->world->now_us / US_PER_MS * US_PER_MS));
	is_read = db_flush(node->reader.db) == DB_OK && is_read;
	if (!is_read)
		world_fail(node->world, WORLD_NO_ORDER, "the store cannot be read");
	return mark;
}

static bool has_moved(struct node *node, struct job *const *jobs, size_t count,
                      const struct mark *before)
{
	struct mark after = look(node, jobs, count);

	return after.head_seq != before->head_seq || after.keys != before->keys ||
	       after.peer_seq != before->peer_seq;
}

/* Those of `before` that are not in `later`, in their order. */
static size_t executed(const struct batch *before, const struct batch *later,
                       struct job *ret_jobs[BATCH_MAX])
{
	size_t count = 0;

	for (size_t i = 0; i < before->count; i++) {
		size_t k = 0;

		while (k < later->count && later->jobs[k] != before->jobs[i])
			k++;
		if (k == later->count)
			ret_jobs[count++] = before->jobs[i];
	}
	return count;
}

enum mishap { MISHAP_NONE, MISHAP_FAULT, MISHAP_CRASH };

/* The disk fails once, or from some call on until the end of this life. */
static enum mishap plan_mishap(struct node *node)
{
	struct fault_plan plan = {.calls = FAULT_WRITE | FAULT_SYNC, .nth = 1, .count = 1};

	if (node->is_calm || !world_chance(node->world, 25))
		return MISHAP_NONE;
	plan.tears = world_chance(node->world, 500);
	if (world_chance(node->world, 400)) {
		plan.nth = 1 + world_pick(node->world, 3);
		fault_arm(&plan);
		return MISHAP_FAULT;
	}
	plan.calls = FAULT_ANY;
	plan.nth = 1 + world_pick(node->world, DISK_CALLS);
	plan.count = FAULT_LASTS;
	fault_arm(&plan);
	return MISHAP_CRASH;
}

static void recover(struct node *node)
{
	if (engine_is_healthy(node->engine))
		return;
	engine_tick(node->engine);
	if (!engine_is_healthy(node->engine))
		world_fail(node->world, WORLD_NO_ORDER, "%s does not recover", node->service->name);
}

static void tell_parked(struct node *node, struct parking *parking)
{
	struct job *job;

	while ((job = parking_pop_ready(parking, node->world->now_us)) != NULL)
		job->done(job);
	while ((job = parking_pop_again(parking)) != NULL)
		node_submit(node, job);
	if (parking_next_us(parking) != INT64_MAX)
		plan_turn(node, parking_next_us(parking) - node->world->now_us);
}

/* Who has an answer is told, who waits for the processor's word or the peer's news waits. */
static void tell(struct node *node)
{
	for (size_t i = 0; i < node->batch.count; i++)
		node->batch.jobs[i]->done(node->batch.jobs[i]);
	node->batch.count = 0;
	for (enum engine_parking i = 0; i < PARKINGS; i++)
		tell_parked(node, engine_parking(node->engine, i));
}

/* Power is cut in the batch, or right behind it: nobody is told, and only a new life can see
 * whether it was written. */
static void crash_in_batch(struct node *node, struct job *const *jobs, size_t count,
                           const struct mark *before)
{
	void *work = node->work;
	struct job_queue dropped = {0};

	node->crashes++;
	world_note(node->world, WORLD_NO_ORDER, "%s crashes in a batch", node->service->name);
	gather(node, &dropped);
	cut_power(node);
	start_again(node, node->life);
	node->owner.executed(node->owner.arg, jobs, count,
	                     !node->has_struck || has_moved(node, jobs, count, before));
	drop_all(node, &dropped, work);
}

static void run_batch(struct node *node)
{
	struct job *jobs[BATCH_MAX];
	struct batch given = node->batch;
	struct mark before = look(node, given.jobs, given.count);
	enum mishap mishap = plan_mishap(node);
	size_t count;

	node->batches++;
	engine_run(node->engine, &node->batch, &node->later);
	node->has_struck = fault_disarm() && mishap != MISHAP_NONE;
	count = executed(&given, &node->later, jobs);
	if (mishap == MISHAP_CRASH) {
		crash_in_batch(node, jobs, count, &before);
		return;
	}
	if (node->has_struck) {
		node->faults++;
		world_note(node->world, WORLD_NO_ORDER, "the disk of %s fails",
		           node->service->name);
		recover(node);
	}
	node->owner.executed(node->owner.arg, jobs, count,
	                     !node->has_struck || has_moved(node, jobs, count, &before));
	tell(node);
	engine_tend(node->engine);
}

static void turn(void *arg, int64_t life)
{
	struct node *node = arg;

	if (node->life != life || !node->is_up)
		return;
	node->batch = node->later;
	node->later.count = 0;
	while (node->inbox.first != NULL && node->batch.count < BATCH_MAX)
		node->batch.jobs[node->batch.count++] = job_queue_take(&node->inbox);
	if (node->batch.count > 0)
		run_batch(node);
	else
		tell(node);
	if (node->life != life)
		return;
	if (node->later.count > 0)
		plan_turn(node, 0);
	if (node->world->now_us - node->ticked_us >= TICK_US) {
		node->ticked_us = node->world->now_us;
		engine_tick(node->engine);
	}
}

static void plan_turn(struct node *node, int64_t delay_us)
{
	world_after(node->world, delay_us, turn, node, node->life);
}

static void do_work(void *arg, int64_t life)
{
	struct node *node = arg;
	int64_t next_us;

	if (node->life != life || !node->is_up || node->world->now_us < node->work_us)
		return;
	node->work_us = INT64_MAX;
	next_us = node->service->work_turn(node->work, node->world->now_us);
	if (next_us != INT64_MAX)
		plan_work(node, next_us - node->world->now_us);
}

static void plan_work(struct node *node, int64_t delay_us)
{
	if (node->world->now_us + delay_us >= node->work_us)
		return;
	node->work_us = node->world->now_us + delay_us;
	world_after(node->world, delay_us, do_work, node, node->life);
}
