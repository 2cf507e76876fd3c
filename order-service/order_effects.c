/* order_effects.c - what an outcome leaves in journal, tables and counts. */
#include "order_effects.h"

#include "order_fields.h"
#include "order_store.h"

static const char *const event_types[] = {
	[ORDER_EVENT_CREATED] = "order.created",     [ORDER_EVENT_PAID] = "order.paid",
	[ORDER_EVENT_FULFILLED] = "order.fulfilled", [ORDER_EVENT_CANCELLED] = "order.cancelled",
	[ORDER_EVENT_EXPIRED] = "order.expired",     [ORDER_EVENT_REDACTED] = "order.redacted"};

uint64_t order_conflict_key(uint64_t order_hash)
{
	return order_hash | 1;
}

void order_conclude(struct order_effects *effects, const char *order_id)
{
	const struct order_outcome *outcome = &effects->outcome;

	effects->base.writes = outcome->is_new || outcome->is_changed || outcome->is_redacted ||
	                       outcome->payment_is_changed;
	effects->base.replayed = outcome->replays;
	effects->base.resource = text_of(order_id);
	if (outcome->is_redacted)
		effects->base.redacts = effects->base.resource;
}

/* The payment that an event of the peer told of. */
static void add_payment(const struct job *job, struct buf *data)
{
	const struct order_payment_command *command = job->command;

	json_key(data, "payment");
	field_render(order_payment_event_fields, command, data);
}

static int64_t record(const struct writing *to, const struct job *job, enum order_event type,
                      const struct order *order, const uint8_t random[ULID_RANDOM_BYTES])
{
	struct event event = {.type = event_types[type],
	                      .subject = text_of(order->order_id),
	                      .traceparent = job->traceparent,
	                      .order_prev_seq = order->last_event_seq,
	                      .cause = job->peer == NULL ? NULL : &job->peer->to};
	struct buf *data = journal_data(to->journal);

	json_open(data, '{');
	field_render_members(order_event_fields, order, data);
	if (job->peer != NULL)
		add_payment(job, data);
	json_close(data, '}');
	ensure(!data->full);
	event.data = buf_text(data);
	return journal_add(to->journal, &event, job->now_us, random);
}

/* So that the journal bears witness of it (storage/journal.h). */
void order_record_payment(const struct writing *to, const struct job *job)
{
	struct buf *data = journal_data(to->journal);
	struct event event = {.type = JOURNAL_PEER_APPLIED,
	                      .subject = job->peer->subject,
	                      .traceparent = job->traceparent,
	                      .cause = &job->peer->to};

	json_open(data, '{');
	add_payment(job, data);
	json_close(data, '}');
	ensure(!data->full);
	event.data = buf_text(data);
	(void)journal_add(to->journal, &event, job->now_us, job->random + ULID_RANDOM_BYTES);
}

static void count(const struct order_outcome *outcome, struct order_totals *totals)
{
	totals->states[outcome->order.state]++;
	totals->overpaid += outcome->order.overpaid_minor > 0 ? 1 : 0;
	if (outcome->is_new)
		return;
	totals->states[outcome->state_before]--;
	totals->overpaid -= outcome->was_overpaid ? 1 : 0;
}

/* The event first: its number is the order's where the order is new. */
void order_write(const struct writing *to, const struct job *job, uint64_t order_hash,
                 struct order_outcome *outcome)
{
	struct order *order = &outcome->order;

	if (outcome->is_new) {
		order->order_seq =
			record(to, job, ORDER_EVENT_CREATED, &outcome->created, job->random);
		order->last_event_seq = order->order_seq;
	}
	if (outcome->event != ORDER_EVENT_NONE)
		order->last_event_seq =
			record(to, job, outcome->event, order, job->random + ULID_RANDOM_BYTES);
	if (outcome->is_new)
		order_write_new(to->db, order, order_hash);
	if (outcome->is_changed)
		order_write_changed(to->db, order);
	if (outcome->is_redacted)
		order_write_redacted(to->db, order);
	if (outcome->is_new || outcome->is_changed)
		count(outcome, to->totals);
}

void order_render(const struct job *job, const void *effects, struct answer *answer)
{
	(void)job;
	field_render(order_fields, &((const struct order_effects *)effects)->outcome.order,
	             &answer->body);
}
