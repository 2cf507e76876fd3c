/* payment_core.c - decides what a command does to a payment. Pure: no I/O, clock, threads or
 * allocation. Invariants: (1) captured <= amount; (2) an order's live payments never claim more
 * than its total; (3) a final status never changes.
 *
 *   POST /pay --approved--> SUCCESS (captured = amount)
 *             --declined--> FAILED */
#include "payment.h"

#include <stdio.h>
#include <string.h>

static_assert(PAYMENTS_PER_ORDER_MAX <= PAYMENT_KEYS_PER_ORDER,
              "each payment of an order has a key of its own");

/* api.md, "Against the order": what a payment claims of its order's total. */
static int64_t claim(const struct payment *payment)
{
	return payment->status == PAYMENT_SUCCESS ? payment->captured_minor : 0;
}

static struct text method_of(struct text method)
{
	return method.ptr == NULL ? TEXT_LITERAL("") : method;
}

bool payment_view_add(struct payment_view *view, const struct payment *payment)
{
	int64_t claims = claim(payment);

	view->payments_count++;
	if (claims == 0)
		return false;
	if (view->total_minor == 0 || payment->payment_key < view->total_key) {
		view->total_minor = claims;
		view->total_key = payment->payment_key;
		view->currency = payment->currency;
	}
	view->claimed_minor += claims; /* at most 100 * 10^15 */
	if (payment->has_key)
		return false;
	view->has_natural = true;
	view->natural = *payment;
	text_copy(method_of(payment->payment_method), view->natural_method,
	          sizeof(view->natural_method));
	view->natural.payment_method = view->natural.processor = view->natural.decline_code =
		TEXT_NONE;
	view->natural.description = view->natural.metadata = TEXT_NONE;
	return true;
}

/* The same call again, made without a key: its answer is the payment that is there. */
static bool is_same(const struct payment_view *view, const struct pay_command *command)
{
	const struct payment *natural = &view->natural;

	return natural->amount_minor == command->amount_minor &&
	       natural->currency == command->currency && natural->capture == command->capture &&
	       natural->refunded_minor == 0 &&
	       text_is(method_of(command->payment_method), view->natural_method);
}

static enum error check_order(const struct payment_view *view, const struct pay_command *command,
                              char *detail)
{
	int64_t payable_minor = view->total_minor - view->claimed_minor;

	if (view->total_minor == 0)
		return ERR_NONE;
	if (payable_minor <= 0)
		return ERR_ORDER_ALREADY_PAID;
	if (command->currency != view->currency) {
		(void)snprintf(detail, PAYMENT_DETAIL_SIZE,
		               "The order is in %s: pay it in that currency.",
		               view->currency->code);
		return ERR_CURRENCY_MISMATCH;
	}
	return command->amount_minor > payable_minor ? ERR_AMOUNT_EXCEEDS_DUE : ERR_NONE;
}

static void fill(const struct payment_view *view, const struct pay_command *command,
                 const struct payment_moment *moment, struct payment *payment)
{
	bool approved = command->answer.approved;

	*payment = (struct payment){.currency = command->currency,
	                            .amount_minor = command->amount_minor,
	                            .captured_minor = approved ? command->amount_minor : 0,
	                            .refundable_minor = approved ? command->amount_minor : 0,
	                            .status = approved ? PAYMENT_SUCCESS : PAYMENT_FAILED,
	                            .capture = command->capture,
	                            .pending_operation = -1,
	                            .has_key = command->has_key,
	                            .payment_method = command->payment_method,
	                            .processor = command->answer.processor,
	                            .decline_code = command->answer.decline_code,
	                            .description = command->description,
	                            .metadata = command->metadata,
	                            .created_us = moment->now_us,
	                            .updated_us = moment->now_us};
	id_make("pay_", moment->now_us, moment->random, payment->payment_id);
	id_make("sbx_", moment->now_us, moment->random, payment->processor_reference);
	memcpy(payment->order_id, command->order_id, sizeof(payment->order_id));
	ensure(payment->captured_minor <= payment->amount_minor);
	ensure(view->claimed_minor == 0 || !approved ||
	       view->claimed_minor + payment->captured_minor <= view->total_minor);
}

enum error payment_decide_pay(const struct payment_view *view, const struct pay_command *command,
                              const struct payment_moment *moment,
                              struct payment_outcome *ret_outcome, char *detail)
{
	enum error error;

	ensure(command->amount_minor > 0 && command->amount_minor <= MONEY_MINOR_MAX);
	if (!command->has_key && view->has_natural) {
		if (!is_same(view, command))
			return ERR_ORDER_ALREADY_PAID;
		ret_outcome->replays = true;
		return ERR_NONE;
	}
	error = check_order(view, command, detail);
	if (error != ERR_NONE)
		return error;
	if (view->payments_count >= PAYMENTS_PER_ORDER_MAX) {
		(void)snprintf(detail, PAYMENT_DETAIL_SIZE,
		               "An order takes at most %d payments: create a new order.",
		               PAYMENTS_PER_ORDER_MAX);
		return ERR_INVALID_REQUEST;
	}
	fill(view, command, moment, &ret_outcome->payment);
	ret_outcome->is_new = true;
	return command->answer.approved ? ERR_NONE : ERR_PAYMENT_DECLINED;
}
