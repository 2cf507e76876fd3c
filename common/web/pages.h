/* pages.h - the runs of the common endpoints, one file each; common.c holds their rows. */
#ifndef WEB_PAGES_H
#define WEB_PAGES_H

#include "runtime/webhook_commands.h"
#include "web/api.h"

enum error healthz_run(struct request *request, struct db *db);
enum error readyz_run(struct request *request, struct db *db);
enum error metrics_run(struct request *request, struct db *db);
enum error version_run(struct request *request, struct db *db);
enum error problems_run(struct request *request, struct db *db);
bool problem_name_is_valid(struct text name);
enum error openapi_run(struct request *request, struct db *db);

struct events_input {
	int64_t after, limit, wait_s;
	struct text types;
};

extern const struct field events_query[];
bool events_waits(struct request *request);
enum error events_run(struct request *request, struct db *db);

struct accept_input {
	int64_t seq;
	const char *service;
	struct follower *follower;
	/* As the peer last told. */
	int64_t peer_head; /* -1: it has not */
	bool is_broken;    /* its journal is not followed */
};

extern const struct field accept_body[];
enum error accept_prepare(struct request *request, struct field_errors *errors);

enum error audit_run(struct request *request, struct db *db);
enum error backup_run(struct request *request, struct db *db);
/* What they show of the store at this url, borrowed for ever; before any thread starts. */
void upkeep_register_metrics(const char *database_url);
/* Removes what a GET /backup has left that a crash cut off. With the directory's lock. */
void upkeep_clean(const char *database_url);

/* What there is of the service as a whole, for its metrics; borrowed for ever. */
struct status {
	const char *service;
	int64_t started_us;
	const struct engine *engine;
	const struct follower *follower;
	const _Atomic bool *files_are_right;
};
/* Before any thread starts. */
void status_register_metrics(const struct status *of);

struct webhooks_input {
	int64_t limit;
	struct text after;
};

/* The first fills a struct webhook_command. */
extern const struct field webhook_create_fields[], webhooks_query[];
enum error webhook_create_prepare(struct request *request, struct field_errors *errors);
enum error webhook_delete_prepare(struct request *request, struct field_errors *errors);
enum error webhook_enable_prepare(struct request *request, struct field_errors *errors);
enum error webhook_rotate_prepare(struct request *request, struct field_errors *errors);
enum error webhooks_run(struct request *request, struct db *db);
bool webhook_id_is_valid(struct text id);

/* "0.1.0" and the commit it was built from. */
extern const char version_number[];
extern const char version_commit[];

#endif
