/* order_api.h - the order service's endpoint tables. */
#ifndef ORDER_ORDER_API_H
#define ORDER_ORDER_API_H

#include "web/api.h"

/* Each ends with a row whose method is NULL. */
extern const struct endpoint order_endpoints[];
extern const struct endpoint order_read_endpoints[];

#endif
