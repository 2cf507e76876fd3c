/* clients.c - chooses calls so that they race: several at once about one of a few orders, on both
 * services; and keeps what was acknowledged. */
#include "sim/pair/pair.h"

#include "sim/bank.h"

#include <inttypes.h>
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const call_names[CALL_KINDS] = {
	[CALL_CREATE] = "create", [CALL_CANCEL] = "cancel",   [CALL_FULFILL] = "fulfill",
	[CALL_PAY] = "pay",       [CALL_CAPTURE] = "capture", [CALL_VOID] = "void",
	[CALL_REFUND] = "refund", [CALL_SYNC] = "sync",
};

struct client_call {
	struct client_call *next; /* of those that are free */
	struct pair *pair;
	struct job job;
	struct wish_of_order wish;
	int64_t order;
	char request_id[32];
	alignas(max_align_t) char command[CALL_COMMAND_BYTES];
};

/* ---- calls ---- */

static struct client_call *new_call(struct pair *pair)
{
	struct client_call *call = pair->free_calls;

	if (call == NULL)
		call = calloc(1, sizeof(*call));
	else
		pair->free_calls = call->next;
	ensure(call != NULL);
	*call = (struct client_call){.pair = pair};
	pair->calls_under_way++;
	return call;
}

static void end_call(struct client_call *call)
{
	struct pair *pair = call->pair;

	answer_release(&call->job.answer);
	buf_release(&call->job.kept);
	call->next = pair->free_calls;
	pair->free_calls = call;
	pair->calls_under_way--;
}

void clients_free(struct pair *pair)
{
	struct client_call *call;

	while ((call = pair->free_calls) != NULL) {
		pair->free_calls = call->next;
		free(call);
	}
	free(pair->orders);
	free(pair->payments);
}

int64_t clients_find_payment(const struct pair *pair, const char *payment_id)
{
	for (int64_t i = pair->payments_count; i > 0; i--)
		if (strcmp(pair->payments[i - 1].id, payment_id) == 0)
			return i - 1;
	return NO_PAYMENT;
}

/* What is final is kept. */
static void note_payment(struct client_call *call, struct text body)
{
	struct pair *pair = call->pair;
	struct text id = journal_line_member(body, "payment_id");
	struct text status = journal_line_member(body, "payment_status");
	char name[ID_SIZE];
	int64_t number;

	if (id.ptr == NULL || status.ptr == NULL)
		return;
	text_copy(id, name, sizeof(name));
	number = clients_find_payment(pair, name);
	if (number == NO_PAYMENT && call->wish.kind != CALL_PAY)
		return; /* a person's, of a payment that its client was not told of */
	if (number == NO_PAYMENT) {
		number = pair->payments_count++;
		ensure(pair->payments_count <= PAIR_PAYMENTS_MAX);
		pair->payments[number] = (struct pair_payment){.order = call->order, .status = -1};
		memcpy(pair->payments[number].id, name, sizeof(name));
	}
	struct pair_payment *payment = &pair->payments[number];

	if (text_is(status, "success"))
		payment->status = SEEN_SUCCESS;
	else if (text_is(status, "failed"))
		payment->status = SEEN_FAILED;
	else if (text_is(status, "voided"))
		payment->status = SEEN_VOIDED;
}

static void note_acknowledged(struct client_call *call)
{
	struct pair_order *order = &call->pair->orders[call->order];

	call->pair->calls_done++;
	switch (call->wish.kind) {
	case CALL_CREATE: order->is_created = true; break;
	case CALL_CANCEL: order->is_cancelled = true; break;
	case CALL_FULFILL: order->is_fulfilled = true; break;
	case CALL_PAY:
	case CALL_CAPTURE:
	case CALL_VOID:
	case CALL_REFUND:
	case CALL_SYNC:
	case CALL_KINDS: note_payment(call, buf_text(&call->job.answer.body)); break;
	}
}

static void call_done(struct job *job)
{
	struct client_call *call = job->owner;
	const struct answer *answer = &job->answer;

	world_note(&call->pair->world, call->order, "%s: %d %s %s", call->request_id,
	           answer->status, answer->error == ERR_NONE ? "" : error_row(answer->error)->slug,
	           answer->error == ERR_NONE ? buf_str(&answer->body) : "");
	if (answer->error == ERR_NONE || answer->error == ERR_PAYMENT_DECLINED)
		note_acknowledged(call);
	end_call(call);
}

bool clients_lost(struct job *job)
{
	struct client_call *call = job->owner;

	if (job->done != call_done)
		return false;
	world_note(&call->pair->world, call->order, "%s: no answer", call->request_id);
	end_call(call);
	return true;
}

static bool moves_money(enum call_kind kind)
{
	return kind != CALL_CREATE && kind != CALL_FULFILL && kind != CALL_SYNC;
}

static void make_call(struct pair *pair, int64_t order, struct wish_of_order *wish)
{
	enum pair_side side = wish->kind < CALL_PAY ? SIDE_ORDER : SIDE_PAYMENT;
	struct client_call *call;

	/* As api.c does: 503 rolled-back. */
	if (!pair->nodes[side].is_up ||
	    (pair->follows[side].is_rolled_back && moves_money(wish->kind)))
		return;
	text_copy(text_of(pair->orders[order].id), wish->order_id, sizeof(wish->order_id));
	call = new_call(pair);
	call->wish = *wish;
	call->order = order;
	(void)snprintf(call->request_id, sizeof(call->request_id), "call %" PRId64,
	               ++pair->calls_made);
	call->job = (struct job){.owner = call,
	                         .request_id = text_of(call->request_id),
	                         .deadline_us = INT64_MAX,
	                         .done = call_done};
	answer_init(&call->job.answer);
	buf_init(&call->job.kept, ANSWER_BYTES_MAX);
	(side == SIDE_ORDER ? order_side_call : payment_side_call)(&pair->nodes[side], &call->wish,
	                                                           &call->job, call->command);
	world_note(&pair->world, order, "%s: %s %s %s %" PRId64 " %s", call->request_id,
	           call_names[wish->kind], wish->order_id, wish->payment_id, wish->amount_minor,
	           wish->kind == CALL_CREATE || wish->kind == CALL_PAY ? wish->currency->code : "");
	node_submit(&pair->nodes[side], &call->job);
}

/* ---- choice ---- */

static int64_t pick(struct pair *pair, const int64_t *numbers, size_t count)
{
	return numbers[world_pick(&pair->world, (int64_t)count)];
}

static int64_t new_order(struct pair *pair)
{
	static const int64_t amounts[] = {1, 1000, 1000, 9999, MONEY_NONE};
	static const int64_t ends_s[] = {0, 0, 0, 1, 5, 60, 3600};
	struct pair_order *order = &pair->orders[pair->orders_count];

	ensure(pair->orders_count < PAIR_ORDERS_MAX);
	*order = (struct pair_order){.currency = currency_find(world_chance(&pair->world, 900)
	                                                               ? TEXT_LITERAL("USD")
	                                                               : TEXT_LITERAL("JPY")),
	                             .amount_minor = pick(pair, amounts, ARRAY_LEN(amounts)),
	                             .expires_in_s = pick(pair, ends_s, ARRAY_LEN(ends_s))};
	(void)snprintf(order->id, sizeof(order->id), "o-%" PRId64, pair->orders_count);
	return pair->orders_count++;
}

void clients_begin(struct pair *pair)
{
	pair->first_order = pair->orders_count;
	for (size_t i = 0; i < ORDERS_IN_USE; i++)
		pair->orders_in_use[i] = new_order(pair);
}

/* A recent payment of the order. */
static int64_t pick_payment(struct pair *pair, int64_t order)
{
	for (int64_t i = 0; i < 12 && i < pair->payments_count; i++) {
		int64_t number = pair->payments_count - 1 - i;

		if (pair->payments[number].order == order && world_chance(&pair->world, 700))
			return number;
	}
	return NO_PAYMENT;
}

static void wish_pay(struct pair *pair, int64_t number, struct wish_of_order *wish)
{
	static const enum bank_method methods[] = {BANK_DEFAULT, BANK_HERE,   BANK_DECLINES,
	                                           BANK_REMOTE,  BANK_REMOTE, BANK_REMOTE};
	const struct pair_order *order = &pair->orders[number];
	int64_t total = order->amount_minor == MONEY_NONE ? 500 : order->amount_minor;
	const int64_t amounts[] = {total,     total, total, total / 2 + 1, total - total / 2,
	                           total + 1, 1};

	wish->currency = order->currency;
	if (world_chance(&pair->world, 50))
		wish->currency = currency_find(TEXT_LITERAL("KWD"));
	wish->amount_minor = pick(pair, amounts, ARRAY_LEN(amounts));
	wish->is_manual = world_chance(&pair->world, 400);
	wish->method = bank_method_names[methods[world_pick(&pair->world, ARRAY_LEN(methods))]];
}

static bool fill_wish(struct pair *pair, int64_t number, struct wish_of_order *wish)
{
	const struct pair_order *order = &pair->orders[number];
	int64_t payment;

	wish->currency = order->currency;
	wish->amount_minor = MONEY_NONE;
	switch (wish->kind) {
	case CALL_CREATE:
		wish->amount_minor = order->amount_minor;
		wish->expires_in_s = order->expires_in_s;
		return true;
	case CALL_CANCEL:
	case CALL_FULFILL: return true;
	case CALL_PAY: wish_pay(pair, number, wish); return true;
	case CALL_CAPTURE:
	case CALL_VOID:
	case CALL_REFUND:
	case CALL_SYNC:
	case CALL_KINDS: break;
	}
	payment = pick_payment(pair, number);
	if (payment == NO_PAYMENT)
		return false;
	memcpy(wish->payment_id, pair->payments[payment].id, ID_SIZE);
	if (world_chance(&pair->world, 300) &&
	    (wish->kind == CALL_REFUND || wish->kind == CALL_CAPTURE))
		wish->amount_minor = 1 + world_pick(&pair->world, 500);
	return true;
}

static enum call_kind pick_kind(struct pair *pair, const struct pair_order *order)
{
	static const enum call_kind kinds[] = {
		CALL_PAY,     CALL_PAY,    CALL_PAY,    CALL_PAY,     CALL_CAPTURE,
		CALL_CAPTURE, CALL_REFUND, CALL_REFUND, CALL_REFUND,  CALL_VOID,
		CALL_SYNC,    CALL_CANCEL, CALL_CREATE, CALL_FULFILL,
	};

	/* Some payments come before their order, and some orders never. */
	if (!order->is_created && world_chance(&pair->world, 600))
		return CALL_CREATE;
	return kinds[world_pick(&pair->world, ARRAY_LEN(kinds))];
}

static void call_one(struct pair *pair, int64_t order)
{
	struct wish_of_order wish = {.kind = pick_kind(pair, &pair->orders[order])};

	if (fill_wish(pair, order, &wish))
		make_call(pair, order, &wish);
}

void clients_step(struct pair *pair)
{
	int64_t place = world_pick(&pair->world, ORDERS_IN_USE);

	if (world_chance(&pair->world, 100))
		pair->orders_in_use[place] = new_order(pair);
	call_one(pair, pair->orders_in_use[place]);
	while (world_chance(&pair->world, 400))
		call_one(pair, pair->orders_in_use[place]);
}

/* ---- a person ---- */

struct tending {
	struct pair *pair;
	enum call_kind kind;
};

static void tend_one(void *arg, struct text payment_id)
{
	const struct tending *tending = arg;
	struct wish_of_order wish = {.kind = tending->kind, .amount_minor = MONEY_NONE};
	int64_t payment;

	text_copy(payment_id, wish.payment_id, ID_SIZE);
	payment = clients_find_payment(tending->pair, wish.payment_id);
	make_call(tending->pair, payment == NO_PAYMENT ? 0 : tending->pair->payments[payment].order,
	          &wish);
}

void clients_tend(struct pair *pair, enum call_kind kind)
{
	struct tending tending = {pair, kind};

	payment_side_stuck(&pair->nodes[SIDE_PAYMENT], tend_one, &tending);
}
