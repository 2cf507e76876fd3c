/* audit_state.c - compares rows with events, in pages of finished statements. */
#include "storage/audit_state.h"

#include <stdio.h>
#include <string.h>

#include "base/time_text.h"

struct text audit_line_told(struct text line)
{
	static const char cause[] = ",\"" JOURNAL_CAUSE "\":{";
	const char *at = line.len < 2 ? NULL : memmem(line.ptr, line.len, cause, sizeof(cause) - 1);

	if (at != NULL)
		return (struct text){line.ptr, (size_t)(at - line.ptr)};
	return (struct text){line.ptr, line.len < 2 ? 0 : line.len - 2};
}

static bool line_has_data(struct text line, struct text data)
{
	static const char name[] = "\"data\":";
	struct text start = audit_line_told(line);
	size_t name_len = sizeof(name) - 1, tail = name_len + data.len - 1;

	return data.len > 0 && start.len > tail &&
	       memcmp(start.ptr + start.len - tail, name, name_len) == 0 &&
	       memcmp(start.ptr + start.len - tail + name_len, data.ptr, data.len - 1) == 0;
}

/* Events tell milliseconds. */
static bool is_time(struct text time, int64_t us)
{
	int64_t time_us;

	return time_parse(time, &time_us) && time_us / US_PER_MS == us / US_PER_MS;
}

static bool line_is_of(struct text line, int64_t us)
{
	struct json_doc AUTO_JSON doc = {0};
	const char *detail;
	size_t offset;

	return json_parse(line, &doc, &detail, &offset) &&
	       is_time(audit_member(doc.root, "time"), us);
}

/* What is wrong with the row but for its data, or NULL. */
static const char *row_fault(const struct audit_row *row)
{
	struct json_doc AUTO_JSON doc = {0};
	const char *detail;
	size_t offset;

	if (row->line.ptr == NULL)
		return "its last event is not in the journal";
	if (!json_parse(row->line, &doc, &detail, &offset))
		return "its last event is not well-formed";
	if (!text_equal(audit_member(doc.root, "subject"), row->subject))
		return "its last event is about another order";
	if (!is_time(audit_member(doc.root, "time"), row->updated_us))
		return "updated_us is not the time of its last event";
	if (row->first_line.ptr == NULL ? row->created_us != row->updated_us
	                                : !line_is_of(row->first_line, row->created_us))
		return "created_us is not the time of its first event";
	return NULL;
}

bool audit_row(struct audit *audit, const char *check, const char *where,
               const struct audit_row *row)
{
	const char *fault = row_fault(row);
	size_t shown = row->data.len < 200 ? row->data.len : 200;

	if (fault != NULL)
		audit_finding_amount(audit, check, where, row->amount_minor, row->currency, "%s",
		                     fault);
	else if (!line_has_data(row->line, row->data))
		audit_finding_amount(audit, check, where, row->amount_minor, row->currency,
		                     "the row says %.*s, its last event does not", (int)shown,
		                     row->data.ptr);
	else
		return true;
	return false;
}

struct pages {
	struct audit *audit;
	const struct store *store;
	audit_row_fn *each;
	int64_t key;
};

static void note_row(void *arg, const struct db_row *row)
{
	struct pages *pages = arg;

	pages->key = db_int(row, 0);
	pages->audit->rows_checked++;
	pages->each(pages->audit, pages->store, row);
}

enum db_result audit_pages(struct audit *audit, const struct store *store,
                           const struct statement *rows, audit_row_fn *each)
{
	struct pages pages = {audit, store, each, INT64_MIN};
	enum db_result result;
	int64_t after;

	do {
		after = pages.key;
		DB_SEND(store->db, rows, note_row, &pages, V_INT(after), V_INT(AUDIT_PAGE_ROWS));
		result = db_flush(store->db);
	} while (result == DB_OK && pages.key > after);
	return result;
}

/* The seqs of one page. */
struct seqs {
	size_t count;
	int64_t seq[AUDIT_PAGE_ROWS];
};

static void note_seq(void *arg, const struct db_row *row)
{
	struct seqs *seqs = arg;

	if (seqs->count < AUDIT_PAGE_ROWS) /* damaged rows may give one twice */
		seqs->seq[seqs->count++] = db_int(row, 0);
}

static void note_common(void *arg, const struct db_row *row)
{
	struct json_doc AUTO_JSON doc = {0};
	const char *detail;
	size_t offset;

	if (json_parse(db_text(row, 1), &doc, &detail, &offset))
		*(bool *)arg = journal_type_is_common(audit_member(doc.root, "type"));
}

static enum db_result tell_seq(struct audit *audit, struct db *db, const char *check,
                               const char *what, int64_t seq)
{
	bool is_common = false;
	char where[40];
	enum db_result result = journal_read(db, seq - 1, 1, note_common, &is_common);

	if (result != DB_OK || is_common)
		return result;
	(void)snprintf(where, sizeof(where), "journal seq %lld", (long long)seq);
	audit_finding(audit, check, where, "%s", what);
	return DB_OK;
}

enum db_result audit_seqs(struct audit *audit, struct db *db, const char *check, const char *what,
                          const struct statement *seqs)
{
	enum db_result result = DB_OK;

	for (int64_t after = 0; result == DB_OK && after < audit->head.seq;
	     after += AUDIT_PAGE_ROWS) {
		struct seqs page = {0};

		DB_SEND(db, seqs, note_seq, &page, V_INT(after), V_INT(after + AUDIT_PAGE_ROWS));
		result = db_flush(db);
		for (size_t i = 0; i < page.count && result == DB_OK; i++)
			result = tell_seq(audit, db, check, what, page.seq[i]);
	}
	return result;
}
