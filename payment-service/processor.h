/* processor.h - the part that really moves money, behind one table of functions. Each call carries
 * our own id as its reference, so that a lost answer can be asked for. The rule that all rests on:
 * a call with a reference that the processor knows does nothing, and is answered as the first one
 * was. So what this service does once more after its store was put back (reference.h) is done once.
 */
#ifndef PAYMENT_PROCESSOR_H
#define PAYMENT_PROCESSOR_H

#include "payment.h"

/* What is asked, or asked about. All borrowed. */
struct processor_request {
	enum operation operation;
	/* Our id of what is asked: the payment's of an authorization, the refund's of a refund,
	 * else reference.h. NULL in the process, where it is made only afterwards. */
	const char *reference;
	const char *payment_reference; /* our id of the payment */
	const struct currency *currency;
	int64_t amount_minor;
	int capture; /* of authorize: enum capture_method */
	struct text payment_method;
};

#define PROCESSOR_ANSWERS_MAX 2

/* One word of the processor about it. */
struct processor_answer {
	enum processor_said {
		PROCESSOR_DECIDED,     /* see decision */
		PROCESSOR_KNOWS_IT_NOT /* to a query: it has no such reference */
	} said;
	int64_t after_us; /* from the call on; 0: its own answer, else it comes by itself, later */
	struct decision decision;
};

struct processor {
	const char *name;
	/* A call takes effect within this time, or never: so long after the last one "no such
	 * reference" is final. */
	int64_t final_after_us;
	bool (*knows_method)(struct text payment_method); /* absent: left out */
	const char *methods; /* for an error's detail: "must be pm_success, ..." */
	/* True: it is decided inside the command, by *ret_decision. Pure. */
	bool (*in_process)(const struct processor_request *request, struct decision *ret_decision);
	/* Each gives what comes of it: up to PROCESSOR_ANSWERS_MAX answers, 0 when none comes.
	 * VERDICT_UNREACHABLE is about this call alone: one before it may have arrived. Texts of a
	 * decision are borrowed until the next call. May take as long as a network call; on the
	 * resolver's thread. */
	size_t (*authorize)(const struct processor_request *request,
	                    struct processor_answer ret_answers[PROCESSOR_ANSWERS_MAX]);
	size_t (*capture)(const struct processor_request *request,
	                  struct processor_answer ret_answers[PROCESSOR_ANSWERS_MAX]);
	size_t (*void_)(const struct processor_request *request,
	                struct processor_answer ret_answers[PROCESSOR_ANSWERS_MAX]);
	size_t (*refund)(const struct processor_request *request,
	                 struct processor_answer ret_answers[PROCESSOR_ANSWERS_MAX]);
	/* What became of `request`; 0 answers when it cannot be reached. OPERATION_REVERSE is sent
	 * as a void, and asked for likewise. */
	size_t (*query)(const struct processor_request *request,
	                struct processor_answer ret_answers[PROCESSOR_ANSWERS_MAX]);
};

/* The one that is used; set once, before any command runs. At first the sandbox. */
const struct processor *processor_get(void);
void processor_use(const struct processor *processor);
/* Completes a command whose other members are set: whose processor it is, and what that decides in
 * the process. False: the processor does not know the payment method. */
must_use bool processor_decide_pay(struct pay_command *command);

/* Moves no money and keeps nothing: decides by the payment method, so that every outcome can be
 * tried. */
extern const struct processor processor_sandbox;

#endif
