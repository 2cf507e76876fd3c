/* peer_commands.c - see peer_commands.h. */
#include "runtime/peer_commands.h"

uint64_t peer_conflict_key(const struct job *job, const void *view)
{
	(void)job;
	(void)view;
	return 0;
}

void peer_load_nothing(struct db *db, struct job *job, void *view)
{
	(void)db;
	(void)job;
	(void)view;
}

static enum error decide_nothing(const struct job *job, const void *view, void *effects,
                                 char *detail)
{
	(void)job;
	(void)view;
	(void)effects;
	(void)detail;
	return ERR_NONE;
}

static enum error decide_unreadable(const struct job *job, const void *view, void *effects,
                                    char *detail)
{
	(void)job;
	(void)view;
	(void)effects;
	(void)detail;
	return ERR_INVALID_REQUEST;
}

static enum error decide_to_write(const struct job *job, const void *view, void *effects,
                                  char *detail)
{
	(void)job;
	(void)view;
	(void)detail;
	((struct effects *)effects)->writes = true;
	return ERR_NONE;
}

static enum error decide_heard(const struct job *job, const void *view, void *effects, char *detail)
{
	(void)view;
	(void)detail;
	((struct effects *)effects)->heard = ((const struct peer_command *)job->command)->ticket;
	return ERR_NONE;
}

static void write_place(const struct writing *to, const struct job *job, const void *view,
                        void *effects)
{
	(void)view;
	(void)effects;
	peer_write_place(to->db, &((const struct peer_command *)job->command)->place);
}

static void write_rollback(const struct writing *to, const struct job *job, const void *view,
                           void *effects)
{
	(void)view;
	(void)effects;
	peer_write_rollback(to->db, &((const struct peer_command *)job->command)->place);
}

static void not_counted(const struct job *job, const void *effects)
{
	(void)job;
	(void)effects;
}

#define KIND(name_, decide_, write_) \
	{ \
		.name = name_, .conflict_key = peer_conflict_key, .load = peer_load_nothing, \
		.decide = decide_, .write = write_, .committed = not_counted \
	}

const struct command_kind peer_skip_kind = KIND("peer_skip", decide_nothing, NULL);
const struct command_kind peer_unreadable_kind = KIND("peer_unreadable", decide_unreadable, NULL);
const struct command_kind peer_place_kind = KIND("peer_place", decide_to_write, write_place);
const struct command_kind peer_rollback_kind =
	KIND("peer_rollback", decide_to_write, write_rollback);
const struct command_kind peer_heard_kind = KIND("peer_heard", decide_heard, NULL);
