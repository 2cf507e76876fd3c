/* pair.c - both services in one world, following each other. usage: pair [SEED [STEPS]]
 *
 *   faults, calls --> rest, all agrees --> one store is put back: both notice, a person accepts -->
 *   faults, calls about new orders --> rest, all agrees
 *
 * No idempotency keys: they are the first floor's, and the index that finds them is one a process.
 */
#include "sim/pair/pair.h"

#include "sim/bank.h"
#include "sim/launch.h"
#include "storage/backup.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STEPS_DEFAULT 12000
#define STEPS_MAX 100000
#define CHECK_STEPS 500 /* between two audits */
#define CRASH_PER_MILLE 2
#define PEER_WAIT_US (500 * US_PER_MS)
#define START_US (2 * 3600 * US_PER_S) /* both are up again by then, and know all */
#define REST_US (26 * 3600 * US_PER_S) /* past the last try of the schedule */
#define NOTICE_US (120 * US_PER_S)
#define PATH_SIZE 320

static struct pair pair;

/* ---- the nodes' owner ---- */

static enum pair_side side_of(const struct node *node)
{
	return node == &pair.nodes[SIDE_PAYMENT] ? SIDE_PAYMENT : SIDE_ORDER;
}

static void executed(void *arg, struct job *const *jobs, size_t count, bool is_committed)
{
	enum pair_side side = side_of(arg);

	for (size_t i = 0; i < count && is_committed && side == SIDE_PAYMENT; i++)
		payment_side_executed(jobs[i]);
	if (pair.nodes[side].is_up)
		follow_executed(&pair.follows[side]);
}

static void lost(void *arg, struct job *job)
{
	if (clients_lost(job) || follow_lost(&pair.follows[side_of(arg)], job))
		return;
	answer_release(&job->answer);
	buf_release(&job->kept);
	job->answer.error = ERR_SHUTTING_DOWN;
	job->done(job);
}

static void bank_told(void *arg, const char *payment_id)
{
	(void)arg;
	payment_node_tell(&pair.nodes[SIDE_PAYMENT], payment_id);
}

static int64_t bank_order_of(void *arg, const char *payment_id)
{
	int64_t payment = clients_find_payment(&pair, payment_id);

	(void)arg;
	return payment == NO_PAYMENT ? WORLD_NOBODYS : pair.payments[payment].order;
}

/* ---- steps ---- */

static int64_t pause_us(void)
{
	int64_t kind = world_pick(&pair.world, 1000);

	if (kind < 800)
		return world_pick(&pair.world, 3 * US_PER_MS);
	if (kind < 970)
		return world_pick(&pair.world, 3 * US_PER_S);
	if (kind < 998)
		return world_pick(&pair.world, 200 * US_PER_S);
	return world_pick(&pair.world, 26 * 3600 * US_PER_S);
}

static void come(void *arg, int64_t step)
{
	(void)arg;
	pair.world.step = step;
	clients_step(&pair);
	for (size_t i = 0; i < SIDES; i++)
		if (world_chance(&pair.world, CRASH_PER_MILLE))
			node_crash(&pair.nodes[i]);
	if (pair.nodes[SIDE_PAYMENT].is_up && pair.nodes[SIDE_ORDER].is_up)
		agree_always(&pair, pair.orders_in_use[world_pick(&pair.world, ORDERS_IN_USE)]);
	if (step % CHECK_STEPS == 0)
		agree_audits(&pair);
}

static void wait_for(int64_t duration_us)
{
	int64_t until_us = pair.world.now_us + duration_us;

	while (world_next(&pair.world, until_us))
		continue;
}

static void set_calm(bool is_calm)
{
	for (size_t i = 0; i < SIDES; i++)
		pair.nodes[i].is_calm = is_calm;
	pair.network.is_calm = is_calm;
	bank_set_calm(is_calm);
	world_note(&pair.world, WORLD_NO_ORDER, is_calm ? "faults end" : "faults begin");
}

/* Faults stop, a day and more goes by, and a person looks after what was given up: asks the
 * processor, and gives back. */
static void come_to_rest(void)
{
	static const enum call_kind kinds[] = {CALL_SYNC, CALL_VOID, CALL_REFUND};

	set_calm(true);
	wait_for(START_US + REST_US);
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		clients_tend(&pair, kinds[i]);
		wait_for(START_US);
	}
	if (pair.calls_under_way > 0)
		world_fail(&pair.world, WORLD_NO_ORDER, "%" PRId64 " calls were never answered",
		           pair.calls_under_way);
	agree_at_rest(&pair);
}

static void let_come(int64_t first, int64_t last)
{
	for (int64_t step = first; step <= last; step++) {
		world_after(&pair.world, pause_us(), come, NULL, step);
		while (pair.world.step < step && world_next(&pair.world, INT64_MAX))
			continue;
	}
}

/* ---- a store is put back ---- */

static void make_backup(enum pair_side side, const char *path)
{
	struct buf why AUTO_BUF;

	buf_init(&why, 1024);
	while (!pair.nodes[side].is_up)
		(void)world_next(&pair.world, INT64_MAX);
	world_note(&pair.world, WORLD_NO_ORDER, "a backup of %s is made",
	           pair.nodes[side].service->name);
	if (!backup_make(pair.nodes[side].url, path, &why))
		world_fail(&pair.world, WORLD_NO_ORDER, "no backup: %s", buf_str(&why));
}

/* Nobody tells the service: as where a disk was lost, or by a wrong copy. */
static void put_back(enum pair_side side, const char *path)
{
	static const char *const companions[] = {"-wal", "-shm"};
	struct node *node = &pair.nodes[side];
	char companion[PATH_SIZE];

	node_close(node);
	for (size_t i = 0; i < ARRAY_LEN(companions); i++) {
		(void)snprintf(companion, sizeof(companion), "%s%s", db_file_path(node->url),
		               companions[i]);
		(void)unlink(companion);
	}
	if (rename(path, db_file_path(node->url)) != 0)
		world_fail(&pair.world, WORLD_NO_ORDER, "%s cannot be put back", path);
	node_start(node);
	follow_forget(&pair.follows[side]);
	world_note(&pair.world, WORLD_NO_ORDER, "%s was put back to its backup",
	           node->service->name);
}

/* Whether the journal of one side, beyond what the other had followed, bears witness of an event
 * beyond that one's head. */
struct witness {
	int64_t head;
	bool speaks;
	const char *source;
};

static void hear_witness(void *arg, const struct db_row *row)
{
	struct witness *witness = arg;
	struct peer_line line;
	bool is_read = peer_line_read(db_text(row, 1), &line) == NULL;

	ensure(is_read);
	witness->speaks = witness->speaks || (line.has_cause && line.cause.seq > witness->head &&
	                                      strcmp(line.cause.source, witness->source) == 0);
	peer_line_release(&line);
}

static int64_t head_of(enum pair_side side)
{
	struct journal_head head = {0};
	bool is_read = journal_read_head(pair.nodes[side].reader.db, &head) == DB_OK;

	ensure(is_read);
	return head.seq;
}

/* The one that was put back knows it by the other's witness, or by what had taken effect there; the
 * other one by what is missing. */
static void check_noticed(enum pair_side side)
{
	enum pair_side other = side == SIDE_ORDER ? SIDE_PAYMENT : SIDE_ORDER;
	struct witness witness = {.head = head_of(side), .source = pair.nodes[side].store.source};
	bool is_gone = follow_place(&pair.follows[other]).seq > witness.head;
	bool is_read =
		journal_read(pair.nodes[other].reader.db, follow_place(&pair.follows[side]).seq,
	                     INT64_MAX, hear_witness, &witness) == DB_OK;

	ensure(is_read);
	wait_for(NOTICE_US);
	if (is_gone && !pair.follows[other].is_broken)
		world_fail(&pair.world, WORLD_NO_ORDER, "%s follows a journal that went back",
		           pair.nodes[other].service->name);
	if ((witness.speaks || is_gone) &&
	    follow_place(&pair.follows[side]).rollback != PEER_ROLLED_BACK)
		world_fail(&pair.world, WORLD_NO_ORDER, "%s does not know that it was put back",
		           pair.nodes[side].service->name);
	(void)printf("%s was put back: %s, %s\n", pair.nodes[side].service->name,
	             is_gone ? "its journal is not followed" : "it has lost nothing",
	             witness.speaks || is_gone ? "and it knows" : "and it cannot know");
}

/* And a person accepts what is there. */
static void roll_back(enum pair_side side, const char *path)
{
	enum pair_side other = side == SIDE_ORDER ? SIDE_PAYMENT : SIDE_ORDER;

	for (size_t i = 0; i < SIDES; i++)
		pair.follows[i].may_break = true;
	bank_forgive();
	put_back(side, path);
	check_noticed(side);
	follow_accept(&pair.follows[side], follow_place(&pair.follows[side]).seq);
	follow_accept(&pair.follows[other], head_of(side));
	wait_for(START_US);
	for (size_t i = 0; i < SIDES; i++)
		if (pair.follows[i].is_broken || pair.follows[i].is_rolled_back)
			world_fail(&pair.world, WORLD_NO_ORDER,
			           "what was accepted is not followed");
	agree_audits(&pair);
	if (side == SIDE_PAYMENT)
		agree_recovered(&pair);
}

/* ---- a run ---- */

static void begin(const char *directory, uint64_t seed, int64_t steps)
{
	const struct bank_owner bank_owner = {bank_told, bank_order_of, NULL, true};
	static const struct peer_kind no_kinds[] = {{0}};
	struct node *payments = &pair.nodes[SIDE_PAYMENT], *orders = &pair.nodes[SIDE_ORDER];

	pair.steps = steps;
	pair.orders = calloc(PAIR_ORDERS_MAX, sizeof(pair.orders[0]));
	pair.payments = calloc(PAIR_PAYMENTS_MAX, sizeof(pair.payments[0]));
	ensure(pair.orders != NULL && pair.payments != NULL);
	world_open(&pair.world, seed);
	launch_watch(&pair.world);
	bank_open(&pair.world, bank_owner);
	processor_use(&bank_processor);
	network_open(&pair.network, &pair.world);
	node_open(payments, &pair.world, &payment_node, directory, PEER_WAIT_US,
	          (struct node_owner){executed, lost, payments});
	node_open(orders, &pair.world, &order_node, directory, PEER_WAIT_US,
	          (struct node_owner){executed, lost, orders});
	follow_open(&pair.follows[SIDE_PAYMENT], payments, &pair.network, &pair.follows[SIDE_ORDER],
	            payment_side_kinds, payment_side_lost_kinds);
	follow_open(&pair.follows[SIDE_ORDER], orders, &pair.network, &pair.follows[SIDE_PAYMENT],
	            order_side_kinds, no_kinds);
	clients_begin(&pair);
}

static void end(void)
{
	for (size_t i = 0; i < SIDES; i++) {
		node_close(&pair.nodes[i]);
		follow_close(&pair.follows[i]);
	}
	network_close(&pair.network);
	clients_free(&pair);
	bank_close();
	world_close(&pair.world);
}

static void print_summary(void)
{
	(void)printf("%" PRId64 " steps, %" PRId64 " calls, %" PRId64 " acknowledged, %" PRId64
	             " orders, %" PRId64 " payments, %" PRId64 " hours\n",
	             pair.steps, pair.calls_made, pair.calls_done, pair.orders_count,
	             pair.payments_count,
	             (pair.world.now_us - pair.world.began_us) / (3600 * US_PER_S));
	(void)printf("network: %" PRId64 " messages, %" PRId64 " lost, %" PRId64
	             " doubled, %" PRId64 " cuts\n",
	             pair.network.sent, pair.network.lost, pair.network.doubled, pair.network.cuts);
	for (size_t i = 0; i < SIDES; i++)
		(void)printf("%s: %" PRId64 " batches, %" PRId64 " crashes, %" PRId64
		             " faults; %" PRId64 " events of the peer took effect, %" PRId64
		             " did not, %" PRId64 " late pages\n",
		             pair.nodes[i].service->name, pair.nodes[i].batches,
		             pair.nodes[i].crashes, pair.nodes[i].faults, pair.follows[i].applied,
		             pair.follows[i].refused, pair.follows[i].stale);
}

static void run(const char *directory, uint64_t seed, int64_t steps)
{
	enum pair_side side;
	char backup[PATH_SIZE];
	int64_t half = steps / 2;

	begin(directory, seed, steps);
	side = world_chance(&pair.world, 500) ? SIDE_PAYMENT : SIDE_ORDER;
	(void)snprintf(backup, sizeof(backup), "%s/backup.db", directory);
	let_come(1, half / 2);
	make_backup(side, backup);
	let_come(half / 2 + 1, half);
	come_to_rest();
	roll_back(side, backup);
	clients_begin(&pair);
	set_calm(false);
	let_come(half + 1, steps);
	come_to_rest();
	print_summary();
	end();
}

int main(int argc, char **argv)
{
	const struct launch plan = {
		.name = "pair", .steps = STEPS_DEFAULT, .steps_max = STEPS_MAX, .run = run};

	return launch(argc, argv, &plan);
}
