/* signals.c - no handler returns, so no call of the daemon is interrupted. */
#include "web/signals.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static void end_at_once(int number)
{
	(void)number;
	_exit(EXIT_FAILURE);
}

static sigset_t stop_signals(void)
{
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	return signals;
}

static void mask(int how, sigset_t signals)
{
	ensure(pthread_sigmask(how, &signals, NULL) == 0);
}

void signals_begin(void)
{
	sigset_t reload;

	sigemptyset(&reload);
	sigaddset(&reload, SIGHUP);
	mask(SIG_BLOCK, reload);
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGTERM, end_at_once);
	(void)signal(SIGINT, end_at_once);
}

void signals_hold(void)
{
	mask(SIG_BLOCK, stop_signals());
}

void signals_release(void)
{
	mask(SIG_UNBLOCK, stop_signals());
}

int signals_take(int64_t timeout_us)
{
	const struct timespec timeout = {.tv_sec = timeout_us / US_PER_S,
	                                 .tv_nsec = timeout_us % US_PER_S * 1000};
	sigset_t signals = stop_signals();

	sigaddset(&signals, SIGHUP);
	int number = sigtimedwait(&signals, NULL, &timeout);
	return number < 0 ? 0 : number;
}
