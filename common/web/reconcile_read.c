/* reconcile_read.c - GETs of lists and single orders, and the members of what they answer that
 * reconcile_compare.c looks at. Further members are skipped: answers may gain some. What is not of
 * the right form ends the reading: nothing is concluded from half an answer. */
#include "web/reconcile_read.h"

#include "base/json.h"
#include "base/time_text.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define FETCH_TIMEOUT_US (30 * US_PER_S)
/* A service that is overloaded says so for seconds. */
#define TRIES_MAX 10
#define URL_SIZE (FETCH_URL_MAX + 256)

bool reconcile_reader_init(struct reconcile_reader *reader, struct peer_access *access,
                           struct buf *why)
{
	reader->why = why;
	buf_init(&reader->body, JSON_BYTES_MAX);
	reader->fetcher = fetcher_new(access);
	if (reader->fetcher != NULL)
		reader->fetch = fetch_new(reader->fetcher, "application/json", JSON_BYTES_MAX);
	if (reader->fetch != NULL)
		return true;
	buf_add_str(why, "There is not enough memory to start.");
	return false;
}

void reconcile_reader_release(struct reconcile_reader *reader)
{
	fetch_free(reader->fetch);
	fetcher_free(reader->fetcher);
	buf_release(&reader->body);
}

/* ---- requests ---- */

static bool fail(struct reconcile_reader *reader, const char *url, const char *why)
{
	buf_addf(reader->why, "%s could not be read: %s", url, why);
	return false;
}

static bool is_for_now(int status)
{
	return status == 429 || status == 503;
}

/* The document borrows from the reader's body. *ret_found false: it was answered that there is no
 * such thing. */
static bool get(struct reconcile_reader *reader, const char *url, struct json_doc *ret_doc,
                bool *ret_found)
{
	const struct timespec pause = {.tv_sec = 1};
	int status = fetch_run(reader->fetch, url, FETCH_TIMEOUT_US);
	const char *detail;
	size_t offset;
	char why[64];

	for (int tries = 1; is_for_now(status) && tries < TRIES_MAX; tries++) {
		(void)nanosleep(&pause, NULL);
		status = fetch_run(reader->fetch, url, FETCH_TIMEOUT_US);
	}
	if (status == 0)
		return fail(reader, url, fetch_why(reader->fetch));
	*ret_found = status != 404;
	if (status == 404)
		return true;
	(void)snprintf(why, sizeof(why), "it was answered with status %d", status);
	if (status != 200)
		return fail(reader, url, why);
	fetch_swap_body(reader->fetch, &reader->body);
	if (!json_parse(buf_text(&reader->body), ret_doc, &detail, &offset))
		return fail(reader, url, detail);
	return true;
}

/* ---- members ---- */

static struct text read_text(const cJSON *object, const char *name)
{
	const cJSON *member = json_member(object, name);

	return cJSON_IsString(member) ? text_of(member->valuestring) : TEXT_NONE;
}

static bool read_name(const cJSON *object, const char *name, const char *const *names, int *ret)
{
	struct text value = read_text(object, name);

	for (int i = 0; names[i] != NULL; i++) {
		if (text_is(value, names[i])) {
			*ret = i;
			return true;
		}
	}
	return false;
}

static bool read_order_id(const cJSON *object, char ret_id[ORDER_ID_MAX + 1])
{
	struct text id = read_text(object, "order_id");

	if (id.ptr == NULL || !text_is_order_id(id))
		return false;
	text_copy(id, ret_id, ORDER_ID_MAX + 1);
	return true;
}

struct amount_member {
	const char *name;
	int64_t *ret_minor;
};

/* In the object's currency. */
static bool read_amounts(const struct json_doc *doc, const cJSON *object,
                         const struct amount_member *members, size_t count,
                         const struct currency **ret_currency)
{
	struct decimal decimal;

	*ret_currency = currency_find(read_text(object, "currency"));
	if (*ret_currency == NULL)
		return false;
	for (size_t i = 0; i < count; i++) {
		const cJSON *member = json_member(object, members[i].name);

		if (!cJSON_IsNumber(member) ||
		    decimal_parse(json_number_text(doc, member), &decimal) != MONEY_OK ||
		    decimal_to_minor(decimal, *ret_currency, members[i].ret_minor) != MONEY_OK)
			return false;
	}
	return true;
}

static bool read_order(const struct json_doc *doc, const cJSON *object, void *ret_row)
{
	struct reconciled_order *order = ret_row;
	const struct amount_member amounts[] = {
		{"amount_paid", &order->paid_minor},
		{"amount_authorized", &order->authorized_minor},
		{"amount_refunded", &order->refunded_minor},
	};

	return read_order_id(object, order->order_id) &&
	       read_name(object, "state", reconciled_state_names, &order->state) &&
	       read_amounts(doc, object, amounts, ARRAY_LEN(amounts), &order->currency);
}

static bool read_payment(const struct json_doc *doc, const cJSON *object, void *ret_row)
{
	struct reconciled_payment *payment = ret_row;
	struct text id = read_text(object, "payment_id");
	const struct amount_member amounts[] = {
		{"amount", &payment->amount_minor},
		{"amount_captured", &payment->captured_minor},
		{"amount_refunded", &payment->refunded_minor},
		{"amount_refund_pending", &payment->refund_pending_minor},
	};

	if (id.ptr == NULL || !id_is_valid("pay_", id))
		return false;
	text_copy(id, payment->payment_id, sizeof(payment->payment_id));
	payment->has_pending_operation = read_text(object, "pending_operation").ptr != NULL;
	return read_order_id(object, payment->order_id) &&
	       read_name(object, "payment_status", reconciled_status_names, &payment->status) &&
	       read_amounts(doc, object, amounts, ARRAY_LEN(amounts), &payment->currency) &&
	       time_parse(read_text(object, "updated_at"), &payment->updated_us);
}

/* ---- lists ---- */

/* How the rows of a list become structs. */
struct row_kind {
	bool (*read)(const struct json_doc *doc, const cJSON *object, void *ret_row);
	size_t size;
};

static const struct row_kind order_row = {read_order, sizeof(struct reconciled_order)};
static const struct row_kind payment_row = {read_payment, sizeof(struct reconciled_payment)};

/* Moves the walk on. False: the cursor is none that can stand in a URL as it is. */
static bool read_next(const cJSON *page, struct reconcile_walk *walk)
{
	static const char plain[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
	const cJSON *has_more = json_member(page, "has_more");
	struct text next = read_text(page, "next");

	walk->is_over = cJSON_IsFalse(has_more);
	if (walk->is_over)
		return true;
	if (!cJSON_IsTrue(has_more) || next.ptr == NULL || next.len >= sizeof(walk->after) ||
	    strspn(next.ptr, plain) != next.len)
		return false;
	text_copy(next, walk->after, sizeof(walk->after));
	return true;
}

static bool read_page(const struct json_doc *doc, const struct row_kind *kind,
                      struct reconcile_walk *walk, void *ret_rows, size_t *ret_count)
{
	const cJSON *data = json_member(doc->root, "data"), *object;
	char *row = ret_rows;
	size_t count = 0;

	if (!cJSON_IsArray(data))
		return false;
	cJSON_ArrayForEach (object, data) {
		if (count == RECONCILE_PAGE_ROWS ||
		    !kind->read(doc, object, row + count * kind->size))
			return false;
		count++;
	}
	*ret_count = count;
	return read_next(doc->root, walk);
}

static bool get_page(struct reconcile_reader *reader, const char *url, const struct row_kind *kind,
                     struct reconcile_walk *walk, void *ret_rows, size_t *ret_count)
{
	struct json_doc AUTO_JSON doc = {0};
	bool found;

	if (!get(reader, url, &doc, &found))
		return false;
	if (!found)
		return fail(reader, url, "there is no such list, so it is another service");
	if (!read_page(&doc, kind, walk, ret_rows, ret_count))
		return fail(reader, url, "it was answered with what is no page of this list");
	return true;
}

static void make_url(const char *base, const char *list, const char *order_id, const char *after,
                     char ret_url[URL_SIZE])
{
	int len = snprintf(ret_url, URL_SIZE, "%s/%s?limit=%d%s%s%s%s", base, list,
	                   RECONCILE_PAGE_ROWS,
	                   order_id == NULL ? "" : "&order_id=", order_id == NULL ? "" : order_id,
	                   after[0] == '\0' ? "" : "&after=", after);

	ensure(len > 0 && len < URL_SIZE);
}

bool reconcile_read_orders(struct reconcile_reader *reader, struct reconcile_walk *walk,
                           struct reconciled_order ret_orders[RECONCILE_PAGE_ROWS],
                           size_t *ret_count)
{
	char url[URL_SIZE];

	make_url(reader->order_url, "orders", NULL, walk->after, url);
	return get_page(reader, url, &order_row, walk, ret_orders, ret_count);
}

bool reconcile_read_payments(struct reconcile_reader *reader, struct reconcile_walk *walk,
                             const char *order_id,
                             struct reconciled_payment ret_payments[RECONCILE_PAGE_ROWS],
                             size_t *ret_count)
{
	char url[URL_SIZE];

	make_url(reader->payment_url, "payments", order_id, walk->after, url);
	return get_page(reader, url, &payment_row, walk, ret_payments, ret_count);
}

bool reconcile_read_order(struct reconcile_reader *reader, const char *order_id,
                          struct reconciled_order *ret_order, bool *ret_found)
{
	struct json_doc AUTO_JSON doc = {0};
	char url[URL_SIZE];

	(void)snprintf(url, sizeof(url), "%s/orders/%s", reader->order_url, order_id);
	if (!get(reader, url, &doc, ret_found))
		return false;
	if (*ret_found && !read_order(&doc, doc.root, ret_order))
		return fail(reader, url, "it was answered with what is no order");
	return true;
}
