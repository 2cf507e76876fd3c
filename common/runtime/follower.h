/* follower.h - follows the peer's journal (PEER_URL): long-polls /events, verifies that it is
 * gapless and that the hash chain holds, turns events into commands, and hands them to the writer
 * in order. Knows nothing of payments or orders: a table of the service says what each type of
 * event becomes. */
#ifndef RUNTIME_FOLLOWER_H
#define RUNTIME_FOLLOWER_H

#include "base/json.h"
#include "runtime/env.h"
#include "runtime/peer_access.h"
#include "runtime/writer.h"
#include "storage/store.h"

#define PEER_WHY_SIZE 120

/* One event of the peer, verified. Borrowed. */
struct peer_event {
	const cJSON *event, *data;
	const struct json_doc *doc; /* for the text of numbers */
	struct text line;           /* as stored */
	int64_t seq, time_us;
	struct text type, subject;
};

/* What a type of event becomes. Types without a row are skipped. */
struct peer_kind {
	const char *type;
	const struct command_kind *kind;
	size_t command_size;
	/* Fills the command (zeroed, command_size bytes); texts may be borrowed from the event,
	 * which lasts until the command is done. False, with why: the event is recorded as
	 * rejected. */
	bool (*read)(const struct peer_event *event, const uint8_t *sip_key, void *command,
	             char why[PEER_WHY_SIZE]);
};

struct follower;

/* All borrowed for the follower's life. */
struct follower_options {
	const char *url; /* of the peer; "": there is none */
	struct peer_access *access;
	const char *database_url;
	int64_t queue_max;             /* the writer's: at most half of it is filled */
	const struct peer_kind *kinds; /* ends with a row whose type is NULL; NULL: no rows */
	/* Likewise: what an event becomes that came of one which this service's journal does not
	 * have any more. A type without a row here is as any other. */
	const struct peer_kind *lost_kinds;
	/* One row, whose first column counts what is to be found out about these before a restored
	 * service goes on; NULL: nothing is. */
	const struct statement *open_count;
	/* What an operator's word ends besides; NULL: nothing. */
	const struct statement *on_accept;
};

/* Reads what the store says about the peer; no thread yet. NULL and a sentence in why on failure.
 */
struct follower *follower_new(const struct follower_options *options, const struct store *store,
                              const struct env *env, struct buf *why);
/* Begins to follow, where there is a peer. */
must_use bool follower_start(struct follower *follower, struct writer *writer, struct buf *why);
/* Waits until the peer has told what it knows of this service's journal, or does not answer, but
 * not longer: a store that was put back moves no money from the first request on. */
void follower_wait_first(struct follower *follower, int64_t wait_us);
/* Waits for what it has submitted, while the writer still runs. */
void follower_stop(struct follower *follower);
/* After the writer's end. NULL is fine. */
void follower_free(struct follower *follower);

void follower_register_metrics(void);

/* Any thread from here on. */

/* Someone waits for news (engine_peer_ticket); after each batch, at no cost where nobody does. */
void follower_wanted(struct follower *follower, int64_t ticket);
/* As part of POST /peer/accept: peer_write_accepted, and on_accept. */
void follower_write_accepted(const struct follower *follower, struct db *db, int64_t seq);
/* It was committed. */
void follower_accepted(struct follower *follower);
/* Someone knows of more than the peer told: it is asked at once, also where its journal is not
 * followed and else looked at now and then. */
void follower_look(struct follower *follower);
/* Where its journal last ended, -1: it has not told yet. */
int64_t follower_peer_head(const struct follower *follower);
/* Not yet caught up since the start, and for less than a minute (GET /readyz: 503). */
bool follower_is_catching_up(const struct follower *follower);
/* Its journal does not come, or is not followed: "peer-away", "peer-broken", or NULL. */
const char *follower_trouble(const struct follower *follower);
/* This service itself was rolled back: nothing that moves money. */
bool follower_is_rolled_back(const struct follower *follower);

#endif
