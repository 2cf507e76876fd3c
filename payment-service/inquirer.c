/* inquirer.c - one question and one command at a time, as this happens once in a store's life.
 * Invariant: nothing here needs to last, as the command moves its row of inquiries on, or removes
 * it, in its own transaction. */
#include "inquirer.h"

#include <stdlib.h>

#include "consult.h"
#include "payment_commands.h"
#include "payment_outcome.h"
#include "runtime/log.h"
#include "runtime/metrics.h"

/* After a full queue, a store that is being recovered, a read that failed. */
#define RETRY_US US_PER_S

enum inquirer_state { INQUIRER_FREE, INQUIRER_UNDER_WAY, INQUIRER_BACK };

/* The job is the writer's while it is UNDER_WAY. */
struct inquirer {
	struct db *db;
	const struct processor *processor;
	struct submitter submitter;
	int64_t retry_us; /* nothing is done before */
	_Atomic enum inquirer_state state;
	struct inquiry_command command;
	char decline_code[DECLINE_CODE_MAX + 1];
	struct job job;
};

static _Atomic int64_t inquiries_open, references_recovered, references_lost;

static struct metric metrics[] = {
	{"inquiries_open", METRIC_GAUGE,
         "Payments and refunds that only the order service knows, until the processor was asked.",
         metric_collect_value, &inquiries_open, NULL},
	{"references_recovered_total", METRIC_COUNTER,
         "Of those, what was made again as the processor says.", metric_collect_value,
         &references_recovered, NULL},
	{"references_lost", METRIC_GAUGE, "Of those, what could not be, until an operator accepts.",
         metric_collect_value, &references_lost, NULL},
};

void inquirer_register_metrics(void)
{
	for (size_t i = 0; i < ARRAY_LEN(metrics); i++)
		metric_register(&metrics[i]);
}

void inquirer_committed(const struct job *job, const void *effects)
{
	const struct inquiry *inquiry = &((const struct inquiry_command *)job->command)->inquiry;
	enum inquiry_end end = ((const struct payment_effects *)effects)->inquiry_end;
	bool is_lost = end == INQUIRY_LOST;

	payment_domain.committed(job, effects);
	if (end != INQUIRY_MADE && !is_lost)
		return;
	if (!is_lost)
		atomic_fetch_add_explicit(&references_recovered, 1, memory_order_relaxed);
	log_warn(is_lost ? "reference_lost" : "reference_recovered",
	         L_STR("payment_id", inquiry->payment_id), L_STR("refund_id", inquiry->refund_id),
	         L_STR("order_id", inquiry->order_id),
	         L_STR("payment_status", payment_status_names[inquiry->status]),
	         L_INT("peer_seq", inquiry->cause.seq));
}

struct inquirer *inquirer_new(struct db *db, const struct processor *processor,
                              struct submitter submitter, struct buf *why)
{
	struct inquirer *inquirer = calloc(1, sizeof(*inquirer));

	if (inquirer == NULL) {
		buf_add_str(why, "There is not enough memory to start.");
		return NULL;
	}
	inquirer->db = db;
	inquirer->processor = processor;
	inquirer->submitter = submitter;
	return inquirer;
}

bool inquirer_is_idle(const struct inquirer *inquirer)
{
	return atomic_load(&inquirer->state) != INQUIRER_UNDER_WAY;
}

/* On the thread that executed the command. From the store on the job is the inquirer's again. */
static void done(struct job *job)
{
	struct inquirer *inquirer = job->owner;
	struct submitter submitter = inquirer->submitter;

	atomic_store(&inquirer->state, INQUIRER_BACK);
	submitter.came_back(submitter.arg);
}

static void take_back(struct inquirer *inquirer, int64_t now_us)
{
	if (atomic_load(&inquirer->state) != INQUIRER_BACK)
		return;
	if (inquirer->job.answer.error != ERR_NONE)
		inquirer->retry_us = now_us + RETRY_US;
	answer_release(&inquirer->job.answer);
	buf_release(&inquirer->job.kept);
	atomic_store(&inquirer->state, INQUIRER_FREE);
}

/* ---- what is due, and what is there of it ---- */

struct due {
	bool is_found;
	int64_t next_us;
	struct inquiry inquiry;
	struct inquiry_view view; /* the payment's texts are gone with its row */
};

static void take_state(void *arg, const struct db_row *row)
{
	struct due *due = arg;

	atomic_store(&inquiries_open, db_int(row, 0));
	if (!db_is_null(row, 1))
		due->next_us = db_int(row, 1);
	atomic_store(&references_lost, db_int(row, 2));
}

static void take_due(void *arg, const struct db_row *row)
{
	struct due *due = arg;

	due->is_found = inquiry_from_row(row, &due->inquiry);
	ensure(due->is_found); /* the service stops at such a row, it guesses nothing */
}

static void take_payment(void *arg, const struct db_row *row)
{
	struct due *due = arg;

	due->view.payment_found = payment_from_row(row, &due->view.payment);
}

static void take_refund(void *arg, const struct db_row *row)
{
	struct due *due = arg;

	(void)row;
	due->view.refund_found = true;
}

static bool find_due(struct inquirer *inquirer, int64_t now_us, struct due *due)
{
	DB_SEND0(inquirer->db, &inquiries_state, take_state, due);
	inquiry_send_due(inquirer->db, now_us, take_due, due);
	if (db_flush(inquirer->db) != DB_OK)
		return false;
	if (!due->is_found)
		return true;
	payment_send_by_id(inquirer->db, text_of(due->inquiry.payment_id), take_payment, due);
	refund_send_by_id(inquirer->db, text_of(due->inquiry.refund_id), take_refund, due);
	return db_flush(inquirer->db) == DB_OK;
}

/* ---- the question ---- */

/* As the question about an intent, which the old store had. */
static void make_intent(const struct due *due, enum operation operation, struct intent *intent)
{
	const struct inquiry *inquiry = &due->inquiry;

	*intent = (struct intent){.operation = operation,
	                          .currency = inquiry->currency,
	                          .amount_minor = inquiry->amount_minor,
	                          .capture = inquiry->capture};
	if (operation == OPERATION_CAPTURE)
		intent->amount_minor = inquiry->captured_minor;
	if (operation == OPERATION_REFUND)
		intent->amount_minor = inquiry->refund_minor;
	inquiry_reference(inquiry, &due->view, operation, intent->reference);
	text_copy(text_of(inquiry->payment_id), intent->payment_id, ID_SIZE);
	text_copy(text_of(inquiry->payment_id), intent->request_id, sizeof(intent->request_id));
}

/* What the processor never got it never will, once its last call is long past. */
static struct decision ask(struct inquirer *inquirer, const struct due *due, int64_t now_us)
{
	const struct decision open = {.verdict = VERDICT_OPEN};
	int operation = inquiry_operation(&due->inquiry, &due->view);
	bool is_final = now_us > due->inquiry.told_us + 2 * inquirer->processor->final_after_us;
	struct processor_answer answers[PROCESSOR_ANSWERS_MAX];
	struct decision decision;
	struct intent intent;

	if (operation == OPERATION_NONE)
		return open;
	make_intent(due, (enum operation)operation, &intent);
	if (consult_ask(inquirer->processor, &intent, answers) == 0 || answers[0].after_us > 0)
		return open;
	if (answers[0].said == PROCESSOR_KNOWS_IT_NOT)
		return (struct decision){.verdict = is_final ? VERDICT_UNREACHABLE : VERDICT_OPEN};
	decision = answers[0].decision;
	if (decision.verdict == VERDICT_UNREACHABLE)
		return open; /* about this call alone */
	if (decision.decline_code.ptr != NULL) {
		text_copy(decision.decline_code, inquirer->decline_code,
		          sizeof(inquirer->decline_code));
		decision.decline_code = text_of(inquirer->decline_code);
	}
	return decision;
}

static void submit(struct inquirer *inquirer, const struct due *due, int64_t now_us)
{
	inquirer->command = (struct inquiry_command){.inquiry = due->inquiry,
	                                             .processor = inquirer->processor->name,
	                                             .decision = ask(inquirer, due, now_us)};
	inquirer->job = (struct job){.owner = inquirer,
	                             .kind = &inquiry_kind,
	                             .command = &inquirer->command,
	                             .request_id = text_of(inquirer->command.inquiry.payment_id),
	                             .deadline_us = INT64_MAX,
	                             .done = done};
	answer_init(&inquirer->job.answer);
	buf_init(&inquirer->job.kept, ANSWER_BYTES_MAX);
	atomic_store(&inquirer->state, INQUIRER_UNDER_WAY);
	inquirer->submitter.publish(inquirer->submitter.arg, &inquirer->job);
}

int64_t inquirer_turn(struct inquirer *inquirer, int64_t now_us)
{
	struct due due = {.next_us = INT64_MAX};

	take_back(inquirer, now_us);
	if (atomic_load(&inquirer->state) !=
	    INQUIRER_FREE) /* or it came back just now, and wakes */
		return INT64_MAX;
	if (inquirer->retry_us > now_us)
		return inquirer->retry_us;
	if (!find_due(inquirer, now_us, &due))
		return now_us + RETRY_US;
	if (!due.is_found) /* or it waits for an older one of its payment */
		return due.next_us > now_us ? due.next_us : now_us + RETRY_US;
	if (inquirer->submitter.reserve(inquirer->submitter.arg) != ERR_NONE)
		return now_us + RETRY_US;
	submit(inquirer, &due, now_us);
	return INT64_MAX;
}

void inquirer_free(struct inquirer *inquirer)
{
	if (inquirer == NULL)
		return;
	ensure(inquirer_is_idle(inquirer));
	take_back(inquirer, 0);
	free(inquirer);
}
