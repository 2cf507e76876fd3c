/* inquiry_commands.c - what the order service's journal tells of that this store does not have, as
 * commands that the engine runs: it is noted, and, once the processor has been asked, made again or
 * told as lost. No rules here: those are inquiry_core.c's. */
#include <stdio.h>

#include "inquirer.h"
#include "intent.h"
#include "payment_commands.h"
#include "payment_outcome.h"
#include "storage/audit.h"

/* By then whatever else the journal tells of the same payment was read, and the last word counts.
 */
#define FIRST_US US_PER_S
#define AGAIN_US (30 * US_PER_S)

static uint64_t conflict_key(const struct job *job, const void *view)
{
	const struct inquiry_command *command = job->command;

	(void)view;
	return command->inquiry.order_hash | 1; /* as of a payment */
}

/* ---- the event ---- */

static bool read_amount(const struct peer_event *event, const cJSON *payment, const char *name,
                        const struct currency *currency, int64_t *ret_minor)
{
	const cJSON *member = json_member(payment, name);
	struct decimal decimal;

	return cJSON_IsNumber(member) &&
	       decimal_parse(json_number_text(event->doc, member), &decimal) == MONEY_OK &&
	       decimal_to_minor(decimal, currency, ret_minor) == MONEY_OK;
}

/* -1: it is none of the names. */
static int read_name(const cJSON *payment, const char *name, const char *const *names)
{
	struct text text = audit_member(payment, name);

	for (int i = 0; names[i] != NULL; i++)
		if (text_is(text, names[i]))
			return i;
	return -1;
}

static bool read_id(const cJSON *payment, const char *name, const char *prefix, char out[ID_SIZE])
{
	struct text id = audit_member(payment, name);

	if (id.ptr == NULL || !id_is_valid(prefix, id))
		return false;
	text_copy(id, out, ID_SIZE);
	return true;
}

static bool read_refund(const struct peer_event *event, const cJSON *payment,
                        struct inquiry *inquiry)
{
	inquiry->refund_minor = MONEY_NONE;
	if (audit_member(payment, "refund_id").ptr == NULL)
		return true;
	return read_id(payment, "refund_id", "ref_", inquiry->refund_id) &&
	       read_amount(event, payment, "refund_amount", inquiry->currency,
	                   &inquiry->refund_minor) &&
	       inquiry->refund_minor > 0 && inquiry->refund_minor <= inquiry->captured_minor;
}

static bool is_possible(const struct inquiry *inquiry)
{
	bool is_captured = inquiry->status == PAYMENT_SUCCESS;

	return inquiry->amount_minor > 0 && inquiry->captured_minor <= inquiry->amount_minor &&
	       is_captured == (inquiry->captured_minor > 0) &&
	       (!is_captured || inquiry->capture == CAPTURE_MANUAL ||
	        inquiry->captured_minor == inquiry->amount_minor);
}

static bool read_payment(const struct peer_event *event, struct inquiry *inquiry)
{
	const cJSON *payment = json_member(event->data, "payment");

	inquiry->currency = currency_find(audit_member(payment, "currency"));
	inquiry->status = read_name(payment, "payment_status", payment_status_names);
	inquiry->capture = read_name(payment, "capture", capture_names);
	(void)read_id(payment, "reference", "evt_", inquiry->reference);
	return read_id(payment, "payment_id", "pay_", inquiry->payment_id) &&
	       inquiry->currency != NULL && inquiry->status >= 0 && inquiry->capture >= 0 &&
	       read_amount(event, payment, "amount", inquiry->currency, &inquiry->amount_minor) &&
	       read_amount(event, payment, "amount_captured", inquiry->currency,
	                   &inquiry->captured_minor) &&
	       is_possible(inquiry) && read_refund(event, payment, inquiry);
}

static bool read(const struct peer_event *event, const uint8_t *sip_key, void *ret_command,
                 char why[PEER_WHY_SIZE])
{
	struct inquiry *inquiry = &((struct inquiry_command *)ret_command)->inquiry;

	if (text_is_order_id(event->subject) && read_payment(event, inquiry)) {
		text_copy(event->subject, inquiry->order_id, sizeof(inquiry->order_id));
		inquiry->order_hash = hash_keyed(sip_key, event->subject);
		inquiry->told_us = event->time_us;
		return true;
	}
	(void)snprintf(why, PEER_WHY_SIZE, "the payment that it tells of is none");
	return false;
}

/* ---- noted ---- */

static void load_nothing(struct db *db, struct job *job, void *view)
{
	(void)db;
	(void)job;
	(void)view;
}

static enum error note_decide(const struct job *job, const void *view, void *effects, char *detail)
{
	const struct inquiry_command *command = job->command;
	struct payment_effects *all = effects;

	(void)view;
	(void)detail;
	all->base.resource = text_of(command->inquiry.payment_id);
	all->base.writes = all->inquires = true;
	return ERR_NONE;
}

static void note_write(const struct writing *to, const struct job *job, const void *view,
                       void *effects)
{
	struct inquiry inquiry = ((const struct inquiry_command *)job->command)->inquiry;

	(void)view;
	(void)effects;
	ensure(job->peer != NULL);
	inquiry.cause = job->peer->to;
	inquiry_write_told(to->db, &inquiry, job->now_us + FIRST_US);
}

static const struct command_kind note_kind = {.name = "inquiry_note",
                                              .conflict_key = conflict_key,
                                              .load = load_nothing,
                                              .decide = note_decide,
                                              .write = note_write,
                                              .render = outcome_render_nothing};

const struct peer_kind payment_lost_kinds[] = {
	{"order.paid", &note_kind, sizeof(struct inquiry_command), read},
	{JOURNAL_PEER_APPLIED, &note_kind, sizeof(struct inquiry_command), read},
	{0},
};

/* ---- answered ---- */

static void take_order(void *arg, const struct db_row *row)
{
	struct inquiry_slot *slot = arg;
	struct payment payment;
	bool is_whole;

	payment_place_from_row(row, &slot->place);
	slot->order.heard = slot->place.heard;
	if (payment_row_is_empty(row))
		return;
	is_whole = payment_from_row(row, &payment);
	ensure(is_whole);
	(void)payment_view_add(&slot->order, &payment);
	slot->view.attempts_count = slot->order.attempts_count;
}

static void take_payment(void *arg, const struct db_row *row)
{
	struct inquiry_slot *slot = arg;
	bool is_whole = payment_from_row(row, &slot->view.payment);

	ensure(is_whole);
	payment_keep(&slot->view.payment, &slot->job->kept);
	slot->view.payment_found = true;
}

static void take_refund(void *arg, const struct db_row *row)
{
	struct inquiry_slot *slot = arg;

	(void)row;
	slot->view.refund_found = true;
}

static void load(struct db *db, struct job *job, void *view)
{
	const struct inquiry *inquiry = &((const struct inquiry_command *)job->command)->inquiry;
	struct inquiry_slot *slot = view;

	slot->job = job;
	slot->place.order_hash = inquiry->order_hash;
	payment_send_order(db, inquiry->order_hash, text_of(inquiry->order_id), take_order, slot);
	payment_send_by_id(db, text_of(inquiry->payment_id), take_payment, slot);
	refund_send_by_id(db, text_of(inquiry->refund_id), take_refund, slot);
}

static enum error decide(const struct job *job, const void *view, void *effects, char *detail)
{
	const struct inquiry_command *command = job->command;
	const struct inquiry_slot *slot = view;
	struct payment_effects *all = effects;
	const struct payment_moment moment = {.now_us = job->now_us, .random = job->random};

	(void)detail;
	all->place = slot->place;
	all->status_before = slot->view.payment_found ? slot->view.payment.status : -1;
	all->cause = &command->inquiry.cause;
	all->inquiry_end = inquiry_decide(&command->inquiry, &slot->view, &command->decision,
	                                  command->processor, &moment, &all->outcome);
	outcome_conclude(all, ERR_NONE, text_of(command->inquiry.payment_id));
	all->base.writes = true;
	return ERR_NONE;
}

static void write_lost(const struct writing *to, const struct job *job,
                       const struct inquiry *inquiry)
{
	struct buf *data = journal_data(to->journal);
	struct event event = {.type = JOURNAL_REFERENCE_LOST,
	                      .subject = text_of(inquiry->order_id),
	                      .traceparent = job->traceparent,
	                      .cause = &inquiry->cause};

	field_render(inquiry_fields, inquiry, data);
	ensure(!data->full);
	event.data = buf_text(data);
	(void)journal_add(to->journal, &event, job->now_us, job->random + ULID_RANDOM_BYTES);
}

/* It may have come before its order was heard of, whose total bounds it only now. */
static void write_excess(struct db *db, const struct inquiry_slot *slot,
                         struct payment_effects *all)
{
	const struct payment *payment = &all->outcome.payment;
	struct order_place *place = &all->place;
	int64_t excess_minor = slot->order.claimed_minor + payment->amount_minor -
	                       place->heard.total_minor - place->excess_minor;

	if (place->heard.total_minor == 0 || place->heard.currency != payment->currency ||
	    excess_minor <= 0)
		return;
	place->excess_minor += excess_minor;
	known_order_write_heard(db, place);
}

/* Its order may have ended before it was made again. */
static void write_made(const struct writing *to, const struct job *job, const void *view,
                       struct payment_effects *all)
{
	const struct payment *payment = &all->outcome.payment;

	outcome_write(to, job, view, all);
	if (!all->outcome.is_new || !payment_keeps_money(payment))
		return;
	write_excess(to->db, view, all);
	if (!known_order_returns(&all->place.heard, payment))
		return;
	if (all->place.cause.seq == 0) { /* no cancellation: what makes it go back is this */
		all->place.cause = *all->cause;
		known_order_write_heard(to->db, &all->place);
	}
	return_write_new(to->db, payment->payment_key, job->now_us, job->traceparent);
	all->returns_count++;
}

/* Of one that stays. */
static int64_t next_us(enum inquiry_end end, int64_t now_us)
{
	if (end == INQUIRY_LOST)
		return INT64_MAX;
	return now_us + (end == INQUIRY_BEGUN ? 0 : AGAIN_US);
}

static void write(const struct writing *to, const struct job *job, const void *view, void *effects)
{
	const struct inquiry *inquiry = &((const struct inquiry_command *)job->command)->inquiry;
	struct payment_effects *all = effects;
	enum inquiry_end end = all->inquiry_end;

	if (end == INQUIRY_MADE || end == INQUIRY_BEGUN)
		write_made(to, job, view, all);
	if (end == INQUIRY_LOST)
		write_lost(to, job, inquiry);
	/* What of it is open is asked for now. */
	if (end == INQUIRY_KNOWN || (end == INQUIRY_POSTPONED && all->status_before >= 0))
		intent_write_due(to->db, all->outcome.payment.payment_key, job->now_us);
	if (end == INQUIRY_KNOWN || end == INQUIRY_MADE)
		inquiry_write_end(to->db, inquiry);
	else
		inquiry_write_next(to->db, inquiry, next_us(end, job->now_us));
}

const struct command_kind inquiry_kind = {.name = "inquiry",
                                          .conflict_key = conflict_key,
                                          .load = load,
                                          .decide = decide,
                                          .write = write,
                                          .render = outcome_render_nothing,
                                          .committed = inquirer_committed};
