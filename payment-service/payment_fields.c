/* payment_fields.c - the tables of the members of payments and refunds. */
#include "payment_fields.h"

#include "payment_store.h"

static const char *const pending_names[] = {
	[OPERATION_CAPTURE] = "capture", [OPERATION_VOID] = "void", NULL};

#define T struct dry_run_transfer

static const struct field dry_run_transfer_fields[] = {
	FIELD_TEXT("kind", T, kind, FIELD_REQUIRED, 1, 32, "What it stands for."),
	FIELD_TEXT("debit_account", T, debit_account, FIELD_REQUIRED, 1, 32, "Takes the amount."),
	FIELD_TEXT("credit_account", T, credit_account, FIELD_REQUIRED, 1, 32, "Gives the amount."),
	FIELD_MONEY("amount", T, amount_minor, FIELD_REQUIRED, 1, "In the currency's major unit."),
	FIELD_CURRENCY("currency", T, currency, FIELD_REQUIRED, "ISO 4217."),
	FIELD_END,
};

const struct field dry_run_fields[] = {
	FIELD_LIST("transfers", struct dry_run, transfers, transfers_count, FIELD_REQUIRED,
                   dry_run_transfer_fields, T, TRANSFER_KEYS_PER_EVENT,
                   "What would be booked at once."),
	FIELD_BOOLEAN("dry_run", struct dry_run, dry_run, FIELD_REQUIRED,
                      "true: nothing was committed."),
	FIELD_END,
};

#define P struct payment

const struct field payment_fields[] = {
	FIELD_STR("payment_id", P, payment_id, "Ours; sorts by time."),
	FIELD_STR("order_id", P, order_id, "The client's id of the order."),
	FIELD_MONEY("amount", P, amount_minor, FIELD_REQUIRED, 1, "In the currency's major unit."),
	FIELD_CURRENCY("currency", P, currency, FIELD_REQUIRED, "ISO 4217."),
	FIELD_ENUM("payment_status", P, status, FIELD_REQUIRED, payment_status_names,
                   "Final states never go back."),
	FIELD_MONEY("amount_captured", P, captured_minor, FIELD_REQUIRED, 0, "What came in."),
	FIELD_MONEY("amount_refunded", P, refunded_minor, FIELD_REQUIRED, 0, "What went back."),
	FIELD_MONEY("amount_refund_pending", P, refund_pending_minor, FIELD_REQUIRED, 0,
                    "What is on its way back."),
	FIELD_MONEY("amount_refundable", P, refundable_minor, FIELD_REQUIRED, 0,
                    "What can still be refunded."),
	FIELD_TEXT("payment_method", P, payment_method, FIELD_OPTIONAL, 0, PAYMENT_METHOD_MAX,
                   "As given."),
	FIELD_TEXT("processor", P, processor, FIELD_REQUIRED, 0, PROCESSOR_NAME_MAX,
                   "Who moves the money."),
	FIELD_STR("processor_reference", P, processor_reference,
                  "The processor's id of it, once it has answered."),
	FIELD_ENUM("capture", P, capture, FIELD_REQUIRED, capture_names,
                   "When the money is taken."),
	FIELD_ENUM("pending_operation", P, pending_operation, FIELD_OPTIONAL, pending_names,
                   "What the processor has not answered yet."),
	FIELD_TEXT("decline_code", P, decline_code, FIELD_OPTIONAL, 0, DECLINE_CODE_MAX,
                   "Why it failed."),
	FIELD_TEXT("description", P, description, FIELD_OPTIONAL, 0, 500, "As given."),
	FIELD_METADATA("metadata", P, metadata, FIELD_REQUIRED, "As given."),
	FIELD_TEXT("resolve_reason", P, resolve_reason, FIELD_OPTIONAL, 0, 200,
                   "Why an operator ended what the processor never settled."),
	FIELD_TIME("created_at", P, created_us, FIELD_REQUIRED, "When it was accepted."),
	FIELD_TIME("updated_at", P, updated_us, FIELD_REQUIRED, "When it last changed."),
	FIELD_END,
};

#define R struct refund

const struct field refund_fields[] = {
	FIELD_STR("refund_id", R, refund_id, "Ours; sorts by time."),
	FIELD_STR("payment_id", R, payment_id, "The payment whose money goes back."),
	FIELD_STR("order_id", R, order_id, "The client's id of the order."),
	FIELD_MONEY("amount", R, amount_minor, FIELD_REQUIRED, 1, "In the currency's major unit."),
	FIELD_CURRENCY("currency", R, currency, FIELD_REQUIRED, "The payment's."),
	FIELD_ENUM("refund_status", R, status, FIELD_REQUIRED, refund_status_names,
                   "While it is processing it counts as refunded in every limit."),
	FIELD_TEXT("reason", R, reason, FIELD_OPTIONAL, 0, 200, "As given."),
	FIELD_TEXT("decline_code", R, decline_code, FIELD_OPTIONAL, 0, DECLINE_CODE_MAX,
                   "Why it failed."),
	FIELD_STR("processor_reference", R, processor_reference,
                  "The processor's id of it, once it has answered."),
	FIELD_TIME("created_at", R, created_us, FIELD_REQUIRED, "When it was accepted."),
	FIELD_TIME("updated_at", R, updated_us, FIELD_REQUIRED, "When it last changed."),
	FIELD_END,
};

/* What every event tells of the payment, which is the member `m` of the struct. */
#define EVENT_MEMBERS(S, m) \
	FIELD_STR("payment_id", S, m payment_id, "The payment."), \
		FIELD_MONEY("amount", S, m amount_minor, FIELD_REQUIRED, 1, "Its amount."), \
		FIELD_CURRENCY("currency", S, m currency, FIELD_REQUIRED, "ISO 4217."), \
		FIELD_ENUM("capture", S, m capture, FIELD_REQUIRED, capture_names, \
	                   "When the money is taken."), \
		FIELD_ENUM("payment_status", S, m status, FIELD_REQUIRED, payment_status_names, \
	                   "After the change."), \
		FIELD_MONEY("amount_captured", S, m captured_minor, FIELD_REQUIRED, 0, \
	                    "After the change."), \
		FIELD_MONEY("amount_refunded", S, m refunded_minor, FIELD_REQUIRED, 0, \
	                    "After the change."), \
		FIELD_MONEY("amount_refund_pending", S, m refund_pending_minor, FIELD_REQUIRED, 0, \
	                    "After the change."), \
		FIELD_ENUM("pending_operation", S, m pending_operation, FIELD_OPTIONAL, \
	                   pending_names, "After the change."), \
		FIELD_TEXT("decline_code", S, m decline_code, FIELD_OPTIONAL, 0, DECLINE_CODE_MAX, \
	                   "Why it failed.")

const struct field payment_event_fields[] = {EVENT_MEMBERS(P, ), FIELD_END};

#define O struct payment_outcome

const struct field refund_event_fields[] = {
	FIELD_STR("refund_id", O, refund.refund_id, "The refund."),
	FIELD_MONEY("refund_amount", O, refund.amount_minor, FIELD_REQUIRED, 1, "Its amount."),
	FIELD_ENUM("refund_status", O, refund.status, FIELD_REQUIRED, refund_status_names,
                   "After the change."),
	EVENT_MEMBERS(O, payment.),
	FIELD_END,
};
