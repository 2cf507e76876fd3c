/* payment_store.h - payments and refunds in the database. Their orders: known_order_store.h; the
 * ledger: ledger.h; what is open at the processor: intent.h. */
#ifndef PAYMENT_PAYMENT_STORE_H
#define PAYMENT_PAYMENT_STORE_H

#include "known_order_store.h"
#include "storage/store.h"

extern const struct migration payment_migrations[];
extern const size_t payment_migrations_count;

extern const char *const payment_status_names[];
extern const char *const refund_status_names[];
extern const char *const capture_names[];

/* What payment_from_row reads, of payments p and orders o; for an audit's own statements. */
#define PAYMENT_COLUMNS \
	"p.payment_key, p.payment_id, o.order_id, p.amount_minor, p.currency, p.payment_status, " \
	"p.captured_minor, p.refunded_minor, p.refund_pending_minor, p.refunds_count, p.capture, " \
	"p.pending_operation, p.pending_minor, p.intent_key, p.is_reversed, p.has_key, " \
	"p.payment_method, p.processor, p.processor_reference, p.decline_code, p.description, " \
	"p.metadata, p.resolve_reason, p.created_us, p.updated_us, p.last_event_seq"
#define PAYMENT_COLUMNS_COUNT 26

/* Reads a row whose columns begin with those of every statement here that gives payments. Texts are
 * borrowed from the row. False, with all that can be read: the row holds what no service writes
 * (an unknown currency or status, amounts that do not fit together); only an audit goes on then. */
must_use bool payment_from_row(const struct db_row *row, struct payment *ret_payment);
/* The order's columns of any row that a statement here gives. */
void payment_place_from_row(const struct db_row *row, struct order_place *ret_place);
/* Copies the payment's texts into `kept`, which was empty, and borrows them from there. Where
 * `kept` is full afterwards, they are absent. */
void payment_keep(struct payment *payment, struct buf *kept);

/* Sends what finds the order and its payments, in any order. A row without a payment (the order has
 * none) is told by payment_row_is_empty. */
void payment_send_order(struct db *db, uint64_t order_hash, struct text order_id, db_row_fn *row,
                        void *arg);
bool payment_row_is_empty(const struct db_row *row);

/* Each sends what gives rows for payment_from_row; lists are newest first and begin behind
 * before_id. */
void payment_send_by_id(struct db *db, struct text payment_id, db_row_fn *row, void *arg);
void payment_send_page(struct db *db, struct text before_id, int64_t count, db_row_fn *row,
                       void *arg);
void payment_send_of_order(struct db *db, uint64_t order_hash, struct text order_id,
                           struct text before_id, int64_t count, db_row_fn *row, void *arg);

/* Nothing is refunded, pending, reversed or resolved yet. */
void payment_write_new(struct db *db, const struct payment *payment);
/* Everything that may change; of the texts decline_code and resolve_reason. */
void payment_write_change(struct db *db, const struct payment *payment);
/* Empties the free texts of the payment and of its refunds, and the refunds' stored answers. */
void payment_write_redacted(struct db *db, int64_t payment_key);

/* Refunds, likewise (refunds r). currency and order_id come from the refund's payment. */
#define REFUND_COLUMNS \
	"r.refund_key, r.refund_id, p.payment_id, o.order_id, p.currency, r.amount_minor, " \
	"r.refund_status, r.reason, r.decline_code, r.processor_reference, r.created_us, " \
	"r.updated_us, r.last_event_seq, r.intent_key"
#define REFUND_COLUMNS_COUNT 14
must_use bool refund_from_row(const struct db_row *row, struct refund *ret_refund);
/* Rows of currency, amount_minor and created_us: those that were made again and did not fail. */
void refund_send_made_again(struct db *db, struct text payment_id, db_row_fn *row, void *arg);
void refund_send_by_id(struct db *db, struct text refund_id, db_row_fn *row, void *arg);
/* Those of a payment, newest first, behind before_key. */
void refund_send_of_payment(struct db *db, int64_t payment_key, int64_t before_key, int64_t count,
                            db_row_fn *row, void *arg);
void refund_write_new(struct db *db, const struct refund *refund);
void refund_write_change(struct db *db, const struct refund *refund);

#endif
