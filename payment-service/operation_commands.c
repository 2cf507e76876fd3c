/* operation_commands.c - the commands on a payment that is there, as the engine runs them: all
 * share their load; each has a decision. No rules here: those are operation_core.c's. */
#include "payment_commands.h"

#include "consult.h"
#include "intent.h"
#include "payment_outcome.h"
#include "payment_store.h"
#include "processor.h"

static uint64_t conflict_key(const struct job *job, const void *view)
{
	const struct operation_slot *slot = view;

	(void)job;
	if (slot == NULL)
		return 0; /* which order it is only the load tells */
	return slot->place.order_hash | 1;
}

static void take_payment(void *arg, const struct db_row *row)
{
	struct operation_slot *slot = arg;
	struct payment *payment = &slot->view.payment;
	bool is_whole = payment_from_row(row, payment);

	ensure(is_whole);
	payment_place_from_row(row, &slot->place);
	payment_keep(payment, &slot->job->kept);
	slot->view.found = true;
}

static struct text keep(struct text text, char *kept, size_t size)
{
	if (text.ptr == NULL)
		return TEXT_NONE;
	text_copy(text, kept, size);
	return text_of(kept);
}

static void take_refund(void *arg, const struct db_row *row)
{
	struct operation_slot *slot = arg;
	struct refund *refund = &slot->view.refund;
	bool is_whole = refund_from_row(row, refund);

	ensure(is_whole);
	refund->reason = keep(refund->reason, slot->reason, sizeof(slot->reason));
	refund->decline_code =
		keep(refund->decline_code, slot->decline_code, sizeof(slot->decline_code));
	slot->view.refund_found = true;
}

/* The call may be its own: the key is gone. */
static void take_made_again(void *arg, const struct db_row *row)
{
	struct operation_slot *slot = arg;
	const struct operation_command *command = slot->job->command;
	const struct currency *currency = currency_find(db_text(row, 0));
	int64_t minor;

	ensure(currency != NULL);
	if (command->amount.digits >= 0 &&
	    decimal_to_minor(command->amount, currency, &minor) == MONEY_OK &&
	    minor == db_int(row, 1) && db_int(row, 2) > slot->view.maybe_asked_us)
		slot->view.maybe_asked_us = db_int(row, 2);
}

static void take_open(void *arg, const struct db_row *row)
{
	struct operation_slot *slot = arg;

	slot->view.open_intent = db_int(row, 0);
}

static void load(struct db *db, struct job *job, void *view)
{
	const struct operation_command *command = job->command;
	struct operation_slot *slot = view;

	slot->job = job;
	payment_send_by_id(db, text_of(command->payment_id), take_payment, slot);
	if (command->refund_id[0] != '\0')
		refund_send_by_id(db, text_of(command->refund_id), take_refund, slot);
}

static void refund_load(struct db *db, struct job *job, void *view)
{
	const struct operation_command *command = job->command;

	load(db, job, view);
	refund_send_made_again(db, text_of(command->payment_id), take_made_again, view);
}

static void sync_load(struct db *db, struct job *job, void *view)
{
	const struct operation_command *command = job->command;

	load(db, job, view);
	intent_send_open(db, text_of(command->payment_id), take_open, view);
}

/* ---- decisions ---- */

static enum error decide(operation_decide_fn *rule, const struct job *job,
                         const struct operation_view *view, const struct order_place *place,
                         struct payment_effects *effects, char *detail)
{
	const struct operation_command *command = job->command;
	struct payment_moment moment = {.now_us = job->now_us, .random = job->random};
	enum error error = ERR_NOT_FOUND;

	effects->place = *place;
	effects->status_before = view->payment.status;
	if (view->found)
		error = rule(view, command, &moment, &effects->outcome, detail);
	outcome_conclude(effects, error, text_of(command->payment_id));
	return error;
}

/* What the processor says to a capture, void or refund, where it is in the process. */
static enum error decide_asking(operation_decide_fn *rule, enum operation operation,
                                const struct job *job, const void *view, void *effects,
                                char *detail)
{
	const struct operation_slot *slot = view;
	struct operation_view asked = slot->view;
	const struct processor_request request = {.operation = operation,
	                                          .payment_method = asked.payment.payment_method};

	if (!asked.found || !processor_get()->in_process(&request, &asked.decision))
		asked.decision = (struct decision){.verdict = VERDICT_OPEN};
	return decide(rule, job, &asked, &slot->place, effects, detail);
}

static enum error capture_decide(const struct job *job, const void *view, void *effects,
                                 char *detail)
{
	return decide_asking(operation_decide_capture, OPERATION_CAPTURE, job, view, effects,
	                     detail);
}

static enum error void_decide(const struct job *job, const void *view, void *effects, char *detail)
{
	return decide_asking(operation_decide_void, OPERATION_VOID, job, view, effects, detail);
}

static enum error refund_decide(const struct job *job, const void *view, void *effects,
                                char *detail)
{
	return decide_asking(operation_decide_refund, OPERATION_REFUND, job, view, effects, detail);
}

static enum error redact_decide(const struct job *job, const void *view, void *effects,
                                char *detail)
{
	const struct operation_slot *slot = view;

	return decide(operation_decide_redact, job, &slot->view, &slot->place, effects, detail);
}

static enum error resolve_decide(const struct job *job, const void *view, void *effects,
                                 char *detail)
{
	const struct operation_slot *slot = view;

	return decide(operation_decide_resolve, job, &slot->view, &slot->place, effects, detail);
}

/* The payment may wait for something else by now; what it names was there when it was asked. */
static enum error answer_decide(const struct job *job, const void *view, void *effects,
                                char *detail)
{
	const struct operation_slot *slot = view;

	return decide(operation_decide_answer, job, &slot->view, &slot->place, effects, detail);
}

/* ---- sync: no event, as nothing of the payment changes ---- */

static enum error sync_decide(const struct job *job, const void *view, void *effects, char *detail)
{
	const struct operation_slot *slot = view;
	struct payment_effects *all = effects;
	enum error error =
		decide(operation_decide_sync, job, &slot->view, &slot->place, effects, detail);

	all->base.is_open = slot->view.open_intent != 0;
	all->base.awaits = slot->view.open_intent;
	all->base.awaits_asking = true;
	all->base.writes = all->base.is_open && !job->runs_again; /* else it was just asked */
	return error;
}

static void sync_write(const struct writing *to, const struct job *job, const void *view,
                       void *effects)
{
	(void)view;
	intent_write_due(to->db,
	                 ((const struct payment_effects *)effects)->outcome.payment.payment_key,
	                 job->now_us);
}

/* ---- return: the returner's ---- */

static void return_load(struct db *db, struct job *job, void *view)
{
	struct operation_slot *slot = view;

	load(db, job, view);
	slot->view.cause = &slot->place.cause.hash;
}

/* A refusal leaves it to the next time: the payment is open, or has no room for another refund. */
static enum error return_decide(const struct job *job, const void *view, void *effects,
                                char *detail)
{
	const struct operation_slot *slot = view;
	struct payment_effects *all = effects;

	if (known_order_returns(&slot->place.heard, &slot->view.payment)) {
		if (slot->view.payment.status == PAYMENT_AUTHORIZED)
			(void)void_decide(job, view, effects, detail);
		else if (slot->view.payment.status == PAYMENT_SUCCESS)
			(void)refund_decide(job, view, effects, detail);
	}
	all->cause = &slot->place.cause;
	all->base.is_open = false; /* nobody waits for it */
	all->base.writes = true;
	return ERR_NONE;
}

static void return_write(const struct writing *to, const struct job *job, const void *view,
                         void *effects)
{
	const struct return_command *command = job->command;
	const struct payment_effects *all = effects;

	return_write_tried(to->db, command->payment_key,
	                   consult_next_us(command->since_us, job->now_us));
	if (all->outcome.event_type != NULL)
		outcome_write(to, job, view, effects);
}

/* ---- asked: the resolver's own note ---- */

static uint64_t asked_conflict_key(const struct job *job, const void *view)
{
	const struct asked_command *command = job->command;

	(void)view;
	return (uint64_t)command->intent_key << 1 | 1;
}

static void asked_load(struct db *db, struct job *job, void *view)
{
	(void)db;
	(void)job;
	(void)view;
}

static enum error asked_decide(const struct job *job, const void *view, void *effects, char *detail)
{
	struct payment_effects *all = effects;

	(void)view;
	(void)detail;
	all->base.writes = true;
	all->base.asked = ((const struct asked_command *)job->command)->intent_key;
	return ERR_NONE;
}

static void asked_write(const struct writing *to, const struct job *job, const void *view,
                        void *effects)
{
	const struct asked_command *command = job->command;

	(void)view;
	(void)effects;
	intent_write_asked(to->db, command->intent_key, command->next_us);
}

/* ---- the kinds ---- */

#define OPERATION_KIND(name_, load_, write_, ...) \
	{ \
		.name = name_, .conflict_key = conflict_key, .load = load_, .write = write_, \
		__VA_ARGS__ \
	}

const struct command_kind capture_kind = OPERATION_KIND(
	"capture", load, outcome_write, .decide = capture_decide, .render = outcome_render_payment);
const struct command_kind void_kind = OPERATION_KIND(
	"void", load, outcome_write, .decide = void_decide, .render = outcome_render_payment);
const struct command_kind refund_kind = OPERATION_KIND(
	"refund", refund_load, outcome_write, .decide = refund_decide, .render = outcome_render);
const struct command_kind redact_kind = OPERATION_KIND(
	"redact", load, outcome_write, .decide = redact_decide, .render = outcome_render_payment);
const struct command_kind resolve_kind =
	OPERATION_KIND("resolve", load, outcome_write, .decide = resolve_decide,
                       .render = outcome_render_payment, .render_settled = outcome_render);
const struct command_kind answer_kind =
	OPERATION_KIND("answer", load, outcome_write, .decide = answer_decide,
                       .render = outcome_render_nothing, .render_settled = outcome_render);
const struct command_kind sync_kind = OPERATION_KIND(
	"sync", sync_load, sync_write, .decide = sync_decide, .render = outcome_render_payment);
const struct command_kind return_kind =
	OPERATION_KIND("return", return_load, return_write, .decide = return_decide,
                       .render = outcome_render_nothing);
const struct command_kind asked_kind = {.name = "asked",
                                        .conflict_key = asked_conflict_key,
                                        .load = asked_load,
                                        .decide = asked_decide,
                                        .write = asked_write,
                                        .render = outcome_render_nothing};
