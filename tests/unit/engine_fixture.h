/* engine_fixture.h - an engine on a real store, the clocks and random bytes it is given, and a
 * small domain that shows what the engine does with commands: entries, which add amounts to
 * accounts. */
#ifndef UNIT_ENGINE_FIXTURE_H
#define UNIT_ENGINE_FIXTURE_H

#include "runtime/engine.h"
#include "unit/store_fixture.h"

#define KEY_TTL_US (72 * 3600 * US_PER_S)
#define OUTCOME_WAIT_US (5 * US_PER_S)

/* What fixture_env tells: the test's to change. */
struct world {
	int64_t now_us, monotonic_us;
	uint64_t drawn; /* random bytes count up, so that no two are alike */
};

extern struct world world;
extern const struct env fixture_env;

/* A store and its engine. */
struct rig {
	const char *url;         /* the test's; NULL before the first rig_open */
	int64_t outcome_wait_us; /* 0: OUTCOME_WAIT_US */
	int64_t peer_wait_us;    /* 0: there is no peer */
	struct store store;
	struct engine *engine;
};

/* Opens the test's store, the first time or again; must succeed. */
void rig_open(struct rig *rig, const struct domain *domain, const struct env *env,
              const struct migration *migrations, size_t count);
void rig_close(struct rig *rig);
/* Gives the jobs to the engine as the writer does, what is postponed first, until all have their
 * answer. Returns how many batches that took. */
size_t rig_run(struct rig *rig, struct job *const *jobs, size_t count);
/* Fails the test where the journal does not verify. */
void rig_check_journal(struct rig *rig);
/* What someone with a database tool sees and can do: the one number that a query gives, and a
 * script run behind the engine's back. */
int64_t rig_number(const struct rig *rig, const char *sql);
void rig_tamper(const struct rig *rig, const char *sql);

/* A job as a submitter prepares it: no key, no deadline in sight. */
void job_init(struct job *job, const struct command_kind *kind, const void *command);
/* Both borrowed; what is fingerprinted stands for the request. */
void job_set_key(struct job *job, const struct rig *rig, const char *caller, const char *key,
                 const char *fingerprinted);
void job_release(struct job *job);
/* Fails the test where the job's answer is another. */
void job_check(const struct job *job, int status, enum error error, bool replayed);
/* Whether the body holds this. */
bool job_says(const struct job *job, const char *part);

/* ---- entries ---- */

#define ENTRY_AMOUNT_MAX 50 /* above it the table's CHECK refuses the row */
#define ENTRY_TOTAL_MAX 100 /* above it the decision refuses: 409, stored with a key */
#define ENTRY_NONE 0        /* this amount the decision refuses with 404, not stored */
#define ENTRY_UNHEARD (-1)  /* likewise, and that rests on what was not heard of */

struct entry {
	struct job job;
	const char *name;
	uint64_t account;
	int64_t amount;
	bool is_found_by_load; /* only the load tells its account */
};

extern const struct migration entry_migrations[1];
extern const struct command_kind entry_kind;
extern const struct domain entry_domain;
/* Called where the engine tells of a committed entry; NULL: nothing. */
extern void (*entry_committed)(const struct entry *entry);

void entries_open(struct rig *rig, const struct env *env);
/* The answer to an entry holds how many there are in the account and their total. */
void entry_init(struct entry *entry, const char *name, uint64_t account, int64_t amount);
size_t entries_run(struct rig *rig, struct entry *entries, size_t count);
/* How often the entry is there. */
int64_t entry_count(const struct rig *rig, const char *name);
/* Fails the test where the journal does not verify, or entries and events are not each other's. */
void entries_check(struct rig *rig);

#endif
