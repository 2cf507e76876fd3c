/* processor.h - the part that really moves money. The sandbox decides inside the process; it is the
 * one there is. */
#ifndef PAYMENT_PROCESSOR_H
#define PAYMENT_PROCESSOR_H

#include "payment.h"

/* What the sandbox says to a payment method; absent means the default. False: there is no such
 * method. Pure. */
must_use bool sandbox_authorize(struct text payment_method, struct processor_answer *ret_answer);
/* The names of its methods, for an error's detail: "pm_success, pm_declined, ...". */
extern const char sandbox_methods[];

#endif
