/* raw_sqlite.c - what SQLite alone can do: inserts the rows of a store that `fill` made, one by one
 * as the service does, into an empty database with the service's schema, so many payments a
 * transaction. Reading them is not timed. Prints one JSON object.
 * usage: raw_sqlite SOURCE TARGET BATCH */
#include "base/base.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define BATCH_MAX 512
#define COLUMNS_MAX 40
#define SQL_MAX 256

/* As common/storage opens the writer's connection. */
static const char settings[] = "PRAGMA page_size = 8192;"
			       "PRAGMA journal_mode = WAL;"
			       "PRAGMA synchronous = FULL;"
			       "PRAGMA cache_size = -32768;"
			       "PRAGMA secure_delete = FAST;"
			       "PRAGMA temp_store = MEMORY;"
			       "PRAGMA foreign_keys = ON;"
			       "PRAGMA wal_autocheckpoint = 2000;";

/* A payment is one row in each of these, numbered alike. */
static const char *const table_names[] = {"orders", "payments", "journal", "transfers"};
#define TABLES ARRAY_LEN(table_names)

struct table {
	sqlite3_stmt *select, *insert;
	int columns;
	sqlite3_value *rows[BATCH_MAX][COLUMNS_MAX];
};

struct copy {
	sqlite3 *source, *target;
	struct table tables[TABLES];
	sqlite3_stmt *begin, *move_head, *move_balances, *commit;
	int batch;
	int64_t payments, batches, spent_us;
};

static void need(const struct copy *copy, bool good)
{
	if (good)
		return;
	(void)fprintf(stderr, "raw_sqlite: source: %s, target: %s\n", sqlite3_errmsg(copy->source),
	              sqlite3_errmsg(copy->target));
	exit(1);
}

static int64_t monotonic_us(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * US_PER_S + now.tv_nsec / 1000;
}

static sqlite3_stmt *prepare(const struct copy *copy, sqlite3 *db, const char *sql)
{
	sqlite3_stmt *statement = NULL;

	need(copy, sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL) ==
	                   SQLITE_OK);
	return statement;
}

static void run(const struct copy *copy, sqlite3_stmt *statement)
{
	need(copy, sqlite3_step(statement) == SQLITE_DONE);
	(void)sqlite3_reset(statement); /* repeats the result of the step */
}

static void execute(const struct copy *copy, const char *sql)
{
	need(copy, sqlite3_exec(copy->target, sql, NULL, NULL, NULL) == SQLITE_OK);
}

static void copy_schema(const struct copy *copy)
{
	sqlite3_stmt *schema = prepare(copy, copy->source,
	                               "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL "
	                               "ORDER BY rowid");

	while (sqlite3_step(schema) == SQLITE_ROW)
		execute(copy, (const char *)sqlite3_column_text(schema, 0));
	(void)sqlite3_finalize(schema);
	execute(copy, "INSERT INTO journal_head VALUES (1, 0, zeroblob(32), 0)");
}

static void open_table(const struct copy *copy, struct table *table, const char *name)
{
	char sql[SQL_MAX];
	int len;

	(void)snprintf(sql, sizeof(sql), "SELECT * FROM %s ORDER BY rowid", name);
	table->select = prepare(copy, copy->source, sql);
	table->columns = sqlite3_column_count(table->select);
	ensure(table->columns > 0 && table->columns <= COLUMNS_MAX);
	len = snprintf(sql, sizeof(sql), "INSERT INTO %s VALUES (?", name);
	for (int i = 1; i < table->columns; i++)
		len += snprintf(sql + len, sizeof(sql) - (size_t)len, ",?");
	(void)snprintf(sql + len, sizeof(sql) - (size_t)len, ")");
	table->insert = prepare(copy, copy->target, sql);
}

static void open_all(struct copy *copy, const char *source, const char *target)
{
	need(copy, sqlite3_open_v2(source, &copy->source, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK);
	need(copy, sqlite3_open_v2(target, &copy->target,
	                           SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
	                           NULL) == SQLITE_OK);
	execute(copy, settings);
	copy_schema(copy);
	for (size_t i = 0; i < TABLES; i++)
		open_table(copy, &copy->tables[i], table_names[i]);
	copy->begin = prepare(copy, copy->target, "BEGIN IMMEDIATE");
	copy->move_head = prepare(copy, copy->target,
	                          "UPDATE journal_head SET seq = seq + 1, hash = randomblob(32)");
	copy->move_balances =
		prepare(copy, copy->target,
	                "INSERT INTO accounts VALUES ('processor', 'USD', 1, 0), "
	                "('merchant', 'USD', 0, 1) ON CONFLICT DO UPDATE SET debits_minor = "
	                "debits_minor + 1");
	copy->commit = prepare(copy, copy->target, "COMMIT");
}

/* How many rows of the table were read. */
static int read_rows(const struct copy *copy, struct table *table)
{
	int count = 0;

	while (count < copy->batch && sqlite3_step(table->select) == SQLITE_ROW) {
		for (int i = 0; i < table->columns; i++) {
			sqlite3_value *value = sqlite3_column_value(table->select, i);

			table->rows[count][i] = sqlite3_value_dup(value);
			need(copy, table->rows[count][i] != NULL);
		}
		count++;
	}
	return count;
}

static int read_batch(struct copy *copy)
{
	int count = read_rows(copy, &copy->tables[0]);

	for (size_t i = 1; i < TABLES; i++)
		need(copy, read_rows(copy, &copy->tables[i]) == count);
	return count;
}

static void insert_row(const struct copy *copy, struct table *table, int row)
{
	for (int i = 0; i < table->columns; i++)
		need(copy,
		     sqlite3_bind_value(table->insert, i + 1, table->rows[row][i]) == SQLITE_OK);
	run(copy, table->insert);
}

static void write_batch(struct copy *copy, int count)
{
	int64_t began_us = monotonic_us();

	run(copy, copy->begin);
	for (int row = 0; row < count; row++)
		for (size_t i = 0; i < TABLES; i++)
			insert_row(copy, &copy->tables[i], row);
	run(copy, copy->move_head);
	run(copy, copy->move_balances);
	run(copy, copy->commit);
	copy->spent_us += monotonic_us() - began_us;
	copy->payments += count;
	copy->batches++;
}

static void forget_batch(struct copy *copy, int count)
{
	for (size_t i = 0; i < TABLES; i++)
		for (int row = 0; row < count; row++)
			for (int column = 0; column < copy->tables[i].columns; column++)
				sqlite3_value_free(copy->tables[i].rows[row][column]);
}

int main(int argc, char **argv)
{
	static struct copy copy;
	int count;

	copy.batch = argc == 4 ? (int)strtol(argv[3], NULL, 10) : 0;
	if (copy.batch < 1 || copy.batch > BATCH_MAX) {
		(void)fprintf(stderr, "usage: raw_sqlite SOURCE TARGET BATCH (1 to %d)\n",
		              BATCH_MAX);
		return 2;
	}
	open_all(&copy, argv[1], argv[2]);
	do {
		count = read_batch(&copy);
		write_batch(&copy, count);
		forget_batch(&copy, count);
	} while (count == copy.batch); /* read once more, a statement that ended begins anew */
	(void)printf("{\"rate\":%.1f,\"per_fsync\":%.1f}\n",
	             (double)copy.payments * 1e6 / (double)copy.spent_us,
	             (double)copy.payments / (double)copy.batches);
	return 0; /* the process's end closes and frees everything */
}
