/* payment_audit.h - what an audit checks of payments (reliability.md, section 2). */
#ifndef PAYMENT_PAYMENT_AUDIT_H
#define PAYMENT_PAYMENT_AUDIT_H

#include "storage/audit.h"

/* The journal's chain; each order with its payments, refunds, events and transfers; then its parts:
 */
must_use enum db_result payment_audit(struct audit *audit, const struct store *store);
/* Each transfer by itself; each account against the sum of its transfers; debits against credits.
 */
must_use enum db_result ledger_audit(struct audit *audit, const struct store *store);
/* Each payment that is to be given back: it is there; what is stuck is noted. */
must_use enum db_result return_audit(struct audit *audit, const struct store *store);
/* Each row of inquiries by itself; what is lost is noted as stuck. */
must_use enum db_result inquiry_audit(struct audit *audit, const struct store *store);
/* Each intent against what waits for it; each idempotency key whose outcome is open. What is stuck
 * is noted. */
must_use enum db_result intent_audit(struct audit *audit, const struct store *store);

#endif
