/* env.c - the real world behind env.h: the kernel's clocks and GnuTLS's random bytes. Keeps no
 * state of its own. */
#include "runtime/env.h"

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>

#define NS_PER_US 1000

static int64_t clock_us(clockid_t clock)
{
	struct timespec now;

	ensure(clock_gettime(clock, &now) == 0);
	return (int64_t)now.tv_sec * US_PER_S + now.tv_nsec / NS_PER_US;
}

static int64_t system_now_us(void *arg)
{
	(void)arg;
	return clock_us(CLOCK_REALTIME);
}

static int64_t system_monotonic_us(void *arg)
{
	(void)arg;
	return clock_us(CLOCK_MONOTONIC);
}

/* RND_RANDOM, not the weaker RND_NONCE: 20 bytes cost 0.14 us instead of 0.11, both from the
 * thread's own generator, and so they may also become a secret of the store (hash_keyed). */
static void system_random(void *arg, void *bytes, size_t count)
{
	(void)arg;
	ensure(gnutls_rnd(GNUTLS_RND_RANDOM, bytes, count) == GNUTLS_E_SUCCESS);
}

const struct env env_system = {
	.now_us = system_now_us,
	.monotonic_us = system_monotonic_us,
	.random = system_random,
};

struct timespec env_monotonic_after(int64_t delay_us)
{
	struct timespec at;

	ensure(clock_gettime(CLOCK_MONOTONIC, &at) == 0);
	int64_t ns = at.tv_nsec + delay_us % US_PER_S * NS_PER_US;
	at.tv_sec += delay_us / US_PER_S + ns / (US_PER_S * NS_PER_US);
	at.tv_nsec = ns % (US_PER_S * NS_PER_US);
	return at;
}
