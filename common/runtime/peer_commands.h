/* peer_commands.h - what the follower itself submits to the writer. */
#ifndef RUNTIME_PEER_COMMANDS_H
#define RUNTIME_PEER_COMMANDS_H

#include "runtime/job.h"

/* Of kinds that load nothing and touch no order. */
uint64_t peer_conflict_key(const struct job *job, const void *view);
void peer_load_nothing(struct db *db, struct job *job, void *view);

/* Events of the peer: up to this one there is nothing to do; this one cannot be read. */
extern const struct command_kind peer_skip_kind, peer_unreadable_kind;

/* The rest, with this command. */
struct peer_command {
	/* peer_place_kind: storage/peer.h, peer_write_place; peer_rollback_kind: likewise */
	struct peer_place place;
	int64_t ticket; /* peer_heard_kind: effects->heard */
};
extern const struct command_kind peer_place_kind, peer_rollback_kind, peer_heard_kind;

#endif
