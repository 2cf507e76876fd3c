/* linked.h - both services of pair.h, each following the other through a proxy. Stores last over
 * restarts. One thread besides the proxies'. */
#ifndef E2E_LINKED_H
#define E2E_LINKED_H

#include "e2e/load.h"
#include "e2e/pair.h"
#include "e2e/proxy.h"

/* The way to the service of that name; its follower is the other one. */
extern struct proxy to_payments, to_orders;

/* A fixture: both run. */
void linked_start(void);
/* Whatever runs is stopped. */
void linked_stop(void);
/* Starts one of the two on its store. settings: further ones (NULL at the end), or NULL. */
void linked_run(struct service *service, const char *const *settings);
/* SIGKILL. */
void linked_kill(struct service *service);
/* When it has made so many events more, or makes none. */
void linked_kill_after(struct service *service, uint64_t events);

/* POST /order with this amount ("100"). */
void linked_order(const char *order_id, const char *amount);
/* POST /pay with a key of its own; members: further ones, as "'capture':'manual'", or "". */
void linked_pay(const char *order_id, const char *amount, const char *members, int status);
/* Waits until the order shows the text ("'state':'paid'"), from event to event. */
void linked_wait_order(const char *order_id, const char *text);
/* Waits until the payment service has heard of all that happened to orders so far. */
void linked_wait_heard(void);

/* Waits for the service's next event behind after, at most a second; gives the head. */
int64_t linked_next_event(struct client *client, int64_t after);
/* How many events of the type there are. */
int64_t linked_count_events(struct client *client, const char *type);

/* What makes a plan's requests: the order PREFIX-NUMBER of 10, its payment, its cancellation. The
 * plan's arg is a struct linked_load. */
struct linked_load {
	const char *prefix;
	uint64_t held_each; /* each third payment is only held, say; 0: none */
};
void linked_make_order(void *arg, uint64_t number, struct buf *out);
void linked_make_payment(void *arg, uint64_t number, struct buf *out);
void linked_make_cancel(void *arg, uint64_t number, struct buf *out);
/* Sends a plan's requests from a process of its own; linked_join waits for its end. */
pid_t linked_send(const struct load_plan *plan);
void linked_join(pid_t pid);

#endif
