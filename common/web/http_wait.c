/* http_wait.c - how long to wait, and for what. */
#include "web/http_wait.h"

#include <microhttpd.h>
#include <poll.h>

/* After so many turns in a row that libmicrohttpd asked for and that came to nothing, it is called
 * every STALLED_MS only; any event still wakes the loop at once. It reads the last 8 KiB of a long
 * header 128 bytes a turn, which is no stall. */
#define STALLED_TURNS_MAX 64
#define STALLED_MS 10
#define WAIT_MS_MAX 60000

static int64_t wait_ms(struct MHD_Daemon *daemon, int64_t wait_us, int stalled_turns)
{
	MHD_UNSIGNED_LONG_LONG daemon_ms;
	int64_t ms = WAIT_MS_MAX;

	if (wait_us < ms * US_PER_MS)
		ms = wait_us <= 0 ? 0 : (wait_us + US_PER_MS - 1) / US_PER_MS;
	if (MHD_get_timeout(daemon, &daemon_ms) != MHD_YES || daemon_ms >= (uint64_t)ms)
		return ms;
	return stalled_turns < STALLED_TURNS_MAX || daemon_ms > 0 ? (int64_t)daemon_ms : STALLED_MS;
}

bool http_wait(struct MHD_Daemon *daemon, int wake_fd, int64_t wait_us, int *stalled_turns)
{
	int timeout_ms = (int)wait_ms(daemon, wait_us, *stalled_turns);
	const union MHD_DaemonInfo *info = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_EPOLL_FD);
	struct pollfd fds[] = {{.fd = info->epoll_fd, .events = POLLIN},
	                       {.fd = wake_fd, .events = POLLIN}};

	++*stalled_turns;
	if (poll(fds, ARRAY_LEN(fds), timeout_ms) > 0)
		*stalled_turns = 0;
	return fds[1].revents != 0;
}
