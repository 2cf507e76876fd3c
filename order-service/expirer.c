/* expirer.c - what is due becomes commands. Nothing here needs to last: what is lost with the
 * process, or was not committed, is found again. */
#include "expirer.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "order_commands.h"
#include "order_store.h"

/* How late an order may lapse that was accepted since the last look; and the next try after a full
 * queue, a store that is being recovered, a read that failed. */
#define LOOK_US US_PER_S

enum place_state { PLACE_FREE, PLACE_FOUND, PLACE_UNDER_WAY, PLACE_BACK };

/* Its job is the writer's while it is UNDER_WAY. */
struct place {
	_Atomic enum place_state state;
	struct order_change_command command;
	struct job job;
	struct submitter submitter;
};

struct expirer {
	struct db *db;
	struct submitter submitter;
	struct place places[EXPIRER_ORDERS_MAX];
	size_t found;
};

struct expirer *expirer_new(struct db *db, struct submitter submitter, struct buf *why)
{
	struct expirer *expirer = calloc(1, sizeof(*expirer));

	if (expirer == NULL) {
		buf_add_str(why, "There is not enough memory to start.");
		return NULL;
	}
	expirer->db = db;
	expirer->submitter = submitter;
	return expirer;
}

bool expirer_is_idle(const struct expirer *expirer)
{
	for (size_t i = 0; i < EXPIRER_ORDERS_MAX; i++)
		if (atomic_load(&expirer->places[i].state) == PLACE_UNDER_WAY)
			return false;
	return true;
}

/* On the thread that executed the command. From the store on the place is the expirer's again. */
static void done(struct job *job)
{
	struct place *place = job->owner;
	struct submitter submitter = place->submitter;

	atomic_store(&place->state, PLACE_BACK);
	submitter.came_back(submitter.arg);
}

/* What was found and not submitted is forgotten as well. False: a command was not committed. */
static bool take_back(struct expirer *expirer)
{
	bool all_committed = true;

	for (size_t i = 0; i < EXPIRER_ORDERS_MAX; i++) {
		struct place *place = &expirer->places[i];

		if (atomic_load(&place->state) == PLACE_BACK) {
			all_committed = all_committed && place->job.answer.error == ERR_NONE;
			answer_release(&place->job.answer);
			buf_release(&place->job.kept);
		}
		atomic_store(&place->state, PLACE_FREE);
	}
	return all_committed;
}

static void take_due(void *arg, const struct db_row *row)
{
	struct expirer *expirer = arg;
	struct place *place = &expirer->places[expirer->found++];

	place->command = (struct order_change_command){.order_hash = (uint64_t)db_int(row, 0)};
	text_copy(db_text(row, 1), place->command.order_id, sizeof(place->command.order_id));
	atomic_store(&place->state, PLACE_FOUND);
}

static void take_next(void *arg, const struct db_row *row)
{
	int64_t *next_us = arg;

	if (!db_is_null(row, 0))
		*next_us = db_int(row, 0);
}

static bool submit(struct expirer *expirer, struct place *place)
{
	if (expirer->submitter.reserve(expirer->submitter.arg) != ERR_NONE)
		return false;
	place->job = (struct job){.owner = place,
	                          .kind = &order_expire_kind,
	                          .command = &place->command,
	                          .deadline_us = INT64_MAX,
	                          .done = done};
	answer_init(&place->job.answer);
	buf_init(&place->job.kept, ANSWER_BYTES_MAX);
	place->submitter = expirer->submitter;
	atomic_store(&place->state, PLACE_UNDER_WAY);
	expirer->submitter.publish(expirer->submitter.arg, &place->job);
	return true;
}

/* It looks only while nothing is under way: so nothing is found twice. */
int64_t expirer_turn(struct expirer *expirer, int64_t now_us)
{
	int64_t next_us = INT64_MAX;

	if (!expirer_is_idle(expirer))
		return INT64_MAX;
	if (!take_back(expirer))
		return now_us + LOOK_US;
	expirer->found = 0;
	order_send_due(expirer->db, now_us, EXPIRER_ORDERS_MAX, take_due, expirer);
	order_send_next_end(expirer->db, now_us, take_next, &next_us);
	if (db_flush(expirer->db) != DB_OK)
		return now_us + LOOK_US;
	for (size_t i = 0; i < expirer->found; i++)
		if (!submit(expirer, &expirer->places[i]))
			return now_us + LOOK_US;
	return next_us - now_us < LOOK_US ? next_us : now_us + LOOK_US;
}

void expirer_free(struct expirer *expirer)
{
	if (expirer == NULL)
		return;
	ensure(expirer_is_idle(expirer));
	(void)take_back(expirer);
	free(expirer);
}
