/* audit_index.c - an index by hash against the rows of its table. A row that the index lacks is as
 * if it had never been stored: what it forbids would be done again. */
#include "storage/audit_state.h"

#include <inttypes.h>
#include <stdio.h>

#define CHECK "hash-index"

static void check_row(struct audit *audit, const struct store *store, const struct db_row *row)
{
	struct text name = db_text(row, 1);
	char where[80];

	(void)store;
	if (db_int(row, 2) == 0)
		return;
	(void)snprintf(where, sizeof(where), "%.*s key %" PRId64, (int)name.len, name.ptr,
	               db_int(row, 0));
	audit_finding(audit, CHECK, where, "its entry is missing: the row is not found");
}

static void check_hash(struct audit *audit, const struct store *store, const struct db_row *row)
{
	struct text name = db_text(row, 1);
	char where[80];

	(void)store;
	if (db_int(row, 2) == 0)
		return;
	(void)snprintf(where, sizeof(where), "%.*s hash %" PRId64, (int)name.len, name.ptr,
	               db_int(row, 0));
	audit_finding(audit, CHECK, where, "%" PRId64 " of its entries have no such row",
	              db_int(row, 2));
}

enum db_result audit_hash_index(struct audit *audit, const struct store *store,
                                const struct hash_index *index)
{
	int64_t rows_checked = audit->rows_checked;
	enum db_result result = audit_pages(audit, store, &index->rows, check_row);

	if (result == DB_OK && !index->rows_expire) /* else entries outlive their rows */
		result = audit_pages(audit, store, &index->entries, check_hash);
	audit->rows_checked = rows_checked; /* the rows are counted where all else is checked */
	return result;
}
