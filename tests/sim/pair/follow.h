/* follow.h - how a node follows the journal of the other one: as follower.c does, but over the
 * simulated network and without threads. What it verifies, and what it hands to the engine, is the
 * services' own. Unlike the real one it also takes pages that come late or twice: that each event
 * takes effect once is the engine's business alone. */
#ifndef SIM_PAIR_FOLLOW_H
#define SIM_PAIR_FOLLOW_H

#include "runtime/peer_commands.h"
#include "runtime/peer_line.h"
#include "sim/node.h"
#include "sim/pair/network.h"

#define FOLLOW_LINES_MAX 64 /* of a page */

/* A command that is under way. */
struct follow_item {
	struct job job;
	struct peer_step step;
	struct peer_line line; /* borrowed by the command */
	struct peer_command own;
	void *command; /* owned */
};

struct follow {
	struct node *node;
	struct network *network;
	struct follow *peer;
	const struct peer_kind *kinds, *lost_kinds; /* as struct follower_options */
	int64_t wakes;                              /* planned: the last one counts */
	/* Of the page whose lines are under way; those borrow its text. */
	struct buf page;
	struct follow_item items[FOLLOW_LINES_MAX + 2];
	size_t count, back;
	bool has_failed;
	int64_t page_head, page_ticket;
	int64_t heard_ticket, heard_life; /* of that life of the node */
	/* What is known to have taken effect, and may not take effect again. */
	int64_t acked_seq, place_seq;
	bool may_break; /* it is no fault of the services when a journal is not as before */
	bool is_broken, is_rolled_back;
	/* The peer's question that waits for news of this node's own journal. */
	struct message held;
	bool holds;
	int64_t holds_count;
	int64_t applied, refused, stale; /* steps, steps, pages */
};

/* node is open; both kinds end with a row whose type is NULL. */
void follow_open(struct follow *follow, struct node *node, struct network *network,
                 struct follow *peer, const struct peer_kind *kinds,
                 const struct peer_kind *lost_kinds);
/* After node_close. */
void follow_close(struct follow *follow);

/* The node has executed a batch: its journal may have news, and someone may wait for news. */
void follow_executed(struct follow *follow);
/* Whether the job is the follower's; then it takes it as lost. */
bool follow_lost(struct follow *follow, struct job *job);
/* The node's store was put back: nothing is known to have taken effect; connections end. */
void follow_forget(struct follow *follow);
/* An operator's POST /peer/accept. */
void follow_accept(struct follow *follow, int64_t seq);
/* As it is stored. The node is up. */
struct peer_place follow_place(const struct follow *follow);

#endif
