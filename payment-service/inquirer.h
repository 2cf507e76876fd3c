/* inquirer.h - asks the processor about what only the order service's journal tells of (inquiry.h),
 * one after another, and tells what it says by a command, inquiry_kind. It has no thread:
 * resolver_thread.h drives it, and so can a test or a simulator. */
#ifndef PAYMENT_INQUIRER_H
#define PAYMENT_INQUIRER_H

#include "resolver.h"

struct inquirer;

/* Once a process: the metrics are of all its inquirers. */
void inquirer_register_metrics(void);

/* Borrows processor and db, a reader. NULL and a sentence in why: no memory. */
struct inquirer *inquirer_new(struct db *db, const struct processor *processor,
                              struct submitter submitter, struct buf *why);
/* As resolver_turn. */
int64_t inquirer_turn(struct inquirer *inquirer, int64_t now_us);
/* Whether no command of it is under way. Any thread. */
bool inquirer_is_idle(const struct inquirer *inquirer);
/* It is idle. NULL is fine. */
void inquirer_free(struct inquirer *inquirer);

/* Of inquiry_kind: counts and logs what became of one. */
void inquirer_committed(const struct job *job, const void *effects);

#endif
