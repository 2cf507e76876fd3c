/* sim.c - begins a run, lets it happen, ends it. usage: sim [SEED [STEPS]] */
#include "sim/sim.h"

#include "payment-service/payment_commands.h"
#include "sim/launch.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define STEPS_DEFAULT 30000 /* some ten seconds */
#define STEPS_MAX 200000    /* what the tables of model and bank hold */
#define CHECK_STEPS 250     /* between two looks at everything */
#define CRASH_PER_MILLE 4
#define START_US (3600 * US_PER_S)     /* the service is up again by then */
#define REST_US (25 * 3600 * US_PER_S) /* past the last question of the schedule */

static struct sim sim;

/* Mostly close together; sometimes beyond a step of the processor's schedule, or a key's life. */
static int64_t pause_us(void)
{
	static const int64_t around_s[] = {10,   30,       120,       600,      1200,
	                                   3600, 6 * 3600, 24 * 3600, 72 * 3600};
	int64_t kind = world_pick(&sim.world, 1000);

	if (kind < 600)
		return world_pick(&sim.world, 5 * US_PER_MS);
	if (kind < 900)
		return world_pick(&sim.world, 3 * US_PER_S);
	if (kind < 990)
		return (around_s[world_pick(&sim.world, 6)] - 1) * US_PER_S +
		       world_pick(&sim.world, 2 * US_PER_S);
	return (around_s[world_pick(&sim.world, ARRAY_LEN(around_s))] - 1) * US_PER_S +
	       world_pick(&sim.world, 2 * US_PER_S);
}

static void come(void *arg, int64_t step)
{
	(void)arg;
	sim.world.step = step;
	workload_step(&sim);
	if (world_chance(&sim.world, CRASH_PER_MILLE))
		node_crash(&sim.node);
	if (step % CHECK_STEPS == 0)
		check_all(&sim);
	if (step < sim.steps)
		world_after(&sim.world, pause_us(), come, NULL, step + 1);
}

static void begin(const char *directory, uint64_t seed, int64_t steps)
{
	const struct node_owner owner = {sim_executed, sim_lost, &sim};
	const struct bank_owner bank_owner = {sim_tell, sim_order_of, &sim};

	sim.steps = steps;
	for (size_t i = 0; i < ORDERS_IN_USE; i++)
		sim.orders[i] = MODEL_NONE;
	world_open(&sim.world, seed);
	launch_watch(&sim.world);
	model_open(&sim.model);
	bank_open(&sim.world, bank_owner);
	processor_use(&bank_processor);
	payment_register_metrics();
	node_open(&sim.node, &sim.world, &payment_node, directory, 0, owner);
}

static void wait_for(int64_t duration_us)
{
	int64_t until_us = sim.world.now_us + duration_us;

	while (world_next(&sim.world, until_us))
		continue;
}

/* Faults stop, the processor answers, somebody asks about what nobody has told of for so long that
 * it is asked for no more, and a day and more goes by. */
static void come_to_rest(void)
{
	struct wish wish = {.kind = WISH_SYNC,
	                    .order = MODEL_NONE,
	                    .refund = MODEL_NONE,
	                    .currency = currency_find(TEXT_LITERAL("USD")),
	                    .amount_minor = MODEL_NONE};

	node_calm(&sim.node);
	bank_set_calm(true);
	world_note(&sim.world, WORLD_NO_ORDER, "faults end");
	wait_for(START_US);
	for (wish.payment = 0; wish.payment < sim.model.payments_count; wish.payment++)
		if (model_is_open(&sim.model, wish.payment))
			sim_call(&sim, &wish, MODEL_NONE);
	wait_for(REST_US);
	if (sim.calls_under_way > 0)
		world_fail(&sim.world, WORLD_NO_ORDER, "%" PRId64 " calls were never answered",
		           sim.calls_under_way);
	check_end(&sim);
}

static void end(void)
{
	node_close(&sim.node);
	sim_free_calls(&sim);
	for (size_t i = 0; i < KEYS_MAX; i++)
		free(sim.keys[i].body);
	bank_close();
	model_close(&sim.model);
	world_close(&sim.world);
}

static void print_summary(void)
{
	(void)printf("%" PRId64 " steps, %" PRId64 " calls, %" PRId64 " batches, %" PRId64
	             " crashes, %" PRId64 " faults, %" PRId64 " payments, %" PRId64
	             " refunds, %" PRId64 " hours\n",
	             sim.steps, sim.calls_made, sim.node.batches, sim.node.crashes, sim.node.faults,
	             sim.model.payments_count, sim.model.refunds_count,
	             (sim.world.now_us - sim.world.began_us) / (3600 * US_PER_S));
	for (int i = 0; i < SAID_COUNT; i++)
		(void)printf("  %6" PRId64 "  %d %s\n", sim.told[i], said_rows[i].status,
		             said_rows[i].slug == NULL ? "" : said_rows[i].slug);
}

static void run(const char *directory, uint64_t seed, int64_t steps)
{
	begin(directory, seed, steps);
	world_after(&sim.world, 0, come, NULL, 1);
	while (sim.world.step < steps && world_next(&sim.world, INT64_MAX))
		continue;
	come_to_rest();
	print_summary();
	end();
}

int main(int argc, char **argv)
{
	const struct launch plan = {
		.name = "sim", .steps = STEPS_DEFAULT, .steps_max = STEPS_MAX, .run = run};

	return launch(argc, argv, &plan);
}
