/* test_linked_rollback.c - a service whose store went back moves no money, one whose journal is not
 * what it was is not followed, until an operator accepts. */
#include "base/id.h"
#include "e2e/agree.h"
#include "e2e/tamper.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BACKUP "backup.db"
#define OLD_STORE "old.db"
#define TRIES_MAX 60 /* of a second at most */
#define ASKED_COUNT 6
#define LOOKS_MAX 5 /* likewise: less than a journal that is not followed waits by itself */

/* One of the two goes back; the other is its peer. */
struct side {
	struct service *service;
	struct client *client;
	struct proxy *way_to_peer;
	struct client *peer;
	struct service *peer_service;
};

static const struct side sides[] = {
	{&payment_service, &pay, &to_orders, &order, &order_service},
	{&order_service, &order, &to_payments, &pay, &payment_service},
};

static void pay_order(const char *order_id)
{
	linked_order(order_id, "10");
	linked_pay(order_id, "10", "", 200);
	linked_wait_order(order_id, "'state':'paid'");
}

static void cancel(const char *order_id)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "/orders/%s/cancel", order_id);
	post(&order, path, NULL, "{}", 200);
	linked_wait_order(order_id, "'amount_refunded':10.00");
}

/* A call that moves money, of an order that is not there any more or was never there. */
static void move_money(const struct side *side, int status)
{
	if (side->service == &payment_service)
		linked_pay("moved", "10", "", status);
	else
		post(&order, "/orders/first/cancel", NULL, "{}", status);
}

static void run_command(const struct side *side, const char *command)
{
	const char *const arguments[] = {command, BACKUP, NULL};
	char peer_url[64];
	const char *const settings[] = {peer_url, NULL};
	struct run run;

	(void)snprintf(peer_url, sizeof(peer_url), "PEER_URL=http://127.0.0.1:%d",
	               side->way_to_peer->port);
	run_service(side->service, settings, arguments, &run);
	ck_assert_msg(run.status == 0, "%s: %s%s", command, buf_str(&run.out), buf_str(&run.err));
	run_release(&run);
}

static void copy_file(const char *from, const char *to)
{
	const char *const arguments[] = {"cp", from, to, NULL};

	ck_assert_int_eq(program_run(arguments), 0);
}

/* Keeps the store, or puts it back, of a service that does not run. */
static void keep_store(const struct side *side, bool puts_back)
{
	char store[TAMPER_PATH_SIZE], kept[TAMPER_PATH_SIZE];

	tamper_path(side->service, store);
	(void)snprintf(kept, sizeof(kept), "%s/%s", side->service->directory, OLD_STORE);
	copy_file(puts_back ? kept : store, puts_back ? store : kept);
}

static void accept_head(struct client *client, struct client *peer)
{
	char body[64];

	(void)snprintf(body, sizeof(body), "{\"seq\":%" PRId64 "}",
	               linked_next_event(peer, INT64_C(1) << 52));
	/* It may end later than when it was last read; that is looked after at once. */
	for (int tries = 0; client_send(client, "POST", "/peer/accept", NULL, body) == 503;
	     tries++) {
		ck_assert_int_lt(tries, LOOKS_MAX);
		(void)linked_next_event(client, linked_next_event(client, INT64_C(1) << 52));
	}
	ck_assert_int_eq(client->status, 200);
}

/* What is not there is no place to follow from. */
static void accept_beyond_head(struct client *client, struct client *peer)
{
	char body[64];

	(void)snprintf(body, sizeof(body), "{'seq':%" PRId64 "}",
	               linked_next_event(peer, INT64_C(1) << 52) + 1);
	post(client, "/peer/accept", NULL, body, 503);
	check_problem(client, "peer-lagging");
}

/* Without a seq: from where it is right to follow. */
static void accept_it(struct client *client)
{
	post(client, "/peer/accept", NULL, "{}", 200);
}

/* So many payments and refunds were made again. */
static void wait_for_recovered(int64_t count)
{
	for (int tries = 0; get_metric(&pay, "references_recovered_total") < count; tries++) {
		ck_assert_int_lt(tries, TRIES_MAX);
		(void)linked_next_event(&pay, INT64_C(1) << 52);
		(void)linked_next_event(&pay, linked_next_event(&pay, INT64_C(1) << 52));
	}
}

static void check_is_followed(const struct side *side)
{
	pay_order("after");
	cancel("after");
	get(side->client, "/readyz", NULL, 200);
	check_holds(side->client, "'status':'ready'");
	get(side->peer, "/readyz", NULL, 200);
	check_holds(side->peer, "'status':'ready'");
	ck_assert_int_eq(get_metric(side->client, "rolled_back"), 0);
	ck_assert_int_eq(get_metric(side->peer, "peer_journal_broken"), 0);
	check_sound(&payment_service);
	check_sound(&order_service);
}

static void check_moves_no_money(const struct side *side)
{
	get(side->client, "/readyz", NULL, 503);
	check_problem(side->client, "rolled-back");
	move_money(side, 503);
	check_problem(side->client, "rolled-back");
	ck_assert_ptr_nonnull(client_header(side->client, "Retry-After"));
	ck_assert_int_eq(get_metric(side->client, "rolled_back"), 1);
	get(side->client, "/events", NULL, 200);
}

static void check_is_not_followed(const struct side *side)
{
	service_wait_log(side->peer_service, "\"event\":\"peer_journal_broken\"");
	get(side->peer, "/readyz", NULL, 200);
	check_holds(side->peer, "'status':'degraded','check':'peer-broken'");
	ck_assert_int_eq(get_metric(side->peer, "peer_journal_broken"), 1);
}

/* ---- a store that went back ---- */

START_TEST(a_store_that_went_back_moves_no_money_until_it_is_accepted)
{
	const struct side *side = &sides[_i];

	pay_order("first");
	service_stop(side->service);
	keep_store(side, false);
	linked_run(side->service, NULL);
	pay_order("second");
	pay_order("third");
	cancel("second");
	service_stop(side->service);
	keep_store(side, true);
	linked_run(side->service, NULL);
	check_moves_no_money(side); /* from its first answer on */
	service_wait_log(side->service, "\"event\":\"rolled_back\"");
	check_is_not_followed(side);
	service_stop(side->service);
	linked_run(side->service, NULL);
	check_moves_no_money(side); /* a new start does not make it better */
	if (side->service == &order_service) {
		check_reconcile(1); /* its orders are lost */
	} else {
		wait_for_recovered(3); /* two payments and a refund */
		check_reconcile(0);
	}
	accept_it(side->client);
	move_money(side, 200);
	accept_it(side->peer);
	check_is_followed(side);
}
END_TEST

START_TEST(a_restored_backup_moves_no_money_until_the_peer_is_caught_up)
{
	const struct side *side = &sides[_i];

	pay_order("first");
	run_command(side, "backup");
	pay_order("second");
	cancel("second");
	service_stop(side->service);
	proxy_fault(side->way_to_peer, FAULT_REFUSE, 0, PROXY_TIMES_ALWAYS);
	run_command(side, "restore");
	linked_run(side->service, NULL);
	check_moves_no_money(side);
	check_is_not_followed(side);
	proxy_mend(side->way_to_peer);
	service_wait_log(side->service, "\"event\":\"rollback_ended\"");
	move_money(side, 200);
	accept_it(side->peer);
	check_is_followed(side);
}
END_TEST

START_TEST(a_restored_backup_of_all_there_was_needs_nobody)
{
	const struct side *side = &sides[_i];

	pay_order("first");
	run_command(side, "backup");
	service_stop(side->service);
	run_command(side, "restore");
	linked_run(side->service, NULL);
	service_wait_log(side->service, "\"event\":\"rollback_ended\"");
	check_is_followed(side);
	check_agree();
}
END_TEST

/* Of the order service's events hardly one makes another one. */
START_TEST(a_store_that_went_back_is_noticed_without_a_witness)
{
	const struct side *side = &sides[1];

	pay_order("first");
	service_stop(side->service);
	keep_store(side, false);
	linked_run(side->service, NULL);
	linked_order("second", "10");
	linked_wait_heard();
	service_stop(side->service);
	keep_store(side, true);
	linked_run(side->service, NULL);
	service_wait_log(side->service, "\"event\":\"rolled_back\"");
	check_moves_no_money(side);
	check_is_not_followed(side);
	accept_it(side->client);
	move_money(side, 200);
	service_stop(side->service);
	linked_run(side->service, NULL);
	move_money(side, 200); /* the peer tells the same still: once is enough */
	accept_it(side->peer);
	check_is_followed(side);
}
END_TEST

/* ---- what only the peer and the processor know ---- */

static const char *const methods[] = {"", "'payment_method':'pm_duplicate_answer',"};

/* What was paid, held, and given back before the backup and after it. */
static const char *const lost_orders[] = {"returned", "refunded", "captured", "voided",
                                          "paid",     "held",     "both"};

struct picture {
	char payment_id[ID_SIZE], refund_id[ID_SIZE], status[16];
	double captured, refunded;
};

static void authorize(const char *order_id, const char *method)
{
	char members[128];

	(void)snprintf(members, sizeof(members), "%s'capture':'manual'", method);
	linked_order(order_id, "10");
	linked_pay(order_id, "10", members, 200);
}

static void pay_by(const char *order_id, const char *method)
{
	char members[128];

	(void)snprintf(members, sizeof(members), "%s'capture':'automatic'", method);
	linked_order(order_id, "10");
	linked_pay(order_id, "10", members, 200);
}

static const cJSON *first_of(struct client *client)
{
	return cJSON_GetArrayItem(answer_data(client), 0);
}

static void take_str(const cJSON *object, const char *name, char *out, size_t size)
{
	const cJSON *member = cJSON_GetObjectItem(object, name);

	ck_assert_ptr_nonnull(member);
	(void)snprintf(out, size, "%s", member->valuestring);
}

static void take_picture(const char *order_id, struct picture *picture)
{
	char path[128];

	*picture = (struct picture){.refund_id = ""};
	(void)snprintf(path, sizeof(path), "/payments?order_id=%s", order_id);
	get(&pay, path, NULL, 200);
	ck_assert_int_eq(cJSON_GetArraySize(answer_data(&pay)), 1);
	take_str(first_of(&pay), "payment_id", picture->payment_id, ID_SIZE);
	take_str(first_of(&pay), "payment_status", picture->status, sizeof(picture->status));
	picture->captured = cJSON_GetObjectItem(first_of(&pay), "amount_captured")->valuedouble;
	picture->refunded = cJSON_GetObjectItem(first_of(&pay), "amount_refunded")->valuedouble;
	(void)snprintf(path, sizeof(path), "/payments/%s/refunds", picture->payment_id);
	get(&pay, path, NULL, 200);
	ck_assert_int_le(cJSON_GetArraySize(answer_data(&pay)), 1);
	if (first_of(&pay) != NULL)
		take_str(first_of(&pay), "refund_id", picture->refund_id, ID_SIZE);
}

static void change_payment(const char *order_id, const char *what, const char *body)
{
	struct picture picture;
	char path[128], key[64];

	take_picture(order_id, &picture);
	(void)snprintf(path, sizeof(path), "/payments/%s/%s", picture.payment_id, what);
	(void)snprintf(key, sizeof(key), "Idempotency-Key: %s-%s", order_id, what);
	post(&pay, path, key, body, 200);
}

static void make_loss(const char *method)
{
	cancel("returned");
	change_payment("refunded", "refunds", "{'amount':4}");
	change_payment("captured", "capture", "{'amount':7}");
	change_payment("voided", "void", "{}");
	pay_by("paid", method);
	authorize("held", method);
	authorize("both", method);
	change_payment("both", "capture", "{'amount':10}");
	linked_wait_order("refunded", "'amount_refunded':4.00");
	linked_wait_order("captured", "'amount_paid':7.00");
	linked_wait_order("voided", "'amount_authorized':0.00");
	linked_wait_order("held", "'amount_authorized':10.00");
	linked_wait_order("both", "'state':'paid'");
}

START_TEST(what_only_the_peer_and_the_processor_know_is_there_again)
{
	const char *method = methods[_i];
	struct picture before[ARRAY_LEN(lost_orders)], after;

	pay_by("returned", method);
	pay_by("refunded", method);
	authorize("captured", method);
	authorize("voided", method);
	linked_wait_order("voided", "'amount_authorized':10.00");
	run_command(&sides[0], "backup");
	make_loss(method);
	for (size_t i = 0; i < ARRAY_LEN(lost_orders); i++)
		take_picture(lost_orders[i], &before[i]);
	service_stop(&payment_service);
	run_command(&sides[0], "restore");
	linked_run(&payment_service, NULL);
	service_wait_log(&payment_service, "\"event\":\"rollback_ended\"");
	for (size_t i = 0; i < ARRAY_LEN(lost_orders); i++) {
		take_picture(lost_orders[i], &after);
		ck_assert_str_eq(before[i].payment_id, after.payment_id);
		ck_assert_str_eq(before[i].refund_id, after.refund_id);
		ck_assert_str_eq(before[i].status, after.status);
		ck_assert(before[i].captured == after.captured);
		ck_assert(before[i].refunded == after.refunded);
	}
	ck_assert_int_eq(get_metric(&pay, "references_recovered_total"), 7);
	ck_assert_int_eq(get_metric(&pay, "references_lost"), 0);
	ck_assert_int_eq(get_metric(&pay, "inquiries_open"), 0);
	accept_it(&order);
	pay_order("after");
	check_agree();
}
END_TEST

/* What was answered, and what a repeat is told. */
static void pay_part(const char *key, const char *order_id, int status)
{
	char header[64], body[128];

	(void)snprintf(header, sizeof(header), "Idempotency-Key: %s", key);
	(void)snprintf(body, sizeof(body), "{'order_id':'%s','amount':4}", order_id);
	post(&pay, "/pay", header, body, status);
}

START_TEST(what_is_repeated_after_a_restore_is_not_charged_twice)
{
	static const char whole[] = "{'order_id':'whole','amount':10}";
	char payment_id[ID_SIZE];

	pay_order("before");
	run_command(&sides[0], "backup");
	linked_order("whole", "10");
	linked_order("parts", "10");
	linked_order("keyed", "4");
	post(&pay, "/pay", NULL, whole, 200);
	text_copy(text_of(answer_member(&pay, "payment_id")->valuestring), payment_id, ID_SIZE);
	pay_part("part", "parts", 200);
	pay_part("all", "keyed", 200);
	linked_wait_order("whole", "'state':'paid'");
	linked_wait_order("parts", "'amount_paid':4.00");
	linked_wait_order("keyed", "'state':'paid'");
	service_stop(&payment_service);
	proxy_fault(&to_orders, FAULT_REFUSE, 0, PROXY_TIMES_ALWAYS);
	run_command(&sides[0], "restore");
	linked_run(&payment_service, NULL);
	post(&pay, "/pay", NULL, whole, 503);
	check_problem(&pay, "rolled-back");
	pay_part("part", "parts", 503);
	proxy_mend(&to_orders);
	service_wait_log(&payment_service, "\"event\":\"rollback_ended\"");
	post_replay(&pay, "/pay", NULL, whole, 200, true);
	check_holds(&pay, payment_id);
	pay_part("part", "parts", 409);
	check_problem(&pay, "order-already-paid");
	pay_part("all", "keyed", 409);
	check_problem(&pay, "order-already-paid");
	post(&pay, "/pay", "Idempotency-Key: rest", "{'order_id':'parts','amount':6}", 200);
	accept_it(&order);
	linked_wait_order("parts", "'state':'paid'");
	check_agree();
}
END_TEST

/* The processor's answers come one after the other: some before the kill, some after it. */
START_TEST(a_kill_while_the_processor_is_asked_loses_and_doubles_nothing)
{
	struct picture before[ASKED_COUNT], after;
	char order_id[32];

	run_command(&sides[0], "backup");
	for (int i = 0; i < ASKED_COUNT; i++) {
		(void)snprintf(order_id, sizeof(order_id), "asked-%d", i);
		pay_order(order_id);
		change_payment(order_id, "refunds", "{'amount':4}");
		linked_wait_order(order_id, "'amount_refunded':4.00");
		take_picture(order_id, &before[i]);
	}
	service_stop(&payment_service);
	run_command(&sides[0], "restore");
	linked_run(&payment_service, NULL);
	service_wait_log(&payment_service, "\"event\":\"reference_recovered\"");
	linked_kill(&payment_service);
	linked_run(&payment_service, NULL);
	service_wait_log(&payment_service, "\"event\":\"rollback_ended\"");
	for (int i = 0; i < ASKED_COUNT; i++) {
		(void)snprintf(order_id, sizeof(order_id), "asked-%d", i);
		take_picture(order_id, &after);
		ck_assert_str_eq(before[i].payment_id, after.payment_id);
		ck_assert_str_eq(before[i].refund_id, after.refund_id);
		ck_assert(before[i].captured == after.captured);
		ck_assert(before[i].refunded == after.refunded);
	}
	ck_assert_int_eq(get_metric(&pay, "references_lost"), 0);
	accept_it(&order);
	pay_order("after");
	check_agree();
}
END_TEST

/* ---- a journal that was changed ---- */

/* A line that was followed, or one that the peer is yet to read. */
static const struct {
	const struct side *side;
	bool is_seen;
} changes[] = {{&sides[0], true}, {&sides[0], false}, {&sides[1], true}, {&sides[1], false}};

/* Someone who knows the head's hash changes the last line but `behind`. */
static void change_journal(const struct side *side, int behind)
{
	char sql[512];

	service_stop(side->service);
	(void)snprintf(
		sql, sizeof(sql),
		"UPDATE journal SET line = replace(line, '\"evt_01', '\"evt_02') WHERE seq = "
		"(SELECT max(seq) FROM journal) - %d;"
		"UPDATE journal_head SET hash = (SELECT hash(line) FROM journal ORDER BY seq DESC "
		"LIMIT 1)",
		behind);
	tamper_change(side->service, "journal", sql);
	linked_run(side->service, NULL);
}

/* The peer has committed that it was there. */
static void wait_until_seen(const struct side *side)
{
	int64_t head = linked_next_event(side->client, INT64_C(1) << 52), seen = 0;

	for (int tries = 0; seen < head; tries++) {
		ck_assert_int_lt(tries, TRIES_MAX);
		get(side->peer, "/events?after=4000000000&wait=1", "Accept: application/x-ndjson",
		    200);
		const char *text = client_header(side->peer, "Events-Seen");
		ck_assert_ptr_nonnull(text);
		seen = strtoll(strchr(text, ' '), NULL, 10);
		(void)linked_next_event(side->peer, linked_next_event(side->peer, 1 << 30));
	}
}

static void make_events(const struct side *side)
{
	char order_id[32];

	for (int i = 0; i < 3; i++) {
		(void)snprintf(order_id, sizeof(order_id), "unseen-%d", i);
		if (side->service == &payment_service)
			linked_pay(order_id, "10", "", 200);
		else
			linked_order(order_id, "10");
	}
}

START_TEST(a_changed_journal_is_not_followed_until_it_is_accepted)
{
	const struct side *side = changes[_i].side;
	int behind = changes[_i].is_seen ? 0 : 1;

	pay_order("first");
	cancel("first");
	wait_until_seen(side);
	if (changes[_i].is_seen) {
		change_journal(side, behind);
	} else {
		service_stop(side->peer_service);
		make_events(side);
		change_journal(side, behind);
		linked_run(side->peer_service, NULL);
	}
	check_is_not_followed(side);
	accept_beyond_head(side->peer, side->client);
	if (changes[_i].is_seen) { /* the peer tells of the line as it was */
		service_wait_log(side->service, "\"event\":\"rolled_back\"");
		accept_it(side->client);
	}
	accept_head(side->peer, side->client);
	service_wait_log(side->peer_service, "\"event\":\"peer_journal_followed\"");
	pay_order("after");
	ck_assert_int_eq(get_metric(side->peer, "peer_journal_broken"), 0);
	get(side->peer, "/readyz", NULL, 200);
	check_holds(side->peer, "'status':'ready'");
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("linked rollback");
	TCase *tcase = tcase_create("rollback");

	tcase_set_timeout(tcase, 300);
	tcase_add_checked_fixture(tcase, linked_start, linked_stop);
	tcase_add_loop_test(tcase, a_store_that_went_back_moves_no_money_until_it_is_accepted, 0,
	                    ARRAY_LEN(sides));
	tcase_add_loop_test(tcase, a_restored_backup_moves_no_money_until_the_peer_is_caught_up, 0,
	                    ARRAY_LEN(sides));
	tcase_add_loop_test(tcase, a_restored_backup_of_all_there_was_needs_nobody, 0,
	                    ARRAY_LEN(sides));
	tcase_add_test(tcase, a_store_that_went_back_is_noticed_without_a_witness);
	tcase_add_loop_test(tcase, what_only_the_peer_and_the_processor_know_is_there_again, 0,
	                    ARRAY_LEN(methods));
	tcase_add_test(tcase, what_is_repeated_after_a_restore_is_not_charged_twice);
	tcase_add_test(tcase, a_kill_while_the_processor_is_asked_loses_and_doubles_nothing);
	tcase_add_loop_test(tcase, a_changed_journal_is_not_followed_until_it_is_accepted, 0,
	                    ARRAY_LEN(changes));
	suite_add_tcase(suite, tcase);
	return suite;
}

TEST_MAIN(make_suite)
