/* known_order_store.h - orders as payments know them, and the payments that are to be given back,
 * in the database. order_seq counts the orders. */
#ifndef PAYMENT_KNOWN_ORDER_STORE_H
#define PAYMENT_KNOWN_ORDER_STORE_H

#include "payment.h"
#include "storage/db.h"
#include "storage/hash_index.h"
#include "storage/journal.h"

/* Loaded before an order is looked for or written. */
extern struct hash_index paid_order_index;

extern const char *const order_end_names[];

/* The order that a payment belongs to. */
struct order_place {
	int64_t order_seq; /* 0: it is not there */
	uint64_t order_hash;
	int64_t last_event_seq; /* of its payments; 0: none yet */
	struct order_heard heard;
	int64_t excess_minor; /* claimed above the total when that became known */
	struct cause cause;   /* why payments of it go back; seq 0: none did or does */
};

/* What known_order_from_row reads, of orders o, from the given column on. */
#define ORDER_COLUMNS \
	"o.order_seq, o.order_hash, o.last_event_seq, o.currency, o.total_minor, o.expires_us, " \
	"o.ended, o.excess_minor, o.cause_source, o.cause_seq, o.cause_hash"
#define ORDER_COLUMNS_COUNT 11

/* False, with all that can be read: the row holds what no service writes; only an audit goes on
 * then. */
must_use bool known_order_from_row(const struct db_row *row, int column,
                                   struct order_place *ret_place);

/* Makes the row of an order that is not there, and sets place->order_seq; its hash is set.
 * last_event_seq: 0 before the first event about a payment of it. */
void known_order_write_new(struct db *db, struct order_place *place, struct text order_id,
                           int64_t last_event_seq);
void known_order_write_event(struct db *db, int64_t order_seq, int64_t last_event_seq);
/* What was heard; place is borrowed until db_flush. */
void known_order_write_heard(struct db *db, const struct order_place *place);

/* Payments that are to be given back: each is tried at next_us, and at the ages of the contract's
 * schedule, counted from since_us, until nothing of it is kept. A new row is due at once, and
 * keeps the traceparent (or TEXT_NONE) of why; one that is there stays as it is. */
void return_write_new(struct db *db, int64_t payment_key, int64_t now_us, struct text traceparent);
/* Each of these where there is such a row. It can be tried now, as never before; it was tried
 * (next_us INT64_MAX: for the last time); nothing is kept any more. */
void return_write_due(struct db *db, int64_t payment_key, int64_t now_us);
void return_write_tried(struct db *db, int64_t payment_key, int64_t next_us);
void return_write_end(struct db *db, int64_t payment_key);

/* Rows of those that are due, the longest due first. */
enum { RETURN_PAYMENT_KEY, RETURN_PAYMENT_ID, RETURN_SINCE, RETURN_TRACEPARENT };
void return_send_due(struct db *db, int64_t now_us, int64_t count, db_row_fn *row, void *arg);
/* One row: when the next one becomes due (NULL: none), how many are stuck. */
void return_send_state(struct db *db, db_row_fn *row, void *arg);

#endif
