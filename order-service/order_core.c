/* order_core.c - decides what a command does to an order. Pure: no I/O, clock, threads or
 * allocation. Payments: settle_core.c. Invariants: (1) an order's total is the sum of its items;
 * (2) an order that was accepted never changes its content, but may lose its free texts, and an
 * open amount is settled once; (3) it is paid or fulfilled only while its captured payments cover
 * the amount, and pending only while they do not; (4) fulfilled and cancelled are final.
 *
 *   POST /order --> PENDING --captured covers--> PAID --fulfill--> FULFILLED
 *                     |                           |
 *                     '--cancel, expire-----------'--cancel------> CANCELLED
 *
 * A refund does not reopen an order: paid says that the money came, not that it is still there.
 * What went back shows in refunded_minor, and stands in the way of fulfill.                    */
#include "order.h"

#include <stdio.h>
#include <string.h>

#define MONEY_TEXT_SIZE 32 /* 19 digits and a point */

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

/* ---- create ---- */

static void fill_new(const struct order_command *command, int64_t now_us, struct order *order)
{
	*order = (struct order){.content_hash = command->content_hash,
	                        .state = ORDER_PENDING,
	                        .currency = command->currency,
	                        .amount_minor = command->amount_minor,
	                        .was_open = command->amount_minor == MONEY_NONE,
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
	order_derive(order);
}

enum error order_decide_create(const struct order_view *view, const struct order_command *command,
                               int64_t now_us, struct order_outcome *ret_outcome)
{
	ensure(command->amount_minor == MONEY_NONE || command->amount_minor > 0);
	if (view->order_known) {
		if (!hash_equal(&view->order.content_hash, &command->content_hash))
			return ERR_ORDER_EXISTS;
		ret_outcome->replays = true;
		return ERR_NONE;
	}
	fill_new(command, now_us, &ret_outcome->created);
	ret_outcome->order = ret_outcome->created;
	ret_outcome->event = order_settle(&ret_outcome->order, &view->payments);
	ret_outcome->is_new = true;
	return ERR_NONE;
}

/* ---- changes of an order that is there ---- */

static void begin(const struct order_view *view, struct order_outcome *outcome)
{
	outcome->order = view->order;
	outcome->state_before = view->order.state;
	outcome->was_overpaid = view->order.overpaid_minor > 0;
}

static void end(enum order_state state, enum order_event event, int64_t now_us,
                struct order_outcome *outcome)
{
	struct order *order = &outcome->order;

	ensure(order->state == ORDER_PENDING || order->state == ORDER_PAID);
	order->state = state;
	order->updated_us = now_us;
	order_derive(order);
	outcome->event = event;
	outcome->is_changed = true;
}

enum error order_decide_cancel(const struct order_view *view,
                               const struct order_change_command *command, int64_t now_us,
                               struct order_outcome *ret_outcome, char *detail)
{
	if (!view->order_known)
		return ERR_NOT_FOUND;
	begin(view, ret_outcome);
	switch (view->order.state) {
	case ORDER_CANCELLED: ret_outcome->replays = true; return ERR_NONE;
	case ORDER_FULFILLED:
		(void)snprintf(detail, ORDER_DETAIL_SIZE,
		               "The order is fulfilled and stays so: refund its payments instead.");
		return ERR_INVALID_STATE;
	default:
		ret_outcome->order.cancel_reason = command->reason;
		end(ORDER_CANCELLED, ORDER_EVENT_CANCELLED, now_us, ret_outcome);
		return ERR_NONE;
	}
}

/* As money_render, without a buffer; from the last digit on. Returns where it begins in text. */
static const char *money_text(int64_t minor, const struct currency *currency,
                              char text[MONEY_TEXT_SIZE])
{
	size_t at = MONEY_TEXT_SIZE - 1, digits = 0;

	text[at] = '\0';
	do {
		if (digits == currency->decimals && digits > 0)
			text[--at] = '.';
		text[--at] = (char)('0' + minor % 10);
		minor /= 10;
		digits++;
	} while (minor > 0 || digits <= currency->decimals);
	return text + at;
}

/* Says what stands in the way of fulfill, if anything does. */
static bool lacks_money(const struct order *order, char *detail)
{
	int64_t kept_minor = order->paid_minor - order->refunded_minor;
	char text[MONEY_TEXT_SIZE];

	if (order->amount_minor == MONEY_NONE) {
		(void)snprintf(
			detail, ORDER_DETAIL_SIZE,
			"The amount is open and nothing was paid: a captured payment settles it.");
		return true;
	}
	if (kept_minor >= order->amount_minor)
		return false;
	(void)snprintf(
		detail, ORDER_DETAIL_SIZE,
		"%s %s of the amount is missing: fulfill once it is captured and not refunded.",
		money_text(order->amount_minor - kept_minor, order->currency, text),
		order->currency->code);
	return true;
}

enum error order_decide_fulfill(const struct order_view *view,
                                const struct order_change_command *command, int64_t now_us,
                                struct order_outcome *ret_outcome, char *detail)
{
	(void)command;
	if (!view->order_known)
		return ERR_NOT_FOUND;
	begin(view, ret_outcome);
	if (view->order.state == ORDER_CANCELLED)
		return ERR_ORDER_CANCELLED;
	if (view->order.state == ORDER_FULFILLED) {
		ret_outcome->replays = true;
		return ERR_NONE;
	}
	if (lacks_money(&view->order, detail))
		return ERR_INVALID_STATE;
	ensure(view->order.state == ORDER_PAID);
	end(ORDER_FULFILLED, ORDER_EVENT_FULFILLED, now_us, ret_outcome);
	return ERR_NONE;
}

/* Past now in one move, however long nobody looked. */
static void move_end(int64_t now_us, struct order_outcome *outcome)
{
	struct order *order = &outcome->order;
	int64_t steps = (now_us - order->expires_us) / ORDER_EXPIRY_STEP_US + 1;

	order->expires_us += steps * ORDER_EXPIRY_STEP_US;
	order->updated_us = now_us;
	outcome->is_changed = outcome->is_moved = true;
}

/* It was due when it was looked for; by now it may have been paid, cancelled or moved. */
enum error order_decide_expire(const struct order_view *view,
                               const struct order_change_command *command, int64_t now_us,
                               struct order_outcome *ret_outcome, char *detail)
{
	const struct order *order = &view->order;

	(void)command;
	(void)detail;
	if (!view->order_known)
		return ERR_NOT_FOUND;
	begin(view, ret_outcome);
	if (order->state != ORDER_PENDING || order->expires_us == INT64_MIN ||
	    order->expires_us > now_us)
		ret_outcome->replays = true;
	else if (order->paid_minor > 0 || order->authorized_minor > 0)
		move_end(now_us, ret_outcome);
	else
		end(ORDER_CANCELLED, ORDER_EVENT_EXPIRED, now_us, ret_outcome);
	return ERR_NONE;
}

enum error order_decide_redact(const struct order_redact_view *view, int64_t now_us,
                               struct order_outcome *ret_outcome)
{
	if (!view->order_known)
		return ERR_NOT_FOUND;
	ret_outcome->order = view->order;
	ret_outcome->state_before = view->order.state;
	ret_outcome->was_overpaid = view->order.overpaid_minor > 0;
	ret_outcome->replays = !view->has_texts;
	ret_outcome->is_redacted = view->has_texts;
	if (ret_outcome->is_redacted) {
		ret_outcome->order.updated_us = now_us;
		ret_outcome->event = ORDER_EVENT_REDACTED;
	}
	return ERR_NONE;
}
