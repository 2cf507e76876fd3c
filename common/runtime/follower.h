/* follower.h - follows the peer's journal (PEER_URL): long-polls /events, verifies that it is
 * gapless and that the hash chain holds, turns events into commands, and hands them to the writer
 * in order. Knows nothing of payments or orders: a table of the service says what each type of
 * event becomes. */
#ifndef RUNTIME_FOLLOWER_H
#define RUNTIME_FOLLOWER_H

#include "base/json.h"
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

struct follower_options {
	const char *url; /* of the peer; NULL or "": there is none */
	const char *database_url;
	const struct peer_kind *kinds;
};

/* NULL and a sentence in why on failure. The thread begins at once. */
struct follower *follower_start(const struct follower_options *options, const struct store *store,
                                struct writer *writer, const struct env *env, struct buf *why);
/* Waits for what it has submitted. */
void follower_stop(struct follower *follower);

/* Any thread. Not yet caught up since the start; away or broken (GET /readyz: degraded); this
 * service was rolled back (503 for what moves money). */
bool follower_is_catching_up(const struct follower *follower);
bool follower_is_degraded(const struct follower *follower);

#endif
