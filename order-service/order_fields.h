/* order_fields.h - how an order looks in an answer and in an event. */
#ifndef ORDER_ORDER_FIELDS_H
#define ORDER_ORDER_FIELDS_H

#include "base/field.h"
#include "order.h"

/* Of struct order: the whole resource, and what an event tells of it (no free text, no customer, no
 * metadata). */
extern const struct field order_fields[];
extern const struct field order_event_fields[];

/* Of struct order_payment_command: what an event tells of the payment that it comes of. */
extern const struct field order_payment_event_fields[];

/* Prints stored items without their names, which are free text. Without memory out is full. */
void order_items_redact(struct text items, struct buf *out);

#endif
