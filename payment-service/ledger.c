/* ledger.c - the statements and rows of transfers and accounts. Invariant: what the accounts add up
 * to is moved on in the transaction of the transfers, by the same amount on both sides. */
#include "ledger.h"

#include "columns.h"

const char *const account_names[] = {"authorized_at_processor", "held_for_merchant", "processor",
                                     "merchant", NULL};
const char *const transfer_kind_names[] = {"authorize",
                                           "authorization_captured",
                                           "authorization_released",
                                           "authorization_voided",
                                           "capture",
                                           "refund",
                                           NULL};

#define SELECT_TRANSFERS \
	"SELECT t.transfer_key, t.payment_key, p.payment_id, o.order_id, t.kind, " \
	"t.debit_account, t.credit_account, t.currency, t.amount_minor, t.created_us "
#define AND_ORDER "JOIN orders o ON o.order_seq = t.payment_key / 1024 "
#define FROM_TRANSFERS \
	"FROM transfers t JOIN payments p ON p.payment_key = t.payment_key " AND_ORDER
/* The events of a payment's order, back from the last one about the payment. Whatever is stored,
 * seq falls, so the walk ends. */
#define WITH_EVENTS \
	"WITH RECURSIVE events (seq) AS (" \
	"SELECT last_event_seq FROM payments WHERE payment_key = $1 " \
	"UNION ALL SELECT j.order_prev_seq FROM events e JOIN journal j ON j.seq = e.seq " \
	"WHERE j.order_prev_seq > 0 AND j.order_prev_seq < e.seq) "

static const struct statement transfer_insert = {
	"INSERT INTO transfers (transfer_key, payment_key, kind, debit_account, credit_account, "
	"currency, amount_minor, created_us) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
	NULL};
static const struct statement account_add = {
	"INSERT INTO accounts (account, currency, debits_minor, credits_minor) "
	"VALUES ($1, $2, $3, $4) ON CONFLICT (account, currency) DO UPDATE SET "
	"debits_minor = accounts.debits_minor + excluded.debits_minor, "
	"credits_minor = accounts.credits_minor + excluded.credits_minor",
	NULL};
static const struct statement transfers_page = {
	SELECT_TRANSFERS FROM_TRANSFERS
	"WHERE t.transfer_key < $1 ORDER BY t.transfer_key DESC LIMIT $2",
	NULL};
/* "+ 0": else SQLite makes an index by payment_key of the whole table, for this one query. */
static const struct statement transfers_of_payment = {
	WITH_EVENTS SELECT_TRANSFERS
	"FROM events e JOIN transfers t ON t.transfer_key BETWEEN e.seq * 4 AND e.seq * 4 + 3 "
	"JOIN payments p ON p.payment_key = t.payment_key " AND_ORDER
	"WHERE t.payment_key + 0 = $1 AND t.transfer_key < $2 "
	"ORDER BY t.transfer_key DESC LIMIT $3",
	NULL};
static const struct statement timeline = {
	WITH_EVENTS SELECT_TRANSFERS
	", j.seq, j.line FROM events e JOIN journal j ON j.seq = e.seq "
	"LEFT JOIN transfers t ON t.transfer_key BETWEEN e.seq * 4 AND e.seq * 4 + 3 "
	"LEFT JOIN payments p ON p.payment_key = t.payment_key LEFT " AND_ORDER
	"ORDER BY j.seq, t.transfer_key",
	NULL};
static const struct statement accounts_all = {
	"SELECT account, currency, debits_minor, credits_minor FROM accounts "
	"ORDER BY currency, account",
	NULL};
static const struct statement accounts_trial = {
	"SELECT NULL, currency, sum(debits_minor), sum(credits_minor) FROM accounts "
	"GROUP BY currency ORDER BY currency",
	NULL};

void ledger_write_totals(struct db *db, const void *totals)
{
	const struct ledger_totals *ledger = totals;

	for (size_t i = 0; i < ledger->count; i++) {
		const struct ledger_total *row = &ledger->rows[i];

		DB_SEND(db, &account_add, NULL, NULL, v_str(account_names[row->account]),
		        v_str(row->currency->code), v_money(row->debits_minor),
		        v_money(row->credits_minor));
	}
}

/* The row of an account and currency; a new one where there is none yet. */
static struct ledger_total *total_of(struct db *db, struct ledger_totals *totals,
                                     enum account account, const struct currency *currency)
{
	struct ledger_total *row;

	for (size_t i = 0; i < totals->count; i++) {
		row = &totals->rows[i];
		if (row->account == account && row->currency == currency)
			return row;
	}
	if (totals->count == LEDGER_TOTALS_MAX) {
		ledger_write_totals(db, totals);
		totals->count = 0;
	}
	row = &totals->rows[totals->count++];
	*row = (struct ledger_total){.account = account, .currency = currency};
	return row;
}

/* A batch has at most 4096 events of at most 10^15 each. */
static void add(int64_t *sum_minor, int64_t minor)
{
	ensure(*sum_minor <= INT64_MAX - minor);
	*sum_minor += minor;
}

void ledger_write(struct db *db, struct ledger_totals *totals, int64_t seq,
                  const struct payment *payment, const struct transfer *transfers, size_t count)
{
	ensure(seq > 0 && count <= TRANSFER_KEYS_PER_EVENT);
	for (size_t i = 0; i < count; i++) {
		const struct transfer *transfer = &transfers[i];
		enum account debit = transfer_accounts[transfer->kind].debit;
		enum account credit = transfer_accounts[transfer->kind].credit;

		ensure(transfer->amount_minor > 0 && transfer->amount_minor <= MONEY_MINOR_MAX);
		ensure(debit != credit);
		DB_SEND(db, &transfer_insert, NULL, NULL,
		        V_INT(seq * TRANSFER_KEYS_PER_EVENT + (int64_t)i),
		        V_INT(payment->payment_key), v_str(transfer_kind_names[transfer->kind]),
		        v_str(account_names[debit]), v_str(account_names[credit]),
		        v_str(payment->currency->code), v_money(transfer->amount_minor),
		        V_INT(payment->updated_us));
		add(&total_of(db, totals, debit, payment->currency)->debits_minor,
		    transfer->amount_minor);
		add(&total_of(db, totals, credit, payment->currency)->credits_minor,
		    transfer->amount_minor);
	}
}

bool transfer_from_row(const struct db_row *row, struct transfer_row *ret_transfer)
{
	struct columns columns = {.row = row};
	struct transfer_row *transfer = ret_transfer;

	*transfer = (struct transfer_row){.transfer_key = columns_int(&columns)};
	transfer->payment_key = columns_int(&columns);
	transfer->payment_id = columns_text(&columns);
	transfer->order_id = columns_text(&columns);
	transfer->kind = columns_text(&columns);
	transfer->debit_account = columns_text(&columns);
	transfer->credit_account = columns_text(&columns);
	transfer->currency = columns_currency(&columns);
	transfer->amount_minor = columns_money(&columns);
	transfer->created_us = columns_int(&columns);
	return !columns.are_wrong;
}

void ledger_send_page(struct db *db, int64_t before_key, int64_t count, db_row_fn *row, void *arg)
{
	DB_SEND(db, &transfers_page, row, arg, V_INT(before_key), V_INT(count));
}

void ledger_send_of_payment(struct db *db, int64_t payment_key, int64_t before_key, int64_t count,
                            db_row_fn *row, void *arg)
{
	DB_SEND(db, &transfers_of_payment, row, arg, V_INT(payment_key), V_INT(before_key),
	        V_INT(count));
}

void ledger_send_timeline(struct db *db, int64_t payment_key, db_row_fn *row, void *arg)
{
	DB_SEND(db, &timeline, row, arg, V_INT(payment_key));
}

bool account_from_row(const struct db_row *row, struct account_row *ret_account)
{
	struct columns columns = {.row = row};
	struct account_row *account = ret_account;

	*account = (struct account_row){.account = columns_text(&columns)};
	account->currency = columns_currency(&columns);
	account->debits_minor = columns_int(&columns);
	account->credits_minor = columns_int(&columns);
	return account->debits_minor >= 0 && account->credits_minor >= 0 && !columns.are_wrong;
}

void ledger_send_accounts(struct db *db, db_row_fn *row, void *arg)
{
	DB_SEND0(db, &accounts_all, row, arg);
}

void ledger_send_trial(struct db *db, db_row_fn *row, void *arg)
{
	DB_SEND0(db, &accounts_trial, row, arg);
}
