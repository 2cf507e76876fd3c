/* order_reads.c - the rows of the endpoint table that read orders. */
#include "order_api.h"
#include "order_fields.h"
#include "order_payments.h"
#include "order_store.h"
#include "storage/journal.h"
#include "web/idempotency_keys.h"
#include "web/list.h"

#include <stdio.h>
#include <string.h>

/* ---- GET /orders/{order_id} ---- */

static void render_row(void *arg, const struct db_row *row)
{
	struct request *request = arg;
	struct order order;

	if (!order_from_row(row, &order))
		return; /* only a damaged row is not whole: the audit names it */
	field_render(order_fields, &order, &request->job.answer.body);
	request->job.answer.status = 200;
}

static enum error order_run(struct request *request, struct db *db)
{
	struct text id = text_of(request->path_id);

	order_send_by_id(db, hash_keyed(api_settings(request->api)->sip_key, id), id, render_row,
	                 request);
	if (db_flush(db) != DB_OK)
		return ERR_STORAGE_UNAVAILABLE;
	return request->job.answer.status == 200 ? ERR_NONE : ERR_NOT_FOUND;
}

/* ---- GET /orders ---- */

struct orders_input {
	int64_t limit;
	struct text after;
	int state;
	struct text customer;
	int64_t created_after_us, created_before_us;
};

#define I struct orders_input
#define FILTERS (&orders_query[2])

static const struct field orders_query[] = {
	FIELD_INTEGER("limit", I, limit, FIELD_OPTIONAL, 1, LIST_LIMIT_MAX, LIST_LIMIT_DEFAULT,
                      "Orders a page."),
	FIELD_CURSOR("after", I, after, "The value of next of the page before."),
	FIELD_ENUM("state", I, state, FIELD_OPTIONAL, order_state_names, "In this state only."),
	FIELD_TEXT("customer", I, customer, FIELD_OPTIONAL, 1, 255,
                   "Of exactly this customer only."),
	FIELD_TIME("created_after", I, created_after_us, FIELD_OPTIONAL,
                   "Later than this RFC 3339 time."),
	FIELD_TIME("created_before", I, created_before_us, FIELD_OPTIONAL,
                   "Earlier than this RFC 3339 time."),
	FIELD_END,
};

static void orders_send(const struct list *list, struct db *db, int64_t count)
{
	int64_t before_seq;
	bool is_number = text_to_int(text_of(list->position), INT64_MAX, &before_seq);

	ensure(is_number); /* ours: a cursor's hash was checked */
	order_send_page(db, before_seq, count, list_row, (void *)(uintptr_t)list);
}

static enum list_verdict orders_row(const struct list *list, const struct db_row *row,
                                    char position[LIST_POSITION_SIZE], struct buf *out)
{
	const struct orders_input *input = list->filters;
	struct order order;
	bool is_whole = order_from_row(row, &order);

	(void)snprintf(position, LIST_POSITION_SIZE, "%lld", (long long)order.order_seq);
	if (!is_whole)
		return LIST_SKIP;
	if (input->created_after_us != INT64_MIN && order.created_us <= input->created_after_us)
		return LIST_END; /* order_seq and created_us grow together */
	if ((input->created_before_us != INT64_MIN &&
	     order.created_us >= input->created_before_us) ||
	    (input->state >= 0 && order.state != input->state) ||
	    (input->customer.ptr != NULL && !text_equal(order.customer, input->customer)))
		return LIST_SKIP;
	field_render(order_fields, &order, out);
	return LIST_SHOW;
}

static const struct list_kind orders_list = {
	.newest = "9223372036854775807", .send = orders_send, .row = orders_row};

static enum error orders_run(struct request *request, struct db *db)
{
	const struct orders_input *input = request->input;

	return list_run(&orders_list, request, db, FILTERS, input->limit, input->after);
}

/* ---- GET /orders/{order_id}/timeline ---- */

/* An order has at most 100 payments of at most 100 refunds each, and those three events: 30000
 * events of less than 1 KiB. */
#define TIMELINE_BYTES_MAX (32 * 1024 * 1024)

/* Lines as stored, each ended by a newline, which JSON text does not hold. */
static void take_line(void *arg, const struct db_row *row)
{
	struct buf *lines = arg;

	buf_add_text(lines, db_text(row, 0));
	buf_add_char(lines, '\n');
}

/* The first of the lines, TEXT_NONE: there is none left. */
static struct text first_line(struct text lines)
{
	const char *end = lines.len == 0 ? NULL : memchr(lines.ptr, '\n', lines.len);

	return end == NULL ? TEXT_NONE : (struct text){lines.ptr, (size_t)(end - lines.ptr)};
}

/* Times are all of one form, which sorts by their text. */
static bool is_later(struct text line, struct text other)
{
	struct text time = journal_line_member(line, "time");
	struct text other_time = journal_line_member(other, "time");

	if (time.len != other_time.len)
		return false;
	return memcmp(time.ptr, other_time.ptr, time.len) > 0;
}

static void render_event(struct text line, struct buf *out)
{
	json_open(out, '{');
	json_member_str(out, "type", "event");
	json_member_string(out, "at", journal_line_member(line, "time"));
	json_key(out, "event");
	journal_line_render(line, out);
	json_close(out, '}');
}

/* Each side stays in its own order, whatever the two clocks say; at the same time the payment's
 * comes first, as it is the cause. */
static void merge(struct text own, struct text payments, struct buf *out)
{
	while (own.len > 0 || payments.len > 0) {
		struct text mine = first_line(own), theirs = first_line(payments);
		bool is_theirs =
			mine.ptr == NULL || (theirs.ptr != NULL && !is_later(theirs, mine));
		struct text *from = is_theirs ? &payments : &own;
		struct text line = is_theirs ? theirs : mine;

		ensure(line.ptr != NULL); /* take_line ends each with a newline */
		render_event(line, out);
		from->ptr += line.len + 1;
		from->len -= line.len + 1;
	}
}

static void take_order(void *arg, const struct db_row *row)
{
	struct order *order = arg;
	bool is_whole = order_from_row(row, order);

	(void)is_whole; /* its numbers are read in any case */
}

static enum error read_lines(struct request *request, struct db *db, struct buf *own,
                             struct buf *payments)
{
	struct text id = text_of(request->path_id);
	struct order order = {.order_seq = 0};

	order_send_by_id(db, hash_keyed(api_settings(request->api)->sip_key, id), id, take_order,
	                 &order);
	if (db_flush(db) != DB_OK)
		return ERR_STORAGE_UNAVAILABLE;
	if (order.order_seq == 0)
		return ERR_NOT_FOUND;
	order_send_lines(db, order.last_event_seq, take_line, own);
	order_payments_send_lines(db, order.order_seq, take_line, payments);
	if (db_flush(db) != DB_OK)
		return ERR_STORAGE_UNAVAILABLE;
	return own->full || payments->full ? ERR_OVERLOADED : ERR_NONE;
}

static enum error timeline_run(struct request *request, struct db *db)
{
	struct buf *out = &request->job.answer.body;
	struct buf AUTO_BUF own;
	struct buf AUTO_BUF payments;
	enum error error;

	buf_init(&own, TIMELINE_BYTES_MAX);
	buf_init(&payments, TIMELINE_BYTES_MAX);
	error = read_lines(request, db, &own, &payments);
	if (error != ERR_NONE)
		return error;
	out->bytes_max = TIMELINE_BYTES_MAX;
	json_open(out, '{');
	json_key(out, "data");
	json_open(out, '[');
	merge(buf_text(&own), buf_text(&payments), out);
	json_close(out, ']');
	json_close(out, '}');
	return ERR_NONE;
}

const struct endpoint order_read_endpoints[] = {
	{.method = "GET",
         .path = "/orders/{order_id}",
         .scope = "orders:read",
         .summary = "One order.",
         .kind = ENDPOINT_READ,
         .answer = order_fields,
         .path_id_is_valid = text_is_order_id,
         .run = order_run,
         .errors = {ERR_NOT_FOUND}},
	{.method = "GET",
         .path = "/orders",
         .scope = "orders:read",
         .summary = "Orders, newest first.",
         .kind = ENDPOINT_SCAN,
         .query = orders_query,
         .answer = order_fields,
         .answer_is_list = true,
         .input_size = sizeof(struct orders_input),
         .run = orders_run,
         .errors = {ERR_INVALID_CURSOR}},
	{.method = "GET",
         .path = "/orders/{order_id}/timeline",
         .scope = "orders:read",
         .summary = "An order's events and those of its payments, oldest first.",
         .kind = ENDPOINT_SCAN,
         .path_id_is_valid = text_is_order_id,
         .run = timeline_run,
         .errors = {ERR_NOT_FOUND}},
	{.method = "GET",
         .path = "/idempotency-keys/{key}",
         .scope = "orders:read",
         .summary = "What became of an Idempotency-Key of the caller's own.",
         .kind = ENDPOINT_READ,
         .answer = idempotency_key_fields,
         .path_id_is_valid = idempotency_key_is_valid,
         .run = idempotency_key_run,
         .errors = {ERR_NOT_FOUND}},
	{0},
};
