/* payment_fields.c - the tables of a payment's members. */
#include "payment_fields.h"

#include "payment_store.h"

static const char *const pending_names[] = {"capture", "void", NULL};

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
	FIELD_TEXT("processor", P, processor, FIELD_REQUIRED, 0, 64, "Who moves the money."),
	FIELD_STR("processor_reference", P, processor_reference, "The processor's id of it."),
	FIELD_ENUM("capture", P, capture, FIELD_REQUIRED, capture_names,
                   "When the money is taken."),
	FIELD_ENUM("pending_operation", P, pending_operation, FIELD_OPTIONAL, pending_names,
                   "What the processor has not answered yet."),
	FIELD_TEXT("decline_code", P, decline_code, FIELD_OPTIONAL, 0, 64, "Why it failed."),
	FIELD_TEXT("description", P, description, FIELD_OPTIONAL, 0, 500, "As given."),
	FIELD_METADATA("metadata", P, metadata, FIELD_REQUIRED, "As given."),
	FIELD_TIME("created_at", P, created_us, FIELD_REQUIRED, "When it was accepted."),
	FIELD_TIME("updated_at", P, updated_us, FIELD_REQUIRED, "When it last changed."),
	FIELD_END,
};

const struct field payment_event_fields[] = {
	FIELD_STR("payment_id", P, payment_id, "The payment."),
	FIELD_MONEY("amount", P, amount_minor, FIELD_REQUIRED, 1, "In the currency's major unit."),
	FIELD_CURRENCY("currency", P, currency, FIELD_REQUIRED, "ISO 4217."),
	FIELD_ENUM("payment_status", P, status, FIELD_REQUIRED, payment_status_names,
                   "After the change."),
	FIELD_MONEY("amount_captured", P, captured_minor, FIELD_REQUIRED, 0, "After the change."),
	FIELD_MONEY("amount_refunded", P, refunded_minor, FIELD_REQUIRED, 0, "After the change."),
	FIELD_TEXT("decline_code", P, decline_code, FIELD_OPTIONAL, 0, 64, "Why it failed."),
	FIELD_END,
};
