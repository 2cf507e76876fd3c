/* scripted_processor.c - see scripted_processor.h. */
#include "unit/scripted_processor.h"

#include "unit/unit.h"

#define SAYS(verdict_, after_us_) \
	{ \
		.after_us = (after_us_), .decision = {.verdict = (verdict_) } \
	}
#define DECLINES \
	{ \
		.decision = { \
			.verdict = VERDICT_DECLINED, \
			.decline_code = TEXT_LITERAL("declined") \
		} \
	}

const struct script script_silence = {0};
const struct script script_approves = {1, {SAYS(VERDICT_APPROVED, 0)}};
const struct script script_declines = {1, {DECLINES}};
const struct script script_unreachable = {1, {SAYS(VERDICT_UNREACHABLE, 0)}};
const struct script script_knows_it_not = {1, {{.said = PROCESSOR_KNOWS_IT_NOT}}};
const struct script script_approves_and_later = {
	2, {SAYS(VERDICT_APPROVED, 0), SAYS(VERDICT_APPROVED, US_PER_S)}};
const struct script script_approves_later_twice = {
	2, {SAYS(VERDICT_APPROVED, US_PER_S), SAYS(VERDICT_APPROVED, 2 * US_PER_S)}};
const struct script script_approves_late = {2, {DECLINES, SAYS(VERDICT_APPROVED, US_PER_S)}};

struct scripted scripted;

static size_t hear(char what, const struct processor_request *request, const struct script *script,
                   struct processor_answer *answers)
{
	struct heard *heard = &scripted.heard[scripted.heard_count++];

	ck_assert_uint_le(scripted.heard_count, SCRIPTED_HEARD_MAX);
	heard->what = what;
	text_copy(text_of(request->reference), heard->reference, ID_SIZE);
	ck_assert_int_eq(request->amount_minor, SCRIPTED_AMOUNT_MINOR);
	for (size_t i = 0; i < script->count; i++)
		answers[i] = script->answers[i];
	return script->count;
}

static size_t authorize(const struct processor_request *request, struct processor_answer *answers)
{
	ck_assert_int_eq(request->operation, OPERATION_AUTHORIZE);
	return hear('a', request, scripted.authorize, answers);
}

static size_t void_(const struct processor_request *request, struct processor_answer *answers)
{
	ck_assert_int_eq(request->operation, OPERATION_REVERSE);
	return hear('v', request, scripted.void_, answers);
}

static size_t query(const struct processor_request *request, struct processor_answer *answers)
{
	return hear('q', request, scripted.query, answers);
}

const struct processor scripted_processor = {.name = "scripted",
                                             .final_after_us = SCRIPTED_FINAL_AFTER_US,
                                             .authorize = authorize,
                                             .void_ = void_,
                                             .query = query};

/* A void has an id of its own, the same each time; what is asked after it is about it. */
static void check_reference(const struct heard *heard, const char *reference)
{
	if (heard->what == 'v' && scripted.void_reference[0] == '\0') {
		ck_assert_int_eq(strncmp(heard->reference, "evt_", ID_PREFIX_CHARS), 0);
		text_copy(text_of(heard->reference), scripted.void_reference, ID_SIZE);
	}
	if (scripted.void_reference[0] != '\0')
		reference = scripted.void_reference;
	ck_assert_str_eq(heard->reference, reference);
}

void scripted_check_heard(const char *want, const char *reference)
{
	char heard[SCRIPTED_HEARD_MAX + 1] = "";

	for (size_t i = 0; i < scripted.heard_count; i++) {
		heard[i] = scripted.heard[i].what;
		check_reference(&scripted.heard[i], reference);
	}
	ck_assert_str_eq(heard, want);
	scripted.heard_count = 0;
}
