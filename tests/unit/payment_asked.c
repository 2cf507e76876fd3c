/* payment_asked.c - turns what a table says into what payment_core.c takes (payment_asked.h). */
#include "unit/payment_asked.h"

#include <string.h>

static const uint8_t random_bytes[ULID_RANDOM_BYTES] = "0123456789";

const struct currency *asked_currency(const char *code)
{
	return currency_find(text_of(code == NULL ? "USD" : code));
}

static struct text method_of(const char *method)
{
	return method == NULL ? TEXT_NONE : text_of(method);
}

void asked_add(struct payment_view *view, const struct given *given, int64_t number)
{
	const struct payment payment = {
		.payment_key = PAYMENT_KEYS_PER_ORDER + number,
		.currency = asked_currency(given->currency),
		.amount_minor = given->amount_minor,
		.captured_minor = given->status == PAYMENT_SUCCESS ? given->amount_minor : 0,
		.refunded_minor = given->refunded_minor,
		.refund_pending_minor = given->refund_pending_minor,
		.capture = given->capture,
		.pending_operation =
			given->pending_minor == 0 ? OPERATION_NONE : (int)given->pending,
		.pending_minor = given->pending_minor,
		.status = given->status,
		.has_key = given->has_key,
		.payment_method = method_of(given->method),
	};
	bool is_natural = payment_view_add(view, &payment);

	ck_assert_int_eq(is_natural, given->status != PAYMENT_FAILED &&
	                                     given->status != PAYMENT_VOIDED && !given->has_key);
}

struct pay_command asked_command(const struct asked *asked)
{
	return (struct pay_command){
		.order_id = "o-1",
		.currency = asked_currency(asked->currency),
		.amount_minor = asked->amount_minor,
		.payment_method = method_of(asked->method),
		.description = TEXT_LITERAL("a book"),
		.metadata = TEXT_LITERAL("{}"),
		.capture = asked->capture,
		.processor = TEXT_LITERAL("sandbox"),
		.decision = {.verdict = asked->is_declined ? VERDICT_DECLINED : VERDICT_APPROVED,
	                     .decline_code =
	                             asked->is_declined ? TEXT_LITERAL("expired_card") : TEXT_NONE,
	                     .reference = "sbx_1"},
		.has_key = asked->has_key,
	};
}

enum error asked_decide(const struct payment_view *view, const struct asked *asked,
                        struct payment_outcome *ret_outcome, char *detail)
{
	const struct pay_command command = asked_command(asked);
	const struct payment_moment moment = {.now_us = NOW_US, .random = random_bytes};

	memset(ret_outcome, 0, sizeof(*ret_outcome));
	detail[0] = '\0';
	return payment_decide_pay(view, &command, &moment, ret_outcome, detail);
}

void asked_check(const char *rule, const struct payment_view *view, const struct asked *asked,
                 enum error want, int effect, bool rests_on_open)
{
	struct payment_outcome outcome;
	char detail[PAYMENT_DETAIL_SIZE];
	enum error error = asked_decide(view, asked, &outcome, detail);

	ck_assert_msg(error == want, "%s: error %d", rule, error);
	ck_assert_msg(outcome.is_new == (effect == NEW), "%s: is new", rule);
	ck_assert_msg(outcome.replays == (effect == REPLAY), "%s: replays", rule);
	ck_assert_msg(outcome.rests_on_open == rests_on_open, "%s: rests on what is open", rule);
	ck_assert_msg(!rests_on_open || strstr(detail, "sync") != NULL, "%s: %s", rule, detail);
	if (effect == NEW)
		return;
	ck_assert_msg(outcome.event_type == NULL && outcome.transfers_count == 0 && !outcome.asks,
	              "%s: has an effect", rule);
}
