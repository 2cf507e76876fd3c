/* launch.h - what the programs of the simulator have in common: their arguments, [SEED [STEPS]],
 * and a directory in memory. A run is told by its seed: the same seed and number of steps is the
 * same run. */
#ifndef SIM_LAUNCH_H
#define SIM_LAUNCH_H

#include "sim/world.h"

struct launch {
	const char *name;
	int64_t steps, steps_max; /* where none are given; that can be */
	void (*run)(const char *directory, uint64_t seed, int64_t steps);
};

/* Returns the exit status; a rule that is broken ends the program before, with 1. */
int launch(int argc, char **argv, const struct launch *plan);
/* From now on a bug that a service finds in itself is told by this world, like a broken rule. */
void launch_watch(struct world *world);

#endif
