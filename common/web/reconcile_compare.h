/* reconcile_compare.h - what the order service says of one order against what the payment service
 * says of its payments: each difference, with both sides' figures. Pure. */
#ifndef WEB_RECONCILE_COMPARE_H
#define WEB_RECONCILE_COMPARE_H

#include "base/id.h"
#include "base/money.h"

/* By then a processor that answers at all was asked four times (api.md, "Processor"). */
#define STUCK_AFTER_US (3600 * US_PER_S)

/* As the two services name them. */
enum reconciled_state { STATE_PENDING, STATE_PAID, STATE_FULFILLED, STATE_CANCELLED };
enum reconciled_status {
	STATUS_PROCESSING,
	STATUS_AUTHORIZED,
	STATUS_SUCCESS,
	STATUS_FAILED,
	STATUS_VOIDED
};
extern const char *const reconciled_state_names[], *const reconciled_status_names[];

/* The members that count, as the APIs tell them. */
struct reconciled_order {
	char order_id[ORDER_ID_MAX + 1];
	int state; /* enum reconciled_state */
	const struct currency *currency;
	int64_t paid_minor, authorized_minor, refunded_minor;
};

struct reconciled_payment {
	char payment_id[ID_SIZE];
	char order_id[ORDER_ID_MAX + 1];
	int status; /* enum reconciled_status */
	const struct currency *currency;
	int64_t amount_minor, captured_minor, refunded_minor, refund_pending_minor;
	bool has_pending_operation;
	int64_t updated_us;
};

/* Names are static. */
struct difference {
	const char *kind;                  /* "amount_mismatch" */
	const char *order_id, *payment_id; /* borrowed; payment_id "": of no single payment */
	const struct currency *currency;
	const char *order_figure, *payment_figure; /* what the amounts are */
	int64_t order_minor; /* MONEY_NONE: the order service has no such figure */
	int64_t payment_minor;
};

typedef void difference_fn(void *arg, const struct difference *difference);

/* One order: begin, each of its payments, end. */
struct comparison {
	const struct reconciled_order *order; /* NULL: the order service has none */
	int64_t now_us;
	int64_t captured_minor, authorized_minor, refunded_minor; /* in the order's currency */
	difference_fn *take;
	void *arg;
};

void compare_begin(struct comparison *comparison, const struct reconciled_order *order,
                   int64_t now_us, difference_fn *take, void *arg);
/* At most COMPARED_PAYMENTS_MAX of an order. */
#define COMPARED_PAYMENTS_MAX 4000
void compare_payment(struct comparison *comparison, const struct reconciled_payment *payment);
void compare_end(const struct comparison *comparison);

#endif
