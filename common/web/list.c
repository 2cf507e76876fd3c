/* list.c - pages and cursors of lists. */
#include "web/list.h"

#include <stdio.h>
#include <string.h>

#define MAC_HEX_CHARS 16

/* "POSITION.HASH": the hash binds the position to the filters. */
static void cursor_make(const struct list *list, struct text filters, const char *position,
                        char *out, size_t size)
{
	uint64_t mac = hash_keyed_pair(api_settings(list->request->api)->sip_key, text_of(position),
	                               filters);

	(void)snprintf(out, size, "%s.%016llx", position, (unsigned long long)mac);
}

static bool cursor_read(struct list *list, struct text filters, struct text cursor)
{
	char expected[LIST_POSITION_SIZE + MAC_HEX_CHARS + 2], position[LIST_POSITION_SIZE];

	if (cursor.len < MAC_HEX_CHARS + 2 || cursor.len - MAC_HEX_CHARS - 1 >= LIST_POSITION_SIZE)
		return false;
	text_copy((struct text){cursor.ptr, cursor.len - MAC_HEX_CHARS - 1}, position,
	          sizeof(position));
	cursor_make(list, filters, position, expected, sizeof(expected));
	if (!text_is(cursor, expected))
		return false;
	memcpy(list->position, position, sizeof(position));
	return true;
}

void list_row(void *arg, const struct db_row *row)
{
	struct list *list = arg;
	char position[LIST_POSITION_SIZE];
	enum list_verdict verdict;

	list->portion++;
	if (list->has_more || list->ended)
		return;
	buf_reset(&list->rendered);
	verdict = list->kind->row(list, row, position, &list->rendered);
	if (verdict == LIST_END) {
		list->ended = true;
		return;
	}
	if (verdict == LIST_SHOW) {
		if (list->shown == list->limit) {
			list->has_more = true;
			return;
		}
		list->shown++;
		json_raw(&list->request->job.answer.body, buf_text(&list->rendered));
	}
	list->examined++;
	memcpy(list->position, position, sizeof(position));
}

/* Until the page is full, the rows end, or enough were examined. */
static enum error examine(struct list *list, struct db *db)
{
	while (!list->has_more && !list->ended) {
		int64_t count = list->limit - list->shown + 1;

		if (list->examined >= LIST_EXAMINED_MAX) {
			list->has_more = true;
			return ERR_NONE;
		}
		if (list->examined > 0 && count < LIST_PORTION)
			count = LIST_PORTION;
		if (count > LIST_EXAMINED_MAX - list->examined)
			count = LIST_EXAMINED_MAX - list->examined;
		list->portion = 0;
		list->kind->send(list, db, count);
		if (db_flush(db) != DB_OK)
			return ERR_STORAGE_UNAVAILABLE;
		if (list->portion < count)
			list->ended = true;
	}
	return ERR_NONE;
}

enum error list_run(const struct list_kind *kind, struct request *request, struct db *db,
                    const struct field *filter_fields, int64_t limit, struct text after)
{
	struct list list = {
		.kind = kind, .filters = request->input, .request = request, .limit = limit};
	struct buf *out = &request->job.answer.body;
	char cursor[LIST_POSITION_SIZE + MAC_HEX_CHARS + 2];
	struct buf filters AUTO_BUF;
	enum error error;

	buf_init(&filters, ANSWER_BYTES_MAX);
	buf_add_str(&filters, request->endpoint->path);
	buf_add_str(&filters, request->path_id);
	field_render(filter_fields, request->input, &filters);
	text_copy(text_of(kind->newest), list.position, sizeof(list.position));
	if (after.ptr != NULL && !cursor_read(&list, buf_text(&filters), after))
		return ERR_INVALID_CURSOR;
	buf_init(&list.rendered, ANSWER_BYTES_MAX);
	out->bytes_max = LIST_LIMIT_MAX * (size_t)ANSWER_BYTES_MAX;
	json_open(out, '{');
	json_key(out, "data");
	json_open(out, '[');
	error = examine(&list, db);
	buf_release(&list.rendered);
	if (error != ERR_NONE)
		return error;
	json_close(out, ']');
	json_member_bool(out, "has_more", list.has_more);
	if (list.has_more)
		cursor_make(&list, buf_text(&filters), list.position, cursor, sizeof(cursor));
	json_member_string(out, "next", list.has_more ? text_of(cursor) : TEXT_NONE);
	json_close(out, '}');
	return ERR_NONE;
}
