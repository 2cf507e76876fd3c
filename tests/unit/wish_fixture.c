/* wish_fixture.c - see wish_fixture.h. */
#include "unit/wish_fixture.h"

const struct migration wish_migrations[1] = {
	{.number = 1,
         .name = "0001-wishes",
         .sql = "CREATE TABLE wishes (number INTEGER PRIMARY KEY, is_open INTEGER NOT NULL) STRICT;"
                "CREATE TABLE notes (name TEXT NOT NULL) STRICT;"
                "CREATE TABLE totals (count INTEGER NOT NULL) STRICT;"},
};

static const struct statement wish_get = {"SELECT is_open FROM wishes WHERE number = $1", NULL};
static const struct statement wish_add = {"INSERT INTO wishes (number, is_open) VALUES ($1, 1)",
                                          NULL};
static const struct statement wish_end = {"UPDATE wishes SET is_open = 0 WHERE number = $1", NULL};
static const struct statement note_add = {"INSERT INTO notes (name) VALUES ($1)", NULL};
static const struct statement totals_add = {"INSERT INTO totals (count) VALUES ($1)", NULL};

struct wish_view {
	bool is_open;
};

struct wish_totals {
	int64_t count; /* of commands that wrote */
};

/* A number that no wish has stands for an order of its own. */
static uint64_t conflict_key(const struct job *job, const void *view)
{
	const struct wish *wish = job->command;

	(void)view;
	return wish->number != 0 ? (uint64_t)wish->number : (uint64_t)(uintptr_t)wish;
}

static void note_wish(void *arg, const struct db_row *row)
{
	((struct wish_view *)arg)->is_open = db_int(row, 0) != 0;
}

static void load(struct db *db, struct job *job, void *view)
{
	DB_SEND(db, &wish_get, note_wish, view, V_INT(((const struct wish *)job->command)->number));
}

static enum error decide(const struct job *job, const void *view, void *ret_effects, char *detail)
{
	const struct wish *wish = job->command;
	bool is_open = ((const struct wish_view *)view)->is_open;
	struct effects *effects = ret_effects;

	(void)detail;
	effects->resource = text_of(wish->name);
	switch (wish->what) {
	case WISH_OPEN: effects->writes = effects->is_open = true; break;
	case WISH_ASK:
	case WISH_AGAIN:
		effects->replayed = wish->what == WISH_AGAIN;
		effects->awaits_asking = wish->what == WISH_ASK;
		effects->is_open = is_open;
		effects->awaits = is_open ? wish->number : 0;
		break;
	case WISH_SETTLE:
		effects->writes = true;
		effects->settles = wish->number;
		effects->settled = wish->settled;
		break;
	case WISH_LOOKED_AT: effects->asked = wish->number; break;
	case WISH_REDACT:
		effects->writes = true;
		effects->redacts = text_of(wish->name);
		break;
	case WISH_NOTE: effects->writes = true; break;
	case WISH_BUSY: effects->keeps_key = true; return ERR_INVALID_STATE;
	case WISH_TAKEN: return ERR_INVALID_STATE;
	}
	return ERR_NONE;
}

static void write(const struct writing *to, const struct job *job, const void *view, void *effects)
{
	const struct wish *wish = job->command;
	const struct event event = {.type = "wish.changed",
	                            .subject = text_of(wish->name),
	                            .data = TEXT_LITERAL("{}"),
	                            .order_prev_seq = wish->number};
	int64_t seq;

	(void)view;
	((struct wish_totals *)to->totals)->count++;
	if (wish->what == WISH_NOTE || wish->what == WISH_REDACT) {
		DB_SEND(to->db, &note_add, NULL, NULL, v_str(wish->name));
		return;
	}
	seq = journal_add(to->journal, &event, job->now_us, job->random);
	if (wish->what == WISH_OPEN) {
		((struct effects *)effects)->awaits = seq;
		DB_SEND(to->db, &wish_add, NULL, NULL, V_INT(seq));
	} else {
		DB_SEND(to->db, &wish_end, NULL, NULL, V_INT(wish->number));
	}
}

static void render(const struct job *job, const void *effects, struct answer *answer)
{
	const struct wish *wish = job->command;

	buf_addf(&answer->body, "{\"wish\":\"%s\",\"open\":%s%s}", wish->name,
	         ((const struct effects *)effects)->is_open ? "true" : "false",
	         job->dry_run ? ",\"dry_run\":true" : "");
}

static void render_settled(const struct job *job, const void *effects, struct answer *answer)
{
	buf_addf(&answer->body, "{\"granted\":\"%s\",\"number\":%lld}",
	         answer->error == ERR_NONE ? "yes" : "no",
	         (long long)((const struct effects *)effects)->settles);
	(void)job;
}

static const struct command_kind wish_kind = {
	.name = "wish",
	.conflict_key = conflict_key,
	.load = load,
	.decide = decide,
	.write = write,
	.render = render,
	.render_settled = render_settled,
};

static void write_totals(struct db *db, const void *totals)
{
	DB_SEND(db, &totals_add, NULL, NULL, V_INT(((const struct wish_totals *)totals)->count));
}

static void committed(const struct job *job, const void *effects)
{
	(void)job;
	(void)effects;
}

const struct domain wish_domain = {
	.view_size = sizeof(struct wish_view),
	.effects_size = sizeof(struct effects),
	.totals_size = sizeof(struct wish_totals),
	.write_totals = write_totals,
	.committed = committed,
};

void wishes_open(struct rig *rig, const struct env *env)
{
	rig_open(rig, &wish_domain, env, wish_migrations, ARRAY_LEN(wish_migrations));
}

void wish_init(struct wish *wish, enum wish_kind what, const char *name, int64_t number)
{
	*wish = (struct wish){.what = what, .name = name, .number = number};
	job_init(&wish->job, &wish_kind, wish);
}

void wish_run(struct rig *rig, struct wish *wish)
{
	struct job *jobs[] = {&wish->job};

	(void)rig_run(rig, jobs, 1);
}
