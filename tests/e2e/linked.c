/* linked.c - two services and the two ways between them (linked.h). */
#include "e2e/linked.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define TEXT_SIZE 512
#define SETTINGS_MAX 16
#define TRIES_MAX 60 /* of a second at most: only a fault needs them all */

struct proxy to_payments, to_orders;

/* ---- living and dying ---- */

static bool is_payments(const struct service *service)
{
	return service == &payment_service;
}

void linked_run(struct service *service, const char *const *settings)
{
	const char *all[SETTINGS_MAX + 2];
	char peer_url[64];
	size_t count = 0;

	(void)snprintf(peer_url, sizeof(peer_url), "PEER_URL=http://127.0.0.1:%d",
	               is_payments(service) ? to_orders.port : to_payments.port);
	for (; settings != NULL && *settings != NULL; settings++) {
		ck_assert_uint_lt(count, SETTINGS_MAX);
		all[count++] = *settings;
	}
	all[count++] = peer_url; /* the first of one name counts */
	all[count] = NULL;
	service_start(service, all);
	(is_payments(service) ? &pay : &order)->port = service->port;
	proxy_target(is_payments(service) ? &to_payments : &to_orders, service->port);
}

void linked_kill(struct service *service)
{
	service_signal(service, SIGKILL);
	ck_assert_int_eq(service_wait(service), 128 + SIGKILL);
}

void linked_kill_after(struct service *service, uint64_t events)
{
	struct client *client = is_payments(service) ? &pay : &order;
	int64_t head = linked_next_event(client, INT64_C(1) << 52), next;
	int64_t goal = head + (int64_t)events;

	for (; head < goal && (next = linked_next_event(client, head)) > head; head = next)
		continue;
	linked_kill(service);
}

void linked_start(void)
{
	proxy_start(&to_payments);
	proxy_start(&to_orders);
	service_init(&payment_service, "payment-service");
	service_init(&order_service, "order-service");
	client_open(&pay, 0);
	client_open(&order, 0);
	linked_run(&payment_service, NULL);
	linked_run(&order_service, NULL);
}

void linked_stop(void)
{
	client_close(&pay);
	client_close(&order);
	service_release(&payment_service);
	service_release(&order_service);
	proxy_stop(&to_payments);
	proxy_stop(&to_orders);
}

/* ---- orders and payments ---- */

void linked_order(const char *order_id, const char *amount)
{
	char body[TEXT_SIZE];

	(void)snprintf(body, sizeof(body), "{'order_id':'%s','amount':%s}", order_id, amount);
	post(&order, "/order", NULL, body, 200);
}

void linked_pay(const char *order_id, const char *amount, const char *members, int status)
{
	static int keys;
	char key[TEXT_SIZE], body[TEXT_SIZE];

	(void)snprintf(key, sizeof(key), "Idempotency-Key: %d-%d", (int)getpid(), keys++);
	(void)snprintf(body, sizeof(body), "{'order_id':'%s','amount':%s%s%s}", order_id, amount,
	               members[0] == '\0' ? "" : ",", members);
	post(&pay, "/pay", key, body, status);
}

static bool order_shows(const char *path, const char *text)
{
	char *wanted = strdup(text);

	for (char *at = wanted; (at = strchr(at, '\'')) != NULL;)
		*at = '"';
	get(&order, path, NULL, 200);
	bool shows = strstr(buf_str(&order.body), wanted) != NULL;
	free(wanted);
	return shows;
}

void linked_wait_order(const char *order_id, const char *text)
{
	char path[TEXT_SIZE];
	int64_t head = linked_next_event(&order, INT64_C(1) << 52);
	int tries = 0;

	(void)snprintf(path, sizeof(path), "/orders/%s", order_id);
	while (!order_shows(path, text)) {
		ck_assert_msg(tries++ < TRIES_MAX, "order %s never shows %s: %s", order_id, text,
		              buf_str(&order.body));
		head = linked_next_event(&order, head);
	}
}

/* The second payment is refused as long as only the first is known of the order, so it waits until
 * the order was heard of, which came after all the others. */
void linked_wait_heard(void)
{
	static int marks;
	char order_id[64], key[TEXT_SIZE], body[TEXT_SIZE];
	int tries = 0;

	(void)snprintf(order_id, sizeof(order_id), "mark-%d-%d", (int)getpid(), marks++);
	linked_order(order_id, "2");
	linked_pay(order_id, "1", "", 200);
	(void)snprintf(key, sizeof(key), "Idempotency-Key: %s", order_id);
	(void)snprintf(body, sizeof(body), "{\"order_id\":\"%s\",\"amount\":1}", order_id);
	const char *headers[] = {key, NULL};
	while (client_send(&pay, "POST", "/pay", headers, body) != 200) {
		ck_assert_msg(pay.status == 503 && tries++ < TRIES_MAX, "not heard: %s",
		              buf_str(&pay.body));
	}
}

/* ---- events and metrics ---- */

int64_t linked_next_event(struct client *client, int64_t after)
{
	char path[TEXT_SIZE];

	(void)snprintf(path, sizeof(path), "/events?after=%" PRId64 "&wait=1&limit=1", after);
	get(client, path, NULL, 200);
	return answer_int(client, "head");
}

int64_t linked_count_events(struct client *client, const char *type)
{
	int64_t count = 0, next = 0;
	char path[TEXT_SIZE];

	do {
		(void)snprintf(path, sizeof(path), "/events?limit=1000&types=%s&after=%" PRId64,
		               type, next);
		get(client, path, NULL, 200);
		count += cJSON_GetArraySize(answer_member(client, "events"));
		next = answer_int(client, "next");
	} while (next < answer_int(client, "head"));
	return count;
}

/* ---- load ---- */

void linked_make_order(void *arg, uint64_t number, struct buf *out)
{
	const struct linked_load *load = arg;
	char body[TEXT_SIZE];

	(void)snprintf(body, sizeof(body), "{\"order_id\":\"%s-%" PRIu64 "\",\"amount\":10}",
	               load->prefix, number);
	load_post(out, "/order", "", body);
}

void linked_make_payment(void *arg, uint64_t number, struct buf *out)
{
	const struct linked_load *load = arg;
	bool is_held = load->held_each > 0 && number % load->held_each == 0;
	char body[TEXT_SIZE];

	(void)snprintf(body, sizeof(body), "{\"order_id\":\"%s-%" PRIu64 "\",\"amount\":10%s}",
	               load->prefix, number, is_held ? ",\"capture\":\"manual\"" : "");
	load_post(out, "/pay", "", body);
}

void linked_make_cancel(void *arg, uint64_t number, struct buf *out)
{
	const struct linked_load *load = arg;
	char path[TEXT_SIZE];

	(void)snprintf(path, sizeof(path), "/orders/%s-%" PRIu64 "/cancel", load->prefix, number);
	load_post(out, path, "", "{}");
}

pid_t linked_send(const struct load_plan *plan)
{
	struct load_result result;
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid > 0)
		return pid;
	load_run(plan, &result);
	_exit(result.answered + result.lost <= plan->requests ? 0 : 1);
}

void linked_join(pid_t pid)
{
	int status;

	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
}
