/* orders.h - pays many orders at once while the payment service is sent a signal, and checks
 * afterwards what became of each: an answered payment is there exactly once, a refused one not at
 * all, one without an answer wholly or not at all. */
#ifndef E2E_ORDERS_H
#define E2E_ORDERS_H

#include "e2e/harness.h"
#include "e2e/load.h"

enum fate { FATE_UNSENT, FATE_UNKNOWN, FATE_PAID, FATE_REFUSED };

struct orders {
	char prefix[16]; /* an order's id is PREFIX-NUMBER */
	enum fate *fates;
	size_t count;
	/* While paying: after so many answers the daemon is sent the signal. */
	struct service *service;
	uint64_t answers_before;
	int signal_number;
	uint64_t answers;
};

void orders_init(struct orders *orders, const char *prefix, size_t count);
void orders_release(struct orders *orders);
/* Pays all of them; the daemon is sent the signal after a number of answers. Ends when each is
 * answered or every connection is gone. */
void orders_pay(struct orders *orders, struct service *service, size_t connections,
                uint64_t answers_before, int signal_number, struct load_result *result);
/* Asks for the payments of each order that was sent. */
void orders_check(const struct orders *orders, int port);

#endif
