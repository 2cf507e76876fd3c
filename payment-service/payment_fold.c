/* payment_fold.c - adds up the events of a payment. Pure: no I/O, clock, threads or allocation.
 * Invariant: what an event says of amounts is compared before it is taken over, and every amount
 * that was read is at most MONEY_MINOR_MAX, so sums of two do not overflow. */
#include "payment_fold.h"

#include "payment_store.h"

#define IN(state) (1U << (state))
#define EXISTING (IN(FOLD_STATES_COUNT) - 1U - IN(FOLD_NONE))
#define NOT_AUTHORIZED (IN(FOLD_NONE) | IN(FOLD_PROCESSING))
#define HELD (IN(FOLD_AUTHORIZED) | IN(FOLD_CAPTURING) | IN(FOLD_VOIDING))
#define STAYS 0U

#define REFUND_NEW IN(0)
#define REFUND_IN(status) IN((status) + 1)

/* What may happen: an event of this type, to a payment in one of these states, which it leaves in
 * one of those. A final state (success, failed, voided) is never left. */
static const struct transition {
	const char *type;
	unsigned from, to;
	unsigned refund_from; /* 0: it is about no refund */
	int refund_to;
} transitions[] = {
	{"payment.processing", IN(FOLD_NONE), IN(FOLD_PROCESSING)},
	{"payment.processing", IN(FOLD_AUTHORIZED), IN(FOLD_CAPTURING) | IN(FOLD_VOIDING)},
	{"payment.authorized", NOT_AUTHORIZED | HELD, IN(FOLD_AUTHORIZED)},
	{"payment.captured", NOT_AUTHORIZED | IN(FOLD_AUTHORIZED) | IN(FOLD_CAPTURING),
         IN(FOLD_SUCCESS)},
	{"payment.failed", NOT_AUTHORIZED, IN(FOLD_FAILED)},
	{"payment.voided", IN(FOLD_AUTHORIZED) | IN(FOLD_VOIDING), IN(FOLD_VOIDED)},
	{"payment.redacted", EXISTING, STAYS},
	{"payment.contradicted", EXISTING, STAYS},
	{"payment.reversed", IN(FOLD_FAILED), STAYS},
	{"refund.processing", IN(FOLD_SUCCESS), STAYS, REFUND_NEW, REFUND_PROCESSING},
	{"refund.succeeded", IN(FOLD_SUCCESS), STAYS, REFUND_NEW | REFUND_IN(REFUND_PROCESSING),
         REFUND_SUCCESS},
	{"refund.failed", IN(FOLD_SUCCESS), STAYS, REFUND_NEW | REFUND_IN(REFUND_PROCESSING),
         REFUND_FAILED},
};

enum fold_state fold_state_of(int status, int pending_operation)
{
	static const enum fold_state plain[] = {
		[PAYMENT_PROCESSING] = FOLD_PROCESSING, [PAYMENT_AUTHORIZED] = FOLD_AUTHORIZED,
		[PAYMENT_SUCCESS] = FOLD_SUCCESS,       [PAYMENT_FAILED] = FOLD_FAILED,
		[PAYMENT_VOIDED] = FOLD_VOIDED,
	};

	if (status < 0 || status >= (int)ARRAY_LEN(plain))
		return FOLD_NONE;
	if (pending_operation == OPERATION_NONE)
		return plain[status];
	if (status != PAYMENT_AUTHORIZED)
		return FOLD_NONE;
	if (pending_operation == OPERATION_CAPTURE)
		return FOLD_CAPTURING;
	return pending_operation == OPERATION_VOID ? FOLD_VOIDING : FOLD_NONE;
}

/* ---- reading ---- */

static struct text read_text(const cJSON *data, const char *name)
{
	const cJSON *member = json_member(data, name);

	return cJSON_IsString(member) ? text_of(member->valuestring) : TEXT_NONE;
}

/* The place of the member's text in names, or -1. */
static int read_name(const cJSON *data, const char *name, const char *const *names)
{
	struct text text = read_text(data, name);

	for (int i = 0; names[i] != NULL; i++)
		if (text_is(text, names[i]))
			return i;
	return -1;
}

struct amount_member {
	const char *name;
	int64_t *ret_minor;
};

static bool read_amounts(const struct json_doc *doc, const cJSON *data,
                         const struct currency *currency, const struct amount_member *members,
                         size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const cJSON *member = json_member(data, members[i].name);
		struct decimal decimal;

		if (!cJSON_IsNumber(member) ||
		    decimal_parse(json_number_text(doc, member), &decimal) != MONEY_OK ||
		    decimal_to_minor(decimal, currency, members[i].ret_minor) != MONEY_OK)
			return false;
	}
	return true;
}

static const char *read_refund(const struct json_doc *doc, const cJSON *data,
                               struct payment_event *event)
{
	const struct amount_member members[] = {{"refund_amount", &event->refund_amount_minor}};

	event->refund_status = read_name(data, "refund_status", refund_status_names);
	if (event->refund_status < 0)
		return "its refund_status is unknown";
	return read_amounts(doc, data, event->currency, members, ARRAY_LEN(members))
	               ? NULL
	               : "its refund_amount is malformed";
}

const char *payment_event_read(const struct json_doc *doc, struct payment_event *ret_event)
{
	struct payment_event *event = ret_event;
	const cJSON *data = json_member(doc->root, "data");
	const struct amount_member members[] = {
		{"amount", &event->amount_minor},
		{"amount_captured", &event->captured_minor},
		{"amount_refunded", &event->refunded_minor},
		{"amount_refund_pending", &event->refund_pending_minor},
	};

	event->type = read_text(doc->root, "type");
	event->payment_id = read_text(data, "payment_id");
	event->refund_id = read_text(data, "refund_id");
	event->currency = currency_find(read_text(data, "currency"));
	event->state = fold_state_of(read_name(data, "payment_status", payment_status_names),
	                             read_name(data, "pending_operation", operation_names));
	if (event->currency == NULL)
		return "its currency is unknown";
	if (event->state == FOLD_NONE)
		return "its payment_status and pending_operation are no state of a payment";
	if (!read_amounts(doc, data, event->currency, members, ARRAY_LEN(members)))
		return "an amount is malformed";
	return event->refund_id.ptr == NULL ? NULL : read_refund(doc, data, event);
}

/* ---- adding ---- */

static const struct transition *transition_of(const struct payment_fold *fold,
                                              const struct refund_fold *refund,
                                              const struct payment_event *event)
{
	unsigned refund_is = 0;

	if (refund != NULL)
		refund_is = refund->span.first_seq == 0 ? REFUND_NEW : REFUND_IN(refund->status);
	for (size_t i = 0; i < ARRAY_LEN(transitions); i++) {
		const struct transition *row = &transitions[i];
		unsigned to = row->to == STAYS ? IN(fold->state) : row->to;

		if (text_is(event->type, row->type) && (row->from & IN(fold->state)) != 0 &&
		    (to & IN(event->state)) != 0 && (row->refund_from == 0) == (refund == NULL) &&
		    (refund == NULL || ((row->refund_from & refund_is) != 0 &&
		                        row->refund_to == event->refund_status)))
			return row;
	}
	return NULL;
}

static bool was_held(const struct payment_fold *fold)
{
	return (HELD & IN(fold->state)) != 0;
}

/* What the payment's captured amount may be after the event. */
static bool captured_is_right(const struct payment_fold *fold, const struct payment_event *event)
{
	if (event->state == fold->state || event->state != FOLD_SUCCESS)
		return event->captured_minor == fold->captured_minor;
	return was_held(fold)
	               ? event->captured_minor > 0 && event->captured_minor <= event->amount_minor
	               : event->captured_minor == event->amount_minor;
}

static const char *refund_fault(const struct payment_fold *fold, const struct refund_fold *refund,
                                const struct payment_event *event)
{
	int64_t amount_minor = event->refund_amount_minor;
	int64_t was_pending = refund->span.first_seq == 0 ? 0 : refund->amount_minor;
	int64_t is_pending = event->refund_status == REFUND_PROCESSING ? amount_minor : 0;
	int64_t is_refunded = event->refund_status == REFUND_SUCCESS ? amount_minor : 0;

	if (amount_minor == 0 || (was_pending != 0 && was_pending != amount_minor))
		return "its refund_amount is not the refund's";
	if (event->refunded_minor != fold->refunded_minor + is_refunded ||
	    event->refund_pending_minor != fold->refund_pending_minor - was_pending + is_pending)
		return "its amounts are not those before it, moved by the refund's";
	return NULL;
}

static const char *amount_fault(const struct payment_fold *fold, const struct refund_fold *refund,
                                const struct payment_event *event)
{
	if (event->amount_minor == 0 ||
	    (fold->state != FOLD_NONE &&
	     (event->amount_minor != fold->amount_minor || event->currency != fold->currency)))
		return "its amount or currency is not that of the payment's events before";
	if (!captured_is_right(fold, event))
		return "its amount_captured does not follow from the events before";
	if (refund != NULL)
		return refund_fault(fold, refund, event);
	if (event->refunded_minor != fold->refunded_minor ||
	    event->refund_pending_minor != fold->refund_pending_minor)
		return "its refunded amounts are not those of the events before";
	return NULL;
}

static const char *event_fault(const struct payment_fold *fold, const struct refund_fold *refund,
                               const struct payment_event *event)
{
	if (transition_of(fold, refund, event) == NULL)
		return "its type and states do not follow from the events before";
	if (text_is(event->type, "payment.reversed") && !fold->is_reversal_open)
		return "nothing was to be reversed";
	const char *fault = amount_fault(fold, refund, event);
	if (fault != NULL)
		return fault;
	return event->refunded_minor + event->refund_pending_minor > event->captured_minor
	               ? "more is refunded than was captured"
	               : NULL;
}

static void add_transfer(struct fold_transfers *transfers, enum transfer_kind kind,
                         int64_t amount_minor)
{
	if (amount_minor > 0)
		transfers->rows[transfers->count++] = (struct transfer){kind, amount_minor};
}

/* api.md, "Ledger": what an authorization moved goes back, in parts or whole, when it ends. */
static void transfers_of(const struct payment_fold *fold, const struct payment_event *event,
                         struct fold_transfers *transfers)
{
	int64_t captured_minor = event->captured_minor;

	transfers->count = 0;
	if (text_is(event->type, "refund.succeeded"))
		add_transfer(transfers, TRANSFER_REFUND, event->refund_amount_minor);
	if (event->state == fold->state)
		return;
	if (event->state == FOLD_AUTHORIZED && !was_held(fold))
		add_transfer(transfers, TRANSFER_AUTHORIZE, event->amount_minor);
	if (event->state == FOLD_VOIDED)
		add_transfer(transfers, TRANSFER_AUTHORIZATION_VOIDED, event->amount_minor);
	if (event->state != FOLD_SUCCESS)
		return;
	if (was_held(fold)) {
		add_transfer(transfers, TRANSFER_AUTHORIZATION_CAPTURED, captured_minor);
		add_transfer(transfers, TRANSFER_AUTHORIZATION_RELEASED,
		             event->amount_minor - captured_minor);
	}
	add_transfer(transfers, TRANSFER_CAPTURE, captured_minor);
}

static void span_add(struct fold_span *span, const struct payment_event *event, bool asks)
{
	if (span->first_seq == 0) {
		span->first_seq = event->seq;
		span->first_us = event->time_us;
	}
	span->last_seq = event->seq;
	span->last_us = event->time_us;
	if (asks)
		span->asked_seq = event->seq;
}

/* The first contradiction of a failed payment asks for what was approved to be taken back. */
static bool asks(const struct payment_fold *fold, const struct payment_event *event)
{
	if (text_is(event->type, "payment.contradicted"))
		return event->state == FOLD_FAILED && !fold->is_contradicted;
	return text_is(event->type, "payment.processing");
}

/* A second contradiction is an operator's word that nothing is to be taken back any more. */
static void reversal_add(struct payment_fold *fold, const struct payment_event *event)
{
	bool is_contradiction = text_is(event->type, "payment.contradicted");

	if (event->state != FOLD_FAILED ||
	    (!is_contradiction && !text_is(event->type, "payment.reversed")))
		return;
	fold->is_reversal_open = is_contradiction && !fold->is_contradicted;
	fold->is_contradicted = true;
}

const char *payment_fold_add(struct payment_fold *fold, struct refund_fold *refund,
                             const struct payment_event *event,
                             struct fold_transfers *ret_transfers)
{
	const char *fault = event_fault(fold, refund, event);

	transfers_of(fold, event, ret_transfers);
	span_add(&fold->span, event, asks(fold, event));
	fold->state = event->state;
	fold->currency = event->currency;
	fold->amount_minor = event->amount_minor;
	fold->captured_minor = event->captured_minor;
	fold->refunded_minor = event->refunded_minor;
	fold->refund_pending_minor = event->refund_pending_minor;
	reversal_add(fold, event);
	if (refund != NULL) {
		span_add(&refund->span, event, event->refund_status == REFUND_PROCESSING);
		refund->status = event->refund_status;
		refund->amount_minor = event->refund_amount_minor;
	}
	return fault;
}
