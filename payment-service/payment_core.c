/* payment_core.c - decides what POST /pay does to an order. Pure: no I/O, clock, threads or
 * allocation. Invariant: a new payment never lets an order's live payments claim more than its
 * total. How a payment changes afterwards: settle_core.c; what else the order service's journal
 * does: known_order_core.c. */
#include "payment.h"

#include <stdio.h>

#include "known_order.h"
#include "settle.h"

static_assert(ATTEMPTS_PER_ORDER_MAX <= PAYMENT_KEYS_PER_ORDER,
              "each payment of an order has a key of its own");
static_assert(REFUNDS_PER_PAYMENT_MAX <= REFUND_KEYS_PER_PAYMENT,
              "each refund of a payment has a key of its own");

/* api.md, "Against the order": what a payment claims of its order's total. */
static int64_t claim(const struct payment *payment)
{
	switch ((enum payment_status)payment->status) {
	case PAYMENT_PROCESSING:
	case PAYMENT_AUTHORIZED: return payment->amount_minor;
	case PAYMENT_SUCCESS: return payment->captured_minor;
	case PAYMENT_FAILED:
	case PAYMENT_VOIDED: break;
	}
	return 0;
}

/* What of its claim the processor's next word may take away. */
static int64_t open_claim(const struct payment *payment)
{
	if (payment->status == PAYMENT_PROCESSING || payment->pending_operation == OPERATION_VOID)
		return payment->amount_minor;
	if (payment->pending_operation == OPERATION_CAPTURE)
		return payment->amount_minor - payment->pending_minor;
	return 0;
}

const char code_unreachable[] = "processor_unreachable";

const char *const operation_names[] = {
	[OPERATION_CAPTURE] = "capture",     [OPERATION_VOID] = "void",
	[OPERATION_AUTHORIZE] = "authorize", [OPERATION_REFUND] = "refund",
	[OPERATION_REVERSE] = "reverse",     [OPERATION_COUNT] = NULL};

static bool was_reached(const struct payment *payment)
{
	return payment->status != PAYMENT_FAILED ||
	       !text_is(payment->decline_code, code_unreachable);
}

/* A payment that was made again after a restore, and of which this may be the call: its key is gone
 * with the store. What failed may be tried again in any case. */
static bool may_be_asked(const struct payment *payment, const struct pay_command *asked)
{
	return asked != NULL && payment->key_is_unknown && payment->status != PAYMENT_FAILED &&
	       payment->amount_minor == asked->amount_minor &&
	       payment->currency == asked->currency && payment->capture == asked->capture;
}

bool payment_view_add(struct payment_view *view, const struct payment *payment)
{
	int64_t claims = claim(payment);

	view->attempts_count++;
	if (may_be_asked(payment, view->asked) && payment->created_us > view->maybe_asked_us)
		view->maybe_asked_us = payment->created_us;
	view->payments_count += was_reached(payment) ? 1 : 0;
	if (claims == 0 || known_order_is_in_other_currency(&view->heard, payment->currency))
		return false;
	if (view->first_minor == 0 || payment->payment_key < view->first_key) {
		view->first_minor = claims;
		view->first_key = payment->payment_key;
		view->first_is_open = open_claim(payment) > 0;
		view->first_currency = payment->currency;
	}
	view->claimed_minor += claims; /* at most 100 * 10^15 */
	view->open_minor += open_claim(payment);
	if (payment->has_key || view->has_natural)
		return false;
	view->has_natural = true;
	view->natural = *payment;
	return true;
}

struct order_total payment_view_total(const struct payment_view *view)
{
	if (view->heard.total_minor > 0)
		return (struct order_total){view->heard.total_minor, view->heard.currency, false};
	return (struct order_total){view->first_minor, view->first_currency, view->first_is_open};
}

static struct text method_of(struct text method)
{
	return method.ptr == NULL ? TEXT_LITERAL("") : method;
}

/* The same call again, made without a key: its answer is the payment that is there. */
static bool is_same(const struct payment *natural, const struct pay_command *command)
{
	return natural->amount_minor == command->amount_minor &&
	       natural->currency == command->currency && natural->capture == command->capture &&
	       natural->refunded_minor == 0 && natural->refund_pending_minor == 0 &&
	       (natural->key_is_unknown ||
	        text_equal(method_of(natural->payment_method), method_of(command->payment_method)));
}

/* A refusal that may be wrong as soon as the processor answers. */
static void refuse_for_now(struct payment_outcome *outcome, char *detail)
{
	outcome->rests_on_open = true;
	(void)snprintf(detail, PAYMENT_DETAIL_SIZE,
	               "A payment of the order is still open at the processor: ask for its outcome "
	               "with POST sync, then repeat.");
}

/* The order takes no payment any more. One that has live payments is not expired before it is told:
 * the order service then puts it off. */
static enum error check_end(const struct payment_view *view, int64_t now_us, char *detail)
{
	const struct order_heard *heard = &view->heard;
	bool is_late = heard->expires_us != 0 && now_us > heard->expires_us;

	if (heard->end == ORDER_LIVES && (!is_late || view->claimed_minor > 0))
		return ERR_NONE;
	(void)snprintf(detail, PAYMENT_DETAIL_SIZE, "The order %s: create a new one.",
	               heard->end == ORDER_CANCELLED ? "was cancelled" : "has expired");
	return ERR_ORDER_CANCELLED;
}

/* It must not be charged twice, and nobody can tell; a caller can, who looks. */
static enum error check_made_again(const struct payment_view *view,
                                   const struct pay_command *command, int64_t now_us, char *detail)
{
	bool is_asked = view->maybe_asked_us > 0 && now_us - view->maybe_asked_us < KEY_DOUBT_US;

	if (!is_asked || !command->has_key)
		return ERR_NONE;
	(void)snprintf(
		detail, PAYMENT_DETAIL_SIZE,
		"A payment of this amount was recovered after a restore without its key, and "
		"may be this one: look at GET /payments?order_id.");
	return ERR_ORDER_ALREADY_PAID;
}

static enum error check_heard(const struct payment_view *view, const struct pay_command *command,
                              struct payment_outcome *outcome, char *detail)
{
	if (view->heard.currency != NULL || !command->rejects_unheard)
		return ERR_NONE;
	outcome->rests_on_unheard = true;
	(void)snprintf(detail, PAYMENT_DETAIL_SIZE,
	               "There is no such order: create it first, with POST /order.");
	return ERR_NOT_FOUND;
}

static enum error refuse_currency(const struct order_total *total, char *detail)
{
	(void)snprintf(detail, PAYMENT_DETAIL_SIZE, "The order is in %s: pay it in that currency.",
	               total->currency->code);
	return ERR_CURRENCY_MISMATCH;
}

static enum error check_total(const struct payment_view *view, const struct pay_command *command,
                              struct payment_outcome *outcome, char *detail)
{
	struct order_total total = payment_view_total(view);
	int64_t payable_minor = total.minor - view->claimed_minor;
	bool is_mismatch = command->currency != total.currency;
	/* A call without a key never makes a second payment: a part needs a key. */
	bool is_second = !command->has_key && view->claimed_minor > 0;
	/* Would it be right if what is open failed? */
	bool may_become_due =
		total.is_open || (!is_mismatch && view->open_minor > 0 &&
	                          command->amount_minor <= payable_minor + view->open_minor);

	if (total.minor == 0 ||
	    (!is_second && !is_mismatch && command->amount_minor <= payable_minor))
		return ERR_NONE;
	if (may_become_due)
		refuse_for_now(outcome, detail);
	outcome->rests_on_unheard = view->heard.currency == NULL && (!is_second || is_mismatch);
	if (payable_minor <= 0 || is_second)
		return ERR_ORDER_ALREADY_PAID;
	return is_mismatch ? refuse_currency(&total, detail) : ERR_AMOUNT_EXCEEDS_DUE;
}

/* A call without a key, of an order that has a payment made likewise. */
static enum error meet_natural(const struct payment_view *view, const struct pay_command *command,
                               struct payment_outcome *outcome, char *detail)
{
	const struct payment *natural = &view->natural;

	if (is_same(natural, command)) {
		outcome->replays = true;
		outcome->payment = *natural;
		return ERR_NONE;
	}
	if (open_claim(natural) > 0)
		refuse_for_now(outcome, detail);
	/* In another currency than its order's it would not count. */
	outcome->rests_on_unheard =
		view->heard.currency == NULL && command->currency != natural->currency;
	return ERR_ORDER_ALREADY_PAID;
}

static void fill(const struct payment_view *view, const struct pay_command *command,
                 const struct payment_moment *moment, struct payment *payment)
{
	*payment = (struct payment){.payment_key = view->attempts_count,
	                            .currency = command->currency,
	                            .amount_minor = command->amount_minor,
	                            .status = PAYMENT_PROCESSING,
	                            .capture = command->capture,
	                            .pending_operation = OPERATION_NONE,
	                            .has_key = command->has_key,
	                            .payment_method = command->payment_method,
	                            .processor = command->processor,
	                            .description = command->description,
	                            .metadata = command->metadata,
	                            .created_us = moment->now_us,
	                            .updated_us = moment->now_us};
	id_make("pay_", moment->now_us, moment->random, payment->payment_id);
	text_copy(text_of(command->order_id), payment->order_id, sizeof(payment->order_id));
}

enum error payment_decide_pay(const struct payment_view *view, const struct pay_command *command,
                              const struct payment_moment *moment,
                              struct payment_outcome *ret_outcome, char *detail)
{
	struct order_total total = payment_view_total(view);
	bool has_ended = view->heard.end != ORDER_LIVES;
	enum error error = ERR_NONE;

	ensure(command->amount_minor > 0 && command->amount_minor <= MONEY_MINOR_MAX);
	ensure(command->decision.verdict != VERDICT_UNREACHABLE);
	if (!command->has_key && view->has_natural && !has_ended)
		return meet_natural(view, command, ret_outcome, detail);
	if (!has_ended)
		error = check_heard(view, command, ret_outcome, detail);
	if (error == ERR_NONE)
		error = check_end(view, moment->now_us, detail);
	if (error == ERR_NONE)
		error = check_made_again(view, command, moment->now_us, detail);
	if (error == ERR_NONE)
		error = check_total(view, command, ret_outcome, detail);
	if (error != ERR_NONE)
		return error;
	if (view->payments_count >= PAYMENTS_PER_ORDER_MAX ||
	    view->attempts_count >= ATTEMPTS_PER_ORDER_MAX) {
		(void)snprintf(detail, PAYMENT_DETAIL_SIZE,
		               "An order takes at most %d payments: create a new order.",
		               PAYMENTS_PER_ORDER_MAX);
		return ERR_INVALID_REQUEST;
	}
	fill(view, command, moment, &ret_outcome->payment);
	ret_outcome->is_new = true;
	error = settle_authorize(ret_outcome, &command->decision);
	ensure(total.minor == 0 ||
	       view->claimed_minor + claim(&ret_outcome->payment) <= total.minor);
	return error;
}
