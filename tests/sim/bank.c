/* bank.c - see bank.h.
 *
 *   asked --arrives--> decided (approved or declined), for good; told never, once or twice
 *     `----lost----> unknown here; while it travels it may still arrive, before FINAL_AFTER_US */
#include "sim/bank.h"

#include "payment-service/payment_store.h"

#include <stdlib.h>
#include <string.h>

#define ENTRIES_MAX 131072
#define FINAL_AFTER_US (20 * 60 * US_PER_S)
#define SLOW_US (8 * US_PER_S) /* longer than a call waits */
#define RETELL_US (15 * 60 * US_PER_S)
#define TOLD(verdict) (1U << (verdict))

/* What it was asked about one reference. */
struct entry {
	enum operation operation;
	char reference[ID_SIZE], payment_id[ID_SIZE];
	const struct currency *currency;
	int64_t amount_minor;
	bool captures;        /* authorize: takes the money at once */
	int64_t asked_us;     /* first */
	enum verdict verdict; /* VERDICT_OPEN: it has not arrived */
	bool travels;         /* it will arrive, though no answer was given */
	bool is_mute;
	bool changes_its_mind; /* declined, approved later */
	unsigned told;         /* TOLD(verdict) of each answer given */
};

static struct bank {
	struct world *world;
	struct bank_owner owner;
	struct entry *entries;
	int64_t count;
	int64_t outage_us; /* until then most is lost */
	bool is_calm, is_forgiving;
} bank;

const char *const bank_method_names[BANK_METHODS] = {
	[BANK_DEFAULT] = NULL,     [BANK_HERE] = "pm_here",     [BANK_DECLINES] = "pm_declines",
	[BANK_MIXED] = "pm_mixed", [BANK_REMOTE] = "pm_remote",
};

void bank_open(struct world *world, struct bank_owner owner)
{
	bank = (struct bank){.world = world, .owner = owner};
	bank.entries = calloc(ENTRIES_MAX, sizeof(bank.entries[0]));
	ensure(bank.entries != NULL);
}

void bank_close(void)
{
	free(bank.entries);
}

void bank_set_calm(bool is_calm)
{
	bank.is_calm = is_calm;
}

void bank_forgive(void)
{
	bank.is_forgiving = true;
}

static int64_t order_of(const struct entry *entry)
{
	return bank.owner.order_of(bank.owner.arg, entry->payment_id);
}

/* ---- books ---- */

static struct entry *find(enum operation operation, const char *reference)
{
	for (int64_t i = bank.count; i > 0; i--)
		if (bank.entries[i - 1].operation == operation &&
		    strcmp(bank.entries[i - 1].reference, reference) == 0)
			return &bank.entries[i - 1];
	return NULL;
}

static struct entry *add(enum operation operation, const char *reference, const char *payment_id,
                         const struct currency *currency, int64_t amount_minor, bool captures)
{
	struct entry *entry = &bank.entries[bank.count++];

	ensure(bank.count <= ENTRIES_MAX);
	*entry = (struct entry){.operation = operation,
	                        .currency = currency,
	                        .amount_minor = amount_minor,
	                        .captures = captures,
	                        .asked_us = bank.world->now_us,
	                        .verdict = VERDICT_OPEN};
	text_copy(text_of(reference), entry->reference, ID_SIZE);
	text_copy(text_of(payment_id), entry->payment_id, ID_SIZE);
	return entry;
}

struct bank_account bank_account_of(const char *payment_id)
{
	struct bank_account account = {0};

	for (int64_t i = 0; i < bank.count; i++) {
		const struct entry *entry = &bank.entries[i];
		bool takes_back =
			entry->operation == OPERATION_VOID || entry->operation == OPERATION_REVERSE;

		if (entry->verdict != VERDICT_APPROVED ||
		    strcmp(entry->payment_id, payment_id) != 0)
			continue;
		if (entry->operation == OPERATION_REFUND)
			account.refunded_minor += entry->amount_minor;
		else if (takes_back)
			account.held_minor = account.captured_minor = 0;
		else if (entry->operation == OPERATION_AUTHORIZE && !entry->captures)
			account.held_minor = entry->amount_minor;
		else {
			account.held_minor = 0;
			account.captured_minor = entry->amount_minor;
		}
	}
	return account;
}

/* What no right service asks, as a sentence, or NULL. */
static const char *wrong(const struct entry *entry)
{
	struct bank_account account = bank_account_of(entry->payment_id);

	switch (entry->operation) {
	case OPERATION_AUTHORIZE: break;
	case OPERATION_CAPTURE:
		if (account.captured_minor > 0)
			return "a second capture";
		if (entry->amount_minor > account.held_minor)
			return "a capture of more than was authorized";
		break;
	case OPERATION_VOID:
		if (account.held_minor == 0)
			return "a void of what is not authorized";
		break;
	case OPERATION_REVERSE:
		if (account.held_minor + account.captured_minor == 0)
			return "a reversal of what was never approved";
		break;
	case OPERATION_REFUND:
		if (entry->amount_minor > account.captured_minor - account.refunded_minor)
			return "a refund of more than is left";
		break;
	case OPERATION_COUNT: return "no operation";
	}
	return NULL;
}

/* It has arrived, the first time or again: decided once. */
static void decide(struct entry *entry)
{
	const char *why;

	entry->travels = false;
	if (entry->verdict != VERDICT_OPEN)
		return;
	why = wrong(entry);
	if (why != NULL && !bank.is_forgiving)
		world_fail(bank.world, order_of(entry), "the processor was asked for %s, %s", why,
		           entry->reference);
	entry->verdict = why != NULL || (!bank.is_calm && world_chance(bank.world, 300))
	                         ? VERDICT_DECLINED
	                         : VERDICT_APPROVED;
	world_note(bank.world, order_of(entry), "processor: %s the %s of %s",
	           entry->verdict == VERDICT_APPROVED ? "approves" : "declines",
	           operation_names[entry->operation], entry->reference);
}

/* ---- answers ---- */

static struct decision decision_of(const struct entry *entry)
{
	bool is_approved = entry->verdict == VERDICT_APPROVED;
	struct decision decision = {.verdict = entry->verdict,
	                            .decline_code =
	                                    is_approved ? TEXT_NONE : TEXT_LITERAL("declined")};

	text_copy(text_of(entry->reference), decision.reference, ID_SIZE);
	return decision;
}

static size_t tell(struct entry *entry, int64_t after_us, struct processor_answer *ret_answer)
{
	entry->told |= TOLD(entry->verdict);
	*ret_answer = (struct processor_answer){PROCESSOR_DECIDED, after_us, decision_of(entry)};
	return 1;
}

static void arrive(void *arg, int64_t number)
{
	(void)arg;
	if (bank.entries[number].travels)
		decide(&bank.entries[number]);
}

/* The approval after a decline, told until it is heard. */
static void change_mind(void *arg, int64_t number)
{
	struct entry *entry = &bank.entries[number];

	(void)arg;
	if (!entry->changes_its_mind)
		return;
	if (entry->verdict == VERDICT_DECLINED)
		world_note(bank.world, order_of(entry), "processor: approves %s after all",
		           entry->reference);
	entry->verdict = VERDICT_APPROVED;
	entry->told |= TOLD(VERDICT_APPROVED);
	bank.owner.told(bank.owner.arg, entry->payment_id);
	world_after(bank.world, RETELL_US, change_mind, NULL, number);
}

/* ---- calls ---- */

enum fate {
	FATE_ANSWERS,
	FATE_LOST_ANSWER,
	FATE_LOST_REQUEST,
	FATE_TRAVELS, /* arrives when nobody waits any more */
	FATE_UNREACHABLE,
	FATE_SLOW,
	FATE_TWICE,
	FATE_MUTE,
	FATE_CHANGES_ITS_MIND,
};

/* What is lost is lost together: the network is down for a while. */
static bool is_outage(void)
{
	static const int64_t lengths_us[] = {5 * US_PER_S, 120 * US_PER_S, 900 * US_PER_S,
	                                     3600 * US_PER_S};

	if (bank.world->now_us >= bank.outage_us && world_chance(bank.world, 10))
		bank.outage_us = bank.world->now_us +
		                 lengths_us[world_pick(bank.world, ARRAY_LEN(lengths_us))];
	return bank.world->now_us < bank.outage_us && !world_chance(bank.world, 100);
}

static enum fate draw_fate(const struct entry *entry)
{
	static const struct {
		enum fate fate;
		int per_mille;
	} fates[] = {{FATE_LOST_ANSWER, 120},     {FATE_LOST_REQUEST, 60}, {FATE_TRAVELS, 60},
	             {FATE_UNREACHABLE, 80},      {FATE_SLOW, 80},         {FATE_TWICE, 100},
	             {FATE_CHANGES_ITS_MIND, 40}, {FATE_MUTE, 15}};
	static const enum fate losses[] = {FATE_LOST_ANSWER, FATE_LOST_REQUEST, FATE_TRAVELS,
	                                   FATE_TRAVELS, FATE_UNREACHABLE};
	int64_t drawn = world_pick(bank.world, 1000);

	if (bank.is_calm)
		return FATE_ANSWERS;
	if (is_outage())
		return losses[world_pick(bank.world, ARRAY_LEN(losses))];
	for (size_t i = 0; i < ARRAY_LEN(fates); i++) {
		drawn -= fates[i].per_mille;
		if (drawn < 0)
			return fates[i].fate == FATE_CHANGES_ITS_MIND &&
			                       (entry->operation != OPERATION_AUTHORIZE ||
			                        entry->verdict != VERDICT_OPEN)
			               ? FATE_ANSWERS
			               : fates[i].fate;
	}
	return FATE_ANSWERS;
}

static void note(const struct entry *entry, const char *what)
{
	world_note(bank.world, order_of(entry), "processor: %s the %s of %s", what,
	           operation_names[entry->operation], entry->reference);
}

/* Declines now, approves later. */
static size_t answer_changing(struct entry *entry, struct processor_answer *ret_answers)
{
	entry->travels = false;
	entry->verdict = VERDICT_DECLINED;
	entry->changes_its_mind = true;
	world_note(bank.world, order_of(entry), "processor: declines %s for now", entry->reference);
	world_after(bank.world, world_pick(bank.world, 3600) * US_PER_S, change_mind, NULL,
	            entry - bank.entries);
	return tell(entry, 0, &ret_answers[0]);
}

static size_t call(const struct processor_request *request, enum operation operation,
                   struct processor_answer ret_answers[PROCESSOR_ANSWERS_MAX])
{
	struct entry *entry = find(operation, request->reference);
	size_t count;

	if (entry == NULL)
		entry = add(operation, request->reference, request->payment_reference,
		            request->currency, request->amount_minor,
		            request->capture == CAPTURE_AUTOMATIC);
	if (entry->verdict == VERDICT_DECLINED && operation == OPERATION_REVERSE)
		entry->verdict = VERDICT_OPEN; /* it may be refused one day and done the next */
	if (entry->amount_minor != request->amount_minor || entry->currency != request->currency)
		world_fail(bank.world, order_of(entry),
		           "the processor was asked for two amounts under one reference, %s",
		           entry->reference);
	switch (draw_fate(entry)) {
	case FATE_LOST_REQUEST: note(entry, "never gets"); return 0;
	case FATE_TRAVELS:
		note(entry, "has not got yet");
		entry->travels = entry->verdict == VERDICT_OPEN;
		world_after(bank.world, world_pick(bank.world, FINAL_AFTER_US), arrive, NULL,
		            entry - bank.entries);
		return 0;
	case FATE_UNREACHABLE:
		note(entry, "cannot be reached with");
		entry->told |= TOLD(VERDICT_UNREACHABLE);
		ret_answers[0] = (struct processor_answer){
			PROCESSOR_DECIDED, 0, {.verdict = VERDICT_UNREACHABLE}};
		return 1;
	case FATE_CHANGES_ITS_MIND: return answer_changing(entry, ret_answers);
	case FATE_LOST_ANSWER:
		note(entry, "answers in vain");
		decide(entry);
		return 0;
	case FATE_MUTE:
		note(entry, "will never tell of");
		decide(entry);
		entry->is_mute = true;
		return 0;
	case FATE_SLOW: decide(entry); return tell(entry, SLOW_US, &ret_answers[0]);
	case FATE_TWICE:
		decide(entry);
		count = tell(entry, 0, &ret_answers[0]);
		return count + tell(entry, SLOW_US, &ret_answers[1]);
	case FATE_ANSWERS: break;
	}
	decide(entry);
	return tell(entry, 0, &ret_answers[0]);
}

static size_t authorize(const struct processor_request *request,
                        struct processor_answer ret_answers[PROCESSOR_ANSWERS_MAX])
{
	return call(request, OPERATION_AUTHORIZE, ret_answers);
}

static size_t capture(const struct processor_request *request,
                      struct processor_answer ret_answers[PROCESSOR_ANSWERS_MAX])
{
	return call(request, OPERATION_CAPTURE, ret_answers);
}

/* Or a reversal. */
static size_t void_it(const struct processor_request *request,
                      struct processor_answer ret_answers[PROCESSOR_ANSWERS_MAX])
{
	return call(request, request->operation, ret_answers);
}

static size_t refund(const struct processor_request *request,
                     struct processor_answer ret_answers[PROCESSOR_ANSWERS_MAX])
{
	return call(request, OPERATION_REFUND, ret_answers);
}

static size_t query(const struct processor_request *request,
                    struct processor_answer ret_answers[PROCESSOR_ANSWERS_MAX])
{
	struct entry *entry = find(request->operation, request->reference);

	bool tells_all = bank.is_calm && bank.owner.tells_all;

	if (entry != NULL &&
	    ((entry->is_mute && !tells_all) || (!bank.is_calm && world_chance(bank.world, 100))))
		return 0;
	if (entry != NULL && entry->verdict != VERDICT_OPEN)
		return tell(entry, 0, &ret_answers[0]);
	ret_answers[0] = (struct processor_answer){.said = PROCESSOR_KNOWS_IT_NOT};
	return 1;
}

/* ---- decided inside the command ---- */

static enum bank_method method_of(struct text payment_method)
{
	int method = BANK_DEFAULT + 1;

	if (payment_method.ptr == NULL)
		return BANK_DEFAULT;
	while (method < BANK_METHODS && !text_is(payment_method, bank_method_names[method]))
		method++;
	return (enum bank_method)method;
}

static bool knows_method(struct text payment_method)
{
	return method_of(payment_method) < BANK_METHODS;
}

enum verdict bank_decides(enum bank_method method, enum operation operation)
{
	switch (method) {
	case BANK_DEFAULT:
	case BANK_HERE: return VERDICT_APPROVED;
	case BANK_DECLINES: return VERDICT_DECLINED;
	case BANK_MIXED: return operation == OPERATION_AUTHORIZE ? VERDICT_APPROVED : VERDICT_OPEN;
	case BANK_REMOTE:
	case BANK_METHODS: break;
	}
	return VERDICT_OPEN;
}

static bool in_process(const struct processor_request *request, struct decision *ret_decision)
{
	enum verdict verdict = bank_decides(method_of(request->payment_method), request->operation);

	*ret_decision = (struct decision){
		.verdict = verdict,
		.decline_code = verdict == VERDICT_DECLINED ? TEXT_LITERAL("declined") : TEXT_NONE};
	return verdict != VERDICT_OPEN;
}

void bank_adopt(const char *payment_id, enum operation operation, const char *reference,
                const struct currency *currency, int64_t amount_minor, bool captures)
{
	struct entry *entry =
		add(operation, reference, payment_id, currency, amount_minor, captures);
	const char *why = wrong(entry);

	if (why != NULL)
		world_fail(bank.world, order_of(entry), "the service made %s, %s", why, reference);
	entry->verdict = VERDICT_APPROVED;
	entry->told = TOLD(VERDICT_APPROVED);
}

const struct processor bank_processor = {
	.name = "bank",
	.final_after_us = FINAL_AFTER_US,
	.knows_method = knows_method,
	.methods = "must be one of the bank's",
	.in_process = in_process,
	.authorize = authorize,
	.capture = capture,
	.void_ = void_it,
	.refund = refund,
	.query = query,
};

/* ---- what is known of it ---- */

bool bank_has_said(enum operation operation, const char *reference, enum verdict verdict)
{
	const struct entry *entry = find(operation, reference);

	if (entry == NULL)
		return false; /* the service has asked nothing */
	if (verdict == VERDICT_APPROVED || (entry->told & TOLD(verdict)) != 0)
		return (entry->told & TOLD(verdict)) != 0;
	/* That nothing was done may be concluded, where nothing will be. */
	return entry->verdict != VERDICT_APPROVED && !entry->travels;
}

enum verdict bank_knows(enum operation operation, const char *reference)
{
	const struct entry *entry = find(operation, reference);

	return entry == NULL ? VERDICT_OPEN : entry->verdict;
}

void bank_heard(const char *payment_id)
{
	struct entry *entry = find(OPERATION_AUTHORIZE, payment_id);

	if (entry != NULL && entry->verdict == VERDICT_APPROVED)
		entry->changes_its_mind = false;
}

bool bank_is_mute(enum operation operation, const char *reference)
{
	const struct entry *entry = find(operation, reference);

	return entry != NULL && entry->is_mute;
}
