/* audit.c - the checks that hold for any service: storage integrity and the journal's chain. Reads
 * only. Invariants: each page is one finished statement, so the daemon's checkpoints are never held
 * up; one damage gives one or two findings, since the walk goes on from what is stored. */
#include "storage/audit.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/time_text.h"

#define WHERE_SIZE sizeof("journal seq -9223372036854775808")

#define CHECK_STORAGE "storage"
#define CHECK_CHAIN "journal-chain"

static const struct statement integrity_check = {.sql = "PRAGMA integrity_check(100)"};
static const struct statement foreign_key_check = {.sql = "PRAGMA foreign_key_check"};
/* The head and the last line as of one moment. */
static const struct statement head_and_last = {
	.sql = "SELECT seq, hash, time_us, (SELECT coalesce(max(seq), 0) FROM journal) "
	       "FROM journal_head WHERE id = 1",
};

void audit_init(struct audit *audit)
{
	*audit = (struct audit){0};
}

void audit_release(struct audit *audit)
{
	free(audit->findings);
	free(audit->stuck);
	audit_init(audit);
}

static size_t kept(const struct finding *rows, int64_t count)
{
	if (rows == NULL)
		return 0;
	return count < AUDIT_FINDINGS_MAX ? (size_t)count : AUDIT_FINDINGS_MAX;
}

size_t audit_findings_kept(const struct audit *audit)
{
	return kept(audit->findings, audit->findings_count);
}

size_t audit_stuck_kept(const struct audit *audit)
{
	return kept(audit->stuck, audit->stuck_count);
}

/* What a damaged row held must break neither JSON nor a terminal. */
static void make_printable(char *text)
{
	for (; *text != '\0'; text++)
		if (*text < ' ' || *text > '~')
			*text = '?';
}

/* A new row of *rows, which is counted in *count. NULL: it is only counted; without memory, none is
 * kept. */
static struct finding *finding_new(struct finding **rows, int64_t *count, const char *check,
                                   const char *where)
{
	int64_t at = (*count)++;
	struct finding *finding;

	if (at == 0)
		*rows = calloc(AUDIT_FINDINGS_MAX, sizeof(**rows));
	if (at >= AUDIT_FINDINGS_MAX || *rows == NULL)
		return NULL;
	finding = &(*rows)[at];
	finding->check = check;
	(void)snprintf(finding->where, FINDING_WHERE_SIZE, "%s", where);
	make_printable(finding->where);
	return finding;
}

printf_like(4, 0) static void finding_describe(struct finding *finding, int64_t amount_minor,
                                               const struct currency *currency, const char *format,
                                               va_list values)
{
	if (finding == NULL)
		return;
	(void)vsnprintf(finding->detail, FINDING_DETAIL_SIZE, format, values);
	make_printable(finding->detail);
	finding->amount_minor = amount_minor;
	finding->currency = currency;
}

void audit_finding(struct audit *audit, const char *check, const char *where, const char *format,
                   ...)
{
	va_list values;

	va_start(values, format);
	finding_describe(finding_new(&audit->findings, &audit->findings_count, check, where), 0,
	                 NULL, format, values);
	va_end(values);
}

void audit_finding_amount(struct audit *audit, const char *check, const char *where,
                          int64_t amount_minor, const struct currency *currency, const char *format,
                          ...)
{
	va_list values;

	va_start(values, format);
	finding_describe(finding_new(&audit->findings, &audit->findings_count, check, where),
	                 amount_minor, currency, format, values);
	va_end(values);
}

void audit_stuck(struct audit *audit, const char *where, int64_t amount_minor,
                 const struct currency *currency, const char *format, ...)
{
	va_list values;

	va_start(values, format);
	finding_describe(finding_new(&audit->stuck, &audit->stuck_count, "stuck", where),
	                 amount_minor, currency, format, values);
	va_end(values);
}

static void note_integrity(void *arg, const struct db_row *row)
{
	struct text line = db_text(row, 0);

	if (!text_is(line, "ok"))
		audit_finding(arg, CHECK_STORAGE, "integrity_check", "%.*s", (int)line.len,
		              line.ptr);
}

static void note_foreign_key(void *arg, const struct db_row *row)
{
	struct text table = db_text(row, 0), parent = db_text(row, 2);

	audit_finding(arg, CHECK_STORAGE, "foreign_key_check",
	              "row %" PRId64 " of table %.*s refers to a row of %.*s that is not there",
	              db_int(row, 1), (int)table.len, table.ptr, (int)parent.len, parent.ptr);
}

enum db_result audit_storage(struct audit *audit, struct db *db)
{
	enum db_result result;

	DB_SEND0(db, &integrity_check, note_integrity, audit);
	DB_SEND0(db, &foreign_key_check, note_foreign_key, audit);
	result = db_flush(db);
	if (result == DB_FAILED)
		audit_finding(audit, CHECK_STORAGE, "database", "cannot be read: %s", db_why(db));
	return result;
}

/* Rows of one page, copied, so that no statement is open while they are looked at. */
struct page {
	size_t count;
	int64_t seq[AUDIT_PAGE_ROWS];
	size_t end[AUDIT_PAGE_ROWS]; /* of the row's line in `lines`; it begins where the one before
	                                ends */
	struct buf lines;
};

/* The walk along the chain. */
struct walk {
	struct audit *audit;
	const char *source;
	audit_event_fn *each;
	void *arg;
	int64_t seq;      /* of the row before, 0 at the start */
	struct hash hash; /* of the line before */
	bool is_sound;    /* the line before is in its place: what follows must fit it */
	int64_t time_us;  /* of the last event that had one */
};

static void note_line(void *arg, const struct db_row *row)
{
	struct page *page = arg;
	struct text line = db_text(row, 1);

	if (line.len > JOURNAL_LINE_MAX + 1)
		line.len = JOURNAL_LINE_MAX + 1; /* enough to see that it is too long */
	buf_add_text(&page->lines, line);
	page->seq[page->count] = db_int(row, 0);
	page->end[page->count] = page->lines.len;
	page->count++;
}

static bool page_read(struct page *page, struct db *db, int64_t after, enum db_result *ret_result)
{
	page->count = 0;
	buf_reset(&page->lines);
	*ret_result = journal_read(db, after, AUDIT_PAGE_ROWS, note_line, page);
	if (*ret_result == DB_OK && page->lines.full)
		*ret_result = DB_FAILED; /* no memory */
	return *ret_result == DB_OK && page->count > 0;
}

struct text audit_member(const cJSON *event, const char *name)
{
	const cJSON *member = json_member(event, name);

	return cJSON_IsString(member) ? text_of(member->valuestring) : TEXT_NONE;
}

static int64_t seq_of(const struct json_doc *doc)
{
	const cJSON *member = json_member(doc->root, "seq");
	int64_t seq;

	if (!cJSON_IsNumber(member) || !text_to_int(json_number_text(doc, member), INT64_MAX, &seq))
		return -1;
	return seq;
}

/* What is wrong with an event taken by itself, or NULL. */
static const char *event_fault(const struct walk *walk, const struct json_doc *doc, int64_t seq,
                               struct hash *ret_prev_hash, int64_t *ret_time_us)
{
	const cJSON *event = doc->root;

	if (!cJSON_IsObject(event))
		return "the line is not a JSON object";
	if (seq_of(doc) != seq)
		return "the line holds another seq: it was edited or moved here";
	if (!text_is(audit_member(event, "specversion"), "1.0"))
		return "specversion is not 1.0";
	if (!id_is_valid("evt_", audit_member(event, "id")))
		return "the event's id is malformed";
	if (!text_is(audit_member(event, "source"), walk->source))
		return "the source is not this journal's";
	if (audit_member(event, "type").ptr == NULL || audit_member(event, "subject").ptr == NULL)
		return "type or subject is missing";
	if (!cJSON_IsObject(json_member(event, "data")))
		return "data is not an object";
	if (!time_parse(audit_member(event, "time"), ret_time_us))
		return "the time is malformed";
	if (*ret_time_us < walk->time_us)
		return "the time is before that of the event before it";
	if (!hash_from_hex(audit_member(event, "prev_hash"), ret_prev_hash))
		return "prev_hash is malformed";
	return NULL;
}

/* An event of the journal itself: what it was restored from must be the line before it. */
static void check_restored(struct walk *walk, int64_t seq, const struct json_doc *doc,
                           const char *where)
{
	const cJSON *data = json_member(doc->root, "data");
	const cJSON *head_seq = json_member(data, "head_seq");
	int64_t named_seq;

	if (!cJSON_IsNumber(head_seq) ||
	    !text_to_int(json_number_text(doc, head_seq), INT64_MAX, &named_seq) ||
	    named_seq != seq - 1 ||
	    !text_equal(audit_member(data, "head_hash"), audit_member(doc->root, "prev_hash")))
		audit_finding(walk->audit, CHECK_CHAIN, where,
		              "it was not restored from the line before it, as it says");
}

static bool check_event(struct walk *walk, int64_t seq, struct text line,
                        const struct json_doc *doc, const char *where)
{
	struct hash prev_hash;
	int64_t time_us;
	const char *fault = event_fault(walk, doc, seq, &prev_hash, &time_us);

	if (fault != NULL) {
		audit_finding(walk->audit, CHECK_CHAIN, where, "%s", fault);
		return false;
	}
	walk->time_us = time_us;
	if (walk->is_sound && !hash_equal(&prev_hash, &walk->hash))
		audit_finding(walk->audit, CHECK_CHAIN, where,
		              "prev_hash is not the hash of seq %" PRId64
		              ": one of the two was edited",
		              walk->seq);
	struct text type = audit_member(doc->root, "type");
	if (text_is(type, JOURNAL_RESTORED))
		check_restored(walk, seq, doc, where);
	else if (walk->each != NULL && !journal_type_is_common(type))
		walk->each(walk->arg, walk->audit, seq, line, doc->root);
	return true;
}

/* Whether the line is an event that is in its place. */
static bool check_line(struct walk *walk, int64_t seq, struct text line, const char *where)
{
	struct json_doc AUTO_JSON doc = {0};
	const char *detail;
	size_t offset;

	if (line.len > JOURNAL_LINE_MAX) {
		audit_finding(walk->audit, CHECK_CHAIN, where, "the line is longer than %d bytes",
		              JOURNAL_LINE_MAX);
		return false;
	}
	if (!json_parse(line, &doc, &detail, &offset)) {
		audit_finding(walk->audit, CHECK_CHAIN, where,
		              "the line is not well-formed at byte %zu: %s", offset, detail);
		return false;
	}
	return check_event(walk, seq, line, &doc, where);
}

static void check_row(struct walk *walk, int64_t seq, struct text line)
{
	char where[WHERE_SIZE];

	(void)snprintf(where, sizeof(where), "journal seq %" PRId64, seq);
	if (seq != walk->seq + 1) {
		audit_finding(walk->audit, CHECK_CHAIN, where,
		              "seq %" PRId64 " to %" PRId64 " are missing", walk->seq + 1, seq - 1);
		walk->is_sound = false;
	}
	walk->audit->events_checked++;
	walk->is_sound = check_line(walk, seq, line, where);
	walk->seq = seq;
	hash_sha256(line.ptr, line.len, &walk->hash);
}

/* Rows after the head came later. */
static void check_page(struct walk *walk, const struct page *page)
{
	size_t at = 0;

	for (size_t i = 0; i < page->count && page->seq[i] <= walk->audit->head.seq; i++) {
		check_row(walk, page->seq[i],
		          (struct text){page->lines.data + at, page->end[i] - at});
		at = page->end[i];
	}
}

/* The last line against the head. */
static void check_head(const struct walk *walk)
{
	const struct journal_head *head = &walk->audit->head;

	if (walk->seq < head->seq)
		audit_finding(walk->audit, CHECK_CHAIN, "journal head",
		              "seq %" PRId64 " to %" PRId64 " are missing", walk->seq + 1,
		              head->seq);
	else if (!walk->is_sound)
		return; /* the last line is told already */
	else if (!hash_equal(&walk->hash, &head->hash))
		audit_finding(walk->audit, CHECK_CHAIN, "journal head",
		              "its hash is not that of seq %" PRId64 ": one of the two was edited",
		              head->seq);
	else if (walk->time_us / US_PER_MS != head->time_us / US_PER_MS)
		audit_finding(walk->audit, CHECK_CHAIN, "journal head",
		              "its time is not that of seq %" PRId64, head->seq);
}

/* The head and seq of the last line. */
struct ends {
	bool found;
	struct journal_head head;
	int64_t last_seq;
};

static void note_ends(void *arg, const struct db_row *row)
{
	struct ends *ends = arg;
	struct text hash = db_text(row, 1);

	ends->found = true;
	ends->head.seq = db_int(row, 0);
	if (hash.len == HASH_BYTES) /* else zeros, which are no line's hash */
		memcpy(ends->head.hash.bytes, hash.ptr, HASH_BYTES);
	ends->head.time_us = db_int(row, 2);
	ends->last_seq = db_int(row, 3);
}

static enum db_result check_ends(struct audit *audit, struct db *db)
{
	struct ends ends = {0};
	enum db_result result;

	DB_SEND0(db, &head_and_last, note_ends, &ends);
	result = db_flush(db);
	if (result != DB_OK)
		return result;
	audit->head = ends.head;
	if (!ends.found)
		audit_finding(audit, CHECK_CHAIN, "journal head", "it is missing");
	else if (ends.last_seq > ends.head.seq)
		audit_finding(audit, CHECK_CHAIN, "journal head",
		              "it is seq %" PRId64 ", but there are lines up to seq %" PRId64,
		              ends.head.seq, ends.last_seq);
	return DB_OK;
}

/* Walks on from walk->seq to the head. */
static enum db_result walk_on(struct walk *walk, struct db *db)
{
	struct page *page = malloc(sizeof(*page));
	int64_t after = walk->seq;
	enum db_result result = DB_OK;

	if (page == NULL)
		return DB_FAILED;
	buf_init(&page->lines, (size_t)AUDIT_PAGE_ROWS * (JOURNAL_LINE_MAX + 1));
	while (after < walk->audit->head.seq && page_read(page, db, after, &result)) {
		check_page(walk, page);
		after = page->seq[page->count - 1];
	}
	buf_release(&page->lines);
	free(page);
	if (result == DB_OK)
		check_head(walk);
	return result;
}

enum db_result audit_journal(struct audit *audit, struct db *db, const char *source,
                             audit_event_fn *each, void *arg)
{
	struct walk walk = {
		.audit = audit, .source = source, .each = each, .arg = arg, .is_sound = true};
	enum db_result result = check_ends(audit, db);

	return result == DB_OK ? walk_on(&walk, db) : result;
}

enum db_result audit_journal_tail(struct audit *audit, struct db *db, const char *source,
                                  int64_t events)
{
	struct walk walk = {.audit = audit, .source = source};
	enum db_result result = check_ends(audit, db);

	walk.seq = audit->head.seq > events ? audit->head.seq - events : 0;
	walk.is_sound = walk.seq == 0; /* else the line before is not known: the next one begins */
	return result == DB_OK ? walk_on(&walk, db) : result;
}
