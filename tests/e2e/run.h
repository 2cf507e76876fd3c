/* run.h - one run of a binary from its start to its end, and what it printed. One thread. */
#ifndef E2E_RUN_H
#define E2E_RUN_H

#include "base/buf.h"
#include "e2e/harness.h"

struct run {
	int status; /* of its exit, or 128 + the signal that ended it */
	struct buf out, err;
	pid_t pid; /* while it runs */
	int out_fd, err_fd;
};

/* Runs it in the service's directory. settings are "NAME=value", arguments what comes after the
 * program's name; both end with NULL. The port is any free one where settings do not say otherwise.
 * A run that does not end is ended by the test's own limit. */
void run_service(const struct service *service, const char *const *settings,
                 const char *const *arguments, struct run *ret_run);
/* The same in two halves, for runs side by side. */
void run_begin(const struct service *service, const char *const *settings,
               const char *const *arguments, struct run *ret_run);
void run_end(struct run *run);
void run_release(struct run *run);

/* Adds the bytes of a file. */
void read_file(const char *path, struct buf *out);

#endif
