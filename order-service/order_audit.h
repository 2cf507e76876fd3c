/* order_audit.h - what an audit checks of orders. */
#ifndef ORDER_ORDER_AUDIT_H
#define ORDER_ORDER_AUDIT_H

#include "storage/audit.h"

/* The journal's chain; each order against the event that its last_event_seq names; each order event
 * against its order. */
must_use enum db_result order_audit(struct audit *audit, struct db *db, const char *source);

#endif
