/* http_wait.h - where the I/O thread waits: for libmicrohttpd's events, another thread's call, or a
 * time. */
#ifndef WEB_HTTP_WAIT_H
#define WEB_HTTP_WAIT_H

#include "base/base.h"

struct MHD_Daemon;

/* Waits at most so long, and no longer than libmicrohttpd wants. *stalled_turns is for whoever sees
 * that something was done to set to 0. True when another thread has called by wake_fd. */
bool http_wait(struct MHD_Daemon *daemon, int wake_fd, int64_t wait_us, int *stalled_turns);

#endif
