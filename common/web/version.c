/* version.c - what this binary was built from; the Makefile gives both. */
#include "web/pages.h"

#ifndef FARTHING_VERSION
#define FARTHING_VERSION "0.0.0"
#endif
#ifndef FARTHING_COMMIT
#define FARTHING_COMMIT "unknown"
#endif

const char version_number[] = FARTHING_VERSION;
const char version_commit[] = FARTHING_COMMIT;
