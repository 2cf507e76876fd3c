/* columns.h - reads the columns of a row one after another. Whoever has a database tool may have
 * changed them, and an audit must get over that: what no service writes is read as "", NULL or
 * COLUMN_NO_NAME and told once, at the end. */
#ifndef PAYMENT_COLUMNS_H
#define PAYMENT_COLUMNS_H

#include "base/currency.h"
#include "storage/db.h"

#define COLUMN_NO_NAME (-1)

struct columns {
	const struct db_row *row;
	int next;
	bool are_wrong; /* one of those read so far */
};

int64_t columns_int(struct columns *columns);
/* 0 to MONEY_MINOR_MAX. */
int64_t columns_money(struct columns *columns);
/* Borrowed from the row. */
struct text columns_text(struct columns *columns);
/* Not NULL, and fits into the `size` bytes of out. */
void columns_str(struct columns *columns, char *out, size_t size);
/* The place in a NULL-terminated table. */
int columns_name(struct columns *columns, const char *const *names);
/* The same where NULL is right: `none` then. */
int columns_name_or(struct columns *columns, const char *const *names, int none);
const struct currency *columns_currency(struct columns *columns);

/* Copies the texts into `kept`, which was empty, and borrows them from there; all are absent where
 * `kept` is full afterwards. */
void columns_keep(struct text *const *texts, size_t count, struct buf *kept);

#endif
