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

/* Reads a row of any statement here. Texts are borrowed from the row. False: it holds what no
 * service writes; then only order_seq, order_id and last_event_seq are read. */
must_use bool order_from_row(const struct db_row *row, struct order *ret_order);
/* Copies the order's texts into kept, and borrows them from there. Without memory kept is full. */
void order_keep(struct order *order, struct buf *kept);

void order_send_by_id(struct db *db, uint64_t order_hash, struct text order_id, db_row_fn *row,
                      void *arg);
/* Sends `count` orders accepted before before_seq, newest first. */
void order_send_page(struct db *db, int64_t before_seq, int64_t count, db_row_fn *row, void *arg);
/* Sends the lines of an order's events up to its last, oldest first. */
void order_send_lines(struct db *db, int64_t last_event_seq, db_row_fn *row, void *arg);
/* Sends order_hash and order_id of `count` pending orders whose end has come, the longest overdue
 * first. */
void order_send_due(struct db *db, int64_t now_us, int64_t count, db_row_fn *row, void *arg);
/* Sends when the next end comes after now, NULL for never. */
void order_send_next_end(struct db *db, int64_t now_us, db_row_fn *row, void *arg);

/* For audits: the rows of `count` orders from after an order_seq on, each once for each of its
 * events in the order of seq, with more columns: its order_hash, the event's number, what it is
 * linked to and its line; the sums of its payments, and
 * how many there are. */
extern const struct statement orders_with_events; /* $1 order_seq, $2 count */
enum {
	ORDER_HASH_COLUMN = 19,
	ORDER_EVENT_COLUMN,
	ORDER_LINK_COLUMN,
	ORDER_LINE_COLUMN,
	ORDER_PAID_COLUMN,
	ORDER_AUTHORIZED_COLUMN,
	ORDER_REFUNDED_COLUMN,
	ORDER_PAYMENTS_COLUMN,
};

void order_write_new(struct db *db, const struct order *order, uint64_t order_hash);
/* All that a command may change, but for the texts that a redaction empties. */
void order_write_changed(struct db *db, const struct order *order);
/* The free texts go; items are as the order has them. */
void order_write_redacted(struct db *db, const struct order *order);

/* What the orders of one batch add to the counts: the engine's totals. */
struct order_totals {
	int64_t states[ORDER_STATES];
	int64_t overpaid;
};
void order_write_totals(struct db *db, const void *totals);
/* Sends the counts: name and how many. */
void order_send_counts(struct db *db, db_row_fn *row, void *arg);
/* And how many rows there are. */
void order_send_count_check(struct db *db, db_row_fn *row, void *arg);

#endif
