/* remote.c - GET /audit, /backup and /events, asked by a command (remote.h). */
#include "web/remote.h"

#include "base/json.h"
#include "storage/backup.h"
#include "storage/restore.h"
#include "web/ask.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define JSON_TYPE "application/json"
#define PROBLEM_BYTES_MAX 65536               /* all that is read of a refusal */
#define LONG_TIMEOUT_US (4 * 3600 * US_PER_S) /* of an audit or a backup of a large store */
#define EVENT_TIMEOUT_US (30 * US_PER_S)
#define EVENT_BYTES_MAX (2 << 20) /* as a page of /events */

/* ---- audit ---- */

static struct text member(const cJSON *object, const char *name)
{
	const cJSON *found = json_member(object, name);

	return cJSON_IsString(found) ? text_of(found->valuestring) : TEXT_LITERAL("");
}

static struct text number(const struct json_doc *doc, const char *name)
{
	const cJSON *found = json_member(doc->root, name);

	return cJSON_IsNumber(found) ? json_number_text(doc, found) : TEXT_LITERAL("?");
}

static void add_findings(const struct json_doc *doc, const char *list, struct buf *out)
{
	const cJSON *finding;

	cJSON_ArrayForEach (finding, json_member(doc->root, list)) {
		const cJSON *amount = json_member(finding, "amount");

		buf_add_text(out, member(finding, "check"));
		buf_add_str(out, ": ");
		buf_add_text(out, member(finding, "where"));
		buf_add_str(out, ": ");
		buf_add_text(out, member(finding, "detail"));
		if (cJSON_IsNumber(amount)) {
			buf_add_str(out, " (");
			buf_add_text(out, json_number_text(doc, amount));
			buf_add_char(out, ' ');
			buf_add_text(out, member(finding, "currency"));
			buf_add_char(out, ')');
		}
		buf_add_char(out, '\n');
	}
}

/* As audit_print() does. */
static void add_lines(const struct json_doc *doc, struct buf *out)
{
	add_findings(doc, "findings", out);
	add_findings(doc, "stuck", out);
	buf_add_text(out, number(doc, "events_checked"));
	buf_add_str(out, " events and ");
	buf_add_text(out, number(doc, "rows_checked"));
	buf_add_str(out, " rows checked, head ");
	buf_add_text(out, number(doc, "head_seq"));
	buf_add_str(out, ": ");
	buf_add_text(out, number(doc, "findings_count"));
	buf_add_str(out, " findings\n");
}

bool remote_audit(const struct common_options *options, bool as_json, struct buf *ret_text,
                  bool *ret_ok, struct buf *why)
{
	struct ask ask AUTO_ASK = {0};
	struct json_doc doc AUTO_JSON = {0};
	struct buf body AUTO_BUF;
	const char *detail;
	size_t offset;

	buf_init(&body, AUDIT_REPORT_BYTES_MAX);
	if (!ask_open(&ask, options, JSON_TYPE, AUDIT_REPORT_BYTES_MAX, why) ||
	    !ask_get(&ask, "/audit", LONG_TIMEOUT_US, why))
		return false;
	fetch_swap_body(ask.fetch, &body);
	if (!json_parse(buf_text(&body), &doc, &detail, &offset)) {
		buf_addf(why, "the answer is no report: %s", detail);
		return false;
	}
	*ret_ok = cJSON_IsTrue(json_member(doc.root, "ok"));
	if (as_json) {
		buf_add_text(ret_text, buf_text(&body));
		buf_add_char(ret_text, '\n');
	} else {
		add_lines(&doc, ret_text);
	}
	return true;
}

/* ---- backup ---- */

static bool download(void *arg, const char *path, int fd, struct buf *why)
{
	struct ask *ask = arg;

	(void)path;
	fetch_into(ask->fetch, fd);
	return ask_get(ask, "/backup", LONG_TIMEOUT_US, why);
}

bool remote_backup(const struct common_options *options, const char *file, struct buf *why)
{
	struct ask ask AUTO_ASK = {0};

	return ask_open(&ask, options, "*/*", PROBLEM_BYTES_MAX, why) &&
	       backup_write(file, download, &ask, why);
}

/* ---- the live chain ---- */

bool remote_check_chain(const struct common_options *options, const struct journal_head *head,
                        struct audit *audit, struct buf *why)
{
	struct ask ask AUTO_ASK = {0};
	struct buf line AUTO_BUF;
	char path[64];
	struct hash hash;

	buf_init(&line, EVENT_BYTES_MAX);
	if (head->seq == 0)
		return true;
	(void)snprintf(path, sizeof(path), "/events?after=%" PRId64 "&limit=1", head->seq - 1);
	if (!ask_open(&ask, options, "application/x-ndjson", EVENT_BYTES_MAX, why) ||
	    !ask_get(&ask, path, EVENT_TIMEOUT_US, why))
		return false;
	fetch_swap_body(ask.fetch, &line);
	size_t len = strcspn(buf_str(&line), "\n");
	hash_sha256(buf_str(&line), len, &hash);
	restore_compare(audit, head, len == 0 ? NULL : &hash);
	return true;
}
