/* order_core.c - decides what a command does to an order. Pure: no I/O, clock, threads or
 * allocation. Invariants: (1) an order's total is the sum of its items; (2) an order that was
 * accepted never changes its content, but may lose its free texts.
 *
 *   POST /order --> PENDING */
#include "order.h"

#include <string.h>

/* The largest amount of a currency: MONEY_MAJOR_MAX and a fraction, within MONEY_MINOR_MAX. */
static bool is_too_large(int64_t minor, const struct currency *currency)
{
	int64_t major = minor;

	for (uint8_t i = 0; i < currency->decimals; i++)
		major /= 10;
	return major > MONEY_MAJOR_MAX;
}

enum order_total_fault order_total(const struct order_item *items, size_t count,
                                   const struct currency *currency, int64_t *ret_total_minor)
{
	int64_t total = 0, line;

	for (size_t i = 0; i < count; i++)
		if (!money_multiply(items[i].unit_price_minor, items[i].quantity, &line) ||
		    !money_add(total, line, &total))
			return ORDER_TOTAL_TOO_LARGE;
	if (is_too_large(total, currency))
		return ORDER_TOTAL_TOO_LARGE;
	if (total == 0)
		return ORDER_TOTAL_ZERO;
	*ret_total_minor = total;
	return ORDER_TOTAL_OK;
}

int64_t order_due(int64_t amount_minor, int64_t paid_minor)
{
	if (amount_minor == MONEY_NONE)
		return MONEY_NONE;
	return amount_minor > paid_minor ? amount_minor - paid_minor : 0;
}

enum error order_decide_create(const struct order_view *view, const struct order_command *command,
                               int64_t now_us, struct order_outcome *ret_outcome)
{
	struct order *order = &ret_outcome->order;

	ensure(command->amount_minor == MONEY_NONE || command->amount_minor > 0);
	if (view->order_known) {
		if (!hash_equal(&view->content_hash, &command->content_hash))
			return ERR_ORDER_EXISTS;
		ret_outcome->replays = true;
		return ERR_NONE;
	}
	*order = (struct order){.content_hash = command->content_hash,
	                        .state = ORDER_PENDING,
	                        .currency = command->currency,
	                        .amount_minor = command->amount_minor,
	                        .due_minor = order_due(command->amount_minor, 0),
	                        .items = command->items,
	                        .customer = command->customer,
	                        .description = command->description,
	                        .metadata = command->metadata,
	                        .expires_us = INT64_MIN,
	                        .created_us = now_us,
	                        .updated_us = now_us};
	memcpy(order->order_id, command->order_id, sizeof(order->order_id));
	if (command->expires_in_s > 0)
		order->expires_us = now_us + command->expires_in_s * US_PER_S;
	ret_outcome->is_new = true;
	return ERR_NONE;
}

enum error order_decide_redact(const struct order_redact_view *view, int64_t now_us,
                               struct order_outcome *ret_outcome)
{
	if (!view->order_known)
		return ERR_NOT_FOUND;
	ret_outcome->order = view->order;
	ret_outcome->replays = !view->has_texts;
	ret_outcome->is_redacted = view->has_texts;
	if (ret_outcome->is_redacted)
		ret_outcome->order.updated_us = now_us;
	return ERR_NONE;
}
