/* job.h - one command on its way through the writer, and what a service tells the engine about its
 * commands. */
#ifndef RUNTIME_JOB_H
#define RUNTIME_JOB_H

#include "base/error.h"
#include "storage/hash_index.h"
#include "storage/journal.h"
#include "storage/peer.h"
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
/* Only an error: there is no resource to be shown, and no effect. */
bool answer_is_refusal(const struct answer *answer);

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
	/* Bytes that load keeps of rows, for the view to borrow from until the answer is rendered.
	 * Initialised and released by the submitter. */
	struct buf kept;
	/* Answers what would happen, and nothing is committed (dry_run.h). Set by the submitter. */
	bool dry_run;
	/* The event of the peer that the command carries out, or NULL; borrowed. Its place is
	 * written in the same transaction. Such jobs are executed in the order in which they came.
	 * They have no answer but ERR_NONE: what cannot apply is recorded as peer_event.rejected;
	 * or an error: the place did not move, and is to be read again. */
	const struct peer_step *peer;
	/* Set by the engine: a constraint refused what the event of the peer does, which is then
	 * recorded as rejected. */
	bool peer_conflicts;
	/* Set by the engine: the peer's journal was read to a head that was asked for after the
	 * command came, so that what was not heard of is not there; or there is no peer. */
	bool peer_is_fresh;
	/* Set by the engine for a command whose outcome is still open: the writer's side keeps the
	 * job (with its 202 already rendered) until that is settled, or for a while. 0: none. */
	int64_t awaits;
	/* Set by the engine: it was kept as effects->awaits_asking says, and runs for the second
	 * time; it is not kept again. */
	bool runs_again;
	struct {
		struct job *older, *newer;
		int64_t until_us; /* monotonic */
		bool is_asking;
		int which; /* of the engine's parkings */
	} parked;          /* parking.c's and the engine's */
	/* The engine's, for decide, write and render. */
	int64_t now_us; /* the command's time: wall clock in whole milliseconds, as it is shown,
	                   never before the journal's last event */
	uint8_t random[2 * ULID_RANDOM_BYTES]; /* for the id of its row and of its event */
};

/* Jobs in the order in which they came, linked by next. */
struct job_queue {
	struct job *first, *last;
};

void job_queue_add(struct job_queue *queue, struct job *job);
struct job *job_queue_take(struct job_queue *queue); /* NULL: there is none */

/* Where write puts things. */
struct writing {
	struct db *db;
	struct journal *journal;
	void *totals; /* domain->totals_size bytes */
};

/* A kind of command: one static row of a service. `view` and `effects` are the service's structs,
 * zeroed by the engine. */
struct command_kind {
	const char *name;
	/* The value that two commands share when they may touch the same order. Called with view
	 * NULL before the load; 0 then means that only the load can tell, and it is called again
	 * after it, where 0 means that it touches none. A peer's event tells before the load. */
	uint64_t (*conflict_key)(const struct job *job, const void *view);
	/* Sends what loads the view. */
	void (*load)(struct db *db, struct job *job, void *view);
	/* Pure. ERR_NONE, ERR_PAYMENT_DECLINED (which also has effects), or a refusal without
	 * effects. detail (ANSWER_DETAIL_SIZE bytes, "" before) may be filled for an error. */
	enum error (*decide)(const struct job *job, const void *view, void *effects, char *detail);
	/* Records the events and sends the rows of effects that write; may set what of the effects
	 * only the journal's numbers tell (awaits, resource). */
	void (*write)(const struct writing *to, const struct job *job, const void *view,
	              void *effects);
	/* Prints the answer's body: for ERR_NONE with status 200 or 202, and for
	 * ERR_PAYMENT_DECLINED with status 402. Also of dry runs, where nothing was written. NULL:
	 * nobody reads it, as with a peer's event. */
	void (*render)(const struct job *job, const void *effects, struct answer *answer);
	/* Prints what is stored with the idempotency key where that is not the whole answer: what
	 * the caller is told only once. NULL: it is the answer. It settles nothing then. */
	void (*render_stored)(const struct job *job, const void *effects, struct answer *answer);
	/* After the commit, where it wrote, instead of the domain's: a command that both services
	 * have, whose effects the domain does not know. NULL: the domain's. */
	void (*committed)(const struct job *job, const void *effects);
	/* As render, for the commands that waited for what effects->settles names, with the error
	 * effects->settled. NULL: it never settles anything. */
	void (*render_settled)(const struct job *job, const void *effects, struct answer *answer);
};

/* Every service's effects struct begins with this; filled by decide and write. */
struct effects {
	bool writes;    /* something changes */
	bool replayed;  /* answered by what is there already, with Idempotent-Replayed; then nothing
	                   is written */
	bool is_open;   /* the outcome is not known yet: 202 instead of 200 */
	bool keeps_key; /* a refusal that rests on an outcome which is still open: it is not stored,
	                   so its key stays free */
	struct text resource; /* the id that the answer is about; borrowed from effects, view or
	                         command */
	/* An outcome that is open has a number of the service's own. */
	int64_t awaits; /* whose outcome the answer waits for: see job->awaits; it is stored with
	                   the key, so that the answer can be stored anew when it is settled */
	bool awaits_asking; /* rather wants to run again once that was settled or asked for: the
	                       answer is then made anew. Its 202 is not stored. */
	int64_t settles;    /* whose outcome is known now */
	enum error settled; /* what its callers are told: ERR_NONE, ERR_PAYMENT_DECLINED, or a
	                       refusal that leaves the key free */
	int64_t asked;      /* what was asked for, and stays open */
	/* A refusal that rests on what was not heard of: with a peer, it is given only once
	 * job->peer_is_fresh; until then the command is kept, and runs again. */
	bool rests_on_unheard;
	int64_t heard; /* the peer was heard as of this ticket (engine_peer_ticket): who waits for
	                  that runs again */
	struct text redacts; /* the resource whose stored answers lose their bodies */
};

/* Views and effects of the commands that both services have fit in this. */
#define COMMON_SIZE_MAX 512

/* What the engine knows of a service. */
struct domain {
	size_t view_size, effects_size; /* of its own commands; see domain_view_size */
	struct hash_index *index;       /* of its rows that are found by a hash; NULL: none */
	size_t totals_size; /* what the commands of one batch add up; zeroed before each attempt */
	/* After the last write of a batch: sends the totals. NULL: there are none. */
	void (*write_totals)(struct db *db, const void *totals);
	/* After the commit, for each command that wrote: metrics. */
	void (*committed)(const struct job *job, const void *effects);
};

/* What any command needs, also one that both services have. */
static inline size_t domain_view_size(const struct domain *domain)
{
	return domain->view_size > COMMON_SIZE_MAX ? domain->view_size : COMMON_SIZE_MAX;
}

static inline size_t domain_effects_size(const struct domain *domain)
{
	return domain->effects_size > COMMON_SIZE_MAX ? domain->effects_size : COMMON_SIZE_MAX;
}

#endif
