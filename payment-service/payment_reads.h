/* payment_reads.h - what the tables of read endpoints share: how lists whose rows have a number as
 * key walk, and the ledger's part. */
#ifndef PAYMENT_PAYMENT_READS_H
#define PAYMENT_PAYMENT_READS_H

#include "payment_store.h"
#include "web/list.h"

/* Positions of such lists are the keys themselves. */
#define LIST_NEWEST_KEY "9223372036854775807"
int64_t list_key(const struct list *list);
void list_key_position(int64_t key, char position[LIST_POSITION_SIZE]);

/* Finds a payment's key; 0: there is no such payment. */
must_use enum db_result payment_find_key(struct db *db, struct text payment_id, int64_t *ret_key);

/* Of struct transfer_row, and of the query of GET /ledger/transfers. */
extern const struct field transfer_fields[];
extern const struct field transfers_query[];

struct transfers_input {
	int64_t limit;
	struct text after;
	struct text payment_id;
	int account;
	int64_t payment_key; /* that payment_id names */
};

enum error accounts_run(struct request *request, struct db *db);
enum error transfers_run(struct request *request, struct db *db);

#endif
