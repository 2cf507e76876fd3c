/* payments.h - payments and what can be done to them, shortly. One thread. */
#ifndef E2E_PAYMENTS_H
#define E2E_PAYMENTS_H

#include "e2e/pair.h"

#define PAYMENT_PATH_SIZE 128

/* Sends POST /pay with order_id, amount 10.00 and these further members ("" or "'capture':'manual'"
 * and the like), with a key of its own, and gives the payment's path, "/payments/pay_...". */
void pay_new(const char *order_id, const char *members, int status,
             char ret_path[PAYMENT_PATH_SIZE]);
/* POST below the payment's path: "capture", "refunds?dry_run=true", ... body NULL is "{}". */
void pay_do(const char *path, const char *call, const char *header, const char *body, int status);
/* GET of the payment: its answer holds each text of the list, which NULL ends. */
void pay_check(const char *path, const char *const *texts);
/* The journal's head. */
int64_t pay_head(void);
/* The balance of an account in the ledger, as it is printed; "0" where it has none. */
const char *pay_balance(const char *account, const char *currency);

#endif
