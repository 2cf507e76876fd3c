/* side.c - what happens to the store of one of the pair (side.h). */
#include "e2e/side.h"

#include "e2e/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BACKUP "backup.db"

const struct side sides[SIDES_COUNT] = {
	{&payment_service, &pay, &to_orders, &order, &order_service},
	{&order_service, &order, &to_payments, &pay, &payment_service},
};

void side_pay_order(const char *order_id)
{
	linked_order(order_id, "10");
	linked_pay(order_id, "10", "", 200);
	linked_wait_order(order_id, "'state':'paid'");
}

void side_cancel(const char *order_id)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "/orders/%s/cancel", order_id);
	post(&order, path, NULL, "{}", 200);
	linked_wait_order(order_id, "'amount_refunded':10.00");
}

void side_run_command(const struct side *side, const char *command)
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

void side_accept(struct client *client)
{
	post(client, "/peer/accept", NULL, "{}", 200);
}

void side_accept_restored(const struct side *side)
{
	static const char name[] = "\"head_seq\":";
	char body[64];

	service_wait_log(side->peer_service, "\"event\":\"peer_journal_broken\"");
	post(side->peer, "/peer/accept", NULL, "{}", 409);
	check_problem(side->peer, "invalid-state");
	check_holds(side->peer, "head_seq of its journal.restored");
	get(side->client, "/events?types=journal.restored", NULL, 200);
	const char *head_seq = strstr(buf_str(&side->client->body), name);
	ck_assert_ptr_nonnull(head_seq);
	(void)snprintf(body, sizeof(body), "{'seq':%lld}",
	               strtoll(head_seq + sizeof(name) - 1, NULL, 10));
	post(side->peer, "/peer/accept", NULL, body, 200);
}
