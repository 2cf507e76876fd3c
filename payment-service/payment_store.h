/* payment_store.h - payments in the database. order_seq is the seq of the first event about the
 * order. */
#ifndef PAYMENT_PAYMENT_STORE_H
#define PAYMENT_PAYMENT_STORE_H

#include "payment.h"
#include "storage/db.h"
#include "storage/store.h"

extern const struct migration payment_migrations[];
extern const size_t payment_migrations_count;

extern const char *const payment_status_names[];
extern const char *const capture_names[];

/* Reads a row whose columns are those of every statement here that gives payments. Texts are
 * borrowed from the row. */
void payment_from_row(const struct db_row *row, struct payment *ret_payment);

/* Sends what finds the order and its payments, in any order: order_row gets rows that
 * payment_from_order_row reads. */
void payment_send_order(struct db *db, uint64_t order_hash, struct text order_id, db_row_fn *row,
                        void *arg);
/* The order's own columns of such a row; false: the order has no payment in it. */
bool payment_from_order_row(const struct db_row *row, int64_t *ret_order_seq,
                            int64_t *ret_last_event_seq, struct payment *ret_payment);

/* Each sends what gives rows for payment_from_row; lists are newest first and begin behind
 * before_id. */
void payment_send_by_id(struct db *db, struct text payment_id, db_row_fn *row, void *arg);
void payment_send_page(struct db *db, struct text before_id, int64_t count, db_row_fn *row,
                       void *arg);
void payment_send_of_order(struct db *db, uint64_t order_hash, struct text order_id,
                           struct text before_id, int64_t count, db_row_fn *row, void *arg);

/* For audits: `count` rows from after a payment_key on, also of payments without an order (order_id
 * is ""), with more columns: of its last event the line and order_prev_seq, and the last_event_seq
 * of the payment whose key is one less. */
extern const struct statement payments_with_events; /* $1 payment_key, $2 count */
#define PAYMENT_LINE_COLUMN 18
#define PAYMENT_LINK_COLUMN 19
#define PAYMENT_BEFORE_COLUMN 20

/* Sends a new order row; or moves its last_event_seq on. */
void payment_write_order_new(struct db *db, int64_t order_seq, uint64_t order_hash,
                             struct text order_id);
void payment_write_order_event(struct db *db, int64_t order_seq, int64_t last_event_seq);
void payment_write_new(struct db *db, const struct payment *payment);

#endif
