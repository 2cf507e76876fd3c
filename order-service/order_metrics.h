/* order_metrics.h - the metrics of orders. */
#ifndef ORDER_ORDER_METRICS_H
#define ORDER_ORDER_METRICS_H

#include "base/currency.h"
#include "storage/db.h"

/* Once a process. */
void order_register_metrics(void);
/* Reads what is told of the store. On the I/O thread. */
void order_read_metrics(struct db *db, const struct currency *default_currency);

#endif
