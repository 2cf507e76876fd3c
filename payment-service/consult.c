/* consult.c - one consultation of the processor about one intent. Invariants: (1) everything sent
 * carries the one reference of its intent; (2) after the first call nothing is sent that the
 * processor has not just denied to have, a reversal apart; (3) nothing is given up before the last
 * thing sent can no longer take effect. */
#include "consult.h"

#include "payment_store.h"
#include "runtime/log.h"
#include "runtime/metrics.h"

/* ---- metrics ---- */

enum result {
	RESULT_APPROVED,
	RESULT_DECLINED,
	RESULT_UNREACHABLE,
	RESULT_KNOWS_IT_NOT,
	RESULT_NO_ANSWER,
	RESULT_COUNT
};
static const char *const result_names[RESULT_COUNT] = {"approved", "declined", "unreachable",
                                                       "knows_it_not", "no_answer"};

#define CALL_QUERY OPERATION_COUNT
#define CALL_COUNT (OPERATION_COUNT + 1)

static const char *call_name(size_t call)
{
	return call == CALL_QUERY ? "query" : operation_names[call];
}

static _Atomic uint64_t calls[CALL_COUNT][RESULT_COUNT];

static void collect_calls(const struct metric *metric, struct buf *out)
{
	for (size_t call = 0; call < CALL_COUNT; call++)
		for (size_t result = 0; result < RESULT_COUNT; result++)
			buf_addf(out, "%s{operation=\"%s\",result=\"%s\"} %llu\n", metric->name,
			         call_name(call), result_names[result],
			         (unsigned long long)atomic_load(&calls[call][result]));
}

static struct metric calls_metric = {
	"processor_calls_total",
	METRIC_COUNTER,
	"Calls of the processor, and questions to it, by what it said at once.",
	collect_calls,
	NULL,
	NULL};

void consult_register_metrics(void)
{
	metric_register(&calls_metric);
}

/* What it said at once: the first answer, if it did not come later. */
static enum result result_of(const struct processor_answer *answers, size_t count)
{
	if (count == 0 || answers[0].after_us > 0)
		return RESULT_NO_ANSWER;
	if (answers[0].said == PROCESSOR_KNOWS_IT_NOT)
		return RESULT_KNOWS_IT_NOT;
	switch (answers[0].decision.verdict) {
	case VERDICT_APPROVED: return RESULT_APPROVED;
	case VERDICT_DECLINED: return RESULT_DECLINED;
	case VERDICT_UNREACHABLE: return RESULT_UNREACHABLE;
	case VERDICT_OPEN: break;
	}
	ensure(false); /* there is no other verdict */
	return RESULT_NO_ANSWER;
}

static void note(const struct intent *intent, size_t call, enum result result)
{
	atomic_fetch_add_explicit(&calls[call][result], 1, memory_order_relaxed);
	if (result == RESULT_UNREACHABLE)
		log_warn("processor_unreachable", L_STR("operation", call_name(call)),
		         L_STR("payment_id", intent->payment_id),
		         L_STR("request_id", intent->request_id),
		         L_TRACE(intent_traceparent(intent)));
}

/* ---- calling and asking ---- */

static struct processor_request request_of(const struct intent *intent)
{
	return (struct processor_request){
		.operation = intent->operation,
		.reference = intent->reference,
		.payment_reference = intent->payment_id,
		.currency = intent->currency,
		.amount_minor = intent->amount_minor,
		.capture = intent->capture,
		.payment_method = intent->payment_method[0] == '\0'
	                                  ? TEXT_NONE
	                                  : text_of(intent->payment_method),
	};
}

static size_t call(const struct processor *processor, const struct intent *intent,
                   struct processor_answer *answers)
{
	const struct processor_request request = request_of(intent);
	size_t (*const functions[OPERATION_COUNT])(const struct processor_request *,
	                                           struct processor_answer *) = {
		[OPERATION_AUTHORIZE] = processor->authorize,
		[OPERATION_CAPTURE] = processor->capture,
		[OPERATION_VOID] = processor->void_,
		[OPERATION_REFUND] = processor->refund,
		[OPERATION_REVERSE] = processor->void_,
	};
	size_t count;

	ensure(intent->operation < OPERATION_COUNT);
	count = functions[intent->operation](&request, answers);
	note(intent, intent->operation, result_of(answers, count));
	return count;
}

size_t consult_ask(const struct processor *processor, const struct intent *intent,
                   struct processor_answer ret_answers[PROCESSOR_ANSWERS_MAX])
{
	const struct processor_request request = request_of(intent);
	size_t count = processor->query(&request, ret_answers);

	note(intent, CALL_QUERY, result_of(ret_answers, count));
	return count;
}

/* Which answers are the last word on the intent. A reversal that was refused is not given up; that
 * a call could not be made says nothing about one before it. */
static bool is_word(const struct processor_answer *answer, enum operation operation, bool is_first)
{
	if (answer->said != PROCESSOR_DECIDED)
		return false;
	switch (answer->decision.verdict) {
	case VERDICT_APPROVED: return true;
	case VERDICT_DECLINED: return operation != OPERATION_REVERSE;
	case VERDICT_UNREACHABLE: return operation != OPERATION_REVERSE && is_first;
	case VERDICT_OPEN: break;
	}
	ensure(false); /* there is no other verdict */
	return false;
}

static size_t keep_words(const struct intent *intent, bool is_first,
                         struct processor_answer *answers, size_t count)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++)
		if (is_word(&answers[i], intent->operation, is_first))
			answers[kept++] = answers[i];
	return kept;
}

/* To a question: it has no such thing. A reversal that was refused is no better. */
static bool has_it_not(const struct processor_answer *answers, size_t count,
                       enum operation operation)
{
	if (count == 0)
		return false;
	return answers[0].said == PROCESSOR_KNOWS_IT_NOT ||
	       (operation == OPERATION_REVERSE && answers[0].decision.verdict == VERDICT_DECLINED);
}

/* A charge is sent only while it is younger than final_after, so at twice that age the last one
 * that was sent has taken effect or never will. Taking back the same thing twice costs nothing. */
size_t consult(const struct processor *processor, const struct intent *intent, bool is_new,
               int64_t now_us, struct processor_answer ret_answers[PROCESSOR_ANSWERS_MAX])
{
	int64_t age_us = now_us - intent->created_us;
	bool may_send =
		age_us < processor->final_after_us || intent->operation == OPERATION_REVERSE;
	size_t count;

	if (is_new && may_send) {
		count = call(processor, intent, ret_answers);
		return keep_words(intent, true, ret_answers, count);
	}
	count = consult_ask(processor, intent, ret_answers);
	if (!has_it_not(ret_answers, count, intent->operation))
		return keep_words(intent, false, ret_answers, count);
	if (may_send) {
		count = call(processor, intent, ret_answers);
		return keep_words(intent, false, ret_answers, count);
	}
	if (age_us < 2 * processor->final_after_us)
		return 0;
	ret_answers[0] = (struct processor_answer){
		.said = PROCESSOR_DECIDED,
		.decision = {.verdict = VERDICT_DECLINED,
	                     .decline_code = TEXT_LITERAL("unknown_to_processor")}};
	return 1;
}

/* api.md, "Processor". */
static const int64_t ages_us[] = {10 * US_PER_S,       30 * US_PER_S,   120 * US_PER_S,
                                  600 * US_PER_S,      3600 * US_PER_S, 6 * 3600 * US_PER_S,
                                  24 * 3600 * US_PER_S};

int64_t consult_next_us(int64_t created_us, int64_t now_us)
{
	for (size_t i = 0; i < ARRAY_LEN(ages_us); i++)
		if (created_us + ages_us[i] > now_us)
			return created_us + ages_us[i];
	return INT64_MAX;
}
