/* ensure.c - the end of a process that found a bug in itself: going on could lose money. */
#include "base/base.h"

#include <stdio.h>
#include <stdlib.h>

_Noreturn void ensure_failed(const char *fact, const char *file, int line)
{
	(void)fprintf(stderr,
	              "{\"level\":\"fatal\",\"event\":\"ensure_failed\",\"file\":\"%s\",\"line\":%"
	              "d}\n%s\n",
	              file, line, fact);
	abort();
}
