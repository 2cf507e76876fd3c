/* model.c - see model.h. The order of the functions is that of the contract's section 2. */
#include "sim/model.h"

#include <stdlib.h>
#include <string.h>

#define ORDERS_MAX 65536
#define PAYMENTS_MAX 65536
#define REFUNDS_MAX 65536
#define ATTEMPTS_MAX 131072

const struct said_row said_rows[SAID_COUNT] = {
	[SAID_DONE] = {200, NULL},
	[SAID_OPEN] = {202, NULL},
	[SAID_DECLINED] = {402, "payment-declined"},
	[SAID_ALREADY_PAID] = {409, "order-already-paid"},
	[SAID_CURRENCY] = {422, "currency-mismatch"},
	[SAID_STATE] = {409, "invalid-state"},
	[SAID_IN_PROGRESS] = {409, "request-in-progress"},
	[SAID_EXCEEDS_AUTHORIZED] = {422, "amount-exceeds-authorized"},
	[SAID_EXCEEDS_REFUNDABLE] = {422, "amount-exceeds-refundable"},
	[SAID_KEY_REQUIRED] = {400, "idempotency-key-required"},
	[SAID_KEY_REUSED] = {422, "idempotency-key-reused"},
	[SAID_NOT_FOUND] = {404, "not-found"},
	[SAID_AMOUNT] = {422, "invalid-amount"},
	[SAID_REQUEST] = {422, "invalid-request"},
	[SAID_UNREACHABLE] = {503, "processor-unreachable"},
	[SAID_UNAVAILABLE] = {503, "storage-unavailable"},
	[SAID_UNKNOWN] = {500, "outcome-unknown"},
};

const char *const wish_names[] = {"pay", "capture", "void", "refund", "sync", "resolve"};
const char *const model_status_names[] = {"processing", "authorized", "success", "failed",
                                          "voided"};
const char *const model_currencies[MODEL_CURRENCIES] = {"USD", "JPY", "KWD"};

static void *allocate(size_t count, size_t size)
{
	void *rows = calloc(count, size);

	ensure(rows != NULL);
	return rows;
}

void model_open(struct model *model)
{
	*model = (struct model){0};
	model->orders = allocate(ORDERS_MAX, sizeof(model->orders[0]));
	model->payments = allocate(PAYMENTS_MAX, sizeof(model->payments[0]));
	model->refunds = allocate(REFUNDS_MAX, sizeof(model->refunds[0]));
	model->attempts = allocate(ATTEMPTS_MAX, sizeof(model->attempts[0]));
}

void model_close(struct model *model)
{
	free(model->orders);
	free(model->payments);
	free(model->refunds);
	free(model->attempts);
}

int64_t model_add_order(struct model *model, const char *id)
{
	int64_t order = model->orders_count++;

	ensure(model->orders_count <= ORDERS_MAX);
	text_copy(text_of(id), model->orders[order].id, sizeof(model->orders[order].id));
	return order;
}

int64_t model_find_payment(const struct model *model, struct text id)
{
	for (int64_t i = model->payments_count; i > 0; i--)
		if (text_is(id, model->payments[i - 1].id))
			return i - 1;
	return MODEL_NONE;
}

int64_t model_find_refund(const struct model *model, struct text id)
{
	for (int64_t i = model->refunds_count; i > 0; i--)
		if (text_is(id, model->refunds[i - 1].id))
			return i - 1;
	return MODEL_NONE;
}

/* ---- outcomes ---- */

static int64_t add_attempt(struct model *model, enum operation operation, int64_t payment,
                           int64_t refund)
{
	int64_t attempt = model->attempts_count++;

	ensure(model->attempts_count <= ATTEMPTS_MAX);
	model->attempts[attempt] =
		(struct attempt){.operation = operation, .payment = payment, .refund = refund};
	return attempt;
}

enum said model_said(const struct model *model, int64_t attempt)
{
	static const enum said said[] = {
		[VERDICT_OPEN] = SAID_OPEN,
		[VERDICT_APPROVED] = SAID_DONE,
		[VERDICT_DECLINED] = SAID_DECLINED,
		[VERDICT_UNREACHABLE] = SAID_UNREACHABLE,
	};

	return said[model->attempts[attempt].verdict];
}

static struct model_balance *balance_of(struct model *model, const struct model_payment *payment)
{
	size_t i = 0;

	while (i < MODEL_CURRENCIES - 1 &&
	       strcmp(payment->currency->code, model_currencies[i]) != 0)
		i++;
	return &model->balances[i];
}

static void take_money(struct model *model, struct model_payment *payment, int64_t amount_minor)
{
	payment->status = MODEL_SUCCESS;
	payment->captured_minor = amount_minor;
	balance_of(model, payment)->captured_minor += amount_minor;
}

static void hear_authorize(struct model *model, int64_t number, enum verdict verdict)
{
	struct model_payment *payment = &model->payments[number];

	if (payment->status == MODEL_FAILED && verdict == VERDICT_APPROVED &&
	    payment->reversal == MODEL_NONE)
		payment->reversal = add_attempt(model, OPERATION_REVERSE, number, MODEL_NONE);
	if (payment->status != MODEL_PROCESSING)
		return;
	model->attempts[payment->attempt].verdict = verdict;
	if (verdict != VERDICT_APPROVED) {
		payment->status = MODEL_FAILED;
	} else if (payment->is_manual) {
		payment->status = MODEL_AUTHORIZED;
		balance_of(model, payment)->held_minor += payment->amount_minor;
	} else {
		take_money(model, payment, payment->amount_minor);
	}
}

static void hear_pending(struct model *model, int64_t number, enum verdict verdict)
{
	struct attempt *attempt = &model->attempts[number];
	struct model_payment *payment = &model->payments[attempt->payment];

	if (payment->pending != number)
		return;
	attempt->verdict = verdict;
	payment->pending = MODEL_NONE;
	if (verdict != VERDICT_APPROVED)
		return;
	balance_of(model, payment)->held_minor -= payment->amount_minor;
	if (attempt->operation == OPERATION_VOID)
		payment->status = MODEL_VOIDED;
	else
		take_money(model, payment, payment->pending_minor);
}

static void hear_refund(struct model *model, int64_t number, enum verdict verdict)
{
	const struct model_refund *refund = &model->refunds[number];
	struct model_payment *payment = &model->payments[refund->payment];
	struct attempt *attempt = &model->attempts[refund->attempt];

	if (attempt->verdict != VERDICT_OPEN)
		return;
	attempt->verdict = verdict;
	payment->refund_pending_minor -= refund->amount_minor;
	if (verdict != VERDICT_APPROVED)
		return;
	payment->refunded_minor += refund->amount_minor;
	balance_of(model, payment)->captured_minor -= refund->amount_minor;
}

/* A refused one stays open. */
static void hear_reverse(struct attempt *attempt, enum verdict verdict, bool by_operator)
{
	if (attempt->verdict == VERDICT_OPEN && (verdict == VERDICT_APPROVED || by_operator))
		attempt->verdict = verdict;
}

void model_hear(struct model *model, int64_t number, enum verdict verdict, bool by_operator)
{
	struct attempt *attempt = &model->attempts[number];

	switch (attempt->operation) {
	case OPERATION_AUTHORIZE: hear_authorize(model, attempt->payment, verdict); break;
	case OPERATION_CAPTURE:
	case OPERATION_VOID: hear_pending(model, number, verdict); break;
	case OPERATION_REFUND: hear_refund(model, attempt->refund, verdict); break;
	case OPERATION_REVERSE: hear_reverse(attempt, verdict, by_operator); break;
	case OPERATION_COUNT: ensure(!"an operation");
	}
}

const char *model_reference(const struct model *model, int64_t number)
{
	const struct attempt *attempt = &model->attempts[number];

	if (attempt->operation == OPERATION_AUTHORIZE)
		return model->payments[attempt->payment].id;
	if (attempt->operation == OPERATION_REFUND)
		return model->refunds[attempt->refund].id;
	return attempt->reference;
}

int64_t model_open_attempt(const struct model *model, int64_t number)
{
	const struct model_payment *payment = &model->payments[number];

	if (payment->status == MODEL_PROCESSING)
		return payment->attempt;
	if (payment->pending != MODEL_NONE)
		return payment->pending;
	if (payment->reversal != MODEL_NONE &&
	    model->attempts[payment->reversal].verdict == VERDICT_OPEN)
		return payment->reversal;
	return MODEL_NONE;
}

bool model_is_open(const struct model *model, int64_t payment)
{
	return model_open_attempt(model, payment) != MODEL_NONE ||
	       model->payments[payment].refund_pending_minor > 0;
}

/* ---- calls ---- */

static struct expected refuse(unsigned said, unsigned kept)
{
	return (struct expected){.said = said,
	                         .kept = kept,
	                         .attempt = MODEL_NONE,
	                         .payment = MODEL_NONE,
	                         .refund = MODEL_NONE};
}

/* What is there already is the answer. */
static struct expected show(int64_t payment, unsigned said)
{
	return (struct expected){.said = said,
	                         .kept = SAID(SAID_DONE),
	                         .replays = true,
	                         .attempt = MODEL_NONE,
	                         .payment = payment,
	                         .refund = MODEL_NONE};
}

/* A new attempt was made; where the processor is inside the command, its word is there. */
static struct expected attempted(struct model *model, int64_t attempt, enum bank_method method)
{
	const struct attempt *made = &model->attempts[attempt];
	enum verdict verdict = bank_decides(method, made->operation);

	if (verdict != VERDICT_OPEN)
		model_hear(model, attempt, verdict, false);
	return (struct expected){.kept = SAID(SAID_DONE) | SAID(SAID_DECLINED),
	                         .attempt = attempt,
	                         .payment = made->payment,
	                         .refund = made->refund};
}

static bool is_live(const struct model_payment *payment)
{
	return payment->status == MODEL_PROCESSING || payment->status == MODEL_AUTHORIZED ||
	       payment->status == MODEL_SUCCESS;
}

/* "... the same amount, currency, method and capture again is answered with that payment". */
static bool is_same(const struct model_payment *payment, const struct wish *wish)
{
	return payment->amount_minor == wish->amount_minor && payment->currency == wish->currency &&
	       payment->method == wish->method && payment->is_manual == wish->is_manual &&
	       payment->refunded_minor == 0 && payment->refund_pending_minor == 0;
}

/* The first live payment of an unheard-of order claims the whole of its total, so there is at most
 * one, and whatever else is wanted must wait for its end. */
static struct expected pay_again(const struct model_payment *live, int64_t number,
                                 const struct wish *wish, bool has_key)
{
	unsigned said = SAID(SAID_ALREADY_PAID);
	struct expected expected;

	if (!has_key && !live->has_key && is_same(live, wish))
		return show(number,
		            live->status == MODEL_PROCESSING ? SAID(SAID_OPEN) : SAID(SAID_DONE));
	if (live->currency != wish->currency)
		said |= SAID(SAID_CURRENCY);
	if (live->pending == MODEL_NONE)
		return refuse(said, live->status == MODEL_PROCESSING ? 0 : said);
	/* Whether an open capture or void is what it was refused for is left open. */
	expected = refuse(said, 0);
	expected.maybe_kept = said;
	return expected;
}

static int64_t count_reached(const struct model *model, const struct model_order *order)
{
	int64_t count = 0;

	for (int64_t i = 0; i < order->payments_count; i++) {
		const struct model_payment *payment = &model->payments[order->payments[i]];

		if (payment->status != MODEL_FAILED ||
		    model->attempts[payment->attempt].verdict != VERDICT_UNREACHABLE)
			count++;
	}
	return count;
}

static struct expected pay(struct model *model, const struct wish *wish, bool has_key)
{
	struct model_order *order = &model->orders[wish->order];
	int64_t number = model->payments_count;

	for (int64_t i = 0; i < order->payments_count; i++)
		if (is_live(&model->payments[order->payments[i]]))
			return pay_again(&model->payments[order->payments[i]], order->payments[i],
			                 wish, has_key);
	if (order->payments_count == MODEL_ATTEMPTS_MAX ||
	    count_reached(model, order) == MODEL_PAYMENTS_MAX)
		return refuse(SAID(SAID_REQUEST), SAID(SAID_REQUEST));
	model->payments_count++;
	ensure(model->payments_count <= PAYMENTS_MAX);
	order->payments[order->payments_count++] = number;
	model->payments[number] = (struct model_payment){
		.order = wish->order,
		.currency = wish->currency,
		.amount_minor = wish->amount_minor,
		.status = MODEL_PROCESSING,
		.method = wish->method,
		.is_manual = wish->is_manual,
		.has_key = has_key,
		.attempt = add_attempt(model, OPERATION_AUTHORIZE, number, MODEL_NONE),
		.pending = MODEL_NONE,
		.reversal = MODEL_NONE,
	};
	return attempted(model, model->payments[number].attempt, wish->method);
}

/* A wrong state. What is in flight is not stored with the key. */
static struct expected refuse_state(const struct model_payment *payment, unsigned also)
{
	if (payment->status == MODEL_PROCESSING || payment->pending != MODEL_NONE)
		return refuse(SAID(SAID_STATE) | SAID(SAID_IN_PROGRESS) | also, also);
	return refuse(SAID(SAID_STATE) | also, SAID(SAID_STATE) | also);
}

static struct expected capture(struct model *model, int64_t number, const struct wish *wish)
{
	struct model_payment *payment = &model->payments[number];
	int64_t amount_minor =
		wish->amount_minor == MODEL_NONE ? payment->amount_minor : wish->amount_minor;
	unsigned also = wish->is_too_precise ? SAID(SAID_AMOUNT) : 0;
	struct expected expected;

	if (payment->status == MODEL_SUCCESS && !wish->is_too_precise &&
	    (wish->amount_minor == MODEL_NONE || amount_minor == payment->captured_minor)) {
		expected = show(number, SAID(SAID_DONE));
		/* "all of it" after a part: the contract leaves open whether that is the same. */
		if (amount_minor != payment->captured_minor)
			expected.said |= SAID(SAID_STATE);
		expected.kept |= SAID(SAID_STATE);
		return expected;
	}
	if (payment->status != MODEL_AUTHORIZED)
		return refuse_state(payment, also);
	if (amount_minor > payment->amount_minor)
		also |= SAID(SAID_EXCEEDS_AUTHORIZED);
	if (payment->pending != MODEL_NONE)
		return refuse(SAID(SAID_IN_PROGRESS) | also, also);
	if (also != 0)
		return refuse(also, also);
	payment->pending = add_attempt(model, OPERATION_CAPTURE, number, MODEL_NONE);
	payment->pending_minor = amount_minor;
	return attempted(model, payment->pending, payment->method);
}

static struct expected void_it(struct model *model, int64_t number)
{
	struct model_payment *payment = &model->payments[number];

	if (payment->status == MODEL_VOIDED)
		return show(number, SAID(SAID_DONE));
	if (payment->status != MODEL_AUTHORIZED)
		return refuse_state(payment, 0);
	if (payment->pending != MODEL_NONE)
		return refuse(SAID(SAID_IN_PROGRESS), 0);
	payment->pending = add_attempt(model, OPERATION_VOID, number, MODEL_NONE);
	return attempted(model, payment->pending, payment->method);
}

static struct expected refund(struct model *model, int64_t number, const struct wish *wish,
                              bool has_key)
{
	struct model_payment *payment = &model->payments[number];
	int64_t left_minor = payment->captured_minor - payment->refunded_minor;
	int64_t refundable_minor = left_minor - payment->refund_pending_minor;
	int64_t amount_minor =
		wish->amount_minor == MODEL_NONE ? refundable_minor : wish->amount_minor;
	int64_t made = model->refunds_count;
	unsigned also = wish->is_too_precise ? SAID(SAID_AMOUNT) : 0;

	if (payment->status != MODEL_SUCCESS)
		return refuse_state(payment, also);
	if (also != 0)
		return refuse(also, also);
	if (amount_minor > refundable_minor || refundable_minor == 0) {
		bool is_in_flight = payment->refund_pending_minor > 0 && amount_minor <= left_minor;

		return refuse(SAID(SAID_EXCEEDS_REFUNDABLE),
		              is_in_flight ? 0 : SAID(SAID_EXCEEDS_REFUNDABLE));
	}
	if (!has_key && amount_minor < refundable_minor)
		return refuse(SAID(SAID_KEY_REQUIRED), 0);
	if (payment->refunds_count == MODEL_REFUNDS_MAX)
		return refuse(SAID(SAID_REQUEST), SAID(SAID_REQUEST));
	model->refunds_count++;
	ensure(model->refunds_count <= REFUNDS_MAX);
	payment->refunds[payment->refunds_count++] = made;
	payment->refund_pending_minor += amount_minor;
	model->refunds[made] = (struct model_refund){
		.payment = number,
		.amount_minor = amount_minor,
		.attempt = add_attempt(model, OPERATION_REFUND, number, made)};
	return attempted(model, model->refunds[made].attempt, payment->method);
}

static struct expected resolve(struct model *model, const struct wish *wish)
{
	int64_t attempt = wish->refund == MODEL_NONE ? model_open_attempt(model, wish->payment)
	                                             : model->refunds[wish->refund].attempt;
	struct expected expected = show(wish->payment, SAID(SAID_DONE) | SAID(SAID_OPEN));

	if (attempt == MODEL_NONE || model->attempts[attempt].verdict != VERDICT_OPEN)
		return refuse(SAID(SAID_STATE), SAID(SAID_STATE));
	model_hear(model, attempt, wish->approves ? VERDICT_APPROVED : VERDICT_DECLINED, true);
	expected.replays = false;
	return expected;
}

struct expected model_execute(struct model *model, const struct wish *wish, bool has_key)
{
	struct expected expected;

	if (wish->kind != WISH_PAY && wish->payment == MODEL_NONE)
		return refuse(SAID(SAID_NOT_FOUND), 0);
	switch (wish->kind) {
	case WISH_PAY: return pay(model, wish, has_key);
	case WISH_CAPTURE: return capture(model, wish->payment, wish);
	case WISH_VOID: return void_it(model, wish->payment);
	case WISH_REFUND: return refund(model, wish->payment, wish, has_key);
	case WISH_RESOLVE: return resolve(model, wish);
	case WISH_SYNC: break;
	}
	expected = show(wish->payment, SAID(SAID_DONE));
	if (model_is_open(model, wish->payment))
		expected.said |= SAID(SAID_OPEN);
	expected.replays = false;
	expected.kept = 0;
	return expected;
}
