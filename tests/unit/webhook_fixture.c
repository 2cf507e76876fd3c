/* webhook_fixture.c - see webhook_fixture.h. */
#include "unit/webhook_fixture.h"

#include <stdio.h>
#include <string.h>

struct rig rig;

void webhook_rig_open(void)
{
	rig = (struct rig){.url = NULL};
	entries_open(&rig, &fixture_env);
}

void webhook_rig_close(void)
{
	rig_check_journal(&rig);
	rig_close(&rig);
}

const char *webhook_id(int n)
{
	static char id[ID_SIZE];

	(void)snprintf(id, sizeof(id), "whe_%026d", n);
	return id;
}

void webhook_do(struct job *job, const struct command_kind *kind, int n, const char *types,
                const char *key)
{
	struct webhook_command command = {.url = TEXT_LITERAL(WEBHOOK_URL)};

	text_copy(text_of(webhook_id(n)), command.webhook_id, ID_SIZE);
	if (types != NULL)
		command.types = text_of(types);
	env_random(&fixture_env, command.secret.bytes, WEBHOOK_SECRET_BYTES);
	job_init(job, kind, &command);
	if (key != NULL)
		job_set_key(job, &rig, "", key, kind->name);
	(void)rig_run(&rig, &job, 1);
	job->command = NULL; /* it is gone */
}

void webhook_must(const struct command_kind *kind, int n, const char *types)
{
	struct job job;

	webhook_do(&job, kind, n, types, NULL);
	job_check(&job, 200, ERR_NONE, false);
	job_release(&job);
}

void webhook_add_events(int count)
{
	struct entry entry;

	for (int i = 0; i < count; i++) {
		entry_init(&entry, "event", (uint64_t)world.drawn | 1, 1);
		(void)entries_run(&rig, &entry, 1);
		job_check(&entry.job, 200, ERR_NONE, false);
		job_release(&entry.job);
	}
}
