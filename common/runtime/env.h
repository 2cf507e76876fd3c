/* env.h - the world outside the program as a few functions, so that the simulator and tests can put
 * another in its place: wall clock, monotonic clock, random bytes. Any thread. */
#ifndef RUNTIME_ENV_H
#define RUNTIME_ENV_H

#include "base/base.h"

#include <time.h>

struct env {
	int64_t (*now_us)(void *arg);       /* wall clock, microseconds since 1970 UTC */
	int64_t (*monotonic_us)(void *arg); /* never goes back */
	void (*random)(void *arg, void *bytes, size_t count);
	void *arg;
};

/* The real one. */
extern const struct env env_system;

static inline int64_t env_now_us(const struct env *env)
{
	return env->now_us(env->arg);
}

static inline int64_t env_monotonic_us(const struct env *env)
{
	return env->monotonic_us(env->arg);
}

static inline void env_random(const struct env *env, void *bytes, size_t count)
{
	env->random(env->arg, bytes, count);
}

/* The kernel's monotonic clock so much later: for pthread_cond_timedwait. */
struct timespec env_monotonic_after(int64_t delay_us);

#endif
