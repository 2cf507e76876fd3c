/* submitter.h - where the commands go of who works beside the requests: a writer, or a test's
 * queue. */
#ifndef RUNTIME_SUBMITTER_H
#define RUNTIME_SUBMITTER_H

#include "runtime/job.h"

struct submitter {
	enum error (*reserve)(void *arg); /* as writer_reserve and writer_publish */
	void (*publish)(void *arg, struct job *job);
	/* On the thread that executed a command, which is back: there may be more to do. */
	void (*came_back)(void *arg);
	void *arg;
};

#endif
