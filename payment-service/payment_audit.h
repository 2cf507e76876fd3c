/* payment_audit.h - what an audit checks of payments. */
#ifndef PAYMENT_PAYMENT_AUDIT_H
#define PAYMENT_PAYMENT_AUDIT_H

#include "storage/audit.h"

/* The journal's chain; each payment against its event and its order; each order against its
 * payments and its hash; each event against its payment. */
must_use enum db_result payment_audit(struct audit *audit, const struct store *store);

#endif
