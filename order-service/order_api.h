/* order_api.h - the order service's endpoint table. */
#ifndef ORDER_ORDER_API_H
#define ORDER_ORDER_API_H

#include "web/api.h"

extern const struct endpoint order_endpoints[]; /* ends with a row whose method is NULL */

#endif
