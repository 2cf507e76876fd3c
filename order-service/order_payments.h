/* order_payments.h - what is known of the payments of orders: read from the payment service's
 * events, and kept in the database. */
#ifndef ORDER_ORDER_PAYMENTS_H
#define ORDER_ORDER_PAYMENTS_H

#include "base/json.h"
#include "order.h"
#include "storage/db.h"

extern const char *const paid_status_names[];
extern const char *const paid_capture_names[]; /* when the money is taken */

enum paid_event_fault {
	PAID_EVENT_OK,
	PAID_EVENT_OTHER,     /* of a type that tells nothing of a payment: to be skipped */
	PAID_EVENT_MALFORMED, /* *ret_why (static) says what is wrong */
};

/* Reads an event of the payment service: line as received, doc parsed from it, which the command
 * borrows line from alone. sip_key is the store's. */
must_use enum paid_event_fault order_payment_from_event(struct text line,
                                                        const struct json_doc *doc,
                                                        const uint8_t *sip_key,
                                                        struct order_payment_command *ret_command,
                                                        const char **ret_why);

/* Reads a row of a statement here. False: it holds what no service writes. */
must_use bool order_payment_from_row(const struct db_row *row, struct order_payment *ret_payment);
/* Sends the payments of an order, which need not be there. */
void order_payments_send(struct db *db, uint64_t order_hash, struct text order_id, db_row_fn *row,
                         void *arg);
/* Sends the lines of the events of an order's payments, in the order in which they came. */
void order_payments_send_lines(struct db *db, int64_t order_seq, db_row_fn *row, void *arg);
/* A row function that adds a payment to the struct order_payments that arg is; told_id is set. */
void order_take_payment(void *arg, const struct db_row *row);
/* Stores the payment as the command's event told of it, and the event's line. order_seq 0: its
 * order did not come yet. */
void order_payment_write(struct db *db, const struct order_payment *payment, int64_t order_seq,
                         const struct order_payment_command *command);
/* The payments that came before their order are its own from now on. */
void order_payments_write_order(struct db *db, int64_t order_seq, uint64_t order_hash,
                                struct text order_id);

/* For audits: `count` rows from after a payment_key on, with more columns: order_hash, order_id,
 * whether that is the order of its order_seq, the line of the newest event. */
extern const struct statement order_payments_with_lines; /* $1 payment_key, $2 count */
enum {
	ORDER_PAYMENT_HASH_COLUMN = 9,
	ORDER_PAYMENT_ORDER_COLUMN,
	ORDER_PAYMENT_IS_TIED_COLUMN,
	ORDER_PAYMENT_LINE_COLUMN,
};

#endif
