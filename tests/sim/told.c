/* told.c - compares an answer with what the model expects: which it is, whether it says that it is
 * a replay, each amount and state in its body, and for a key the very bytes that were told before.
 */
#include "sim/sim.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MEMBER_SIZE 128

static bool has(const struct call *call, const char *part)
{
	return strstr(buf_str(&call->job.answer.body), part) != NULL;
}

bool told_is(const struct call *call, enum said said)
{
	const struct said_row *row = &said_rows[said];
	char type[MEMBER_SIZE];

	if (call->job.answer.status != row->status)
		return false;
	if (row->slug == NULL)
		return true;
	(void)snprintf(type, sizeof(type), "\"type\":\"/problems/%s\"", row->slug);
	return has(call, type);
}

_Noreturn static void fail(struct sim *sim, const struct call *call, const char *rule)
{
	sim->world.focus = call->key_name;
	world_fail(&sim->world, sim_wish_order(sim, &call->wish), "%s: %s; it was told %d %s",
	           call->request_id, rule, call->job.answer.status,
	           buf_str(&call->job.answer.body));
}

/* ---- bodies ---- */

static void want(struct sim *sim, const struct call *call, const char *name, const char *value)
{
	char member[MEMBER_SIZE], rule[2 * MEMBER_SIZE];

	(void)snprintf(member, sizeof(member), "\"%s\":\"%s\"", name, value);
	(void)snprintf(rule, sizeof(rule), "its answer must hold %s", member);
	if (!has(call, member))
		fail(sim, call, rule);
}

/* Minor units as the contract prints them; written anew here. */
static void want_money(struct sim *sim, const struct call *call, const char *name,
                       int64_t amount_minor, const struct currency *currency)
{
	char member[MEMBER_SIZE], rule[2 * MEMBER_SIZE], decimals[24];
	int64_t unit = 1;

	for (int i = 0; i < currency->decimals; i++)
		unit *= 10;
	/* With a one before them, so that zeros stay. */
	(void)snprintf(decimals, sizeof(decimals), "%" PRId64, unit + amount_minor % unit);
	if (unit == 1)
		(void)snprintf(member, sizeof(member), "\"%s\":%" PRId64 ",", name, amount_minor);
	else
		(void)snprintf(member, sizeof(member), "\"%s\":%" PRId64 ".%s,", name,
		               amount_minor / unit, decimals + 1);
	(void)snprintf(rule, sizeof(rule), "its answer must hold %s", member);
	if (!has(call, member))
		fail(sim, call, rule);
}

static void check_refund(struct sim *sim, const struct call *call)
{
	static const char *const states[] = {"processing", "success", "failed", "failed"};
	const struct model_refund *refund = &sim->model.refunds[call->expected.refund];
	const struct model_payment *payment = &sim->model.payments[refund->payment];

	want(sim, call, "refund_id", refund->id);
	want(sim, call, "payment_id", payment->id);
	want(sim, call, "refund_status", states[sim->model.attempts[refund->attempt].verdict]);
	want_money(sim, call, "amount", refund->amount_minor, payment->currency);
}

static void check_payment(struct sim *sim, const struct call *call)
{
	const struct model_payment *payment = &sim->model.payments[call->expected.payment];
	int64_t refundable_minor =
		payment->captured_minor - payment->refunded_minor - payment->refund_pending_minor;

	want(sim, call, "payment_id", payment->id);
	want(sim, call, "order_id", sim->model.orders[payment->order].id);
	want(sim, call, "currency", payment->currency->code);
	want(sim, call, "payment_status", model_status_names[payment->status]);
	want_money(sim, call, "amount", payment->amount_minor, payment->currency);
	want_money(sim, call, "amount_captured", payment->captured_minor, payment->currency);
	want_money(sim, call, "amount_refunded", payment->refunded_minor, payment->currency);
	want_money(sim, call, "amount_refund_pending", payment->refund_pending_minor,
	           payment->currency);
	want_money(sim, call, "amount_refundable", refundable_minor, payment->currency);
	if (payment->pending != MODEL_NONE)
		want(sim, call, "pending_operation",
		     sim->model.attempts[payment->pending].operation == OPERATION_VOID ? "void"
		                                                                       : "capture");
}

static void check_body(struct sim *sim, const struct call *call)
{
	if (call->expected.refund != MODEL_NONE)
		check_refund(sim, call);
	else if (call->expected.payment != MODEL_NONE)
		check_payment(sim, call);
}

/* ---- keys ---- */

/* The first final answer of a key is its answer from then on. */
static void check_key(struct sim *sim, struct call *call, enum said said)
{
	struct key *key = &sim->keys[call->key];
	const char *body = buf_str(&call->job.answer.body);

	if (!key->is_used || said == SAID_OPEN || said == SAID_KEY_REUSED ||
	    said == SAID_UNREACHABLE)
		return;
	if (key->body == NULL) {
		key->body = strdup(body);
		ensure(key->body != NULL);
	}
	if (strcmp(key->body, body) != 0) {
		world_note(&sim->world, sim_wish_order(sim, &call->wish), "before: %s", key->body);
		fail(sim, call, "the same key must be answered byte for byte");
	}
}

/* ---- all of it ---- */

static enum said find_said(struct sim *sim, const struct call *call)
{
	for (int i = 0; i < SAID_COUNT; i++)
		if (told_is(call, (enum said)i))
			return (enum said)i;
	fail(sim, call, "that is no answer to such a call");
}

static void check_said(struct sim *sim, const struct call *call, enum said said)
{
	char rule[512] = "it must be told";
	unsigned may = call->expected.said;

	if (call->is_committed && call->expected.attempt != MODEL_NONE)
		may = SAID(model_said(&sim->model, call->expected.attempt));
	if (!call->is_committed)
		may = SAID(SAID_UNAVAILABLE);
	if (call->was_struck)
		may |= SAID(SAID_UNKNOWN);
	if ((may & SAID(said)) != 0)
		return;
	for (int i = 0; i < SAID_COUNT; i++)
		if ((may & SAID(i)) != 0)
			(void)snprintf(rule + strlen(rule), sizeof(rule) - strlen(rule), " %d %s",
			               said_rows[i].status,
			               said_rows[i].slug == NULL ? "" : said_rows[i].slug);
	fail(sim, call, rule);
}

void told_check(struct sim *sim, struct call *call)
{
	enum said said = find_said(sim, call);
	bool replays =
		call->expected.replays && (call->by_key || said == SAID_DONE || said == SAID_OPEN);

	world_note(&sim->world, sim_wish_order(sim, &call->wish), "%s: told %d %s%s%s%s",
	           call->request_id, said_rows[said].status,
	           said_rows[said].slug == NULL ? "" : said_rows[said].slug,
	           call->job.answer.replayed ? " again" : "",
	           call->key == MODEL_NONE ? "" : " for key ", call->key_name);
	sim->told[said]++;
	if (!call->is_executed)
		fail(sim, call, "it was told before it was executed");
	check_said(sim, call, said);
	if (said == SAID_UNKNOWN || said == SAID_UNAVAILABLE)
		return;
	if (call->job.answer.replayed != replays)
		fail(sim, call,
		     replays ? "it must say that it is a replay"
		             : "it must not say that it is a replay");
	if (!call->by_key && call->wish.kind != WISH_SYNC &&
	    (said == SAID_DONE || said == SAID_OPEN || said == SAID_DECLINED))
		check_body(sim, call);
	if (call->key != MODEL_NONE)
		check_key(sim, call, said);
}
