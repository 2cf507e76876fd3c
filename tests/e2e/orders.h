/* orders.h - sends a service's call for many orders at once while the daemon is sent a signal, and
 * checks afterwards what became of each: one that was answered took effect exactly once, any other
 * not at all. Both services' calls work alike. */
#ifndef E2E_ORDERS_H
#define E2E_ORDERS_H

#include "e2e/harness.h"
#include "e2e/load.h"

/* UNKNOWN: sent, and the connection ended without an answer. */
enum fate { FATE_UNSENT, FATE_UNKNOWN, FATE_DONE, FATE_REFUSED };

struct order_call {
	const char *service; /* "payment-service" */
	const char *path;    /* "/pay" */
	const char *effect;  /* the type of the one event that it makes */
};

#define ORDER_CALLS 2
extern const struct order_call order_calls[ORDER_CALLS];

struct orders {
	const struct order_call *call;
	char prefix[16]; /* an order's id is PREFIX-NUMBER */
	enum fate *fates;
	size_t count;
	/* While sending: after so many answers the daemon is sent the signal. */
	struct service *service;
	uint64_t answers_before;
	int signal_number;
	uint64_t answers;
};

void orders_init(struct orders *orders, const struct order_call *call, const char *prefix,
                 size_t count);
void orders_release(struct orders *orders);
/* Sends the call for all of them; the daemon is sent the signal after a number of answers. Ends
 * when each is answered or every connection is gone. */
void orders_send(struct orders *orders, struct service *service, size_t connections,
                 uint64_t answers_before, int signal_number, struct load_result *result);
/* Sends each call without an answer again: now it must succeed. */
void orders_repeat(struct orders *orders, int port);
/* Counts the effects of each order in the event feed. */
void orders_check(const struct orders *orders, int port);

#endif
