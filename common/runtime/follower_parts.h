/* follower_parts.h - what the files of the follower share; for them alone. follower.c: its life and
 * its turns; follower_fetch.c: pages come; follower_lines.c: lines become commands, and come back.
 */
#ifndef RUNTIME_FOLLOWER_PARTS_H
#define RUNTIME_FOLLOWER_PARTS_H

#include "runtime/follower.h"
#include "runtime/peer_window.h"

#include <pthread.h>
#include <semaphore.h>

#define PAGES 3 /* one whose events are under way, one that is read, one that comes */
/* The peer's pages end at 1 MiB and one line. */
#define PAGE_BYTES_MAX (2 << 20)
#define RETRY_US_MIN (100 * US_PER_MS)
#define RETRY_US_MAX (10 * US_PER_S)

/* What the poll is for. */
enum purpose { FOR_PAGE, FOR_ACCEPTED };

struct follower {
	struct follower_options options;
	const struct env *env;
	const uint8_t *sip_key;
	char own_source[JOURNAL_SOURCE_SIZE];
	pthread_t thread;
	bool has_thread;
	int64_t started_us;
	sem_t first; /* posted once, when the peer has answered or is away */
	/* The thread's. */
	int64_t now_us; /* monotonic, one for the whole turn */
	bool told_first;
	struct db *db; /* a reader */
	struct fetcher *fetcher;
	struct fetch *poll, *probe;
	enum purpose purpose;
	struct peer_place place; /* up to where lines were read */
	int64_t passed_seq;      /* up to where events came back */
	int64_t stepped_seq;     /* up to where steps were submitted */
	struct hash stepped_hash;
	int64_t fetched_seq;   /* up to where pages came */
	int64_t head;          /* the peer's, as last told */
	bool must_read_place;  /* once all came back */
	bool must_check_place; /* the next page begins with the place's own line */
	bool polls_check;      /* and so does the one that is under way */
	struct peer_page pages[PAGES];
	struct peer_page *reading, *last; /* pages that came, linked by next */
	int64_t poll_us, probe_us;        /* not to be begun earlier */
	int64_t backoff_us;
	int64_t skip_us; /* when a skip is told of next */
	int64_t probing_ticket;
	int64_t asked_ticket, probed_head; /* the head as it was after that ticket was given */
	bool was_probed;                   /* those who wait for it were not told yet */
	struct peer_window window;
	/* Everyone's. */
	_Atomic bool stopping, was_accepted, must_look, caught_up, away, broken, rolled_back;
	_Atomic int64_t wanted_ticket, told_head;
};

/* ---- follower_fetch.c ---- */

/* Takes what came, and begins what is to come. */
void follower_take_fetched(struct follower *follower);
void follower_fetch(struct follower *follower);
/* Something is not as expected: nothing more is submitted until all came back, and the place was
 * read from the store, not before the delay is over. */
void follower_start_over(struct follower *follower, int64_t delay_us);
/* The peer's journal went back or changed. */
void follower_note_broken(struct follower *follower, const char *why, int64_t seq);
/* All of a page was right. */
void follower_note_followed(struct follower *follower);

/* ---- follower_lines.c ---- */

/* What came back from the writer. */
void follower_collect(struct follower *follower);
/* Submits what was fetched, as far as there is room. */
void follower_read_pages(struct follower *follower);
/* The peer has told that it knows this event of ours. False: whether it is there cannot be told, or
 * written down, now. */
must_use bool follower_check_seen(struct follower *follower, const struct cause *seen);
/* A command of our own; false: there is no room now. */
bool follower_submit_own(struct follower *follower, const struct command_kind *kind,
                         const struct peer_command *command);
/* The place moves over what had no effect. */
void follower_submit_skip(struct follower *follower);

/* ---- follower.c ---- */

extern _Atomic int64_t follower_reconnects, follower_broken;

#endif
