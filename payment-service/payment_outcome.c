/* payment_outcome.c - writes and prints what was decided. No rules: those are the cores'.
 * Invariant: everything of one command is written in one transaction, its event first, as the
 * event's number is that of new transfers and intents. */
#include "payment_outcome.h"

#include "base/problem.h"
#include "intent.h"
#include "ledger.h"
#include "payment_fields.h"
#include "reference.h"

void outcome_conclude(struct payment_effects *effects, enum error error, struct text resource)
{
	const struct payment_outcome *outcome = &effects->outcome;
	struct effects *base = &effects->base;
	bool is_refused = error != ERR_NONE && error != ERR_PAYMENT_DECLINED;

	base->writes = !is_refused && outcome->event_type != NULL;
	base->replayed = outcome->replays;
	base->is_open = outcome->replays ? outcome->payment.status == PAYMENT_PROCESSING
	                                 : outcome->asks && outcome->operation != OPERATION_REVERSE;
	base->keeps_key = outcome->rests_on_open;
	base->rests_on_unheard = outcome->rests_on_unheard;
	base->settles = outcome->ends_intent;
	base->settled = outcome->settled;
	base->resource = resource;
	if (!is_refused)
		base->resource = text_of(outcome->has_refund ? outcome->refund.refund_id
		                                             : outcome->payment.payment_id);
	if (outcome->is_redacted)
		base->redacts = text_of(outcome->payment.payment_id);
}

/* Of what the processor is asked; "": nothing. The payment is as before its event. */
static void make_reference(const struct payment_outcome *outcome, char reference[ID_SIZE])
{
	const struct payment *payment = &outcome->payment;

	reference[0] = '\0';
	if (!outcome->asks)
		return;
	if (outcome->operation == OPERATION_REFUND)
		text_copy(text_of(outcome->refund.refund_id), reference, ID_SIZE);
	else if (outcome->operation == OPERATION_AUTHORIZE)
		text_copy(text_of(payment->payment_id), reference, ID_SIZE);
	else
		reference_of_operation(payment, outcome->operation, payment->pending_minor,
		                       reference);
}

/* Returns the event's number. */
static int64_t record(const struct writing *to, const struct job *job,
                      const struct payment_effects *effects, const char *reference)
{
	const struct payment_outcome *outcome = &effects->outcome;
	struct buf *data = journal_data(to->journal);
	struct event event = {.type = outcome->event_type,
	                      .subject = text_of(outcome->payment.order_id),
	                      .traceparent = job->traceparent,
	                      .order_prev_seq = effects->place.last_event_seq,
	                      .cause = effects->cause};

	json_open(data, '{');
	if (outcome->by_operator)
		json_member_str(data, "resolved_by", "operator");
	if (outcome->asks && outcome->operation != OPERATION_AUTHORIZE && !outcome->has_refund)
		json_member_str(data, "reference", reference); /* no id that it tells anyway */
	if (outcome->has_refund)
		field_render_members(refund_event_fields, outcome, data);
	else
		field_render_members(payment_event_fields, &outcome->payment, data);
	json_close(data, '}');
	ensure(!data->full);
	event.data = buf_text(data);
	return journal_add(to->journal, &event, job->now_us, job->random + ULID_RANDOM_BYTES);
}

static void write_order(struct db *db, struct order_place *place, const struct payment *payment,
                        int64_t seq)
{
	if (place->order_seq == 0)
		known_order_write_new(db, place, text_of(payment->order_id), seq);
	else
		known_order_write_event(db, place->order_seq, seq);
}

/* A payment that goes back, and was changed by whomever: also by the processor, which approves
 * after the order was cancelled. */
static void write_return(struct db *db, struct payment_effects *effects, int64_t now_us)
{
	const struct payment *payment = &effects->outcome.payment;

	if (!known_order_returns(&effects->place.heard, payment))
		return;
	if (!payment_keeps_money(payment)) {
		return_write_end(db, payment->payment_key);
	} else if (payment->status != effects->status_before) {
		return_write_due(db, payment->payment_key, now_us);
		effects->returns_count++;
	}
}

static void write_intents(struct db *db, const struct job *job, struct payment_outcome *outcome,
                          const char *reference, int64_t seq)
{
	bool is_refund = outcome->asks && outcome->operation == OPERATION_REFUND;

	if (outcome->ends_intent != 0)
		intent_write_end(db, outcome->ends_intent);
	if (!outcome->asks)
		return;
	*(is_refund ? &outcome->refund.intent_key : &outcome->payment.intent_key) = seq;
	intent_write_new(db, seq, outcome->payment.payment_key,
	                 is_refund ? outcome->refund.refund_key : 0, outcome->operation, reference,
	                 job->request_id, job->traceparent, job->now_us);
}

void outcome_write(const struct writing *to, const struct job *job, const void *view, void *effects)
{
	struct payment_effects *all = effects;
	struct payment_outcome *outcome = &all->outcome;
	struct payment *payment = &outcome->payment;
	bool is_new_order = all->place.order_seq == 0;
	char reference[ID_SIZE];
	int64_t seq;

	(void)view;
	make_reference(outcome, reference);
	seq = record(to, job, all, reference);
	ensure(outcome->is_new || !is_new_order);
	payment->last_event_seq = seq;
	write_order(to->db, &all->place, payment, seq);
	if (outcome->is_new) /* it was the number within the order */
		payment->payment_key += all->place.order_seq * PAYMENT_KEYS_PER_ORDER;
	write_intents(to->db, job, outcome, reference, seq);
	if (outcome->is_new)
		payment_write_new(to->db, payment);
	else
		payment_write_change(to->db, payment);
	if (outcome->has_refund) {
		outcome->refund.last_event_seq = seq;
		if (outcome->refund_is_new)
			refund_write_new(to->db, &outcome->refund);
		else
			refund_write_change(to->db, &outcome->refund);
	}
	ledger_write(to->db, to->totals, seq, payment, outcome->transfers,
	             outcome->transfers_count);
	if (outcome->is_redacted)
		payment_write_redacted(to->db, payment->payment_key);
	write_return(to->db, all, job->now_us);
	if (all->base.is_open)
		all->base.awaits = seq;
}

static void add_dry_run(const struct payment_outcome *outcome, struct buf *out)
{
	struct dry_run dry_run = {.transfers_count = outcome->transfers_count, .dry_run = true};

	for (size_t i = 0; i < outcome->transfers_count; i++) {
		const struct transfer *transfer = &outcome->transfers[i];
		struct transfer_accounts accounts = transfer_accounts[transfer->kind];

		dry_run.transfers[i] = (struct dry_run_transfer){
			.kind = text_of(transfer_kind_names[transfer->kind]),
			.debit_account = text_of(account_names[accounts.debit]),
			.credit_account = text_of(account_names[accounts.credit]),
			.amount_minor = transfer->amount_minor,
			.currency = outcome->payment.currency};
	}
	field_render_members(dry_run_fields, &dry_run, out);
}

/* What the row for all declines does not say: what state it is in, and what to do. */
static const char *decline_detail(const struct payment_outcome *outcome)
{
	if (outcome->has_refund)
		return "The processor declined the refund, so nothing went back: see decline_code, "
		       "then refund it anew with a fresh key.";
	if (outcome->payment.status == PAYMENT_AUTHORIZED)
		return "The processor declined, so the payment is still authorized: capture or "
		       "void it anew with a fresh key.";
	return NULL;
}

static void render(const struct job *job, const struct payment_outcome *outcome,
                   const struct field *fields, const void *in, struct answer *answer)
{
	struct buf *out = &answer->body;

	if (answer->error == ERR_NONE)
		json_open(out, '{');
	else
		problem_open(out, answer->error, decline_detail(outcome), job->request_id);
	field_render_members(fields, in, out);
	if (job->dry_run)
		add_dry_run(outcome, out);
	json_close(out, '}');
}

void outcome_render_payment(const struct job *job, const void *effects, struct answer *answer)
{
	const struct payment_outcome *outcome = &((const struct payment_effects *)effects)->outcome;

	render(job, outcome, payment_fields, &outcome->payment, answer);
}

void outcome_render(const struct job *job, const void *effects, struct answer *answer)
{
	const struct payment_outcome *outcome = &((const struct payment_effects *)effects)->outcome;

	if (outcome->has_refund)
		render(job, outcome, refund_fields, &outcome->refund, answer);
	else
		outcome_render_payment(job, effects, answer);
}

void outcome_render_nothing(const struct job *job, const void *effects, struct answer *answer)
{
	(void)job;
	(void)effects;
	(void)answer;
}
