/* harness.h - runs the real binaries: each daemon in a fresh directory below $TMPDIR, on a free
 * port, its log in a file there. Every wait is for an event and has an upper bound; a bound that
 * passes fails the test and shows the log's end. One thread. A daemon dies with the test that
 * started it. */
#ifndef E2E_HARNESS_H
#define E2E_HARNESS_H

#include "unit/unit.h"

#include <cjson/cJSON.h>
#include <limits.h>
#include <signal.h>
#include <sys/types.h>

struct service {
	const char *name; /* "payment-service" or "order-service" */
	char directory[PATH_MAX];
	char log_path[PATH_MAX + 8];
	off_t log_from; /* where the log of the present run begins */
	pid_t pid;      /* 0: not running */
	int pid_fd;
	int port;
};

/* Makes the directory; nothing runs yet. */
void service_init(struct service *service, const char *name);
/* Starts the daemon and waits until it listens. settings are "NAME=value" (NULL at the end), or
 * NULL. A second start continues on the same data. */
void service_start(struct service *service, const char *const *settings);
/* Runs one of the binary's commands, such as "audit", to its end: its exit status. Its output goes
 * to the log. */
int service_command(struct service *service, const char *command);
/* Waits until the log of the present run holds the text. */
void service_wait_log(struct service *service, const char *text);
void service_signal(const struct service *service, int signal_number);
/* Waits for the end: its exit status, or 128 + the signal that ended it. */
int service_wait(struct service *service);
/* SIGTERM, which must end it with exit status 0. */
void service_stop(struct service *service);
/* Stops it where it runs, and removes its directory. */
void service_release(struct service *service);

/* Runs a program in the present directory to its end: its exit status. */
int program_run(const char *const *arguments);

/* count times E2E_SCALE percent (100 where unset), at least 1. */
uint64_t scaled(uint64_t count);

/* Random numbers that can be had again: from $SEED where set; prints SEED=n. */
struct chance {
	uint64_t state;
};
void chance_init(struct chance *chance);
/* 0 to bound - 1. */
uint64_t chance_below(struct chance *chance, uint64_t bound);

#endif
