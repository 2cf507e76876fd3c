/* processor.c - which processor is used, and its word on a new payment. */
#include "processor.h"

static const struct processor *used = &processor_sandbox;

const struct processor *processor_get(void)
{
	return used;
}

void processor_use(const struct processor *processor)
{
	used = processor;
}

bool processor_decide_pay(struct pay_command *command)
{
	const struct processor_request request = {.operation = OPERATION_AUTHORIZE,
	                                          .currency = command->currency,
	                                          .amount_minor = command->amount_minor,
	                                          .capture = command->capture,
	                                          .payment_method = command->payment_method};

	if (!used->knows_method(command->payment_method))
		return false;
	command->processor = text_of(used->name);
	if (!used->in_process(&request, &command->decision))
		command->decision = (struct decision){.verdict = VERDICT_OPEN};
	return true;
}
