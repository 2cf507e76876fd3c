/* webhook_retry.h - when a delivery that failed is tried again. Pure. */
#ifndef BASE_WEBHOOK_RETRY_H
#define BASE_WEBHOOK_RETRY_H

#include "base/base.h"

#define WEBHOOK_RETRIES 10
#define WEBHOOK_RETRIES_ENDED INT64_C(-1)

/* Microseconds until the next attempt, after so many in vain (1 or more), or
 * WEBHOOK_RETRIES_ENDED. retry_after_us is what the receiver asked for (0: nothing); chance is
 * random, so that not all return at one moment. */
int64_t webhook_retry_us(int64_t attempts, int64_t retry_after_us, uint32_t chance);

#endif
