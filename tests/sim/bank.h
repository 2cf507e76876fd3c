/* bank.h - the simulated processor. Its memory is durable, whatever crashes beside it, and it is
 * the truth about money that moved. It loses requests and answers, answers late, twice or never,
 * hears of a request long after it was sent, and approves what it had declined; but it never acts
 * twice on one reference, and fails the run when it is asked for what no right service asks. */
#ifndef SIM_BANK_H
#define SIM_BANK_H

#include "payment-service/processor.h"
#include "sim/world.h"

/* The payment methods it knows, and which operations it decides inside the command. */
enum bank_method {
	BANK_DEFAULT, /* left out: as BANK_HERE */
	BANK_HERE,    /* all inside the command, approved */
	BANK_DECLINES,
	BANK_MIXED,  /* authorized inside the command, the rest over the network */
	BANK_REMOTE, /* all over the network */
	BANK_METHODS
};
extern const char *const bank_method_names[BANK_METHODS]; /* NULL: left out */

extern const struct processor bank_processor;

/* One bank a process: the functions of a processor have no argument for it. */
struct bank_owner {
	/* An approval comes by itself of what was declined before; told again until bank_heard. */
	void (*told)(void *arg, const char *payment_id);
	int64_t (*order_of)(void *arg, const char *payment_id); /* for the record */
	void *arg;
	bool tells_all; /* while it is calm also what it was mute about */
};
void bank_open(struct world *world, struct bank_owner owner);
void bank_close(void);
void bank_heard(const char *payment_id);
/* While it is calm it answers everything that it is asked. */
void bank_set_calm(bool is_calm);
/* A service whose store was put back may ask for what no right one does: that is declined. */
void bank_forgive(void);

/* What it decides inside the command, by method. */
enum verdict bank_decides(enum bank_method method, enum operation operation);
/* What the service has committed of that. */
void bank_adopt(const char *payment_id, enum operation operation, const char *reference,
                const struct currency *currency, int64_t amount_minor, bool captures);

/* Whether the bank has said so, or its silence allows that conclusion. */
bool bank_has_said(enum operation operation, const char *reference, enum verdict verdict);
/* What a person reads in the bank's own books. */
enum verdict bank_knows(enum operation operation, const char *reference);
/* It will never answer about this. */
bool bank_is_mute(enum operation operation, const char *reference);

/* What the bank moved for a payment, in all. */
struct bank_account {
	int64_t held_minor, captured_minor, refunded_minor;
};
struct bank_account bank_account_of(const char *payment_id);

#endif
