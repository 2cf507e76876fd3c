/* order_audit.h - what an audit checks of orders. */
#ifndef ORDER_ORDER_AUDIT_H
#define ORDER_ORDER_AUDIT_H

#include "storage/audit.h"

/* The journal's chain; each order against its event and its hash; each event against its order. */
must_use enum db_result order_audit(struct audit *audit, const struct store *store);

#endif
