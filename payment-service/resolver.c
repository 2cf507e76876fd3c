/* resolver.c - what the processor says becomes commands. Invariants: (1) while a word on an intent
 * is not committed, its intent is not consulted about again; (2) nothing here needs to last: what
 * is lost with the process is asked for after its next start.
 *
 *   FREE --due--> FOUND --consulted--> WAITS --submitted--> UNDER_WAY --done()--> BACK --> FREE
 *                                        ^--------------- not committed -----------'       */
#include "resolver.h"

#include <stdlib.h>

#include "consult.h"
#include "payment_commands.h"
#include "payment_store.h"
#include "runtime/log.h"
#include "runtime/metrics.h"
#include "storage/journal.h"

/* After a full queue, a store that is being recovered, a read that failed. */
#define RETRY_US US_PER_S

#define WORDS_MAX (RESOLVER_INTENTS_MAX + RESOLVER_LATER_MAX)

enum word_state { WORD_FREE, WORD_FOUND, WORD_WAITS, WORD_UNDER_WAY, WORD_BACK };

/* What is to be told of an intent. Its job is the writer's while it is UNDER_WAY. */
struct word {
	_Atomic enum word_state state;
	int64_t due_us; /* of one that waits */
	struct intent intent;
	char decline_code[DECLINE_CODE_MAX + 1];
	struct operation_command answer;
	struct asked_command asked;
	struct job job;
	struct submitter submitter;
};

struct resolver {
	struct db *db;
	const struct processor *processor;
	struct submitter submitter;
	int64_t start_seq; /* the journal's head at the start */
	/* The first RESOLVER_INTENTS_MAX hold what is due, the others what comes later. */
	struct word words[WORDS_MAX];
};

static _Atomic int64_t payments_stuck, refunds_stuck, later_dropped;

static struct metric metrics[] = {
	{"payments_stuck", METRIC_GAUGE,
         "Payments whose outcome the processor did not tell within a day: see POST resolve.",
         metric_collect_value, &payments_stuck, NULL},
	{"refunds_stuck", METRIC_GAUGE, "Refunds, likewise.", metric_collect_value, &refunds_stuck,
         NULL},
	{"processor_answers_dropped_total", METRIC_COUNTER,
         "Late answers that found no room; they are asked for.", metric_collect_value,
         &later_dropped, NULL},
};

void resolver_register_metrics(void)
{
	for (size_t i = 0; i < ARRAY_LEN(metrics); i++)
		metric_register(&metrics[i]);
	consult_register_metrics();
}

struct resolver *resolver_new(struct db *db, const struct processor *processor,
                              struct submitter submitter, struct buf *why)
{
	struct resolver *resolver = calloc(1, sizeof(*resolver));
	struct journal_head head;

	if (resolver == NULL) {
		buf_add_str(why, "There is not enough memory to start.");
		return NULL;
	}
	if (journal_read_head(db, &head) != DB_OK) {
		buf_addf(why, "The journal cannot be read: %s.", db_why(db));
		free(resolver);
		return NULL;
	}
	resolver->db = db;
	resolver->processor = processor;
	resolver->submitter = submitter;
	resolver->start_seq = head.seq;
	return resolver;
}

bool resolver_is_idle(const struct resolver *resolver)
{
	for (size_t i = 0; i < WORDS_MAX; i++)
		if (atomic_load(&resolver->words[i].state) == WORD_UNDER_WAY)
			return false;
	return true;
}

/* ---- words ---- */

static struct word *find_free(struct resolver *resolver, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		if (atomic_load(&resolver->words[i].state) == WORD_FREE)
			return &resolver->words[i];
	return NULL;
}

/* On the thread that executed the command. From the store on the word is the resolver's again. */
static void done(struct job *job)
{
	struct word *word = job->owner;
	struct submitter submitter = word->submitter;

	atomic_store(&word->state, WORD_BACK);
	submitter.came_back(submitter.arg);
}

static void wait_until(struct word *word, const struct command_kind *kind, const void *command,
                       int64_t due_us)
{
	word->job = (struct job){.owner = word,
	                         .kind = kind,
	                         .command = command,
	                         .request_id = text_of(word->intent.request_id),
	                         .traceparent = intent_traceparent(&word->intent),
	                         .deadline_us = INT64_MAX,
	                         .done = done};
	word->due_us = due_us;
	atomic_store(&word->state, WORD_WAITS);
}

static void wait_to_answer(struct word *word, const struct decision *decision, int64_t due_us)
{
	struct operation_command *answer = &word->answer;

	*answer = (struct operation_command){.operation = word->intent.operation,
	                                     .intent_key = word->intent.intent_key,
	                                     .decision = *decision};
	text_copy(text_of(word->intent.payment_id), answer->payment_id, ID_SIZE);
	text_copy(text_of(word->intent.refund_id), answer->refund_id, ID_SIZE);
	if (decision->decline_code.ptr != NULL) {
		text_copy(decision->decline_code, word->decline_code, sizeof(word->decline_code));
		answer->decision.decline_code = text_of(word->decline_code);
	}
	wait_until(word, &answer_kind, answer, due_us);
}

static void wait_to_ask(struct word *word, int64_t now_us)
{
	word->asked =
		(struct asked_command){.intent_key = word->intent.intent_key,
	                               .next_us = consult_next_us(word->intent.created_us, now_us)};
	wait_until(word, &asked_kind, &word->asked, now_us);
}

/* False: there is no room. */
static bool keep_later(struct resolver *resolver, const struct intent *intent,
                       const struct processor_answer *answer, int64_t now_us)
{
	struct word *word = find_free(resolver, RESOLVER_INTENTS_MAX, WORDS_MAX);

	if (word == NULL) {
		atomic_fetch_add_explicit(&later_dropped, 1, memory_order_relaxed);
		return false;
	}
	word->intent = *intent;
	wait_to_answer(word, &answer->decision, now_us + answer->after_us);
	return true;
}

/* The first answer at once is the one to the intent; any other comes by itself. Where that finds no
 * room the intent stays open, as only what is open is asked for: else an approval after a decline
 * would be lost, and the payer's money with it. */
static void consult_about(struct resolver *resolver, struct word *word, int64_t now_us)
{
	const struct intent *intent = &word->intent;
	bool is_new = !intent->is_called && intent->intent_key > resolver->start_seq;
	struct processor_answer answers[PROCESSOR_ANSWERS_MAX];
	size_t count = consult(resolver->processor, intent, is_new, now_us, answers);
	const struct decision *at_once = NULL;
	bool all_are_kept = true;

	for (size_t i = 0; i < count; i++) {
		if (answers[i].after_us == 0 && at_once == NULL)
			at_once = &answers[i].decision;
		else if (!keep_later(resolver, intent, &answers[i], now_us))
			all_are_kept = false;
	}
	if (at_once != NULL && all_are_kept)
		wait_to_answer(word, at_once, now_us);
	else
		wait_to_ask(word, now_us);
}

/* ---- one turn ---- */

static void warn_where_stuck(const struct word *word)
{
	const struct intent *intent = &word->intent;

	if (word->job.kind != &asked_kind || word->asked.next_us != INT64_MAX)
		return;
	log_warn(intent->refund_key == 0 ? "payment_stuck" : "refund_stuck",
	         L_STR("payment_id", intent->payment_id), L_STR("refund_id", intent->refund_id),
	         L_STR("operation", operation_names[intent->operation]),
	         L_STR("request_id", intent->request_id), L_TRACE(intent_traceparent(intent)));
}

static void take_back(struct resolver *resolver, int64_t now_us)
{
	for (size_t i = 0; i < WORDS_MAX; i++) {
		struct word *word = &resolver->words[i];
		bool is_committed;

		if (atomic_load(&word->state) != WORD_BACK)
			continue;
		is_committed = word->job.answer.error == ERR_NONE;
		answer_release(&word->job.answer);
		buf_release(&word->job.kept);
		if (is_committed)
			warn_where_stuck(word);
		word->due_us = now_us + RETRY_US;
		atomic_store(&word->state, is_committed ? WORD_FREE : WORD_WAITS);
	}
}

static bool is_held(const struct resolver *resolver, int64_t intent_key)
{
	for (size_t i = 0; i < RESOLVER_INTENTS_MAX; i++)
		if (atomic_load(&resolver->words[i].state) != WORD_FREE &&
		    resolver->words[i].intent.intent_key == intent_key)
			return true;
	return false;
}

static void take_due(void *arg, const struct db_row *row)
{
	struct resolver *resolver = arg;
	struct word *word = find_free(resolver, 0, RESOLVER_INTENTS_MAX);
	struct intent intent;

	intent_from_row(row, &intent);
	if (word == NULL || is_held(resolver, intent.intent_key))
		return;
	word->intent = intent;
	atomic_store(&word->state, WORD_FOUND);
}

static void take_state(void *arg, const struct db_row *row)
{
	int64_t *next_us = arg;

	if (!db_is_null(row, 0))
		*next_us = db_int(row, 0);
	atomic_store(&payments_stuck, db_int(row, 1));
	atomic_store(&refunds_stuck, db_int(row, 2));
}

/* When the next intent becomes due. What is due already, and was not taken, waits for a command to
 * come back. */
static int64_t consult_about_due(struct resolver *resolver, int64_t now_us)
{
	int64_t next_us = INT64_MAX;
	bool is_read;

	intent_send_state(resolver->db, take_state, &next_us);
	intent_send_due(resolver->db, now_us, RESOLVER_INTENTS_MAX, take_due, resolver);
	is_read = db_flush(resolver->db) == DB_OK;
	for (size_t i = 0; i < RESOLVER_INTENTS_MAX; i++)
		if (atomic_load(&resolver->words[i].state) == WORD_FOUND)
			consult_about(resolver, &resolver->words[i], now_us);
	if (!is_read)
		return now_us + RETRY_US;
	return next_us > now_us ? next_us : INT64_MAX;
}

/* When the next one is to be submitted. */
static int64_t submit_due(struct resolver *resolver, int64_t now_us)
{
	int64_t next_us = INT64_MAX;

	for (size_t i = 0; i < WORDS_MAX; i++) {
		struct word *word = &resolver->words[i];

		if (atomic_load(&word->state) != WORD_WAITS)
			continue;
		if (word->due_us > now_us) {
			next_us = word->due_us < next_us ? word->due_us : next_us;
			continue;
		}
		if (resolver->submitter.reserve(resolver->submitter.arg) != ERR_NONE)
			return now_us + RETRY_US;
		answer_init(&word->job.answer);
		buf_init(&word->job.kept, ANSWER_BYTES_MAX);
		word->submitter = resolver->submitter;
		atomic_store(&word->state, WORD_UNDER_WAY);
		resolver->submitter.publish(resolver->submitter.arg, &word->job);
	}
	return next_us;
}

int64_t resolver_turn(struct resolver *resolver, int64_t now_us)
{
	int64_t intents_us, words_us;

	take_back(resolver, now_us);
	intents_us = consult_about_due(resolver, now_us);
	words_us = submit_due(resolver, now_us);
	return intents_us < words_us ? intents_us : words_us;
}

void resolver_free(struct resolver *resolver)
{
	if (resolver == NULL)
		return;
	ensure(resolver_is_idle(resolver));
	take_back(resolver, 0);
	free(resolver);
}
