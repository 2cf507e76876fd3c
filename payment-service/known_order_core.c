/* known_order_core.c - what the order service's journal does to an order as payments know it. Pure:
 * no I/O, clock, threads or allocation. Invariants: (1) what was heard of a creation or an end
 * never changes; (2) after an end, or of a payment in another currency, all that is kept goes back.
 */
#include "known_order.h"

#include <stdio.h>

bool payment_keeps_money(const struct payment *payment)
{
	switch ((enum payment_status)payment->status) {
	case PAYMENT_PROCESSING:
	case PAYMENT_AUTHORIZED: return true;
	case PAYMENT_SUCCESS: return payment->refunded_minor < payment->captured_minor;
	case PAYMENT_FAILED:
	case PAYMENT_VOIDED: break;
	}
	return false;
}

bool known_order_is_in_other_currency(const struct order_heard *heard,
                                      const struct currency *currency)
{
	return heard->total_minor > 0 && heard->currency != currency;
}

bool known_order_returns(const struct order_heard *heard, const struct payment *payment)
{
	return heard->end != ORDER_LIVES ||
	       known_order_is_in_other_currency(heard, payment->currency);
}

void known_order_view_begin(struct known_order_view *view, const struct order_heard *before,
                            const struct known_order_command *command)
{
	struct order_heard *heard = &view->after.heard;
	int end = before->end != ORDER_LIVES ? before->end : command->heard.end;

	view->before = *before;
	/* A creation has a currency, an end has none. */
	*heard = before->currency != NULL ? *before : command->heard;
	heard->end = end;
}

void known_order_view_add(struct known_order_view *view, const struct payment *payment)
{
	(void)payment_view_add(&view->after, payment);
	if (!payment_keeps_money(payment) || !known_order_returns(&view->after.heard, payment))
		return;
	view->returns[payment->payment_key % PAYMENT_KEYS_PER_ORDER] = true;
	view->returns_count++;
}

static bool is_same_creation(const struct order_heard *a, const struct order_heard *b)
{
	return a->currency == b->currency && a->total_minor == b->total_minor &&
	       a->expires_us == b->expires_us;
}

enum error known_order_decide(const struct known_order_view *view,
                              const struct known_order_command *command,
                              struct known_order_outcome *ret_outcome, char *detail)
{
	const struct order_heard *before = &view->before, *told = &command->heard;
	bool is_creation = told->end == ORDER_LIVES;

	ensure(is_creation == (told->currency != NULL));
	if (is_creation && before->currency != NULL && !is_same_creation(before, told)) {
		(void)snprintf(detail, PAYMENT_DETAIL_SIZE,
		               "The order was created with another content before.");
		return ERR_ORDER_EXISTS;
	}
	ret_outcome->heard = view->after.heard;
	ret_outcome->is_changed =
		is_creation ? before->currency == NULL : before->end == ORDER_LIVES;
	if (ret_outcome->is_changed && is_creation && told->total_minor > 0 &&
	    view->after.claimed_minor > told->total_minor)
		ret_outcome->excess_minor = view->after.claimed_minor - told->total_minor;
	return ERR_NONE;
}
