/* agree.h - whether both services tell the same of every order, in the end. One thread. */
#ifndef E2E_AGREE_H
#define E2E_AGREE_H

#include "e2e/linked.h"

/* Waits, from event to event, until both tell the same of every order, and nothing is kept that
 * must go back. Then no event of a peer was rejected, no journal is broken, both stores audit, and
 * reconcile finds nothing. What differs for a long time fails the test and is printed. */
void check_agree(void);
/* The store of the service, which may run, audits. */
void check_sound(const struct service *service);
/* The command reconcile of both ends with this status. */
void check_reconcile(int status);

#endif
