/* calls.c - makes the commands of calls as the endpoints do, and keeps the model in step with what
 * the service has executed. */
#include "sim/sim.h"

#include "payment-service/payment_commands.h"
#include "payment-service/payment_store.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AGAIN_US (8 * US_PER_S)

/* ---- making ---- */

static struct call *new_call(struct sim *sim)
{
	struct call *call = sim->free_calls;

	if (call == NULL)
		call = calloc(1, sizeof(*call));
	else
		sim->free_calls = call->next;
	ensure(call != NULL);
	*call = (struct call){0};
	sim->calls_under_way++;
	return call;
}

static void end_call(struct sim *sim, struct call *call)
{
	if (call->key != MODEL_NONE)
		sim->keys[call->key].calls_under_way--;
	answer_release(&call->job.answer);
	buf_release(&call->job.kept);
	call->next = sim->free_calls;
	sim->free_calls = call;
	sim->calls_under_way--;
}

void sim_free_calls(struct sim *sim)
{
	struct call *call;

	while ((call = sim->free_calls) != NULL) {
		sim->free_calls = call->next;
		free(call);
	}
}

static struct text method_text(enum bank_method method)
{
	const char *name = bank_method_names[method];

	return name == NULL ? TEXT_NONE : text_of(name);
}

/* As payment_api.c. */
static void make_pay(struct sim *sim, struct call *call)
{
	const struct wish *wish = &call->wish;
	struct pay_command *command = &call->command.pay;
	const struct processor_request asked = {.operation = OPERATION_AUTHORIZE,
	                                        .payment_method = method_text(wish->method)};

	*command = (struct pay_command){.currency = wish->currency,
	                                .amount_minor = wish->amount_minor,
	                                .capture = wish->is_manual ? CAPTURE_MANUAL
	                                                           : CAPTURE_AUTOMATIC,
	                                .payment_method = asked.payment_method,
	                                .metadata = TEXT_LITERAL("{}"),
	                                .processor = text_of(bank_processor.name),
	                                .has_key = call->key != MODEL_NONE};
	text_copy(text_of(sim->model.orders[wish->order].id), command->order_id,
	          sizeof(command->order_id));
	command->order_hash = hash_keyed(sim->node.store.sip_key, text_of(command->order_id));
	(void)bank_processor.in_process(&asked, &command->decision);
	call->job.kind = &pay_kind;
	call->job.command = command;
}

/* The number as a client writes it, without zeros at its end. */
static struct decimal decimal_of(const struct wish *wish)
{
	struct decimal decimal = {wish->amount_minor, wish->currency->decimals};

	if (wish->amount_minor == MODEL_NONE)
		return (struct decimal){-1, 0};
	if (wish->is_too_precise) {
		decimal.digits = decimal.digits % (MONEY_MINOR_MAX / 100) * 10 + 1;
		decimal.decimals++;
	}
	while (decimal.decimals > 0 && decimal.digits % 10 == 0) {
		decimal.digits /= 10;
		decimal.decimals--;
	}
	return decimal;
}

/* As operation_api.c. */
static void make_operation(struct sim *sim, struct call *call)
{
	static const struct command_kind *const kinds[] = {
		[WISH_CAPTURE] = &capture_kind, [WISH_VOID] = &void_kind,
		[WISH_REFUND] = &refund_kind,   [WISH_SYNC] = &sync_kind,
		[WISH_RESOLVE] = &resolve_kind,
	};
	static const char nobodys[] = "pay_01ARZ3NDEKTSV4RRFFQ69G5FAV";
	const struct wish *wish = &call->wish;
	struct operation_command *command = &call->command.operation;

	*command = (struct operation_command){.amount = decimal_of(wish),
	                                      .has_key = call->key != MODEL_NONE};
	text_copy(text_of(wish->payment == MODEL_NONE ? nobodys
	                                              : sim->model.payments[wish->payment].id),
	          command->payment_id, ID_SIZE);
	if (wish->refund != MODEL_NONE)
		text_copy(text_of(sim->model.refunds[wish->refund].id), command->refund_id,
		          ID_SIZE);
	if (wish->kind == WISH_RESOLVE)
		command->decision = (struct decision){
			.verdict = wish->approves ? VERDICT_APPROVED : VERDICT_DECLINED,
			.decline_code = TEXT_LITERAL("resolved_by_operator")};
	call->job.kind = kinds[wish->kind];
	call->job.command = command;
}

static void done(struct job *job);

/* What makes two requests the same. */
static void set_key(struct sim *sim, struct call *call)
{
	const struct wish *wish = &call->wish;
	struct seen_key *key = &call->job.key;
	char text[256];
	int len = snprintf(text, sizeof(text),
	                   "%d %" PRId64 " %" PRId64 " %" PRId64 " %s %" PRId64 " %d %d %d %d",
	                   (int)wish->kind, wish->order, wish->payment, wish->refund,
	                   wish->currency->code, wish->amount_minor, wish->is_too_precise,
	                   wish->is_manual, (int)wish->method, wish->approves);

	ensure(len > 0 && (size_t)len < sizeof(text));
	(void)snprintf(call->key_name, sizeof(call->key_name), "%s", sim->keys[call->key].name);
	sim->keys[call->key].calls_under_way++;
	key->caller = TEXT_LITERAL("");
	key->key = text_of(call->key_name);
	key->key_hash = hash_keyed_pair(sim->node.store.sip_key, key->caller, key->key);
	hash_sha256(text, (size_t)len, &key->fingerprint);
}

int64_t sim_wish_order(const struct sim *sim, const struct wish *wish)
{
	if (wish->kind == WISH_PAY)
		return wish->order;
	return wish->payment == MODEL_NONE ? WORLD_NOBODYS
	                                   : sim->model.payments[wish->payment].order;
}

static void note_call(struct sim *sim, const struct call *call)
{
	const struct wish *wish = &call->wish;
	int64_t order = sim_wish_order(sim, wish);
	const char *method = bank_method_names[wish->method];

	world_note(&sim->world, order, "%s: %s %s %" PRId64 " %s%s%s %s%s%s", call->request_id,
	           wish_names[wish->kind],
	           wish->kind == WISH_PAY   ? sim->model.orders[order].id
	           : order == WORLD_NOBODYS ? "nobody's"
	                                    : sim->model.payments[wish->payment].id,
	           wish->amount_minor, wish->currency->code,
	           wish->is_too_precise ? " too precise" : "", wish->is_manual ? " manual" : "",
	           wish->kind != WISH_PAY || method == NULL ? "" : method,
	           call->key == MODEL_NONE ? "" : " key ", call->key_name);
}

void sim_call(struct sim *sim, const struct wish *wish, int64_t key)
{
	struct call *call = new_call(sim);

	call->wish = *wish;
	call->key = key;
	(void)snprintf(call->request_id, sizeof(call->request_id), "call %" PRId64,
	               ++sim->calls_made);
	if (wish->kind == WISH_PAY)
		make_pay(sim, call);
	else
		make_operation(sim, call);
	call->job.owner = sim;
	call->job.request_id = text_of(call->request_id);
	call->job.deadline_us = INT64_MAX;
	call->job.done = done;
	answer_init(&call->job.answer);
	buf_init(&call->job.kept, ANSWER_BYTES_MAX);
	if (key != MODEL_NONE)
		set_key(sim, call);
	note_call(sim, call);
	node_submit(&sim->node, &call->job);
}

/* ---- executed: the model does the same ---- */

static struct call *call_of(struct job *job)
{
	return (struct call *)(void *)((char *)job - offsetof(struct call, job));
}

/* A refused attempt that left nothing behind: its key is free. */
static bool is_free(const struct sim *sim, const struct key *key)
{
	return !key->is_used ||
	       (key->expected.attempt != MODEL_NONE &&
	        model_said(&sim->model, key->expected.attempt) == SAID_UNREACHABLE);
}

static bool is_same_wish(const struct wish *a, const struct wish *b)
{
	return a->kind == b->kind && a->order == b->order && a->payment == b->payment &&
	       a->refund == b->refund && a->currency == b->currency &&
	       a->amount_minor == b->amount_minor && a->is_too_precise == b->is_too_precise &&
	       a->is_manual == b->is_manual && a->method == b->method && a->approves == b->approves;
}

/* The one member of a set, or SAID_COUNT. */
static enum said only(unsigned said)
{
	for (int i = 0; i < SAID_COUNT; i++)
		if (said == SAID(i))
			return (enum said)i;
	return SAID_COUNT;
}

/* What the key keeps of a first use. Where the model leaves open what is answered, and the answer
 * is lost, it is not known. */
static void learn_key(struct sim *sim, struct call *call, struct key *key)
{
	struct expected *expected = &call->expected;
	enum said said = only(expected->said);

	free(key->body);
	key->body = NULL;
	key->expected = *expected;
	key->wish = call->wish;
	key->first_us = sim->world.now_us;
	key->is_used = expected->attempt != MODEL_NONE;
	key->is_maybe = false;
	if (key->is_used)
		return;
	if (said == SAID_COUNT) {
		for (int i = 0; i < SAID_COUNT; i++)
			if ((expected->said & SAID(i)) != 0 && told_is(call, (enum said)i))
				said = (enum said)i;
		key->is_unsure = said == SAID_COUNT;
	}
	key->said = said;
	key->is_used = said < SAID_COUNT && (expected->kept & SAID(said)) != 0;
	key->is_maybe = said < SAID_COUNT && (expected->maybe_kept & SAID(said)) != 0;
}

/* What may be kept, and is used again: the answer tells whether it was. */
static void observe_key(struct key *key, const struct call *call)
{
	bool is_told = !told_is(call, SAID_UNKNOWN) && !told_is(call, SAID_UNAVAILABLE);

	if (!key->is_maybe)
		return;
	key->is_used = told_is(call, SAID_KEY_REUSED) ||
	               (call->job.answer.replayed && told_is(call, key->said));
	key->is_unsure = !is_told;
	key->is_maybe = false;
}

static void execute_keyed(struct sim *sim, struct call *call)
{
	struct key *key = &sim->keys[call->key];

	observe_key(key, call);
	if (is_free(sim, key)) {
		call->expected = model_execute(&sim->model, &call->wish, true);
		learn_key(sim, call, key);
		return;
	}
	call->by_key = true;
	if (is_same_wish(&key->wish, &call->wish)) {
		call->expected = key->expected;
		if (key->expected.attempt == MODEL_NONE)
			call->expected.said = SAID(key->said);
		call->expected.replays = true;
		return;
	}
	call->by_key = false;
	call->expected = (struct expected){.said = SAID(SAID_KEY_REUSED),
	                                   .attempt = MODEL_NONE,
	                                   .payment = MODEL_NONE,
	                                   .refund = MODEL_NONE};
}

static void execute_call(struct sim *sim, struct call *call, bool is_committed)
{
	call->is_executed = true;
	call->is_committed = is_committed;
	call->was_struck = sim->node.has_struck;
	if (!is_committed)
		return;
	if (call->key != MODEL_NONE)
		execute_keyed(sim, call);
	else
		call->expected = model_execute(&sim->model, &call->wish, false);
}

/* Which attempt a word of the processor is about. */
static int64_t attempt_of(const struct model *model, const struct operation_command *command)
{
	bool is_refund = command->operation == OPERATION_REFUND;
	int64_t payment = model_find_payment(model, text_of(command->payment_id));
	int64_t refund =
		is_refund ? model_find_refund(model, text_of(command->refund_id)) : MODEL_NONE;

	if (payment == MODEL_NONE || (is_refund && refund == MODEL_NONE))
		return MODEL_NONE;
	if (is_refund)
		return model->refunds[refund].attempt;
	if (command->operation == OPERATION_AUTHORIZE)
		return model->payments[payment].attempt;
	for (int64_t i = model->attempts_count; i > 0; i--)
		if (model->attempts[i - 1].payment == payment &&
		    model->attempts[i - 1].operation == command->operation &&
		    model->attempts[i - 1].intent_key == command->intent_key)
			return i - 1;
	return MODEL_NONE;
}

/* The service holds that the processor has said this. */
static void execute_answer(struct sim *sim, const struct operation_command *command)
{
	static const char *const words[] = {"open", "approved", "declined", "never got it"};
	int64_t order = sim_order_of(sim, command->payment_id);
	int64_t attempt = attempt_of(&sim->model, command);
	enum verdict verdict = command->decision.verdict;

	world_note(&sim->world, order, "the service hears: %s of %s, %s",
	           operation_names[command->operation], command->payment_id, words[verdict]);
	if (attempt == MODEL_NONE)
		world_fail(&sim->world, order, "nothing like that was asked");
	if (!bank_has_said(command->operation, model_reference(&sim->model, attempt), verdict))
		world_fail(&sim->world, order, "the processor has not said that");
	model_hear(&sim->model, attempt, verdict, false);
	if (verdict == VERDICT_APPROVED && command->operation == OPERATION_AUTHORIZE)
		bank_heard(command->payment_id);
}

/* The orders of a batch, so that each is looked at once it is done. */
static void check_orders(struct sim *sim, struct job *const *jobs, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		int64_t order = WORLD_NO_ORDER;

		if (jobs[i]->kind == &answer_kind)
			order = sim_order_of(
				sim,
				((const struct operation_command *)jobs[i]->command)->payment_id);
		else if (jobs[i]->kind != &asked_kind)
			order = sim_wish_order(sim, &call_of(jobs[i])->wish);
		if (order >= 0)
			check_order(sim, order);
	}
}

/* What the bank decided inside commands is in its books once it is committed. */
static void adopt(struct sim *sim)
{
	const struct model *model = &sim->model;

	for (; sim->attempts_adopted < model->attempts_count; sim->attempts_adopted++) {
		const struct attempt *attempt = &model->attempts[sim->attempts_adopted];
		const struct model_payment *payment = &model->payments[attempt->payment];
		bool is_refund = attempt->operation == OPERATION_REFUND;
		int64_t amount_minor = payment->amount_minor;

		if (bank_decides(payment->method, attempt->operation) != VERDICT_APPROVED)
			continue;
		if (is_refund)
			amount_minor = model->refunds[attempt->refund].amount_minor;
		else if (attempt->operation == OPERATION_CAPTURE)
			amount_minor = payment->captured_minor;
		bank_adopt(payment->id, attempt->operation,
		           is_refund ? model->refunds[attempt->refund].id : payment->id,
		           payment->currency, amount_minor, !payment->is_manual);
	}
}

void sim_executed(void *arg, struct job *const *jobs, size_t count, bool is_committed)
{
	struct sim *sim = arg;

	/* All of a batch is loaded before any of it is decided: a call of another order does not
	 * see yet that an answer beside it has set its key free. */
	for (size_t i = 0; i < count; i++)
		if (jobs[i]->kind != &asked_kind && jobs[i]->kind != &answer_kind)
			execute_call(sim, call_of(jobs[i]), is_committed);
	for (size_t i = 0; i < count; i++)
		if (jobs[i]->kind == &answer_kind && is_committed)
			execute_answer(sim, jobs[i]->command);
	check_orders(sim, jobs, count);
	check_accounts(sim);
	adopt(sim);
}

/* ---- the end of a call ---- */

/* A client that was refused tries the whole of it again. */
static void capture_anew(void *arg, int64_t payment)
{
	struct sim *sim = arg;
	const struct wish wish = {.kind = WISH_CAPTURE,
	                          .order = MODEL_NONE,
	                          .payment = payment,
	                          .refund = MODEL_NONE,
	                          .currency = sim->model.payments[payment].currency,
	                          .amount_minor = MODEL_NONE};

	if (!sim->node.is_calm)
		sim_call(sim, &wish, MODEL_NONE);
}

static void done(struct job *job)
{
	struct sim *sim = job->owner;
	struct call *call = call_of(job);

	told_check(sim, call);
	if (call->wish.kind == WISH_CAPTURE && told_is(call, SAID_DECLINED) &&
	    world_chance(&sim->world, 700))
		world_after(&sim->world, world_pick(&sim->world, AGAIN_US), capture_anew, sim,
		            call->wish.payment);
	end_call(sim, call);
}

void sim_lost(void *arg, struct job *job)
{
	struct sim *sim = arg;

	if (job->kind == &answer_kind || job->kind == &asked_kind) {
		answer_release(&job->answer);
		buf_release(&job->kept);
		job->done(job);
		return;
	}
	world_note(&sim->world, sim_wish_order(sim, &call_of(job)->wish), "%s: no answer %s",
	           call_of(job)->request_id, call_of(job)->key_name);
	end_call(sim, call_of(job));
}

int64_t sim_order_of(void *arg, const char *payment_id)
{
	const struct sim *sim = arg;
	int64_t payment = model_find_payment(&sim->model, text_of(payment_id));

	return payment == MODEL_NONE ? WORLD_NO_ORDER : sim->model.payments[payment].order;
}

/* ---- what comes by itself ---- */

void sim_tell(void *arg, const char *payment_id)
{
	payment_node_tell(&((struct sim *)arg)->node, payment_id);
}
