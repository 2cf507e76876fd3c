/* agree.c - reads all orders of one service and all payments of the other, and compares (agree.h).
 * Amounts are thousandths here, whatever the currency: exact enough to compare. */
#include "e2e/agree.h"

#include "e2e/run.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define ORDERS_MAX 200000
#define AGREE_S_MAX 120
#define WHY_SIZE 400
#define PATH_SIZE 512
#define OPEN (-1)

struct told {
	char order_id[65], currency[4], state[16];
	int64_t amount, paid, authorized, refunded, overpaid; /* by the order service */
	int64_t in, held, back, foreign;                      /* by the payment service */
	int64_t processing;                                   /* payments */
};

struct books {
	struct told *orders; /* sorted by order_id */
	size_t count;
	char why[WHY_SIZE]; /* what differs first; "": nothing */
};

static void differ(struct books *books, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
static void differ(struct books *books, const char *format, ...)
{
	va_list arguments;

	if (books->why[0] != '\0')
		return;
	va_start(arguments, format);
	(void)vsnprintf(books->why, sizeof(books->why), format, arguments);
	va_end(arguments);
}

/* ---- reading ---- */

static const cJSON *member(const cJSON *row, const char *name)
{
	const cJSON *found = cJSON_GetObjectItemCaseSensitive(row, name);

	ck_assert_msg(found != NULL, "no member %s", name);
	return found;
}

static int64_t amount_of(const cJSON *row, const char *name)
{
	const cJSON *found = member(row, name);

	return cJSON_IsNull(found) ? OPEN : llround(found->valuedouble * 1000);
}

static void copy(const cJSON *row, const char *name, char *out, size_t size)
{
	(void)snprintf(out, size, "%s", member(row, name)->valuestring);
}

/* Calls take with each row of a list, page after page. */
static void read_list(struct client *client, const char *path,
                      void (*take)(struct books *books, const cJSON *row), struct books *books)
{
	char page[PATH_SIZE];
	const cJSON *row;

	(void)snprintf(page, sizeof(page), "%s?limit=100", path);
	for (;;) {
		get(client, page, NULL, 200);
		cJSON_ArrayForEach (row, answer_data(client))
			take(books, row);
		if (!cJSON_IsTrue(answer_member(client, "has_more")))
			return;
		(void)snprintf(page, sizeof(page), "%s?limit=100&after=%s", path,
		               client_string(client, "next"));
	}
}

static void take_order(struct books *books, const cJSON *row)
{
	struct told *told = &books->orders[books->count++];

	ck_assert_uint_le(books->count, ORDERS_MAX);
	*told = (struct told){.amount = amount_of(row, "amount"),
	                      .paid = amount_of(row, "amount_paid"),
	                      .authorized = amount_of(row, "amount_authorized"),
	                      .refunded = amount_of(row, "amount_refunded"),
	                      .overpaid = amount_of(row, "amount_overpaid")};
	copy(row, "order_id", told->order_id, sizeof(told->order_id));
	copy(row, "currency", told->currency, sizeof(told->currency));
	copy(row, "state", told->state, sizeof(told->state));
}

static int compare_ids(const void *a, const void *b)
{
	return strcmp(((const struct told *)a)->order_id, ((const struct told *)b)->order_id);
}

static void take_payment(struct books *books, const cJSON *row)
{
	int64_t in = amount_of(row, "amount_captured"), back = amount_of(row, "amount_refunded");
	const char *status = member(row, "payment_status")->valuestring;
	struct told key = {0}, *told;

	copy(row, "order_id", key.order_id, sizeof(key.order_id));
	told = bsearch(&key, books->orders, books->count, sizeof(key), compare_ids);
	if (told == NULL) {
		differ(books, "%s is paid and is no order", key.order_id);
		return;
	}
	told->processing += strcmp(status, "processing") == 0;
	int64_t held = strcmp(status, "authorized") == 0 ? amount_of(row, "amount") : 0;
	if (strcmp(member(row, "currency")->valuestring, told->currency) != 0) {
		told->foreign += held + in - back;
		return;
	}
	told->in += in;
	told->back += back;
	told->held += held;
}

static void read_books(struct books *books)
{
	books->count = 0;
	books->why[0] = '\0';
	read_list(&order, "/orders", take_order, books);
	qsort(books->orders, books->count, sizeof(*books->orders), compare_ids);
	read_list(&pay, "/payments", take_payment, books);
}

/* ---- comparing ---- */

static void check_state(struct books *books, const struct told *at)
{
	bool covers = at->amount != OPEN && at->in >= at->amount;
	int64_t kept = at->in - at->back;

	if (strcmp(at->state, "cancelled") == 0) {
		if (kept != 0 || at->held != 0)
			differ(books, "%s is cancelled and keeps %" PRId64 " and %" PRId64 " held",
			       at->order_id, kept, at->held);
		return;
	}
	if (covers != (strcmp(at->state, "pending") != 0))
		differ(books, "%s is %s with %" PRId64 " of %" PRId64 " paid", at->order_id,
		       at->state, at->in, at->amount);
	if (at->amount != OPEN && at->overpaid != (kept > at->amount ? kept - at->amount : 0))
		differ(books, "%s shows %" PRId64 " overpaid and keeps %" PRId64 " of %" PRId64,
		       at->order_id, at->overpaid, kept, at->amount);
}

static void compare(struct books *books)
{
	for (size_t i = 0; i < books->count && books->why[0] == '\0'; i++) {
		const struct told *at = &books->orders[i];

		if (at->paid != at->in || at->refunded != at->back || at->authorized != at->held)
			differ(books,
			       "%s: paid %" PRId64 " of %" PRId64 ", refunded %" PRId64
			       " of %" PRId64 ", authorized %" PRId64 " of %" PRId64,
			       at->order_id, at->paid, at->in, at->refunded, at->back,
			       at->authorized, at->held);
		if (at->processing > 0)
			differ(books, "%s: a payment is processing", at->order_id);
		if (at->foreign != 0)
			differ(books, "%s keeps money in another currency", at->order_id);
		check_state(books, at);
	}
}

/* ---- the end ---- */

void check_sound(const struct service *service)
{
	static const char *const audit[] = {"audit", NULL};
	struct run run;

	run_service(service, NULL, audit, &run);
	ck_assert_msg(run.status == 0, "%s: %s%s", service->name, buf_str(&run.out),
	              buf_str(&run.err));
	run_release(&run);
}

void check_reconcile(int status)
{
	static const char *const reconcile[] = {"reconcile", NULL};
	const struct service *sides[] = {&payment_service, &order_service};
	struct run runs[ARRAY_LEN(sides)];

	for (size_t i = 0; i < ARRAY_LEN(sides); i++) {
		char port[32], peer_url[64];
		const char *settings[] = {port, peer_url, NULL};

		(void)snprintf(port, sizeof(port), "PORT=%d", sides[i]->port);
		(void)snprintf(peer_url, sizeof(peer_url), "PEER_URL=http://127.0.0.1:%d",
		               sides[1 - i]->port);
		run_begin(sides[i], settings, reconcile, &runs[i]);
	}
	for (size_t i = 0; i < ARRAY_LEN(runs); i++) {
		run_end(&runs[i]);
		ck_assert_msg(runs[i].status == status, "%s reconcile: exit %d\n%s%s",
		              sides[i]->name, runs[i].status, buf_str(&runs[i].out),
		              buf_str(&runs[i].err));
		run_release(&runs[i]);
	}
}

static void check_followed(struct client *client)
{
	ck_assert_int_eq(linked_count_events(client, "peer_event.rejected"), 0);
	ck_assert_int_eq(get_metric(client, "peer_journal_broken"), 0);
}

void check_agree(void)
{
	struct books books = {.orders = calloc(ORDERS_MAX, sizeof(*books.orders))};
	time_t until_s = time(NULL) + AGREE_S_MAX;

	ck_assert_ptr_nonnull(books.orders);
	for (;;) {
		int64_t order_head = linked_next_event(&order, INT64_C(1) << 52);
		int64_t pay_head = linked_next_event(&pay, INT64_C(1) << 52);

		read_books(&books);
		compare(&books);
		if (books.why[0] == '\0')
			break;
		ck_assert_msg(time(NULL) < until_s, "%s", books.why);
		/* Each is told of what the other does. */
		if (linked_next_event(&order, order_head) == order_head)
			(void)linked_next_event(&pay, pay_head);
	}
	free(books.orders);
	check_followed(&order);
	check_followed(&pay);
	check_sound(&order_service);
	check_sound(&payment_service);
	check_reconcile(0);
}
