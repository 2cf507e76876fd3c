/* world.h - what the simulated services live in: one clock that jumps from event to event, chance
 * from one seed, and a record of what happened. Everything that happens is an event here, so that a
 * run is a function of its seed alone. */
#ifndef SIM_WORLD_H
#define SIM_WORLD_H

#include "runtime/env.h"

#define WORLD_EVENTS_MAX 65536
#define WORLD_NO_ORDER (-1) /* about all of them */
#define WORLD_NOBODYS (-2)  /* about none */

typedef void world_event_fn(void *arg, int64_t number);

struct world_event {
	int64_t at_us;
	uint64_t made; /* events of one moment happen as they were made */
	world_event_fn *run;
	void *arg;
	int64_t number;
};

/* A line of the record: what one order went through, or (WORLD_NO_ORDER) all of them. */
struct world_line {
	int64_t at_us;
	int64_t order;
	char *text; /* owned */
};

struct world {
	uint64_t seed, state, events_made;
	int64_t now_us, began_us, step;
	struct world_event *events; /* a heap, the next one first */
	size_t events_count;
	struct world_line *lines;
	size_t lines_count, lines_size;
	const char *focus; /* lines that hold it matter to world_fail as well; "": none */
	struct env env;    /* the world as the services see it */
};

void world_open(struct world *world, uint64_t seed);
void world_close(struct world *world);

/* `run` happens delay_us from now. */
void world_after(struct world *world, int64_t delay_us, world_event_fn *run, void *arg,
                 int64_t number);
/* Lets the next event happen; false: there is none before until_us, and the clock stands there. */
bool world_next(struct world *world, int64_t until_us);

/* A number from 0 to count - 1, each as likely. */
int64_t world_pick(struct world *world, int64_t count);
/* True so many times in a thousand. */
bool world_chance(struct world *world, int per_mille);

/* Adds to the record. */
void world_note(struct world *world, int64_t order, const char *format, ...) printf_like(3, 4);
/* A rule is broken: prints the seed, the rule, and what happened to that order; exits 1. */
_Noreturn void world_fail(struct world *world, int64_t order, const char *format, ...)
	printf_like(3, 4);
#endif
