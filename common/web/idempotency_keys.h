/* idempotency_keys.h - what became of an Idempotency-Key, for a caller that lost the answer. Each
 * service has its own row for it, as the scope is the service's. */
#ifndef WEB_IDEMPOTENCY_KEYS_H
#define WEB_IDEMPOTENCY_KEYS_H

#include "web/api.h"

extern const struct field idempotency_key_fields[]; /* of the answer */
bool idempotency_key_is_valid(struct text key);
/* READ: the caller's own key is the path's id. */
enum error idempotency_key_run(struct request *request, struct db *db);

#endif
