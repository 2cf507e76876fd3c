/* reconcile_read.h - reads orders and payments from the two services' HTTP APIs, one request after
 * another. With reconcile_compare.h this is the one place outside the services that knows the names
 * of their members. One thread. */
#ifndef WEB_RECONCILE_READ_H
#define WEB_RECONCILE_READ_H

#include "runtime/fetch.h"
#include "web/reconcile_compare.h"

#define RECONCILE_PAGE_ROWS 100 /* the most that a list gives */
#define RECONCILE_CURSOR_SIZE 128

struct reconcile_reader {
	const char *order_url, *payment_url; /* of the services; borrowed */
	struct fetcher *fetcher;
	struct fetch *fetch;
	struct buf body;
	struct buf *why; /* borrowed; what could not be read, and why */
};

/* access is borrowed. False, with why: no memory. Release it in any case. */
must_use bool reconcile_reader_init(struct reconcile_reader *reader, struct peer_access *access,
                                    struct buf *why);
void reconcile_reader_release(struct reconcile_reader *reader);

/* Where a walk along a list is; zeroed before the first page. */
struct reconcile_walk {
	char after[RECONCILE_CURSOR_SIZE]; /* "": from the newest */
	bool is_over;
};

/* Each gives the next page. False: it could not be read, and why says so. */
must_use bool reconcile_read_orders(struct reconcile_reader *reader, struct reconcile_walk *walk,
                                    struct reconciled_order ret_orders[RECONCILE_PAGE_ROWS],
                                    size_t *ret_count);
/* order_id NULL: of all orders. */
must_use bool reconcile_read_payments(struct reconcile_reader *reader, struct reconcile_walk *walk,
                                      const char *order_id,
                                      struct reconciled_payment ret_payments[RECONCILE_PAGE_ROWS],
                                      size_t *ret_count);
/* *ret_found: there is such an order. */
must_use bool reconcile_read_order(struct reconcile_reader *reader, const char *order_id,
                                   struct reconciled_order *ret_order, bool *ret_found);

#endif
