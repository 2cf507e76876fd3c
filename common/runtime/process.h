/* process.h - what this process gives up at its start. */
#ifndef RUNTIME_PROCESS_H
#define RUNTIME_PROCESS_H

#include "base/buf.h"

/* From now on memory, which holds keys and secrets, is never written to a core file nor read by
 * another process of this user (a debugger of root's may); nothing that is executed gains
 * privileges; files that are made are their owner's alone. Before the first thread. False, with a
 * sentence in why: the system does not let it be done. */
must_use bool process_harden(struct buf *why);

#endif
