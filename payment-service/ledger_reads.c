/* ledger_reads.c - what can be read of the ledger: accounts and transfers. */
#include "ledger.h"
#include "payment_reads.h"

/* ---- GET /ledger/accounts ---- */

/* The one amount that may be below zero. */
static void add_signed(struct buf *out, const char *name, int64_t minor,
                       const struct currency *currency)
{
	json_key(out, name);
	if (minor < 0)
		buf_add_char(out, '-');
	money_render(minor < 0 ? -minor : minor, currency, out);
}

/* What the rows are read into; `difference` is how debits less credits are called. */
struct accounts {
	struct buf *out;
	const char *difference;
	bool are_wrong;
};

static void add_account(void *arg, const struct db_row *row)
{
	struct accounts *accounts = arg;
	struct account_row account;

	if (!account_from_row(row, &account)) {
		accounts->are_wrong = true;
		return;
	}
	json_open(accounts->out, '{');
	if (account.account.ptr != NULL)
		json_member_string(accounts->out, "account", account.account);
	json_member_str(accounts->out, "currency", account.currency->code);
	add_signed(accounts->out, "debits", account.debits_minor, account.currency);
	add_signed(accounts->out, "credits", account.credits_minor, account.currency);
	add_signed(accounts->out, accounts->difference,
	           account.debits_minor - account.credits_minor, account.currency);
	json_close(accounts->out, '}');
}

static enum db_result read_accounts(struct accounts *accounts, struct db *db)
{
	struct buf *out = accounts->out;
	enum db_result result;

	json_open(out, '{');
	json_key(out, "data");
	json_open(out, '[');
	accounts->difference = "balance";
	ledger_send_accounts(db, add_account, accounts);
	result = db_flush(db);
	if (result != DB_OK)
		return result;
	json_close(out, ']');
	json_key(out, "trial_balance");
	json_open(out, '[');
	accounts->difference = "difference";
	ledger_send_trial(db, add_account, accounts);
	result = db_flush(db);
	json_close(out, ']');
	json_close(out, '}');
	return result;
}

enum error accounts_run(struct request *request, struct db *db)
{
	struct accounts accounts = {.out = &request->job.answer.body};
	enum db_result result = db_begin(db); /* both parts of one moment */

	if (result == DB_OK)
		result = read_accounts(&accounts, db);
	db_rollback(db);
	if (result != DB_OK)
		return ERR_STORAGE_UNAVAILABLE;
	return accounts.are_wrong ? ERR_INTERNAL : ERR_NONE; /* the audit names the row */
}

/* ---- GET /ledger/transfers ---- */

#define T struct transfer_row

const struct field transfer_fields[] = {
	FIELD_INTEGER("transfer_id", T, transfer_key, FIELD_REQUIRED, 1, INT64_MAX, 0,
                      "The seq of its event times 4, plus its number there."),
	FIELD_TEXT("payment_id", T, payment_id, FIELD_REQUIRED, 1, ID_SIZE - 1, "Its payment."),
	FIELD_TEXT("kind", T, kind, FIELD_REQUIRED, 1, 32, "What it stands for."),
	FIELD_TEXT("debit_account", T, debit_account, FIELD_REQUIRED, 1, 32, "Takes the amount."),
	FIELD_TEXT("credit_account", T, credit_account, FIELD_REQUIRED, 1, 32, "Gives the amount."),
	FIELD_MONEY("amount", T, amount_minor, FIELD_REQUIRED, 1, "In the currency's major unit."),
	FIELD_CURRENCY("currency", T, currency, FIELD_REQUIRED, "ISO 4217."),
	FIELD_TIME("created_at", T, created_us, FIELD_REQUIRED, "The time of its event."),
	FIELD_END,
};

#define I struct transfers_input
#define FILTERS (&transfers_query[2])

const struct field transfers_query[] = {
	FIELD_INTEGER("limit", I, limit, FIELD_OPTIONAL, 1, LIST_LIMIT_MAX, LIST_LIMIT_DEFAULT,
                      "Transfers a page."),
	FIELD_CURSOR("after", I, after, "The value of next of the page before."),
	FIELD_TEXT("payment_id", I, payment_id, FIELD_OPTIONAL, 1, ID_SIZE - 1,
                   "Of this payment only."),
	FIELD_ENUM("account", I, account, FIELD_OPTIONAL, account_names,
                   "Of this account only, on either side."),
	FIELD_END,
};

static void transfers_send(const struct list *list, struct db *db, int64_t count)
{
	const struct transfers_input *input = list->filters;
	void *arg = (void *)(uintptr_t)list;

	if (input->payment_id.ptr != NULL)
		ledger_send_of_payment(db, input->payment_key, list_key(list), count, list_row,
		                       arg);
	else
		ledger_send_page(db, list_key(list), count, list_row, arg);
}

static enum list_verdict transfers_row(const struct list *list, const struct db_row *row,
                                       char position[LIST_POSITION_SIZE], struct buf *out)
{
	const struct transfers_input *input = list->filters;
	const char *account = input->account < 0 ? NULL : account_names[input->account];
	struct transfer_row transfer;
	bool is_whole = transfer_from_row(row, &transfer);

	list_key_position(transfer.transfer_key, position);
	if (!is_whole || (account != NULL && !text_is(transfer.debit_account, account) &&
	                  !text_is(transfer.credit_account, account)))
		return LIST_SKIP;
	field_render(transfer_fields, &transfer, out);
	return LIST_SHOW;
}

static const struct list_kind transfers_list = {
	.newest = LIST_NEWEST_KEY, .send = transfers_send, .row = transfers_row};

enum error transfers_run(struct request *request, struct db *db)
{
	struct transfers_input *input = request->input;

	if (input->payment_id.ptr != NULL &&
	    payment_find_key(db, input->payment_id, &input->payment_key) != DB_OK)
		return ERR_STORAGE_UNAVAILABLE;
	return list_run(&transfers_list, request, db, FILTERS, input->limit, input->after);
}
