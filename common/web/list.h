/* list.h - one page of a list, newest first: the cursor, and the loop that examines rows in
 * portions until the page is full, the rows end, or LIST_EXAMINED_MAX were looked at. On a reader's
 * thread.
 *
 * A cursor is a position (the last row examined) and a keyed hash over it and the filters, so that
 * a changed one, or one of another list, is refused. Rows that come later stand before every
 * cursor, so a walk shows each row that was there at its start exactly once. */
#ifndef WEB_LIST_H
#define WEB_LIST_H

#include "web/api.h"

#define LIST_EXAMINED_MAX 10000
#define LIST_PORTION 500
#define LIST_POSITION_SIZE 40
#define LIST_LIMIT_MAX 100
#define LIST_LIMIT_DEFAULT 20

enum list_verdict {
	LIST_SHOW,
	LIST_SKIP,
	LIST_END /* this row and all older ones are out of range */
};

struct list;

struct list_kind {
	const char *newest; /* a position before every row */
	/* Sends the statement that gives the `count` rows after list->position, newest first, to
	 * list_row with the list. */
	void (*send)(const struct list *list, struct db *db, int64_t count);
	/* Reads a row: its position, whether it is shown, and its rendering if so. */
	enum list_verdict (*row)(const struct list *list, const struct db_row *row,
	                         char position[LIST_POSITION_SIZE], struct buf *out);
};

struct list {
	const struct list_kind *kind;
	const void *filters; /* the service's input struct */
	struct request *request;
	char position[LIST_POSITION_SIZE]; /* of the last row examined and not beyond the page */
	int64_t limit, shown, examined, portion;
	bool has_more, ended;
	struct buf rendered; /* one row */
};

/* Answers the request with a page. filter_fields are those of the query that a cursor belongs to.
 */
enum error list_run(const struct list_kind *kind, struct request *request, struct db *db,
                    const struct field *filter_fields, int64_t limit, struct text after);
/* The row function for list_kind.send. */
void list_row(void *arg, const struct db_row *row);

#endif
