/* libraries.h - whether what this program was linked with at its start is safe to use. */
#ifndef WEB_LIBRARIES_H
#define WEB_LIBRARIES_H

#include "base/buf.h"

struct library {
	const char *name, *floor; /* the oldest version that is not refused */
	const char *(*version)(void);
};

/* Ends with a row without a name. */
extern const struct library libraries[];

/* False, with a sentence in why: the first of the rows that is older than its floor. */
must_use bool libraries_are_safe(const struct library *rows, struct buf *why);

#endif
