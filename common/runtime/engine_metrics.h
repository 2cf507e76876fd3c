/* engine_metrics.h - what engines tell of their work, as metrics and in the log. Any thread. */
#ifndef RUNTIME_ENGINE_METRICS_H
#define RUNTIME_ENGINE_METRICS_H

#include "runtime/slot.h"

/* One commit, fsync included, of so many commands. */
void engine_count_commit(int64_t duration_us, size_t commands);
/* A batch that could not be committed. */
void engine_count_failure(void);
/* An event of the peer that was committed: applied, or rejected. */
void engine_count_peer_event(const struct job *job, const struct slot *slot);

#endif
