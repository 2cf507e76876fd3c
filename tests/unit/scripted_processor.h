/* scripted_processor.h - a processor that says what the test wants, and keeps what it heard. */
#ifndef UNIT_SCRIPTED_PROCESSOR_H
#define UNIT_SCRIPTED_PROCESSOR_H

#include "payment-service/processor.h"

#define SCRIPTED_HEARD_MAX 512
#define SCRIPTED_AMOUNT_MINOR 1099 /* of each request, or the test fails */
#define SCRIPTED_FINAL_AFTER_US (60 * US_PER_S)

struct script {
	size_t count;
	struct processor_answer answers[PROCESSOR_ANSWERS_MAX];
};

/* later: a second after the call; later twice: and another second after that; late: declines at
 * first. */
extern const struct script script_silence, script_approves, script_declines, script_unreachable,
	script_knows_it_not, script_approves_and_later, script_approves_later_twice,
	script_approves_late;

/* What it says next, and how much it has heard: the test's to change. */
extern struct scripted {
	const struct script *authorize, *void_, *query;
	size_t heard_count;
	struct heard {
		char what; /* a, v or q */
		char reference[ID_SIZE];
	} heard[SCRIPTED_HEARD_MAX];
	char void_reference[ID_SIZE]; /* "": there was none yet */
} scripted;

extern const struct processor scripted_processor;

/* Fails the test where something else was heard since the last time, one letter each, or it was
 * about another reference. */
void scripted_check_heard(const char *want, const char *reference);

#endif
