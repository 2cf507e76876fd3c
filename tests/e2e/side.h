/* side.h - one of the two services, seen from what happens to its store: a backup, a restore, what
 * an operator does then. On linked.h's pair, for the tests in which one goes back. One thread. */
#ifndef E2E_SIDE_H
#define E2E_SIDE_H

#include "e2e/agree.h"

/* One of the two goes back; the other is its peer. */
struct side {
	struct service *service;
	struct client *client;
	struct proxy *way_to_peer;
	struct client *peer;
	struct service *peer_service;
};

#define SIDES_COUNT 2
extern const struct side sides[SIDES_COUNT]; /* the payment service first */

/* Creates and pays an order of 10, and waits until it is paid. */
void side_pay_order(const char *order_id);
/* Cancels a paid order, and waits until its money is back. */
void side_cancel(const char *order_id);
/* "backup" into a file of its directory, or "restore" from it; it must succeed. */
void side_run_command(const struct side *side, const char *command);
/* Accepts what there is, at the service that was put back. */
void side_accept(struct client *client);
/* Accepts, at its peer, the journal of the side that was restored, from where the backup ended: the
 * place that is told of where none is named. */
void side_accept_restored(const struct side *side);

#endif
