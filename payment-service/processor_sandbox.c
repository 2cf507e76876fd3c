/* processor_sandbox.c - decides by the payment method, so that every outcome can be tried. Pure: it
 * keeps nothing, so a query says what the row of the method says, whether there was a call or not,
 * and a call with a reference that it had before says what it said then.
 */
#include "processor.h"

#include <string.h>

/* Shorter than a caller waits (PROCESSOR_TIMEOUT), and longer than the way to the first answer. */
#define SLOW_US US_PER_S
#define AGAIN_US (500 * US_PER_MS)

/* A call here takes effect at once or never, so that any time would be right. This one lets the
 * ordinary schedule show both sides of it within two minutes: what is unknown is sent again after
 * 10 s and 30 s, and given up after 2 m. */
#define FINAL_AFTER_US (60 * US_PER_S)

/* What comes of a call, in its order, and what a query says about it. VERDICT_OPEN is no answer; as
 * the truth: there is no such reference. */
struct behaviour {
	struct {
		enum verdict verdict;
		int64_t after_us;
	} says[PROCESSOR_ANSWERS_MAX];
	enum verdict truth;
	const char *decline_code;
};

#define DECLINES(code) \
	&(const struct behaviour) \
	{ \
		{{VERDICT_DECLINED}}, VERDICT_DECLINED, code \
	}

static const struct behaviour approves = {{{VERDICT_APPROVED}}, VERDICT_APPROVED};
static const struct behaviour approves_slowly = {{{VERDICT_APPROVED, SLOW_US}}, VERDICT_APPROVED};
static const struct behaviour approves_twice = {{{VERDICT_APPROVED}, {VERDICT_APPROVED, AGAIN_US}},
                                                VERDICT_APPROVED};
static const struct behaviour approves_silently = {.truth = VERDICT_APPROVED};
static const struct behaviour declines_silently = {.truth = VERDICT_DECLINED,
                                                   .decline_code = "declined"};
static const struct behaviour declines_at_first = {
	{{VERDICT_DECLINED}, {VERDICT_APPROVED, SLOW_US}}, VERDICT_APPROVED, "declined"};
static const struct behaviour is_unreachable = {{{VERDICT_UNREACHABLE}}, VERDICT_OPEN};

/* Captures, voids and refunds of a method whose authorization is never approved cannot come; they
 * would be approved. */
static const struct method {
	const char *name;
	bool in_process;
	const struct behaviour *authorize, *capture, *void_, *refund;
} methods[] = {
	{"pm_success", true, &approves, &approves, &approves, &approves},
	{"pm_declined", true, DECLINES("declined"), &approves, &approves, &approves},
	{"pm_insufficient_funds", true, DECLINES("insufficient_funds"), &approves, &approves,
         &approves},
	{"pm_expired_card", true, DECLINES("expired_card"), &approves, &approves, &approves},
	{"pm_timeout", false, &approves_silently, &approves_silently, &approves_silently,
         &approves_silently},
	{"pm_timeout_declined", false, &declines_silently, &approves, &approves, &approves},
	/* Only the authorization's answer is lost; pm_timeout answers none of them. */
	{"pm_lost_answer", false, &approves_silently, &approves, &approves, &approves},
	{"pm_slow", false, &approves_slowly, &approves_slowly, &approves_slowly, &approves_slowly},
	{"pm_duplicate_answer", false, &approves_twice, &approves_twice, &approves_twice,
         &approves_twice},
	{"pm_late_approval", false, &declines_at_first, &approves, &approves, &approves},
	{"pm_refund_fails", false, &approves, &approves, &approves, DECLINES("refund_failed")},
	{"pm_refund_timeout", false, &approves, &approves, &approves, &approves_silently},
	{"pm_unreachable", false, &is_unreachable, &approves, &approves, &approves},
};

/* The first where it is left out; NULL: there is no such method. */
static const struct method *find_method(struct text payment_method)
{
	if (payment_method.len == 0)
		return &methods[0];
	for (size_t i = 0; i < ARRAY_LEN(methods); i++)
		if (text_is(payment_method, methods[i].name))
			return &methods[i];
	return NULL;
}

static bool knows_method(struct text payment_method)
{
	return find_method(payment_method) != NULL;
}

/* Payments are stored with methods that it knows. */
static const struct method *get_method(const struct processor_request *request)
{
	const struct method *method = find_method(request->payment_method);

	ensure(method != NULL);
	return method;
}

static const struct behaviour *get_behaviour(const struct processor_request *request)
{
	const struct method *method = get_method(request);
	const struct behaviour *const behaviours[OPERATION_COUNT] = {
		[OPERATION_AUTHORIZE] = method->authorize, [OPERATION_CAPTURE] = method->capture,
		[OPERATION_VOID] = method->void_,          [OPERATION_REFUND] = method->refund,
		[OPERATION_REVERSE] = method->void_,
	};

	return behaviours[request->operation];
}

/* Its own id is ours with its own prefix, so that the same call has the same id; in the process
 * only the prefix (struct decision). */
static struct decision decide(const struct processor_request *request, enum verdict verdict,
                              const char *decline_code)
{
	struct decision decision = {.verdict = verdict};

	if (verdict == VERDICT_DECLINED)
		decision.decline_code = text_of(decline_code);
	if (verdict == VERDICT_UNREACHABLE)
		return decision;
	text_copy(TEXT_LITERAL("sbx_"), decision.reference, ID_SIZE);
	if (request->reference == NULL)
		return decision;
	ensure(strlen(request->reference) == ID_SIZE - 1);
	text_copy(text_of(request->reference + ID_PREFIX_CHARS),
	          decision.reference + ID_PREFIX_CHARS, ULID_CHARS + 1);
	return decision;
}

static bool in_process(const struct processor_request *request, struct decision *ret_decision)
{
	const struct behaviour *behaviour = get_behaviour(request);

	if (!get_method(request)->in_process)
		return false;
	*ret_decision = decide(request, behaviour->truth, behaviour->decline_code);
	return true;
}

static size_t call(const struct processor_request *request,
                   struct processor_answer ret_answers[PROCESSOR_ANSWERS_MAX])
{
	const struct behaviour *behaviour = get_behaviour(request);
	size_t count = 0;

	for (; count < PROCESSOR_ANSWERS_MAX; count++) {
		enum verdict verdict = behaviour->says[count].verdict;

		if (verdict == VERDICT_OPEN)
			break;
		ret_answers[count] = (struct processor_answer){
			.said = PROCESSOR_DECIDED,
			.after_us = behaviour->says[count].after_us,
			.decision = decide(request, verdict, behaviour->decline_code),
		};
	}
	return count;
}

static size_t query(const struct processor_request *request,
                    struct processor_answer ret_answers[PROCESSOR_ANSWERS_MAX])
{
	const struct behaviour *behaviour = get_behaviour(request);

	if (behaviour->truth == VERDICT_OPEN)
		ret_answers[0] = (struct processor_answer){.said = PROCESSOR_KNOWS_IT_NOT};
	else
		ret_answers[0] = (struct processor_answer){
			.said = PROCESSOR_DECIDED,
			.decision = decide(request, behaviour->truth, behaviour->decline_code)};
	return 1;
}

const struct processor processor_sandbox = {
	.name = "sandbox",
	.final_after_us = FINAL_AFTER_US,
	.knows_method = knows_method,
	.methods = "must be pm_success, pm_declined, pm_insufficient_funds, pm_expired_card, "
		   "pm_timeout, pm_timeout_declined, pm_lost_answer, pm_slow, pm_duplicate_answer, "
		   "pm_late_approval, pm_refund_fails, pm_refund_timeout or pm_unreachable",
	.in_process = in_process,
	.authorize = call,
	.capture = call,
	.void_ = call,
	.refund = call,
	.query = query,
};
