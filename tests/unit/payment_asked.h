/* payment_asked.h - what POST /pay is asked and what is there, in few words, for tables: of
 * test_payment_core.c and test_payment_view.c. */
#ifndef UNIT_PAYMENT_ASKED_H
#define UNIT_PAYMENT_ASKED_H

#include "payment-service/payment.h"
#include "unit/unit.h"

#define NOW_US INT64_C(1795408200123456)

/* A payment that is there. */
struct given {
	int64_t amount_minor; /* 0: the end of the list */
	int status;
	bool has_key;
	const char *currency, *method; /* NULL: USD, none */
	int64_t refunded_minor, refund_pending_minor;
	int capture;
	enum operation pending;
	int64_t pending_minor; /* 0: nothing is pending */
};

#define PAID(amount, ...) \
	{ \
		.amount_minor = amount, .status = PAYMENT_SUCCESS, __VA_ARGS__ \
	}
#define OPEN(amount, ...) \
	{ \
		.amount_minor = amount, .status = PAYMENT_PROCESSING, __VA_ARGS__ \
	}
#define HELD(amount, ...) \
	{ \
		.amount_minor = amount, .status = PAYMENT_AUTHORIZED, .capture = CAPTURE_MANUAL, \
		__VA_ARGS__ \
	}
#define VOIDED(amount, ...) \
	{ \
		.amount_minor = amount, .status = PAYMENT_VOIDED, __VA_ARGS__ \
	}
#define FAILED(amount, ...) \
	{ \
		.amount_minor = amount, .status = PAYMENT_FAILED, __VA_ARGS__ \
	}
#define KEY .has_key = true

/* What is asked. */
struct asked {
	int64_t amount_minor;
	bool has_key, is_declined;
	const char *currency, *method; /* NULL: USD, none */
	int capture;
};

#define PAY(amount, ...) \
	{ \
		.amount_minor = amount, __VA_ARGS__ \
	}
#define DECLINED .is_declined = true
#define MANUAL .capture = CAPTURE_MANUAL

enum { NOTHING, NEW, REPLAY };

/* NULL: USD. */
const struct currency *asked_currency(const char *code);
/* Adds it as the order's payment with this number, and checks whether it counts as the natural one.
 */
void asked_add(struct payment_view *view, const struct given *given, int64_t number);
struct pay_command asked_command(const struct asked *asked);
/* Decides at NOW_US. */
enum error asked_decide(const struct payment_view *view, const struct asked *asked,
                        struct payment_outcome *ret_outcome, char *detail);
/* Decides, and checks error and effect (NOTHING, NEW or REPLAY). */
void asked_check(const char *rule, const struct payment_view *view, const struct asked *asked,
                 enum error want, int effect, bool rests_on_open);

#endif
