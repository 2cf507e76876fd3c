/* ledger.h - the transfers and the accounts in the database. Which transfers a command makes is
 * settle_core.c's. */
#ifndef PAYMENT_LEDGER_H
#define PAYMENT_LEDGER_H

#include "payment.h"
#include "storage/db.h"

extern const char *const account_names[];
extern const char *const transfer_kind_names[];

/* What the transfers of one batch add to the accounts: the engine's totals. Zeroed is empty. */
#define LEDGER_TOTALS_MAX 64 /* accounts and currencies in one batch; more: written at once */
struct ledger_totals {
	size_t count;
	struct ledger_total {
		enum account account;
		const struct currency *currency;
		int64_t debits_minor, credits_minor;
	} rows[LEDGER_TOTALS_MAX];
};

/* Sends the transfers of one event and adds them to the totals. */
void ledger_write(struct db *db, struct ledger_totals *totals, int64_t seq,
                  const struct payment *payment, const struct transfer *transfers, size_t count);
/* Sends the totals: struct ledger_totals. */
void ledger_write_totals(struct db *db, const void *totals);

/* A stored transfer. Texts are borrowed from the row. */
struct transfer_row {
	int64_t transfer_key, payment_key;
	struct text payment_id, order_id;
	struct text kind, debit_account, credit_account;
	const struct currency *currency;
	int64_t amount_minor, created_us;
};
must_use bool transfer_from_row(const struct db_row *row, struct transfer_row *ret_transfer);
/* Newest first, behind before_key. */
void ledger_send_page(struct db *db, int64_t before_key, int64_t count, db_row_fn *row, void *arg);
/* Those of one payment: found by way of its order's events. */
void ledger_send_of_payment(struct db *db, int64_t payment_key, int64_t before_key, int64_t count,
                            db_row_fn *row, void *arg);

/* The events of the payment's order up to its own last one, also those of the order's other
 * payments, oldest first: a row for each of an event's transfers, or one without. After the columns
 * of a transfer (no transfer_key: there is none) stand the event's. */
#define LEDGER_SEQ_COLUMN 10
#define LEDGER_LINE_COLUMN 11
void ledger_send_timeline(struct db *db, int64_t payment_key, db_row_fn *row, void *arg);

struct account_row {
	struct text account; /* TEXT_NONE: all of the currency */
	const struct currency *currency;
	int64_t debits_minor, credits_minor;
};
must_use bool account_from_row(const struct db_row *row, struct account_row *ret_account);
/* All of them, by currency, then account. */
void ledger_send_accounts(struct db *db, db_row_fn *row, void *arg);
/* What they add up to, by currency: the trial balance. */
void ledger_send_trial(struct db *db, db_row_fn *row, void *arg);

#endif
