/* order_side.c - see side.h. */
#include "sim/pair/side.h"

#include "order-service/order_commands.h"
#include "order-service/order_payments.h"
#include "order-service/order_store.h"

#include <inttypes.h>
#include <stdio.h>

static_assert(sizeof(struct order_command) <= CALL_COMMAND_BYTES, "fits");
static_assert(sizeof(struct order_change_command) <= CALL_COMMAND_BYTES, "fits");
static_assert((int)PAID_PROCESSING == SEEN_PROCESSING && (int)PAID_VOIDED == SEEN_VOIDED &&
                      (int)PAID_SUCCESS == SEEN_SUCCESS,
              "the same numbers");
static_assert((int)ORDER_PENDING == SEEN_PENDING && (int)ORDER_CANCELLED == SEEN_CANCELLED &&
                      (int)ORDER_PAID == SEEN_PAID,
              "the same numbers");

const struct peer_kind *const order_side_kinds = order_peer_kinds;

/* As order_api.c. */
static void make_create(const struct node *node, const struct wish_of_order *wish,
                        struct order_command *command)
{
	char content[64];
	int len = snprintf(content, sizeof(content), "%s %" PRId64 " %" PRId64,
	                   wish->currency->code, wish->amount_minor, wish->expires_in_s);

	ensure(len > 0 && (size_t)len < sizeof(content));
	*command = (struct order_command){.currency = wish->currency,
	                                  .amount_minor = wish->amount_minor,
	                                  .metadata = TEXT_LITERAL("{}"),
	                                  .expires_in_s = wish->expires_in_s};
	text_copy(text_of(wish->order_id), command->order_id, sizeof(command->order_id));
	command->order_hash = hash_keyed(node->store.sip_key, text_of(wish->order_id));
	hash_sha256(content, (size_t)len, &command->content_hash);
}

static void make_change(const struct node *node, const struct wish_of_order *wish,
                        struct order_change_command *command)
{
	*command = (struct order_change_command){
		.order_hash = hash_keyed(node->store.sip_key, text_of(wish->order_id))};
	text_copy(text_of(wish->order_id), command->order_id, sizeof(command->order_id));
}

void order_side_call(const struct node *node, const struct wish_of_order *wish, struct job *job,
                     void *command)
{
	static const struct command_kind *const kinds[CALL_KINDS] = {
		[CALL_CREATE] = &order_create_kind,
		[CALL_CANCEL] = &order_cancel_kind,
		[CALL_FULFILL] = &order_fulfill_kind,
	};

	if (wish->kind == CALL_CREATE)
		make_create(node, wish, command);
	else
		make_change(node, wish, command);
	job->kind = kinds[wish->kind];
	job->command = command;
}

/* ---- what is stored ---- */

static void see_row(void *arg, const struct db_row *row)
{
	struct seen_order *seen = arg;
	struct order order;
	bool is_whole = order_from_row(row, &order);

	ensure(is_whole);
	seen->is_known = true;
	seen->was_open = order.was_open;
	seen->is_ended = order.state == ORDER_CANCELLED;
	seen->currency = order.currency;
	seen->total_minor = order.amount_minor == MONEY_NONE ? 0 : order.amount_minor;
	seen->state = order.state;
	seen->paid_minor = order.paid_minor;
	seen->authorized_minor = order.authorized_minor;
	seen->refunded_minor = order.refunded_minor;
}

static void see_payment(void *arg, const struct db_row *row)
{
	struct seen_order *order = arg;
	struct order_payment payment;
	bool is_whole = order_payment_from_row(row, &payment);

	ensure(is_whole && order->count < SEEN_PAYMENTS_MAX);
	order->payments[order->count] =
		(struct seen_payment){.currency = payment.currency,
	                              .amount_minor = payment.amount_minor,
	                              .captured_minor = payment.captured_minor,
	                              .refunded_minor = payment.refunded_minor,
	                              .status = payment.status};
	text_copy(text_of(payment.payment_id), order->payments[order->count++].payment_id, ID_SIZE);
}

void order_side_see(const struct node *node, const char *order_id, struct seen_order *ret_order)
{
	struct text id = text_of(order_id);
	uint64_t hash = hash_keyed(node->store.sip_key, id);

	*ret_order = (struct seen_order){0};
	order_send_by_id(node->reader.db, hash, id, see_row, ret_order);
	order_payments_send(node->reader.db, hash, id, see_payment, ret_order);
	if (db_flush(node->reader.db) != DB_OK)
		world_fail(node->world, WORLD_NO_ORDER, "an order cannot be read");
}
