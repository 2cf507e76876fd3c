/* test_order_states.c - every command in every state of an order, and what payments make of it. */
#include <string.h>

#include "order-service/order.h"
#include "unit/unit.h"

#define NOW_US INT64_C(1795408200123000)
#define AMOUNT 1000

enum command { CANCEL, FULFILL, EXPIRE, REDACT, CREATE, CREATE_OTHER, PAYMENT, COMMANDS };
static const char *const command_names[] = {"cancel", "fulfill",      "expire", "redact",
                                            "create", "create other", "payment"};

/* An order as it may be stored. */
static const struct state {
	const char *name;
	enum order_state state;
	int64_t amount_minor, paid_minor, authorized_minor, refunded_minor;
	int64_t ends_in_us; /* 0: never */
} states[] = {
	{"pending", ORDER_PENDING, AMOUNT, 0, 0, 0, 0},
	{"pending, open", ORDER_PENDING, MONEY_NONE, 0, 0, 0, 0},
	{"pending, part paid", ORDER_PENDING, AMOUNT, 400, 0, 0, 0},
	{"pending, ends later", ORDER_PENDING, AMOUNT, 0, 0, 0, 1},
	{"pending, ends now", ORDER_PENDING, AMOUNT, 0, 0, 0, -1},
	{"pending, authorized, ends now", ORDER_PENDING, AMOUNT, 0, 1, 0, -1},
	{"pending, part paid, ends now", ORDER_PENDING, AMOUNT, 1, 0, 0, -1},
	{"paid", ORDER_PAID, AMOUNT, AMOUNT, 0, 0, -1},
	{"paid, refunded in part", ORDER_PAID, AMOUNT, AMOUNT, 0, 1, 0},
	{"paid too much, the excess refunded", ORDER_PAID, AMOUNT, 1100, 0, 100, 0},
	{"fulfilled", ORDER_FULFILLED, AMOUNT, AMOUNT, 0, 0, -1},
	{"cancelled", ORDER_CANCELLED, AMOUNT, 0, 0, 0, -1},
	{"cancelled, open", ORDER_CANCELLED, MONEY_NONE, 0, 0, 0, 0},
};

/* What a command does; without a row of its own: nothing, as it is answered again. */
enum effect { REPLAY, CHANGE, REFUSED, MOVED };
struct want {
	enum effect effect;
	enum error error;
	enum order_event event;
	enum order_state state;
};
#define DONE(event_, state_) \
	{ \
		CHANGE, ERR_NONE, ORDER_EVENT_##event_, ORDER_##state_ \
	}
#define NOTHING(state_) \
	{ \
		REPLAY, ERR_NONE, ORDER_EVENT_NONE, ORDER_##state_ \
	}
#define REFUSE(error_, state_) \
	{ \
		REFUSED, ERR_##error_, ORDER_EVENT_NONE, ORDER_##state_ \
	}
#define MOVE \
	{ \
		MOVED, ERR_NONE, ORDER_EVENT_NONE, ORDER_PENDING \
	}
#define ALWAYS(state_) \
	[REDACT] = DONE(REDACTED, state_), [CREATE] = NOTHING(state_), \
	[CREATE_OTHER] = REFUSE(ORDER_EXISTS, state_)
/* A payment captures 600. */
#define PENDING_ROW(fulfill_error, expire, payment) \
	{ \
		[CANCEL] = DONE(CANCELLED, CANCELLED), [FULFILL] = REFUSE(fulfill_error, PENDING), \
		[EXPIRE] = expire, [PAYMENT] = payment, ALWAYS(PENDING) \
	}
#define STAYS(state_) \
	{ \
		CHANGE, ERR_NONE, ORDER_EVENT_NONE, ORDER_##state_ \
	}
#define LAPSES \
	{ \
		CHANGE, ERR_NONE, ORDER_EVENT_EXPIRED, ORDER_CANCELLED \
	}
#define IS_PAID \
	{ \
		CHANGE, ERR_NONE, ORDER_EVENT_PAID, ORDER_PAID \
	}
#define UNTOUCHED \
	{ \
		REPLAY, ERR_NONE, ORDER_EVENT_NONE, ORDER_PENDING \
	}
#define GROUP(...) __VA_ARGS__

static const struct want wants[ARRAY_LEN(states)][COMMANDS] = {
	PENDING_ROW(INVALID_STATE, GROUP(UNTOUCHED), GROUP(STAYS(PENDING))),
	PENDING_ROW(INVALID_STATE, GROUP(UNTOUCHED), GROUP(IS_PAID)),
	PENDING_ROW(INVALID_STATE, GROUP(UNTOUCHED), GROUP(IS_PAID)),
	PENDING_ROW(INVALID_STATE, GROUP(UNTOUCHED), GROUP(STAYS(PENDING))),
	PENDING_ROW(INVALID_STATE, GROUP(LAPSES), GROUP(STAYS(PENDING))),
	PENDING_ROW(INVALID_STATE, GROUP(MOVE), GROUP(STAYS(PENDING))),
	PENDING_ROW(INVALID_STATE, GROUP(MOVE), GROUP(STAYS(PENDING))),
	{[CANCEL] = DONE(CANCELLED, CANCELLED),
         [FULFILL] = DONE(FULFILLED, FULFILLED),
         [EXPIRE] = NOTHING(PAID),
         [PAYMENT] = STAYS(PAID),
         ALWAYS(PAID)},
	{[CANCEL] = DONE(CANCELLED, CANCELLED),
         [FULFILL] = REFUSE(INVALID_STATE, PAID),
         [EXPIRE] = NOTHING(PAID),
         [PAYMENT] = STAYS(PAID),
         ALWAYS(PAID)},
	{[CANCEL] = DONE(CANCELLED, CANCELLED),
         [FULFILL] = DONE(FULFILLED, FULFILLED),
         [EXPIRE] = NOTHING(PAID),
         [PAYMENT] = STAYS(PAID),
         ALWAYS(PAID)},
	{[CANCEL] = REFUSE(INVALID_STATE, FULFILLED),
         [FULFILL] = NOTHING(FULFILLED),
         [EXPIRE] = NOTHING(FULFILLED),
         [PAYMENT] = STAYS(FULFILLED),
         ALWAYS(FULFILLED)},
	{[CANCEL] = NOTHING(CANCELLED),
         [FULFILL] = REFUSE(ORDER_CANCELLED, CANCELLED),
         [EXPIRE] = NOTHING(CANCELLED),
         [PAYMENT] = STAYS(CANCELLED),
         ALWAYS(CANCELLED)},
	{[CANCEL] = NOTHING(CANCELLED),
         [FULFILL] = REFUSE(ORDER_CANCELLED, CANCELLED),
         [EXPIRE] = NOTHING(CANCELLED),
         [PAYMENT] = STAYS(CANCELLED),
         ALWAYS(CANCELLED)},
};

static const struct currency *usd(void)
{
	return currency_find(TEXT_LITERAL("USD"));
}

static void add_payment(struct order_payments *payments, enum paid_status status, int64_t amount,
                        int64_t captured, int64_t refunded)
{
	struct order_payment *payment = &payments->rows[payments->count++];

	*payment = (struct order_payment){.payment_id = "pay_A",
	                                  .currency = usd(),
	                                  .status = status,
	                                  .amount_minor = amount,
	                                  .captured_minor = captured,
	                                  .refunded_minor = refunded,
	                                  .captured_seq = captured > 0 ? 1 : 0,
	                                  .seq = 1};
	payment->payment_id[4] = (char)('A' + payments->count);
}

static void fill(const struct state *state, struct order_view *view)
{
	*view = (struct order_view){.order_known = true,
	                            .order = {.order_id = "o-1",
	                                      .currency = usd(),
	                                      .state = state->state,
	                                      .amount_minor = state->amount_minor,
	                                      .was_open = state->amount_minor == MONEY_NONE,
	                                      .paid_minor = state->paid_minor,
	                                      .authorized_minor = state->authorized_minor,
	                                      .refunded_minor = state->refunded_minor,
	                                      .expires_us = state->ends_in_us == 0
	                                                            ? INT64_MIN
	                                                            : NOW_US + state->ends_in_us,
	                                      .created_us = NOW_US - US_PER_S,
	                                      .updated_us = NOW_US - US_PER_S}};
	order_derive(&view->order);
	if (state->paid_minor > 0)
		add_payment(&view->payments, PAID_SUCCESS, 2 * AMOUNT, state->paid_minor,
		            state->refunded_minor);
	if (state->authorized_minor > 0)
		add_payment(&view->payments, PAID_AUTHORIZED, state->authorized_minor, 0, 0);
}

static struct order_payment_command captured(const char *id, int64_t minor, int64_t seq)
{
	struct order_payment_command command = {.order_id = "o-1",
	                                        .payment = {.currency = usd(),
	                                                    .status = PAID_SUCCESS,
	                                                    .amount_minor = minor,
	                                                    .captured_minor = minor,
	                                                    .seq = seq}};

	text_copy(text_of(id), command.payment.payment_id, ID_SIZE);
	return command;
}

static enum error run(enum command command, const struct order_view *view,
                      struct order_outcome *outcome, char *detail)
{
	const struct order_change_command change = {.order_id = "o-1",
	                                            .reason = TEXT_LITERAL("why")};
	const struct order_redact_view redact = {true, view->order, true};
	const struct order_payment_command payment = captured("pay_NEW", 600, 9);
	struct order_command create = {
		.order_id = "o-1", .currency = usd(), .amount_minor = AMOUNT};

	switch (command) {
	case CANCEL: return order_decide_cancel(view, &change, NOW_US, outcome, detail);
	case FULFILL: return order_decide_fulfill(view, &change, NOW_US, outcome, detail);
	case EXPIRE: return order_decide_expire(view, &change, NOW_US, outcome, detail);
	case REDACT: return order_decide_redact(&redact, NOW_US, outcome);
	case PAYMENT: order_decide_payment(view, &payment, NOW_US, outcome); return ERR_NONE;
	default:
		create.content_hash.bytes[0] = command == CREATE_OTHER;
		return order_decide_create(view, &create, NOW_US, outcome);
	}
}

START_TEST(each_command_in_each_state)
{
	const struct state *state = &states[_i / COMMANDS];
	enum command command = (enum command)(_i % COMMANDS);
	const struct want *want = &wants[_i / COMMANDS][command];
	struct order_outcome outcome = {0};
	char detail[ORDER_DETAIL_SIZE] = "";
	struct order_view view;
	enum error error;

	fill(state, &view);
	error = run(command, &view, &outcome, detail);
#define IS(fact) ck_assert_msg(fact, "%s in %s: not %s", command_names[command], state->name, #fact)
	IS(error == want->error);
	IS(outcome.replays == (want->effect == REPLAY));
	IS((outcome.is_changed || outcome.is_redacted) ==
	   (want->effect == CHANGE || want->effect == MOVED));
	IS(outcome.is_moved == (want->effect == MOVED));
	IS(outcome.event == want->event);
	IS(!outcome.is_new);
	IS((detail[0] != '\0') == (error == ERR_INVALID_STATE));
	if (want->effect != CHANGE)
		return;
	IS(outcome.order.state == (int)want->state);
	IS(outcome.state_before == (int)state->state);
	IS(outcome.order.updated_us == NOW_US);
	IS((outcome.order.cancel_reason.ptr != NULL) == (want->event == ORDER_EVENT_CANCELLED));
}
END_TEST

START_TEST(what_is_unknown_is_not_there)
{
	const struct order_view view = {0};
	const struct order_change_command change = {.order_id = "o-1"};
	const struct order_redact_view redact = {0};
	struct order_outcome outcome = {0};
	char detail[ORDER_DETAIL_SIZE];

	ck_assert_int_eq(order_decide_cancel(&view, &change, NOW_US, &outcome, detail),
	                 ERR_NOT_FOUND);
	ck_assert_int_eq(order_decide_fulfill(&view, &change, NOW_US, &outcome, detail),
	                 ERR_NOT_FOUND);
	ck_assert_int_eq(order_decide_expire(&view, &change, NOW_US, &outcome, detail),
	                 ERR_NOT_FOUND);
	ck_assert_int_eq(order_decide_redact(&redact, NOW_US, &outcome), ERR_NOT_FOUND);
	ck_assert(!outcome.is_changed && !outcome.is_redacted);
}
END_TEST

static const struct {
	const char *currency;
	int64_t amount_minor, paid_minor, refunded_minor;
	const char *missing;
} lacks[] = {
	{"USD", 1000, 1000, 1, "0.01 USD "},
	{"USD", 1000, 1000, 1000, "10.00 USD "},
	{"USD", 123456, 6, 0, "1234.50 USD "},
	{"JPY", 1000, 1, 0, "999 JPY "},
	{"KWD", 1000, 0, 0, "1.000 KWD "},
	{"KWD", MONEY_MINOR_MAX, 0, 0, "999999999999.999 KWD "},
};

START_TEST(fulfill_says_how_much_is_missing)
{
	const struct order_change_command change = {.order_id = "o-1"};
	struct order_view view = {.order_known = true,
	                          .order = {.currency = currency_find(text_of(lacks[_i].currency)),
	                                    .amount_minor = lacks[_i].amount_minor,
	                                    .paid_minor = lacks[_i].paid_minor,
	                                    .refunded_minor = lacks[_i].refunded_minor}};
	struct order_outcome outcome = {0};
	char detail[ORDER_DETAIL_SIZE];

	view.order.state =
		lacks[_i].paid_minor >= lacks[_i].amount_minor ? ORDER_PAID : ORDER_PENDING;
	ck_assert_int_eq(order_decide_fulfill(&view, &change, NOW_US, &outcome, detail),
	                 ERR_INVALID_STATE);
	ck_assert_msg(strncmp(detail, lacks[_i].missing, strlen(lacks[_i].missing)) == 0, "%s",
	              detail);
}
END_TEST

/* ---- ends ---- */

static const struct {
	int64_t late_us, left_us; /* before and after the move */
} moves[] = {
	{0, ORDER_EXPIRY_STEP_US},
	{1, ORDER_EXPIRY_STEP_US - 1},
	{ORDER_EXPIRY_STEP_US - 1, 1},
	{ORDER_EXPIRY_STEP_US, ORDER_EXPIRY_STEP_US},
	{7 * ORDER_EXPIRY_STEP_US + 5, ORDER_EXPIRY_STEP_US - 5},
};

START_TEST(an_end_moves_by_whole_days_beyond_now)
{
	const struct order_change_command change = {.order_id = "o-1"};
	struct order_outcome outcome = {0};
	struct order_view view;
	char detail[ORDER_DETAIL_SIZE];

	fill(&states[5], &view);
	view.order.expires_us = NOW_US - moves[_i].late_us;
	ck_assert_int_eq(order_decide_expire(&view, &change, NOW_US, &outcome, detail), ERR_NONE);
	ck_assert(outcome.is_moved);
	ck_assert_int_eq(outcome.order.expires_us - NOW_US, moves[_i].left_us);
}
END_TEST

/* ---- payments ---- */

START_TEST(an_event_again_and_an_older_one_change_nothing)
{
	struct order_view view;
	struct order_outcome outcome = {0};
	struct order_payment_command command = captured("pay_NEW", 600, 9);

	fill(&states[0], &view);
	order_decide_payment(&view, &command, NOW_US, &outcome);
	view.payments.rows[view.payments.count++] = outcome.payment;
	view.order = outcome.order;
	ck_assert_int_eq(view.order.paid_minor, 600);
	for (int64_t seq = 9; seq >= 8; seq--) {
		outcome = (struct order_outcome){0};
		command.payment.seq = seq;
		command.payment.captured_minor = 0;
		order_decide_payment(&view, &command, NOW_US, &outcome);
		ck_assert(outcome.replays && !outcome.payment_is_changed && !outcome.is_changed);
	}
}
END_TEST

START_TEST(what_contradicts_a_payment_is_rejected)
{
	struct order_view view;
	struct order_outcome outcome = {0};
	struct order_payment_command command = captured("pay_B", 400, 9);

	fill(&states[2], &view);
	view.payments.rows[0].refunded_minor = 1;
	if (_i == 0)
		command.payment.currency = currency_find(TEXT_LITERAL("EUR"));
	else
		command.payment.captured_minor -= _i == 1;
	order_decide_payment(&view, &command, NOW_US, &outcome);
	ck_assert_ptr_nonnull(outcome.rejected);
	ck_assert(!outcome.payment_is_changed && !outcome.is_changed && !outcome.replays);
}
END_TEST

START_TEST(a_hundred_payments_are_known_and_not_one_more)
{
	static struct order_view view;
	struct order_payment_command command = captured("pay_NEW", 600, 9);
	struct order_outcome outcome = {0};

	fill(&states[0], &view);
	view.payments.count = ORDER_PAYMENTS_MAX - 1;
	for (size_t i = 0; i < view.payments.count; i++)
		view.payments.rows[i] = (struct order_payment){.currency = usd(), .seq = 1};
	order_decide_payment(&view, &command, NOW_US, &outcome);
	ck_assert(outcome.payment_is_changed && outcome.rejected == NULL);
	view.payments.rows[view.payments.count++] =
		(struct order_payment){.currency = usd(), .seq = 1};
	outcome = (struct order_outcome){0};
	order_decide_payment(&view, &command, NOW_US, &outcome);
	ck_assert(!outcome.payment_is_changed && outcome.rejected != NULL);
}
END_TEST

START_TEST(another_currency_is_kept_and_does_not_count)
{
	struct order_view view;
	struct order_outcome outcome = {0};
	struct order_payment_command command = captured("pay_NEW", AMOUNT, 9);

	fill(&states[0], &view);
	command.payment.currency = currency_find(TEXT_LITERAL("EUR"));
	order_decide_payment(&view, &command, NOW_US, &outcome);
	ck_assert(outcome.payment_is_changed && !outcome.is_changed);
	ck_assert_ptr_nonnull(outcome.rejected);
	ck_assert_int_eq(outcome.order.paid_minor, 0);
	ck_assert_int_eq(outcome.order.state, ORDER_PENDING);
	/* Once it is given back there is nothing to tell of. */
	outcome = (struct order_outcome){0};
	command.payment.refunded_minor = AMOUNT;
	order_decide_payment(&view, &command, NOW_US, &outcome);
	ck_assert_ptr_null(outcome.rejected);
}
END_TEST

START_TEST(an_open_amount_is_that_of_the_first_captured_payment)
{
	struct order_command create = {
		.order_id = "o-1", .currency = usd(), .amount_minor = MONEY_NONE};
	struct order_outcome outcome = {0};
	struct order_view view = {0};

	add_payment(&view.payments, PAID_AUTHORIZED, 500, 0, 0);
	add_payment(&view.payments, PAID_SUCCESS, 700, 700, 0);
	add_payment(&view.payments, PAID_SUCCESS, 300, 250, 0);
	view.payments.rows[1].captured_seq = 8;
	view.payments.rows[2].captured_seq = 7;
	view.payments.rows[2].currency = currency_find(TEXT_LITERAL("EUR"));
	ck_assert_int_eq(order_decide_create(&view, &create, NOW_US, &outcome), ERR_NONE);
	ck_assert(outcome.is_new && outcome.event == ORDER_EVENT_PAID);
	ck_assert_int_eq(outcome.created.state, ORDER_PENDING);
	ck_assert_int_eq(outcome.created.amount_minor, MONEY_NONE);
	ck_assert_int_eq(outcome.order.state, ORDER_PAID);
	ck_assert_int_eq(outcome.order.amount_minor, 250);
	ck_assert_str_eq(outcome.order.currency->code, "EUR");
	ck_assert_int_eq(outcome.order.paid_minor, 250);
	ck_assert_int_eq(outcome.order.authorized_minor, 0);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("order_states");
	TCase *all = tcase_create("all");

	tcase_add_loop_test(all, each_command_in_each_state, 0,
	                    (int)(ARRAY_LEN(states) * COMMANDS));
	tcase_add_test(all, what_is_unknown_is_not_there);
	tcase_add_loop_test(all, fulfill_says_how_much_is_missing, 0, ARRAY_LEN(lacks));
	tcase_add_loop_test(all, an_end_moves_by_whole_days_beyond_now, 0, ARRAY_LEN(moves));
	tcase_add_test(all, an_event_again_and_an_older_one_change_nothing);
	tcase_add_loop_test(all, what_contradicts_a_payment_is_rejected, 0, 3);
	tcase_add_test(all, a_hundred_payments_are_known_and_not_one_more);
	tcase_add_test(all, another_currency_is_kept_and_does_not_count);
	tcase_add_test(all, an_open_amount_is_that_of_the_first_captured_payment);
	suite_add_tcase(suite, all);
	return suite;
}

TEST_MAIN(make_suite)
