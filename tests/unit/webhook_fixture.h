/* webhook_fixture.h - commands about webhook endpoints on the store and engine of engine_fixture.h,
 * whose domain knows nothing of them. */
#ifndef UNIT_WEBHOOK_FIXTURE_H
#define UNIT_WEBHOOK_FIXTURE_H

#include "runtime/webhook_commands.h"
#include "unit/engine_fixture.h"

#define WEBHOOK_URL "https://hooks.example/path?token=hidden"

extern struct rig rig;

void webhook_rig_open(void);
void webhook_rig_close(void);
/* The id of the n-th endpoint: they sort by n. */
const char *webhook_id(int n);
/* Executes a command about the n-th endpoint. types NULL: all. key NULL: none. The caller releases
 * the job. */
void webhook_do(struct job *job, const struct command_kind *kind, int n, const char *types,
                const char *key);
/* The same, which must succeed; nothing is left to release. */
void webhook_must(const struct command_kind *kind, int n, const char *types);
/* Adds so many events of the service's own, "entry.added". */
void webhook_add_events(int count);

#endif
