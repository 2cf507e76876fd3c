/* payment_api.h - the payment service's endpoint tables. */
#ifndef PAYMENT_PAYMENT_API_H
#define PAYMENT_PAYMENT_API_H

#include "web/api.h"

bool is_payment_id(struct text id);
/* UNKNOWN_ORDERS=reject; set once, before any request comes. */
void payment_reject_unknown_orders(bool rejects);

/* Each ends with a row whose method is NULL. */
extern const struct endpoint payment_endpoints[];      /* POST /pay, one payment, the list */
extern const struct endpoint operation_endpoints[];    /* what changes a payment */
extern const struct endpoint payment_read_endpoints[]; /* refunds, timeline, ledger */

#endif
