/* checks.c - compares what the service has stored with the model and, at the end, with the
 * processor's books. Reads by the service's own read functions where it has them, on the reader's
 * connection. */
#include "sim/sim.h"

#include "payment-service/columns.h"
#include "payment-service/intent.h"
#include "payment-service/ledger.h"
#include "payment-service/payment_audit.h"
#include "payment-service/payment_store.h"

#include <inttypes.h>
#include <string.h>

/* ---- an order ---- */

struct stored_payments {
	struct payment rows[MODEL_ATTEMPTS_MAX];
	size_t count;
};

static void take_payment(void *arg, const struct db_row *row)
{
	struct stored_payments *stored = arg;
	size_t at = stored->count;
	struct payment payment;

	if (payment_row_is_empty(row) || !payment_from_row(row, &payment))
		return;
	ensure(stored->count < MODEL_ATTEMPTS_MAX);
	for (; at > 0 && stored->rows[at - 1].payment_key > payment.payment_key; at--)
		stored->rows[at] = stored->rows[at - 1];
	stored->rows[at] = payment;
	stored->count++;
}

struct stored_refunds {
	struct refund rows[MODEL_REFUNDS_MAX];
	size_t count;
};

static void take_refund(void *arg, const struct db_row *row)
{
	struct stored_refunds *stored = arg;

	ensure(stored->count < MODEL_REFUNDS_MAX);
	if (refund_from_row(row, &stored->rows[stored->count]))
		stored->count++;
}

static void flush(struct sim *sim, struct db *db)
{
	if (db_flush(db) != DB_OK)
		world_fail(&sim->world, WORLD_NO_ORDER, "the store cannot be read: %s", db_why(db));
}

/* One number of a row. */
static void same(struct sim *sim, int64_t order, const char *id, const char *what, int64_t stored,
                 int64_t modelled)
{
	if (stored != modelled)
		world_fail(&sim->world, order,
		           "%s of %s is stored as %" PRId64 " and must be %" PRId64, what, id,
		           stored, modelled);
}

/* A row that was not seen before tells its id; later ones must have it. */
static void same_id(struct sim *sim, int64_t order, const char *stored, char modelled[ID_SIZE])
{
	if (modelled[0] == '\0')
		text_copy(text_of(stored), modelled, ID_SIZE);
	if (strcmp(stored, modelled) != 0)
		world_fail(&sim->world, order, "%s is stored where %s must be", stored, modelled);
}

static void check_refunds(struct sim *sim, int64_t number, const struct payment *payment)
{
	static const enum refund_status states[] = {
		[VERDICT_OPEN] = REFUND_PROCESSING,
		[VERDICT_APPROVED] = REFUND_SUCCESS,
		[VERDICT_DECLINED] = REFUND_FAILED,
		[VERDICT_UNREACHABLE] = REFUND_FAILED,
	};
	const struct model_payment *modelled = &sim->model.payments[number];
	static struct stored_refunds stored;

	stored.count = 0;
	refund_send_of_payment(sim->node.reader.db, payment->payment_key, INT64_MAX,
	                       MODEL_REFUNDS_MAX, take_refund, &stored);
	flush(sim, sim->node.reader.db);
	same(sim, modelled->order, payment->payment_id, "the count of refunds",
	     (int64_t)stored.count, modelled->refunds_count);
	for (size_t i = 0; i < stored.count; i++) {
		const struct refund *row = &stored.rows[stored.count - 1 - i]; /* newest first */
		struct model_refund *refund = &sim->model.refunds[modelled->refunds[i]];

		same_id(sim, modelled->order, row->refund_id, refund->id);
		same(sim, modelled->order, refund->id, "the amount", row->amount_minor,
		     refund->amount_minor);
		same(sim, modelled->order, refund->id, "the state", row->status,
		     states[sim->model.attempts[refund->attempt].verdict]);
	}
}

static const struct statement intent_by_key = {
	"SELECT operation, reference FROM intents WHERE intent_key = $1", NULL};

static void take_intent(void *arg, const struct db_row *row)
{
	struct columns columns = {.row = row};
	struct intent *intent = arg;

	intent->operation = (enum operation)columns_name(&columns, operation_names);
	columns_str(&columns, intent->reference, sizeof(intent->reference));
}

/* The service gives what it asks for an id of its own: learnt while it is open. */
static void learn_attempt(struct sim *sim, int64_t payment, const struct payment *row)
{
	int64_t number = model_open_attempt(&sim->model, payment);
	struct intent intent = {.operation = OPERATION_COUNT};

	if (number == MODEL_NONE || model_reference(&sim->model, number)[0] != '\0')
		return;
	struct attempt *attempt = &sim->model.attempts[number];
	DB_SEND(sim->node.reader.db, &intent_by_key, take_intent, &intent, V_INT(row->intent_key));
	flush(sim, sim->node.reader.db);
	same(sim, sim->model.payments[payment].order, row->payment_id,
	     "the operation that is asked", intent.operation, attempt->operation);
	text_copy(text_of(intent.reference), attempt->reference, ID_SIZE);
	attempt->intent_key = row->intent_key;
}

static void check_payment(struct sim *sim, int64_t number, const struct payment *row)
{
	struct model_payment *payment = &sim->model.payments[number];
	int64_t order = payment->order;
	int pending = payment->pending == MODEL_NONE
	                      ? OPERATION_NONE
	                      : (int)sim->model.attempts[payment->pending].operation;
	static const enum payment_status states[] = {
		[MODEL_PROCESSING] = PAYMENT_PROCESSING, [MODEL_AUTHORIZED] = PAYMENT_AUTHORIZED,
		[MODEL_SUCCESS] = PAYMENT_SUCCESS,       [MODEL_FAILED] = PAYMENT_FAILED,
		[MODEL_VOIDED] = PAYMENT_VOIDED,
	};

	same_id(sim, order, row->payment_id, payment->id);
	same(sim, order, payment->id, "the amount", row->amount_minor, payment->amount_minor);
	same(sim, order, payment->id, "the currency", row->currency == payment->currency, true);
	same(sim, order, payment->id, "the state", row->status, states[payment->status]);
	same(sim, order, payment->id, "the captured amount", row->captured_minor,
	     payment->captured_minor);
	same(sim, order, payment->id, "the refunded amount", row->refunded_minor,
	     payment->refunded_minor);
	same(sim, order, payment->id, "the amount of open refunds", row->refund_pending_minor,
	     payment->refund_pending_minor);
	same(sim, order, payment->id, "the pending operation", row->pending_operation, pending);
	learn_attempt(sim, number, row);
	if (row->refunds_count > 0 || payment->refunds_count > 0)
		check_refunds(sim, number, row);
}

void check_order(struct sim *sim, int64_t order)
{
	static struct stored_payments stored;
	const struct model_order *modelled = &sim->model.orders[order];
	struct text order_id = text_of(modelled->id);

	stored.count = 0;
	payment_send_order(sim->node.reader.db, hash_keyed(sim->node.store.sip_key, order_id),
	                   order_id, take_payment, &stored);
	flush(sim, sim->node.reader.db);
	same(sim, order, modelled->id, "the count of payments", (int64_t)stored.count,
	     modelled->payments_count);
	for (size_t i = 0; i < stored.count; i++)
		check_payment(sim, modelled->payments[i], &stored.rows[i]);
}

/* ---- the ledger ---- */

struct stored_balances {
	int64_t balances[MODEL_CURRENCIES][ACCOUNT_COUNT];
};

static void take_account(void *arg, const struct db_row *row)
{
	struct stored_balances *stored = arg;
	struct account_row account;

	if (!account_from_row(row, &account))
		return;
	for (size_t i = 0; i < MODEL_CURRENCIES; i++)
		for (size_t k = 0; k < ACCOUNT_COUNT; k++)
			if (strcmp(account.currency->code, model_currencies[i]) == 0 &&
			    text_is(account.account, account_names[k]))
				stored->balances[i][k] =
					account.debits_minor - account.credits_minor;
}

void check_accounts(struct sim *sim)
{
	struct stored_balances stored = {0};

	ledger_send_accounts(sim->node.reader.db, take_account, &stored);
	flush(sim, sim->node.reader.db);
	for (size_t i = 0; i < MODEL_CURRENCIES; i++) {
		const struct model_balance *balance = &sim->model.balances[i];
		const struct {
			enum account account;
			int64_t minor;
		} wanted[] = {
			{ACCOUNT_AUTHORIZED_AT_PROCESSOR, balance->held_minor},
			{ACCOUNT_HELD_FOR_MERCHANT, -balance->held_minor},
			{ACCOUNT_PROCESSOR, balance->captured_minor},
			{ACCOUNT_MERCHANT, -balance->captured_minor},
		};

		for (size_t k = 0; k < ARRAY_LEN(wanted); k++)
			same(sim, WORLD_NO_ORDER, account_names[wanted[k].account],
			     model_currencies[i], stored.balances[i][wanted[k].account],
			     wanted[k].minor);
	}
}

/* ---- everything ---- */

static void check_audit(struct sim *sim)
{
	struct store *store = &sim->node.reader;
	struct audit audit;
	enum db_result result;

	audit_init(&audit);
	result = audit_seen(&audit, store);
	if (result == DB_OK)
		result = payment_audit(&audit, store);
	if (result == DB_OK)
		result = ledger_audit(&audit, store);
	if (result == DB_OK)
		result = intent_audit(&audit, store);
	if (result != DB_OK)
		world_fail(&sim->world, WORLD_NO_ORDER, "the audit fails: %s", db_why(store->db));
	if (audit.findings_count > 0)
		world_fail(&sim->world, WORLD_NO_ORDER, "the audit finds %s: %s: %s",
		           audit.findings[0].check, audit.findings[0].where,
		           audit.findings[0].detail);
	audit_release(&audit);
}

void check_all(struct sim *sim)
{
	if (!sim->node.is_up)
		return;
	for (int64_t i = 0; i < sim->model.orders_count; i++)
		check_order(sim, i);
	check_accounts(sim);
	check_audit(sim);
}

/* ---- the end ---- */

static void check_settled(struct sim *sim)
{
	for (int64_t i = 0; i < sim->model.attempts_count; i++) {
		const struct attempt *attempt = &sim->model.attempts[i];

		if (attempt->verdict == VERDICT_OPEN &&
		    !bank_is_mute(attempt->operation, model_reference(&sim->model, i)))
			world_fail(&sim->world, sim->model.payments[attempt->payment].order,
			           "the %s of %s is open still",
			           operation_names[attempt->operation],
			           sim->model.payments[attempt->payment].id);
	}
}

static void check_books(struct sim *sim)
{
	for (int64_t i = 0; i < sim->model.payments_count; i++) {
		const struct model_payment *payment = &sim->model.payments[i];
		struct bank_account account = bank_account_of(payment->id);

		if (model_is_open(&sim->model, i))
			continue;
		same(sim, payment->order, payment->id, "what the processor holds",
		     account.held_minor,
		     payment->status == MODEL_AUTHORIZED ? payment->amount_minor : 0);
		same(sim, payment->order, payment->id, "what the processor took",
		     account.captured_minor, payment->captured_minor);
		same(sim, payment->order, payment->id, "what the processor gave back",
		     account.refunded_minor, payment->refunded_minor);
	}
}

void check_end(struct sim *sim)
{
	check_all(sim);
	check_settled(sim);
	check_books(sim);
}
