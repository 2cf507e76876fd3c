/* consult.h - one consultation of the processor about one intent: whether it is called or asked,
 * which of its answers count, and when to ask next. Keeps only the counters of its metric.
 *
 * Never a second charge while one is unknown: an intent is called once by the process that wrote
 * it, and asked for from then on. It is sent again, always with the same reference, only where the
 * processor says that it has no such thing. */
#ifndef PAYMENT_CONSULT_H
#define PAYMENT_CONSULT_H

#include "intent.h"
#include "processor.h"

void consult_register_metrics(void);

/* Calls or asks the processor. is_new: no process can have called it before. Returns how many
 * answers are the processor's word on the intent; 0: it stays open, and is asked for again at
 * consult_next_us. */
size_t consult(const struct processor *processor, const struct intent *intent, bool is_new,
               int64_t now_us, struct processor_answer ret_answers[PROCESSOR_ANSWERS_MAX]);
/* Only asks, of what is no intent of this store, and gives all that it says. */
size_t consult_ask(const struct processor *processor, const struct intent *intent,
                   struct processor_answer ret_answers[PROCESSOR_ANSWERS_MAX]);
/* INT64_MAX: never, a person is needed. */
int64_t consult_next_us(int64_t created_us, int64_t now_us);

#endif
