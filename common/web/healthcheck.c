/* healthcheck.c - asks the running service whether it is well: for containers, which hold no other
 * program that could ask. */
#include "web/ask.h"
#include "web/commands.h"

#include <stdio.h>

#define WHY_BYTES_MAX 4096
#define BODY_BYTES_MAX 65536
/* A service that is well answers in milliseconds; whoever asks asks again in seconds. */
#define ANSWER_TIMEOUT_US (3 * US_PER_S)

int run_healthcheck(const struct service *service, const struct common_options *options,
                    const char *const *words)
{
	struct ask ask AUTO_ASK = {0};
	struct buf why AUTO_BUF;

	buf_init(&why, WHY_BYTES_MAX);
	if (ask_open(&ask, options, "application/json", BODY_BYTES_MAX, &why) &&
	    ask_get(&ask, words[0] == NULL ? "/readyz" : "/healthz", ANSWER_TIMEOUT_US, &why))
		return 0;
	(void)fprintf(stderr, "%s: %s\n", service->name, buf_str(&why));
	return 1;
}
