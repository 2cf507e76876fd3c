/* peer_window.h - the commands of the follower that are under way: a ring in the order in which
 * they were submitted, and come back. Bounded, so that requests keep room in the writer's queue.
 * The follower's thread owns it. */
#ifndef RUNTIME_PEER_WINDOW_H
#define RUNTIME_PEER_WINDOW_H

#include "runtime/fetch.h"
#include "runtime/peer_commands.h"
#include "runtime/peer_line.h"
#include "runtime/writer.h"

#include <stdatomic.h>

#define PEER_WINDOW_MAX 512

/* Lines that were fetched. */
struct peer_page {
	struct buf text;
	size_t at;              /* of the next line to be read */
	int64_t items_count;    /* under way, which borrow from it */
	bool begins_at_place;   /* its first line is that of the place, as a check */
	bool is_queued;         /* not read to its end yet */
	struct peer_page *next; /* the page behind it */
};

struct peer_item {
	struct peer_window *window;
	struct job job;
	struct peer_step step;
	struct peer_line line;   /* borrowed by the command */
	void *command;           /* owned */
	struct peer_command own; /* of a command that no line asked for */
	struct peer_page *page;  /* NULL: of no line */
	_Atomic bool is_back;
};

struct peer_window {
	struct writer *writer;
	struct fetcher *fetcher; /* to be woken */
	size_t items_max;
	size_t first, count;
	_Atomic bool was_rung; /* so that many who come back wake it once */
	struct peer_item items[PEER_WINDOW_MAX];
};

/* command_size: of the largest command. False: no memory. */
must_use bool peer_window_init(struct peer_window *window, struct fetcher *fetcher,
                               int64_t queue_max, size_t command_size);
void peer_window_release(struct peer_window *window); /* once nothing is under way */

/* A place for a command, which is submitted next; NULL: wait until one comes back, or a little. */
struct peer_item *peer_window_reserve(struct peer_window *window);
/* Gives it back instead, with its line. */
void peer_window_cancel(struct peer_window *window, struct peer_item *item);
/* Submits the reserved item: an event of the peer (step filled), or a command of our own. */
void peer_window_submit(struct peer_window *window, struct peer_item *item,
                        const struct command_kind *kind, const void *command, bool is_event);
/* The oldest, if it came back; until peer_window_drop. NULL: none did. */
struct peer_item *peer_window_oldest(struct peer_window *window);
void peer_window_drop(struct peer_window *window);
/* Where everything up to this event took effect. */
bool peer_window_has_passed(const struct peer_window *window, int64_t seq);

#endif
