/* ledger_audit.c - the ledger as a whole. Invariants it checks: each account is what its transfers
 * add up to, debits are credits in each currency, each transfer goes between the accounts of its
 * kind and belongs to an event that is there. Whether an event has the right transfers:
 * events_audit.c. */
#include "ledger.h"

#include "payment_audit.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define WHERE_SIZE 80

/* payment_id and order_id are not looked at. As the journal has no gap, the last event's number
 * tells which events are there. */
static const struct statement transfers = {
	"SELECT t.transfer_key, t.payment_key, NULL, NULL, t.kind, t.debit_account, "
	"t.credit_account, t.currency, t.amount_minor, t.created_us, "
	"(SELECT h.seq FROM journal_head h) "
	"FROM transfers t WHERE t.transfer_key > $1 ORDER BY t.transfer_key LIMIT $2",
	NULL};
#define LAST_EVENT_COLUMN 10

struct side {
	int64_t stored_minor, summed_minor;
};

struct ledger_sums {
	struct audit *audit;
	int64_t head_seq;     /* of the moment in which the accounts were read */
	int64_t transfer_key; /* the last one seen */
	struct account_sums {
		struct side debits, credits;
	} rows[]; /* currencies_count * ACCOUNT_COUNT */
};

/* -1: there is no such name. */
static int place_of(const char *const *names, struct text name)
{
	for (int i = 0; names[i] != NULL; i++)
		if (text_is(name, names[i]))
			return i;
	return -1;
}

static struct account_sums *sums_of(struct ledger_sums *sums, int account,
                                    const struct currency *currency)
{
	return &sums->rows[currency_index(currency) * ACCOUNT_COUNT + (size_t)account];
}

static void note_account(void *arg, const struct db_row *row)
{
	struct ledger_sums *sums = arg;
	struct account_row account;
	bool is_whole = account_from_row(row, &account);
	int place = place_of(account_names, account.account);
	char where[WHERE_SIZE];

	sums->audit->rows_checked++;
	if (is_whole && place >= 0) {
		struct account_sums *row_sums = sums_of(sums, place, account.currency);

		row_sums->debits.stored_minor = account.debits_minor;
		row_sums->credits.stored_minor = account.credits_minor;
		return;
	}
	(void)snprintf(where, sizeof(where), "accounts %.*s", (int)account.account.len,
	               account.account.ptr);
	audit_finding(sums->audit, "account-row", where,
	              "it holds what no service writes: an unknown account, currency or amount");
}

/* The accounts and the journal's head as of one moment: they are what the transfers of the events
 * up to there add up to, and those never change. */
static enum db_result read_accounts(struct ledger_sums *sums, struct db *db)
{
	struct journal_head head;
	enum db_result result = db_begin(db);

	if (result != DB_OK)
		return result;
	ledger_send_accounts(db, note_account, sums);
	result = journal_read_head(db, &head);
	if (result != DB_OK) {
		db_rollback(db);
		return result;
	}
	sums->head_seq = head.seq;
	return db_commit(db);
}

/* ---- transfers ---- */

static const char *transfer_fault(const struct transfer_row *transfer, int kind)
{
	if (kind < 0)
		return "its kind is unknown";
	if (!text_is(transfer->debit_account, account_names[transfer_accounts[kind].debit]) ||
	    !text_is(transfer->credit_account, account_names[transfer_accounts[kind].credit]))
		return "its accounts are not those of its kind";
	return NULL;
}

/* A sum that would not fit stays as it is, and is then not the account's. */
static void add(struct side *side, int64_t amount_minor)
{
	if (side->summed_minor <= INT64_MAX - amount_minor)
		side->summed_minor += amount_minor;
}

static void add_transfer(struct ledger_sums *sums, const struct transfer_row *transfer)
{
	int debit = place_of(account_names, transfer->debit_account);
	int credit = place_of(account_names, transfer->credit_account);

	if (transfer->transfer_key / TRANSFER_KEYS_PER_EVENT > sums->head_seq)
		return; /* came later */
	if (debit >= 0)
		add(&sums_of(sums, debit, transfer->currency)->debits, transfer->amount_minor);
	if (credit >= 0)
		add(&sums_of(sums, credit, transfer->currency)->credits, transfer->amount_minor);
}

static void take_transfer(void *arg, const struct db_row *row)
{
	struct ledger_sums *sums = arg;
	struct transfer_row transfer;
	bool is_whole = transfer_from_row(row, &transfer);
	const char *fault = transfer_fault(&transfer, place_of(transfer_kind_names, transfer.kind));
	char where[WHERE_SIZE];

	sums->audit->rows_checked++;
	sums->transfer_key = transfer.transfer_key;
	(void)snprintf(where, sizeof(where), "transfers transfer_key %" PRId64,
	               transfer.transfer_key);
	if (!is_whole) {
		audit_finding(sums->audit, "transfer-row", where,
		              "it holds what no service writes: an unknown currency or amount");
		return;
	}
	if (fault != NULL)
		audit_finding_amount(sums->audit, "transfer-accounts", where, transfer.amount_minor,
		                     transfer.currency, "%s", fault);
	if (transfer.transfer_key < TRANSFER_KEYS_PER_EVENT ||
	    transfer.transfer_key / TRANSFER_KEYS_PER_EVENT > db_int(row, LAST_EVENT_COLUMN))
		audit_finding_amount(sums->audit, "transfer-event", where, transfer.amount_minor,
		                     transfer.currency, "its event is not there");
	add_transfer(sums, &transfer);
}

static enum db_result add_transfers(struct ledger_sums *sums, struct db *db)
{
	enum db_result result;
	int64_t after;

	do {
		after = sums->transfer_key;
		DB_SEND(db, &transfers, take_transfer, sums, V_INT(after), V_INT(AUDIT_PAGE_ROWS));
		result = db_flush(db);
	} while (result == DB_OK && sums->transfer_key > after);
	return result;
}

/* ---- sums ---- */

static void check_side(struct audit *audit, const char *account, const struct currency *currency,
                       const char *side_name, const struct side *side)
{
	struct buf what AUTO_BUF;
	char where[WHERE_SIZE];

	buf_init(&what, WHERE_SIZE);
	if (side->stored_minor == side->summed_minor)
		return;
	buf_addf(&what, "its %s are not the sum of its transfers, ", side_name);
	money_render(side->summed_minor, currency, &what);
	(void)snprintf(where, sizeof(where), "accounts %s %s", account, currency->code);
	audit_finding_amount(audit, "account-balance", where, side->stored_minor, currency, "%s",
	                     buf_str(&what));
}

/* A sum that does not fit in 63 bits is no balance either. */
static bool add_to(int64_t *sum_minor, int64_t minor)
{
	if (*sum_minor > INT64_MAX - minor)
		return false;
	*sum_minor += minor;
	return true;
}

static void check_currency(struct ledger_sums *sums, const struct currency *currency)
{
	int64_t debits_minor = 0, credits_minor = 0;
	bool fits = true;
	char where[WHERE_SIZE];

	for (int i = 0; i < ACCOUNT_COUNT; i++) {
		const struct account_sums *row = sums_of(sums, i, currency);

		check_side(sums->audit, account_names[i], currency, "debits", &row->debits);
		check_side(sums->audit, account_names[i], currency, "credits", &row->credits);
		fits &= add_to(&debits_minor, row->debits.stored_minor) &&
		        add_to(&credits_minor, row->credits.stored_minor);
	}
	if (fits && debits_minor == credits_minor)
		return;
	(void)snprintf(where, sizeof(where), "accounts %s", currency->code);
	audit_finding_amount(sums->audit, "trial-balance", where,
	                     debits_minor > credits_minor ? debits_minor - credits_minor
	                                                  : credits_minor - debits_minor,
	                     currency, "debits are not credits: they differ by");
}

enum db_result ledger_audit(struct audit *audit, const struct store *store)
{
	struct ledger_sums *sums =
		calloc(1, sizeof(*sums) + currencies_count * ACCOUNT_COUNT * sizeof(sums->rows[0]));
	enum db_result result;

	if (sums == NULL)
		return DB_FAILED;
	sums->audit = audit;
	sums->transfer_key = INT64_MIN;
	result = read_accounts(sums, store->db);
	if (result == DB_OK)
		result = add_transfers(sums, store->db);
	for (size_t i = 0; i < currencies_count && result == DB_OK; i++)
		check_currency(sums, &currencies[i]);
	free(sums);
	return result;
}
