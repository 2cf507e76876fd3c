/* job.h - one command on its way through the writer, and what a service tells the engine about its
 * commands. */
#ifndef RUNTIME_JOB_H
#define RUNTIME_JOB_H

#include "base/error.h"
#include "storage/journal.h"
#include "storage/seen.h"

#define ANSWER_BYTES_MAX (256 * 1024)
#define ANSWER_DETAIL_SIZE 240

/* What the caller is told. */
struct answer {
	enum error error;                /* ERR_NONE: status and body are the resource */
	int status;                      /* HTTP */
	struct buf body;                 /* owned; rendered already where status is set */
	bool replayed;                   /* Idempotent-Replayed: true */
	char detail[ANSWER_DETAIL_SIZE]; /* for errors: a more exact sentence than the row's, or ""
	                                  */
};

void answer_init(struct answer *answer);
void answer_release(struct answer *answer);

/* One command. The submitter owns it and what it borrows, and gets it back by done(). */
struct job {
	struct job *next; /* queue link of whoever holds the job */
	void *owner;      /* the submitter's, for done() */
	const struct command_kind *kind;
	const void *command; /* the service's struct */
	struct text request_id;
	struct text traceparent; /* of the request, or TEXT_NONE */
	struct seen_key key;     /* key.key absent: no idempotency key */
	int64_t deadline_us;     /* monotonic: not taken by then is answered 503 overloaded, not
	                            executed */
	void (*done)(struct job *job); /* the answer may be told; called on the writer's thread */
	struct answer answer;          /* initialised by the submitter */
	/* What load keeps of a row that is there already: its rendering, for decide to choose as
	 * the answer. Initialised and released by the submitter. */
	struct buf existing;
	/* The engine's, for decide, write and render. */
	int64_t now_us; /* the command's time: wall clock in whole milliseconds, as it is shown,
	                   never before the journal's last event */
	uint8_t random[2 * ULID_RANDOM_BYTES]; /* for the id of its row and of its event */
};

/* A kind of command: one static row of a service. `view` and `effects` are the service's structs,
 * zeroed by the engine. */
struct command_kind {
	const char *name;
	/* The value that two commands share when they may touch the same order, never 0. Called
	 * with view NULL before the load; 0 then means that only the load can tell, and it is
	 * called again after it. */
	uint64_t (*conflict_key)(const struct job *job, const void *view);
	/* Sends what loads the view. */
	void (*load)(struct db *db, struct job *job, void *view);
	/* Pure. ERR_NONE, ERR_PAYMENT_DECLINED (which also has effects), or a refusal without
	 * effects. detail (ANSWER_DETAIL_SIZE bytes, "" before) may be filled for an error. */
	enum error (*decide)(const struct job *job, const void *view, void *effects, char *detail);
	/* Records the events and sends the rows of effects that write. */
	void (*write)(struct db *db, const struct job *job, const void *view, void *effects,
	              struct journal *journal);
	/* Prints the answer's body: for ERR_NONE with status 200, and for ERR_PAYMENT_DECLINED with
	 * status 402. Not called for what replays: its answer is job->existing. */
	void (*render)(const struct job *job, const void *effects, struct answer *answer);
};

/* Every service's effects struct begins with this; filled by decide. */
struct effects {
	bool writes;   /* something changes */
	bool replayed; /* answered by job->existing, with Idempotent-Replayed; then nothing is
	                  written */
	struct text resource; /* the id that the answer is about; borrowed from effects, view or
	                         command */
};

/* What the engine knows of a service. */
struct domain {
	size_t view_size, effects_size;
	/* After the commit, for each command that wrote: metrics. */
	void (*committed)(const struct job *job, const void *effects);
};

#endif
