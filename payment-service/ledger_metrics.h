/* ledger_metrics.h - whether the ledger balances, as a metric. It is read from the accounts each
 * time before it is printed: so it tells of what is stored, also right after a start. */
#ifndef PAYMENT_LEDGER_METRICS_H
#define PAYMENT_LEDGER_METRICS_H

#include "base/currency.h"
#include "storage/db.h"

void ledger_register_metrics(void);
/* Of a currency without any transfer only the default one is told. Of one thread at a time. */
void ledger_read_metrics(struct db *db, const struct currency *default_currency);

#endif
