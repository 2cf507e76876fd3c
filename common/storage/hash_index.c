/* hash_index.c - an index by hash: recent entries in memory, older ones in a table.
 *
 * A hand goes round the buckets in the order of the hashes. Once the memory is full, each
 * transaction merges the next buckets at the hand into the table, about as many entries as it adds.
 * An entry waits at most one round, in which twice recent_max rows are added; so those at the hand
 * have waited longest, and a page of the table takes many of them at once.
 *
 * Invariants: (1) every committed row has its entry in memory or in the table; it leaves the memory
 * only after the commit that puts it into the table. (2) Of two rows with one hash the newer is in
 * memory: the other one is put into the table with the commit that adds the newer. (3) All rows up
 * to the stored place are in the table; the place moves eight times a round, so at most about 2.2
 * times recent_max rows are behind it, and these are read again at the start; what of them is in
 * the table already is merged once more, which changes nothing. (4) A key up
 * to the place is never used again. The entry of a deleted row stays until the hand comes by after
 * the last older row is gone; meanwhile it leads nowhere. */
#include "storage/hash_index.h"

#define PLACE_BUCKETS (RECENT_BUCKETS / 8) /* from one move of the place to the next */
#define EXCESS_MAX 4                       /* entries merged for each that is added */
#define LOAD_PAGE_ROWS 1000
#define BEHIND_MAX 3 /* times recent_max: rows behind the place that a start leaves there */

int64_t hash_index_find(struct hash_index *index, uint64_t hash)
{
	int64_t key;

	pthread_rwlock_rdlock(&index->lock);
	ensure(index->recent.heads != NULL); /* loaded: else rows would seem to be missing */
	key = recent_find(&index->recent, (int64_t)hash);
	pthread_rwlock_unlock(&index->lock);
	return key;
}

int64_t hash_index_next_key(const struct hash_index *index)
{
	return index->last_key + (int64_t)index->added_count + 1;
}

void hash_index_begin(struct hash_index *index)
{
	index->added_count = 0;
	index->taken = 0;
}

void hash_index_add(struct hash_index *index, uint64_t hash, int64_t key)
{
	ensure(index->added_count < HASH_INDEX_ADDS_MAX);
	index->added[index->added_count++] = (struct recent_entry){(int64_t)hash, key, 0};
}

static void send_entry(struct hash_index *index, struct db *db, int64_t hash, int64_t key)
{
	DB_SEND(db, &index->entry_add, NULL, NULL, V_INT(hash), V_INT(key));
}

/* Sends the entries of the next bucket; returns how many. */
static size_t merge_bucket(struct hash_index *index, struct db *db)
{
	uint32_t bucket = (index->hand + index->taken++) % RECENT_BUCKETS;
	size_t count = 0;

	for (const struct recent_entry *entry = recent_first(&index->recent, bucket); entry != NULL;
	     entry = recent_next(&index->recent, entry)) {
		send_entry(index, db, entry->hash, entry->key);
		count++;
	}
	return count;
}

static void send_delete(struct hash_index *index, struct db *db, uint32_t first, uint32_t last)
{
	int64_t first_hash, last_hash, inner_hash;

	recent_range(first, &first_hash, &inner_hash);
	recent_range(last, &inner_hash, &last_hash);
	DB_SEND(db, &index->expired_delete, NULL, NULL, V_INT(first_hash), V_INT(last_hash));
}

/* Of the buckets that are merged the entries go whose rows were deleted. */
static void send_deletes(struct hash_index *index, struct db *db)
{
	uint32_t end = index->hand + index->taken;

	if (!index->rows_expire || index->taken == 0)
		return;
	send_delete(index, db, index->hand, (end < RECENT_BUCKETS ? end : RECENT_BUCKETS) - 1);
	if (end > RECENT_BUCKETS)
		send_delete(index, db, 0, end - RECENT_BUCKETS - 1);
}

/* What is too much; after a start that may be a lot, which goes bit by bit. */
static size_t merge_count(const struct hash_index *index)
{
	size_t added = index->added_count, count = index->recent.count + added;
	size_t excess = count > index->recent_max ? count - index->recent_max : 0;

	return excess < EXCESS_MAX * added ? excess : EXCESS_MAX * added;
}

/* Now and then stores up to which key all are in the table. */
static void send_place(struct hash_index *index, struct db *db)
{
	uint32_t hand = index->hand + index->taken;
	int64_t lowest;

	if (index->hand / PLACE_BUCKETS == hand / PLACE_BUCKETS)
		return;
	lowest = recent_lowest_but(&index->recent, index->hand, index->taken);
	if (lowest == 0)
		lowest = index->added[0].key;
	DB_SEND(db, &index->place_set, NULL, NULL, V_INT(lowest - 1), V_INT(hand % RECENT_BUCKETS));
}

void hash_index_write(struct hash_index *index, struct db *db)
{
	size_t wanted = merge_count(index);

	for (size_t i = 0; i < index->added_count; i++) {
		int64_t older_key = recent_find(&index->recent, index->added[i].hash);

		if (older_key != 0)
			send_entry(index, db, index->added[i].hash, older_key);
	}
	for (size_t merged = 0; merged < wanted && index->taken < RECENT_BUCKETS;)
		merged += merge_bucket(index, db);
	send_deletes(index, db);
	send_place(index, db);
}

void hash_index_committed(struct hash_index *index)
{
	if (index->added_count == 0)
		return;
	pthread_rwlock_wrlock(&index->lock);
	for (uint32_t i = 0; i < index->taken; i++)
		recent_empty_bucket(&index->recent, (index->hand + i) % RECENT_BUCKETS);
	for (size_t i = 0; i < index->added_count; i++)
		recent_put(&index->recent, index->added[i].hash, index->added[i].key);
	pthread_rwlock_unlock(&index->lock);
	index->last_key = index->added[index->added_count - 1].key;
	index->hand = (index->hand + index->taken) % RECENT_BUCKETS;
	hash_index_begin(index);
}

static void note_place(void *arg, const struct db_row *row)
{
	struct hash_index *index = arg;

	index->last_key = db_int(row, 0);
	index->hand = (uint32_t)db_int(row, 1) % RECENT_BUCKETS;
}

/* What a load has read is of no further use in the cache, so no more than a page is kept. */
static const struct statement cache_release = {"PRAGMA shrink_memory", NULL};

struct loading {
	struct hash_index *index;
	struct recent recent; /* which replaces the index's once all is read */
	bool is_short_of_memory;
};

static void note_row(void *arg, const struct db_row *row)
{
	struct loading *loading = arg;
	struct recent *recent = &loading->recent;

	if (recent->count == recent->room && !recent_reserve(recent, 2 * (size_t)recent->room))
		loading->is_short_of_memory = true;
	if (loading->is_short_of_memory)
		return;
	recent_put(recent, db_int(row, 0), db_int(row, 1));
	loading->index->last_key = db_int(row, 1);
}

static enum db_result load_tail(struct loading *loading, struct db *db)
{
	struct hash_index *index = loading->index;
	enum db_result result;
	int64_t after;

	do {
		after = index->last_key;
		DB_SEND(db, &index->tail, note_row, loading, V_INT(after), V_INT(LOAD_PAGE_ROWS));
		DB_SEND0(db, &cache_release, NULL, NULL);
		result = db_flush(db);
	} while (result == DB_OK && index->last_key > after);
	return loading->is_short_of_memory ? DB_FAILED : result;
}

static enum db_result load(struct loading *loading, struct db *db)
{
	struct hash_index *index = loading->index;
	struct recent *recent = &loading->recent;
	enum db_result result;

	hash_index_begin(index);
	index->hand = 0;
	index->last_key = 0;
	if (!recent_reserve(recent, index->recent_max + HASH_INDEX_ADDS_MAX))
		return DB_FAILED;
	DB_SEND0(db, &index->place_get, note_place, index);
	result = db_flush(db);
	if (result == DB_OK)
		result = load_tail(loading, db);
	if (result == DB_OK && !recent_reserve(recent, recent->count + HASH_INDEX_ADDS_MAX))
		return DB_FAILED;
	return result;
}

/* Processes that ended before the hand had gone round once have left too much. */
static enum db_result merge_all(struct hash_index *index, struct db *db)
{
	enum db_result result = db_begin(db);

	if (result != DB_OK)
		return result;
	while (index->taken < RECENT_BUCKETS)
		(void)merge_bucket(index, db);
	send_deletes(index, db);
	DB_SEND(db, &index->place_set, NULL, NULL, V_INT(index->last_key), V_INT(index->hand));
	result = db_commit(db);
	if (result == DB_OK) {
		pthread_rwlock_wrlock(&index->lock);
		recent_clear(&index->recent);
		pthread_rwlock_unlock(&index->lock);
	}
	hash_index_begin(index);
	return result;
}

enum db_result hash_index_load(struct hash_index *index, struct db *db)
{
	struct loading loading = {.index = index};
	enum db_result result = load(&loading, db);

	if (result != DB_OK) {
		recent_release(&loading.recent);
		return result;
	}
	pthread_rwlock_wrlock(&index->lock);
	recent_release(&index->recent);
	index->recent = loading.recent;
	pthread_rwlock_unlock(&index->lock);
	return index->recent.count > BEHIND_MAX * index->recent_max ? merge_all(index, db) : DB_OK;
}

void hash_index_close(struct hash_index *index)
{
	recent_release(&index->recent);
}
