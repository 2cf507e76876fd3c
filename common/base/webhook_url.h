/* webhook_url.h - the URLs that webhooks may be delivered to, as far as their text tells. Where a
 * name leads to is judged when it is resolved, at each delivery. Pure. */
#ifndef BASE_WEBHOOK_URL_H
#define BASE_WEBHOOK_URL_H

#include "base/text.h"

/* What is wrong with it, as "must ...", static; NULL: nothing. allow_private also permits http, and
 * hosts that not everybody can reach. */
const char *webhook_url_fault(struct text url, bool allow_private);

/* The URL without its query. */
struct text webhook_url_plain(struct text url);

#endif
