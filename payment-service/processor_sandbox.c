/* processor_sandbox.c - decides by the payment method, so that every outcome can be tried. */
#include "processor.h"

static const struct {
	const char *method;
	const char *decline_code; /* NULL: approved */
} methods[] = {
	{"pm_success", NULL},
	{"pm_declined", "declined"},
	{"pm_insufficient_funds", "insufficient_funds"},
	{"pm_expired_card", "expired_card"},
};

const char sandbox_methods[] =
	"must be pm_success, pm_declined, pm_insufficient_funds or pm_expired_card";

bool sandbox_authorize(struct text payment_method, struct processor_answer *ret_answer)
{
	for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
		if (payment_method.ptr != NULL && !text_is(payment_method, methods[i].method))
			continue;
		*ret_answer = (struct processor_answer){
			.approved = methods[i].decline_code == NULL,
			.decline_code = methods[i].decline_code == NULL
		                                ? TEXT_NONE
		                                : text_of(methods[i].decline_code),
			.processor = TEXT_LITERAL("sandbox"),
		};
		return true;
	}
	return false;
}
