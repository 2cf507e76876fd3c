/* process.c - the kernel's switches of a process. Each is for ever, and for what it starts. */
#include "runtime/process.h"

#include <errno.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#define OTHERS_NOTHING 077

/* Twice: the limit is not looked at where a core file is piped into a program (core_pattern), and
 * "dumpable" is put back by the kernel where credentials change. */
static bool forbid_core(void)
{
	const struct rlimit none = {0, 0};

	return setrlimit(RLIMIT_CORE, &none) == 0 && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0;
}

bool process_harden(struct buf *why)
{
	(void)umask(OTHERS_NOTHING);
	if (forbid_core() && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)
		return true;
	buf_addf(why, "core files and new privileges cannot be forbidden: %s", strerror(errno));
	return false;
}
