/* payment_rows.h - a store with the payment service's tables, and rows to put into it. */
#ifndef UNIT_PAYMENT_ROWS_H
#define UNIT_PAYMENT_ROWS_H

#include "payment-service/payment_store.h"
#include "unit/store_fixture.h"

#define STORE_FILE "store.db"
#define ORDER_SEQ 1
#define ORDER_HASH UINT64_C(0xFEDCBA9876543210) /* negative as SQL's signed number */

/* fixture_path(STORE_FILE); must succeed. */
struct store payments_store(void);

/* A captured payment of 10.99 USD, number `number` of the order ORDER_SEQ ("o-7"). */
struct payment sample_payment(int64_t number);
/* A refund of 1.00 that succeeded, number `number` of the payment. */
struct refund sample_refund(const struct payment *payment, int64_t number);

/* The order, committed. */
void rows_add_order(struct db *db);
/* The payment, committed; where only a later event can have made it so, by a change. */
void rows_add(struct db *db, const struct payment *payment);
/* Runs a script as the service might, in a transaction that is undone where it fails. */
enum db_result rows_try(struct db *db, const char *sql);
/* Someone with a database tool, whom no CHECK stops. */
void rows_damage(const char *sql);

void rows_commit(struct db *db);

#endif
