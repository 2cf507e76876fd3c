/* journal.c - numbers, hashes and stores events. What they mean is the services' business.
 * Invariants: seq has no gaps; each line holds the hash of the line before it; the head is the last
 * line; adding an event allocates nothing, so a batch that was decided can always be written. */
#include "storage/journal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/time_text.h"

static const struct statement head_get = {
	.sql = "SELECT seq, hash, time_us FROM journal_head WHERE id = 1",
};
/* A head that is not where the batch began gives NULL, which the column refuses: a conflict. */
static const struct statement head_move = {
	.sql = "UPDATE journal_head SET seq = CASE WHEN seq = $1 THEN $2 END, hash = $3, time_us = "
	       "$4 "
	       "WHERE id = 1",
};
static const struct statement line_add = {
	.sql = "INSERT INTO journal (seq, order_prev_seq, line) VALUES ($1, $2, $3)",
};
static const struct statement lines_after = {
	.sql = "SELECT seq, line FROM journal WHERE seq > $1 ORDER BY seq LIMIT $2",
};
static const struct statement tail_get = {
	.sql = "SELECT seq, hash, (SELECT max(seq) FROM journal), "
	       "(SELECT line FROM journal WHERE journal.seq = journal_head.seq) "
	       "FROM journal_head WHERE id = 1",
};

/* An event that waits to be written. */
struct waiting {
	size_t at, len; /* of its line in `lines` */
	int64_t order_prev_seq;
};

/* The writer thread's. */
struct journal {
	const char *source;
	bool is_loaded;
	struct journal_head stored; /* as of journal_load */
	struct journal_head head;   /* with what was added since */
	struct buf line;            /* where one line is composed */
	struct buf data;            /* journal_data */
	size_t count;
	size_t lines_len;
	struct waiting events[JOURNAL_BATCH_EVENTS_MAX];
	/* 64 MiB of addresses; only what the largest batch so far has used is memory. */
	char lines[JOURNAL_BATCH_EVENTS_MAX * JOURNAL_LINE_MAX];
};

/* Makes the buffer as large as it will ever be. */
static bool reserve(struct buf *buf, size_t bytes)
{
	char spaces[256];

	ensure(bytes % sizeof(spaces) == 0); /* fills the buffer exactly */
	memset(spaces, ' ', sizeof(spaces));
	buf_init(buf, bytes);
	for (size_t len = 0; len < bytes; len += sizeof(spaces))
		buf_add(buf, spaces, sizeof(spaces));
	return !buf->full;
}

struct journal *journal_new(const char *source)
{
	struct journal *journal = calloc(1, sizeof(*journal));

	if (journal == NULL)
		return NULL;
	journal->source = source;
	if (!reserve(&journal->line, JOURNAL_LINE_MAX) ||
	    !reserve(&journal->data, JOURNAL_DATA_MAX)) {
		journal_free(journal);
		return NULL;
	}
	return journal;
}

void journal_free(struct journal *journal)
{
	if (journal == NULL)
		return;
	buf_release(&journal->line);
	buf_release(&journal->data);
	free(journal);
}

static void read_head(const struct db_row *row, struct journal_head *ret_head)
{
	struct text hash = db_text(row, 1);

	ensure(hash.len == HASH_BYTES); /* as the table's CHECK says */
	ret_head->seq = db_int(row, 0);
	memcpy(ret_head->hash.bytes, hash.ptr, HASH_BYTES);
	ret_head->time_us = db_int(row, 2);
}

static void note_loaded(void *arg, const struct db_row *row)
{
	struct journal *journal = arg;

	read_head(row, &journal->stored);
	journal->head = journal->stored;
	journal->is_loaded = true;
}

void journal_load(struct journal *journal, struct db *db)
{
	journal_forget(journal);
	DB_SEND0(db, &head_get, note_loaded, journal);
}

void journal_forget(struct journal *journal)
{
	journal->is_loaded = false;
	journal->head = journal->stored;
	journal->count = 0;
	journal->lines_len = 0;
}

const struct journal_head *journal_head(const struct journal *journal)
{
	return &journal->head;
}

struct buf *journal_data(struct journal *journal)
{
	buf_reset(&journal->data);
	return &journal->data;
}

/* As the last member of data, which ends with its brace. */
static void add_cause(struct buf *line, struct text data, const struct cause *cause)
{
	char hash[HASH_HEX_SIZE];

	ensure(data.len >= 2 && data.ptr[data.len - 1] == '}');
	hash_to_hex(&cause->hash, hash);
	json_raw(line, (struct text){data.ptr, data.len - 1});
	json_raw(line, JSON_KEY(JOURNAL_CAUSE));
	json_open(line, '{');
	json_member_str(line, "source", cause->source);
	json_member_int(line, "seq", cause->seq);
	json_member_plain(line, "hash", hash);
	json_close(line, '}');
	json_close(line, '}');
}

static void compose(struct journal *journal, const struct event *event, int64_t now_us,
                    const uint8_t random[ULID_RANDOM_BYTES])
{
	struct buf *line = &journal->line;
	char id[ID_SIZE], time_text[TIME_TEXT_SIZE], prev_hash[HASH_HEX_SIZE];

	id_make("evt_", now_us, random, id);
	time_render(now_us, time_text);
	hash_to_hex(&journal->head.hash, prev_hash);
	buf_reset(line);
	json_open(line, '{');
	json_member_plain(line, "specversion", "1.0");
	json_member_plain(line, "id", id);
	json_member_str(line, "source", journal->source);
	json_member_plain(line, "type", event->type);
	json_member_string(line, "subject", event->subject);
	json_member_plain(line, "time", time_text);
	json_member_int(line, "seq", journal->head.seq + 1);
	json_member_plain(line, "prev_hash", prev_hash);
	if (event->traceparent.ptr != NULL)
		json_member_string(line, "traceparent", event->traceparent);
	json_raw(line, JSON_KEY("data"));
	if (event->cause == NULL)
		json_raw(line, event->data);
	else
		add_cause(line, event->data, event->cause);
	json_close(line, '}');
	ensure(!line->full); /* every part of an event has a bound */
}

int64_t journal_add(struct journal *journal, const struct event *event, int64_t now_us,
                    const uint8_t random[ULID_RANDOM_BYTES])
{
	struct journal_head *head = &journal->head;
	struct text line;

	ensure(journal->is_loaded);
	ensure(journal->count < JOURNAL_BATCH_EVENTS_MAX);
	ensure(now_us >= head->time_us);
	ensure(event->order_prev_seq >= 0 && event->order_prev_seq <= head->seq);
	compose(journal, event, now_us, random);
	line = buf_text(&journal->line);
	memcpy(journal->lines + journal->lines_len, line.ptr, line.len);
	journal->events[journal->count++] =
		(struct waiting){journal->lines_len, line.len, event->order_prev_seq};
	journal->lines_len += line.len;
	hash_sha256(line.ptr, line.len, &head->hash);
	head->time_us = now_us;
	return ++head->seq;
}

void journal_write(struct journal *journal, struct db *db)
{
	if (journal->count == 0)
		return;
	for (size_t i = 0; i < journal->count; i++) {
		const struct waiting *event = &journal->events[i];

		DB_SEND(db, &line_add, NULL, NULL, V_INT(journal->stored.seq + 1 + (int64_t)i),
		        V_INT(event->order_prev_seq),
		        v_text((struct text){journal->lines + event->at, event->len}));
	}
	DB_SEND(db, &head_move, NULL, NULL, V_INT(journal->stored.seq), V_INT(journal->head.seq),
	        V_BLOB(journal->head.hash.bytes, HASH_BYTES), V_INT(journal->head.time_us));
}

static void note_head(void *arg, const struct db_row *row)
{
	read_head(row, arg);
}

enum db_result journal_read_head(struct db *db, struct journal_head *ret_head)
{
	DB_SEND0(db, &head_get, note_head, ret_head);
	return db_flush(db);
}

enum db_result journal_read(struct db *db, int64_t after, int64_t limit, db_row_fn *row, void *arg)
{
	DB_SEND(db, &lines_after, row, arg, V_INT(after), V_INT(limit));
	return db_flush(db);
}

static void note_line(void *arg, const struct db_row *row)
{
	struct journal_line *line = arg;
	struct text text = db_text(row, 1);

	line->seq = db_int(row, 0);
	hash_sha256(text.ptr, text.len, &line->hash);
}

enum db_result journal_read_line(struct db *db, int64_t seq, struct journal_line *ret_line)
{
	*ret_line = (struct journal_line){0};
	return journal_read(db, seq - 1, 1, note_line, ret_line);
}

static void note_tail(void *arg, const struct db_row *row)
{
	bool *is_intact = arg;
	struct text stored_hash = db_text(row, 1);
	struct text line = db_text(row, 3);
	struct hash hash = {{0}};

	if (line.ptr != NULL)
		hash_sha256(line.ptr, line.len, &hash);
	*is_intact = db_int(row, 0) == db_int(row, 2) && stored_hash.len == HASH_BYTES &&
	             memcmp(stored_hash.ptr, hash.bytes, HASH_BYTES) == 0;
}

enum db_result journal_check_tail(struct db *db, bool *ret_is_intact)
{
	*ret_is_intact = false; /* also where the head is not there at all */
	DB_SEND0(db, &tail_get, note_tail, ret_is_intact);
	return db_flush(db);
}

bool journal_type_is_common(struct text type)
{
	static const struct text prefix = {JOURNAL_WEBHOOK_PREFIX,
	                                   sizeof(JOURNAL_WEBHOOK_PREFIX) - 1};
	static const char *const types[] = {JOURNAL_RESTORED, JOURNAL_PEER_ACCEPTED,
	                                    JOURNAL_PEER_REJECTED, JOURNAL_PEER_APPLIED,
	                                    JOURNAL_REFERENCE_LOST};

	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (text_is(type, types[i]))
			return true;
	return type.len > prefix.len && memcmp(type.ptr, prefix.ptr, prefix.len) == 0;
}

struct text journal_line_member(struct text line, const char *name)
{
	char start[40];
	int len = snprintf(start, sizeof(start), "\"%s\":\"", name);
	const char *at, *end;

	ensure(len > 0 && (size_t)len < sizeof(start));
	at = memmem(line.ptr, line.len, start, (size_t)len);
	if (at == NULL)
		return TEXT_NONE;
	at += len;
	end = memchr(at, '"', (size_t)(line.ptr + line.len - at));
	return end == NULL ? TEXT_NONE : (struct text){at, (size_t)(end - at)};
}

void journal_line_render(struct text line, struct buf *out)
{
	struct hash hash;
	char hex[HASH_HEX_SIZE];

	ensure(line.len > 0);
	hash_sha256(line.ptr, line.len, &hash);
	hash_to_hex(&hash, hex);
	json_raw(out, (struct text){line.ptr, line.len - 1});
	json_member_str(out, "hash", hex);
	json_close(out, '}');
}
