/* payment_api.h - the payment service's endpoint table. */
#ifndef PAYMENT_PAYMENT_API_H
#define PAYMENT_PAYMENT_API_H

#include "web/api.h"

extern const struct endpoint payment_endpoints[]; /* ends with a row whose method is NULL */

#endif
