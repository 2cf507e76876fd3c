/* audit_state.c - compares rows with events, in pages of finished statements. */
#include "storage/audit_state.h"

#include <stdio.h>
#include <string.h>

/* The stored line ends with its data: `..."data":{...}}`. */
static bool line_has_data(struct text line, struct text data)
{
	static const char name[] = "\"data\":";
	size_t name_len = sizeof(name) - 1, tail = name_len + data.len + 1;

	return line.len > tail && memcmp(line.ptr + line.len - tail, name, name_len) == 0 &&
	       memcmp(line.ptr + line.len - 1 - data.len, data.ptr, data.len) == 0;
}

static bool line_has_subject(struct text line, struct text subject)
{
	struct json_doc AUTO_JSON doc = {0};
	const cJSON *member;
	const char *detail;
	size_t offset;

	if (!json_parse(line, &doc, &detail, &offset))
		return false;
	member = json_member(doc.root, "subject");
	return cJSON_IsString(member) && text_equal(text_of(member->valuestring), subject);
}

void audit_row(struct audit *audit, const char *check, const char *where, struct text line,
               struct text subject, struct text data)
{
	audit->rows_checked++;
	if (line.ptr == NULL)
		audit_finding(audit, check, where, "its last event is not in the journal");
	else if (!line_has_subject(line, subject))
		audit_finding(audit, check, where, "its last event is about another order");
	else if (!line_has_data(line, data))
		audit_finding(audit, check, where, "the row says %.*s, its last event does not",
		              (int)(data.len < 200 ? data.len : 200), data.ptr);
}

enum db_result audit_pages(struct db *db, const struct statement *rows, db_row_fn *row, void *arg,
                           const int64_t *key)
{
	enum db_result result;
	int64_t after;

	do {
		after = *key;
		DB_SEND(db, rows, row, arg, V_INT(after), V_INT(AUDIT_PAGE_ROWS));
		result = db_flush(db);
	} while (result == DB_OK && *key > after);
	return result;
}

struct seqs {
	struct audit *audit;
	const char *check, *what;
};

static void note_seq(void *arg, const struct db_row *row)
{
	const struct seqs *seqs = arg;
	char where[40];

	(void)snprintf(where, sizeof(where), "journal seq %lld", (long long)db_int(row, 0));
	audit_finding(seqs->audit, seqs->check, where, "%s", seqs->what);
}

enum db_result audit_seqs(struct audit *audit, struct db *db, const char *check, const char *what,
                          const struct statement *seqs)
{
	struct seqs arg = {audit, check, what};
	enum db_result result = DB_OK;

	for (int64_t after = 0; result == DB_OK && after < audit->head.seq;
	     after += AUDIT_PAGE_ROWS) {
		DB_SEND(db, seqs, note_seq, &arg, V_INT(after), V_INT(after + AUDIT_PAGE_ROWS));
		result = db_flush(db);
	}
	return result;
}

static const struct statement stray_links = {
	"SELECT j.seq FROM journal j LEFT JOIN journal p ON p.seq = j.order_prev_seq "
	"WHERE j.seq > $1 AND j.seq <= $2 AND j.order_prev_seq > 0 AND (p.seq IS NULL OR "
	"json_extract(p.line, '$.subject') IS NOT json_extract(j.line, '$.subject'))",
	NULL};

enum db_result audit_links(struct audit *audit, struct db *db)
{
	return audit_seqs(audit, db, "journal-links",
	                  "its order_prev_seq is not an event of its order", &stray_links);
}
