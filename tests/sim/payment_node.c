/* payment_node.c - the payment service as a node runs it: what its main.c tells of it, and what
 * resolver_thread.c does, as one turn. */
#include "payment-service/inquirer.h"
#include "payment-service/payment_audit.h"
#include "payment-service/payment_commands.h"
#include "payment-service/payment_store.h"
#include "payment-service/returner.h"
#include "sim/bank.h"
#include "sim/canary.h"
#include "sim/node.h"

#include <stdlib.h>

struct payment_work {
	struct resolver *resolver;
	struct returner *returner;
	struct inquirer *inquirer;
};

static void *payment_work_new(struct db *reader, struct submitter submitter, struct buf *why)
{
	struct payment_work *work = calloc(1, sizeof(*work));

	ensure(work != NULL);
	work->resolver = resolver_new(reader, &bank_processor, submitter, why);
	work->returner = returner_new(reader, submitter, why);
	work->inquirer = inquirer_new(reader, &bank_processor, submitter, why);
	ensure(work->resolver != NULL && work->returner != NULL && work->inquirer != NULL);
	payment_on_ask(submitter.came_back, submitter.arg);
	return work;
}

static int64_t payment_work_turn(void *arg, int64_t now_us)
{
	const struct payment_work *work = arg;
	int64_t returns_us =
		CANARY == CANARY_KEEPS ? INT64_MAX : returner_turn(work->returner, now_us);
	int64_t intents_us = resolver_turn(work->resolver, now_us);
	int64_t inquiries_us = inquirer_turn(work->inquirer, now_us);
	int64_t next_us = returns_us < intents_us ? returns_us : intents_us;

	return inquiries_us < next_us ? inquiries_us : next_us;
}

static void payment_work_free(void *arg)
{
	struct payment_work *work = arg;

	resolver_free(work->resolver);
	returner_free(work->returner);
	inquirer_free(work->inquirer);
	free(work);
}

const struct node_service payment_node = {
	.name = "payment-service",
	.migrations = payment_migrations,
	.migrations_count = &payment_migrations_count,
	.domain = &payment_domain,
	.audit = payment_audit,
	.work_new = payment_work_new,
	.work_turn = payment_work_turn,
	.work_free = payment_work_free,
};

/* ---- what the processor tells by itself ---- */

struct telling {
	struct operation_command command;
	struct job job;
};

static void told(struct job *job)
{
	struct telling *telling = job->owner;

	answer_release(&job->answer);
	buf_release(&job->kept);
	free(telling);
}

void payment_node_tell(struct node *node, const char *payment_id)
{
	struct telling *telling = calloc(1, sizeof(*telling));

	ensure(telling != NULL);
	telling->command.operation = OPERATION_AUTHORIZE;
	telling->command.decision.verdict = VERDICT_APPROVED;
	text_copy(text_of(payment_id), telling->command.payment_id, ID_SIZE);
	telling->job = (struct job){.owner = telling,
	                            .kind = &answer_kind,
	                            .command = &telling->command,
	                            .request_id = TEXT_LITERAL("bank"),
	                            .deadline_us = INT64_MAX,
	                            .done = told};
	answer_init(&telling->job.answer);
	buf_init(&telling->job.kept, ANSWER_BYTES_MAX);
	node_submit(node, &telling->job);
}
