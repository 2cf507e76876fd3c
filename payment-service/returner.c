/* returner.c - a command for each payment that is to be given back now. Invariant: nothing here
 * needs to last, as each command moves its row of returns on, or removes it, in its own
 * transaction: one that is lost, or comes twice, finds the payment as it is then. */
#include "returner.h"

#include <stdlib.h>

#include "base/trace.h"
#include "known_order_store.h"
#include "payment_commands.h"
#include "runtime/metrics.h"

/* After a full queue, a store that is being recovered, a read that failed. */
#define RETRY_US US_PER_S

enum errand_state { ERRAND_FREE, ERRAND_FOUND, ERRAND_UNDER_WAY, ERRAND_BACK };

/* Its job is the writer's while it is UNDER_WAY. */
struct errand {
	_Atomic enum errand_state state;
	struct return_command command;
	char traceparent[TRACEPARENT_CHARS + 1]; /* "": none */
	struct job job;
	struct submitter submitter;
};

struct returner {
	struct db *db;
	struct submitter submitter;
	int64_t retry_us; /* nothing is submitted before */
	struct errand errands[RETURNER_COMMANDS_MAX];
};

static _Atomic int64_t returns_stuck;

static struct metric metrics[] = {
	{"returns_stuck", METRIC_GAUGE,
         "Payments of orders that ended, not given back within a day: refund them by hand.",
         metric_collect_value, &returns_stuck, NULL},
};

void returner_register_metrics(void)
{
	for (size_t i = 0; i < ARRAY_LEN(metrics); i++)
		metric_register(&metrics[i]);
}

struct returner *returner_new(struct db *db, struct submitter submitter, struct buf *why)
{
	struct returner *returner = calloc(1, sizeof(*returner));

	if (returner == NULL) {
		buf_add_str(why, "There is not enough memory to start.");
		return NULL;
	}
	returner->db = db;
	returner->submitter = submitter;
	return returner;
}

bool returner_is_idle(const struct returner *returner)
{
	for (size_t i = 0; i < RETURNER_COMMANDS_MAX; i++)
		if (atomic_load(&returner->errands[i].state) == ERRAND_UNDER_WAY)
			return false;
	return true;
}

/* On the thread that executed the command. From the store on the errand is the returner's again. */
static void done(struct job *job)
{
	struct errand *errand = job->owner;
	struct submitter submitter = errand->submitter;

	atomic_store(&errand->state, ERRAND_BACK);
	submitter.came_back(submitter.arg);
}

/* What was not committed is due still. */
static void take_back(struct returner *returner, int64_t now_us)
{
	for (size_t i = 0; i < RETURNER_COMMANDS_MAX; i++) {
		struct errand *errand = &returner->errands[i];

		if (atomic_load(&errand->state) != ERRAND_BACK)
			continue;
		if (errand->job.answer.error != ERR_NONE)
			returner->retry_us = now_us + RETRY_US;
		answer_release(&errand->job.answer);
		buf_release(&errand->job.kept);
		atomic_store(&errand->state, ERRAND_FREE);
	}
}

static bool is_under_way(const struct errand *errand, int64_t payment_key)
{
	return atomic_load(&errand->state) != ERRAND_FREE &&
	       errand->command.payment_key == payment_key;
}

/* A free one, NULL: there is none, or the payment has one. */
static struct errand *errand_for(struct returner *returner, int64_t payment_key)
{
	struct errand *found = NULL;

	for (size_t i = 0; i < RETURNER_COMMANDS_MAX; i++) {
		struct errand *errand = &returner->errands[i];

		if (is_under_way(errand, payment_key))
			return NULL;
		if (atomic_load(&errand->state) == ERRAND_FREE)
			found = errand;
	}
	return found;
}

static void take_due(void *arg, const struct db_row *row)
{
	struct returner *returner = arg;
	int64_t payment_key = db_int(row, RETURN_PAYMENT_KEY);
	struct errand *errand = errand_for(returner, payment_key);
	struct operation_command *operation;

	if (errand == NULL)
		return;
	errand->command = (struct return_command){.payment_key = payment_key,
	                                          .since_us = db_int(row, RETURN_SINCE)};
	operation = &errand->command.operation;
	operation->amount.digits = -1; /* all there is */
	operation->reason = TEXT_LITERAL("the order does not take it");
	operation->has_key = true;
	text_copy(db_text(row, RETURN_PAYMENT_ID), operation->payment_id, ID_SIZE);
	text_copy(db_text(row, RETURN_TRACEPARENT), errand->traceparent, TRACEPARENT_CHARS + 1);
	atomic_store(&errand->state, ERRAND_FOUND);
}

static void submit(const struct returner *returner, struct errand *errand)
{
	errand->submitter = returner->submitter;
	errand->job = (struct job){.owner = errand,
	                           .kind = &return_kind,
	                           .command = &errand->command,
	                           .request_id = text_of(errand->command.operation.payment_id),
	                           .traceparent = errand->traceparent[0] == '\0'
	                                                  ? TEXT_NONE
	                                                  : text_of(errand->traceparent),
	                           .deadline_us = INT64_MAX,
	                           .done = done};
	answer_init(&errand->job.answer);
	buf_init(&errand->job.kept, ANSWER_BYTES_MAX);
	atomic_store(&errand->state, ERRAND_UNDER_WAY);
	returner->submitter.publish(returner->submitter.arg, &errand->job);
}

/* Those that were found; what finds no place is due still. */
static void submit_found(struct returner *returner, int64_t now_us)
{
	for (size_t i = 0; i < RETURNER_COMMANDS_MAX; i++) {
		struct errand *errand = &returner->errands[i];

		if (atomic_load(&errand->state) != ERRAND_FOUND)
			continue;
		if (returner->submitter.reserve(returner->submitter.arg) == ERR_NONE) {
			submit(returner, errand);
			continue;
		}
		atomic_store(&errand->state, ERRAND_FREE);
		returner->retry_us = now_us + RETRY_US;
	}
}

static void take_state(void *arg, const struct db_row *row)
{
	int64_t *next_us = arg;

	if (!db_is_null(row, 0))
		*next_us = db_int(row, 0);
	atomic_store(&returns_stuck, db_int(row, 1));
}

/* What is due already, and was not taken, waits for a command to come back, or for the end of a
 * rollback, of which nobody tells. */
int64_t returner_turn(struct returner *returner, int64_t now_us)
{
	int64_t next_us = INT64_MAX;

	take_back(returner, now_us);
	if (returner->retry_us > now_us)
		return returner->retry_us;
	returner->retry_us = 0;
	return_send_state(returner->db, take_state, &next_us);
	return_send_due(returner->db, now_us, RETURNER_COMMANDS_MAX, take_due, returner);
	if (db_flush(returner->db) != DB_OK)
		returner->retry_us = now_us + RETRY_US;
	submit_found(returner, now_us);
	if (returner->retry_us != 0)
		return returner->retry_us;
	if (next_us > now_us)
		return next_us;
	return returner_is_idle(returner) ? now_us + RETRY_US : INT64_MAX;
}

void returner_free(struct returner *returner)
{
	if (returner == NULL)
		return;
	ensure(returner_is_idle(returner));
	take_back(returner, 0);
	free(returner);
}
