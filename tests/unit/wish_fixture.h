/* wish_fixture.h - a second small domain, for outcomes that stay open: wishes, which are settled
 * later by another command, and some commands that are in the way. */
#ifndef UNIT_WISH_FIXTURE_H
#define UNIT_WISH_FIXTURE_H

#include "unit/engine_fixture.h"

enum wish_kind {
	WISH_OPEN,      /* a new wish; its number is that of its event */
	WISH_AGAIN,     /* the wish `number` once more: replayed, and open where that is */
	WISH_ASK,       /* how the wish `number` is: 202 while it is open, and runs again then */
	WISH_SETTLE,    /* the wish `number` ends with `settled` */
	WISH_LOOKED_AT, /* the wish `number` was asked for, and stays open */
	WISH_REDACT,    /* the answers that show `name` lose their bodies */
	WISH_NOTE,      /* writes a row and records no event */
	WISH_BUSY,      /* refused for something open: 409, not stored */
	WISH_TAKEN,     /* refused for good: 409, stored */
};

struct wish {
	struct job job;
	enum wish_kind what;
	const char *name; /* the resource */
	int64_t number;
	enum error settled;
};

extern const struct migration wish_migrations[1];
extern const struct domain wish_domain;

void wishes_open(struct rig *rig, const struct env *env);
/* Each wish has an order of its own; what names a wish by number is in that wish's order. The
 * number of the first new wish of a store is 1. */
void wish_init(struct wish *wish, enum wish_kind what, const char *name, int64_t number);
/* The wish alone, as a batch of one. */
void wish_run(struct rig *rig, struct wish *wish);

#endif
