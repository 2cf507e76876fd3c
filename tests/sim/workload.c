/* workload.c - chooses what is called: few orders and keys, so that calls meet; amounts at the
 * edges; repeats. Only what comes next depends on chance, nothing on the clock. */
#include "sim/sim.h"

#include "base/money.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEY_AGE_MAX_US (71 * 3600 * US_PER_S) /* younger than IDEMPOTENCY_TTL for certain */
#define HOT_ATTEMPTS 12

static struct world *world_of(struct sim *sim)
{
	return &sim->world;
}

/* ---- keys ---- */

/* A place gets a new name when it is old, not known, or by chance; not under a call. */
static int64_t pick_key(struct sim *sim)
{
	int64_t place = world_pick(world_of(sim), KEYS_MAX);
	struct key *key = &sim->keys[place];

	if (key->calls_under_way > 0)
		return place;
	if (key->name[0] != '\0' && !key->is_unsure && !world_chance(world_of(sim), 700) &&
	    sim->world.now_us - key->first_us < KEY_AGE_MAX_US)
		return place;
	free(key->body);
	*key = (struct key){.first_us = sim->world.now_us};
	(void)snprintf(key->name, sizeof(key->name), "k-%" PRId64, ++sim->keys_made);
	return place;
}

/* ---- targets ---- */

static int64_t pick_order(struct sim *sim)
{
	int64_t place = world_pick(world_of(sim), ORDERS_IN_USE);
	char id[ORDER_ID_MAX + 1];

	if (sim->orders[place] == MODEL_NONE || world_chance(world_of(sim), 100)) {
		(void)snprintf(id, sizeof(id), "o-%" PRId64, sim->model.orders_count + 1);
		sim->orders[place] = model_add_order(&sim->model, id);
	}
	return sim->orders[place];
}

/* The newest attempts, where answers may still be on their way; MODEL_NONE: there are none. */
static int64_t pick_hot(struct sim *sim)
{
	int64_t count = sim->model.attempts_count;
	int64_t back = count < HOT_ATTEMPTS ? count : HOT_ATTEMPTS;

	if (back == 0)
		return MODEL_NONE;
	return sim->model.attempts[count - 1 - world_pick(world_of(sim), back)].payment;
}

/* One that is hot, or of an order in use, mostly its newest; MODEL_NONE: it has none, or nobody's
 * is wanted. */
static int64_t pick_payment(struct sim *sim)
{
	const struct model_order *order = &sim->model.orders[pick_order(sim)];
	int64_t count = order->payments_count, payment = MODEL_NONE;

	if (world_chance(world_of(sim), 600))
		payment = pick_hot(sim);
	else if (count > 0 && !world_chance(world_of(sim), 10))
		payment = order->payments[world_chance(world_of(sim), 800)
		                                  ? count - 1
		                                  : world_pick(world_of(sim), count)];
	if (payment != MODEL_NONE && sim->model.payments[payment].id[0] == '\0')
		return MODEL_NONE;
	return payment;
}

/* ---- amounts ---- */

static int64_t amount_max(const struct currency *currency)
{
	int64_t max = MONEY_MAJOR_MAX;

	for (int i = 0; i < currency->decimals; i++)
		max = max * 10 + 9;
	return max < MONEY_MINOR_MAX ? max : MONEY_MINOR_MAX;
}

static int64_t pick_amount(struct sim *sim, const struct currency *currency)
{
	static const int64_t edges[] = {1, 2, 3, 10, 100, 1099, 99999};

	if (world_chance(world_of(sim), 15))
		return amount_max(currency);
	return edges[world_pick(world_of(sim), ARRAY_LEN(edges))];
}

/* Around what is there. */
static void pick_part(struct sim *sim, struct wish *wish, int64_t all_minor)
{
	const int64_t parts[] = {MODEL_NONE,
	                         all_minor,
	                         all_minor - 1,
	                         all_minor + 1,
	                         all_minor / 2,
	                         1,
	                         amount_max(wish->currency)};

	wish->amount_minor = parts[world_pick(world_of(sim), ARRAY_LEN(parts))];
	if (wish->amount_minor <= 0 || wish->amount_minor > amount_max(wish->currency))
		wish->amount_minor = MODEL_NONE;
	wish->is_too_precise = wish->amount_minor != MODEL_NONE && world_chance(world_of(sim), 20);
}

/* ---- wishes ---- */

static struct wish wish_pay(struct sim *sim)
{
	static const enum bank_method methods[] = {BANK_DEFAULT, BANK_HERE,   BANK_HERE,
	                                           BANK_MIXED,   BANK_MIXED,  BANK_DECLINES,
	                                           BANK_REMOTE,  BANK_REMOTE, BANK_REMOTE};
	const char *code = model_currencies[world_chance(world_of(sim), 700)
	                                            ? 0
	                                            : world_pick(world_of(sim), MODEL_CURRENCIES)];
	struct wish wish = {.kind = WISH_PAY,
	                    .order = pick_order(sim),
	                    .payment = MODEL_NONE,
	                    .refund = MODEL_NONE,
	                    .currency = currency_find(text_of(code)),
	                    .is_manual = world_chance(world_of(sim), 500),
	                    .method = methods[world_pick(world_of(sim), ARRAY_LEN(methods))]};

	wish.amount_minor = pick_amount(sim, wish.currency);
	return wish;
}

static struct wish wish_operation(struct sim *sim)
{
	static const enum wish_kind kinds[] = {WISH_CAPTURE, WISH_CAPTURE, WISH_VOID, WISH_REFUND,
	                                       WISH_REFUND,  WISH_REFUND,  WISH_SYNC};
	struct wish wish = {.kind = kinds[world_pick(world_of(sim), ARRAY_LEN(kinds))],
	                    .order = MODEL_NONE,
	                    .payment = pick_payment(sim),
	                    .refund = MODEL_NONE,
	                    .currency = currency_find(TEXT_LITERAL("USD")),
	                    .amount_minor = MODEL_NONE};

	if (wish.payment == MODEL_NONE)
		return wish;
	const struct model_payment *payment = &sim->model.payments[wish.payment];
	wish.currency = payment->currency;
	if (wish.kind == WISH_CAPTURE)
		pick_part(sim, &wish, payment->amount_minor);
	if (wish.kind == WISH_REFUND)
		pick_part(sim, &wish,
		          payment->captured_minor - payment->refunded_minor -
		                  (world_chance(world_of(sim), 500) ? payment->refund_pending_minor
		                                                    : 0));
	return wish;
}

/* An operator ends what the processor never tells of, as its books have it; or is mistaken in that
 * there is something to end. */
static bool wish_resolve(struct sim *sim, struct wish *ret_wish)
{
	const struct model *model = &sim->model;

	for (int64_t tries = 0; tries < 200 && model->attempts_count > 0; tries++) {
		int64_t number = world_pick(world_of(sim), model->attempts_count);
		const struct attempt *attempt = &model->attempts[number];
		const struct model_payment *payment = &model->payments[attempt->payment];
		const char *reference = model_reference(model, number);

		if (payment->id[0] == '\0' ||
		    (attempt->refund != MODEL_NONE && reference[0] == '\0'))
			continue;
		/* What must be taken back is not given up. */
		if (attempt->operation == OPERATION_REVERSE &&
		    bank_knows(attempt->operation, reference) != VERDICT_APPROVED)
			continue;
		if (attempt->verdict == VERDICT_OPEN ? !bank_is_mute(attempt->operation, reference)
		                                     : model_is_open(model, attempt->payment))
			continue;
		*ret_wish = (struct wish){.kind = WISH_RESOLVE,
		                          .order = MODEL_NONE,
		                          .payment = attempt->payment,
		                          .refund = attempt->refund,
		                          .currency = payment->currency,
		                          .amount_minor = MODEL_NONE,
		                          .approves = bank_knows(attempt->operation, reference) ==
		                                      VERDICT_APPROVED};
		return true;
	}
	return false;
}

/* ---- a step ---- */

static void call_once(struct sim *sim, const struct wish *wish)
{
	bool may_have_key = wish->kind != WISH_SYNC && wish->kind != WISH_RESOLVE;
	int64_t key = MODEL_NONE;

	if (may_have_key && world_chance(world_of(sim), 500))
		key = pick_key(sim);
	sim_call(sim, wish, key);
	/* The client repeats: at once, with a key or without. */
	for (int64_t i = 0; world_chance(world_of(sim), 250) && i < 20; i++)
		sim_call(sim, wish, key);
}

static void call_again(struct sim *sim)
{
	int64_t place = world_pick(world_of(sim), KEYS_MAX);
	const struct key *key = &sim->keys[place];

	if (key->is_used && !key->is_unsure && sim->world.now_us - key->first_us < KEY_AGE_MAX_US)
		sim_call(sim, &key->wish, place);
}

void workload_step(struct sim *sim)
{
	int64_t kind = world_pick(world_of(sim), 100);
	struct wish wish;

	if (kind < 35) {
		wish = wish_pay(sim);
		call_once(sim, &wish);
	} else if (kind < 85) {
		wish = wish_operation(sim);
		call_once(sim, &wish);
	} else if (kind < 97) {
		call_again(sim);
	} else if (wish_resolve(sim, &wish)) {
		call_once(sim, &wish);
	}
}
