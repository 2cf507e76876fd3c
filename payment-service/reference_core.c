/* reference_core.c - texts that name one thing to be done at the processor, and ids of them
 * (reference.h). An amount is part of each, as one reference never stands for two amounts. */
#include "reference.h"

#include <inttypes.h>
#include <stdio.h>

#define TEXT_SIZE 160 /* an id, a hash, two numbers and a name */

void reference_of_operation(const struct payment *payment, enum operation operation,
                            int64_t amount_minor, char ret_reference[ID_SIZE])
{
	char text[TEXT_SIZE];

	(void)snprintf(text, sizeof(text), "%s %s %" PRId64 " %" PRId64, operation_names[operation],
	               payment->payment_id, payment->last_event_seq, amount_minor);
	id_derive("evt_", payment->payment_id, text_of(text), ret_reference);
}

void reference_of_return(const struct payment *payment, const struct hash *cause,
                         int64_t amount_minor, char ret_refund_id[ID_SIZE])
{
	char text[TEXT_SIZE], cause_hex[HASH_HEX_SIZE];

	hash_to_hex(cause, cause_hex);
	(void)snprintf(text, sizeof(text), "return %s %s %" PRId64 " %" PRId64, payment->payment_id,
	               cause_hex, payment->refunds_count, amount_minor);
	id_derive("ref_", payment->payment_id, text_of(text), ret_refund_id);
}
