/* hash_index.h - finds the rows of a table by a 64-bit keyed hash, without writing a random page
 * for each new row: recent rows are found through memory, older ones through a table
 * (hash, key) into which they are merged in the order of the hash, so that many of them share a
 * page. The rows' keys are positive integers that ascend in the order of the commits.
 *
 * One static struct a table: a process has one store. The writer's thread alone changes it, any
 * thread may call hash_index_find. What is written with PostgreSQL later is an ordinary index
 * instead: nothing outside of this interface knows how an index is kept. */
#ifndef STORAGE_HASH_INDEX_H
#define STORAGE_HASH_INDEX_H

#include <pthread.h>

#include "storage/db.h"
#include "storage/recent.h"

/* Entries in memory before merging begins: 24 bytes each, 1 MB with the buckets. When the merging
 * comes by, twice as many a range of hashes as on average wait there: with 1,000,000 rows some 20
 * share a page. */
#define HASH_INDEX_RECENT_MAX 32768
#define HASH_INDEX_ADDS_MAX 512 /* in one transaction */

struct hash_index {
	struct statement tail, entry_add, place_get, place_set, expired_delete;
	struct statement rows, entries; /* for audits: audit_hash_index */
	bool rows_expire;               /* rows are deleted, most of them oldest first */
	size_t recent_max;
	pthread_rwlock_t lock; /* guards recent; the writer reads it without */
	struct recent recent;
	/* The writer's: */
	int64_t last_key;                               /* the highest ever committed */
	uint32_t hand;                                  /* the bucket that is merged next */
	struct recent_entry added[HASH_INDEX_ADDS_MAX]; /* in this transaction */
	size_t added_count;
	uint32_t taken; /* buckets from hand on that were merged in this transaction */
};

/* The index `name`, a table of the columns `hash` and `key`, for the rows of `table`, which has
 * columns of the same names; all four are literals. */
#define HASH_INDEX(name, table, hash, key, ...) \
	{ \
		.tail = {"SELECT " hash ", " key " FROM " table " WHERE " key " > $1 " \
		         "ORDER BY " key " LIMIT $2"}, \
		.entry_add = {"INSERT INTO " name " (" hash ", " key ") VALUES ($1, $2) " \
		              "ON CONFLICT DO NOTHING"}, \
		.place_get = {"SELECT place, hand FROM index_places WHERE name = '" name "'"}, \
		.place_set = {"UPDATE index_places SET place = $1, hand = $2 " \
		              "WHERE name = '" name "'"}, \
		.expired_delete = {"DELETE FROM " name " WHERE " hash " BETWEEN $1 AND $2 " \
		                   "AND " key " < (SELECT min(" key ") FROM " table ")"}, \
		.rows = {"SELECT t." key ", '" name "', t." key " <= coalesce((SELECT place " \
		         "FROM index_places WHERE name = '" name "'), t." key ") " \
		         "AND NOT EXISTS (SELECT 1 FROM " name " i " \
		         "WHERE i." hash " = t." hash " AND i." key " = t." key ") " \
		         "FROM " table " t WHERE t." key " > $1 ORDER BY t." key " LIMIT $2"}, \
		.entries = {"SELECT i." hash ", '" name "', count(*) - count(t." key ") " \
		            "FROM " name " i LEFT JOIN " table " t " \
		            "ON t." key " = i." key " AND t." hash " = i." hash " " \
		            "WHERE i." hash " > $1 " \
		            "GROUP BY i." hash " ORDER BY i." hash " LIMIT $2"}, \
		.recent_max = HASH_INDEX_RECENT_MAX, .lock = PTHREAD_RWLOCK_INITIALIZER, \
		__VA_ARGS__ \
	}

/* Reads the recent part anew, outside of a transaction: at the start, and after a recovery.
 * DB_FAILED also when there is no memory. Where it fails, other threads find what they found
 * before, and nothing may be added until it has succeeded. */
must_use enum db_result hash_index_load(struct hash_index *index, struct db *db);
void hash_index_close(struct hash_index *index);

/* A key with this hash that the index's table may lack, 0: none. Whoever looks for a row asks this
 * first, and then the row of this key as well as those of the table's other keys: one of them may
 * have the hash of another id. Any thread; a row that was committed before the call is found. */
int64_t hash_index_find(struct hash_index *index, uint64_t hash);

/* The key of the next row, for a table whose keys have no other meaning. */
int64_t hash_index_next_key(const struct hash_index *index);

/* One transaction: hash_index_begin forgets what an earlier one left that was rolled back;
 * hash_index_add notes a new row (no two of a transaction with the same hash: the engine sees to
 * that); hash_index_write sends what is merged with it; after its commit hash_index_committed
 * makes the rows found. */
void hash_index_begin(struct hash_index *index);
void hash_index_add(struct hash_index *index, uint64_t hash, int64_t key);
void hash_index_write(struct hash_index *index, struct db *db);
void hash_index_committed(struct hash_index *index);

#endif
