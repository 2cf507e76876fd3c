/* peer.h - the place reached in the peer's journal, moved in the transaction of what an event did:
 * so each event takes effect exactly once. Also what an operator said about that journal, and
 * whether this service itself was rolled back. */
#ifndef STORAGE_PEER_H
#define STORAGE_PEER_H

#include "storage/journal.h"

/* From a place to the one behind an event; what lies between had no effect. */
struct peer_step {
	int64_t from_seq;
	struct hash from_hash;
	struct cause to;  /* the event itself: what ours name as their cause */
	struct text type; /* of the event, and its order: for peer_event.rejected; borrowed */
	struct text subject;
};

/* Of this service's own journal. */
enum peer_rollback {
	PEER_INTACT,
	PEER_ROLLED_BACK, /* the peer knows events that are not there: until POST /peer/accept */
	PEER_RESTORED,    /* by the command restore: until the peer is caught up, and all that only
	                     it knows was asked for */
};

struct peer_place {
	char source[JOURNAL_SOURCE_SIZE]; /* "": nothing was read yet */
	int64_t seq;                      /* of the last event that took effect */
	struct hash hash;                 /* of its line; zeros: none */
	int64_t accepted_seq; /* POST /peer/accept: follow anew behind it; -1: not asked for */
	enum peer_rollback rollback;
	/* The last event of this service's own that the peer knew and its journal does not have:
	 * what is told of up to there is of that rollback, also once it has ended. 0: none. */
	int64_t gone_seq;
	struct hash gone_hash;
};

/* Sends one statement that reads the place; valid after db_flush. */
void peer_load(struct db *db, struct peer_place *ret_place);
/* With any connection. */
must_use enum db_result peer_read(struct db *db, struct peer_place *ret_place);

/* These send one statement each. A place that is not where the step begins makes it conflict. */
void peer_write_step(struct db *db, const struct peer_step *step);
/* Follows anew from the place, as place->accepted_seq asked for; where it asks for another one
 * meanwhile, nothing changes. */
void peer_write_place(struct db *db, const struct peer_place *place);
/* An operator's word, which also ends a rollback. -1: the place is right as it is. */
void peer_write_accepted(struct db *db, int64_t seq);
/* rollback and what is gone. */
void peer_write_rollback(struct db *db, const struct peer_place *place);

/* Whether the step begins at the place. */
bool peer_step_fits(const struct peer_step *step, const struct peer_place *place);

#endif
