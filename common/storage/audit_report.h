/* audit_report.h - a whole audit of one store, and its report as lines and as JSON. */
#ifndef STORAGE_AUDIT_REPORT_H
#define STORAGE_AUDIT_REPORT_H

#include "storage/audit.h"

#define AUDIT_REPORT_BYTES_MAX (256 * 1024) /* all findings that are kept, and far more */

/* The service's part of an audit: states against events. */
typedef enum db_result audit_part_fn(struct audit *audit, const struct store *store);

/* All checks: storage, idempotency keys, the service's. That it could not finish is a finding too
 * ("audit"). */
void audit_all(struct audit *audit, const struct store *store, audit_part_fn *part);
/* One line a finding, "CHECK: WHERE: DETAIL", one for what is stuck, and one that sums up. */
void audit_print(const struct audit *audit, struct buf *out);
/* One JSON object. service and source are the store's. */
void audit_render(const struct audit *audit, const char *service, const char *source,
                  struct buf *out);

#endif
