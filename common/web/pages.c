/* pages.c - health, metrics, version and the pages that explain errors. */
#include "web/pages.h"

#include "base/problem.h"
#include "runtime/metrics.h"

enum error healthz_run(struct request *request, struct db *db)
{
	(void)db;
	buf_add_str(&request->job.answer.body, "{\"status\":\"ok\"}");
	return ERR_NONE;
}

/* The checks in the order in which they are told; the first that fails names the problem. */
enum error readyz_run(struct request *request, struct db *db)
{
	const struct api *api = request->api;
	struct answer *answer = &request->job.answer;
	const struct follower *follower = api_settings(api)->follower;
	const char *trouble = follower_trouble(follower);
	const struct {
		const char *name;
		bool passes;
		enum error error;
		const char *detail;
	} checks[] = {
		{"storage", engine_is_healthy(api_settings(api)->engine), ERR_STORAGE_UNAVAILABLE,
	         "The check storage fails: the store is being recovered; see the log."},
		{"rollback", !follower_is_rolled_back(follower), ERR_ROLLED_BACK,
	         "The check rollback fails: this store went back; reconcile, then POST "
	         "/peer/accept."},
		{"peer", !follower_is_catching_up(follower), ERR_PEER_LAGGING,
	         "The check peer fails: the peer's journal is being caught up with."},
		{"serving", api_is_ready(api) && !api_is_draining(api), ERR_SHUTTING_DOWN,
	         "The check serving fails: the service is starting or stopping."},
	};

	(void)db;
	for (size_t i = 0; i < ARRAY_LEN(checks); i++) {
		if (checks[i].passes)
			continue;
		answer->error = checks[i].error;
		answer->status = error_row(checks[i].error)->status;
		problem_open(&answer->body, checks[i].error, checks[i].detail,
		             text_of(request->request_id));
		json_member_str(&answer->body, "check", checks[i].name);
		json_close(&answer->body, '}');
		return ERR_NONE;
	}
	json_open(&answer->body, '{');
	json_member_str(&answer->body, "status", trouble == NULL ? "ready" : "degraded");
	if (trouble != NULL)
		json_member_str(&answer->body, "check", trouble);
	json_close(&answer->body, '}');
	return ERR_NONE;
}

enum error metrics_run(struct request *request, struct db *db)
{
	const struct api_settings *settings = api_settings(request->api);

	if (settings->read_metrics != NULL)
		settings->read_metrics(db, settings->currency);
	request->job.answer.body.bytes_max = BODY_LIST_BYTES_MAX;
	metrics_print(&request->job.answer.body);
	return ERR_NONE;
}

enum error version_run(struct request *request, struct db *db)
{
	struct buf *out = &request->job.answer.body;

	(void)db;
	json_open(out, '{');
	json_member_str(out, "service", api_settings(request->api)->service);
	json_member_str(out, "version", version_number);
	json_member_str(out, "commit", version_commit);
	json_close(out, '}');
	return ERR_NONE;
}

bool problem_name_is_valid(struct text name)
{
	char slug[PATH_ID_MAX + 1];

	text_copy(name, slug, sizeof(slug));
	return error_by_slug(slug) != ERR_NONE;
}

/* The table's texts hold no character that HTML would take for markup. */
enum error problems_run(struct request *request, struct db *db)
{
	const struct error_row *row = error_row(error_by_slug(request->path_id));

	(void)db;
	buf_addf(&request->job.answer.body,
	         "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n"
	         "<meta name=\"viewport\" content=\"width=device-width\">\n<title>%s</title>\n"
	         "<style>body{font:1.1rem/1.5 sans-serif;max-width:40rem;margin:3rem "
	         "auto;padding:0 1rem}</style>\n"
	         "<h1>%s</h1>\n<p>%s</p>\n<dl>\n<dt>Problem "
	         "type</dt><dd><code>/problems/%s</code></dd>\n"
	         "<dt>HTTP status</dt><dd>%d</dd>\n<dt>Same request "
	         "again</dt><dd>%s</dd>\n</dl>\n</html>\n",
	         row->title, row->title, row->detail, row->slug, row->status,
	         row->retryable ? "May succeed later. With the same Idempotency-Key it takes "
	                          "effect at most once."
	                        : "Will fail again. Change the request first.");
	return ERR_NONE;
}
