/* peer_line.h - one line of the peer's journal, read with the distrust that its origin asks for. */
#ifndef RUNTIME_PEER_LINE_H
#define RUNTIME_PEER_LINE_H

#include "runtime/follower.h"
#include "storage/peer.h"

/* Borrows the text it was read from. */
struct peer_line {
	struct peer_event event;
	struct json_doc doc;
	struct cause self; /* its source, seq and hash */
	struct hash prev_hash;
	struct text id, traceparent; /* traceparent TEXT_NONE: none, or malformed */
	bool has_cause;
	struct cause cause; /* the event of another journal that it came of */
};

/* NULL, or a static sentence without its full stop that says what is wrong. The caller releases.
 * The line must not move while it is in use: its event points into it. */
const char *peer_line_read(struct text text, struct peer_line *line);
void peer_line_release(struct peer_line *line);

/* What is wrong with it as the event behind the place, or NULL. */
const char *peer_line_follows(const struct peer_line *line, const struct peer_place *place);
/* Whether it is the event of the place. */
bool peer_line_is_at(const struct peer_line *line, const struct peer_place *place);

#endif
