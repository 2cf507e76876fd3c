/* shop_fixture.h - payments of orders that the order service tells of: the real store, engine,
 * resolver, returner, inquirer and sandbox, and a clock that the test moves. What the three submit
 * is committed when the test says so. */
#ifndef UNIT_SHOP_FIXTURE_H
#define UNIT_SHOP_FIXTURE_H

#include "payment-service/inquirer.h"
#include "payment-service/payment_commands.h"
#include "payment-service/returner.h"
#include "unit/engine_fixture.h"

extern struct shop {
	struct rig rig;
	struct db *reader;
	struct resolver *resolver;
	struct returner *returner;
	struct inquirer *inquirer;
	struct job *jobs[BATCH_MAX]; /* submitted, not committed */
	size_t count;
	enum error refusal;       /* of what is to be submitted; ERR_NONE: there is room */
	int64_t peer_seq;         /* the last event that was told */
	char payment_id[ID_SIZE]; /* of the last payment; "": it was refused */
} shop;

/* Before and after each test. */
void shop_setup(void);
void shop_teardown(void);

/* One turn of all three; returns when the next is due. */
int64_t shop_turn(void);
/* Executes what was submitted. */
void shop_commit(void);
/* A turn whose submissions are lost with the process; another one begins. */
void shop_crash(void);
/* Turns and moves the clock until nothing is left to do. */
void shop_rest(void);

enum error shop_run(const struct command_kind *kind, const void *command,
                    const struct peer_step *step, const char *key);
/* With a key of its own, in USD. */
enum error shop_pay(const char *order_id, int64_t amount_minor, const char *method, int capture);
/* The merchant's capture or refund of the last payment, if it was not refused. */
void shop_operate(const struct command_kind *kind, int64_t amount_minor);
/* The order service tells of the order. */
enum error shop_tell(const char *order_id, struct order_heard heard);
enum error shop_create(const char *order_id, int64_t total_minor, const char *currency);
enum error shop_cancel(const char *order_id);

/* The order service tells of what this store does not have. Fills cause, hash and time. */
enum error shop_tell_lost(const struct inquiry *inquiry);

/* How many payments of the order the SQL condition holds for. */
int64_t shop_count(const char *order_id, const char *where);
/* An audit finds nothing, and that many are stuck. */
void shop_check_audit(int64_t stuck);
bool shop_metrics_say(const char *line);

#endif
