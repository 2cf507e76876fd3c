/* commands.c - audit, backup, restore-check, restore and migrate as commands: what they print, and
 * their exit status. The work is done in storage/. */
#include "web/commands.h"

#include "runtime/env.h"
#include "storage/backup.h"
#include "storage/backup_folder.h"
#include "storage/restore.h"
#include "web/remote.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define WHY_BYTES_MAX 4096

enum { EXIT_SOUND = 0, EXIT_FINDING = 1, EXIT_REFUSED = 2 };

static int refuse(const struct service *service, const struct buf *why)
{
	(void)fprintf(stderr, "%s: %s\n", service->name, buf_str(why));
	return EXIT_REFUSED;
}

static bool asks_service(const struct common_options *options)
{
	return options->service_url[0] != '\0';
}

static int print_lines(const struct audit *audit)
{
	struct buf text AUTO_BUF;

	buf_init(&text, AUDIT_REPORT_BYTES_MAX);
	audit_print(audit, &text);
	(void)fputs(buf_str(&text), stdout);
	return audit->findings_count == 0 ? EXIT_SOUND : EXIT_FINDING;
}

static int print_json(const struct audit *audit, const char *service, const char *source)
{
	struct buf text AUTO_BUF;

	buf_init(&text, AUDIT_REPORT_BYTES_MAX);
	audit_render(audit, service, source, &text);
	(void)puts(buf_str(&text));
	return audit->findings_count == 0 ? EXIT_SOUND : EXIT_FINDING;
}

static int audit_store(const struct service *service, const struct common_options *options,
                       bool as_json)
{
	struct store store;
	struct audit audit;
	struct buf why AUTO_BUF;

	buf_init(&why, WHY_BYTES_MAX);
	if (!store_open_reader(options->database_url, service->name, service->migrations,
	                       *service->migrations_count, &store, &why))
		return refuse(service, &why);
	audit_init(&audit);
	audit_all(&audit, &store, service->audit);
	int status =
		as_json ? print_json(&audit, service->name, store.source) : print_lines(&audit);
	audit_release(&audit);
	store_close(&store);
	return status;
}

static int audit_running(const struct service *service, const struct common_options *options,
                         bool as_json)
{
	struct buf text AUTO_BUF, why AUTO_BUF;
	bool is_sound;

	buf_init(&text, AUDIT_REPORT_BYTES_MAX);
	buf_init(&why, WHY_BYTES_MAX);
	if (!remote_audit(options, as_json, &text, &is_sound, &why))
		return refuse(service, &why);
	(void)fputs(buf_str(&text), stdout);
	return is_sound ? EXIT_SOUND : EXIT_FINDING;
}

int run_audit(const struct service *service, const struct common_options *options,
              const char *const *words)
{
	return asks_service(options) ? audit_running(service, options, words[0] != NULL)
	                             : audit_store(service, options, words[0] != NULL);
}

/* The file that a word names: itself, or in the folder it is a backup made now. */
static bool name_backup(const struct service *service, const char *word, char ret_file[PATH_MAX],
                        struct buf *why)
{
	char name[BACKUP_NAME_SIZE];

	if (!backup_folder_is(word))
		return backup_folder_path("", word, ret_file, why);
	backup_name(service->name, env_now_us(&env_system), name);
	return backup_folder_path(word, name, ret_file, why);
}

int run_backup(const struct service *service, const struct common_options *options,
               const char *const *words)
{
	char file[PATH_MAX];
	struct buf why AUTO_BUF;

	buf_init(&why, WHY_BYTES_MAX);
	if (!name_backup(service, words[0], file, &why))
		return refuse(service, &why);
	if (!(asks_service(options) ? remote_backup(options, file, &why)
	                            : backup_make(options->database_url, file, &why)))
		return refuse(service, &why);
	(void)printf("%s is written; check it: %s restore-check %s\n", file, service->name, file);
	if (backup_folder_is(words[0]) &&
	    !backup_folder_trim(words[0], service->name, options->backup_keep, &why))
		return refuse(service, &why);
	return EXIT_SOUND;
}

static struct restore_plan plan_of(const struct service *service,
                                   const struct common_options *options, const char *file)
{
	struct restore_plan plan = {.file = file,
	                            .url = options->database_url,
	                            .service = service->name,
	                            .migrations = service->migrations,
	                            .migrations_count = *service->migrations_count,
	                            .part = service->audit,
	                            .now_us = env_now_us(&env_system),
	                            .has_peer = options->peer_url[0] != '\0'};

	env_random(&env_system, plan.random, sizeof(plan.random));
	return plan;
}

/* The copy's audit, and where its last event must be as well. */
static bool check_backup(const struct restore_plan *plan, const struct common_options *options,
                         struct audit *audit, struct buf *why)
{
	const char *named = getenv("TMPDIR");
	struct restored restored;

	return restore_check(plan, named != NULL && named[0] != '\0' ? named : NULL, audit,
	                     &restored, why) &&
	       (!asks_service(options) || remote_check_chain(options, &restored.head, audit, why));
}

int run_restore_check(const struct service *service, const struct common_options *options,
                      const char *const *words)
{
	char file[PATH_MAX];
	struct audit audit;
	struct buf why AUTO_BUF;

	buf_init(&why, WHY_BYTES_MAX);
	if (!(backup_folder_is(words[0]) ? backup_folder_newest(words[0], service->name, file, &why)
	                                 : backup_folder_path("", words[0], file, &why)))
		return refuse(service, &why);
	const struct restore_plan plan = plan_of(service, options, file);
	audit_init(&audit);
	int status = check_backup(&plan, options, &audit, &why) ? print_lines(&audit)
	                                                        : refuse(service, &why);
	audit_release(&audit);
	return status;
}

static void print_next_steps(const struct service *service, const struct restored *restored)
{
	(void)printf("restored from event %" PRId64 "; the journal goes on with %s\n",
	             restored->head.seq, JOURNAL_RESTORED);
	if (restored->old_path[0] != '\0')
		(void)printf("the store that was here is now %s; keep it: what came after event "
		             "%" PRId64 " is only there\n",
		             restored->old_path, restored->head.seq);
	(void)printf("next: start %s, compare what is missing with the other service and the "
	             "processor, then make a new backup\n",
	             service->name);
}

int run_restore(const struct service *service, const struct common_options *options,
                const char *const *words)
{
	const struct restore_plan plan = plan_of(service, options, words[0]);
	struct restored restored;
	struct audit audit;
	struct buf why AUTO_BUF;
	int status;

	buf_init(&why, WHY_BYTES_MAX);
	audit_init(&audit);
	if (!restore_apply(&plan, &audit, &restored, &why)) {
		status = refuse(service, &why);
	} else {
		status = print_lines(&audit);
		if (status == EXIT_SOUND)
			print_next_steps(service, &restored);
		else
			(void)fprintf(stderr, "%s: %s is not restored: nothing was changed\n",
			              service->name, words[0]);
	}
	audit_release(&audit);
	return status;
}

static void print_applied(const char *part, const struct migration *migrations, size_t from,
                          size_t count)
{
	for (size_t i = from; i < count; i++)
		(void)printf("applied %s of %s\n", migrations[i].name, part);
}

int run_migrate(const struct service *service, const struct common_options *options,
                const char *const *words)
{
	const char *url = options->database_url;
	uint8_t random[STORE_RANDOM_BYTES];
	struct store store;
	struct buf why AUTO_BUF;

	(void)words;
	buf_init(&why, WHY_BYTES_MAX);
	env_random(&env_system, random, sizeof(random));
	if (!store_open(url, service->name, service->migrations, *service->migrations_count, random,
	                env_now_us(&env_system), &store, &why))
		return refuse(service, &why);
	print_applied("common", storage_migrations, store.common_schema_before,
	              storage_migrations_count);
	print_applied(service->name, service->migrations, store.service_schema_before,
	              *service->migrations_count);
	(void)printf("database %s has the schema of this program\n", db_file_path(url));
	store_close(&store);
	return EXIT_SOUND;
}
