/* pages.h - the runs of the common endpoints, one file each; common.c holds their rows. */
#ifndef WEB_PAGES_H
#define WEB_PAGES_H

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

enum error audit_run(struct request *request, struct db *db);
enum error backup_run(struct request *request, struct db *db);
/* What they show of the store at this url, borrowed for ever; before any thread starts. */
void upkeep_register_metrics(const char *database_url);
/* Removes what a GET /backup has left that a crash cut off. With the directory's lock. */
void upkeep_clean(const char *database_url);

/* "0.1.0" and the commit it was built from. */
extern const char version_number[];
extern const char version_commit[];

#endif
