/* control.c - the one place where the I/O thread meets others: a mutex held for a few instructions,
 * an eventfd and a condition. */
#include "web/control.h"

#include "runtime/env.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

bool control_open(struct control *control)
{
	pthread_condattr_t attributes;

	*control = (struct control){.wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)};
	if (control->wake_fd < 0)
		return false;
	ensure(pthread_mutex_init(&control->mutex, NULL) == 0);
	ensure(pthread_condattr_init(&attributes) == 0);
	ensure(pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0);
	ensure(pthread_cond_init(&control->quiet, &attributes) == 0);
	ensure(pthread_condattr_destroy(&attributes) == 0);
	return true;
}

void control_close(struct control *control)
{
	ensure(control->resumed == NULL);
	ensure(pthread_cond_destroy(&control->quiet) == 0);
	ensure(pthread_mutex_destroy(&control->mutex) == 0);
	ensure(close(control->wake_fd) == 0);
}

static void lock(struct control *control)
{
	ensure(pthread_mutex_lock(&control->mutex) == 0);
}

static void unlock(struct control *control)
{
	ensure(pthread_mutex_unlock(&control->mutex) == 0);
}

void control_wake(struct control *control)
{
	const uint64_t one = 1;

	/* EAGAIN: 2^64 - 2 wakes are pending, so it is readable. */
	ensure(write(control->wake_fd, &one, sizeof(one)) == sizeof(one) || errno == EAGAIN);
}

void control_resume(struct control *control, struct http_exchange *x)
{
	lock(control);
	bool is_first = control->resumed == NULL;
	x->next_resumed = control->resumed;
	control->resumed = x;
	unlock(control);
	if (is_first)
		control_wake(control);
}

void control_quiesce(struct control *control)
{
	lock(control);
	control->quiesce = true;
	unlock(control);
	control_wake(control);
}

void control_stop(struct control *control)
{
	lock(control);
	control->stop = true;
	unlock(control);
	control_wake(control);
}

bool control_wait_quiet(struct control *control, int64_t timeout_us)
{
	struct timespec until = env_monotonic_after(timeout_us);
	int result = 0;

	lock(control);
	while (!control->is_quiet && result != ETIMEDOUT)
		result = pthread_cond_timedwait(&control->quiet, &control->mutex, &until);
	bool is_quiet = control->is_quiet;
	unlock(control);
	return is_quiet;
}

struct control_wishes control_take(struct control *control)
{
	uint64_t wakes;

	/* Before the list is taken: who adds to it afterwards wakes again. */
	ensure(read(control->wake_fd, &wakes, sizeof(wakes)) == sizeof(wakes) || errno == EAGAIN);
	lock(control);
	struct control_wishes wishes = {control->resumed, control->quiesce, control->stop};
	control->resumed = NULL;
	unlock(control);
	return wishes;
}

void control_set_quiet(struct control *control, bool is_quiet)
{
	lock(control);
	control->is_quiet = is_quiet;
	if (is_quiet)
		ensure(pthread_cond_broadcast(&control->quiet) == 0);
	unlock(control);
}
