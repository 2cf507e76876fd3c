/* peer.c - the table `peer`, which has one row. What the events mean is the services' business. */
#include "storage/peer.h"

#include <string.h>

static const struct statement place_get = {
	.sql = "SELECT source, seq, hash, accepted_seq, rollback, gone_seq, gone_hash "
	       "FROM peer WHERE id = 1",
};
/* A place that is not where the step begins gives NULL, which the column refuses: a conflict. */
static const struct statement place_step = {
	.sql = "UPDATE peer SET seq = CASE WHEN seq = $1 AND hash = $2 THEN $3 END, hash = $4, "
	       "source = $5 WHERE id = 1",
};
static const struct statement place_set = {
	.sql = "UPDATE peer SET source = $1, seq = $2, hash = $3, accepted_seq = -1 "
	       "WHERE id = 1 AND accepted_seq = $4",
};
static const struct statement accepted_set = {
	.sql = "UPDATE peer SET accepted_seq = $1, rollback = 0 WHERE id = 1",
};
static const struct statement rollback_set = {
	.sql = "UPDATE peer SET rollback = $1, gone_seq = $2, gone_hash = $3 WHERE id = 1",
};

static void note_place(void *arg, const struct db_row *row)
{
	struct peer_place *place = arg;
	struct text hash = db_text(row, 2), gone_hash = db_text(row, 6);

	ensure(hash.len == HASH_BYTES && gone_hash.len == HASH_BYTES); /* the table's CHECK */
	text_copy(db_text(row, 0), place->source, sizeof(place->source));
	place->seq = db_int(row, 1);
	memcpy(place->hash.bytes, hash.ptr, HASH_BYTES);
	place->accepted_seq = db_int(row, 3);
	place->rollback = (enum peer_rollback)db_int(row, 4);
	place->gone_seq = db_int(row, 5);
	memcpy(place->gone_hash.bytes, gone_hash.ptr, HASH_BYTES);
}

void peer_load(struct db *db, struct peer_place *ret_place)
{
	DB_SEND0(db, &place_get, note_place, ret_place);
}

enum db_result peer_read(struct db *db, struct peer_place *ret_place)
{
	peer_load(db, ret_place);
	return db_flush(db);
}

void peer_write_step(struct db *db, const struct peer_step *step)
{
	ensure(step->to.seq > step->from_seq);
	DB_SEND(db, &place_step, NULL, NULL, V_INT(step->from_seq),
	        V_BLOB(step->from_hash.bytes, HASH_BYTES), V_INT(step->to.seq),
	        V_BLOB(step->to.hash.bytes, HASH_BYTES), v_str(step->to.source));
}

void peer_write_place(struct db *db, const struct peer_place *place)
{
	DB_SEND(db, &place_set, NULL, NULL, v_str(place->source), V_INT(place->seq),
	        V_BLOB(place->hash.bytes, HASH_BYTES), V_INT(place->accepted_seq));
}

void peer_write_accepted(struct db *db, int64_t seq)
{
	ensure(seq >= -1);
	DB_SEND(db, &accepted_set, NULL, NULL, V_INT(seq));
}

void peer_write_rollback(struct db *db, const struct peer_place *place)
{
	DB_SEND(db, &rollback_set, NULL, NULL, V_INT(place->rollback), V_INT(place->gone_seq),
	        V_BLOB(place->gone_hash.bytes, HASH_BYTES));
}

bool peer_step_fits(const struct peer_step *step, const struct peer_place *place)
{
	return step->from_seq == place->seq && hash_equal(&step->from_hash, &place->hash) &&
	       (place->source[0] == '\0' || strcmp(place->source, step->to.source) == 0);
}
