/* payment_fields.h - how payments, refunds and transfers look in an answer and in an event. */
#ifndef PAYMENT_PAYMENT_FIELDS_H
#define PAYMENT_PAYMENT_FIELDS_H

#include "base/field.h"
#include "payment.h"

/* Of struct payment: the whole resource. */
extern const struct field payment_fields[];
/* Of struct refund. */
extern const struct field refund_fields[];

/* What an event tells (no free text, no customer data): of struct payment, and of struct
 * payment_outcome, a refund's members in front of its payment's. */
extern const struct field payment_event_fields[];
extern const struct field refund_event_fields[];

#endif
