/* reference.h - the ids under which the processor does something once, where they are not a
 * payment's or a caller's refund's. They follow from what is asked and from the state that it is
 * asked in: after the store was put back, the same thing is the same thing at the processor. Pure.
 */
#ifndef PAYMENT_REFERENCE_H
#define PAYMENT_REFERENCE_H

#include "base/hash.h"
#include "payment.h"

/* Of a capture, void or reversal of the payment as it is before the event that tells of it: a
 * second capture, after one that was refused, is another thing. */
void reference_of_operation(const struct payment *payment, enum operation operation,
                            int64_t amount_minor, char ret_reference[ID_SIZE]);
/* Of the refund that gives the payment's money back for that cause; a new one for each that failed
 * before. */
void reference_of_return(const struct payment *payment, const struct hash *cause,
                         int64_t amount_minor, char ret_refund_id[ID_SIZE]);

#endif
