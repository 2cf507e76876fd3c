/* single.h - one payment service with a store of its own for each test, as a checked fixture, and
 * what a test does to that store behind its back. One thread. */
#ifndef E2E_SINGLE_H
#define E2E_SINGLE_H

#include "e2e/answers.h"
#include "e2e/harness.h"

#define PATH_SIZE (PATH_MAX + 64)
#define STORE "data/payment/payment.db" /* below its directory */
#define PAID 20

extern struct service service;
extern struct client client;

void single_start(void);
void single_stop(void);
/* A start on the same store. settings may be NULL. */
void single_restart(const char *const *settings);
/* Pays the orders b-0 to b-19: events 1 to PAID, where the store is empty. */
void single_pay(void);
/* A path below its directory. */
void single_path(const char *name, char out[PATH_SIZE]);
/* Changes a database file below its directory, as someone with a database tool would. */
void single_change(const char *name, const char *sql);
/* The member of an object; there must be one. */
const cJSON *single_member(const cJSON *json, const char *name);

#endif
