/* signals.h - which signals the daemon heeds, and when. What was acknowledged is on disk at any
 * moment, so the process may end at any: SIGTERM and SIGINT do that by their handler (as process 1
 * it has no default action), but while they are held. SIGHUP ends nothing: it waits until it is
 * taken. */
#ifndef WEB_SIGNALS_H
#define WEB_SIGNALS_H

#include "base/base.h"

/* First of all, before there is a thread. */
void signals_begin(void);
/* In this thread, and those that it starts, SIGTERM and SIGINT wait until they are taken; after the
 * release they end the process again. */
void signals_hold(void);
void signals_release(void);
/* SIGTERM, SIGINT or SIGHUP, where one waits or comes within that time; 0: none does. While they
 * are held. */
int signals_take(int64_t timeout_us);

#endif
