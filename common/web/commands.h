/* commands.h - the commands beside serve: audit, backup, restore-check, restore, migrate, which
 * work on a store; reconcile and healthcheck, which ask running services; key. service.c has their
 * rows. */
#ifndef WEB_COMMANDS_H
#define WEB_COMMANDS_H

#include "web/service.h"

#define COMMAND_WORDS_MAX 2

/* Returns the exit status. options is the service's struct, filled, or NULL; words are the
 * COMMAND_WORDS_MAX that come after the command's name, NULL where there is none. */
typedef int command_fn(const struct service *service, const struct common_options *options,
                       const char *const *words);

/* 0; 1: a finding; 2: wrong use, or it could not be tried. */
command_fn run_audit, run_backup, run_restore_check, run_restore, run_migrate;
/* 0; 1: a difference; 2: wrong use, or a service could not be read. In reconcile.c. */
command_fn run_reconcile;
/* 0; 1: the service on this machine is not well, or does not answer. In healthcheck.c. */
command_fn run_healthcheck;
/* 0; 2: wrong use. In key_command.c. */
command_fn run_key;

#endif
