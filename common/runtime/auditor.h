/* auditor.h - a thread that audits the newest part of the journal by itself, soon after the start
 * and then at every interval, so that a damage is known before someone asks for it. It has a read
 * connection of its own, and reads in pages: nothing waits for it. */
#ifndef RUNTIME_AUDITOR_H
#define RUNTIME_AUDITOR_H

#include "base/buf.h"

/* About a second's work. An hour with more events than that has a rest that only `audit` sees. */
#define AUDITOR_EVENTS_MAX 100000

struct auditor;

void auditor_register_metrics(void);
/* source is the store's, borrowed until auditor_stop. NULL and a sentence in why on failure. */
struct auditor *auditor_start(const char *url, const char *source, int64_t interval_us,
                              struct buf *why);
/* Ends an audit that is under way. */
void auditor_stop(struct auditor *auditor);

#endif
