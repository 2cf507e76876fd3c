/* operation_api.c - the rows of the endpoint table that change a payment which is there, and what
 * fields alone cannot say about them. */
#include "payment_api.h"

#include "payment_commands.h"
#include "payment_fields.h"

#include <string.h>

/* What query and body of all these calls fill. */
struct operation_input {
	struct operation_command command;
	struct text refund_id;
	int outcome;
	bool dry_run;
};

#define I struct operation_input

enum { OUTCOME_SUCCESS, OUTCOME_FAILED };
static const char *const outcome_names[] = {
	[OUTCOME_SUCCESS] = "success", [OUTCOME_FAILED] = "failed", NULL};

static const struct field dry_run_query[] = {
	FIELD_BOOLEAN("dry_run", I, dry_run, FIELD_OPTIONAL,
                      "true: only answer what would happen; nothing is committed."),
	FIELD_END,
};
static const struct field capture_fields[] = {
	FIELD_DECIMAL("amount", I, command.amount, FIELD_OPTIONAL,
                      "At most the authorized amount, the rest is released; left out: all of it."),
	FIELD_END,
};
static const struct field refund_request_fields[] = {
	FIELD_DECIMAL("amount", I, command.amount, FIELD_OPTIONAL,
                      "At most amount_refundable; left out: all of it."),
	FIELD_TEXT("reason", I, command.reason, FIELD_NO_CARD, 0, 200, "For people."),
	FIELD_END,
};
static const struct field resolve_fields[] = {
	FIELD_ENUM("outcome", I, outcome, FIELD_REQUIRED, outcome_names,
                   "What the processor would have answered."),
	FIELD_TEXT("reason", I, command.reason, FIELD_REQUIRED | FIELD_NO_CARD, 1, 200,
                   "How that is known; kept with the payment."),
	FIELD_TEXT("refund_id", I, refund_id, FIELD_OPTIONAL, 1, ID_SIZE - 1,
                   "The refund that is open; left out: the payment itself."),
	FIELD_END,
};

static enum error prepare(struct request *request, const struct command_kind *kind)
{
	struct operation_input *input = request->input;

	text_copy(text_of(request->path_id), input->command.payment_id, ID_SIZE);
	input->command.has_key = input->dry_run || request->job.key.key.ptr != NULL;
	request->job.dry_run = input->dry_run;
	request->job.kind = kind;
	request->job.command = &input->command;
	return ERR_NONE;
}

static enum error capture_prepare(struct request *request, struct field_errors *errors)
{
	(void)errors;
	return prepare(request, &capture_kind);
}

static enum error void_prepare(struct request *request, struct field_errors *errors)
{
	(void)errors;
	return prepare(request, &void_kind);
}

static enum error refund_prepare(struct request *request, struct field_errors *errors)
{
	(void)errors;
	return prepare(request, &refund_kind);
}

static enum error sync_prepare(struct request *request, struct field_errors *errors)
{
	(void)errors;
	return prepare(request, &sync_kind);
}

static enum error redact_prepare(struct request *request, struct field_errors *errors)
{
	(void)errors;
	return prepare(request, &redact_kind);
}

static enum error resolve_prepare(struct request *request, struct field_errors *errors)
{
	struct operation_input *input = request->input;

	if (input->refund_id.ptr != NULL && !id_is_valid("ref_", input->refund_id)) {
		field_error_add(errors, "#/refund_id", false,
		                "must be the id of a refund, ref_...");
		return ERR_NONE;
	}
	if (input->refund_id.ptr != NULL)
		text_copy(input->refund_id, input->command.refund_id, ID_SIZE);
	input->command.decision = (struct decision){
		.verdict = input->outcome == OUTCOME_SUCCESS ? VERDICT_APPROVED : VERDICT_DECLINED,
		.decline_code = TEXT_LITERAL("resolved_by_operator")};
	return prepare(request, &resolve_kind);
}

#define OPERATION(path_, scope_, summary_, answer_, ...) \
	{ \
		.method = "POST", .path = "/payments/{payment_id}/" path_, .scope = scope_, \
		.summary = summary_, .kind = ENDPOINT_COMMAND, .answer = answer_, \
		.path_id_is_valid = is_payment_id, .input_size = sizeof(struct operation_input), \
		__VA_ARGS__ \
	}

const struct endpoint operation_endpoints[] = {
	OPERATION("capture", "payments:write", "Captures an authorized payment, once.",
                  payment_fields, .query = dry_run_query, .dry_run_answer = dry_run_fields,
                  .body = capture_fields, .may_stay_open = true, .moves_money = true,
                  .prepare = capture_prepare,
                  .errors = {ERR_PAYMENT_DECLINED, ERR_NOT_FOUND, ERR_INVALID_STATE,
                             ERR_REQUEST_IN_PROGRESS, ERR_AMOUNT_EXCEEDS_AUTHORIZED,
                             ERR_OVERLOADED}),
	OPERATION("void", "payments:write", "Releases an authorization.", payment_fields,
                  .query = dry_run_query, .dry_run_answer = dry_run_fields, .may_stay_open = true,
                  .moves_money = true, .prepare = void_prepare,
                  .errors = {ERR_PAYMENT_DECLINED, ERR_NOT_FOUND, ERR_INVALID_STATE,
                             ERR_REQUEST_IN_PROGRESS, ERR_OVERLOADED}),
	OPERATION("refunds", "refunds:write",
                  "Refunds a part or all of what was captured; repeated, never above that.",
                  refund_fields, .query = dry_run_query, .dry_run_answer = dry_run_fields,
                  .body = refund_request_fields, .may_stay_open = true, .moves_money = true,
                  .prepare = refund_prepare,
                  .errors = {ERR_IDEMPOTENCY_KEY_REQUIRED, ERR_PAYMENT_DECLINED, ERR_NOT_FOUND,
                             ERR_INVALID_STATE, ERR_AMOUNT_EXCEEDS_REFUNDABLE, ERR_OVERLOADED}),
	OPERATION("sync", "payments:write",
                  "Asks the processor now about what it has not answered.", payment_fields,
                  .may_stay_open = true, .prepare = sync_prepare,
                  .errors = {ERR_NOT_FOUND, ERR_OVERLOADED}),
	OPERATION(
		"resolve", "admin",
		"Ends what the processor never settles, as an operator knows it to be.",
		payment_fields, .body = resolve_fields, .body_is_required = true,
		.moves_money = true, .prepare = resolve_prepare,
		.errors = {ERR_NOT_FOUND, ERR_INVALID_STATE, ERR_INVALID_REQUEST, ERR_OVERLOADED}),
	OPERATION("redact", "admin",
                  "Empties description, metadata, the refunds' reasons and the stored answers.",
                  payment_fields, .prepare = redact_prepare,
                  .errors = {ERR_NOT_FOUND, ERR_OVERLOADED}),
	{0},
};
