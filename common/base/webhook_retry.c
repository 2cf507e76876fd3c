/* webhook_retry.c - the schedule of api.md: about four days in all. */
#include "base/webhook_retry.h"

#define MINUTE_US (60 * US_PER_S)
#define HOUR_US (60 * MINUTE_US)
#define JITTER_PART 10 /* a tenth of the delay at most, on top of it */

/* The first at once: what failed may only have been a connection kept too long. */
static const int64_t delays_us[WEBHOOK_RETRIES] = {
	0,           5 * US_PER_S, 5 * MINUTE_US, 30 * MINUTE_US, 2 * HOUR_US,
	5 * HOUR_US, 10 * HOUR_US, 14 * HOUR_US,  20 * HOUR_US,   24 * HOUR_US};
#define DELAY_MAX_US (24 * HOUR_US)

int64_t webhook_retry_us(int64_t attempts, int64_t retry_after_us, uint32_t chance)
{
	ensure(attempts > 0 && retry_after_us >= 0);
	if (attempts > WEBHOOK_RETRIES)
		return WEBHOOK_RETRIES_ENDED;

	int64_t delay_us = delays_us[attempts - 1];
	if (delay_us < retry_after_us)
		delay_us = retry_after_us < DELAY_MAX_US ? retry_after_us : DELAY_MAX_US;
	return delay_us + delay_us / JITTER_PART * (int64_t)(chance % 1000) / 1000;
}
