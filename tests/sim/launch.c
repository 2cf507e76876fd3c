/* launch.c - see launch.h. */
#include "sim/launch.h"

#include "base/text.h"
#include "runtime/log.h"
#include "unit/fault_vfs.h"

#include <ftw.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define WRONG_USE 2

static struct world *watched;
static char directory[] = "/dev/shm/farthing-sim-XXXXXX";

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *place)
{
	(void)info;
	(void)type;
	(void)place;
	return remove(path);
}

static void remove_directory(void)
{
	(void)nftw(directory, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

void launch_watch(struct world *world)
{
	watched = world;
}

/* In the place of the one in common/base. */
_Noreturn void ensure_failed(const char *fact, const char *file, int line)
{
	if (watched == NULL)
		abort();
	world_fail(watched, WORLD_NO_ORDER, "%s:%d: ensure(%s)", file, line, fact);
}

/* An argument that is left out, or empty, changes nothing. */
static bool read_number(int argc, char **argv, int at, int64_t max, int64_t *ret_number)
{
	return at >= argc || argv[at][0] == '\0' || text_to_int(text_of(argv[at]), max, ret_number);
}

int launch(int argc, char **argv, const struct launch *plan)
{
	int64_t seed = 0, steps = plan->steps;

	env_random(&env_system, &seed, sizeof(seed) / 2);
	if (!read_number(argc, argv, 1, INT64_MAX, &seed) ||
	    !read_number(argc, argv, 2, plan->steps_max, &steps)) {
		(void)fprintf(stderr, "usage: %s [SEED [STEPS]], at most %" PRId64 " steps\n",
		              plan->name, plan->steps_max);
		return WRONG_USE;
	}
	(void)printf("SEED=%" PRId64 "\n", seed);
	(void)fflush(stdout);
	if (mkdtemp(directory) == NULL || atexit(remove_directory) != 0) {
		perror(directory);
		return WRONG_USE;
	}
	log_set_level(LOG_ERROR);
	fault_install();
	plan->run(directory, (uint64_t)seed, steps);
	return 0;
}
