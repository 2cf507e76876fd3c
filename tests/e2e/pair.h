/* pair.h - both daemons on fresh stores for all tests of a case, as an unchecked fixture: they
 * start once, and each test, a process of its own, finds a copy of the clients that has sent
 * nothing. So tests of one case share the stores, and use orders of their own. */
#ifndef E2E_PAIR_H
#define E2E_PAIR_H

#include "e2e/answers.h"
#include "e2e/harness.h"

extern struct service payment_service, order_service;
extern struct client pay, order;

void pair_start(void);
void pair_stop(void);

#endif
