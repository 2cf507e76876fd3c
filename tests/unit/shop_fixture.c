/* shop_fixture.c - see shop_fixture.h. */
#include "unit/shop_fixture.h"

#include <stdio.h>
#include <string.h>

#include "payment-service/known_order.h"
#include "payment-service/payment_audit.h"
#include "payment-service/payment_store.h"
#include "payment-service/processor.h"
#include "runtime/metrics.h"
#include "runtime/parking.h"

#define TURNS_MAX 200
#define SQL_SIZE 256

/* ---- what is submitted waits for the test ---- */

struct shop shop;

static enum error reserve(void *arg)
{
	(void)arg;
	return shop.refusal;
}

static void publish(void *arg, struct job *job)
{
	(void)arg;
	ck_assert_uint_lt(shop.count, BATCH_MAX);
	shop.jobs[shop.count++] = job;
}

static void came_back(void *arg)
{
	(void)arg;
}

void shop_commit(void)
{
	size_t count = shop.count;

	shop.count = 0;
	(void)rig_run(&shop.rig, shop.jobs, count);
	for (size_t i = 0; i < count; i++)
		shop.jobs[i]->done(shop.jobs[i]);
}

/* ---- a process ---- */

static void start(void)
{
	const struct submitter submitter = {
		.reserve = reserve, .publish = publish, .came_back = came_back};
	struct buf AUTO_BUF why;

	buf_init(&why, 1024);
	rig_open(&shop.rig, &payment_domain, &fixture_env, payment_migrations,
	         payment_migrations_count);
	ck_assert_int_eq(db_open(shop.rig.url, DB_READER, &shop.reader, &why), DB_OK);
	shop.resolver = resolver_new(shop.reader, &processor_sandbox, submitter, &why);
	shop.returner = returner_new(shop.reader, submitter, &why);
	shop.inquirer = inquirer_new(shop.reader, &processor_sandbox, submitter, &why);
	ck_assert_msg(shop.resolver != NULL && shop.returner != NULL && shop.inquirer != NULL, "%s",
	              buf_str(&why));
}

/* Whatever was submitted and not committed is lost. */
static void stop(void)
{
	for (size_t i = 0; i < shop.count; i++) {
		shop.jobs[i]->answer.error = ERR_SHUTTING_DOWN;
		shop.jobs[i]->done(shop.jobs[i]);
	}
	shop.count = 0;
	resolver_free(shop.resolver);
	returner_free(shop.returner);
	inquirer_free(shop.inquirer);
	db_close(shop.reader);
	rig_close(&shop.rig);
}

void shop_setup(void)
{
	payment_register_metrics();
	shop.peer_seq = 0;
	world.now_us = FIXTURE_NOW_US / US_PER_MS * US_PER_MS;
	start();
}

static int64_t least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

int64_t shop_turn(void)
{
	int64_t returns_us = returner_turn(shop.returner, world.now_us);
	int64_t intents_us = resolver_turn(shop.resolver, world.now_us);

	return least(least(returns_us, intents_us), inquirer_turn(shop.inquirer, world.now_us));
}

/* What was submitted and not committed when it crashes is lost as well. */
void shop_crash(void)
{
	(void)shop_turn();
	stop();
	start();
}

void shop_rest(void)
{
	for (int i = 0; i < TURNS_MAX; i++) {
		int64_t next_us = shop_turn();

		if (shop.count == 0 && next_us == INT64_MAX)
			return;
		if (shop.count == 0)
			world.now_us = next_us;
		shop_commit();
	}
	ck_abort_msg("it does not come to rest");
}

void shop_check_audit(int64_t stuck)
{
	struct audit audit;

	audit_init(&audit);
	ck_assert_int_eq(payment_audit(&audit, &shop.rig.store), DB_OK);
	ck_assert_msg(audit.findings_count == 0 && audit.stuck_count == stuck, "%s",
	              fixture_findings(&audit));
	audit_release(&audit);
}

void shop_teardown(void)
{
	stop();
}

/* ---- commands ---- */

enum error shop_run(const struct command_kind *kind, const void *command,
                    const struct peer_step *step, const char *key)
{
	struct job job;
	struct job *const jobs[] = {&job};
	const char *id;
	enum error error;

	job_init(&job, kind, command);
	job.peer = step;
	if (key != NULL)
		job_set_key(&job, &shop.rig, "", key, key);
	(void)rig_run(&shop.rig, jobs, 1);
	if (job.awaits != 0)
		ck_assert_ptr_eq(
			parking_pop_ready(engine_parking(shop.rig.engine, PARKED_FOR_OUTCOME),
		                          INT64_MAX),
			&job);
	id = strstr(buf_str(&job.answer.body), "\"payment_id\":\"");
	if (id != NULL)
		text_copy((struct text){id + strlen("\"payment_id\":\""), ID_SIZE - 1},
		          shop.payment_id, ID_SIZE);
	error = job.answer.error;
	job_release(&job);
	return error;
}

enum error shop_pay(const char *order_id, int64_t amount_minor, const char *method, int capture)
{
	static int keys;
	struct pay_command command = {.order_hash =
	                                      hash_keyed(shop.rig.store.sip_key, text_of(order_id)),
	                              .currency = currency_find(TEXT_LITERAL("USD")),
	                              .amount_minor = amount_minor,
	                              .capture = capture,
	                              .payment_method = text_of(method),
	                              .metadata = TEXT_LITERAL("{}"),
	                              .has_key = true};
	char key[16];

	(void)snprintf(key, sizeof(key), "k%d", keys++);
	text_copy(text_of(order_id), command.order_id, sizeof(command.order_id));
	ck_assert(processor_decide_pay(&command));
	shop.payment_id[0] = '\0';
	return shop_run(&pay_kind, &command, NULL, key);
}

void shop_operate(const struct command_kind *kind, int64_t amount_minor)
{
	struct operation_command command = {.amount = {amount_minor, 2}, .has_key = true};

	if (shop.payment_id[0] == '\0')
		return;
	text_copy(text_of(shop.payment_id), command.payment_id, ID_SIZE);
	(void)shop_run(kind, &command, NULL, NULL);
}

enum error shop_tell(const char *order_id, struct order_heard heard)
{
	struct known_order_command command = {
		.order_hash = hash_keyed(shop.rig.store.sip_key, text_of(order_id)),
		.heard = heard};
	struct peer_step step = {.from_seq = shop.peer_seq,
	                         .to = {.source = "/order-service/x", .seq = shop.peer_seq + 1},
	                         .type = TEXT_LITERAL("order.x"),
	                         .subject = text_of(order_id)};

	shop.peer_seq++;
	text_copy(text_of(order_id), command.order_id, sizeof(command.order_id));
	return shop_run(heard.end == ORDER_LIVES ? &order_heard_kind : &order_ended_kind, &command,
	                &step, NULL);
}

enum error shop_create(const char *order_id, int64_t total_minor, const char *currency)
{
	return shop_tell(order_id,
	                 (struct order_heard){.currency = currency_find(text_of(currency)),
	                                      .total_minor = total_minor});
}

enum error shop_cancel(const char *order_id)
{
	return shop_tell(order_id, (struct order_heard){.end = ORDER_CANCELLED});
}

enum error shop_tell_lost(const struct inquiry *inquiry)
{
	struct inquiry_command command = {.inquiry = *inquiry};
	struct peer_step step = {.from_seq = shop.peer_seq,
	                         .to = {.source = "/order-service/x", .seq = shop.peer_seq + 1},
	                         .type = TEXT_LITERAL("order.x"),
	                         .subject = text_of(inquiry->order_id)};

	shop.peer_seq++;
	command.inquiry.order_hash = hash_keyed(shop.rig.store.sip_key, text_of(inquiry->order_id));
	command.inquiry.told_us = world.now_us;
	return shop_run(payment_lost_kinds[0].kind, &command, &step, NULL);
}

int64_t shop_count(const char *order_id, const char *where)
{
	char sql[SQL_SIZE];

	(void)snprintf(sql, sizeof(sql),
	               "SELECT count(*) FROM payments p JOIN orders o "
	               "ON o.order_seq = p.payment_key / 1024 WHERE o.order_id = '%s' AND (%s)",
	               order_id, where);
	return rig_number(&shop.rig, sql);
}

bool shop_metrics_say(const char *line)
{
	struct buf AUTO_BUF out;

	buf_init(&out, 1 << 20);
	metrics_print(&out);
	return strstr(buf_str(&out), line) != NULL;
}
