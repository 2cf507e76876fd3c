/* webhook_commands.h - the commands about webhook endpoints, which both services have: those of
 * operators, and the courier's notes. */
#ifndef RUNTIME_WEBHOOK_COMMANDS_H
#define RUNTIME_WEBHOOK_COMMANDS_H

#include "base/field.h"
#include "runtime/job.h"
#include "storage/webhooks.h"

/* How long the secret before signs too: a day to bring the new one to every receiver. */
#define WEBHOOK_ROTATION_US (24 * 3600 * US_PER_S)

/* Of an operator. */
struct webhook_command {
	char webhook_id[ID_SIZE];     /* create: the new one's */
	struct text url, types;       /* create */
	struct webhook_secret secret; /* create, rotate: the new one */
};

/* What the courier has come to with an endpoint. */
struct webhook_note {
	char webhook_id[ID_SIZE];
	int64_t from_place, place;
	/* The rest counts only where no operator has changed the endpoint since this event. */
	int64_t changed_seq;
	int64_t attempts;
	int64_t next_us;
	char error[WEBHOOK_ERROR_SIZE]; /* "": none */
	int status, reason;
};

/* job.command is a struct webhook_command. */
extern const struct command_kind webhook_create_kind, webhook_delete_kind, webhook_enable_kind,
	webhook_rotate_kind;
/* A struct webhook_note. ERR_NOT_FOUND: it was deleted; ERR_INVALID_STATE: its place is another. */
extern const struct command_kind webhook_note_kind;

/* An endpoint as it is shown; a struct webhook. */
extern const struct field webhook_fields[];
/* And with its secret, which only the first answer has; a struct webhook_told. */
struct webhook_told {
	struct webhook webhook;
	char secret[WEBHOOK_SECRET_TEXT_SIZE]; /* "": not told again */
};
extern const struct field webhook_told_fields[];
/* What DELETE answers. */
extern const struct field webhook_deleted_fields[];

/* How many changes by operators were committed since the start. Any thread. */
int64_t webhook_changes(void);

#endif
