/* follow_parts.h - what the two files of the simulated follower share; for them alone. follow.c:
 * questions and pages, what came back; follow_lines.c: lines become commands. */
#ifndef SIM_PAIR_FOLLOW_PARTS_H
#define SIM_PAIR_FOLLOW_PARTS_H

#include "sim/pair/follow.h"

/* Where lines are read, and where the last step ends. */
struct reading {
	struct peer_place place;
	int64_t stepped_seq;
	struct hash stepped_hash;
	bool is_current; /* the page begins where the store is */
};

/* ---- follow_lines.c ---- */

/* What is wrong with the peer's journal at this event. */
void follow_note_broken(struct follow *follow, const char *why, int64_t seq);
/* The peer knows this event: where it is not there any more, this side was put back. */
void follow_check_seen(struct follow *follow, struct reading *reading, const struct cause *seen);
/* Makes a command of the follower's own. */
void follow_add_own(struct follow *follow, const struct command_kind *kind,
                    const struct peer_command *command);
/* Makes the commands of follow->page, which came with the message. */
void follow_read_page(struct follow *follow, const struct message *message,
                      struct reading *reading);
void follow_set_place(struct peer_place *place, const struct cause *self);

/* ---- follow.c ---- */

/* A command is done, or lost. */
void follow_come_back(struct job *job);

#endif
