/* payment_fields.h - how a payment looks in an answer and in an event. */
#ifndef PAYMENT_PAYMENT_FIELDS_H
#define PAYMENT_PAYMENT_FIELDS_H

#include "base/field.h"
#include "payment.h"

/* Of struct payment: the whole resource, and what an event tells of it (no free text, no customer
 * data). */
extern const struct field payment_fields[];
extern const struct field payment_event_fields[];

#endif
