/* test_linked_rollback.c - a service whose store went back moves no money, one whose journal is not
 * what it was is not followed, until an operator accepts. */
#include "e2e/side.h"
#include "e2e/tamper.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define OLD_STORE "old.db"
#define TRIES_MAX 60 /* of a second at most */
#define LOOKS_MAX 5  /* likewise: less than a journal that is not followed waits by itself */

/* A call that moves money, of an order that is not there any more or was never there. */
static void move_money(const struct side *side, int status)
{
	if (side->service == &payment_service)
		linked_pay("moved", "10", "", status);
	else
		post(&order, "/orders/first/cancel", NULL, "{}", status);
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
	side_pay_order("after");
	side_cancel("after");
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

/* The peer has committed that it was there. */
static void wait_until_seen(const struct side *side)
{
	int64_t head = linked_next_event(side->client, INT64_C(1) << 52), seen = 0;

	for (int tries = 0; seen < head; tries++) {
		ck_assert_int_lt(tries, TRIES_MAX);
		get(side->peer, "/events?after=4000000000&wait=1", "Accept: application/x-ndjson",
		    200);
		const char *text = client_header(side->peer, "Events-Seen");
		seen = text == NULL ? 0 : strtoll(strchr(text, ' '), NULL, 10);
		(void)linked_next_event(side->peer, linked_next_event(side->peer, 1 << 30));
	}
}

/* ---- a store that went back ---- */

START_TEST(a_store_that_went_back_moves_no_money_until_it_is_accepted)
{
	const struct side *side = &sides[_i];

	side_pay_order("first");
	service_stop(side->service);
	keep_store(side, false);
	linked_run(side->service, NULL);
	side_pay_order("second");
	side_pay_order("third");
	side_cancel("second");
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
	side_accept(side->client);
	move_money(side, 200);
	accept_head(side->peer, side->client);
	check_is_followed(side);
}
END_TEST

START_TEST(a_restored_backup_moves_no_money_until_the_peer_is_caught_up)
{
	const struct side *side = &sides[_i];

	side_pay_order("first");
	side_run_command(side, "backup");
	side_pay_order("second");
	side_cancel("second");
	service_stop(side->service);
	proxy_fault(side->way_to_peer, FAULT_REFUSE, 0, PROXY_TIMES_ALWAYS);
	side_run_command(side, "restore");
	linked_run(side->service, NULL);
	check_moves_no_money(side);
	check_is_not_followed(side);
	proxy_mend(side->way_to_peer);
	service_wait_log(side->service, "\"event\":\"rollback_ended\"");
	move_money(side, 200);
	side_accept_restored(side);
	check_is_followed(side);
}
END_TEST

START_TEST(a_restored_backup_of_all_there_was_needs_nobody)
{
	const struct side *side = &sides[_i];

	side_pay_order("first");
	side_run_command(side, "backup");
	service_stop(side->service);
	side_run_command(side, "restore");
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

	side_pay_order("first");
	service_stop(side->service);
	keep_store(side, false);
	linked_run(side->service, NULL);
	linked_order("second", "10");
	wait_until_seen(side);
	service_stop(side->service);
	keep_store(side, true);
	linked_run(side->service, NULL);
	service_wait_log(side->service, "\"event\":\"rolled_back\"");
	check_moves_no_money(side);
	check_is_not_followed(side);
	side_accept(side->client);
	move_money(side, 200);
	service_stop(side->service);
	linked_run(side->service, NULL);
	move_money(side, 200); /* the peer tells the same still: once is enough */
	accept_head(side->peer, side->client);
	check_is_followed(side);
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

	side_pay_order("first");
	side_cancel("first");
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
		side_accept(side->client);
	}
	accept_head(side->peer, side->client);
	service_wait_log(side->peer_service, "\"event\":\"peer_journal_followed\"");
	side_pay_order("after");
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
	tcase_add_loop_test(tcase, a_changed_journal_is_not_followed_until_it_is_accepted, 0,
	                    ARRAY_LEN(changes));
	suite_add_tcase(suite, tcase);
	return suite;
}

TEST_MAIN(make_suite)
