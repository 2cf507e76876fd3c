/* order_store.h - orders in the database. */
#ifndef ORDER_ORDER_STORE_H
#define ORDER_ORDER_STORE_H

#include "order.h"
#include "storage/hash_index.h"
#include "storage/store.h"

extern const struct migration order_migrations[];
extern const size_t order_migrations_count;

extern const char *const order_status_names[];
extern const char *const order_state_names[];

/* Loaded before an order is looked for or written. */
extern struct hash_index order_index;

/* Reads a row of any statement here. Texts are borrowed from the row. */
void order_from_row(const struct db_row *row, struct order *ret_order);

void order_send_by_id(struct db *db, uint64_t order_hash, struct text order_id, db_row_fn *row,
                      void *arg);
/* Sends `count` orders accepted before before_seq, newest first. */
void order_send_page(struct db *db, int64_t before_seq, int64_t count, db_row_fn *row, void *arg);
/* For audits: `count` rows from after an order_seq on, with more columns: of its last event the
 * line and order_prev_seq, its order_hash, and of its first event the line. */
extern const struct statement orders_with_events; /* $1 order_seq, $2 count */
#define ORDER_LINE_COLUMN 14
#define ORDER_LINK_COLUMN 15
#define ORDER_HASH_COLUMN 16
#define ORDER_FIRST_LINE_COLUMN 17

void order_write_new(struct db *db, const struct order *order, uint64_t order_hash);
/* The free texts go; items are as the order has them. */
void order_write_redacted(struct db *db, const struct order *order);

#endif
