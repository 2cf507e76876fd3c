/* columns.c - reads the columns of a row one after another. */
#include "columns.h"

#include "base/money.h"

int64_t columns_int(struct columns *columns)
{
	return db_int(columns->row, columns->next++);
}

int64_t columns_money(struct columns *columns)
{
	int64_t minor = columns_int(columns);

	if (minor >= 0 && minor <= MONEY_MINOR_MAX)
		return minor;
	columns->are_wrong = true;
	return 0;
}

struct text columns_text(struct columns *columns)
{
	return db_text(columns->row, columns->next++);
}

void columns_str(struct columns *columns, char *out, size_t size)
{
	struct text text = columns_text(columns);

	if (text.ptr != NULL && text.len < size) {
		text_copy(text, out, size);
		return;
	}
	out[0] = '\0';
	columns->are_wrong = true;
}

int columns_name(struct columns *columns, const char *const *names)
{
	struct text name = columns_text(columns);

	for (int i = 0; names[i] != NULL; i++)
		if (text_is(name, names[i]))
			return i;
	columns->are_wrong = true;
	return COLUMN_NO_NAME;
}

int columns_name_or(struct columns *columns, const char *const *names, int none)
{
	if (!db_is_null(columns->row, columns->next))
		return columns_name(columns, names);
	columns->next++;
	return none;
}

const struct currency *columns_currency(struct columns *columns)
{
	const struct currency *currency = currency_find(columns_text(columns));

	columns->are_wrong |= currency == NULL;
	return currency;
}

void columns_keep(struct text *const *texts, size_t count, struct buf *kept)
{
	size_t at = 0;

	ensure(kept->len == 0);
	for (size_t i = 0; i < count; i++)
		buf_add_text(kept, *texts[i]);
	/* Only now the bytes have their place. */
	for (size_t i = 0; i < count; i++) {
		if (texts[i]->ptr == NULL)
			continue;
		*texts[i] =
			kept->full ? TEXT_NONE : (struct text){buf_str(kept) + at, texts[i]->len};
		at += texts[i]->len;
	}
}
