/* payment_side.c - see side.h. */
#include "sim/pair/side.h"

#include "payment-service/payment_commands.h"
#include "payment-service/payment_store.h"
#include "sim/bank.h"

static_assert(sizeof(struct pay_command) <= CALL_COMMAND_BYTES, "fits");
static_assert(sizeof(struct operation_command) <= CALL_COMMAND_BYTES, "fits");
static_assert((int)PAYMENT_PROCESSING == SEEN_PROCESSING && (int)PAYMENT_VOIDED == SEEN_VOIDED &&
                      (int)PAYMENT_SUCCESS == SEEN_SUCCESS,
              "the same numbers");

const struct peer_kind *const payment_side_kinds = payment_peer_kinds;
const struct peer_kind *const payment_side_lost_kinds = payment_lost_kinds;

/* As payment_api.c. */
static void make_pay(const struct node *node, const struct wish_of_order *wish,
                     struct pay_command *command)
{
	*command = (struct pay_command){
		.currency = wish->currency,
		.amount_minor = wish->amount_minor,
		.capture = wish->is_manual ? CAPTURE_MANUAL : CAPTURE_AUTOMATIC,
		.payment_method = wish->method == NULL ? TEXT_NONE : text_of(wish->method),
		.metadata = TEXT_LITERAL("{}"),
		.has_key = true};
	text_copy(text_of(wish->order_id), command->order_id, sizeof(command->order_id));
	command->order_hash = hash_keyed(node->store.sip_key, text_of(wish->order_id));
	bool is_known = processor_decide_pay(command);
	ensure(is_known);
}

/* As operation_api.c. */
static void make_operation(const struct wish_of_order *wish, struct operation_command *command)
{
	*command = (struct operation_command){.amount = {-1, 0}, .has_key = true};
	if (wish->amount_minor != MONEY_NONE)
		command->amount = (struct decimal){wish->amount_minor, wish->currency->decimals};
	text_copy(text_of(wish->payment_id), command->payment_id, ID_SIZE);
}

void payment_side_call(const struct node *node, const struct wish_of_order *wish, struct job *job,
                       void *command)
{
	static const struct command_kind *const kinds[CALL_KINDS] = {
		[CALL_PAY] = &pay_kind,   [CALL_CAPTURE] = &capture_kind,
		[CALL_VOID] = &void_kind, [CALL_REFUND] = &refund_kind,
		[CALL_SYNC] = &sync_kind,
	};

	if (wish->kind == CALL_PAY)
		make_pay(node, wish, command);
	else
		make_operation(wish, command);
	job->kind = kinds[wish->kind];
	job->command = command;
}

void payment_side_executed(const struct job *job)
{
	const struct operation_command *command = job->command;

	if (job->kind == &answer_kind && command->operation == OPERATION_AUTHORIZE &&
	    command->decision.verdict == VERDICT_APPROVED)
		bank_heard(command->payment_id);
}

/* ---- what is stored ---- */

static void see_row(void *arg, const struct db_row *row)
{
	struct seen_order *order = arg;
	struct order_place place;
	struct payment payment;

	payment_place_from_row(row, &place);
	order->is_known = place.heard.currency != NULL;
	order->was_open = order->is_known && place.heard.total_minor == 0;
	order->is_ended = place.heard.end != ORDER_LIVES;
	order->currency = place.heard.currency;
	order->total_minor = place.heard.total_minor;
	order->excess_minor = place.excess_minor;
	if (payment_row_is_empty(row))
		return;
	bool is_whole = payment_from_row(row, &payment);
	ensure(is_whole && order->count < SEEN_PAYMENTS_MAX);
	order->payments[order->count] = (struct seen_payment){
		.currency = payment.currency,
		.amount_minor = payment.amount_minor,
		.captured_minor = payment.captured_minor,
		.refunded_minor = payment.refunded_minor,
		.pending_minor = payment.refund_pending_minor,
		.status = payment.status,
		.is_open = payment.intent_key != 0,
		.is_remote = text_is(payment.payment_method, bank_method_names[BANK_REMOTE])};
	text_copy(text_of(payment.payment_id), order->payments[order->count++].payment_id, ID_SIZE);
}

void payment_side_see(const struct node *node, const char *order_id, struct seen_order *ret_order)
{
	struct text id = text_of(order_id);

	*ret_order = (struct seen_order){0};
	payment_send_order(node->reader.db, hash_keyed(node->store.sip_key, id), id, see_row,
	                   ret_order);
	if (db_flush(node->reader.db) != DB_OK)
		world_fail(node->world, WORLD_NO_ORDER, "an order cannot be read");
}

struct finder {
	void (*found)(void *arg, struct text payment_id);
	void *arg;
};

static void find_row(void *arg, const struct db_row *row)
{
	const struct finder *finder = arg;

	finder->found(finder->arg, db_text(row, 0));
}

void payment_side_stuck(const struct node *node, void (*found)(void *arg, struct text payment_id),
                        void *arg)
{
	static const struct statement stuck = {
		"SELECT p.payment_id FROM payments p WHERE p.payment_key IN "
		"(SELECT r.payment_key FROM returns r WHERE r.next_us IS NULL UNION "
		"SELECT i.payment_key FROM intents i WHERE i.next_us IS NULL) ORDER BY 1",
		NULL};
	struct finder finder = {found, arg};

	DB_SEND0(node->reader.db, &stuck, find_row, &finder);
	if (db_flush(node->reader.db) != DB_OK)
		world_fail(node->world, WORLD_NO_ORDER, "what is stuck cannot be read");
}

static void note_there(void *arg, const struct db_row *row)
{
	(void)row;
	*(bool *)arg = true;
}

bool payment_side_told_lost(const struct node *node, const char *payment_id)
{
	static const struct statement lost = {
		"SELECT seq FROM journal WHERE instr(line, '\"type\":\"reference.lost\"') > 0 "
		"AND instr(line, $1) > 0 LIMIT 1",
		NULL};
	bool is_told = false;

	DB_SEND(node->reader.db, &lost, note_there, &is_told, v_str(payment_id));
	if (db_flush(node->reader.db) != DB_OK)
		world_fail(node->world, WORLD_NO_ORDER, "what is lost cannot be read");
	return is_told;
}
