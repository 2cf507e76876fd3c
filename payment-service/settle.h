/* settle.h - what the word of the processor does to a payment or a refund, and which transfers
 * that makes; the same whether it comes inside the command or much later. Pure. */
#ifndef PAYMENT_SETTLE_H
#define PAYMENT_SETTLE_H

#include "payment.h"

/* Each takes outcome->payment (and outcome->refund) as they were before and leaves them as they are
 * after; adds the event and the transfers. `payment` must wait for that operation: it is new or
 * processing (authorize), authorized (capture of `amount_minor`, void), or success, with the refund
 * counted neither as refunded nor as pending. VERDICT_OPEN moves nothing: the row says what is
 * pending, and outcome->asks. ERR_NONE, ERR_PAYMENT_DECLINED or ERR_PROCESSOR_UNREACHABLE. */
enum error settle_authorize(struct payment_outcome *outcome, const struct decision *decision);
enum error settle_capture(struct payment_outcome *outcome, int64_t amount_minor,
                          const struct decision *decision);
enum error settle_void(struct payment_outcome *outcome, const struct decision *decision);
enum error settle_refund(struct payment_outcome *outcome, const struct decision *decision);

#endif
