/* payment_fields.h - how payments and refunds look in an answer and in an event. */
#ifndef PAYMENT_PAYMENT_FIELDS_H
#define PAYMENT_PAYMENT_FIELDS_H

#include "base/field.h"
#include "payment.h"

/* Of struct payment: the whole resource. */
extern const struct field payment_fields[];
/* Of struct refund. */
extern const struct field refund_fields[];

/* What a dry run's answer has more: of struct dry_run. */
struct dry_run_transfer {
	struct text kind, debit_account, credit_account;
	int64_t amount_minor;
	const struct currency *currency;
};
struct dry_run {
	struct dry_run_transfer transfers[TRANSFER_KEYS_PER_EVENT];
	size_t transfers_count;
	bool dry_run;
};
extern const struct field dry_run_fields[];

/* What an event tells (no free text, no customer data): of struct payment, and of struct
 * payment_outcome, a refund's members in front of its payment's. */
extern const struct field payment_event_fields[];
extern const struct field refund_event_fields[];

#endif
