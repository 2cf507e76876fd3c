/* peer.h - the place reached in the peer's journal, moved in the transaction of what an event did:
 * so each event takes effect exactly once. */
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

struct peer_place {
	char source[JOURNAL_SOURCE_SIZE]; /* "": nothing was read yet */
	int64_t seq;                      /* of the last event that took effect */
	struct hash hash;                 /* of its line; zeros: none */
	int64_t accepted_seq;             /* POST /peer/accept: follow anew behind it; -1: not asked for */
	bool is_rolled_back;              /* this service itself: no money is moved */
};

/* With any connection. */
must_use enum db_result peer_read(struct db *db, struct peer_place *ret_place);
/* Moves the place on. One that is not where the step begins makes the statement conflict. */
void peer_write_step(struct db *db, const struct peer_step *step);
/* Everything else about it, by commands of the follower and of an operator. */
void peer_write_place(struct db *db, const struct peer_place *place);

#endif
